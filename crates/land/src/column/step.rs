//! The daily step of a column, process by process.

use super::balance::{Residual, Stocks};
use super::life::Canopies;
use super::output::DayFluxes;
use super::setup::Column;
use super::state::ColumnState;
use super::surface::Ground;
use super::today::Today;
use crate::constants::FREEZING;
use crate::energy::soil_temperature;
use crate::forcing::{Atmosphere, DailyWeather};
use crate::lanes::Real;
use crate::soil::grid::{INTERFACE, LAYERS};
use crate::soil::{OperatorTrace, SoilBiology};
use crate::water::soil_water::Wetness;

/// A column, and what its parameters of now come to: worked out for each run, since parameters may change between them.
pub(super) struct Prepared<'a, T: Real> {
    pub column: &'a Column<T>,
    pub biology: SoilBiology<T>,
}

impl<'a, T: Real> Prepared<'a, T> {
    pub fn new(column: &'a Column<T>) -> Self {
        Self { column, biology: SoilBiology::new(&column.parameters.soil) }
    }
}

/// Advances a column, or a batch of them, by one day, the 0-based `day` of the year.
/// Returns the day's flows and what the budgets leave unexplained.
pub(super) fn step<T: Real>(
    prepared: &Prepared<'_, T>,
    state: &mut ColumnState<T>,
    weather: &DailyWeather<T>,
    (day, air): (usize, &Atmosphere<T>),
    trace: Option<&mut OperatorTrace<T>>,
) -> (DayFluxes<T>, Residual<T>) {
    let column = prepared.column;
    let before = Stocks::of(column, state);
    let wetness = Wetness::new(&state.water, &column.hydraulics);
    let today = Today::new(prepared, weather, (day, air), &wetness);
    let mut fluxes = DayFluxes { precipitation: today.precipitation, ..DayFluxes::default() };
    let mut canopies = Canopies::new();
    let Ground { loss, surface } = today.exchange(state, |canopy| canopies.push(canopy), &mut fluxes);
    soil_temperature::conduct(&mut state.temperature, &mut state.water, &column.hydraulics, &surface);
    update_thaw(column, state, day);
    today.live(state, canopies, loss, trace, &mut fluxes);
    let residual = before.compare(column, state, &fluxes);
    (fluxes, residual)
}

/// Deepest thaw of the year, for cryoturbation.
fn update_thaw<T: Real>(column: &Column<T>, state: &mut ColumnState<T>, day: usize) {
    if day == 0 {
        state.thaw = [T::default(), state.thaw[0]];
    }
    let layers = column.hydraulics.layers;
    let mut depth = T::default();
    let mut thawed = T::default().at_least(0.0);
    for i in 0..layers {
        thawed = thawed & state.temperature[i].over(FREEZING - 1e-9);
        let bottom = if i + 1 == layers { INTERFACE[LAYERS - 1] } else { INTERFACE[i] };
        depth = T::select(thawed, bottom, depth);
    }
    state.thaw[0] = state.thaw[0].max(depth);
}
