//! Designs: which combinations of uncertain parameters to run a model with, to learn what it is sensitive to.
//!
//! A design lives in probability: a point of it is a number between 0 and 1 for every parameter, which its [`Factor`]
//! turns into a value. [`OneAtATime`] and [`Morris`] go in steps of one parameter, so that a difference of two runs is
//! that parameter's effect; [`LatinHypercube`] and [`Sobol`] fill the space, for emulators, ranges and integrals.

mod effects;
mod factor;
mod latin_hypercube;
mod morris;
mod one_at_a_time;
mod sobol;

pub use effects::{Effect, effects};
pub use factor::{Factor, FactorError};
pub use latin_hypercube::LatinHypercube;
pub use morris::Morris;
pub use one_at_a_time::OneAtATime;
pub use sobol::Sobol;

/// Probability left out at either end of a parameter's distribution by the designs that go in steps.
pub const TAIL: f64 = 0.05;

/// A way to place points.
pub trait Design {
    /// Points for so many parameters; the same seed gives the same points.
    fn sample(&self, parameters: usize, seed: u64) -> Sample;
}

/// Points, one a model run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// By run, the probability of each parameter, within (0, 1).
    pub points: Vec<Vec<f64>>,
    /// Pairs of runs that differ in one parameter.
    pub steps: Vec<Step>,
}

/// Two runs that differ in one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The parameter.
    pub parameter: usize,
    /// The run it is changed from, and the run it is changed in.
    pub runs: [usize; 2],
    /// Change of its probability.
    pub change: f64,
}

impl Sample {
    /// Values of the parameters of a run.
    ///
    /// # Panics
    /// Where there is no such run.
    #[must_use]
    pub fn values(&self, run: usize, factors: &[Factor]) -> Vec<f64> {
        factors.iter().zip(&self.points[run]).map(|(factor, &p)| factor.quantile(p)).collect()
    }
}
