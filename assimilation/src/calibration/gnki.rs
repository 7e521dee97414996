//! Gauss-Newton ensemble Kalman inversion: each member takes Gauss-Newton steps towards the mode of its own perturbed
//! problem, with slopes from the whole ensemble (Chada et al. 2021, doi:10.3934/fods.2021011, iterative ensemble Kalman
//! filter with statistical linearisation; Chen and Oliver 2012, doi:10.1007/s11004-011-9376-z).
//!
//! `u ← u + α (K (yⱼ - G(u)) + (I - K J) (mⱼ - u))` with `K = C₀ Jᵀ (J C₀ Jᵀ + Γ)⁻¹`, where `yⱼ ~ N(y, β Γ)` and
//! `mⱼ ~ N(m₀, β C₀)` are drawn anew each step. With `β = (2 - α) / α` the stationary covariance of a linear problem is
//! the posterior's at any step α. Claims the posterior near its mode; its sample is the ensembles of the second half.

use ndarray::{Array2, Axis};
use reterra_statistics::Stage;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::data::{Data, Told, require_members};
use super::population::{Length, Moving, Population, pooled, require_step};
use super::problem::NormalPrior;
use crate::AssimilationError;
use crate::linear_algebra::{cholesky, solve_each};
use crate::transform::column_means;

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GnkiOptions {
    /// Length of a Gauss-Newton step, in (0, 1].
    pub step: f64,
    /// Iterations; the ensembles of the second half are the sample.
    pub iterations: u32,
    /// Members that must survive a step; more than parameters in any case.
    pub min_members: usize,
}

impl Default for GnkiOptions {
    fn default() -> Self {
        Self { step: 0.5, iterations: 40, min_members: 10 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gnki {
    data: Data,
    prior: NormalPrior,
    options: GnkiOptions,
    population: Population,
    /// Ensembles of the second half.
    kept: Array2<f64>,
}

impl Gnki {
    /// Starts from a prior ensemble of so many members.
    ///
    /// # Errors
    /// `TooFewMembers` where members don't outnumber parameters, those of the data, `Option` for a step outside (0, 1].
    pub fn new(
        problem: &Problem,
        (members, seed): (usize, u64),
        mut options: GnkiOptions,
    ) -> Result<Self, AssimilationError> {
        options.min_members = options.min_members.max(problem.parameters() + 1);
        require_members(members, members, options.min_members, "the ensemble is too small")?;
        require_step(options.step)?;
        let population = Population::new(problem.ensemble(members, seed, 0)?, options.min_members, seed);
        let kept = Array2::zeros((0, problem.parameters()));
        let (data, prior) = (Data::new(&problem.y, &problem.noise)?, problem.prior());
        Ok(Self { data, prior, options, population, kept })
    }

    /// One step of the survivors, in units of the prior.
    fn descend(&self, told: &Told, z: &mut Array2<f64>) -> Result<(), AssimilationError> {
        let (n, p) = z.dim();
        let m = told.white.ncols();
        let slopes = slopes(z, &told.white)?;
        let mut information = slopes.dot(&slopes.t());
        information.diag_mut().mapv_inplace(|x| x + 1.0);
        let factor = cholesky(information.view(), "information of the observations")?;
        let alpha = self.options.step;
        let noise = self.population.centred_noise((n, m + p), Stage::Calibrate);
        let beta = ((2.0 - alpha) / alpha).sqrt();
        let (of_data, of_prior) = noise.view().split_at(Axis(1), m);
        let data = &told.white + &(&of_data * beta);
        let prior = &of_prior * beta - &*z;
        // K r + (I - K J) q = (I + J Jᵀ)⁻¹ (J r + q), with J as p × m.
        let mut steps = data.dot(&slopes.t()) + prior;
        solve_each(factor.view(), steps.rows_mut());
        z.scaled_add(alpha, &steps);
        Ok(())
    }
}

/// Slopes of predictions by parameters (p × m), by regression over members.
fn slopes(z: &Array2<f64>, white: &Array2<f64>) -> Result<Array2<f64>, AssimilationError> {
    let a = z - &column_means(z.view());
    let g = &column_means(white.view()) - white;
    let factor = cholesky(a.t().dot(&a).view(), "covariance of the ensemble")?;
    let mut slopes = a.t().dot(&g);
    solve_each(factor.view(), slopes.columns_mut());
    Ok(slopes)
}

impl Moving for Gnki {
    fn data(&self) -> &Data {
        &self.data
    }

    fn population(&self) -> &Population {
        &self.population
    }

    fn population_mut(&mut self) -> &mut Population {
        &mut self.population
    }

    fn advance(&mut self, told: &Told) -> Result<Length, AssimilationError> {
        let mut z = self.prior.whiten(&self.population.survivors(told));
        self.descend(told, &mut z)?;
        self.population.put_back(&self.prior.unwhiten(&z), told);
        if 2 * (self.population.steps.len() as u32 + 1) > self.options.iterations {
            self.kept = pooled(&self.kept, &self.population.ensemble);
        }
        let dt = self.options.step;
        Ok(Length { dt, t: self.population.t + dt, capped: false })
    }

    fn ended(&self) -> bool {
        self.population.steps.len() as u32 >= self.options.iterations
    }

    fn sample(&self) -> Array2<f64> {
        if self.kept.is_empty() { self.population.ensemble.clone() } else { self.kept.clone() }
    }
}
