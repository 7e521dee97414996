//! Point 4: the semi-analytic spin-up against brute force, pool by pool.
//!
//! Brute force runs 10,000 years, which is what is compared first. Where nitrogen is scarce some pools still move
//! then, so it runs on until they rest, and that is compared too: a truth that moves is none.

use std::time::Instant;

use rayon::prelude::*;
use reterra_land::column::{Column, ColumnState, simulate};
use reterra_land::error::LandError;
use reterra_land::forcing::WeatherSeries;
use reterra_land::parameters::NAMES;
use reterra_land::spinup::{Options, spin_up};
use reterra_workflow::config::{self, Overrides, Workflow};
use reterra_workflow::experiment::{StationCase, load_cases};
use reterra_workflow::stages::spinup;

use super::pools::{largest_difference, pools};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Boreal pine, temperate beech, Mediterranean oak, alpine meadow.
const STATIONS: [&str; 4] = ["FI-Hyy", "DE-Hai", "FR-Pue", "AT-Neu"];
/// Years of brute force.
const YEARS: usize = 10_000;
/// Years after which brute force ends wherever it is.
const MOST_YEARS: usize = 40_000;
/// Pools rest when none changes by more than this share in [`PERIOD`] years.
const REST: f64 = 0.0005;
/// Years between two looks at what changed.
const PERIOD: usize = 1_000;
/// Largest relative difference of a pool.
const LIMIT: f64 = 0.005;

/// What the two ways gave at one station.
struct Outcome {
    station: String,
    /// Largest difference of a pool, and which: after 10,000 years, and at rest.
    differences: [(f64, String); 2],
    /// Years that the semi-analytic way ran, and brute force until rest.
    years: [f64; 2],
    /// Largest change of a pool in the last 1,000 years.
    change: f64,
    seconds: [f64; 2],
}

/// Largest difference of any pool at each station, and the years saved.
///
/// # Errors
/// [`ValidationError::NoData`], and those of the model.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let workflow = workflow()?;
    let options = spinup::options(&workflow.spinup);
    let cases = cases(&workflow)?;
    let outcomes: Vec<Outcome> =
        cases.par_iter().map(|case| compare(case, &options)).collect::<Result<_, _>>()?;
    Ok(outcomes.iter().flat_map(records).collect())
}

fn records(o: &Outcome) -> Vec<Record> {
    let [(early, early_pool), (late, late_pool)] = &o.differences;
    eprintln!(
        "{}: {:.0} years in {:.2} s; {:.3} % off in {early_pool} after {YEARS} years of brute force, {:.3} % in \
         {late_pool} after {:.0} in {:.0} s, which changed by {:.3} % in the last {PERIOD}",
        o.station,
        o.years[0],
        o.seconds[0],
        100.0 * early,
        100.0 * late,
        o.years[1],
        o.seconds[1],
        100.0 * o.change
    );
    let name = |what: &str| format!("reanalysis-4-{}-{what}", o.station);
    vec![
        Record::new(name("difference"), *early, Goal::AtMost(LIMIT), "1"),
        Record::new(name("difference-at-rest"), *late, Goal::AtMost(LIMIT), "1"),
        Record::new(name("speed-up"), YEARS as f64 / o.years[0], Goal::AtLeast(10.0), "years per year"),
    ]
}

/// The workflow whose spin-up is checked.
fn workflow() -> Result<Workflow, ValidationError> {
    let data = places::shared("sites_monthly")?;
    let file = places::workflow("stations-monthly.toml");
    Ok(config::load(&file, Overrides { data: Some(&data), seed: None }, NAMES)?)
}

fn cases(workflow: &Workflow) -> Result<Vec<StationCase>, ValidationError> {
    let mut cases = load_cases(workflow).map_err(crate::error::cases)?;
    cases.retain(|case| STATIONS.contains(&case.station.id.as_str()));
    if cases.len() == STATIONS.len() {
        return Ok(cases);
    }
    Err(ValidationError::Absent { what: STATIONS.join(", "), path: workflow.domain.stations.path.clone() })
}

fn compare(case: &StationCase, options: &Options) -> Result<Outcome, ValidationError> {
    let land = |source| ValidationError::Land { station: case.station.id.clone(), source };
    let column = case.column(case.defaults()).map_err(land)?;
    let weather = case.weather.slice(0..case.cycle_months);
    let start = Instant::now();
    let (matrix, report) = spin_up(&column, &case.cold_start(&column), &weather, options).map_err(land)?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut brute = case.cold_start(&column);
    let mut years = run_on(&column, &mut brute, &weather, YEARS).map_err(land)?;
    let (matrix, early) = (pools(&matrix), pools(&brute));
    let (mut late, mut change) = (early.clone(), f64::INFINITY);
    while change > REST && years < MOST_YEARS as f64 {
        years += run_on(&column, &mut brute, &weather, PERIOD).map_err(land)?;
        let now = pools(&brute);
        change = largest_difference(&late, &now).0;
        late = now;
    }
    Ok(Outcome {
        station: case.station.id.clone(),
        differences: [largest_difference(&matrix, &early), largest_difference(&matrix, &late)],
        years: [report.years, years],
        change,
        seconds: [seconds, start.elapsed().as_secs_f64()],
    })
}

/// Runs the model for so many years, in whole cycles of the weather; the years it ran.
fn run_on(
    column: &Column,
    state: &mut ColumnState,
    weather: &WeatherSeries,
    years: usize,
) -> Result<f64, LandError> {
    let months = weather.months().max(1);
    let cycles = (years * 12).div_ceil(months);
    for _ in 0..cycles {
        simulate(column, state, weather, None, |_, _| {})?;
    }
    Ok((cycles * months) as f64 / 12.0)
}
