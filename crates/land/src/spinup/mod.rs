//! Ways to bring a column to equilibrium, and how far it is from there.
//!
//! Two ways with one interface: brute force (run cycle after cycle) and semi-analytic (run a cycle, solve soil
//! and wood for what the cycle sustains, repeat, because nitrogen and leaves answer). All years of the forcing
//! cycle are used. The stop rule is CLM's: |ΔTOTECOSYSC| below 1 gC m⁻² yr⁻¹ over a whole cycle; the
//! semi-analytic way also asks that every soil pool is within `distance_limit` of the equilibrium that its own
//! inputs and rates define, because drift alone passes columns whose passive pool is far off, and that no pool
//! moves by more from cycle to cycle, because that equilibrium follows the nitrogen cycle.

pub mod matrix;
mod wood;

use serde::{Deserialize, Serialize};

pub use matrix::SpinupError;

use crate::column::{Column, ColumnState, LargestImbalance, simulate_batch};
use crate::error::LandError;
use crate::forcing::WeatherSeries;
use crate::lanes::{Batched, Real};
use crate::soil::{OperatorTrace, POOLS, SoilState, column_totals};

/// How to spin up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Run on until it stops drifting.
    BruteForce,
    /// Semi-analytic: matrix solution of soil and wood between cycles.
    Matrix,
}

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The way.
    pub method: Method,
    /// Largest |ΔTOTECOSYSC|, gC m⁻² yr⁻¹.
    pub drift_limit: f64,
    /// Largest relative distance of a soil pool from its linear equilibrium, and largest relative change from one
    /// cycle to the next (semi-analytic way only): nitrogen moves the equilibrium itself, slowly.
    pub distance_limit: f64,
    /// Cycles after which to give up.
    pub max_cycles: usize,
    /// Cycles that run at least, and before the first solution: plants must stand first.
    pub min_cycles: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::Matrix,
            drift_limit: 1.0,
            distance_limit: 0.0005,
            max_cycles: 100,
            min_cycles: 3,
        }
    }
}

/// How a spin-up went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Whether the criterion was met.
    pub converged: bool,
    /// Cycles run.
    pub cycles: usize,
    /// Years simulated.
    pub years: f64,
    /// ΔTOTECOSYSC of the last cycle, gC m⁻² yr⁻¹.
    pub drift: f64,
    /// (equilibrium − mean) / equilibrium of each soil pool in the last cycle.
    pub distance: [f64; POOLS],
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
}

/// Soil carbon below which a soil counts as bare, gC m⁻².
const BARE: f64 = 100.0;

/// Pools below this, gC m⁻², don't hold a spin-up up.
const NEGLIGIBLE: f64 = 1.0;

/// A cycle of one column, measured.
struct Cycle {
    drift: f64,
    distance: [f64; POOLS],
    /// Mean carbon of each soil pool, gC m⁻².
    mean: [f64; POOLS],
}

impl Cycle {
    fn of(column: &Column, trace: &OperatorTrace, gain: f64, years: f64) -> Result<Self, LandError> {
        let distance = trace
            .distance_to_equilibrium(&column.soil, &column.parameters.soil)
            .map_err(|source| LandError::Unsolvable { source })?;
        let mean = column_totals(&trace.carbon).map(|sum| sum / trace.days as f64);
        Ok(Self { drift: gain / years, distance, mean })
    }

    /// Largest relative change of a soil pool since the cycle before.
    fn change_since(&self, before: &[f64; POOLS]) -> f64 {
        let change = |i: usize| (self.mean[i] - before[i]).abs() / self.mean[i].max(NEGLIGIBLE);
        (0..POOLS).map(change).fold(0.0, f64::max)
    }
}

/// One column of a batch on its way.
struct Lane<'a> {
    column: &'a Column,
    report: Report,
    mean_before: [f64; POOLS],
    started_bare: bool,
    /// What came of it, once it is clear.
    end: Option<Result<ColumnState, LandError>>,
}

impl<'a> Lane<'a> {
    fn new(column: &'a Column, state: &ColumnState) -> Self {
        let report = Report {
            converged: false,
            cycles: 0,
            years: 0.0,
            drift: f64::INFINITY,
            distance: [1.0; POOLS],
            imbalance: LargestImbalance::default(),
        };
        let started_bare = state.soil.total_carbon() < BARE;
        Self { column, report, mean_before: [0.0; POOLS], started_bare, end: None }
    }

