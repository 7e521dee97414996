//! Iterative ensemble smoother of parameters: Gauss-Newton on the weights of the prior ensemble, the iteration of the
//! [iterative ensemble Kalman smoother](crate::smoothers::ienks) with the whole record as its window (Bocquet and Sakov
//! 2014, doi:10.1002/qj.2236; Evensen et al. 2019, doi:10.3389/fams.2019.00047). Steps of
//! less than 1 keep it from leaving where its slopes were taken: weights go a part of the way, and so does the information. Claims the posterior near its mode.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::data::{Data, require_members};
use super::population::{Length, Population};
use super::step::Step;
use super::tempered::departures;
use super::{Calibrator, Claim, Problem};
use crate::smoothers::ienks::Iterate;
use crate::transform::column_means;
use crate::{AssimilationError, MemberFailure};

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
        let (option, value, range) = ("step", options.step, "(0, 1]");
        if !(value > 0.0 && value <= 1.0) {
            return Err(AssimilationError::Option { option, value, range });
        }
        let prior = problem.ensemble(members, seed, 0)?;
        let population = Population::new(prior.clone(), options.min_members, seed);
        let (data, iterate) = (Data::new(&problem.y, &problem.noise)?, Iterate::start(members));
        Ok(Self { data, options, prior, iterate, population, converged: false })
    }
}

impl Calibrator for Ies {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.population.ensemble.view()
    }

    fn wanted(&self) -> Vec<usize> {
        (0..self.data.len()).collect()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        if self.done() {
            return Err(AssimilationError::Finished { t: self.population.t });
        }
        let told = self.data.hear(outputs, &self.population)?;
        let white = told.filled(&self.population.ensemble)?;
        let from = self.iterate.clone();
        self.iterate.advance(&departures(&white, 1.0, self.population.key(0)), None)?;
        let dt = self.options.step;
        self.iterate = self.iterate.clone().part_way_from(&from, dt)?;
        let mean = column_means(self.prior.view());
        self.population.ensemble = self.iterate.present(&(&self.prior - &mean), &mean);
        self.converged = self.iterate.last_step() < self.options.tolerance;
        let last = self.steps().len() as u32 + 1 >= self.options.max_iterations;
        let length = Length { dt, t: self.population.t + dt, capped: last && !self.converged };
        Ok(self.population.record(told, length, self.data.len()))
    }

    fn done(&self) -> bool {
        self.converged || self.steps().len() as u32 >= self.options.max_iterations
    }

    fn steps(&self) -> &[Step] {
        &self.population.steps
    }

    fn claim(&self) -> Claim {
        Claim::Posterior
    }

    fn sample(&self) -> Array2<f64> {
        self.population.ensemble.clone()
    }
}
