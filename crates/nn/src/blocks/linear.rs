//! An affine map of channels.

use candle_core::Tensor;

use crate::error::NnError;
use crate::ops::linear;
use crate::parameters::Scope;

/// Standard deviation of first weights, as Swin's.
const SD: f64 = 0.02;

/// `x Wᵀ + b` over the last axis.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Small random weights, bias zero.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, inputs: usize, outputs: usize) -> Result<Self, NnError> {
        let weight = scope.normal("weight", (outputs, inputs), SD)?;
        Ok(Self { weight, bias: scope.constant("bias", outputs, 0.0)? })
    }

    /// A map that gives zero until it is trained.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn zero(mut scope: Scope<'_>, inputs: usize, outputs: usize) -> Result<Self, NnError> {
        let weight = scope.constant("weight", (outputs, inputs), 0.0)?;
        Ok(Self { weight, bias: scope.constant("bias", outputs, 0.0)? })
    }

    /// (…, inputs) to (…, outputs).
    ///
    /// # Errors
    /// As [`linear()`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        linear(x, &self.weight, &self.bias)
    }
}
