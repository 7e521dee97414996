//! Land that is not in equilibrium.

use crate::column::{Column, ColumnState};
use crate::soil::{LAYERS, POOLS};

/// Sets a spun-up state out of equilibrium by the site's history: multiplies soil organic matter, litter and wood
/// by `init_som_scale`, `init_litter_scale` and `init_wood_scale` (managed, drained or young land is not in
/// equilibrium; C:N is kept).
pub fn apply_history(state: &mut ColumnState, column: &Column) {
    let p = &column.parameters;
    for layer in 0..LAYERS {
        for pool in 0..POOLS {
            let scale = if pool < 4 { p.init_litter_scale } else { p.init_som_scale };
            state.soil.carbon[layer][pool] *= scale;
            state.soil.nitrogen[layer][pool] *= scale;
        }
    }
    for (plant, tile) in state.plants.iter_mut().zip(&column.tiles) {
        let scale = tile.parameters.init_wood_scale;
        plant.livewood *= scale;
        plant.deadwood *= scale;
        plant.nitrogen.livewood *= scale;
        plant.nitrogen.deadwood *= scale;
    }
}
