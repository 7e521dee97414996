//! Every method by name, and a process of any of them.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::{
    Calibrator, Claim, Eki, Eks, EksOptions, Etki, Gnki, GnkiOptions, Ies, IesOptions, Problem, Schedule,
    Scope, Step, Teki, TekiOptions, TemperingOptions, Uki, UkiOptions,
};
use crate::{AssimilationError, MemberFailure};

/// A method with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Ensemble transform Kalman inversion.
    Etki(TemperingOptions, Schedule),
    /// Stochastic ensemble Kalman inversion.
    Eki(TemperingOptions, Schedule),
    /// Tikhonov-regularised inversion: a point.
    Teki(TekiOptions),
    /// Unscented Kalman inversion.
    Uki(UkiOptions),
    /// Ensemble Kalman sampler or affine-invariant Langevin dynamics.
    Eks(EksOptions),
    /// Gauss-Newton ensemble Kalman inversion.
    Gnki(GnkiOptions),
    /// Iterative ensemble smoother.
    Ies(IesOptions),
}

impl Default for Method {
    fn default() -> Self {
        Self::Etki(TemperingOptions::default(), Schedule::default())
    }
}

impl Method {
    /// Starts a process of so many members (UKI: of its own number). The seed takes the place of that in the options.
    ///
    /// # Errors
    /// Those of the problem's data and the method's options.
    pub fn start(&self, problem: &Problem, size: (usize, u64)) -> Result<Process, AssimilationError> {
        self.start_within(problem, size, Scope::default())
    }

    /// The same, with steps that see no more than a scope allows.
    ///
    /// # Errors
    /// As [`Self::start`], and `Localisation` for a method that moves its whole ensemble by all observations at once.
    pub fn start_within(
        &self,
        problem: &Problem,
        (members, seed): (usize, u64),
        scope: Scope,
    ) -> Result<Process, AssimilationError> {
        let ensemble = |group| problem.ensemble(members, seed, group);
        let size = (members, seed);
        if let Some(name) = self.whole() {
            scope.require_whole(name)?;
        }
        Ok(match self {
            Self::Etki(options, schedule) => {
                let options = TemperingOptions { seed, ..*options };
                let etki = Etki::new(ensemble(options.group)?, &problem.y, &problem.noise, options)?;
                Process::Etki(etki.with_schedule(schedule.clone())?.within(scope)?)
            }
            Self::Eki(options, schedule) => {
                let options = TemperingOptions { seed, ..*options };
                let eki = Eki::new(ensemble(options.group)?, &problem.y, &problem.noise, options)?;
                Process::Eki(eki.with_schedule(schedule.clone())?.within(scope)?)
            }
            Self::Teki(options) => Process::Teki(Teki::new(problem, size, *options)?.within(scope)?),
            Self::Uki(options) => Process::Uki(Uki::new(problem, seed, *options)?),
            Self::Eks(options) => Process::Eks(Eks::new(problem, size, *options)?),
            Self::Gnki(options) => Process::Gnki(Gnki::new(problem, size, *options)?),
            Self::Ies(options) => Process::Ies(Ies::new(problem, size, *options)?),
        })
    }

    /// The name of a method that moves its whole ensemble by all observations at once.
    fn whole(&self) -> Option<&'static str> {
        match self {
            Self::Etki(..) | Self::Eki(..) | Self::Teki(_) => None,
            Self::Uki(_) => Some("unscented Kalman inversion"),
            Self::Eks(_) => Some("an ensemble Kalman sampler"),
            Self::Gnki(_) => Some("Gauss-Newton Kalman inversion"),
            Self::Ies(_) => Some("an iterative ensemble smoother of parameters"),
        }
    }
}

/// A calibration by any method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// See [`Etki`].
    Etki(Etki),
    /// See [`Eki`].
    Eki(Eki),
    /// See [`Teki`].
    Teki(Teki),
    /// See [`Uki`].
    Uki(Uki),
    /// See [`Eks`].
    Eks(Eks),
    /// See [`Gnki`].
    Gnki(Gnki),
    /// See [`Ies`].
    Ies(Ies),
}

impl Process {
    fn inner(&self) -> &dyn Calibrator {
        match self {
            Self::Etki(process) => process,
            Self::Eki(process) => process,
            Self::Teki(process) => process,
            Self::Uki(process) => process,
            Self::Eks(process) => process,
            Self::Gnki(process) => process,
            Self::Ies(process) => process,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Calibrator {
        match self {
            Self::Etki(process) => process,
            Self::Eki(process) => process,
            Self::Teki(process) => process,
            Self::Uki(process) => process,
            Self::Eks(process) => process,
            Self::Gnki(process) => process,
            Self::Ies(process) => process,
        }
    }
}

impl Calibrator for Process {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.inner().ask()
    }

    fn wanted(&self) -> Vec<usize> {
        self.inner().wanted()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        self.inner_mut().tell(outputs)
    }

    fn done(&self) -> bool {
        self.inner().done()
    }

    fn steps(&self) -> &[Step] {
        self.inner().steps()
    }

    fn claim(&self) -> Claim {
        self.inner().claim()
    }

    fn sample(&self) -> Array2<f64> {
        self.inner().sample()
    }
}
