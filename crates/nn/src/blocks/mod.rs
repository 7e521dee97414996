//! Blocks of networks over a grid with depth: each holds its parameters and has a forward pass.

pub mod drop_path;
pub mod film;
pub mod linear;
pub mod merge;
pub mod mlp;
pub mod norm;
pub mod patch;
pub mod position_bias;
pub mod swin;

use candle_core::Tensor;

pub use drop_path::DropPath;
pub use film::Film;
pub use linear::Linear;
pub use merge::{Merge, Split};
pub use mlp::Mlp;
pub use norm::Norm;
pub use patch::{PatchEmbedding, PatchRecovery, Patches};
pub use position_bias::{BiasKind, PositionBias};
pub use swin::{SwinBlock, SwinOptions};

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A prediction: nothing is random.
    Predict,
    /// A step of training.
    Train(Draw),
}

/// Names the random numbers of a step of training: the same draw gives the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The run's seed.
    pub seed: u64,
    /// The part of a step, counted through all steps.
    pub part: u32,
}

/// What blocks get beside their input.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// Prediction or training.
    pub mode: Mode,
    /// The vector that conditions the network, (batch, width).
    pub condition: Option<&'a Tensor>,
    /// Which tokens of the grid are there, (batch, tokens), `u8`; none where all are.
    pub present: Option<&'a Tensor>,
}

impl Pass<'_> {
    /// A prediction without condition, with all tokens there.
    #[must_use]
    pub fn plain() -> Self {
        Self { mode: Mode::Predict, condition: None, present: None }
    }
}
