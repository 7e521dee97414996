//! Two affine maps with a GELU between them, token by token.

use candle_core::Tensor;

use super::Linear;
use crate::error::NnError;
use crate::ops::gelu;
use crate::parameters::Scope;

/// Channels to more channels and back.
#[derive(Clone, Debug)]
pub struct Mlp {
    widen: Linear,
    narrow: Linear,
}

impl Mlp {
    /// With so many channels in between.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, dim: usize, hidden: usize) -> Result<Self, NnError> {
        let widen = Linear::new(scope.child("widen"), dim, hidden)?;
        Ok(Self { widen, narrow: Linear::new(scope.child("narrow"), hidden, dim)? })
    }

    /// (…, dim) to the same shape.
    ///
    /// # Errors
    /// Those of candle.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        self.narrow.forward(&gelu(&self.widen.forward(x)?)?)
    }
}
