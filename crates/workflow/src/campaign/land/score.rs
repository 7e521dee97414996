//! The posterior predictive of months that were withheld.
//!
//! Draws of the posterior run over the whole period. What they predict of an observation is the mixture of all of them,
//! each with a normal residual error around it: the error model of the workflow times one factor for each variable, which
//! is estimated from the months that were calibrated to, as that at which 90 % bands cover 90 % of them. So the residual
//! holds errors of the observations and of the model's structure, as they were before any withheld month was looked at.

use ndarray::Axis;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::{LandModel, StationRun};
use crate::WorkflowError;
use crate::campaign::model::Found;
use crate::campaign::results::{physical, write};
use crate::campaign::settings::Settings;
use crate::config::Variable;
use crate::experiment::{Series, StationCase};
use crate::stages::validation::predictive::Predictive;

/// File of the scores.
const SCORES: &str = "scores.json";
/// Draws that are run.
const DRAWS: usize = 48;
/// Probability of the band.
const BAND: f64 = 0.9;
/// Largest and smallest factor on the workflow's errors that is looked for, and halvings of what lies between.
const FACTORS: (f64, f64, u32) = (0.02, 20.0, 30);

/// Scores on withheld months.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LandScores {
    /// Draws of the posterior that were run.
    pub draws: usize,
    /// By variable.
    pub variables: Vec<VariableScore>,
}

/// Scores of a variable, all stations of the class together; sums, so that classes can be added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariableScore {
    /// The variable.
    pub variable: Variable,
    /// Factor on the workflow's error model, from calibrated months.
    pub residual_factor: f64,
    /// Withheld months.
    pub months: usize,
    /// Those of them within the 90 % band.
    pub covered: usize,
    /// Sum of squared errors of the posterior predictive mean, square of the variable's unit.
    pub squares: f64,
    /// The same of a run at the calibration's mean parameters.
    pub point_squares: f64,
}

/// Scores the draws of a posterior and the mean of its calibration (unconstrained, rows), and writes the scores.
pub(super) fn write_scores(
    settings: &Settings,
    model: &LandModel<'_>,
    found: Found<'_>,
) -> Result<LandScores, WorkflowError> {
    let Found { draws, calibrated } = found;
    let every = draws.nrows().div_ceil(DRAWS).max(1);
    let rows: Vec<usize> = (0..draws.nrows()).step_by(every).collect();
    let chosen = physical(&settings.problem.priors, &draws.select(Axis(0), &rows));
    let mut members: Vec<Vec<f64>> = chosen.rows().into_iter().map(|row| row.to_vec()).collect();
    let point = settings.problem.priors.iter().zip(calibrated).map(|(prior, &u)| prior.physical(u));
    members.push(point.collect());
    let months = model.settings.workflow.period.months();
    let stations: Vec<Vec<StationRun>> =
        (0..model.cases.len()).into_par_iter().map(|k| model.station(k, &members, months)).collect();
    let score = |&variable: &Variable| Judge { model, stations: &stations, variable }.score();
    let variables = model.settings.workflow.observations.variables.iter().filter_map(score).collect();
    let scores = LandScores { draws: rows.len(), variables };
    write(&settings.directory, SCORES, &scores)?;
    Ok(scores)
}

/// Compares runs with one variable's observations.
struct Judge<'a> {
    model: &'a LandModel<'a>,
    /// By station, then by member; the calibration's mean is last.
    stations: &'a [Vec<StationRun>],
    variable: Variable,
}

/// An observation with what was predicted of it.
struct Pair {
    observed: f64,
    /// What draws predict.
    draws: Vec<f64>,
    /// What the calibration's mean predicts.
    point: f64,
    /// Error of the workflow's error model at the mean of the draws.
    error: f64,
}

impl Pair {
    fn mean(&self) -> f64 {
        self.draws.iter().sum::<f64>() / self.draws.len() as f64
    }

    fn covered(&self, factor: f64) -> bool {
        let predictive = Predictive { members: &self.draws, sd: factor * self.error };
        let probability = predictive.cdf(self.observed);
        (0.5 - 0.5 * BAND..=0.5 + 0.5 * BAND).contains(&probability)
    }
}

impl Judge<'_> {
    fn score(&self) -> Option<VariableScore> {
        let calibrated = self.pairs(|case| &case.assimilated);
        let withheld = self.pairs(|case| &case.withheld);
        if calibrated.is_empty() || withheld.is_empty() {
            return None;
        }
        let residual_factor = factor(&calibrated);
        Some(VariableScore {
            variable: self.variable,
            residual_factor,
            months: withheld.len(),
            covered: withheld.iter().filter(|pair| pair.covered(residual_factor)).count(),
            squares: withheld.iter().map(|pair| (pair.observed - pair.mean()).powi(2)).sum(),
            point_squares: withheld.iter().map(|pair| (pair.observed - pair.point).powi(2)).sum(),
        })
    }

    /// Observations of a kind that all of at least one draw and the calibration's mean predict.
    fn pairs(&self, of: fn(&StationCase) -> &Series) -> Vec<Pair> {
        let model = self.model.settings.workflow.observations.errors.get(&self.variable);
        let mut all = Vec::new();
        for (case, runs) in self.model.cases.iter().zip(self.stations) {
            let series = of(case).get(&self.variable).map_or(&[][..], Vec::as_slice);
            let Some((point, draws)) = runs.split_last() else { continue };
            for (month, observed) in series.iter().enumerate() {
                let at = |run: &StationRun| run.as_ref().ok()?.observe(self.variable, month);
                let draws: Vec<f64> = draws.iter().filter_map(at).filter(|x| x.is_finite()).collect();
                let (Some(observed), Some(point), Some(model)) = (*observed, at(point), model) else {
                    continue;
                };
                if draws.is_empty() {
                    continue;
                }
                let mean = draws.iter().sum::<f64>() / draws.len() as f64;
                all.push(Pair { observed, draws, point, error: model.sd(mean) });
            }
        }
        all
    }
}

/// The least factor on errors at which the band covers its share of observations.
fn factor(pairs: &[Pair]) -> f64 {
    let share = |factor: f64| {
        pairs.iter().filter(|pair| pair.covered(factor)).count() as f64 / pairs.len().max(1) as f64
    };
    let (mut low, mut high, halvings) = FACTORS;
    for _ in 0..halvings {
        let middle = (low * high).sqrt();
        if share(middle) < BAND { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_statistics::normal;

    /// Observations that are normal around draws at nought: the factor is their standard deviation over the error.
    #[test]
    fn the_residual_is_that_of_the_observations() {
        let pair = |k: i32| Pair {
            observed: 3.0 * normal::quantile((f64::from(k) + 0.5) / 400.0),
            draws: vec![0.0],
            point: 0.0,
            error: 2.0,
        };
        let pairs: Vec<Pair> = (0..400).map(pair).collect();
        assert!((factor(&pairs) - 1.5).abs() < 0.02, "{}", factor(&pairs));
    }
}
