//! The equilibrium of wood, the slow pool of plants: input of a cycle over its turnover rate.

use super::cycle::Cycle;
use crate::column::{Column, ColumnState};
use crate::constants::YEAR_DAYS;
use crate::fire::FireTraits;
use crate::plant::state::Vegetation;

/// Largest factor by which one solution may change a pool.
const LARGEST_STEP: f64 = 20.0;
/// Pools whose turnover of a cycle is below this, g m⁻², are empty.
const EMPTY: f64 = 1e-9;

/// Moves carbon and nitrogen of live and dead wood to what the cycle's growth sustains.
///
/// Over a cycle, losses are rate × mean pool; what the pool gained beside them is its input. At the fixed point the
/// factor is one.
pub(super) fn solve(column: &Column, cycle: &Cycle, state: &mut ColumnState) {
    for (i, plant) in state.plants.iter_mut().enumerate() {
        let [live, dead] = factors(column, cycle, i, |plant| [plant.livewood, plant.deadwood]);
        plant.livewood *= live;
        plant.deadwood *= dead;
        let n = &mut plant.nitrogen;
        let [live, dead] =
            factors(column, cycle, i, |plant| [plant.nitrogen.livewood, plant.nitrogen.deadwood]);
        n.livewood *= live;
        n.deadwood *= dead;
    }
}

/// (equilibrium − mean) / equilibrium of the carbon of live and dead wood.
///
/// The farthest of all tiles.
pub(super) fn distance(column: &Column, cycle: &Cycle) -> [f64; 2] {
    let farther = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
    (0..column.tiles.len()).fold([0.0; 2], |farthest, i| {
        let of_tile = factors(column, cycle, i, |plant| [plant.livewood, plant.deadwood]);
        let of_tile = of_tile.map(|factor| 1.0 - 1.0 / factor);
        [farther(farthest[0], of_tile[0]), farther(farthest[1], of_tile[1])]
    })
}

/// Equilibrium over mean pool, of an element of live and dead wood of a tile.
fn factors(column: &Column, cycle: &Cycle, tile: usize, wood: fn(&Vegetation) -> [f64; 2]) -> [f64; 2] {
    let before = wood(&cycle.before.plants[tile]);
    let after = wood(&cycle.after.plants[tile]);
    let turnover = turnover(column, cycle, tile);
    std::array::from_fn(|k| factor(before[k], after[k], turnover[k]))
}

/// Turnover of live and dead wood of a tile over the cycle: mortality, live wood that becomes dead wood, and fire.
pub(super) fn turnover(column: &Column, cycle: &Cycle, tile: usize) -> [f64; 2] {
    let tile = &column.tiles[tile];
    let p = &tile.parameters;
    let years = cycle.trace.days as f64 / YEAR_DAYS;
    let burned = column.fire.burned_tile(tile.pft, cycle.trace.burned);
    let [live, dead] = FireTraits::of(tile.pft).wood_loss(p.stem_share()).map(|share| share * burned);
    [(p.r_mort + p.lwtop_ann) * years + live, p.r_mort * years + dead]
}

/// Equilibrium over present pool, from the pool before and after and the turnover (rate × time) between, bounded.
fn factor(before: f64, after: f64, turnover: f64) -> f64 {
    let lost = turnover * (before + after) * 0.5;
    if lost > EMPTY { ((after - before) / lost + 1.0).clamp(1.0 / LARGEST_STEP, LARGEST_STEP) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_input_gives_input_over_rate() {
        // dX = 300 − 0.02 X a year: equilibrium 15,000.
        let mut pool = 1_000.0_f64;
        for _ in 0..10 {
            let before = pool;
            for _ in 0..3650 {
                pool += (300.0 - 0.02 * pool) / 365.0;
            }
            pool *= factor(before, pool, 0.2);
        }
        assert!((pool / 15_000.0 - 1.0).abs() < 1e-6, "{pool}");
    }
}
