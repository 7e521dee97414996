//! The experiments with published scores, and the methods that they were published for.
//!
//! Scores are those in DAPPER's experiment files (Raanes et al. 2024, doi:10.21105/joss.05150), whose settings follow
//! Sakov et al. 2012 (doi:10.1175/MWR-D-11-00176.1), Anderson 2010 (doi:10.1175/2010MWR3253.1), Sakov and Oke 2008
//! (doi:10.1111/j.1600-0870.2007.00299.x), Bocquet and Farchi 2019 (doi:10.5194/npg-26-143-2019) and Wilks 2005
//! (doi:10.1256/qj.04.03).

mod experiments;
mod rows;

pub use experiments::{kuramoto_sivashinsky, lorenz63, lorenz63_rare, lorenz96, two_scale};
pub use rows::rows;

use super::cycle::Method;
use super::experiment::Experiment;

/// A published score.
pub struct Row {
    /// Short name, `lorenz63-etkf-3`.
    pub name: &'static str,
    /// The method as it is published.
    pub title: &'static str,
    /// The published score.
    pub published: f64,
    /// The score of the same experiment run again with DAPPER 1.7.1.
    pub rerun: f64,
    /// What is allowed beside three standard errors.
    pub tolerance: f64,
    /// The experiment.
    pub experiment: Experiment,
    /// The method.
    pub method: Box<dyn Method>,
}

impl Row {
    /// Least and largest mean score that agrees with the published one: it and the rerun, widened by the larger of the
    /// tolerance and three standard errors.
    #[must_use]
    pub fn gate(&self, standard_error: f64) -> (f64, f64) {
        let width = self.tolerance.max(3.0 * standard_error);
        (self.published.min(self.rerun) - width, self.published.max(self.rerun) + width)
    }
}
