//! Stage `assimilate`: station by station, a smoother over the whole record for parameters and site history,
//! then a filter in time for states and parameters.
//!
//! The likelihood is split (Emerick and Reynolds 2013, doi:10.1016/j.cageo.2012.03.011): the smoother, an ensemble
//! transform Kalman inversion stopped at pseudo-time s = `smoother_share`, uses observation error variances R/s in
//! all, the filter R/(1 − s); together the information is used once.

mod filter;
pub mod observations;
mod observed;
mod smoother;

use reterra_assimilation::MemberFailure;
use reterra_assimilation::diagnostics::Statistics;
use reterra_land::plant::pft::VegetationClass;

use self::observed::Observed;
use super::{calibrate, spinup};
use crate::config::Workflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{ParameterSpace, StationCase, domain, load_cases, run_tasks};
use crate::results::{CalibrationNote, EnsembleOutput, OUTPUTS, StationAssimilation, read_json, write_json};

/// File of the note.
pub const NOTE: &str = "assimilate.json";
/// Diagnostics in observation space, by place of the variable in [`crate::config::Variable::ALL`].
pub const DIAGNOSTICS: &str = "diagnostics.json";
/// Monthly output of the assimilated ensemble.
pub const ASSIMILATED: &str = "assimilated.bundle";

/// The stage.
pub struct Assimilation;

impl Stage for Assimilation {
    fn name(&self) -> &'static str {
        "assimilate"
    }

    fn title(&self) -> &'static str {
        "assimilate observations at every station"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        domain::add_inputs(Inputs::new(), workflow)?
            .after("spinup")
            .after("calibrate")
            .config("spinup", &workflow.spinup)?
            .config("observations", &workflow.observations)?
            .config("parameters", &workflow.parameters)?
            .config("station_parameters", &workflow.station_parameters)?
            .config("calibrate", &workflow.calibrate)?
            .config("assimilate", &workflow.assimilate)
    }

    fn model_years(&self, workflow: &Workflow) -> f64 {
        let stations = domain::selected_stations(workflow).map_or(0, |s| s.len()) as f64;
        let spinup = f64::from(workflow.spinup.member_cycles * workflow.forcing.cycle_years);
        let years = spinup + workflow.period.months() as f64 / 12.0;
        6.0 * stations * workflow.assimilate.members as f64 * years
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let states = spinup::read_states(context)?;
        let calibration: CalibrationNote = read_json(&context.result("calibrate", calibrate::NOTE))?;
        let months = context.workflow().period.months();
        let members = context.workflow().assimilate.members;
        let results = run_tasks(context, "stations", cases.len(), |i| {
            let station = Station {
                context,
                case: &cases[i],
                column: i as u32,
                from: &states[i],
                spaces: Spaces::of(context.workflow(), cases[i].class),
            };
            station.checkpointed(&calibration).map_err(|e| MemberFailure::new(text(&e)))
        })?;
        let mut all = EnsembleOutput::missing(OUTPUTS.len(), (cases.len(), months, members));
        let (mut notes, mut observed) = (Vec::with_capacity(cases.len()), Vec::with_capacity(cases.len()));
        for (i, (case, result)) in cases.iter().zip(results).enumerate() {
            let found = result
                .map_err(|e| StageError::failed(format!("assimilation at {}: {e}", case.station.id)))?;
            all.copy_station(i, &found.output);
            notes.push(found.note);
            observed.push(found.observed);
        }
        all.write(&context.directory().join(ASSIMILATED))?;
        write_json(&context.directory().join(NOTE), &notes)?;
        observations::write(context, &cases, &observed)?;
        write_json(&context.directory().join(DIAGNOSTICS), &statistics(context.workflow().seed, &observed)?)?;
        Ok(summary(&notes))
    }
}

/// Diagnostics of all stations, merged in their order.
fn statistics(seed: u64, observed: &[Observed]) -> Result<Statistics, StageError> {
    let mut all = Statistics::default();
    for (column, observed) in (0..).zip(observed) {
        all.merge(&observed.statistics(seed, column)?)?;
    }
    Ok(all)
}

fn text(error: &StageError) -> String {
    match error {
        StageError::Interrupted => "interrupted".to_owned(),
        StageError::Failed(e) => e.to_string(),
    }
}

fn summary(notes: &[StationAssimilation]) -> StageOutput {
    let used: usize = notes.iter().map(|n| n.used).sum();
    let refused: usize = notes.iter().map(|n| n.refused).sum();
    let failures: usize = notes.iter().map(|n| n.failures.len()).sum();
    let files = [NOTE, ASSIMILATED, observations::FILE, DIAGNOSTICS];
    files.into_iter().fold(StageOutput::new(), StageOutput::file).note(format!(
        "{used} observations used by the filter, {refused} refused by its background check, {failures} members replaced"
    ))
}

/// The parameters estimated at a station: those of its vegetation class, then its own.
struct Spaces {
    class: ParameterSpace,
    station: ParameterSpace,
}

impl Spaces {
    fn of(workflow: &Workflow, class: VegetationClass) -> Self {
        Self {
            class: calibrate::space_of(&workflow.parameters, class),
            station: calibrate::space_of(&workflow.station_parameters, class),
        }
    }

    fn len(&self) -> usize {
        self.class.len() + self.station.len()
    }

    fn apply(
        &self,
        u: &[f64],
        to: &mut reterra_land::parameters::Parameters,
    ) -> Result<(), reterra_land::error::LandError> {
        self.class.apply(&u[..self.class.len()], to)?;
        self.station.apply(&u[self.class.len()..], to)
    }
}

/// One station's assimilation.
struct Station<'a> {
    context: &'a Context<'a>,
    case: &'a StationCase,
    column: u32,
    from: &'a reterra_land::column::ColumnState,
    spaces: Spaces,
}

/// What assimilation at a station left.
struct Assimilated {
    note: StationAssimilation,
    output: EnsembleOutput,
    observed: Observed,
}

impl Station<'_> {
    /// Assimilates, or takes what an interrupted run left.
    fn checkpointed(&self, calibration: &CalibrationNote) -> Result<Assimilated, StageError> {
        let directory = self.context.checkpoint_dir()?;
        let note = directory.join(format!("{}.json", self.case.station.id));
        let bundle = directory.join(format!("{}.bundle", self.case.station.id));
        let observations = directory.join(format!("{}.observations.bundle", self.case.station.id));
        if note.exists() {
            let (output, observed) = (EnsembleOutput::read(&bundle)?, Observed::read(&observations)?);
            return Ok(Assimilated { note: read_json(&note)?, output, observed });
        }
        let smoothed = self.smooth(calibration, &directory)?;
        let result = self.filter(&smoothed)?;
        result.output.write(&bundle)?;
        result.observed.write(&observations)?;
        // Last of all: where it stands the station is done.
        write_json(&note, &result.note)?;
        Ok(result)
    }
}
