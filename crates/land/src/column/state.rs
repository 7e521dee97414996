//! What a column holds and carries from day to day.

use serde::{Deserialize, Serialize};

use super::setup::{Column, Tile};
use crate::batched;
use crate::lanes::Real;
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
        /// Plants by tile, per area of the tile.
        pub plants: Vec<Vegetation<T>>,
        /// Soil organic matter and mineral nitrogen.
        pub soil: SoilState<T>,
        /// Water.
        pub water: WaterState<T>,
        /// Soil temperature, K.
        pub temperature: [T; LAYERS],
        /// Deepest thaw of this year and of the last, m.
        pub thaw: [T; 2],
        /// Running mean evapotranspiration, mm d⁻¹.
        pub et_mean: T,
        /// Running mean relative humidity of thirty days, as a share of one.
        pub humidity: T,
    }
}

impl ColumnState {
    /// A cold start at a mean annual air temperature, K: CLM's seed plant, moist soil, some mineral nitrogen.
    #[must_use]
    pub fn cold_start(column: &Column, mean_temperature: f64) -> Self {
        let mean = mean_temperature + column.parameters.forc_tbot_offset;
        let mut water = WaterState::default();
        let mut soil = SoilState::default();
        for i in 0..column.hydraulics.layers {
            water.liquid[i] = 0.6 * column.hydraulics.capacity[i];
            soil.nh4[i] = 0.5 * column.soil.root_fraction[i];
            soil.no3[i] = 0.5 * column.soil.root_fraction[i];
        }
        let seed = |tile: &Tile| {
            Vegetation::cold_start(&tile.parameters, tile.pft.is_woody(), tile.pft.leaf_habit(), mean)
        };
        let depth = column.site.at(0).soil_depth;
        Self {
            plants: column.tiles.iter().map(seed).collect(),
            soil,
            water,
            temperature: [mean.max(273.65); LAYERS],
            thaw: [depth, depth],
            et_mean: 1.0,
            humidity: 0.7,
        }
    }
}

impl<T: Real> ColumnState<T> {
    /// Gives every tissue the nitrogen of its target C:N.
    pub fn reset_nitrogen(&mut self, column: &Column<T>) {
        for (plant, tile) in self.plants.iter_mut().zip(&column.tiles) {
            plant.reset_nitrogen(&tile.parameters);
        }
    }

    /// Brings the nitrogen of tissues that were moved, or whose parameters were, within bounds.
    pub fn bound_nitrogen(&mut self, column: &Column<T>) {
        for (plant, tile) in self.plants.iter_mut().zip(&column.tiles) {
            plant.bound_nitrogen(&tile.parameters);
        }
    }

    /// Mean over the column of something plants have, weighted by the tiles' areas.
    #[must_use]
    pub fn mean_over_tiles(&self, column: &Column<T>, of: impl Fn(&Vegetation<T>) -> T) -> T {
        self.plants
            .iter()
            .zip(&column.tiles)
            .fold(T::default(), |sum, (plant, tile)| sum + of(plant) * tile.fraction)
    }

    /// Carbon of plants, gC m⁻² (CLM's TOTVEGC).
    #[must_use]
    pub fn vegetation_carbon(&self, column: &Column<T>) -> T {
        self.mean_over_tiles(column, Vegetation::carbon)
    }

    /// Carbon of plants and soil, gC m⁻² (CLM's TOTECOSYSC).
    #[must_use]
    pub fn total_carbon(&self, column: &Column<T>) -> T {
        self.vegetation_carbon(column) + self.soil.total_carbon()
    }

    /// Nitrogen of plants and soil, gN m⁻² (TOTECOSYSN).
    #[must_use]
    pub fn total_nitrogen(&self, column: &Column<T>) -> T {
        self.mean_over_tiles(column, Vegetation::total_nitrogen) + self.soil.total_nitrogen()
    }

    /// All water, kg m⁻² (TWS).
    #[must_use]
    pub fn total_water(&self, column: &Column<T>) -> T {
        self.mean_over_tiles(column, |plant| plant.intercepted + plant.intercepted_snow) + self.water.total()
    }
}
