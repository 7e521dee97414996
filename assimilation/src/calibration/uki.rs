//! Unscented Kalman inversion: a normal distribution carried by 2 p + 1 sigma points (Huang et al. 2022,
//! doi:10.1088/1361-6420/ac99fa).
//!
//! Data are augmented by the prior, and each step forgets half of what it knew: with Δτ = 1/2 the covariance doubles, and
//! the augmented data come with doubled errors. So the fixed point has the likelihood and the prior once each, whatever
//! the start: `1/C ← (1/C) / 2 + (Gᵀ Γ⁻¹ G + 1/C₀) / 2`. (Without forgetting, or stopped early, the prior counts twice:
//! by the start and by the augmented data.) Claims the posterior, as a normal distribution; exact for linear models.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::data::{Data, Told};
use super::problem::NormalPrior;
use super::schedule::mean;
use super::step::Step;
use super::{Calibrator, Claim, Problem};
use crate::ensemble::match_moments;
use crate::linear_algebra::{cholesky, solve_cholesky, solve_each};
use crate::{AssimilationError, MemberFailure};

/// Share of what was known that a step forgets, and of the new information that it takes.
const FORGET: f64 = 0.5;

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UkiOptions {
    /// Change of the mean in standard deviations, and relative change of variances, below which it has converged.
    pub tolerance: f64,
    /// Iterations allowed.
    pub max_iterations: u32,
    /// Draws of the final normal distribution that stand for it.
    pub draws: usize,
}

