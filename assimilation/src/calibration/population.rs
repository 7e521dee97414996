//! Members that move: hearing what they tell, drawing failed ones again, and the record of steps.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::data::{Data, Told};
use super::schedule::mean;
use super::step::Step;
use super::{Calibrator, Claim};
use crate::ensemble::match_moments;
use crate::transform::column_means;
use crate::{AssimilationError, MemberFailure};

/// An ensemble with its steps so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Population {
    /// Parameters to run next, N × p.
    pub ensemble: Array2<f64>,
    /// Steps so far.
    pub steps: Vec<Step>,
    /// Pseudo-time so far.
    pub t: f64,
    /// Members that must survive a step.
    pub min_members: usize,
    /// Seed of the streams.
    pub seed: u64,
    /// Column of the streams.
    pub group: u32,
}

/// How far a step went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub dt: f64,
    /// Pseudo-time after it.
    pub t: f64,
    pub capped: bool,
}

impl Population {
    pub fn new(ensemble: Array2<f64>, min_members: usize, seed: u64) -> Self {
        Self { ensemble, steps: Vec::new(), t: 0.0, min_members, seed, group: 0 }
    }

    pub fn survivors(&self, told: &Told) -> Array2<f64> {
        self.ensemble.select(Axis(0), &told.alive)
    }

    /// Key of this step's random numbers.
    pub fn key(&self, member: u32) -> StreamKey {
        let cycle = self.steps.len() as u32;
        StreamKey { seed: self.seed, stage: Stage::Calibrate, cycle, member, column: self.group }
    }

    /// Takes moved survivors; failed members are drawn again from their mean and covariance, which the whole ensemble
    /// then keeps exactly.
    pub fn put_back(&mut self, survivors: &Array2<f64>, told: &Told) {
        for (row, &member) in survivors.rows().into_iter().zip(&told.alive) {
            self.ensemble.row_mut(member).assign(&row);
        }
        if told.failed.is_empty() {
            return;
        }
        let count = told.alive.len();
        let mean = column_means(survivors.view());
        let anomalies = survivors - &mean;
        let covariance = anomalies.t().dot(&anomalies) / (count - 1) as f64;
        let scale = 1.0 / ((count - 1) as f64).sqrt();
        for lost in &told.failed {
            let mut stream = self.key(lost.member as u32).stream();
            let z: Array1<f64> = (0..count).map(|_| stream.normal() * scale).collect();
            self.ensemble.row_mut(lost.member).assign(&(&mean + &z.dot(&anomalies)));
        }
        match_moments(&mut self.ensemble, &mean, covariance.view());
    }

    /// Standard normal numbers for members (rows), each column without mean and with a variance of one on average.
    pub fn centred_noise(&self, (members, width): (usize, usize), stage: Stage) -> Array2<f64> {
        let mut noise = Array2::zeros((members, width));
        for (member, mut row) in noise.rows_mut().into_iter().enumerate() {
            let mut stream = StreamKey { stage, ..self.key(member as u32) }.stream();
            row.mapv_inplace(|_| stream.normal());
        }
        let (mean, n) = (column_means(noise.view()), members as f64);
        (noise - &mean) * (n / (n - 1.0)).sqrt()
    }

    /// Records a step.
    pub fn record(&mut self, told: Told, length: Length, m: usize) -> Step {
        self.t = length.t;
        let residual = column_means(told.white.view());
        let m = m.max(1) as f64;
        let step = Step {
            iteration: self.steps.len() as u32 + 1,
            dt: length.dt,
            t: length.t,
            misfit: 2.0 * mean(&told.misfits()) / m,
            mean_misfit: residual.dot(&residual) / m,
            failed: told.failed,
            capped: length.capped,
        };
        self.steps.push(step.clone());
        step
    }
}

/// A process that moves a population.
pub(super) trait Moving {
    fn data(&self) -> &Data;

    /// Observations that the next step takes, ascending.
    fn ids(&self) -> Vec<usize> {
        (0..self.data().len()).collect()
    }

    fn population(&self) -> &Population;

    fn population_mut(&mut self) -> &mut Population;

    /// Whether it has come to its end.
    fn ended(&self) -> bool;

    /// Moves the population by what its members told.
    ///
    /// # Errors
    /// Those of the method; nothing has moved then.
    fn advance(&mut self, told: &Told) -> Result<Length, AssimilationError>;

    fn claim(&self) -> Claim {
        Claim::Posterior
    }

    fn sample(&self) -> Array2<f64> {
        self.population().ensemble.clone()
    }
}

impl<T: Moving> Calibrator for T {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.population().ensemble.view()
    }

    fn wanted(&self) -> Vec<usize> {
        self.ids()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        if self.ended() {
            return Err(AssimilationError::Finished { t: self.population().t });
        }
        let ids = self.ids();
        let told = self.data().part(&ids).hear(outputs, self.population())?;
        let length = self.advance(&told)?;
        Ok(self.population_mut().record(told, length, ids.len()))
    }

    fn done(&self) -> bool {
        self.ended()
    }

    fn steps(&self) -> &[Step] {
        &self.population().steps
    }

    fn claim(&self) -> Claim {
        Moving::claim(self)
    }

    fn sample(&self) -> Array2<f64> {
        Moving::sample(self)
    }
}

/// Ensembles of several steps, pooled (rows).
pub(super) fn pooled(kept: &Array2<f64>, ensemble: &Array2<f64>) -> Array2<f64> {
    // Both have one column for each parameter.
    concatenate(Axis(0), &[kept.view(), ensemble.view()]).unwrap_or_default()
}

/// Refuses a length of steps outside (0, 1].
pub(super) fn require_step(value: f64) -> Result<(), AssimilationError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    let (option, range) = ("step", "(0, 1]");
    Err(AssimilationError::Option { option, value, range })
}

impl Data {
    /// What a population's members tell.
    pub(super) fn hear(
        &self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
        population: &Population,
    ) -> Result<Told, AssimilationError> {
        self.sort_out(outputs, (population.ensemble.nrows(), population.min_members))
    }
}
