//! The weather of cells: spin-up cycles and years of the run.

use std::ops::Range;

use reterra_domain::SyntheticEurope;
use reterra_land::error::LandError;
use reterra_land::forcing::{MonthlyWeather, WeatherSeries};
use reterra_land::weather::{Memory, disaggregate_part};

use super::cells::CellColumn;
use crate::config::grid::GridWorkflow;
use crate::experiment::scenario;

/// What a cell's weather is made from.
pub(super) struct CellWeather {
    months: Vec<MonthlyWeather>,
    first_month: usize,
    stream: (u64, u32),
}

impl CellWeather {
    /// Weather of `count` months from the start of the period.
    pub fn new(workflow: &GridWorkflow, europe: &SyntheticEurope, of: &CellColumn, count: usize) -> Self {
        let start = workflow.period.start;
        let mut months = europe.weather(&of.cell, (start, count), workflow.forcing.co2_ppm);
        scenario::apply(workflow.forcing.scenario.as_ref(), start, &mut months);
        Self { months, first_month: usize::from(start.month) - 1, stream: (workflow.seed, of.cell.number) }
    }

    /// Days of a part of the months; `memory` is that of the month before.
    pub fn days(&self, part: Range<usize>, memory: &mut Memory) -> Result<WeatherSeries, LandError> {
        disaggregate_part(&self.months, (self.first_month, part), self.stream, memory)
    }

    /// Days of all months.
    pub fn all_days(&self) -> Result<WeatherSeries, LandError> {
        self.days(0..self.months.len(), &mut Memory::default())
    }
}
