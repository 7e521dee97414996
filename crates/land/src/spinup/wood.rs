//! The equilibrium of wood, the slow pool of plants: input of a cycle over its turnover rate.

use crate::column::{Column, ColumnState};
use crate::constants::YEAR_DAYS;
use crate::lanes::Real;

/// Largest factor by which one solution may change a pool.
const LARGEST_STEP: f64 = 20.0;

/// Moves live and dead wood to what the cycle's growth sustains, keeping C:N.
///
/// Over a cycle of `days`, losses are rate × mean pool; what the pool gained beside them is its input. At the
/// fixed point the factor is one.
pub(super) fn solve<T: Real>(
    column: &Column<T>,
    before: &ColumnState<T>,
    after: &mut ColumnState<T>,
    days: f64,
) {
    for ((tile, before), plant) in column.tiles.iter().zip(&before.plants).zip(&mut after.plants) {
        let p = &tile.parameters;
        let death = p.r_mort / YEAR_DAYS;
        let live = factor(before.livewood, plant.livewood, (death + p.lwtop_ann / YEAR_DAYS) * days);
        let dead = factor(before.deadwood, plant.deadwood, death * days);
        plant.livewood *= live;
        plant.nitrogen.livewood *= live;
        plant.deadwood *= dead;
        plant.nitrogen.deadwood *= dead;
    }
}

/// Equilibrium over present pool, from the pool before and after and the turnover (rate × time) between.
fn factor<T: Real>(before: T, after: T, turnover: T) -> T {
    let lost = turnover * (before + after) * 0.5;
    let factor = ((after - before) / lost + 1.0).clamp(1.0 / LARGEST_STEP, LARGEST_STEP);
    T::select(lost.over(1e-9), factor, 1.0)
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
