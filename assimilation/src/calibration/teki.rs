//! Tikhonov-regularised ensemble Kalman inversion: the prior is a datum like the others, and the ensemble collapses to the
//! posterior's mode (Chada et al. 2020, doi:10.1137/19M1242331). Claims a point: where it starts and how wide it is at the
//! end say nothing.

use ndarray::{Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use super::batches::Epoch;
use super::data::{Data, Told, require_members};
use super::population::{Length, Moving, Population};
use super::problem::NormalPrior;
use super::reach::{Reach, Scope};
use super::schedule::data_misfit_step;
use super::tempered::{departures, moved};
use super::{Claim, Problem};
use crate::AssimilationError;
use crate::analysis::Domain;
use crate::filters::Etkf;
use crate::transform::{column_means, column_sds};

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TekiOptions {
    /// Largest standard deviation of a parameter in units of its prior's at which the ensemble has collapsed.
    pub collapsed: f64,
    /// Iterations allowed; with batches: epochs.
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
    reach: Reach,
    epoch: Epoch,
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
        let data = Data::new(&problem.y, &problem.noise)?;
        let (reach, epoch) = (Reach::default(), Epoch::new(1, data.len()));
        Ok(Self { data, prior: problem.prior(), options, reach, epoch, population })
    }

    /// Confines observations to the parameters they reach, and takes them in so many random batches. The prior of a
    /// parameter reaches that parameter, and counts once an epoch.
    ///
    /// # Errors
    /// As [`Tempered::with_reach`](super::Tempered::with_reach) and
    /// [`Tempered::with_batches`](super::Tempered::with_batches).
    pub fn within(mut self, scope: Scope) -> Result<Self, AssimilationError> {
        scope.check((self.population.ensemble.ncols(), &self.data))?;
        self.epoch = Epoch::new(scope.batches, self.data.len());
        self.reach = scope.reach;
        Ok(self)
    }

    /// Residuals of the data, then of the prior's share of this batch.
    fn augmented(&self, told: &Told, parameters: &Array2<f64>) -> Array2<f64> {
        let share = (1.0 / self.epoch.batches() as f64).sqrt();
        let prior = self.prior.whiten(parameters) * -share;
        // Both have one row for each survivor.
        concatenate(Axis(1), &[told.white.view(), prior.view()]).unwrap_or_else(|_| told.white.clone())
    }

    /// Groups that see their observations among those of `ids`, and the priors of their own parameters after them.
    fn groups(
        &self,
        (parameters, white): (&Array2<f64>, &Array2<f64>),
        ids: &[usize],
    ) -> Result<Option<Vec<Domain>>, AssimilationError> {
        let mut groups = self.reach.groups(parameters, white, ids)?;
        if matches!(self.reach, Reach::Groups(_)) {
            for group in groups.iter_mut().flatten() {
                let own = group.columns.iter().map(|column| (ids.len() + column, 1.0));
                group.observations.extend(own);
            }
        }
        Ok(groups)
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

    fn ids(&self) -> Vec<usize> {
        self.epoch.batch(self.population.seed, self.population.group)
    }

    fn advance(&mut self, told: &Told) -> Result<Length, AssimilationError> {
        let mut survivors = self.population.survivors(told);
        let white = self.augmented(told, &survivors);
        let misfits: Vec<f64> = white.rows().into_iter().map(|r| 0.5 * r.dot(&r)).collect();
        let (dt, _) = self.epoch.step.unwrap_or_else(|| (data_misfit_step(&misfits, white.ncols()), false));
        let seen = departures(&white, dt, self.population.key(0));
        let groups = self.groups((&survivors, &white), &self.ids())?;
        moved(&Etkf, &seen, (&mut survivors, groups))?;
        self.population.put_back(&survivors, told);
        self.epoch.step = Some((dt, false));
        let t = if self.epoch.advance() { self.population.t + dt } else { self.population.t };
        Ok(Length { dt, t, capped: self.epoch.number() >= self.options.max_iterations && !self.collapsed() })
    }

    fn ended(&self) -> bool {
        self.epoch.number() >= self.options.max_iterations || self.collapsed()
    }

    fn claim(&self) -> Claim {
        Claim::Point
    }

    fn sample(&self) -> Array2<f64> {
        column_means(self.population.ensemble.view()).insert_axis(Axis(0))
    }
}
