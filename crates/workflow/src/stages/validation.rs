//! `validation`: scores of every run and baseline against observations.
//!
//! Scores are pooled over stations and months of the withheld observations. Where a workflow withholds none, the
//! assimilated ones are scored instead, and every table says that this is a fit and no validation. The 90 % band
//! and the CRPS are those of the prediction of an observation: the ensemble and the observation error together.
//! A month without a prediction is left out of that run's score, so the numbers of pairs differ.

mod estimate;
pub(crate) mod predictive;
mod score;
mod table;

use reterra_report::input::Run;
use serde::{Deserialize, Serialize};

use crate::config::{Variable, Workflow};
use crate::engine::{Context, Inputs, Stage, StageError, StageOutput};
use crate::experiment::domain::add_inputs;
use crate::experiment::{StationCase, load_cases};
use crate::results::write_json;
use crate::stages::baselines::holds_back;
use crate::stages::cross_validation;

pub(super) use estimate::Estimate;
pub(super) use table::{headlines, shown};

/// The file that the stage writes.
pub const FILE: &str = "skill.json";

/// The observations that a score is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Against {
    /// Observations that nothing was fitted to.
    #[serde(rename = "validation")]
    Withheld,
    /// The observations that were assimilated.
    #[serde(rename = "fit, not validation")]
    Assimilated,
}

/// `validation/skill.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillNote {
    /// What the scores mean.
    pub kind: Against,
    /// Pooled over stations and months.
    pub pooled: Vec<SkillRow>,
    /// Station by station, in the order of all arrays.
    pub stations: Vec<StationSkill>,
}

/// Scores of one run for one variable, in the code's unit of the variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillRow {
    /// The run.
    pub run: Run,
    /// The variable.
    pub variable: Variable,
    /// Pairs of observation and prediction.
    pub n: u64,
    /// 1 − SSE/SST.
    pub r2: Option<f64>,
    /// Root mean square error.
    pub rmse: Option<f64>,
    /// Mean of predicted − observed.
    pub bias: Option<f64>,
    /// Share of observations inside the 90 % predictive band; none for runs without an ensemble.
    pub coverage: Option<f64>,
    /// Mean continuous ranked probability score of the predictive distribution; none for runs without an ensemble.
    pub crps: Option<f64>,
}

/// Scores at one station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationSkill {
    /// Station id.
    pub id: String,
    /// Scores.
    pub rows: Vec<SkillRow>,
    /// ILAMB's scores, 0 (bad) to 1.
    pub ilamb: Vec<IlambRow>,
}

/// ILAMB's scores of one run for one variable (Collier et al. 2018, doi:10.1029/2018MS001354).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IlambRow {
    /// The run.
    pub run: Run,
    /// The variable.
    pub variable: Variable,
    /// Of the mean; none where the observations do not vary.
    pub bias: Option<f64>,
    /// Of the variation about the mean.
    pub rmse: Option<f64>,
    /// Of the month of the seasonal maximum; none where a calendar month has no pair.
    pub seasonal: Option<f64>,
    /// Overall, where all three are there.
    pub overall: Option<f64>,
}

/// The stage.
pub struct Validation;

impl Stage for Validation {
    fn name(&self) -> &'static str {
        "validation"
    }

    fn title(&self) -> &'static str {
        "scores against observations"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        let inputs = add_inputs(Inputs::new(), workflow)?
            .config("observations", &workflow.observations)?
            .after("calibrate")
            .after("assimilate")
            .after("baselines")
            .after("product");
        Ok(if workflow.validation.folds.is_some() { inputs.after(cross_validation::NAME) } else { inputs })
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let note = compute(context)?;
        write_json(&context.directory().join(FILE), &note)?;
        let output = StageOutput::new().file(FILE);
        Ok(headlines(&note).into_iter().fold(output, StageOutput::note))
    }
}

/// Scores a finished run from its product, its ensembles and the observations.
fn compute(context: &Context<'_>) -> Result<SkillNote, StageError> {
    let cases = load_cases(context.workflow())?;
    score_all(context, &cases, Run::ALL.into_iter().map(|run| estimate::load(context, run)))
}

/// Scores estimates, one after the other, by the withheld observations, or by the assimilated ones where none are.
pub(super) fn score_all(
    context: &Context<'_>,
    cases: &[StationCase],
    estimates: impl Iterator<Item = Result<Option<Estimate>, StageError>>,
) -> Result<SkillNote, StageError> {
    let kind = if cases.iter().any(holds_back) { Against::Withheld } else { Against::Assimilated };
    let judge = score::Judge { cases, kind, observations: &context.workflow().observations };
    let (mut pooled, mut stations) = (Vec::new(), judge.empty_stations());
    for estimate in estimates {
        context.check_interrupt()?;
        let Some(estimate) = estimate? else { continue };
        for variable in Variable::ALL {
            judge.score(&estimate, variable, &mut pooled, &mut stations);
        }
    }
    pooled.sort_by_key(|row| row.variable);
    Ok(SkillNote { kind, pooled, stations })
}

/// The skill table of a finished run as text, computed again from its product and the observations.
///
/// # Errors
/// [`StageError::Failed`] where a result is missing or unreadable.
pub fn skill_table(context: &Context<'_>) -> Result<String, StageError> {
    Ok(table::render(&compute(context)?))
}

#[cfg(test)]
mod tests;
