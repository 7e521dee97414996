//! Soil biogeochemistry of one column: CLM5's decomposition cascade, vertical mixing and mineral nitrogen by layer.
//!
//! One file per process; [`step`] puts them together for one day. Carbon and nitrogen are conserved to rounding and
//! no pool turns negative, whatever the parameters, because losses are shares below one.

mod biology;
pub(crate) mod burning;
pub(crate) mod cascade;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod grid;
mod mineral_nitrogen;
pub(crate) mod mixing;
mod parameters;
mod period;
mod profiles;
mod scalars;
mod state;
#[cfg(test)]
mod tests;
mod trace;

pub use biology::SoilBiology;
pub use cascade::{active_respired, active_to_passive};
pub use grid::LAYERS;
pub use mineral_nitrogen::{denitrification_potential, n2_to_n2o, nitrification_ph_scalar};
pub use mixing::diffusivity;
pub use parameters::SoilParameters;
pub use period::PeriodMeans;
pub use profiles::{root_profile, surface_litter_profile};
pub use scalars::{anaerobic_share, depth_scalar, oxygen_scalar, temperature_scalar, water_scalar};
pub use state::{
    POOLS, Pool, Pools, SoilClimate, SoilColumn, SoilFluxes, SoilInput, SoilState, column_totals, empty,
};
pub use trace::OperatorTrace;

use crate::lanes::Real;
use cascade::Cascade;
use mineral_nitrogen::{Day, Exchange};
use scalars::Scalars;
use state::add;

/// Advances the soil of a column by one day.
///
/// `trace`, if given, records what [`OperatorTrace::solve`] needs. Inputs must be finite; `bulk_density`, `porosity`
/// and the turnover times positive (readers and parameter bounds see to it).
pub fn step<T: Real>(
    state: &mut SoilState<T>,
    soil: &SoilColumn<T>,
    climate: &SoilClimate<T>,
    input: &SoilInput<T>,
    biology: &SoilBiology<T>,
    mut trace: Option<&mut OperatorTrace<T>>,
) -> SoilFluxes<T> {
    let active = soil.active_layers.clamp(1, LAYERS);
    let p = &biology.parameters;
    let scale = p.decomp_scale * climate.activity;
    let scalars = Scalars::compute(soil, climate, biology);
    let cascade = Cascade::at(p, scale, soil.sand);
    let conductance = mixing::conductance(soil.active_layers, climate.frozen_depth_limit, p);
    if let Some(trace) = trace.as_deref_mut() {
        trace.start_day(state, &conductance);
    }
    let [fire, fire_nitrogen] = burning::burn(state, input.burned, p, active, trace.as_deref_mut());
    let mut shares = empty();
    let mut exchange = potential_exchange(state, &cascade, &scalars, active, &mut shares);
    let mut fpi = [T::of(1.0); LAYERS];
    let day = Day { soil, climate, input, biology, active };
    let minerals = (&mut state.nh4, &mut state.no3);
    let mut fluxes = mineral_nitrogen::compete(&day, minerals, &exchange, &scalars, &mut fpi);
    for j in 0..active {
        // Losses are worked out a second time: cheaper than to keep those of all layers at hand.
        let mut loss = cascade.potential(&state.carbon[j], &state.nitrogen[j], &shares[j]);
        if T::any(fpi[j].under(1.0)) {
            cascade.limit(&mut loss, fpi[j].min(1.0));
            exchange.respiration[j] = cascade.respiration(&loss);
        }
        fluxes.heterotrophic_respiration += exchange.respiration[j];
        cascade.transfer(&loss, &mut state.carbon[j], &mut state.nitrogen[j]);
        if let Some(trace) = trace.as_deref_mut() {
            trace.record_loss(j, &loss, &shares[j]);
            trace.record_scalar(j, scalars.decomposition[j] * scale, 1.0);
        }
    }
    add_litter(state, input, active);
    mixing::mix(&mut state.carbon, &mut state.nitrogen, &conductance, active, p.spinup_mixing);
    if let Some(trace) = trace {
        trace.end_day(state);
    }
    SoilFluxes { fire, fire_nitrogen, ..fluxes }
}

/// Shares of all pools that decompose, and what they exchange with the mineral pool without nitrogen limitation.
fn potential_exchange<T: Real>(
    state: &SoilState<T>,
    cascade: &Cascade<T>,
    scalars: &Scalars<T>,
    active: usize,
    shares: &mut Pools<T>,
) -> Exchange<T> {
    let none = [T::default(); LAYERS];
    let mut exchange = Exchange { immobilisation: none, mineralisation: none, respiration: none };
    for j in 0..active {
        shares[j] = cascade.shares(scalars.decomposition[j]);
        let loss = cascade.potential(&state.carbon[j], &state.nitrogen[j], &shares[j]);
        (exchange.immobilisation[j], exchange.mineralisation[j]) = cascade.exchange(&loss);
        exchange.respiration[j] = cascade.respiration(&loss);
    }
    exchange
}

/// Adds the day's litter; what is meant for layers below bedrock enters the deepest active layer.
fn add_litter<T: Real>(state: &mut SoilState<T>, input: &SoilInput<T>, active: usize) {
    for j in 0..LAYERS {
        let to = j.min(active - 1);
        add(&mut state.carbon[to], &input.litter_carbon[j]);
        add(&mut state.nitrogen[to], &input.litter_nitrogen[j]);
    }
}
