//! An experiment: model, times, prior, observations; and one nature run of it.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use reterra_statistics::{Stage, StreamKey};

use super::models::Model;
use super::prior::Prior;

/// The set-up of an experiment.
pub struct Experiment {
    /// The model of the ensemble, and of the truth where that has none of its own.
    pub model: Box<dyn Model>,
    /// The truth's model where the ensemble's is wrong; of the same dimension and step.
    pub truth: Option<Box<dyn Model>>,
    /// Steps from one observation to the next.
    pub every: usize,
    /// Number of observation times.
    pub cycles: usize,
    /// Time, in the model's unit, up to which analyses don't count.
    pub burn_in: f64,
    /// What truth and ensemble are drawn from.
    pub prior: Prior,
    /// The components that are observed.
    pub observed: Vec<usize>,
    /// Variance of the observations' errors.
    pub error_variance: f64,
}

/// Streams of the truth, which has no member number.
const TRUTH: u32 = u32::MAX;

/// A truth with its observations.
#[derive(Clone, Debug, PartialEq)]
pub struct Nature {
    /// States of all steps, the start among them: steps + 1 rows.
    pub truth: Array2<f64>,
    /// Observations of each cycle.
    pub observations: Vec<Vec<f64>>,
}

impl Experiment {
    /// The truth of a seed, and its observations.
    #[must_use]
    pub fn nature(&self, seed: u64) -> Nature {
        let n = self.model.dimension();
        let model = self.truth.as_ref().unwrap_or(&self.model);
        let mut truth = Array2::zeros((self.cycles * self.every + 1, n));
        truth.row_mut(0).assign(&self.draw(seed, TRUTH));
        for step in 1..truth.nrows() {
            let (before, mut now) = truth.multi_slice_mut((s![step - 1, ..], s![step..=step, ..]));
            now.row_mut(0).assign(&before);
            model.advance(now, 1);
        }
        let sd = self.error_variance.sqrt();
        let observed = |cycle: usize| {
            let mut stream = StreamKey { stage: Stage::Observation, ..self.key(seed, cycle) }.stream();
            let state = truth.row((cycle + 1) * self.every);
            self.observed.iter().map(|&j| state[j] + sd * stream.normal()).collect()
        };
        let observations = (0..self.cycles).map(observed).collect();
        Nature { truth, observations }
    }

    /// An ensemble drawn from the prior, N × n.
    #[must_use]
    pub fn ensemble(&self, seed: u64, members: usize) -> Array2<f64> {
        let mut e = Array2::zeros((members, self.model.dimension()));
        for (member, mut row) in e.rows_mut().into_iter().enumerate() {
            row.assign(&self.draw(seed, member as u32));
        }
        e
    }

    fn draw(&self, seed: u64, member: u32) -> Array1<f64> {
        self.prior.draw(StreamKey { seed, stage: Stage::Prior, cycle: 0, member, column: 0 })
    }

    /// Names the random numbers of a cycle.
    #[must_use]
    pub fn key(&self, seed: u64, cycle: usize) -> StreamKey {
        StreamKey { seed, stage: Stage::Filter, cycle: cycle as u32, member: 0, column: 0 }
    }

    /// The observed components of each member, N × m.
    #[must_use]
    pub fn observe(&self, e: ArrayView2<'_, f64>) -> Array2<f64> {
        e.select(Axis(1), &self.observed)
    }

    /// Whether the analysis of a cycle counts.
    #[must_use]
    pub fn counts(&self, cycle: usize) -> bool {
        self.model.step_length() * ((cycle + 1) * self.every) as f64 > self.burn_in
    }

    /// Error variances of the observations.
    #[must_use]
    pub fn error_variances(&self) -> Vec<f64> {
        vec![self.error_variance; self.observed.len()]
    }
}

impl Nature {
    /// Time mean of the truth.
    #[must_use]
    pub fn mean(&self) -> Array1<f64> {
        crate::transform::column_means(self.truth.view())
    }

    /// Time mean and covariance of the truth.
    #[must_use]
    pub fn climate(&self) -> (Array1<f64>, Array2<f64>) {
        let mean = self.mean();
        let anomalies = &self.truth - &mean;
        let covariance = anomalies.t().dot(&anomalies) / (self.truth.nrows() - 1) as f64;
        (mean, covariance)
    }
}

/// Root of the mean over components of the squared difference.
#[must_use]
pub fn distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
    (squares / a.len() as f64).sqrt()
}
