//! What twin experiments with the land model are scored by, beside parameters.

use reterra_land::column::{Column, ColumnState};

/// A figure of a column's state.
pub(super) struct Figure {
    /// Name in the outcome.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its value.
    pub of: fn(&Column, &ColumnState) -> f64,
}

/// Pools of litter and woody debris come first among those of the soil.
const LITTER_POOLS: usize = 4;

/// What is scored; no observation is of soil, litter, nitrogen or water.
pub(super) const STATES: [Figure; 6] = [
    Figure {
        name: "soil_organic_carbon",
        unit: "gC m-2",
        of: |_, state| state.soil.carbon_by_pool()[LITTER_POOLS..].iter().sum(),
    },
    Figure {
        name: "litter_and_woody_debris",
        unit: "gC m-2",
        of: |_, state| state.soil.carbon_by_pool()[..LITTER_POOLS].iter().sum(),
    },
    Figure { name: "plant_carbon", unit: "gC m-2", of: |column, state| state.vegetation_carbon(column) },
    Figure {
        name: "leaf_carbon",
        unit: "gC m-2",
        of: |column, state| state.mean_over_tiles(column, |plant| plant.leaf),
    },
    Figure { name: "total_nitrogen", unit: "gN m-2", of: |column, state| state.total_nitrogen(column) },
    Figure { name: "total_water", unit: "kg m-2", of: |column, state| state.total_water(column) },
];
