//! What fire takes of litter and woody debris: the same share of every layer, as in CLM5 (`CNFireFluxes`).

use super::SoilParameters;
use super::state::{Pool, SoilState};
use super::trace::OperatorTrace;
use crate::fire::{DEBRIS_COMPLETENESS, LITTER_COMPLETENESS};
use crate::lanes::Real;

/// Number of pools that burn, the first ones: litter and woody debris.
pub(crate) const FUELS: usize = 4;

/// Share of each fuel that burns where fire passes.
pub(crate) const COMPLETENESS: [f64; FUELS] =
    [LITTER_COMPLETENESS, LITTER_COMPLETENESS, LITTER_COMPLETENESS, DEBRIS_COMPLETENESS];

/// Burns the share `burned` of a column; carbon and nitrogen that go to the air, g m-2 d-1.
///
/// Debris whose decomposition is accelerated burns as much faster, so that fire keeps its share of what debris loses.
pub(super) fn burn<T: Real>(
    state: &mut SoilState<T>,
    burned: T,
    p: &SoilParameters<T>,
    active: usize,
    trace: Option<&mut OperatorTrace<T>>,
) -> [T; 2] {
    let mut lost = [T::default(); 2];
    if !T::any(burned.over(0.0)) {
        return lost;
    }
    let mut shares = COMPLETENESS.map(|completeness| burned * completeness);
    let debris = &mut shares[Pool::WoodyDebris as usize];
    *debris = (*debris * p.spinup_debris).min(1.0);
    if let Some(trace) = trace {
        trace.record_fire(state, burned, &shares, active);
    }
    for j in 0..active {
        for (i, &share) in shares.iter().enumerate() {
            let (carbon, nitrogen) = (state.carbon[j][i] * share, state.nitrogen[j][i] * share);
            state.carbon[j][i] -= carbon;
            state.nitrogen[j][i] -= nitrogen;
            lost[0] += carbon;
            lost[1] += nitrogen;
        }
    }
    lost
}
