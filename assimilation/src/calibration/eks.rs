//! Ensemble Kalman sampler and affine-invariant Langevin dynamics: members that diffuse in the posterior, preconditioned by
//! their own covariance C and with gradients from their own differences (EKS: Garbuno-Inigo et al. 2020,
//! doi:10.1137/19M1251655; ALDI: Garbuno-Inigo et al. 2020, doi:10.1137/19M1304891).
//!
//! Steps are `Δt = min(1/2, 1 / (1 + |D|))` by the size of the drift `D`. The noise of a step has the covariance
//! `Δt (2 - Δt) C`, not `2 Δt C`: then the stationary covariance of a linear problem is the posterior's at any Δt. Claims
//! the posterior: its sample is the ensembles of all steps after half of the pseudo-time.

use ndarray::Array2;
use reterra_statistics::Stage;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::data::{Data, Told, require_members};
use super::population::{Length, Moving, Population, pooled};
use super::problem::NormalPrior;
use crate::AssimilationError;
use crate::transform::column_means;

/// Which dynamics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Langevin {
    /// Ensemble Kalman sampler: its ensemble's finite size is not made up for.
    Eks,
    /// Affine-invariant Langevin dynamics: a drift `(p + 1) / N (u - mean)` away from the mean makes up for the
    /// ensemble's finite size.
    #[default]
    Aldi,
}

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EksOptions {
    /// Dynamics.
    pub dynamics: Langevin,
    /// Pseudo-time to run for; what was far from the posterior at the start decays as `exp(-t)`.
    pub duration: f64,
    /// Iterations allowed.
    pub max_iterations: u32,
    /// Members that must survive a step.
    pub min_members: usize,
}

impl Default for EksOptions {
    fn default() -> Self {
        Self { dynamics: Langevin::default(), duration: 20.0, max_iterations: 400, min_members: 10 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Eks {
    data: Data,
    prior: NormalPrior,
    options: EksOptions,
    population: Population,
    /// Ensembles after half of the pseudo-time.
    kept: Array2<f64>,
}

impl Eks {
    /// Starts from a prior ensemble of so many members.
    ///
    /// # Errors
    /// `TooFewMembers`, those of the data, `Option` for no pseudo-time.
    pub fn new(
        problem: &Problem,
        (members, seed): (usize, u64),
        options: EksOptions,
    ) -> Result<Self, AssimilationError> {
        require_members(members, members, options.min_members, "the ensemble is too small")?;
        if options.duration.is_nan() || options.duration <= 0.0 {
            let (option, value, range) = ("duration", options.duration, "(0, infinity)");
            return Err(AssimilationError::Option { option, value, range });
        }
        let population = Population::new(problem.ensemble(members, seed, 0)?, options.min_members, seed);
        let kept = Array2::zeros((0, problem.parameters()));
        let (data, prior) = (Data::new(&problem.y, &problem.noise)?, problem.prior());
        Ok(Self { data, prior, options, population, kept })
    }

    /// One step of the survivors, in units of the prior; returns Δt.
    fn diffuse(&self, told: &Told, z: &mut Array2<f64>) -> f64 {
        let (n, p) = z.dim();
        let count = (n - 1) as f64;
        let mean = column_means(z.view());
        let a = &*z - &mean;
        let residual_mean = column_means(told.white.view());
        // ⟨G_k - mean G, Γ⁻¹ (y - G_j)⟩ / (N - 1), member j by row.
        let pull = told.white.dot(&(&residual_mean - &told.white).t()) / count;
        let dt = (1.0 / (1.0 + pull.iter().map(|d| d * d).sum::<f64>().sqrt())).min(0.5);
        let covariance = a.t().dot(&a) / count;
        let mut drift = pull.dot(&a) - z.dot(&covariance);
        if self.options.dynamics == Langevin::Aldi {
            drift.scaled_add((p + 1) as f64 / n as f64, &a);
        }
        let noise = self.population.centred_noise((n, n), Stage::Calibrate);
        z.scaled_add(dt, &drift);
        z.scaled_add((dt * (2.0 - dt) / count).sqrt(), &noise.dot(&a));
        dt
    }
}

impl Moving for Eks {
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
        let dt = self.diffuse(told, &mut z);
        self.population.put_back(&self.prior.unwhiten(&z), told);
        let t = self.population.t + dt;
        if t > 0.5 * self.options.duration {
            self.kept = pooled(&self.kept, &self.population.ensemble);
        }
        let last = self.population.steps.len() as u32 + 1 >= self.options.max_iterations;
        Ok(Length { dt, t, capped: last && t < self.options.duration })
    }

    fn ended(&self) -> bool {
        self.population.t >= self.options.duration
            || self.population.steps.len() as u32 >= self.options.max_iterations
    }

    fn sample(&self) -> Array2<f64> {
        if self.kept.is_empty() { self.population.ensemble.clone() } else { self.kept.clone() }
    }
}
