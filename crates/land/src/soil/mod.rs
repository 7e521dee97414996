//! Soil biogeochemistry of one column: CLM5's decomposition cascade, vertical mixing and mineral nitrogen by layer.
//!
//! One file per process; [`step`] puts them together for one day. Carbon and nitrogen are conserved to rounding and
//! no pool turns negative, whatever the parameters, because losses are shares below one.

pub(crate) mod cascade;
mod exponential;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod grid;
mod mineral_nitrogen;
pub(crate) mod mixing;
mod parameters;
mod profiles;
mod scalars;
mod state;
#[cfg(test)]
mod tests;
mod trace;

pub use cascade::{active_respired, active_to_passive};
pub use grid::LAYERS;
pub use mineral_nitrogen::{denitrification_potential, n2_to_n2o, nitrification_ph_scalar};
pub use mixing::diffusivity;
pub use parameters::SoilParameters;
pub use profiles::{root_profile, surface_litter_profile};
pub use scalars::{anaerobic_share, depth_scalar, oxygen_scalar, temperature_scalar, water_scalar};
pub use state::{
    EMPTY, LANES, POOLS, Pool, Pools, SoilClimate, SoilColumn, SoilFluxes, SoilInput, SoilState,
    column_totals,
};
pub use trace::OperatorTrace;

use cascade::{Cascade, LayerLoss};
use mineral_nitrogen::{Day, Exchange};
use scalars::Scalars;

/// Advances the soil of a column by one day.
///
/// `trace`, if given, records what [`OperatorTrace::solve`] needs. Inputs must be finite; `bulk_density`, `porosity`
/// and the turnover times positive (readers and parameter bounds see to it).
pub fn step(
    state: &mut SoilState,
    soil: &SoilColumn,
    climate: &SoilClimate,
    input: &SoilInput,
    p: &SoilParameters,
    mut trace: Option<&mut OperatorTrace>,
) -> SoilFluxes {
    let active = soil.active_layers.clamp(1, LAYERS);
    let scalars = Scalars::compute(soil, climate, p);
    let cascade = Cascade::new(p, soil.sand);
    let conductance = mixing::conductance(soil, climate, p);
    if let Some(trace) = trace.as_deref_mut() {
        trace.start_day(state, &conductance);
    }
    let mut losses = [LayerLoss::NONE; LAYERS];
    let mut exchange = potential_exchange(state, &cascade, &scalars, active, &mut losses);
    let mut fpi = [1.0; LAYERS];
    let day = Day { soil, climate, input, p, active };
    let minerals = (&mut state.nh4, &mut state.no3);
    let mut fluxes = mineral_nitrogen::compete(&day, minerals, &exchange, &scalars, &mut fpi);
    for j in 0..active {
        if fpi[j] < 1.0 {
            losses[j].limit(fpi[j]);
            exchange.respiration[j] = cascade.respiration(&losses[j]);
        }
        fluxes.heterotrophic_respiration += exchange.respiration[j];
        cascade.transfer(&losses[j], &mut state.carbon[j], &mut state.nitrogen[j]);
        if let Some(trace) = trace.as_deref_mut() {
            trace.record_loss(j, &losses[j]);
        }
    }
    add_litter(state, input, active);
    mixing::mix(&mut state.carbon, &mut state.nitrogen, &conductance, active);
    if let Some(trace) = trace {
        trace.end_day(state);
    }
    fluxes
}

/// Losses of all layers without nitrogen limitation, and what they exchange with the mineral pool.
fn potential_exchange(
    state: &SoilState,
    cascade: &Cascade,
    scalars: &Scalars,
    active: usize,
    losses: &mut [LayerLoss; LAYERS],
) -> Exchange {
    let mut exchange =
        Exchange { immobilisation: [0.0; LAYERS], mineralisation: [0.0; LAYERS], respiration: [0.0; LAYERS] };
    for j in 0..active {
        losses[j] = cascade.potential(&state.carbon[j], &state.nitrogen[j], scalars.decomposition[j]);
        (exchange.immobilisation[j], exchange.mineralisation[j]) = losses[j].exchange();
        exchange.respiration[j] = cascade.respiration(&losses[j]);
    }
    exchange
}

/// Adds the day's litter; what is meant for layers below bedrock enters the deepest active layer.
fn add_litter(state: &mut SoilState, input: &SoilInput, active: usize) {
    for j in 0..LAYERS {
        let to = j.min(active - 1);
        for i in 0..LANES {
            state.carbon[to][i] += input.litter_carbon[j][i];
            state.nitrogen[to][i] += input.litter_nitrogen[j][i];
        }
    }
}
