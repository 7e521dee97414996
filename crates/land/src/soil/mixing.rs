//! Vertical mixing of organic matter by soil animals and by frost.
//!
//! CLM5 `SoilBiogeochemLittVertTranspMod` without advection (Koven et al. 2013, doi:10.5194/bg-10-7109-2013):
//! implicit diffusion with closed ends. One factorisation serves carbon and nitrogen of all pools; woody debris stays.

use super::SoilParameters;
use super::cascade::DAYS_PER_YEAR;
use super::grid::{INTERFACE, LAYERS, NODE, THICKNESS};
use super::state::{POOLS, Pool, Pools};
use crate::lanes::Real;

/// Pools that are mixed: all but woody debris.
const MIXED: [usize; POOLS - 1] = [0, 1, 2, 4, 5, 6];

/// Diffusivity of organic matter at `depth` (m), m2 yr-1, where the soil thaws to `thaw` (m) and may mix to `floor` (m).
///
/// Thaw shallower than `max_altdepth_cryoturbation`: frost mixes, constant through the active layer and linear to zero
/// at `floor`; deeper: animals mix; soil that never thaws is not mixed.
#[must_use]
#[inline]
pub fn diffusivity<T: Real>(depth: f64, thaw: T, floor: T, p: &SoilParameters<T>) -> T {
    let animals = thaw.over(p.max_altdepth_cryoturbation) & thaw.over(0.0);
    if !T::any(!animals) {
        return p.som_diffus;
    }
    let fading = p.cryoturb_diffusion * ((floor - depth) / (floor - thaw)).max(0.0);
    let below = T::select(floor.over(thaw), fading, 0.0);
    let frost = T::select(thaw.over(depth), p.cryoturb_diffusion, below);
    T::select(animals, p.som_diffus, T::select(thaw.over(0.0), frost, 0.0))
}

/// Exchange coefficient across the lower interface of each layer, m d-1: diffusivity over node distance.
/// Zero at bedrock; `thaw` as in [`diffusivity`].
pub(super) fn conductance<T: Real>(active_layers: usize, thaw: T, p: &SoilParameters<T>) -> [T; LAYERS] {
    let active = active_layers.clamp(1, LAYERS);
    let floor = p.max_depth_cryoturb.min(INTERFACE[active - 1]);
    let mut g = [T::default(); LAYERS];
    for j in 0..active - 1 {
        let d = diffusivity(INTERFACE[j], thaw, floor, p);
        g[j] = d * PER_DISTANCE[j];
    }
    g
}

/// Reciprocal node distance over the days of a year, m-1 yr d-1.
const PER_DISTANCE: [f64; LAYERS] = {
    let mut per = [0.0; LAYERS];
    let mut j = 0;
    while j + 1 < LAYERS {
        per[j] = 1.0 / (DAYS_PER_YEAR * (NODE[j + 1] - NODE[j]));
        j += 1;
    }
    per
};

/// Mixes all pools but woody debris for one day over the `active` layers, given the [`conductance`]; slow and passive
/// soil faster by the factors `spinup`.
pub(super) fn mix<T: Real>(
    carbon: &mut Pools<T>,
    nitrogen: &mut Pools<T>,
    g: &[T; LAYERS],
    active: usize,
    spinup: [T; 2],
) {
    if !T::any(spinup[0].over(1.0) | spinup[1].over(1.0)) {
        return sweep(carbon, nitrogen, g, active, MIXED);
    }
    sweep(carbon, nitrogen, g, active, [0, 1, 2, 4]);
    sweep(carbon, nitrogen, &g.map(|g| g * spinup[0]), active, [Pool::SlowSoil as usize]);
    sweep(carbon, nitrogen, &g.map(|g| g * spinup[1]), active, [Pool::PassiveSoil as usize]);
}

