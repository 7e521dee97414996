//! The state of a land column as rows that an analysis updates, and back.
//!
//! Leaves, fine roots, wood and storage by tile; litter, woody debris and the three soil pools as whole profiles, whose
//! layers keep their shares; soil water by layer. An update multiplies contents: C:N is kept, nothing turns negative,
//! water fits the pores that ice leaves, and the factor of one update is bounded. What that adds to or takes from carbon,
//! nitrogen and water is told.
//!
//! Soil water is the share of a layer's pores without ice that liquid water fills. Where an update also moves porosity,
//! shares are kept, not amounts.

pub mod coarse;
mod pools;
#[cfg(test)]
pub(super) use pools::fixtures;

use reterra_assimilation::AssimilationError;
use reterra_assimilation::state::{Block, Layout, Map};
use reterra_land::column::{Column, ColumnState};

pub use pools::{Added, LARGEST_FACTOR, TRACE};
use pools::{PLANT, SOIL, factor, scale_soil};

/// Name of the block of soil water.
pub const SOIL_WATER: &str = "soil_water";

/// Upper bound of the logit of soil water: a little above full, so that full layers are not infinitely far from the others
/// (their logit is 3.9). [`write`] lets nothing beyond full.
const BEYOND_FULL: f64 = 1.02;

/// The layout of a column: plant pools by tile, organic pools of the whole profile, water of every layer above bedrock.
///
/// # Errors
/// None for a column that could be made.
pub fn layout(column: &Column) -> Result<Layout, AssimilationError> {
    let tiles = column.tiles.len();
    let content = |name: &str, tiles| Block { layers: 1, tiles, ..pools::block(name, "gC m-2") };
    let plants = PLANT.iter().filter(|_| tiles > 0).map(|pool| content(pool.name, tiles));
    let soil = SOIL.iter().map(|pool| content(pool.name, 1));
    let water = Block {
        name: SOIL_WATER.to_owned(),
        unit: "1".to_owned(),
        layers: column.hydraulics.layers,
        tiles: 1,
        map: Map::Logit { lower: 0.0, upper: BEYOND_FULL },
    };
    Layout::new(plants.chain(soil).chain([water]).collect())
}

/// Physical rows of one member.
#[must_use]
pub fn read(state: &ColumnState, column: &Column) -> Vec<f64> {
    let plants = PLANT.iter().flat_map(|pool| state.plants.iter().map(|plant| (pool.content)(plant)));
    let soil = pools::organic(state);
    let water = (0..column.hydraulics.layers).map(|layer| filled(state, column, layer));
    plants.chain(soil).chain(water).collect()
}

/// Moves a member to new rows, as far as one update may. `column` is that of the member after the update, where
/// parameters move with the state.
pub fn write(state: &mut ColumnState, column: &Column, rows: &[f64]) -> Added {
    let before = Added::stocks(state, column);
    let factors: Vec<f64> =
        read(state, column).into_iter().zip(rows).map(|(now, to)| factor(now, *to)).collect();
    let (plants, rest) = factors.split_at(PLANT.len() * column.tiles.len());
    let (soil, water) = rest.split_at(SOIL.len());
    for (pool, scales) in PLANT.iter().zip(plants.chunks(column.tiles.len().max(1))) {
        state.plants.iter_mut().zip(scales).for_each(|(plant, scale)| (pool.scale)(plant, *scale));
    }
    scale_soil(state, soil);
    for (layer, scale) in water.iter().enumerate() {
        pools::scale_water(state, column, layer, *scale);
    }
    // Parameters may have changed with the state, bounds of C:N too.
    state.bound_nitrogen(column);
    Added::stocks(state, column) - before
}

