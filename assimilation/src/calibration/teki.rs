//! Tikhonov-regularised ensemble Kalman inversion: the prior is a datum like the others, and the ensemble collapses to the
//! posterior's mode (Chada et al. 2020, doi:10.1137/19M1242331). Claims a point: where it starts and how wide it is at the
//! end say nothing.

use ndarray::{Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use super::data::{Data, Told, require_members};
use super::population::{Length, Moving, Population};
use super::problem::NormalPrior;
use super::schedule::data_misfit_step;
use super::tempered::departures;
use super::{Claim, Problem};
use crate::AssimilationError;
use crate::analysis::TransformFilter;
use crate::filters::Etkf;
use crate::transform::{apply, column_means, column_sds};

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TekiOptions {
    /// Largest standard deviation of a parameter in units of its prior's at which the ensemble has collapsed.
    pub collapsed: f64,
    /// Iterations allowed.
    pub max_iterations: u32,
    /// Members that must survive a step.
    pub min_members: usize,
}

impl Default for TekiOptions {
    fn default() -> Self {
        Self { collapsed: 1e-3, max_iterations: 60, min_members: 10 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Teki {
    data: Data,
    prior: NormalPrior,
    options: TekiOptions,
    population: Population,
}

impl Teki {
    /// Starts from a prior ensemble of so many members.
    ///
    /// # Errors
    /// `TooFewMembers`, and those of the data.
    pub fn new(
        problem: &Problem,
        (members, seed): (usize, u64),
        options: TekiOptions,
    ) -> Result<Self, AssimilationError> {
        require_members(members, members, options.min_members, "the ensemble is too small")?;
        let population = Population::new(problem.ensemble(members, seed, 0)?, options.min_members, seed);
        Ok(Self { data: Data::new(&problem.y, &problem.noise)?, prior: problem.prior(), options, population })
    }

    /// Residuals of the data, then of the prior.
    fn augmented(&self, told: &Told, parameters: &Array2<f64>) -> Array2<f64> {
        let prior = -self.prior.whiten(parameters);
        // Both have one row for each survivor.
        concatenate(Axis(1), &[told.white.view(), prior.view()]).unwrap_or_else(|_| told.white.clone())
    }

    fn collapsed(&self) -> bool {
        let spread = column_sds(self.population.ensemble.view());
        spread.iter().zip(&self.prior.sd).all(|(sd, prior)| *sd <= self.options.collapsed * prior)
    }
}

impl Moving for Teki {
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
        let mut survivors = self.population.survivors(told);
        let white = self.augmented(told, &survivors);
        let misfits: Vec<f64> = white.rows().into_iter().map(|r| 0.5 * r.dot(&r)).collect();
        let dt = data_misfit_step(&misfits, white.ncols());
        let found = Etkf.transform(&departures(&white, dt, self.population.key(0)))?;
        apply(&found.w, &found.t, 1.0, survivors.view_mut());
        self.population.put_back(&survivors, told);
        let last = self.population.steps.len() as u32 + 1 >= self.options.max_iterations;
        Ok(Length { dt, t: self.population.t + dt, capped: last && !self.collapsed() })
    }

    fn ended(&self) -> bool {
        self.population.steps.len() as u32 >= self.options.max_iterations || self.collapsed()
    }

    fn claim(&self) -> Claim {
        Claim::Point
    }

    fn sample(&self) -> Array2<f64> {
        column_means(self.population.ensemble.view()).insert_axis(Axis(0))
    }
}
