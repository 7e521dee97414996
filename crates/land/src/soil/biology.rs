//! What parameters of the soil's biology come to, worked out once: exponentials and logarithms that every day would
//! compute again.

use super::SoilParameters;
use super::grid::{LAYERS, NODE};
use super::mineral_nitrogen::{PowerLaw, denitrification_limits, nitrification_ph_scalar};
use super::scalars::Response;
use crate::lanes::Real;

/// Parameters of the soil, and what follows from them alone.
#[derive(Clone, Debug)]
pub struct SoilBiology<T: Real = f64> {
    /// The parameters.
    pub(super) parameters: SoilParameters<T>,
    /// How decomposers respond to temperature, water and oxygen.
    pub(super) response: Response<T>,
    /// Depth scalar of decomposition by layer.
    pub(super) depth: [T; LAYERS],
    /// Largest nitrification rate at the soil's pH, d-1.
    pub(super) nitrification: T,
    /// The carbon and the nitrate limit of denitrification.
    pub(super) denitrification: [PowerLaw<T>; 2],
}

impl<T: Real> SoilBiology<T> {
    /// At parameters.
    #[must_use]
    pub fn new(parameters: &SoilParameters<T>) -> Self {
        let response = Response::new(parameters);
        let ph = T::from_lanes(|k| nitrification_ph_scalar(parameters.soil_ph.at(k)));
        Self {
            depth: NODE.map(|depth| response.depth(depth)),
            response,
            nitrification: parameters.k_nitr_max * ph,
            denitrification: denitrification_limits(parameters),
            parameters: parameters.clone(),
        }
    }
}
