//! Iterative ensemble smoother of parameters: Gauss-Newton on the weights of the prior ensemble, the iteration of the
//! [iterative ensemble Kalman smoother](crate::smoothers::ienks) with the whole record as its window (Bocquet and Sakov
//! 2014, doi:10.1002/qj.2236; Evensen et al. 2019, doi:10.3389/fams.2019.00047). Steps of
//! less than 1 keep it from leaving where its slopes were taken: weights go a part of the way, and so does the information. Claims the posterior near its mode.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::data::{Data, Told, require_members};
use super::population::{Length, Moving, Population, require_step};
use super::tempered::departures;
use crate::AssimilationError;
use crate::smoothers::ienks::Iterate;
use crate::transform::column_means;

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IesOptions {
    /// Length of a Gauss-Newton step, in (0, 1]; 1 solves a linear problem at once.
    pub step: f64,
    /// Mean square of a step's weights, times members, below which it has converged.
    pub tolerance: f64,
    /// Iterations allowed.
    pub max_iterations: u32,
    /// Members that must survive a step; more than parameters in any case.
    pub min_members: usize,
}

impl Default for IesOptions {
    fn default() -> Self {
        Self { step: 0.5, tolerance: 1e-12, max_iterations: 60, min_members: 10 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ies {
    data: Data,
    options: IesOptions,
    /// Prior ensemble.
    prior: Array2<f64>,
    iterate: Iterate,
    population: Population,
    converged: bool,
}

impl Ies {
    /// Starts from a prior ensemble of so many members.
    ///
    /// # Errors
    /// `TooFewMembers`, `Option` for a step outside (0, 1], and those of the data.
    pub fn new(
        problem: &Problem,
        (members, seed): (usize, u64),
        mut options: IesOptions,
    ) -> Result<Self, AssimilationError> {
        options.min_members = options.min_members.max(problem.parameters() + 1);
        require_members(members, members, options.min_members, "the ensemble is too small")?;
        require_step(options.step)?;
        let prior = problem.ensemble(members, seed, 0)?;
        let population = Population::new(prior.clone(), options.min_members, seed);
        let (data, iterate) = (Data::new(&problem.y, &problem.noise)?, Iterate::start(members));
        Ok(Self { data, options, prior, iterate, population, converged: false })
    }
}

impl Moving for Ies {
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
        let white = told.filled(&self.population.ensemble)?;
        let mut next = self.iterate.clone();
        next.advance(&departures(&white, 1.0, self.population.key(0)), None)?;
        let dt = self.options.step;
        self.iterate = next.part_way_from(&self.iterate, dt)?;
        let mean = column_means(self.prior.view());
        self.population.ensemble = self.iterate.present(&(&self.prior - &mean), &mean);
        self.converged = self.iterate.last_step() < self.options.tolerance;
        let last = self.population.steps.len() as u32 + 1 >= self.options.max_iterations;
        Ok(Length { dt, t: self.population.t + dt, capped: last && !self.converged })
    }

    fn ended(&self) -> bool {
        self.converged || self.population.steps.len() as u32 >= self.options.max_iterations
    }
}
