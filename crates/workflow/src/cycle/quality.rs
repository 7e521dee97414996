//! Quality control of a month's observations, before they are assimilated.

use ndarray::{Array2, Axis};
use reterra_assimilation::localisation::Place;
use reterra_assimilation::quality::{Control, Flag, Outcome, Sample};

use super::engine::Setting;
use super::{CycleError, Cycles, Model, Observed};

/// Observations, and what this rank's members predict for those in its columns.
type Predicted = (Vec<Observed>, Array2<f64>);

impl<M: Model> Cycles<'_, M> {
    /// What quality control leaves of this month's observations, for the filter; flags go to the report.
    pub(super) fn sifted(&mut self, due: Predicted, factor: f64) -> Result<Predicted, CycleError> {
        let (flags, sifted) = self.setting.sifted(self.month, due, factor)?;
        self.report.flag(&self.setting.numbers(self.month), &flags);
        Ok(sifted)
    }
}

impl<M: Model> Setting<'_, M> {
    /// Flags of a month's observations, and what quality control leaves of them, with their error variances times `factor`;
    /// no flags and all of them where there is no control.
    pub(super) fn sifted(
        &self,
        month: usize,
        (due, predicted): Predicted,
        factor: f64,
    ) -> Result<(Vec<Flag>, Predicted), CycleError> {
        let Some(control) = &self.options.control else { return Ok((Vec::new(), (due, predicted))) };
        // Checks weigh errors as they are, not by the share of their information that is taken here.
        let outcome = self.judged(control, &self.due(month, 1.0), &predicted)?;
        let own = (0..due.len()).filter(|j| self.share.columns.contains(&due[*j].column));
        let kept: Vec<usize> =
            own.enumerate().filter(|(_, j)| outcome.flags[*j].is_used()).map(|(at, _)| at).collect();
        let used = outcome.used();
        let left = used.iter().map(|&j| {
            let (value, variance) = (outcome.values[j], outcome.variances[j] * factor);
            Observed { value, variance, ..due[j] }
        });
        Ok((outcome.flags.clone(), (left.collect(), predicted.select(Axis(1), &kept))))
    }

    /// Numbers of the observations whose windows end with a month, in the order of [`Setting::due`].
    fn numbers(&self, month: usize) -> Vec<usize> {
        let all = self.observations.iter().enumerate();
        all.filter(|(_, o)| o.month == month).map(|(number, _)| number).collect()
    }

    /// What checks say, the same on every rank: each has what all members predict, N × due numbers.
    fn judged(
        &self,
        control: &Control,
        due: &[Observed],
        predicted: &Array2<f64>,
    ) -> Result<Outcome, CycleError> {
        let he = self.everywhere(due, predicted)?;
        let kinds: Vec<usize> = due.iter().map(|o| o.kind).collect();
        let places: Vec<Place> = due.iter().map(|o| self.place(o.column)).collect();
        let start = |o: &Observed| o.month + 1 - self.options.kinds[o.kind].months;
        let times: Vec<[f64; 2]> = due.iter().map(|o| [start(o) as f64, (o.month + 1) as f64]).collect();
        let values: Vec<f64> = due.iter().map(|o| o.value).collect();
        let variances: Vec<f64> = due.iter().map(|o| o.variance).collect();
        let members: Vec<usize> = (0..self.options.members).collect();
        let sample = Sample {
            kinds: &kinds,
            places: &places,
            times: &times,
            values: &values,
            variances: &variances,
            he: he.view(),
            members: &members,
        };
        Ok(control.run(&sample)?)
    }
}

/// An observation that quality control didn't take as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flagged {
    /// Its number among the run's.
    pub number: usize,
    /// Why.
    pub flag: Flag,
}
