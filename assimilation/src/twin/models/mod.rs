//! The models of the experiments, one file each.

mod kuramoto_sivashinsky;
mod linear_advection;
mod lorenz63;
mod lorenz96;
mod runge_kutta;
mod two_scale;

use ndarray::ArrayViewMut2;

pub use kuramoto_sivashinsky::KuramotoSivashinsky;
pub use linear_advection::LinearAdvection;
pub use lorenz63::Lorenz63;
pub use lorenz96::Lorenz96;
pub use two_scale::{FAST, SLOW, TwoScale};

/// A model that is deterministic and has no memory beyond its state.
pub trait Model: Send + Sync {
    /// Length of the state.
    fn dimension(&self) -> usize;

    /// Length of a step, in the model's time.
    fn step_length(&self) -> f64;

    /// Takes every state (row) so many steps forward.
    fn advance(&self, states: ArrayViewMut2<'_, f64>, steps: usize);
}
