//! Runs columns over weather series, month by month.

use super::balance::LargestImbalance;
use super::output::MonthlyOutput;
use super::setup::Column;
use super::state::ColumnState;
use super::step::step;
use crate::error::LandError;
use crate::forcing::{DailyWeather, WeatherSeries};
use crate::lanes::{Batched, Real};
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
    trace: Option<&mut OperatorTrace>,
    sink: impl FnMut(usize, &MonthlyOutput),
) -> Result<LargestImbalance, LandError> {
    let outcome = simulate_batch(column, state, &[weather], trace, sink);
    match outcome.failures.into_iter().next().flatten() {
        Some(failure) => Err(failure),
        None => Ok(outcome.imbalance),
    }
}

/// How the columns of a batch fared.
#[derive(Clone, Debug)]
pub struct BatchOutcome<T: Real> {
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance<T>,
    /// By lane, what stopped it; its state and its output from then on are of no use.
    pub failures: Vec<Option<LandError>>,
}

/// As [`simulate`], for a batch: `weather` holds one series a lane, of the same months. A lane that fails doesn't
/// disturb the others; the run ends when all have failed.
pub fn simulate_batch<T: Real>(
    column: &Column<T>,
    state: &mut ColumnState<T>,
    weather: &[&WeatherSeries],
    mut trace: Option<&mut OperatorTrace<T>>,
    mut sink: impl FnMut(usize, &MonthlyOutput<T>),
) -> BatchOutcome<T> {
    debug_assert!(weather.len() == T::WIDTH && weather.iter().all(|w| w.days.len() == weather[0].days.len()));
    let mut outcome = BatchOutcome { imbalance: LargestImbalance::default(), failures: vec![None; T::WIDTH] };
    let mut position = 0;
    for (m, first_day, days) in weather[0].by_month() {
        let mut output = MonthlyOutput::default();
        let co2 = T::from_lanes(|k| weather[k].co2[m]);
        for d in 0..days.len() {
            let today = DailyWeather::gather(&|k| &weather[k].days[position + d]);
            let (fluxes, residual) = step(column, state, &today, (first_day + d, co2), trace.as_deref_mut());
            if residual.fails() {
                for (lane, failure) in outcome.failures.iter_mut().enumerate() {
                    *failure = failure.take().or_else(|| residual.failure(lane, first_day + d));
                }
                if outcome.failures.iter().all(Option::is_some) {
                    return outcome;
                }
            }
            output.add(&fluxes);
            outcome.imbalance = outcome.imbalance.max(residual.relative());
        }
        position += days.len();
        output.finish(days.len(), column, state);
        sink(m, &output);
    }
    outcome
}
