//! How the crate knows a model: a map from parameters to predicted observations that may fail.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::ArrayView2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Why a member has no output. The ensemble survives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct MemberFailure {
    /// The reason, for the report.
    pub reason: String,
}

impl MemberFailure {
    /// A failure for the given reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    /// A run that ends before the last observation.
    #[must_use]
    pub fn shorter() -> Self {
        Self::new("the run ends before the last observation")
    }
}

/// A model as inversion sees it: unconstrained parameters in, predicted observations out.
pub trait ForwardMap: Sync {
    /// Predicts the m observations for the p unconstrained parameters `u` of one member.
    ///
    /// # Errors
    /// A failure that concerns this member only.
    fn evaluate(&self, member: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure>;
}

impl<F: Fn(usize, &[f64]) -> Result<Vec<f64>, MemberFailure> + Sync> ForwardMap for F {
    fn evaluate(&self, member: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        self(member, u)
    }
}

/// Runs all members (rows of `u`, N × p), in parallel on the current rayon pool, results in member order.
/// A member that panics has failed; the others go on.
#[must_use]
pub fn evaluate_members<M: ForwardMap + ?Sized>(
    map: &M,
    u: ArrayView2<'_, f64>,
) -> Vec<Result<Vec<f64>, MemberFailure>> {
    let rows: Vec<Vec<f64>> = u.rows().into_iter().map(|row| row.to_vec()).collect();
    rows.par_iter()
        .enumerate()
        .map(|(member, u)| {
            catch_unwind(AssertUnwindSafe(|| map.evaluate(member, u)))
                .unwrap_or_else(|payload| Err(MemberFailure::new(panic_reason(payload.as_ref()))))
        })
        .collect()
}

fn panic_reason(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    format!("the model panicked: {text}")
}
