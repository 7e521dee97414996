//! Every way at one station, and how far from the truth it ends.

use std::time::Instant;

use reterra_land::column::ColumnState;
use reterra_land::error::LandError;
use reterra_land::spinup::{GivenPools, Method, Options, Report, spin_up};

use super::Station;
use super::truth::{Truth, YEARS};
use crate::ValidationError;
use crate::points::pools::{largest_difference, pools};

/// What given pools have too much or too little: of soil and litter, of plants.
const GIVEN: [f64; 2] = [1.05, 0.97];
/// Cycles that run on from given pools: a hundred years.
const CONTINUED: usize = 25;
/// Most cycles of the ways that jump.
const MOST_CYCLES: usize = 500;

/// One way at one station.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it went.
    pub report: Report,
    /// Wall time, s.
    pub seconds: f64,
    /// Largest difference of a pool to the truth, and which.
    pub difference: (f64, String),
}

impl Run {
    /// One where the stop rule was not met, else zero.
    #[must_use]
    pub fn open(&self) -> f64 {
        f64::from(u8::from(!self.report.converged))
    }
}

/// All ways, in the order of [`Method::ALL`]; the last one goes on from the matrix solution's pools, changed.
///
/// # Errors
/// Those of the model.
pub fn all(station: &Station, truth: &Truth) -> Result<Vec<Run>, ValidationError> {
    let failed = |source| ValidationError::Land { station: station.id.clone(), source };
    let mut runs = Vec::with_capacity(Method::ALL.len());
    let mut solved = station.start.clone();
    for method in Method::ALL {
        let start =
            if method == Method::Continue { changed(station, &solved) } else { Ok(station.start.clone()) };
        let clock = Instant::now();
        let (end, report) = start.and_then(|start| run(station, method, &start)).map_err(failed)?;
        let seconds = clock.elapsed().as_secs_f64();
        let difference = largest_difference(&pools(&end), &truth.pools);
        runs.push(Run { report, seconds, difference });
        if method == Method::Matrix {
            solved = end;
        }
    }
    Ok(runs)
}

fn run(station: &Station, method: Method, start: &ColumnState) -> Result<(ColumnState, Report), LandError> {
    let cycle = station.weather.months() / 12;
    let max_cycles = if method.stops_by_drift_alone() { YEARS / cycle } else { MOST_CYCLES };
    let min_cycles = if method == Method::Continue { CONTINUED } else { Options::default().min_cycles };
    let options = Options { method, max_cycles, min_cycles, ..Options::default() };
    spin_up(&station.column, start, &station.weather, &options)
}

/// The state with its pools changed by [`GIVEN`].
fn changed(station: &Station, state: &ColumnState) -> Result<ColumnState, LandError> {
    let mut given = GivenPools::of(state);
    let [soil, plants] = GIVEN;
    for pool in given.carbon.iter_mut().flatten().chain(given.litter_nitrogen.iter_mut().flatten()) {
        *pool *= soil;
    }
    for pool in given.plants.iter_mut().flatten() {
        *pool *= plants;
    }
    let mut next = state.clone();
    given.put_into(&mut next, &station.column).map_err(|source| LandError::Unsolvable { source })?;
    Ok(next)
}
