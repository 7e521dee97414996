//! Runs a column over a weather series, month by month.

use super::balance::LargestImbalance;
use super::output::MonthlyOutput;
use super::setup::Column;
use super::state::ColumnState;
use super::step::step;
use crate::error::LandError;
use crate::forcing::WeatherSeries;
use crate::soil::OperatorTrace;

/// Advances `state` through `weather`, calling `sink` with each month's position and output.
///
/// `trace` collects what the semi-analytic spin-up needs.
///
/// # Errors
/// [`LandError::Balance`] or [`LandError::NotFinite`] on the first step that fails; `state` is then of no use.
pub fn simulate(
    column: &Column,
    state: &mut ColumnState,
    weather: &WeatherSeries,
    mut trace: Option<&mut OperatorTrace>,
    mut sink: impl FnMut(usize, &MonthlyOutput),
) -> Result<LargestImbalance, LandError> {
    let mut largest = LargestImbalance::default();
    for (m, first_day, days) in weather.by_month() {
        let mut output = MonthlyOutput::default();
        for (d, today) in days.iter().enumerate() {
            let (fluxes, imbalance) =
                step(column, state, today, (first_day + d, weather.co2[m]), trace.as_deref_mut())?;
            output.add(&fluxes);
            largest = largest.max(imbalance);
        }
        output.finish(days.len(), state);
        sink(m, &output);
    }
    Ok(largest)
}
