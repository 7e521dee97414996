//! Calibration: parameters of a model that can only be run, from observations.
//!
//! A [`Problem`] holds priors, observations and errors; a [`Method`] starts a process on it that owns all of it. A
//! process asks for an ensemble and is told what its members predict, failures included ([`Calibrator`]); it can be
//! serialised between the two. [`run`] does both over a [`ForwardMap`].
//!
//! | method | file | members | claims |
//! |---|---|---|---|
//! | ETKI | [`etki`] | draws, deterministic steps | posterior; exact for linear models |
//! | EKI, ES-MDA | [`eki`] | draws, perturbed observations | posterior, with sampling error |
//! | TEKI | [`teki`] | collapse | a point: the posterior's mode |
//! | UKI | [`uki`] | sigma points | posterior as one normal; exact for linear models |
//! | EKS, ALDI | [`eks`] | interacting Langevin | posterior, by pooling steps |
//! | GNKI | [`gnki`] | Gauss-Newton steps with noise | posterior near its mode; exact for linear models on average |
//! | iterative ensemble smoother | [`ies`] | Gauss-Newton in weights | posterior near its mode; exact for linear models |
//!
//! "Posterior" is what a method is derived to give; only for linear models is any of them exact. What they reach on problems
//! with known posteriors ([`crate::acceptance`]; 50 members, means over 30 seeds; error of the mean in posterior standard
//! deviations, then the ratio of standard deviations, of the worse parameter), `make validate ONLY=ces-1-calibrators`:
//!
//! | method | linear | elliptic, normal prior | elliptic, bounded prior |
//! |---|---|---|---|
//! | ETKI | 0.00, 1.00 | 0.27, 1.05 | 0.72, 1.56 |
//! | ETKI, steps of a quarter | 0.00, 1.00 | 0.19, 0.96 | 0.68, 1.46 |
//! | EKI | 0.05, 0.98 | 0.42, 0.91 | 1.23, 1.39 |
//! | ES-MDA, 8 steps | 0.03, 0.99 | 1.86, 1.21 | 0.72, 1.39 |
//! | UKI | 0.00, 1.00 | 0.15, 0.95 | 0.20, 0.94 |
//! | EKS | 0.00, 0.97 | 0.11, 0.94 | 0.15, 0.93 |
//! | ALDI | 0.00, 1.02 | 0.10, 0.97 | 0.14, 0.96 |
//! | GNKI | 0.00, 1.00 | 0.11, 0.97 | 0.15, 0.95 |
//! | iterative ensemble smoother | 0.00, 1.00 | 0.10, 0.97 | 0.14, 0.96 |
//!
//! ETKI and EKI see a model that bends only through the ensemble's span, which is wide when most of the data are used: what
//! they end with under a bounded prior is no posterior. What has to be right goes through [`crate::ces`].
//!
//! [`Scope`] confines what a step sees: update groups, localisation and batches of observations. ETKI, EKI and TEKI take
//! it; the others move their whole ensemble by all observations at once and refuse it.

mod batches;
pub(crate) mod data;
pub mod eki;
pub mod eks;
pub mod etki;
pub mod gnki;
pub mod ies;
mod method;
mod population;
mod problem;
mod reach;
mod schedule;
mod step;
pub mod teki;
mod tempered;
#[cfg(test)]
mod tests;
pub mod uki;

pub use eki::Eki;
pub use eks::{Eks, EksOptions, Langevin};
pub use etki::Etki;
pub use gnki::{Gnki, GnkiOptions};
pub use ies::{Ies, IesOptions};
pub use method::{Method, Process};
pub(crate) use problem::NormalPrior;
pub use problem::Problem;
pub use reach::{Reach, Scope};
pub use schedule::Schedule;
pub use step::{FailedMember, Step};
pub use teki::{Teki, TekiOptions};
pub use tempered::{Tempered, TemperingOptions};
pub use uki::{Uki, UkiOptions};

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::model::evaluate_members;
use crate::{AssimilationError, ForwardMap, MemberFailure};

/// What the members of a finished calibration stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Draws of an approximate posterior.
    Posterior,
    /// One best point; their spread means nothing.
    Point,
}

/// A calibration under way.
pub trait Calibrator {
    /// Unconstrained parameters to run next (N × p).
    fn ask(&self) -> ArrayView2<'_, f64>;

    /// Observations that the next step wants predictions of, ascending.
    fn wanted(&self) -> Vec<usize>;

    /// Takes the predictions of the wanted observations by its members, in order. An output that is not finite counts
    /// as a failure; failed members are reported and replaced.
    ///
    /// # Errors
    /// `Finished`, `Shape`, or `TooFewMembers`; the calibration is then unchanged and can be told again.
    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError>;

    /// Whether it has come to its end.
    fn done(&self) -> bool;

    /// The steps so far.
    fn steps(&self) -> &[Step];

    /// What [`Self::sample`] stands for.
    fn claim(&self) -> Claim;

    /// Unconstrained parameters (rows) that stand for what was found; see [`Self::claim`].
    fn sample(&self) -> Array2<f64>;
}

/// Runs a calibration to its end, members in parallel, and returns its steps.
///
/// # Errors
/// Those of [`Calibrator::tell`].
pub fn run<M: ForwardMap + ?Sized>(
    map: &M,
    calibration: &mut impl Calibrator,
) -> Result<Vec<Step>, AssimilationError> {
    while !calibration.done() {
        let mut outputs = evaluate_members(map, calibration.ask());
        choose(&mut outputs, &calibration.wanted());
        calibration.tell(&outputs)?;
    }
    Ok(calibration.steps().to_vec())
}

/// Leaves the wanted observations of each output; an output that is too short for that is left as it is.
fn choose(outputs: &mut [Result<Vec<f64>, MemberFailure>], wanted: &[usize]) {
    for values in outputs.iter_mut().flatten().filter(|values| values.len() > wanted.len()) {
        let chosen: Option<Vec<f64>> = wanted.iter().map(|&k| values.get(k).copied()).collect();
        *values = chosen.unwrap_or_else(|| values.clone());
    }
}
