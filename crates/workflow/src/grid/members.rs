//! A batch of columns on its way through the period.

use std::ops::Range;

use reterra_domain::SyntheticEurope;
use reterra_land::column::{Column, ColumnState, MonthlyOutput, simulate_batch};
use reterra_land::error::LandError;
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::weather::Memory;

use super::cells::CellColumn;
use super::climate::CellWeather;
use super::restart::Restart;
use crate::config::grid::GridWorkflow;
use crate::results::{OUTPUTS, Output};

/// A column that starts, with its state.
pub(super) struct Starting {
    pub of: CellColumn,
    pub restart: Restart,
}

/// What became of a column: its state, and its output by variable and month.
pub(super) struct Ran {
    pub restart: Restart,
    pub output: Vec<f32>,
}

/// Up to [`WIDTH`] columns that are alike, on their way through the period.
pub(super) struct Members<'a> {
    starting: Vec<&'a Starting>,
    months: usize,
    outputs: Vec<&'static Output>,
    weather: Vec<CellWeather>,
    memories: Vec<Memory>,
    /// By member, all months of one variable after those of another.
    series: Vec<Vec<f32>>,
    failures: Vec<Option<String>>,
}

impl<'a> Members<'a> {
    pub fn new(workflow: &GridWorkflow, generator: &SyntheticEurope, starting: Vec<&'a Starting>) -> Self {
        let months = workflow.period.months();
        let outputs = wanted(workflow);
        Self {
            weather: starting.iter().map(|s| CellWeather::new(workflow, generator, &s.of, months)).collect(),
            memories: starting.iter().map(|s| s.restart.weather).collect(),
            series: vec![vec![0.0; outputs.len() * months]; starting.len()],
            failures: vec![None; starting.len()],
            months,
            outputs,
            starting,
        }
    }

    /// The member that a lane runs: lanes without one repeat the last.
    fn lane(&self, lane: usize) -> usize {
        lane.min(self.starting.len() - 1)
    }

    /// Runs all of it, a year of weather at a time.
    pub fn run(mut self) -> Vec<Result<Ran, String>> {
        let column = Column::<Lanes>::gather(&|k| &self.starting[self.lane(k)].of.column);
        let mut state = ColumnState::<Lanes>::gather(&|k| &self.starting[self.lane(k)].restart.state);
        for first in (0..self.months).step_by(12) {
            let part = first..(first + 12).min(self.months);
            if let Err(e) = self.run_part(&column, &mut state, part) {
                return self.starting.iter().map(|_| Err(e.to_string())).collect();
            }
            if self.failures.iter().all(Option::is_some) {
                break;
            }
        }
        self.end(&state)
    }

    fn run_part(
        &mut self,
        column: &Column<Lanes>,
        state: &mut ColumnState<Lanes>,
        part: Range<usize>,
    ) -> Result<(), LandError> {
        let with_memory = self.weather.iter().zip(&mut self.memories);
        let days: Vec<WeatherSeries> = with_memory
            .map(|(weather, memory)| weather.days(part.clone(), memory))
            .collect::<Result<_, _>>()?;
        let lanes: [&WeatherSeries; WIDTH] = std::array::from_fn(|k| &days[self.lane(k)]);
        let (outputs, months) = (&self.outputs, self.months);
        let series = &mut self.series;
        let outcome = simulate_batch(column, state, &lanes, None, |month, output| {
            for (k, series) in series.iter_mut().enumerate() {
                keep(outputs, &output.lane(k), (part.start + month, months), series);
            }
        });
        for (mine, failure) in self.failures.iter_mut().zip(outcome.failures) {
            *mine = mine.take().or_else(|| failure.map(|e| e.to_string()));
        }
        Ok(())
    }

    fn end(self, state: &ColumnState<Lanes>) -> Vec<Result<Ran, String>> {
        let ends = self.starting.iter().zip(self.memories).zip(self.series).zip(self.failures).enumerate();
        ends.map(|(k, (((member, weather), output), failure))| {
            let (cell, months) = (member.of.cell.number, self.months as u32);
            let restart = Restart { cell, months, weather, state: state.lane(k) };
            failure.map_or(Ok(Ran { restart, output }), Err)
        })
        .collect()
    }
}

/// The variables asked for, in the file's order.
fn wanted(workflow: &GridWorkflow) -> Vec<&'static Output> {
    let find = |name: &String| OUTPUTS.iter().find(|output| output.name == name);
    workflow.product.variables.iter().filter_map(find).collect()
}

fn keep(outputs: &[&Output], month: &MonthlyOutput, (at, months): (usize, usize), series: &mut [f32]) {
    for (variable, output) in outputs.iter().enumerate() {
        series[variable * months + at] = (output.of)(month) as f32;
    }
}
