//! The contents of a column that updates scale, and by how much at most.

use std::ops::Sub;

use reterra_assimilation::state::{Block, Map};
use reterra_land::column::{Column, ColumnState};
use reterra_land::plant::state::Vegetation;
use reterra_land::soil::Pool;

/// Largest factor of one update, and its inverse.
pub const LARGEST_FACTOR: f64 = 2.0;
/// Contents below this, gC or kg m⁻², are not scaled: their logarithm means nothing.
pub const TRACE: f64 = 1e-3;

/// What an update added to a column (negative: removed).
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Added {
    /// Carbon of plants and soil, gC m⁻².
    pub carbon: f64,
    /// Nitrogen of plants and soil, gN m⁻².
    pub nitrogen: f64,
    /// All water, kg m⁻².
    pub water: f64,
}

impl Added {
    /// Carbon, nitrogen, water.
    #[must_use]
    pub fn by_element(self) -> [f64; 3] {
        [self.carbon, self.nitrogen, self.water]
    }

    /// All that a column holds.
    pub(super) fn stocks(state: &ColumnState, column: &Column) -> Self {
        Self {
            carbon: state.total_carbon(column),
            nitrogen: state.total_nitrogen(column),
            water: state.total_water(column),
        }
    }
}

impl Sub for Added {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            carbon: self.carbon - other.carbon,
            nitrogen: self.nitrogen - other.nitrogen,
            water: self.water - other.water,
        }
    }
}

/// A pool of plants.
pub(super) struct PlantPool {
    pub name: &'static str,
    /// Its carbon, gC m⁻² of the tile.
    pub content: fn(&Vegetation) -> f64,
    /// Multiplies its carbon and nitrogen.
    pub scale: fn(&mut Vegetation, f64),
}

/// The pools of plants.
pub(super) const PLANT: [PlantPool; 4] = [
    PlantPool {
        name: "leaf",
        content: |plant| plant.leaf,
        scale: |plant, by| {
            plant.leaf *= by;
            plant.nitrogen.leaf *= by;
        },
    },
    PlantPool {
        name: "froot",
        content: |plant| plant.froot,
        scale: |plant, by| {
            plant.froot *= by;
            plant.nitrogen.froot *= by;
        },
    },
    PlantPool {
        name: "wood",
        content: |plant| plant.livewood + plant.deadwood,
        scale: |plant, by| {
            plant.livewood *= by;
            plant.deadwood *= by;
            plant.nitrogen.livewood *= by;
            plant.nitrogen.deadwood *= by;
        },
    },
    PlantPool {
        name: "storage",
        content: Vegetation::stored,
        scale: |plant, by| {
            plant.storage *= by;
            plant.transfer *= by;
            plant.nitrogen.storage *= by;
            plant.nitrogen.transfer *= by;
        },
    },
];

/// Organic pools of the soil that are scaled together.
pub(super) struct SoilPool {
    pub name: &'static str,
    pub pools: &'static [Pool],
}

/// The pools of the soil.
pub(super) const SOIL: [SoilPool; 5] = [
    SoilPool { name: "litter", pools: &[Pool::MetabolicLitter, Pool::CelluloseLitter, Pool::LigninLitter] },
    SoilPool { name: "woody_debris", pools: &[Pool::WoodyDebris] },
    SoilPool { name: "som_active", pools: &[Pool::ActiveSoil] },
    SoilPool { name: "som_slow", pools: &[Pool::SlowSoil] },
    SoilPool { name: "som_passive", pools: &[Pool::PassiveSoil] },
];

/// Carbon of each of [`SOIL`] over all layers, gC m⁻².
pub(super) fn organic(state: &ColumnState) -> [f64; SOIL.len()] {
    let carbon = state.soil.carbon_by_pool();
    std::array::from_fn(|k| SOIL[k].pools.iter().map(|&pool| carbon[pool as usize]).sum())
}

/// A content whose logarithm is updated.
pub(super) fn block(name: &str, unit: &str) -> Block {
    Block {
        name: name.to_owned(),
        unit: unit.to_owned(),
        layers: 1,
        tiles: 1,
        map: Map::Log { floor: TRACE },
    }
}

/// What a content is multiplied by to become another, as far as one update may.
pub(super) fn factor(now: f64, to: f64) -> f64 {
    if now <= TRACE { 1.0 } else { (to / now).clamp(1.0 / LARGEST_FACTOR, LARGEST_FACTOR) }
}

/// Multiplies the profiles of [`SOIL`].
pub(super) fn scale_soil(state: &mut ColumnState, factors: &[f64]) {
    for (pool, scale) in SOIL.iter().zip(factors) {
        for &pool in pool.pools {
            let layers = state.soil.carbon.iter_mut().zip(&mut state.soil.nitrogen);
            for (carbon, nitrogen) in layers {
                carbon[pool as usize] *= scale;
                nitrogen[pool as usize] *= scale;
            }
        }
    }
}

/// Pore space of a layer that ice leaves, kg m⁻².
pub(super) fn room(state: &ColumnState, column: &Column, layer: usize) -> f64 {
    (column.hydraulics.capacity[layer] - state.water.ice[layer]).max(0.0)
}

/// Multiplies the liquid water of a layer, up to what it has room for.
pub(super) fn scale_water(state: &mut ColumnState, column: &Column, layer: usize, by: f64) {
    let now = state.water.liquid[layer];
    state.water.liquid[layer] = (now * by).min(room(state, column, layer).max(now));
}

#[cfg(test)]
pub(in crate::ensemble) mod fixtures {
    use reterra_land::column::{Base, Column, Cover, Site, USUAL_WIND};
    use reterra_land::energy::solar::SolarTable;
    use reterra_land::fire::Ignition;
    use reterra_land::parameters::Parameters;
    use reterra_land::plant::pft::Pft;
    use reterra_land::soil::LAYERS;

    /// A column of 2.5 m with beeches, and spruces on 30 % of it where it has two tiles.
    pub fn column(tiles: usize) -> Column {
        let shares = [(Pft::BroadleafDeciduousTemperate, 0.7), (Pft::NeedleleafEvergreenTemperate, 0.3)];
        let cover: Vec<Cover> =
            shares[..tiles].iter().map(|&(pft, fraction)| Cover { pft, fraction }).collect();
        let parameters = cover.iter().map(|c| Parameters::for_pft(c.pft)).collect();
        let site = Site {
            latitude: 51.0,
            elevation: 400.0,
            cover,
            sand: 40.0,
            clay: 20.0,
            organic: [0.0; LAYERS],
            soil_depth: 2.5,
            base: Base::Open,
            wind: USUAL_WIND,
            nitrogen_deposition: 1.0,
            ignition: Ignition::usual(51.0),
        };
        Column::new(&site, parameters, SolarTable::new(51.0).into()).unwrap()
    }
}