/// Share of a layer's pores without ice that is filled; pores that ice fills count as full.
fn filled(state: &ColumnState, column: &Column, layer: usize) -> f64 {
    let room = pools::room(state, column, layer);
    if room > TRACE { (state.water.liquid[layer] / room).min(1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::fixtures::column;
    use super::*;
    use ndarray::{Array2, Axis};

    fn stocks(state: &ColumnState, column: &Column) -> [f64; 3] {
        [state.total_carbon(column), state.total_nitrogen(column), state.total_water(column)]
    }

    fn close(added: Added, [carbon, nitrogen, water]: [f64; 3]) {
        let differences = [added.carbon - carbon, added.nitrogen - nitrogen, added.water - water];
        assert!(differences.iter().all(|d| d.abs() < 1e-9), "{added:?}: {differences:?}");
    }

    #[test]
    fn every_row_is_read_where_the_layout_says() {
        let column = column(2);
        let mut state = ColumnState::cold_start(&column, 283.0);
        state.plants[1].froot = 77.0;
        state.soil.carbon[3][6] = 5.0;
        state.soil.carbon[9][6] = 6.0;
        state.water.liquid[4] = 0.25 * column.hydraulics.capacity[4];
        let layout = layout(&column).unwrap();
        let rows = read(&state, &column);
        assert_eq!(rows.len(), layout.rows());
        let at = |name: &str, layer, tile| rows[layout.row(name, layer, tile).unwrap()];
        assert!((at("froot", 0, 1) - 77.0).abs() < 1e-12);
        assert!((at("som_passive", 0, 0) - 11.0).abs() < 1e-12);
        assert!((at(SOIL_WATER, 4, 0) - 0.25).abs() < 1e-15);
    }

    #[test]
    fn writing_what_was_read_changes_no_bit() {
        let column = column(2);
        let mut state = ColumnState::cold_start(&column, 283.0);
        state.soil.carbon[2] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        state.water.ice[1] = 3.0;
        let before = state.clone();
        let rows = read(&state, &column);
        let added = write(&mut state, &column, &rows);
        assert_eq!(state, before);
        close(added, [0.0; 3]);
    }

    #[test]
    fn an_update_moves_its_own_tile_layer_and_profile_and_tells_what_it_added() {
        let column = column(2);
        let mut state = ColumnState::cold_start(&column, 283.0);
        for layer in 0..5 {
            state.soil.carbon[layer][5] = 100.0 / (layer + 1) as f64;
            state.soil.nitrogen[layer][5] = 8.0 / (layer + 1) as f64;
        }
        let before = state.clone();
        let layout = layout(&column).unwrap();
        let mut rows = read(&state, &column);
        for (name, layer, tile, scale) in
            [("wood", 0, 1, 1.5), ("som_slow", 0, 0, 0.8), (SOIL_WATER, 3, 0, 1.2)]
        {
            rows[layout.row(name, layer, tile).unwrap()] *= scale;
        }
        let added = write(&mut state, &column, &rows);
        assert_eq!(state.plants[0], before.plants[0]);
        let plant = |s: &ColumnState| s.plants[1].livewood + s.plants[1].deadwood;
        assert!((plant(&state) - 1.5 * plant(&before)).abs() < 1e-9);
        for layer in 0..5 {
            assert!((state.soil.carbon[layer][5] - 0.8 * before.soil.carbon[layer][5]).abs() < 1e-12);
            assert!((state.soil.nitrogen[layer][5] - 0.8 * before.soil.nitrogen[layer][5]).abs() < 1e-12);
        }
        assert!((state.water.liquid[3] - 1.2 * before.water.liquid[3]).abs() < 1e-12);
        let (after, earlier) = (stocks(&state, &column), stocks(&before, &column));
        close(added, std::array::from_fn(|k| after[k] - earlier[k]));
        assert!(added.water > 0.0 && added.carbon != 0.0);
    }

    #[test]
    fn no_update_is_larger_than_its_bound_or_fills_more_than_the_pores() {
        let column = column(1);
        for scale in [0.0, 1e-9, 1e9] {
            let mut state = ColumnState::cold_start(&column, 283.0);
            state.water.ice[2] = 0.3 * column.hydraulics.capacity[2];
            let before = state.clone();
            let rows: Vec<f64> = read(&state, &column).into_iter().map(|x| x * scale).collect();
            write(&mut state, &column, &rows);
            for (now, was) in read(&state, &column).into_iter().zip(read(&before, &column)) {
                assert!(
                    now >= was / LARGEST_FACTOR - 1e-12 && now <= was * LARGEST_FACTOR + 1e-12,
                    "{was} {now}"
                );
            }
            for layer in 0..column.hydraulics.layers {
                let room = column.hydraulics.capacity[layer] - state.water.ice[layer];
                assert!((0.0..=room + 1e-12).contains(&state.water.liquid[layer]), "layer {layer}");
            }
            assert!(state.plants.iter().all(|p| p.leaf >= 0.0 && p.nitrogen.leaf >= 0.0));
        }
    }

    #[test]
    fn an_ensemble_goes_through_an_analysis_within_its_bounds() {
        let column = column(2);
        let layout = layout(&column).unwrap();
        let states: Vec<ColumnState> = (0..8)
            .map(|m| {
                let mut state = ColumnState::cold_start(&column, 283.0);
                state.plants[0].deadwood *= 1.0 + 0.1 * f64::from(m);
                for layer in 0..column.hydraulics.layers {
                    state.water.liquid[layer] =
                        (0.5 + 0.03 * f64::from(m)) * column.hydraulics.capacity[layer];
                }
                state
            })
            .collect();
        let mut e = Array2::zeros((8, layout.rows()));
        for (mut row, state) in e.rows_mut().into_iter().zip(&states) {
            row.assign(&ndarray::Array1::from(read(state, &column)));
        }
        let top = layout.row(SOIL_WATER, 1, 0).unwrap();
        let he = e.column(top).to_owned().insert_axis(Axis(1));
        let mapped = layout.forward(e.view_mut()).unwrap();
        let analysis = reterra_assimilation::analyse(he.view(), &[0.55], &[0.02 * 0.02], 1.0).unwrap();
        analysis.apply(e.view_mut()).unwrap();
        layout.back(&mapped, e.view_mut()).unwrap();
        let mut water = 0.0;
        for (row, state) in e.rows().into_iter().zip(&states) {
            let mut moved = state.clone();
            water += write(&mut moved, &column, &row.to_vec()).water;
            assert!((filled(&moved, &column, 1) - row[top]).abs() < 1e-9);
        }
        // From 0.605.
        let mean = e.column(top).mean().unwrap();
        assert!(water < 0.0, "{water}");
        assert!((mean - 0.55).abs() < 0.02, "{mean}");
    }
}
