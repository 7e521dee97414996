//! Parameter vectors: unconstrained numbers of the ensemble methods to parameters of a column.

use reterra_land::error::LandError;
use reterra_land::parameters::Parameters;
use reterra_statistics::prior::Prior;

use crate::config::{Mode, Parameter};

/// The parameters of one vector, in order.
#[derive(Clone, Debug)]
pub struct ParameterSpace {
    parameters: Vec<Parameter>,
}

impl ParameterSpace {
    /// Of the parameters of a workflow.
    #[must_use]
    pub fn new(parameters: Vec<Parameter>) -> Self {
        Self { parameters }
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Their priors.
    #[must_use]
    pub fn priors(&self) -> Vec<Prior> {
        self.parameters.iter().map(|p| p.prior.clone()).collect()
    }

    /// Sets the parameters from unconstrained values; multipliers multiply what is there, shifts are added to it.
    ///
    /// # Errors
    /// [`LandError::ParameterRange`] where a value is out of the model's range.
    pub fn apply(&self, u: &[f64], to: &mut Parameters) -> Result<(), LandError> {
        let theta: Vec<f64> = self.parameters.iter().zip(u).map(|(p, &u)| p.prior.physical(u)).collect();
        self.apply_physical(&theta, to)
    }

    /// As [`Self::apply`], from values, multipliers and shifts as the workflow file means them.
    ///
    /// # Errors
    /// [`LandError::ParameterRange`] where a value is out of the model's range.
    pub fn apply_physical(&self, theta: &[f64], to: &mut Parameters) -> Result<(), LandError> {
        for (parameter, &theta) in self.parameters.iter().zip(theta) {
            let value = match parameter.mode {
                Mode::Value => theta,
                Mode::Scale => theta * to.get(&parameter.name)?,
                Mode::Shift => theta + to.get(&parameter.name)?,
            };
            to.set(&parameter.name, value)?;
        }
        Ok(())
    }
}
