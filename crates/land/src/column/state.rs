//! What a column holds and carries from day to day.

use serde::{Deserialize, Serialize};

use super::setup::Column;
use crate::batched;
use crate::lanes::Real;
use crate::plant::pft::LeafHabit;
use crate::plant::state::Vegetation;
use crate::soil::SoilState;
use crate::soil::grid::LAYERS;
use crate::water::WaterState;

batched! {
    /// All prognostic variables of a column.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(bound(
        serialize = "T: Serialize, Vegetation<T>: Serialize",
        deserialize = "T: Deserialize<'de>, Vegetation<T>: Deserialize<'de>"
    ))]
    pub struct ColumnState {
        /// Plants.
        pub plant: Vegetation<T>,
        /// Soil organic matter and mineral nitrogen.
        pub soil: SoilState<T>,
        /// Water.
        pub water: WaterState<T>,
        /// Soil temperature, K.
        pub temperature: [T; LAYERS],
        /// Deepest thaw of this year and of the last, m.
        pub thaw: [T; 2],
    }
}

impl ColumnState {
    /// A cold start at a mean annual air temperature, K: CLM's seed plant, moist soil, some mineral nitrogen.
    #[must_use]
    pub fn cold_start(column: &Column, mean_temperature: f64) -> Self {
        let p = &column.parameters;
        let pft = column.pft;
        let evergreen = pft.leaf_habit() == LeafHabit::Evergreen;
        let mean = mean_temperature + p.forc_tbot_offset;
        let mut water = WaterState { canopy: 0.0, snow: 0.0, liquid: [0.0; LAYERS], ice: [0.0; LAYERS] };
        let mut soil = SoilState::default();
        for i in 0..column.hydraulics.layers {
            water.liquid[i] = 0.6 * column.hydraulics.capacity[i];
            soil.nh4[i] = 0.5 * column.soil.root_fraction[i];
            soil.no3[i] = 0.5 * column.soil.root_fraction[i];
        }
        let depth = column.site.at(0).soil_depth;
        Self {
            plant: Vegetation::cold_start(p, pft.is_woody(), evergreen, mean),
            soil,
            water,
            temperature: [mean.max(273.65); LAYERS],
            thaw: [depth, depth],
        }
    }
}

impl<T: Real> ColumnState<T> {
    /// Carbon of plants and soil, gC m⁻² (CLM's TOTECOSYSC).
    #[must_use]
    pub fn total_carbon(&self) -> T {
        self.plant.carbon() + self.soil.total_carbon()
    }

    /// Nitrogen of plants and soil, gN m⁻² (TOTECOSYSN).
    #[must_use]
    pub fn total_nitrogen(&self) -> T {
        self.plant.total_nitrogen() + self.soil.total_nitrogen()
    }
}
