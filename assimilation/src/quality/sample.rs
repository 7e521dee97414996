//! The observations of one analysis on their way through quality control.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::Flag;
use crate::AssimilationError;
use crate::calibration::data::require_members;
use crate::localisation::Place;
use crate::localisation::observations::require_places;
use crate::noise::standard_deviations;
use crate::transform::{column_means, column_sds};

/// The m observations of one analysis, with what N members predict for them.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Number of each one's kind; what the numbers stand for is the caller's.
    pub kinds: &'a [usize],
    /// Where each stands.
    pub places: &'a [Place],
    /// Start and end of the time that each stands for, in any unit that the options of the checks share.
    pub times: &'a [[f64; 2]],
    /// Values; NaN is missing.
    pub values: &'a [f64],
    /// Error variances.
    pub variances: &'a [f64],
    /// Predictions, N × m.
    pub he: ArrayView2<'a, f64>,
    /// Rows of `he` that count, ascending; others failed.
    pub members: &'a [usize],
}

/// Refused observations of a kind that are named one by one.
const NAMED: usize = 5;

/// What became of the m observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Values: as they came, but for duplicates that were merged.
    pub values: Vec<f64>,
    /// Error variances to assimilate with.
    pub variances: Vec<f64>,
    /// The flag of every one.
    pub flags: Vec<Flag>,
}

impl Outcome {
    /// Numbers of the observations to assimilate, ascending; none where all are refused.
    #[must_use]
    pub fn used(&self) -> Vec<usize> {
        (0..self.flags.len()).filter(|&j| self.flags[j].is_used()).collect()
    }

    /// What was refused, in words: how many by which check, which ones, and what can be done; none where nothing was.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let refused = Flag::ALL.into_iter().filter(|flag| flag.is_refused() && self.count(*flag) > 0);
        let parts: Vec<String> = refused.map(|flag| self.part(flag)).collect();
        let total = self.flags.len();
        (!parts.is_empty()).then(|| format!("of {total} observations, {}", parts.join("; ")))
    }

    fn part(&self, flag: Flag) -> String {
        let having: Vec<usize> = (0..self.flags.len()).filter(|j| self.flags[*j] == flag).collect();
        let named: Vec<String> = having.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if having.len() > NAMED { " and others" } else { "" };
        let help = flag.help().map(|help| format!(": {help}")).unwrap_or_default();
        let what = flag.meaning().replace('_', " ");
        format!("{} {what} (number {}{more}){help}", having.len(), named.join(", "))
    }

    /// How many have a flag.
    #[must_use]
    pub fn count(&self, flag: Flag) -> usize {
        self.flags.iter().filter(|f| **f == flag).count()
    }
}

/// What checks work on: the observations, the prior's view of them, and what is known so far.
pub(super) struct Sifting<'a> {
    pub sample: Sample<'a>,
    pub outcome: Outcome,
    /// Means of the predictions.
    pub means: Array1<f64>,
    /// Variances of the predictions.
    pub spreads: Array1<f64>,
    /// Predictions of the members that count minus their means.
    pub anomalies: Array2<f64>,
}

impl<'a> Sifting<'a> {
    /// Everything is used but what has no value or no prediction.
    pub fn new(sample: &Sample<'a>) -> Result<Self, AssimilationError> {
        sample.check()?;
        let prior = sample.he.select(Axis(0), sample.members);
        let means = column_means(prior.view());
        let spreads = column_sds(prior.view()).mapv(|sd| sd * sd);
        let flag = |j: usize| {
            if !sample.values[j].is_finite() {
                Flag::Missing
            } else if spreads[j].is_finite() {
                Flag::Used
            } else {
                Flag::NoPrediction
            }
        };
        let flags = (0..sample.values.len()).map(flag).collect();
        let outcome = Outcome { values: sample.values.to_vec(), variances: sample.variances.to_vec(), flags };
        Ok(Self { sample: *sample, outcome, anomalies: prior - &means, means, spreads })
    }

    /// Observations still to be assimilated.
    pub fn open(&self) -> Vec<usize> {
        self.outcome.used()
    }

    /// Observation minus mean of the predictions.
    pub fn innovation(&self, j: usize) -> f64 {
        self.outcome.values[j] - self.means[j]
    }

    /// Variance that the innovation has where prior and error are what they say.
    pub fn variance(&self, j: usize) -> f64 {
        self.spreads[j] + self.outcome.variances[j]
    }

    /// Covariance of two predictions.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        let products = self.anomalies.column(i).dot(&self.anomalies.column(j));
        products / (self.anomalies.nrows() - 1) as f64
    }
}

impl Sample<'_> {
    fn check(&self) -> Result<(), AssimilationError> {
        let (n, m) = self.he.dim();
        let lengths = [
            ("kinds of observations", self.kinds.len()),
            ("places of observations", self.places.len()),
            ("times of observations", self.times.len()),
            ("observations", self.values.len()),
            ("observation error variances", self.variances.len()),
        ];
        for (what, got) in lengths {
            if got != m {
                return Err(AssimilationError::Shape { what, expected: m, got });
            }
        }
        require_members(self.members.len(), n, 2, "see the members left out")?;
        if let Some(&got) = self.members.iter().find(|&&row| row >= n) {
            let what = "rows of the members that count, one of them";
            return Err(AssimilationError::Shape { what, expected: n - 1, got });
        }
        standard_deviations(self.variances)?;
        require_places(self.places, "place of an observation")
    }
}
