//! Runs columns cycle after cycle, each on its way, until they are at rest.

use super::cycle::{CanopyMeans, Cycle};
use super::way::{self, Way};
use super::{Options, Report};
use crate::column::{BatchOutcome, Column, ColumnState, simulate_batch};
use crate::error::LandError;
use crate::forcing::WeatherSeries;
use crate::lanes::{Batched, Real};
use crate::parameters::Parameters;
use crate::soil::{OperatorTrace, POOLS};

/// Brings `state` to equilibrium with `weather`, repeated; returns it with a report. `max_cycles` without
/// convergence is told in the report, not an error: the caller decides.
///
/// # Errors
/// Errors of a step, and [`LandError::Unsolvable`].
pub fn spin_up(
    column: &Column,
    state: &ColumnState,
    weather: &WeatherSeries,
    options: &Options,
) -> Result<(ColumnState, Report), LandError> {
    let mut ends = spin_up_batch::<f64>(&[column], &[state], &[weather], options);
    ends.swap_remove(0)
}

/// As [`spin_up`], for a batch of [`Real::WIDTH`] columns that [are alike](Column::is_like), with forcing cycles of
/// the same months; each column ends as it would alone.
#[must_use]
pub fn spin_up_batch<T: Real>(
    columns: &[&Column],
    states: &[&ColumnState],
    weather: &[&WeatherSeries],
    options: &Options,
) -> Vec<Result<(ColumnState, Report), LandError>> {
    let mut batch = Column::<T>::gather(&|k| columns[k]);
    let mut lanes: Vec<Lane<'_>> =
        columns.iter().zip(states).map(|(column, state)| Lane::new(column, state, options)).collect();
    let starts: Vec<ColumnState> =
        lanes.iter().zip(states).map(|(lane, state)| lane.way.start(state)).collect();
    let mut state = ColumnState::<T>::gather(&|k| &starts[k]);
    let cycles = options.cycles();
    for number in 1..=cycles {
        for (k, lane) in lanes.iter().enumerate().filter(|(_, lane)| lane.end.is_none()) {
            batch.parameters.set_lane(k, lane.parameters());
        }
        let ran = RunCycle::new(&batch, &state, weather);
        state = ran.after.clone();
        for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.end.is_none()) {
            match ran.lane(k, (number, number == cycles)).and_then(|cycle| lane.take(&cycle)) {
                Ok(Next::Run(next)) => state.set_lane(k, &next),
                Ok(Next::End(end)) => lane.end = Some(Ok(*end)),
                Err(error) => lane.end = Some(Err(error)),
            }
        }
        if lanes.iter().all(|lane| lane.end.is_some()) {
            break;
        }
    }
    let end = |(lane, state): (Lane<'_>, &&ColumnState)| {
        // Without any cycle the state is what it was.
        let end = lane.end.unwrap_or_else(|| Ok((*state).clone()))?;
        Ok((end, lane.report))
    };
    lanes.into_iter().zip(states).map(end).collect()
}

/// A cycle of a batch.
struct RunCycle<T: Real> {
    before: ColumnState<T>,
    after: ColumnState<T>,
    trace: OperatorTrace<T>,
    canopy: CanopyMeans<T>,
    outcome: BatchOutcome<T>,
    years: f64,
}

impl<T: Real> RunCycle<T> {
    fn new(batch: &Column<T>, state: &ColumnState<T>, weather: &[&WeatherSeries]) -> Self {
        let (mut after, mut trace, mut canopy) =
            (state.clone(), OperatorTrace::new(), CanopyMeans::default());
        let (days, first) = (weather[0].days.len(), weather[0].first_month);
        let outcome = simulate_batch(batch, &mut after, weather, Some(&mut trace), |month, output| {
            canopy.add(output, first + month, days);
        });
        let years = weather[0].months() as f64 / 12.0;
        Self { before: state.clone(), after, trace, canopy, outcome, years }
    }

    /// The cycle of a lane, or what stopped it.
    fn lane(&self, k: usize, (number, last): (usize, bool)) -> Result<Cycle, LandError> {
        if let Some(failure) = &self.outcome.failures[k] {
            return Err(failure.clone());
        }
        Ok(Cycle {
            number,
            last,
            years: self.years,
            before: self.before.lane(k),
            after: self.after.lane(k),
            trace: self.trace.lane(k),
            canopy: self.canopy.lane(k),
            imbalance: self.outcome.imbalance.lane(k),
        })
    }
}

/// What a column does after a cycle.
enum Next {
    /// Runs another one from this state.
    Run(Box<ColumnState>),
    /// Ends here.
    End(Box<ColumnState>),
}

/// One column of a batch on its way.
struct Lane<'a> {
    column: &'a Column,
    options: &'a Options,
    way: Box<dyn Way>,
    report: Report,
    mean_before: [f64; POOLS],
    canopy_before: Option<CanopyMeans>,
    /// What came of it, once it is clear.
    end: Option<Result<ColumnState, LandError>>,
}

impl<'a> Lane<'a> {
    fn new(column: &'a Column, state: &ColumnState, options: &'a Options) -> Self {
        Self {
            column,
            options,
            way: way::of(options, column, state),
            report: Report::new(options.method),
            mean_before: [0.0; POOLS],
            canopy_before: None,
            end: None,
        }
    }

    fn parameters(&self) -> &Parameters {
        self.way.other_parameters().unwrap_or(&self.column.parameters)
    }

    /// Takes a cycle in and says what is next.
    fn take(&mut self, cycle: &Cycle) -> Result<Next, LandError> {
        self.report.count(cycle);
        let judged = self.way.other_parameters().is_none();
        if judged && (self.is_at_rest(cycle)? || cycle.last) {
            return Ok(Next::End(Box::new(cycle.after.clone())));
        }
        let next = Box::new(self.way.next(self.column, cycle)?);
        Ok(if cycle.last { Next::End(next) } else { Next::Run(next) })
    }

    /// The stop rule.
    fn is_at_rest(&mut self, cycle: &Cycle) -> Result<bool, LandError> {
        let measured = cycle.measure(self.column, self.canopy_before.replace(cycle.canopy))?;
        self.report.note(&measured);
        let moved = measured.change_since(&self.mean_before);
        self.mean_before = measured.mean;
        let options = self.options;
        let near =
            options.method.stops_by_drift_alone() || measured.farthest().max(moved) <= options.distance_limit;
        self.report.converged =
            cycle.number >= options.min_cycles && self.report.drift.abs() <= options.drift_limit && near;
        Ok(self.report.converged)
    }
}
