//! Water: snow, interception, evapotranspiration and the soil column.

pub mod canopy_snow;
pub mod evapotranspiration;
pub mod hydraulics;
pub mod snow;
pub mod snow_wind;
pub mod snowpack;
pub mod soil_water;

use serde::{Deserialize, Serialize};

use crate::batched;
use crate::lanes::Real;
use crate::soil::grid::LAYERS;
use snowpack::Snowpack;

batched! {
    /// Snow and soil water of a column, kg m⁻² (mm); what hangs on leaves belongs to the plants.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct WaterState {
        /// Snow.
        pub snow: Snowpack<T>,
        /// Liquid water by soil layer.
        pub liquid: [T; LAYERS],
        /// Ice by soil layer.
        pub ice: [T; LAYERS],
    }
}

impl<T: Real> WaterState<T> {
    /// Snow and water of the soil, mm.
    #[must_use]
    pub fn total(&self) -> T {
        let sum = |layers: &[T; LAYERS]| layers.iter().fold(T::of(0.0), |sum, &layer| sum + layer);
        self.snow.total() + sum(&self.liquid) + sum(&self.ice)
    }
}

#[cfg(test)]
pub(crate) mod fixtures {
    use crate::lanes::{Lanes, Real, WIDTH};

    /// Fails unless every lane holds bit for bit what its column gives alone.
    pub(crate) fn assert_alike(batch: Lanes, alone: impl Fn(usize) -> f64) {
        for k in 0..WIDTH {
            assert_eq!(batch.at(k).to_bits(), alone(k).to_bits(), "{batch:?}: {} in lane {k}", alone(k));
        }
    }
}
