//! What the filter of one station met in observation space: every observation with its fate and both ensembles.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use reterra_assimilation::diagnostics::{Seen, Statistics};
use reterra_assimilation::operators::Predicted;
use reterra_assimilation::quality::{Flag, Outcome};
use reterra_io::bundle::{read_bundle, write_bundle};
use reterra_statistics::random::{Stage as Streams, StreamKey};
use serde::{Deserialize, Serialize};

use crate::config::Variable;
use crate::engine::StageError;
use crate::experiment::{StationCase, Target};

/// An observation that fell due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Met {
    pub variable: Variable,
    /// First month of its window and the one after the last.
    pub months: [usize; 2],
    pub value: f64,
    /// Variance of its error by itself, without what a long series adds.
    pub error: f64,
    /// Variance of its error as the analysis used it, if it did.
    pub used: Option<f64>,
    pub flag: Flag,
}

/// Observations in the order in which they fell due, with members before and after the analysis of their month.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observed {
    pub rows: Vec<Met>,
    /// Observations × members.
    pub prior: Array2<f64>,
    pub posterior: Array2<f64>,
}

/// Number of a variable in quality control, diagnostics and files: its place in [`Variable::ALL`].
pub(super) fn kind(variable: Variable) -> usize {
    variable as usize
}

/// Observations that are due, not yet judged. Those that are no variable of the column have no place here.
pub(super) fn due(predicted: &Predicted<'_>, target: &Target, errors: &SingleErrors) -> Vec<Met> {
    let each = predicted.records.iter().zip(&predicted.observations);
    each.filter_map(|(record, observation)| {
        let variable = target.records.get(*record)?.quantity.variable()?;
        let (start, end) = (observation.window.start(), observation.window.end());
        let error = errors.variance(variable, start).unwrap_or(observation.variance);
        let (value, flag) = (observation.value, Flag::NotSelected);
        Some(Met { variable, months: [start, end], value, error, used: None, flag })
    })
    .collect()
}

/// What quality control said of them.
pub(super) fn judge(rows: &mut [Met], outcome: &Outcome) {
    for (row, (flag, variance)) in rows.iter_mut().zip(outcome.flags.iter().zip(&outcome.variances)) {
        row.flag = *flag;
        row.used = flag.is_used().then_some(*variance);
    }
}

/// Error variances of single observations, by variable and month.
pub(super) struct SingleErrors(Vec<(Variable, Vec<Option<f64>>)>);

impl SingleErrors {
    pub fn of(case: &StationCase, observations: &crate::config::Observations) -> Self {
        let all = observations.variables.iter().chain(&observations.evaluate);
        Self(all.map(|v| (*v, Target::single_variances(case, observations, *v))).collect())
    }

    fn variance(&self, variable: Variable, month: usize) -> Option<f64> {
        *self.0.iter().find(|(v, _)| *v == variable)?.1.get(month)?
    }
}

impl Observed {
    pub fn none(members: usize) -> Self {
        let empty = Array2::zeros((0, members));
        Self { rows: Vec::new(), prior: empty.clone(), posterior: empty }
    }

    /// Adds a month: its observations with predictions, members × observations, before and after.
    pub fn push(
        &mut self,
        rows: Vec<Met>,
        prior: ArrayView2<'_, f64>,
        posterior: ArrayView2<'_, f64>,
    ) -> Result<(), StageError> {
        self.prior.append(Axis(0), prior.t())?;
        self.posterior.append(Axis(0), posterior.t())?;
        self.rows.extend(rows);
        Ok(())
    }

    pub fn write(&self, path: &Path) -> Result<(), StageError> {
        let arrays = [("prior", &self.prior), ("posterior", &self.posterior)];
        let arrays =
            arrays.map(|(name, a)| (name.to_owned(), a.as_standard_layout().into_owned().into_dyn()));
        Ok(write_bundle(path, &arrays.into(), &serde_json::to_value(&self.rows)?)?)
    }

