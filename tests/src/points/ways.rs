//! Land point 4: the ways to equilibrium against 20,000 years of the model itself, at ten stations.
//!
//! Every station has the default parameters of its plant functional type and the first four years of its series as the
//! forcing cycle. `land-4-ways.csv` and `land-4-ways.md` hold the whole table.

mod runs;
mod table;
mod truth;

use rayon::prelude::*;
use reterra_land::column::{Column, ColumnState};
use reterra_land::forcing::WeatherSeries;
use reterra_land::parameters::NAMES;
use reterra_land::spinup::Method;
use reterra_workflow::config::{self, Overrides};
use reterra_workflow::engine::StageError;
use reterra_workflow::experiment::load_cases;

use self::runs::Run;
use self::truth::{Truth, YEARS};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Needleleaf forest of four climates, beech and oak, evergreen oak, two alpine meadows, a field.
const STATIONS: [&str; 10] =
    ["FI-Hyy", "FI-Sod", "DE-Tha", "DE-Hai", "IT-Ro1", "FR-Pue", "IT-Tor", "BE-Lon", "AT-Neu", "CH-Dav"];
/// Years of the forcing cycle.
const CYCLE: usize = 4;
/// Carbon of plants that are alive, gC m⁻²: CLM's seed has 100.
const ALIVE: f64 = 200.0;
/// Largest relative difference of a pool.
const LIMIT: f64 = 0.005;
/// Largest change of a pool of the truth in its last thousand years: a truth that moves is none.
const REST: f64 = 0.0005;

/// A station, ready to be spun up.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its id.
    pub id: String,
    /// With the default parameters of its plant functional type.
    pub column: Column,
    /// Cold start.
    pub start: ColumnState,
    /// The forcing cycle.
    pub weather: WeatherSeries,
}

/// What is known of a station.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its id.
    pub id: String,
    /// 20,000 years.
    pub truth: Truth,
    /// All ways.
    pub runs: Vec<Run>,
}

impl Outcome {
    /// A figure of one way.
    fn way(&self, method: Method, of: impl Fn(&Run) -> f64) -> f64 {
        self.runs.iter().find(|run| run.report.method == method).map_or(f64::NAN, of)
    }
}

/// Every way at every station.
///
/// # Errors
/// [`ValidationError::NoData`], those of the model, and of files.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let stations = stations(&STATIONS)?;
    let truths = truth::all(&stations)?;
    let outcome = |(station, truth): (&Station, Truth)| {
        Ok(Outcome { id: station.id.clone(), runs: runs::all(station, &truth)?, truth })
    };
    let outcomes: Vec<Outcome> =
        stations.par_iter().zip(truths).map(outcome).collect::<Result<_, ValidationError>>()?;
    table::write(&outcomes)?;
    Ok(records(&outcomes))
}

fn records(outcomes: &[Outcome]) -> Vec<Record> {
    let largest = |of: &dyn Fn(&Outcome) -> f64| {
        // What isn't a number is the largest of all.
        outcomes.iter().map(of).fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) })
    };
    let difference = |method| largest(&|outcome| outcome.way(method, |run| run.difference.0));
    let years = largest(&|outcome| outcome.way(Method::MatrixAnderson, |run| run.report.years));
    let open = |method| outcomes.iter().map(|o| o.way(method, Run::open)).sum();
    let alive = outcomes.iter().filter(|o| o.truth.plants() >= ALIVE).count() as f64;
    let name = |what: &str| format!("land-4-ways-{what}");
    let (close, all) = (Goal::AtMost(LIMIT), Goal::AtLeast(STATIONS.len() as f64));
    vec![
        Record::new(name("alive"), alive, all, "stations"),
        Record::new(name("truth-change"), largest(&|o| o.truth.change().0), Goal::AtMost(REST), "1"),
        Record::new(name("matrix-difference"), difference(Method::Matrix), close, "1"),
        Record::new(name("matrix-anderson-difference"), difference(Method::MatrixAnderson), close, "1"),
        Record::new(name("anderson-difference"), difference(Method::Anderson), close, "1"),
        Record::new(name("anderson-open"), open(Method::Anderson), Goal::AtMost(0.0), "stations"),
        Record::new(name("years-saved"), YEARS as f64 / years, Goal::AtLeast(100.0), "years per year"),
    ]
}

/// Stations of the shipped workflow with monthly series.
///
/// # Errors
/// [`ValidationError::NoData`], [`ValidationError::Absent`], and where a case can't be made.
pub fn stations(ids: &[&str]) -> Result<Vec<Station>, ValidationError> {
    let data = places::shared("sites_monthly")?;
    let file = places::workflow("stations-monthly.toml");
    let workflow = config::load(&file, Overrides { data: Some(&data), seed: None }, NAMES)?;
    let reason = |e: StageError| match e {
        StageError::Failed(e) => e.to_string(),
        StageError::Interrupted => "interrupted".to_owned(),
    };
    let cases = load_cases(&workflow).map_err(|e| ValidationError::Cases { reason: reason(e) })?;
    let station = |id: &&str| {
        let case = cases.iter().find(|case| case.station.id == *id).ok_or_else(|| {
            ValidationError::Absent { what: (*id).to_owned(), path: workflow.domain.stations.path.clone() }
        })?;
        let column = case
            .column(case.defaults())
            .map_err(|source| ValidationError::Land { station: (*id).to_owned(), source })?;
        let (start, weather) = (case.cold_start(&column), case.weather.slice(0..12 * CYCLE));
        Ok(Station { id: (*id).to_owned(), column, start, weather })
    };
    ids.iter().map(station).collect()
}
