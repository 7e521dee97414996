//! Vertical mixing of organic matter by soil animals and by frost.
//!
//! CLM5 `SoilBiogeochemLittVertTranspMod` without advection (Koven et al. 2013, doi:10.5194/bg-10-7109-2013):
//! implicit diffusion with closed ends. One factorisation serves carbon and nitrogen of all pools; woody debris stays.

use super::cascade::DAYS_PER_YEAR;
use super::grid::{INTERFACE, LAYERS, NODE, THICKNESS};
use super::state::{LANES, Pool, Pools};
use super::{SoilClimate, SoilColumn, SoilParameters};

/// Diffusivity of organic matter at `depth` (m), m2 yr-1, where the soil thaws to `thaw` (m) and may mix to `floor` (m).
///
/// Thaw shallower than `max_altdepth_cryoturbation`: frost mixes, constant through the active layer and linear to zero
/// at `floor`; deeper: animals mix; soil that never thaws is not mixed.
#[must_use]
pub fn diffusivity(depth: f64, thaw: f64, floor: f64, p: &SoilParameters) -> f64 {
    if thaw <= 0.0 {
        0.0
    } else if thaw > p.max_altdepth_cryoturbation {
        p.som_diffus
    } else if depth < thaw {
        p.cryoturb_diffusion
    } else if floor > thaw {
        p.cryoturb_diffusion * ((floor - depth) / (floor - thaw)).max(0.0)
    } else {
        0.0
    }
}

/// Exchange coefficient across the lower interface of each layer, m d-1: diffusivity over node distance.
/// Zero at bedrock.
pub(crate) fn conductance(soil: &SoilColumn, climate: &SoilClimate, p: &SoilParameters) -> [f64; LAYERS] {
    let active = soil.active_layers.clamp(1, LAYERS);
    let floor = p.max_depth_cryoturb.min(INTERFACE[active - 1]);
    let mut g = [0.0; LAYERS];
    for j in 0..active - 1 {
        let d = diffusivity(INTERFACE[j], climate.frozen_depth_limit, floor, p);
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

/// Mixes all pools but woody debris for one day over the `active` layers, given the [`conductance`].
pub(super) fn mix(carbon: &mut Pools, nitrogen: &mut Pools, g: &[f64; LAYERS], active: usize) {
    const CWD: usize = Pool::WoodyDebris as usize;
    let debris: [[f64; 2]; LAYERS] = std::array::from_fn(|j| [carbon[j][CWD], nitrogen[j][CWD]]);
    let mut back = [0.0; LAYERS];
    let mut above = ([0.0; LANES], [0.0; LANES]);
    let (mut g_above, mut back_above) = (0.0, 0.0);
    for j in 0..active {
        let pivot = 1.0 / (THICKNESS[j] + g[j] + g_above * (1.0 - back_above));
        for i in 0..LANES {
            above.0[i] = (carbon[j][i] + g_above * above.0[i]) * pivot;
            above.1[i] = (nitrogen[j][i] + g_above * above.1[i]) * pivot;
        }
        carbon[j] = above.0;
        nitrogen[j] = above.1;
        back[j] = g[j] * pivot;
        (g_above, back_above) = (g[j], back[j]);
    }
    let mut below = ([0.0; LANES], [0.0; LANES]);
    for j in (0..active).rev() {
        for i in 0..LANES {
            below.0[i] = carbon[j][i] + back[j] * below.0[i];
            below.1[i] = nitrogen[j][i] + back[j] * below.1[i];
            carbon[j][i] = below.0[i] * THICKNESS[j];
            nitrogen[j][i] = below.1[i] * THICKNESS[j];
        }
        [carbon[j][CWD], nitrogen[j][CWD]] = debris[j];
    }
}
