//! One forcing cycle of one column, recorded and measured.

use super::report::OtherDrifts;
use super::wood;
use crate::column::{Column, ColumnState, LargestImbalance, MonthlyOutput};
use crate::error::LandError;
use crate::forcing::MONTH_DAYS;
use crate::lanes::Real;
use crate::soil::{OperatorTrace, POOLS, Pool, column_totals};

/// Pools below this, gC m⁻², don't hold a spin-up up.
const NEGLIGIBLE: f64 = 1.0;

/// What a cycle was and did.
pub(super) struct Cycle {
    /// Its place, 1 for the first.
    pub number: usize,
    /// Whether none follows.
    pub last: bool,
    /// Its length, yr.
    pub years: f64,
    /// State that it ran from.
    pub before: ColumnState,
    /// State that it reached.
    pub after: ColumnState,
    /// What the soil did.
    pub trace: OperatorTrace,
    /// What the canopy did.
    pub canopy: CanopyMeans,
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
}

/// Means over a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CanopyMeans<T: Real = f64> {
    /// Gross primary production, gC m⁻² yr⁻¹.
    pub gpp: T,
    /// Leaf area index, m² m⁻².
    pub lai: T,
}

impl<T: Real> CanopyMeans<T> {
    /// Adds a month, the `month` of the year, of a cycle of so many `days`.
    pub fn add(&mut self, output: &MonthlyOutput<T>, month: usize, days: usize) {
        let share = MONTH_DAYS[month % 12] as f64 / days as f64;
        self.gpp += output.gpp * (share * SECONDS_PER_YEAR);
        self.lai += output.lai * share;
    }

    /// Those of a lane.
    pub fn lane(&self, lane: usize) -> CanopyMeans {
        CanopyMeans { gpp: self.gpp.at(lane), lai: self.lai.at(lane) }
    }
}

const SECONDS_PER_YEAR: f64 = crate::constants::DAY * crate::constants::YEAR_DAYS;

/// A cycle in figures.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// ΔTOTECOSYSC, gC m⁻² yr⁻¹.
    pub drift: f64,
    pub others: OtherDrifts,
    /// (equilibrium − mean) / equilibrium of each soil pool.
    pub distance: [f64; POOLS],
    /// The same of live and dead wood.
    pub wood_distance: [f64; 2],
    /// Mean carbon of each soil pool, gC m⁻².
    pub mean: [f64; POOLS],
}

impl Cycle {
    /// Measures it; `last` is what the canopy did in the cycle before.
    pub fn measure(&self, column: &Column, last: Option<CanopyMeans>) -> Result<Measured, LandError> {
        let distance = self
            .trace
            .distance_to_equilibrium(&column.soil, &column.parameters.soil)
            .map_err(|source| LandError::Unsolvable { source })?;
        let per_year = |before: f64, after: f64| (after - before) / self.years;
        let (before, after) = (&self.before, &self.after);
        let since = |of: fn(&CanopyMeans) -> f64| last.map(|last| per_year(of(&last), of(&self.canopy)));
        let others = OtherDrifts {
            soil_carbon: per_year(organic(before), organic(after)),
            vegetation_carbon: per_year(before.vegetation_carbon(column), after.vegetation_carbon(column)),
            gpp: since(|canopy| canopy.gpp),
            lai: since(|canopy| canopy.lai),
            water: per_year(before.total_water(column), after.total_water(column)),
        };
        Ok(Measured {
            drift: per_year(before.total_carbon(column), after.total_carbon(column)),
            others,
            distance,
            wood_distance: wood::distance(column, self),
            mean: column_totals(&self.trace.carbon).map(|sum| sum / self.trace.days as f64),
        })
    }
}

impl Measured {
    /// Largest relative distance of a soil pool from its equilibrium.
    pub fn farthest(&self) -> f64 {
        self.distance.iter().fold(0.0, |a, d| d.abs().max(a))
    }

    /// Largest relative change of a soil pool since the cycle before.
    pub fn change_since(&self, before: &[f64; POOLS]) -> f64 {
        let change = |i: usize| (self.mean[i] - before[i]).abs() / self.mean[i].max(NEGLIGIBLE);
        (0..POOLS).map(change).fold(0.0, f64::max)
    }
}

/// CLM's TOTSOMC, gC m⁻².
fn organic(state: &ColumnState) -> f64 {
    state.soil.carbon_by_pool()[Pool::ActiveSoil as usize..].iter().sum()
}
