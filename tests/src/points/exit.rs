//! Land point 4: leaving accelerated decomposition, where eCLM went 29 % wrong.
//!
//! At 61° N CLM accelerates SOIL3 6,200 times. It then has a season, and an exit that multiplies what it holds on 1
//! January misses its level: in an eCLM run at 61.02° N (ALP1) SOIL3 was 29 % below what its own inputs and rates
//! sustain, 30 years after the exit, and its drift didn't tell. Here two boreal stations run CLM's 400 accelerated
//! years; the forcing cycle after our exit tells how far SOIL3 is from what that cycle sustains.

use reterra_land::soil::Pool;
use reterra_land::spinup::{Method, Options, spin_up};

use super::ways::{Station, stations};
use crate::ValidationError;
use crate::record::{Goal, Record};

/// Hyytiälä at 61.8° N, Sodankylä at 67.4° N.
const STATIONS: [&str; 2] = ["FI-Hyy", "FI-Sod"];
/// Accelerated years.
const YEARS: usize = 400;
/// Largest distance of SOIL3 from its linear equilibrium.
const LIMIT: f64 = 0.10;

/// The larger distance of both stations.
///
/// # Errors
/// [`ValidationError::NoData`], unreadable files, errors of the model.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let mut largest = 0.0_f64;
    for station in stations(&STATIONS)? {
        let distance = distance_after_exit(&station)?;
        let id = &station.id;
        eprintln!("{id}: after the exit SOIL3 is {:.3} % from its linear equilibrium", 100.0 * distance);
        // What isn't a number is far away.
        largest = if distance.is_nan() { f64::INFINITY } else { largest.max(distance.abs()) };
    }
    Ok(vec![Record::new("land-4-exit-distance", largest, Goal::AtMost(LIMIT), "1")])
}

/// (equilibrium − mean) / equilibrium of SOIL3 in the first cycle after the exit.
fn distance_after_exit(station: &Station) -> Result<f64, ValidationError> {
    let failed = |source| ValidationError::Land { station: station.id.clone(), source };
    let accelerate = Options {
        method: Method::AcceleratedDecomposition,
        // No cycle keeps to this drift, so the exit comes with the last one.
        drift_limit: 0.0,
        max_cycles: YEARS / (station.weather.months() / 12),
        ..Options::default()
    };
    let judge = Options { method: Method::Continue, min_cycles: 1, ..Options::default() };
    let run = |state, options| spin_up(&station.column, state, &station.weather, options).map_err(failed);
    let (left, _) = run(&station.start, &accelerate)?;
    let (_, report) = run(&left, &judge)?;
    Ok(report.distance[Pool::PassiveSoil as usize])
}