    /// Takes a cycle in; whether the lane is at rest.
    fn judge(&mut self, cycle: &Cycle, options: &Options) -> bool {
        self.report.drift = cycle.drift;
        self.report.distance = cycle.distance;
        let far = cycle.distance.iter().fold(0.0_f64, |a, d| a.max(d.abs()));
        let moved = cycle.change_since(&self.mean_before);
        self.mean_before = cycle.mean;
        let near = options.method == Method::BruteForce || far.max(moved) <= options.distance_limit;
        self.report.converged =
            self.report.cycles >= options.min_cycles && cycle.drift.abs() <= options.drift_limit && near;
        self.report.converged
    }

    /// Soil that the recorded cycle sustains.
    fn solve(&self, trace: &OperatorTrace, soil: &SoilState) -> Result<SoilState, LandError> {
        // What nitrogen scarcity did while a bare soil filled says nothing of the equilibrium.
        let bare = self.report.cycles == 1 && self.started_bare;
        let solve = if bare { OperatorTrace::solve_unlimited } else { OperatorTrace::solve };
        solve(trace, soil, &self.column.soil, &self.column.parameters.soil)
            .map_err(|source| LandError::Unsolvable { source })
    }
}

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
    let batch = Column::<T>::gather(&|k| columns[k]);
    let mut state = ColumnState::<T>::gather(&|k| states[k]);
    let mut lanes: Vec<Lane<'_>> = columns.iter().zip(states).map(|(c, s)| Lane::new(c, s)).collect();
    let mut trace = OperatorTrace::<T>::new();
    let years = weather[0].months() as f64 / 12.0;
    for cycle in 1..=options.max_cycles {
        trace.clear();
        let before = state.clone();
        let outcome = simulate_batch(&batch, &mut state, weather, Some(&mut trace), |_, _| {});
        let gain = state.total_carbon(&batch) - before.total_carbon(&batch);
        let last = cycle == options.max_cycles;
        let mut solved = state.clone();
        if options.method == Method::Matrix && !last {
            wood::solve(&batch, &before, &mut solved, weather[0].days.len() as f64);
        }
        for (k, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.end.is_none()) {
            lane.report.cycles = cycle;
            lane.report.years += years;
            lane.report.imbalance = lane.report.imbalance.max(outcome.imbalance.lane(k));
            if let Some(failure) = &outcome.failures[k] {
                lane.end = Some(Err(failure.clone()));
                continue;
            }
            let recorded = trace.lane(k);
            let step = Cycle::of(lane.column, &recorded, gain.at(k), years).and_then(|measured| {
                if lane.judge(&measured, options) || last {
                    return Ok(Some(state.lane(k)));
                }
                if options.method == Method::Matrix {
                    solved.soil.set_lane(k, &lane.solve(&recorded, &state.soil.lane(k))?);
                }
                Ok(None)
            });
            lane.end = step.transpose();
        }
        if lanes.iter().all(|lane| lane.end.is_some()) {
            break;
        }
        state = solved;
    }
    let end = |(lane, state): (Lane<'_>, &&ColumnState)| {
        // Without any cycle the state is what it was.
        let end = lane.end.unwrap_or_else(|| Ok((*state).clone()))?;
        Ok((end, lane.report))
    };
    lanes.into_iter().zip(states).map(end).collect()
}

/// Sets a spun-up state out of equilibrium by the site's history: multiplies soil organic matter, litter and wood
/// by `init_som_scale`, `init_litter_scale` and `init_wood_scale` (managed, drained or young land is not in
/// equilibrium; C:N is kept).
pub fn apply_history(state: &mut ColumnState, column: &Column) {
    let p = &column.parameters;
    for layer in 0..crate::soil::LAYERS {
        for pool in 0..POOLS {
            let scale = if pool < 4 { p.init_litter_scale } else { p.init_som_scale };
            state.soil.carbon[layer][pool] *= scale;
            state.soil.nitrogen[layer][pool] *= scale;
        }
    }
    for (plant, tile) in state.plants.iter_mut().zip(&column.tiles) {
        let scale = tile.parameters.init_wood_scale;
        plant.livewood *= scale;
        plant.deadwood *= scale;
        plant.nitrogen.livewood *= scale;
        plant.nitrogen.deadwood *= scale;
    }
}