/// One factorisation for the given pools.
fn sweep<T: Real, const N: usize>(
    carbon: &mut Pools<T>,
    nitrogen: &mut Pools<T>,
    g: &[T; LAYERS],
    active: usize,
    pools: [usize; N],
) {
    let zero = T::default();
    let mut back = [zero; LAYERS];
    let mut above = [[zero; POOLS]; 2];
    let (mut g_above, mut back_above) = (zero, zero);
    for j in 0..active {
        let pivot = T::of(1.0) / (g[j] + THICKNESS[j] + g_above * (-back_above + 1.0));
        for i in pools {
            above[0][i] = (carbon[j][i] + g_above * above[0][i]) * pivot;
            above[1][i] = (nitrogen[j][i] + g_above * above[1][i]) * pivot;
            carbon[j][i] = above[0][i];
            nitrogen[j][i] = above[1][i];
        }
        back[j] = g[j] * pivot;
        (g_above, back_above) = (g[j], back[j]);
    }
    let mut below = [[zero; POOLS]; 2];
    for j in (0..active).rev() {
        for i in pools {
            below[0][i] = carbon[j][i] + back[j] * below[0][i];
            below[1][i] = nitrogen[j][i] + back[j] * below[1][i];
            carbon[j][i] = below[0][i] * THICKNESS[j];
            nitrogen[j][i] = below[1][i] * THICKNESS[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::soil::empty;

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn diffusivity_follows_clm() {
        let p = SoilParameters::default();
        check(diffusivity(1.0, 8.6, 3.0, &p), 1e-4);
        check(diffusivity(0.4, 0.5, 3.0, &p), 5e-4);
        check(diffusivity(1.75, 0.5, 3.0, &p), 2.5e-4);
        check(diffusivity(3.5, 0.5, 3.0, &p), 0.0);
        check(diffusivity(0.1, 0.0, 3.0, &p), 0.0);
    }

    #[test]
    fn mixing_conserves_and_evens_out_but_leaves_debris() {
        let p = SoilParameters { som_diffus: 1e3, ..SoilParameters::default() };
        let (mut carbon, mut nitrogen) = (empty(), empty());
        carbon[0] = [10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0];
        nitrogen[5][4] = 1.0;
        carbon[6][0] = 3.0;
        mix(&mut carbon, &mut nitrogen, &conductance(6, 8.6, &p), 6, [1.0; 2]);
        let total: f64 = carbon[..6].iter().map(|layer| layer[0]).sum();
        assert!((total - 10.0).abs() < 1e-12);
        assert!((nitrogen.iter().map(|layer| layer[4]).sum::<f64>() - 1.0).abs() < 1e-12);
        check(carbon[0][3], 10.0);
        check(carbon[1][3], 0.0);
        check(carbon[6][0], 3.0);
        // Diffusivity is high, so the density becomes even: 10 gC m-2 over 0.48 m.
        for j in 0..6 {
            assert!((carbon[j][0] / THICKNESS[j] * 0.48 - 10.0).abs() < 0.5);
        }
    }

    #[test]
    fn implicit_mixing_solves_its_own_equation() {
        let p = SoilParameters::default();
        let mut carbon = empty();
        (0..LAYERS).for_each(|j| carbon[j][5] = 50.0 / (1.0 + j as f64));
        let (before, mut nitrogen) = (carbon, empty());
        let g = conductance(LAYERS, 8.6, &p);
        mix(&mut carbon, &mut nitrogen, &g, LAYERS, [1.0; 2]);
        let density = |j: usize| carbon[j][5] / THICKNESS[j];
        let flux = |j: usize| if j + 1 < LAYERS { g[j] * (density(j) - density(j + 1)) } else { 0.0 };
        for j in 0..LAYERS {
            let gain = if j == 0 { 0.0 } else { flux(j - 1) } - flux(j);
            assert!((carbon[j][5] - before[j][5] - gain).abs() < 1e-12);
        }
    }

    #[test]
    fn a_batch_mixes_as_its_columns_do() {
        let parameters = [1e-4, 2e-4, 5e-4, 1e-3].map(|cryoturb_diffusion| SoilParameters {
            cryoturb_diffusion,
            max_depth_cryoturb: 3000.0 * cryoturb_diffusion,
            ..SoilParameters::default()
        });
        let contents: [Pools; WIDTH] = std::array::from_fn(|k| {
            std::array::from_fn(|j| std::array::from_fn(|i| (k + 2 * i) as f64 / (1.0 + j as f64)))
        });
        let ones = [[1.0; WIDTH]; 2];
        let accelerated = [[1.0, 5.0, 1.0, 140.0], [1.0, 222.0, 1.0, 6_000.0]];
        for (thaws, factors) in [([8.6; WIDTH], ones), ([0.0, 0.5, 1.0, 2.5], accelerated)] {
            let p = SoilParameters::gather(&|k| &parameters[k]);
            let g = conductance(14, Lanes::from(thaws), &p);
            let mut carbon = Pools::<Lanes>::gather(&|k| &contents[k]);
            let mut nitrogen = Pools::<Lanes>::gather(&|k| &contents[WIDTH - 1 - k]);
            mix(&mut carbon, &mut nitrogen, &g, 14, factors.map(Lanes::from));
            for k in 0..WIDTH {
                let alone = conductance(14, thaws[k], &parameters[k]);
                assert_eq!(g.lane(k).map(f64::to_bits), alone.map(f64::to_bits));
                let (mut c, mut n) = (contents[k], contents[WIDTH - 1 - k]);
                mix(&mut c, &mut n, &alone, 14, factors.map(|f| f[k]));
                let bits = |pools: Pools| pools.map(|layer| layer.map(f64::to_bits));
                assert_eq!(bits(carbon.lane(k)), bits(c));
                assert_eq!(bits(nitrogen.lane(k)), bits(n));
            }
        }
    }
}
