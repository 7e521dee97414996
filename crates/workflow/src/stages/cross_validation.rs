//! Stage `cross-validation`: stations predicted with what the other stations of their vegetation type teach.
//!
//! Stations are dealt into folds, those of the boosted trees where there are ten ([`leave_groups_out`]). For each fold
//! the classes that lose a station are calibrated anew on the stations they keep, by the method, prior ensemble and
//! random numbers of stage `calibrate`, and the posterior is run at the stations left out. Nothing at such a station is
//! estimated from its own observations: parameters come from its class, its start from the equilibrium of the default
//! parameters under its own weather. A class that keeps no station predicts by its prior.
//!
//! What the prior ensemble predicts is the same in all folds and is taken from stage `calibrate`.

use std::path::Path;

use reterra_emulators::leave_groups_out;
use reterra_land::column::LargestImbalance;
use reterra_land::plant::pft::VegetationClass;
use reterra_report::input::Run;
use serde::{Deserialize, Serialize};

use super::calibrate::{self, Group, Length, Setting, classes, stations_of};
use super::{spinup, validation};
use crate::config::Workflow;
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::{domain, load_cases};
use crate::results::{ClassCalibration, EnsembleOutput, read_json, write_json};

/// Name of the stage.
pub const NAME: &str = "cross-validation";
/// Monthly output at every station, by the members that its fold left.
pub const LEFT_OUT: &str = "left-out.bundle";
/// File of the note.
pub const NOTE: &str = "cross-validation.json";
/// Scores of this stage alone.
pub const SKILL: &str = "skill.json";

/// The stage.
pub struct CrossValidation {
    /// Number of folds.
    pub folds: usize,
}

/// `cross-validation/cross-validation.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidationNote {
    /// One entry a fold and class that loses stations.
    pub parts: Vec<PartNote>,
    /// Largest budget error of any step of any member.
    pub imbalance: LargestImbalance,
}

/// A class without the stations of a fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartNote {
    /// The fold, from 0.
    pub fold: usize,
    /// The stations left out.
    pub left_out: Vec<String>,
    /// What the others teach; none where there are none.
    pub calibration: Option<ClassCalibration>,
    /// Largest budget error.
    pub imbalance: LargestImbalance,
}

/// The output that the stage left.
///
/// # Errors
/// Where the file can't be read.
pub fn read(context: &Context<'_>) -> Result<EnsembleOutput, StageError> {
    Ok(EnsembleOutput::read(&context.result(NAME, LEFT_OUT))?)
}

impl Stage for CrossValidation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "calibrate without stations, and predict them"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        domain::add_inputs(Inputs::new(), workflow)?
            .after("spinup")
            .after("calibrate")
            .config("spinup", &workflow.spinup)?
            .config("observations", &workflow.observations)?
            .config("parameters", &workflow.parameters)?
            .config("calibrate", &workflow.calibrate)?
            .config("validation", &workflow.validation)
    }

    fn model_years(&self, workflow: &Workflow) -> f64 {
        // A class that loses a station in a fold runs all its others again, but for the prior and the last run; not
        // every class loses one in every fold.
        0.5 * self.folds as f64 * calibrate::Calibration.model_years(workflow)
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let states = spinup::read_states(context)?;
        let options = calibrate::member_options(context.workflow());
        let setting = Setting { context, cases: &cases, states: &states, options };
        let prior = EnsembleOutput::read(&context.result("calibrate", calibrate::PRIOR))?;
        let (note, output) = Folds { setting: &setting, prior: &prior }.all(self.folds)?;
        let directory = context.directory();
        output.write(&directory.join(LEFT_OUT))?;
        write_json(&directory.join(NOTE), &note)?;
        let estimate = validation::Estimate::of_ensemble(Run::CalibratedLeaveOut, output);
        let skill = validation::score_all(context, &cases, std::iter::once(Ok(Some(estimate))))?;
        write_json(&directory.join(SKILL), &skill)?;
        let files = StageOutput::new().file(LEFT_OUT).file(NOTE).file(SKILL);
        Ok(validation::headlines(&skill).into_iter().fold(files, StageOutput::note))
    }
}

/// What all folds share.
struct Folds<'a> {
    setting: &'a Setting<'a>,
    /// Output of the prior ensemble.
    prior: &'a EnsembleOutput,
}

/// A fold's stations of a class.
struct Part {
    fold: usize,
    class: VegetationClass,
    keeps: Vec<usize>,
    loses: Vec<usize>,
}

impl Folds<'_> {
    fn all(&self, folds: usize) -> Result<(CrossValidationNote, EnsembleOutput), StageError> {
        let directory = self.setting.context.checkpoint_dir()?;
        let file = directory.join(LEFT_OUT);
        let mut output = if file.exists() { EnsembleOutput::read(&file)? } else { self.setting.missing() };
        let mut note = CrossValidationNote { parts: Vec::new(), imbalance: LargestImbalance::default() };
        for part in self.parts(folds)? {
            let done = directory.join(format!("{}-{:?}.done.json", part.fold, part.class));
            if !done.exists() {
                let result = self.part(&part, &directory, &mut output)?;
                output.write(&file)?;
                write_json(&done, &result)?;
            }
            let result: PartNote = read_json(&done)?;
            note.imbalance = note.imbalance.max(result.imbalance);
            note.parts.push(result);
        }
        Ok((note, output))
    }

    /// The classes that lose stations, fold by fold.
    fn parts(&self, folds: usize) -> Result<Vec<Part>, StageError> {
        let cases = self.setting.cases;
        let all: Vec<usize> = (0..cases.len()).collect();
        let seed = self.setting.context.workflow().seed;
        let folds = leave_groups_out(&all, folds.min(all.len()), seed)?;
        let of_fold = |(fold, split): (usize, reterra_emulators::Fold)| {
            classes(cases).into_iter().filter_map(move |class| {
                let (loses, keeps): (Vec<usize>, Vec<usize>) =
                    stations_of(cases, class).into_iter().partition(|i| split.test.contains(i));
                (!loses.is_empty()).then_some(Part { fold, class, keeps, loses })
            })
        };
        Ok(folds.into_iter().enumerate().flat_map(of_fold).collect())
    }

    /// Calibrates without the stations that are lost and stores what is predicted there.
    fn part(
        &self,
        part: &Part,
        directory: &Path,
        output: &mut EnsembleOutput,
    ) -> Result<PartNote, StageError> {
        let id = |&i: &usize| self.setting.cases[i].station.id.clone();
        let mut note = PartNote {
            fold: part.fold,
            left_out: part.loses.iter().map(id).collect(),
            calibration: None,
            imbalance: LargestImbalance::default(),
        };
        let group = Group::new(self.setting, part.class, part.keeps.clone())?;
        if !group.observed() {
            part.loses.iter().for_each(|&station| output.copy(station, self.prior));
            return Ok(note);
        }
        let file = directory.join(format!("{}-{:?}.json", part.fold, part.class));
        let inverted =
            group.invert(&file, |_| Ok((group.predictions_of(self.prior), LargestImbalance::default())))?;
        let message = format!("fold {}", part.fold + 1);
        let runs = group.run(&part.loses, &inverted.etki.ensemble().to_owned(), Length::Whole, &message)?;
        runs.put(output);
        note.calibration = Some(group.note(&inverted.etki));
        note.imbalance = inverted.imbalance.max(runs.imbalance());
        Ok(note)
    }
}
