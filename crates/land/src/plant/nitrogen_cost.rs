//! What nitrogen costs a plant: carbon given to mycorrhiza and to symbionts that fix it.
//!
//! FUN (Fisher et al. 2010, doi:10.1029/2009GB003621; Brzostek et al. 2014, doi:10.1002/2014JG002660; Shi et al. 2016,
//! doi:10.1111/gcb.13131) as in CLM5: by layer, uptake costs the more the less nitrogen and the fewer roots there are,
//! and carbon goes where nitrogen is cheap. Constants are those of CLM5's parameter file c171117. CLM's third way, roots
//! without fungi, is left out: against what a layer holds, as here, it would take all nitrogen for about 1 gC gN⁻¹,
//! where a real CLM5 run of an alpine grassland pays about 20.

use crate::constants::FREEZING;
use crate::lanes::Real;
use crate::soil::grid::LAYERS;

/// Cost constants of a way to take nitrogen up: per nitrogen, gC m⁻², and per root carbon, gC gN⁻¹ × gC m⁻².
struct Way {
    nitrogen: f64,
    roots: f64,
}

const ARBUSCULAR: Way = Way { nitrogen: 0.12, roots: 0.06 };
const ECTOMYCORRHIZAL: Way = Way { nitrogen: 0.06, roots: 0.36 };
/// Least nitrogen and root carbon of a layer that count, g m⁻².
const TRACE: f64 = 1e-9;

impl Way {
    fn cost<T: Real>(&self, nitrogen: T, roots: T) -> T {
        T::of(self.nitrogen) / nitrogen + T::of(self.roots) / roots
    }
}

/// Cost of fixing nitrogen, gC gN⁻¹, at a soil temperature, K (Houlton et al. 2008, doi:10.1038/nature07028).
#[must_use]
pub fn fixation<T: Real>(kelvin: T) -> T {
    const BASE: f64 = 6.0;
    let celsius = (kelvin - FREEZING).clamp(0.0, 50.0);
    let response = (celsius * 0.27 * (T::of(1.0) - celsius * (0.5 / 25.15)) - 3.62).exp();
    T::of(BASE) / (response * 1.25)
}

/// Where roots meet mineral nitrogen, by layer.
#[derive(Clone, Copy, Debug)]
pub struct RootZone<'a, T: Real> {
    /// Mineral nitrogen, gN m⁻².
    pub nitrogen: &'a [T; LAYERS],
    /// Share of roots.
    pub root_fraction: &'a [T; LAYERS],
    /// Layers above bedrock.
    pub layers: usize,
    /// Fine-root carbon, gC m⁻².
    pub roots: T,
}

/// Cost of taking nitrogen from the soil, gC gN⁻¹: layers share the carbon by the inverse of their cost. `perecm` is
/// the share of ectomycorrhiza in mycorrhiza; no cost exceeds that of fixation.
#[must_use]
pub fn uptake<T: Real>(zone: &RootZone<T>, perecm: T, fixation: T) -> T {
    let (mut carbon, mut nitrogen) = (T::default(), T::default());
    for i in 0..zone.layers {
        let n = zone.nitrogen[i].max(TRACE);
        let roots = (zone.roots * zone.root_fraction[i]).max(TRACE);
        let per_carbon =
            perecm / ECTOMYCORRHIZAL.cost(n, roots) + (T::of(1.0) - perecm) / ARBUSCULAR.cost(n, roots);
        carbon += per_carbon;
        nitrogen += per_carbon * per_carbon;
    }
    (carbon / nitrogen).min(fixation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use crate::plant::fixtures::{same, together};

    fn zone<'a>(nitrogen: &'a [f64; LAYERS], share: &'a [f64; LAYERS]) -> RootZone<'a, f64> {
        RootZone { nitrogen, root_fraction: share, layers: 2, roots: 150.0 }
    }

    fn two(a: f64, b: f64) -> [f64; LAYERS] {
        let mut all = [0.0; LAYERS];
        (all[0], all[1]) = (a, b);
        all
    }

    #[test]
    fn fixation_costs_least_at_25_degrees() {
        // -s_fix / (1.25 exp(-3.62 + 0.27 T (1 - 0.5 T / 25.15))): 6.0 gC gN-1 at 25.15 °C, 20 at 10 °C.
        assert!((fixation(298.3) - 6.01).abs() < 0.02, "{}", fixation(298.3));
        assert!((fixation(283.15) - 20.6).abs() < 0.2, "{}", fixation(283.15));
    }

    #[test]
    fn scarce_nitrogen_is_dear_and_never_dearer_than_fixed() {
        let roots = two(0.6, 0.4);
        let cost = |n: f64| uptake(&zone(&two(n, n), &roots), 0.0, 20.0);
        assert!(cost(0.01) > 5.0 * cost(0.1) && cost(0.1) > 5.0 * cost(1.0));
        assert!((cost(0.0) - 20.0).abs() < 1e-12);
    }

    #[test]
    fn costs_are_those_of_the_formula() {
        // 0.1 gN and 90 gC of roots in one layer: 0.12 / 0.1 + 0.06 / 90 through arbuscules, 0.06 / 0.1 + 0.36 / 90 through
        // ectomycorrhiza.
        let (nitrogen, roots) = (two(0.1, 0.0), two(0.6, 0.4));
        let one = RootZone { layers: 1, ..zone(&nitrogen, &roots) };
        assert!((uptake(&one, 0.0, 20.0) - 1.200_67).abs() < 1e-4);
        assert!((uptake(&one, 1.0, 20.0) - 0.604).abs() < 1e-4);
    }

    #[test]
    fn a_batch_is_its_columns() {
        let nitrogen = [two(0.0, 0.2), two(1.0, 3.0), two(0.02, 0.0), two(0.1, 0.1)];
        let share = two(0.7, 0.3);
        let perecm = [0.0, 1.0, 0.5, 0.2];
        let (n, s): ([Lanes; LAYERS], [Lanes; LAYERS]) = (together(&nitrogen), together(&[share; 4]));
        let batch = RootZone { nitrogen: &n, root_fraction: &s, layers: 2, roots: Lanes::from(150.0) };
        let found = uptake(&batch, Lanes::from(perecm), fixation(Lanes::from(285.0)));
        for k in 0..4 {
            let alone = uptake(&zone(&nitrogen[k], &share), perecm[k], fixation(285.0));
            same(&Real::at(found, k), &alone);
        }
    }
}
