//! The equilibrium of wood, the slow pool of plants: input of a cycle over its turnover rate.

use crate::column::Column;
use crate::constants::YEAR_DAYS;
use crate::plant::state::Vegetation;

/// Largest factor by which one solution may change a pool.
const LARGEST_STEP: f64 = 20.0;

/// Moves live and dead wood to what the cycle's growth sustains, keeping C:N.
///
/// Over a cycle of `days`, losses are rate × mean pool; what the pool gained beside them is its input. At the
/// fixed point the factor is one.
pub(super) fn solve(column: &Column, before: &Vegetation, plant: &mut Vegetation, days: f64) {
    let p = &column.parameters;
    let death = p.r_mort / YEAR_DAYS;
    let live = factor(before.livewood, plant.livewood, days * (death + p.lwtop_ann / YEAR_DAYS));
    let dead = factor(before.deadwood, plant.deadwood, days * death);
    plant.livewood *= live;
    plant.nitrogen.livewood *= live;
    plant.deadwood *= dead;
    plant.nitrogen.deadwood *= dead;
}

/// Equilibrium over present pool, from the pool before and after and the turnover (rate × time) between.
fn factor(before: f64, after: f64, turnover: f64) -> f64 {
    let mean = 0.5 * (before + after);
    let lost = turnover * mean;
    if lost <= 1e-9 {
        return 1.0;
    }
    (1.0 + (after - before) / lost).clamp(1.0 / LARGEST_STEP, LARGEST_STEP)
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
