//! The state of a column in eleven rows: plant pools as means over tiles, organic pools of the whole profile, water of the
//! upper and of the lower soil. For monthly observations of fluxes, which say nothing of layers.

use std::ops::Range;

use reterra_assimilation::AssimilationError;
use reterra_assimilation::state::Layout;
use reterra_land::column::{Column, ColumnState};
use reterra_land::soil::LAYERS;

use super::pools::{self, Added, PLANT, SOIL, factor};

/// Layers of the upper soil (to 0.48 m) and of the lower.
const WATER: [(&str, Range<usize>); 2] = [("water_upper", 0..6), ("water_lower", 6..LAYERS)];

/// The layout, the same for every column.
///
/// # Errors
/// None.
pub fn layout() -> Result<Layout, AssimilationError> {
    let plants = PLANT.iter().map(|pool| pools::block(pool.name, "gC m-2"));
    let soil = SOIL.iter().map(|pool| pools::block(pool.name, "gC m-2"));
    let water = WATER.iter().map(|(name, _)| pools::block(name, "kg m-2"));
    Layout::new(plants.chain(soil).chain(water).collect())
}

/// Physical rows of one member: g or kg m⁻² of the column.
#[must_use]
pub fn read(state: &ColumnState, column: &Column) -> Vec<f64> {
    let plants = PLANT.iter().map(|pool| state.mean_over_tiles(column, pool.content));
    let water = WATER.iter().map(|(_, layers)| state.water.liquid[layers.clone()].iter().sum());
    plants.chain(pools::organic(state)).chain(water).collect()
}

/// Moves a member to new rows, as far as one update may; tiles and layers keep their shares. `column` is that of the
/// member after the update, where parameters move with the state.
pub fn write(state: &mut ColumnState, column: &Column, rows: &[f64]) -> Added {
    let before = Added::stocks(state, column);
    let factors: Vec<f64> =
        read(state, column).into_iter().zip(rows).map(|(now, to)| factor(now, *to)).collect();
    let (plants, rest) = factors.split_at(PLANT.len());
    let (soil, water) = rest.split_at(SOIL.len());
    for (pool, scale) in PLANT.iter().zip(plants) {
        state.plants.iter_mut().for_each(|plant| (pool.scale)(plant, *scale));
    }
    pools::scale_soil(state, soil);
    for ((_, layers), scale) in WATER.iter().zip(water) {
        layers.clone().for_each(|layer| pools::scale_water(state, column, layer, *scale));
    }
    // Parameters may have changed with the state, bounds of C:N too.
    state.bound_nitrogen(column);
    Added::stocks(state, column) - before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::land::fixtures::column;

    #[test]
    fn moving_nowhere_adds_nothing_and_moving_reports_what_it_adds() {
        let column = column(1);
        let mut state = ColumnState::cold_start(&column, 283.0);
        let at = read(&state, &column);
        assert_eq!(at.len(), layout().unwrap().rows());
        assert_eq!(write(&mut state, &column, &at), Added::default());
        let wood = state.mean_over_tiles(&column, |plant| plant.livewood + plant.deadwood);
        let mut to = at;
        to[2] *= 1.1;
        let added = write(&mut state, &column, &to);
        assert!((added.carbon - 0.1 * wood).abs() < 1e-9);
        assert!(added.nitrogen > 0.0 && added.water.abs() < 1e-9);
    }

    #[test]
    fn one_update_is_bounded_and_water_fits_its_pores() {
        let column = column(1);
        let mut state = ColumnState::cold_start(&column, 283.0);
        let before = read(&state, &column);
        let to: Vec<f64> = before.iter().map(|x| 100.0 * x).collect();
        write(&mut state, &column, &to);
        let after = read(&state, &column);
        assert!(after.iter().zip(&before).all(|(a, b)| *a <= 2.0 * b + 1e-9));
        for layer in 0..column.hydraulics.layers {
            assert!(state.water.liquid[layer] <= column.hydraulics.capacity[layer] + 1e-9);
        }
    }
}
