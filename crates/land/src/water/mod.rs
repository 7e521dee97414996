//! Water: snow, interception, evapotranspiration and the soil column.

pub mod evapotranspiration;
pub mod hydraulics;
pub mod snow;
pub mod soil_water;

use crate::batched;
use serde::{Deserialize, Serialize};

use crate::soil::grid::LAYERS;

batched! {
    /// Water of a column, kg m⁻² (mm).
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct WaterState {
        /// On the leaves.
        pub canopy: T,
        /// Snow, water equivalent.
        pub snow: T,
        /// Liquid water by soil layer.
        pub liquid: [T; LAYERS],
        /// Ice by soil layer.
        pub ice: [T; LAYERS],
    }
}

impl WaterState {
    /// All water of the column, mm.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.canopy + self.snow + self.liquid.iter().sum::<f64>() + self.ice.iter().sum::<f64>()
    }
}
