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
//! "Posterior" is what a method is derived to give; only for linear models is any of them exact. How far they are off on
//! problems with known posteriors is measured by [`crate::acceptance`]; what has to be right goes through [`crate::ces`].

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
pub use reach::Reach;
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