    pub fn read(path: &Path) -> Result<Self, StageError> {
        let (mut arrays, meta) = read_bundle(path)?;
        let mut array = |name: &str| {
            let lost = || StageError::failed(format!("{} holds no {name}; rerun the stage", path.display()));
            Ok::<_, StageError>(arrays.remove(name).ok_or_else(lost)?.into_dimensionality()?)
        };
        let (prior, posterior) = (array("prior")?, array("posterior")?);
        Ok(Self { rows: serde_json::from_value(meta)?, prior, posterior })
    }

    /// Diagnostics of all months; `column` is the station's number, which names the errors that members get.
    pub fn statistics(&self, seed: u64, column: u32) -> Result<Statistics, StageError> {
        let mut statistics = Statistics::default();
        let mut first = 0;
        for month in self.rows.chunk_by(|a, b| a.months[1] == b.months[1]) {
            let end = first + month.len();
            let at = s![first..end, ..];
            let errors: Array1<f64> = month.iter().map(|met| met.error).collect();
            let used: Vec<f64> = month.iter().map(|met| met.used.unwrap_or(met.error)).collect();
            statistics.add(&Seen {
                kinds: &month.iter().map(|met| kind(met.variable)).collect::<Vec<_>>(),
                values: &month.iter().map(|met| met.value).collect::<Vec<_>>(),
                errors: &errors.to_vec(),
                variances: &used,
                flags: &month.iter().map(|met| met.flag).collect::<Vec<_>>(),
                prior: self.prior.slice(at).t(),
                posterior: self.posterior.slice(at).t(),
                key: key(seed, month[0].months[1], column),
            })?;
            first = end;
        }
        Ok(statistics)
    }
}

fn key(seed: u64, month: usize, column: u32) -> StreamKey {
    StreamKey { seed, stage: Streams::Observation, cycle: month as u32, member: 0, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(variable: Variable, month: usize, flag: Flag) -> Met {
        let used = flag.is_used().then_some(2.5);
        Met { variable, months: [month, month + 1], value: 1.0 / 3.0, error: 0.5, used, flag }
    }

    /// Two months, three observations, four members.
    fn observed() -> Observed {
        let mut observed = Observed::none(4);
        let two = ndarray::array![[0.1, 2.0], [0.4, 1.0], [0.2, 3.0], [0.9, 2.5]];
        let one = ndarray::array![[0.3], [0.5], [0.1], [0.2]];
        let rows = vec![met(Variable::Gpp, 3, Flag::Used), met(Variable::Et, 3, Flag::Background)];
        observed.push(rows, two.view(), (&two * 0.9).view()).unwrap();
        let rows = vec![met(Variable::Gpp, 7, Flag::EvaluateOnly)];
        observed.push(rows, one.view(), one.view()).unwrap();
        observed
    }

    #[test]
    fn a_checkpoint_gives_back_what_was_met_bit_for_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.bundle");
        for observed in [observed(), Observed::none(4)] {
            observed.write(&path).unwrap();
            let back = Observed::read(&path).unwrap();
            assert_eq!(back, observed);
            assert_eq!(back.statistics(1, 2).unwrap(), observed.statistics(1, 2).unwrap());
        }
    }

    #[test]
    fn statistics_go_by_month_and_variable() {
        let statistics = observed().statistics(1, 2).unwrap();
        let (gpp, et) = (&statistics.kinds()[&kind(Variable::Gpp)], &statistics.kinds()[&kind(Variable::Et)]);
        assert_eq!((gpp.innovations.count(), gpp.signal.count()), (2, 1));
        assert_eq!((et.innovations.count(), et.count(Flag::is_refused)), (0, 1));
        assert_eq!(gpp.ranks.counts().len(), 5);
    }

    #[test]
    fn kinds_are_places_in_the_list_of_variables() {
        for (place, variable) in Variable::ALL.into_iter().enumerate() {
            assert_eq!(kind(variable), place);
        }
    }
}
