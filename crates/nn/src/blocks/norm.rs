//! Layer normalisation of channels.

use candle_core::Tensor;

use crate::error::NnError;
use crate::ops::layer_norm;
use crate::parameters::Scope;

/// Added to variances.
const EPSILON: f64 = 1.0e-5;

/// Mean zero and variance one over the last axis, then scaled and shifted.
#[derive(Clone, Debug)]
pub struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    /// Scale one, shift zero.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, dim: usize) -> Result<Self, NnError> {
        Ok(Self { weight: scope.constant("weight", dim, 1.0)?, bias: scope.constant("bias", dim, 0.0)? })
    }

    /// (…, dim) to the same shape.
    ///
    /// # Errors
    /// As [`layer_norm()`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        layer_norm(x, &self.weight, &self.bias, EPSILON)
    }
}