impl Default for UkiOptions {
    fn default() -> Self {
        Self { tolerance: 1e-6, max_iterations: 60, draws: 1000 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uki {
    data: Data,
    prior: NormalPrior,
    options: UkiOptions,
    seed: u64,
    /// Of parameters in units of the prior, p and p × p.
    mean: Array1<f64>,
    covariance: Array2<f64>,
    /// Sigma points of the predicted distribution, 2 p + 1 rows, the centre first.
    points: Array2<f64>,
    steps: Vec<Step>,
    converged: bool,
}

impl Uki {
    /// Starts at the prior.
    ///
    /// # Errors
    /// Those of the data; `Option` for less than two draws.
    pub fn new(problem: &Problem, seed: u64, options: UkiOptions) -> Result<Self, AssimilationError> {
        if options.draws < 2 {
            let (option, range) = ("draws", "2 and above");
            return Err(AssimilationError::Option { option, value: options.draws as f64, range });
        }
        let p = problem.parameters();
        let mut uki = Self {
            data: Data::new(&problem.y, &problem.noise)?,
            prior: problem.prior(),
            options,
            seed,
            mean: Array1::zeros(p),
            covariance: Array2::eye(p),
            points: Array2::zeros((2 * p + 1, p)),
            steps: Vec::new(),
            converged: false,
        };
        uki.place()?;
        Ok(uki)
    }

    /// Sigma points of the predicted distribution: the mean, and the mean ± the scaled columns of the root of
    /// `C / (1 - Δτ)`.
    fn place(&mut self) -> Result<(), AssimilationError> {
        let p = self.mean.len();
        let root = cholesky((&self.covariance / (1.0 - FORGET)).view(), "covariance of the parameters")?;
        let mut z = Array2::zeros((2 * p + 1, p));
        z += &self.mean;
        let scale = spread(p);
        for k in 0..p {
            let offset = &root.column(k) * scale;
            z.row_mut(1 + 2 * k).scaled_add(1.0, &offset);
            z.row_mut(2 + 2 * k).scaled_add(-1.0, &offset);
        }
        self.points = self.prior.unwhiten(&z);
        Ok(())
    }

    /// Analysis of the predicted distribution by residuals at its sigma points (2 p + 1 × m).
    fn analyse(&mut self, residuals: &Array2<f64>) -> Result<f64, AssimilationError> {
        let p = self.mean.len();
        let z = self.prior.whiten(&self.points);
        // Weights of both points of a pair.
        let weight = 0.5 / spread(p).powi(2);
        let (mut info, mut gradient) = (Array2::eye(p), -&self.mean);
        // Statistical linearisation: slopes J of the predictions by the parameters, from pairs of points.
        let a = &z.view().split_at(Axis(0), 1).1 - &self.mean;
        let r = &residuals.view().split_at(Axis(0), 1).1 - &residuals.row(0);
        let predicted = &self.covariance / (1.0 - FORGET);
        let factor = cholesky(predicted.view(), "covariance of the parameters")?;
        let mut slopes = a.t().dot(&r) * -weight;
        solve_each(factor.view(), slopes.columns_mut());
        // What points tell beyond the linear part is an error of the linearisation.
        let scatter = r.t().dot(&r) * weight;
        let linear = slopes.t().dot(&predicted).dot(&slopes);
        let error = (scatter - linear) * FORGET + Array2::<f64>::eye(r.ncols());
        let error = cholesky(error.view(), "error of the linearised predictions")?;
        let solve = |values: Array1<f64>| {
            let mut values = values.to_vec();
            solve_cholesky(error.view(), &mut values);
            Array1::from(values)
        };
        for k in 0..p {
            let weighted = solve(slopes.row(k).to_owned());
            gradient[k] += weighted.dot(&residuals.row(0));
            info.row_mut(k).scaled_add(1.0, &slopes.dot(&weighted));
        }
        self.move_to(&predicted, (info, gradient))
    }

    /// Takes the share of new information; returns the largest change of mean (sd) and variance (relative).
    fn move_to(
        &mut self,
        predicted: &Array2<f64>,
        (info, gradient): (Array2<f64>, Array1<f64>),
    ) -> Result<f64, AssimilationError> {
        let precision = inverse(predicted)? + info * FORGET;
        let covariance = inverse(&precision)?;
        let step = covariance.dot(&(gradient * FORGET));
        let moved = step.iter().zip(covariance.diag()).map(|(s, v)| s.abs() / v.sqrt());
        let resized = covariance
            .diag()
            .into_iter()
            .zip(self.covariance.diag())
            .map(|(new, old)| (new / old - 1.0).abs());
        let change = moved.chain(resized).fold(0.0, f64::max);
        self.mean += &step;
        self.covariance = covariance;
        Ok(change)
    }

    fn record(&mut self, told: Told, (iteration, capped): (u32, bool)) -> Step {
        let m = self.data.len().max(1) as f64;
        let centre = told.white.row(0);
        let step = Step {
            iteration,
            dt: FORGET,
            t: f64::from(iteration) * FORGET,
            misfit: 2.0 * mean(&told.misfits()) / m,
            mean_misfit: centre.dot(&centre) / m,
            failed: told.failed,
            capped,
        };
        self.steps.push(step.clone());
        step
    }
}

/// Distance of sigma points in standard deviations, `√p` but at most 2 (the smaller scale of Huang et al. keeps them near).
fn spread(p: usize) -> f64 {
    (p as f64).sqrt().min(2.0)
}

fn inverse(a: &Array2<f64>) -> Result<Array2<f64>, AssimilationError> {
    let factor = cholesky(a.view(), "covariance of the parameters")?;
    let mut inverse = Array2::eye(a.nrows());
    solve_each(factor.view(), inverse.rows_mut());
    Ok((&inverse + &inverse.t()) * 0.5)
}

impl Calibrator for Uki {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.points.view()
    }

    fn wanted(&self) -> Vec<usize> {
        (0..self.data.len()).collect()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        let iteration = self.steps.len() as u32 + 1;
        if self.done() {
            return Err(AssimilationError::Finished { t: f64::from(iteration - 1) * FORGET });
        }
        let (n, p) = self.points.dim();
        let told = self.data.sort_out(outputs, (n, p + 1))?;
        let residuals = told.filled(&self.points)?;
        let mut next = self.clone();
        let change = next.analyse(&residuals)?;
        next.converged = change <= self.options.tolerance;
        next.place()?;
        *self = next;
        let capped = !self.converged && iteration >= self.options.max_iterations;
        Ok(self.record(told, (iteration, capped)))
    }

    fn done(&self) -> bool {
        self.converged || self.steps.len() as u32 >= self.options.max_iterations
    }

    fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn claim(&self) -> Claim {
        Claim::Posterior
    }

    fn sample(&self) -> Array2<f64> {
        let mut z = Array2::zeros((self.options.draws, self.mean.len()));
        for (member, mut row) in z.rows_mut().into_iter().enumerate() {
            let key = StreamKey {
                seed: self.seed,
                stage: Stage::Sample,
                cycle: 0,
                member: member as u32,
                column: 0,
            };
            let mut stream = key.stream();
            row.mapv_inplace(|_| stream.normal());
        }
        match_moments(&mut z, &self.mean, self.covariance.view());
        self.prior.unwhiten(&z)
    }
}
