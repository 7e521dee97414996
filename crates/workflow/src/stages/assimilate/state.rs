//! The state vector of the filter: log-pools that an update may scale, and back.
//!
//! An update multiplies whole pools: leaves, fine roots, wood, storage, litter, woody debris and the three soil
//! pools in all their layers, liquid water of the upper and of the lower soil. C:N is kept, layers keep their
//! shares, nothing turns negative, and the factor of one update is bounded.

use reterra_land::column::{Column, ColumnState};
use reterra_land::plant::state::Vegetation;
use reterra_land::soil::LAYERS;

/// Number of scaled pools.
pub(super) const POOLS: usize = 11;
/// Layers of the upper soil (to 0.48 m).
const UPPER: usize = 6;
/// Largest factor of one update, and its inverse.
const LARGEST_FACTOR: f64 = 2.0;
/// Contents below this are not scaled: their logarithm means nothing.
const TRACE: f64 = 1e-3;

/// Contents of the scaled pools, g or kg m⁻².
pub(super) fn pools(state: &ColumnState, column: &Column) -> [f64; POOLS] {
    let plants = |of: fn(&Vegetation) -> f64| state.mean_over_tiles(column, of);
    let organic = state.soil.carbon_by_pool();
    let water = |layers: std::ops::Range<usize>| state.water.liquid[layers].iter().sum::<f64>();
    [
        plants(|plant| plant.leaf),
        plants(|plant| plant.froot),
        plants(|plant| plant.livewood + plant.deadwood),
        plants(Vegetation::stored),
        organic[0] + organic[1] + organic[2],
        organic[3],
        organic[4],
        organic[5],
        organic[6],
        water(0..UPPER),
        water(UPPER..LAYERS),
    ]
}

/// Their logarithms, the filter's coordinates.
pub(super) fn coordinates(state: &ColumnState, column: &Column) -> [f64; POOLS] {
    pools(state, column).map(|pool| pool.max(TRACE).ln())
}

/// Moves a state to new coordinates within the bounds; gives carbon, nitrogen and water added.
pub(super) fn move_to(state: &mut ColumnState, column: &Column, coordinates: &[f64]) -> [f64; 3] {
    let before = stocks(state, column);
    let now = pools(state, column);
    let factor = |k: usize| {
        if now[k] <= TRACE {
            return 1.0;
        }
        (coordinates[k] - now[k].ln()).exp().clamp(1.0 / LARGEST_FACTOR, LARGEST_FACTOR)
    };
    scale_plant(state, [factor(0), factor(1), factor(2), factor(3)]);
    let soil = [factor(4), factor(4), factor(4), factor(5), factor(6), factor(7), factor(8)];
    for layer in 0..LAYERS {
        for (pool, scale) in soil.iter().enumerate() {
            state.soil.carbon[layer][pool] *= scale;
            state.soil.nitrogen[layer][pool] *= scale;
        }
        let room = (column.hydraulics.capacity[layer] - state.water.ice[layer]).max(0.0);
        let wet = state.water.liquid[layer] * factor(if layer < UPPER { 9 } else { 10 });
        state.water.liquid[layer] = wet.min(room.max(state.water.liquid[layer]));
    }
    // Parameters changed with the state, bounds of C:N too.
    state.bound_nitrogen(column);
    let after = stocks(state, column);
    [after[0] - before[0], after[1] - before[1], after[2] - before[2]]
}

fn scale_plant(state: &mut ColumnState, [leaf, froot, wood, storage]: [f64; 4]) {
    for plant in &mut state.plants {
        plant.leaf *= leaf;
        plant.froot *= froot;
        plant.livewood *= wood;
        plant.deadwood *= wood;
        plant.storage *= storage;
        plant.transfer *= storage;
        let n = &mut plant.nitrogen;
        n.leaf *= leaf;
        n.froot *= froot;
        n.livewood *= wood;
        n.deadwood *= wood;
        n.storage *= storage;
        n.transfer *= storage;
    }
}

fn stocks(state: &ColumnState, column: &Column) -> [f64; 3] {
    [state.total_carbon(column), state.total_nitrogen(column), state.total_water(column)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_land::column::{Base, Cover, Site, USUAL_WIND};
    use reterra_land::energy::solar::SolarTable;
    use reterra_land::fire::Ignition;
    use reterra_land::parameters::Parameters;
    use reterra_land::plant::pft::Pft;

    fn column() -> Column {
        let pft = Pft::BroadleafDeciduousTemperate;
        let site = Site {
            latitude: 51.0,
            elevation: 400.0,
            cover: Cover::whole(pft),
            sand: 40.0,
            clay: 20.0,
            organic: [0.0; LAYERS],
            soil_depth: 2.5,
            base: Base::Open,
            wind: USUAL_WIND,
            nitrogen_deposition: 1.0,
            ignition: Ignition::usual(51.0),
        };
        Column::new(&site, vec![Parameters::for_pft(pft)], SolarTable::new(51.0).into()).unwrap()
    }

    #[test]
    fn moving_nowhere_adds_nothing_and_moving_reports_what_it_adds() {
        let column = column();
        let mut state = ColumnState::cold_start(&column, 283.0);
        let at = coordinates(&state, &column);
        let added = move_to(&mut state, &column, &at);
        assert!(added.iter().all(|a| a.abs() < 1e-9), "{added:?}");
        let mut to = coordinates(&state, &column);
        to[2] += 0.1;
        let wood = state.plants[0].livewood + state.plants[0].deadwood;
        let added = move_to(&mut state, &column, &to);
        assert!((added[0] - wood * (0.1_f64.exp() - 1.0)).abs() < 1e-9);
        assert!(added[1] > 0.0 && added[2].abs() < 1e-9);
    }

    #[test]
    fn one_update_is_bounded_and_water_fits_its_pores() {
        let column = column();
        let mut state = ColumnState::cold_start(&column, 283.0);
        let mut to = coordinates(&state, &column);
        for x in &mut to {
            *x += 5.0;
        }
        let before = pools(&state, &column);
        move_to(&mut state, &column, &to);
        let after = pools(&state, &column);
        for k in 0..9 {
            assert!(after[k] <= 2.0 * before[k] + 1e-9);
        }
        for layer in 0..column.hydraulics.layers {
            assert!(state.water.liquid[layer] <= column.hydraulics.capacity[layer] + 1e-9);
        }
    }
}
