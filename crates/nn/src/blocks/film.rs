//! Conditioning by a vector (Perez et al. 2018, doi:10.1609/aaai.v32i1.11671): model parameters and scenario scale and
//! shift the channels, so that one network serves a whole ensemble of parameters.

use candle_core::Tensor;

use super::Linear;
use crate::error::NnError;
use crate::ops::modulate;
use crate::parameters::Scope;

/// Scales and shifts of channels, affine in a vector. It changes nothing until it is trained.
#[derive(Clone, Debug)]
pub struct Film {
    map: Linear,
}

impl Film {
    /// From a vector of so many numbers.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(mut scope: Scope<'_>, condition: usize, dim: usize) -> Result<Self, NnError> {
        Ok(Self { map: Linear::zero(scope.child("film"), condition, 2 * dim)? })
    }

    /// `x` (batch, tokens, dim) with the channels of each sample scaled and shifted by `condition` (batch, width).
    ///
    /// # Errors
    /// As [`modulate()`].
    pub fn forward(&self, x: &Tensor, condition: &Tensor) -> Result<Tensor, NnError> {
        modulate(x, &self.map.forward(condition)?)
    }
}
