//! Runs columns over weather series, month by month.

use std::ops::Range;

use super::balance::LargestImbalance;
use super::output::{DayFluxes, MonthlyOutput};
use super::setup::Column;
use super::state::ColumnState;
use super::step::{Prepared, step};
use crate::error::LandError;
use crate::forcing::{Atmosphere, DailyWeather, WeatherSeries};
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
    trace: Option<&mut OperatorTrace<T>>,
    mut sink: impl FnMut(usize, &MonthlyOutput<T>),
) -> BatchOutcome<T> {
    let mut output = MonthlyOutput::default();
    simulate_days(column, state, weather, trace, |day, fluxes, state| {
        output.add(fluxes);
        if day.of_month + 1 == day.month_length {
            output.finish(day.month_length, column, state);
            sink(day.month, &output);
            output = MonthlyOutput::default();
        }
    })
}

/// Which day of a run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Month since the start.
    pub month: usize,
    /// Day of that month, 0-based.
    pub of_month: usize,
    /// Days that month has.
    pub month_length: usize,
    /// Day of the year, 0-based.
    pub of_year: usize,
}

/// As [`simulate_batch`], with a sink that sees every day's flows and the state at its end.
pub fn simulate_days<T: Real>(
    column: &Column<T>,
    state: &mut ColumnState<T>,
    weather: &[&WeatherSeries],
    trace: Option<&mut OperatorTrace<T>>,
    sink: impl FnMut(Day, &DayFluxes<T>, &ColumnState<T>),
) -> BatchOutcome<T> {
    simulate_span(column, state, (weather, 0..usize::MAX), trace, sink)
}

/// As [`simulate_days`], through those days of the weather that lie within a span of days from its start. A run in
/// spans has the bits of the run in one.
pub fn simulate_span<T: Real>(
    column: &Column<T>,
    state: &mut ColumnState<T>,
    (weather, span): (&[&WeatherSeries], Range<usize>),
    mut trace: Option<&mut OperatorTrace<T>>,
    mut sink: impl FnMut(Day, &DayFluxes<T>, &ColumnState<T>),
) -> BatchOutcome<T> {
    debug_assert!(weather.len() == T::WIDTH && weather.iter().all(|w| w.days.len() == weather[0].days.len()));
    let mut outcome = BatchOutcome { imbalance: LargestImbalance::default(), failures: vec![None; T::WIDTH] };
    let prepared = Prepared::new(column);
    let mut position = 0;
    for (month, first_day, days) in weather[0].by_month() {
        let within = |day: usize| day.saturating_sub(position).min(days.len());
        let of_span = within(span.start)..within(span.end);
        if of_span.is_empty() {
            position += days.len();
            continue;
        }
        let air = Atmosphere::gather(&|k| &weather[k].air[month]);
        for of_month in of_span {
            let of_year = first_day + of_month;
            let today = DailyWeather::gather(&|k| &weather[k].days[position + of_month]);
            let (fluxes, residual) = step(&prepared, state, &today, (of_year, &air), trace.as_deref_mut());
            if residual.fails() {
                for (lane, failure) in outcome.failures.iter_mut().enumerate() {
                    *failure = failure.take().or_else(|| residual.failure(lane, of_year));
                }
                if outcome.failures.iter().all(Option::is_some) {
                    return outcome;
                }
            }
            outcome.imbalance = outcome.imbalance.max(residual.relative());
            sink(Day { month, of_month, month_length: days.len(), of_year }, &fluxes, state);
        }
        position += days.len();
    }
    outcome
}
