//! Stage `spinup`: every station to equilibrium with its type's default parameters.
//!
//! The states are where members start their own, short spin-up from.

mod figures;

use reterra_assimilation::MemberFailure;
use reterra_io::cf::write_product;
use reterra_land::column::ColumnState;
use reterra_land::error::LandError;
use reterra_land::spinup::{Method, Options, spin_up};

use crate::config::{Spinup, SpinupMethod, Workflow};
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{StationCase, domain, load_cases, run_tasks};
use crate::results::{SpinUpNote, StationSpinUp, read_json, write_json};

/// File of the equilibrium states.
pub const STATES: &str = "states.json";
/// File of the note.
pub const NOTE: &str = "spinup.json";
/// File of the figures as NetCDF.
pub const FIGURES: &str = "spinup.nc";
/// Largest relative distance of a soil pool from its linear equilibrium that counts as spun up.
pub const DISTANCE: f64 = 0.0005;

/// The stage.
pub struct SpinUp;

/// The options of a workflow's spin-up.
#[must_use]
pub fn options(spinup: &Spinup) -> Options {
    Options {
        method: match spinup.method {
            SpinupMethod::Matrix => Method::Matrix,
            SpinupMethod::BruteForce => Method::BruteForce,
            SpinupMethod::AcceleratedDecomposition => Method::AcceleratedDecomposition,
            SpinupMethod::Anderson => Method::Anderson,
            SpinupMethod::MatrixAnderson => Method::MatrixAnderson,
        },
        drift_limit: spinup.drift_limit,
        distance_limit: DISTANCE,
        max_cycles: spinup.max_cycles as usize,
        ..Options::default()
    }
}

/// The equilibrium states that the stage left, in the order of the cases.
///
/// # Errors
/// Where the file can't be read.
pub fn read_states(context: &Context<'_>) -> Result<Vec<ColumnState>, StageError> {
    read_json(&context.result("spinup", STATES))
}

impl Stage for SpinUp {
    fn name(&self) -> &'static str {
        "spinup"
    }

    fn title(&self) -> &'static str {
        "bring every station to equilibrium"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        domain::add_inputs(Inputs::new(), workflow)?
            .config("title", &workflow.title)?
            .config("name", &workflow.name)?
            .config("spinup", &workflow.spinup)
    }

    fn model_years(&self, workflow: &Workflow) -> f64 {
        // Some ten cycles a station.
        let stations = domain::selected_stations(workflow).map_or(0, |s| s.len());
        10.0 * f64::from(workflow.forcing.cycle_years) * stations as f64
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let options = options(&context.workflow().spinup);
        let results = run_tasks(context, "stations", cases.len(), |i| equilibrium(&cases[i], &options))?;
        let mut states = Vec::with_capacity(cases.len());
        let mut stations = Vec::with_capacity(cases.len());
        for (case, result) in cases.iter().zip(results) {
            let id = &case.station.id;
            let (state, report) =
                result.map_err(|e| StageError::failed(format!("spin-up of station {id}: {e}")))?;
            stations.push(StationSpinUp { id: id.clone(), pft: case.site.dominant(), report });
            states.push(state);
        }
        let open: Vec<&str> =
            stations.iter().filter(|s| !s.report.converged).map(|s| s.id.as_str()).collect();
        let years: f64 = stations.iter().map(|s| s.report.years).sum();
        let mut output = StageOutput::new().file(STATES).file(NOTE).file(FIGURES).note(format!(
            "{} of {} stations in equilibrium after {years:.0} model years in all",
            stations.len() - open.len(),
            stations.len()
        ));
        if !open.is_empty() {
            output = output.note(format!("not in equilibrium: {}", open.join(", ")));
        }
        write_json(&context.directory().join(STATES), &states)?;
        let figures = figures::product(context.workflow(), &cases, &stations)?;
        write_product(&context.directory().join(FIGURES), &figures)?;
        let note = SpinUpNote { drift_limit: options.drift_limit, stations };
        write_json(&context.directory().join(NOTE), &note)?;
        Ok(output)
    }
}

type Equilibrium = (ColumnState, reterra_land::spinup::Report);

fn equilibrium(case: &StationCase, options: &Options) -> Result<Equilibrium, MemberFailure> {
    let fail = |e: LandError| MemberFailure::new(e.to_string());
    let column = case.column(case.defaults()).map_err(fail)?;
    let cycle = case.weather.slice(0..case.cycle_months);
    spin_up(&column, &case.cold_start(&column), &cycle, options).map_err(fail)
}
