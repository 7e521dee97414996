//! CLM's accelerated decomposition: slow pools turn over and mix faster, hold less by the same factor, and are
//! multiplied back in the end.
//!
//! Factors and their growth with latitude are those of CLM5 (Thornton and Rosenbloom 2005,
//! doi:10.1016/j.ecolmodel.2005.04.008; Koven et al. 2013, doi:10.5194/bg-10-7109-2013; `spinup_state` 2 in
//! `SoilBiogeochemDecompCascadeBGCMod`); dead wood dies ten times as fast. CLM multiplies what the pools hold on 1
//! January. At high latitudes accelerated pools have a season, and that day may be 29 % off; here the level comes from
//! the losses of the whole last cycle: it is what the pool would have held if it had been constant.

use super::cycle::Cycle;
use super::matrix::by_giver;
use super::way::Way;
use super::wood;
use crate::column::{Column, ColumnState};
use crate::error::LandError;
use crate::parameters::Parameters;
use crate::soil::cascade::{Cascade, loss_fraction};
use crate::soil::{LAYERS, Pool, SoilParameters};

/// Factor on the mortality of dead wood.
const DEAD_WOOD: f64 = 10.0;
/// Years after which decomposition slows down to normal in any case (CTSM's user guide: 300 to 400).
const MOST_YEARS: f64 = 400.0;
/// Share of a layer's pool that has to decompose in a cycle for its losses to tell its level.
const TELLING: f64 = 1e-6;

/// Pools with other rates, and their place in [`Accelerated::factors`].
const POOLS: [usize; 3] = [Pool::WoodyDebris as usize, Pool::SlowSoil as usize, Pool::PassiveSoil as usize];

/// CLM's increase of acceleration with latitude (degrees): 1.01 at the equator, 5.8 at 45°, 48.6 at 80°.
#[must_use]
pub fn latitude_factor(latitude: f64) -> f64 {
    1.0 + 50.0 / (1.0 + (-0.15 * (latitude.abs() - 60.0)).exp())
}

/// Rates of all pools where conditions multiply them by one, d⁻¹.
fn normal_rates(p: &SoilParameters, sand: f64) -> [f64; 7] {
    Cascade::new(&SoilParameters { decomp_scale: 1.0, ..p.clone() }, sand).rate
}

/// What a pool holds that loses so much in so many `days`, of which conditions make an `exponent` of decay and of which
/// fires take shares of the pool that sum to `burned`.
///
/// A day takes the share 1 − exp(−k) of a pool. Of accelerated pools that is less than k (1.2 % for SOIL3 at 70° N),
/// so losses over shares times the acceleration would be too little: the share has to be that of the normal rate.
fn sustained(lost: f64, (exponent, burned): (f64, f64), days: usize) -> f64 {
    let days = days as f64;
    lost / (days * loss_fraction(exponent / days) + burned)
}

/// Accelerated at first, then running on.
pub(super) struct Accelerated {
    factors: [f64; 3],
    parameters: Parameters,
    drift_limit: f64,
    years: f64,
    over: bool,
}

impl Accelerated {
    pub fn new(column: &Column, drift_limit: f64) -> Self {
        let mut parameters = column.parameters.clone();
        let soil = &mut parameters.soil;
        let latitude = latitude_factor(column.site.at(0).latitude);
        let factors = [0.5 * soil.tau_cwd, soil.tau_s2, soil.tau_s3]
            .map(|factor| if factor > 1.0 { factor * latitude } else { 1.0 });
        soil.tau_cwd /= factors[0];
        soil.tau_s2 /= factors[1];
        soil.tau_s3 /= factors[2];
        soil.spinup_mixing = [factors[1], factors[2]];
        soil.spinup_debris = factors[0];
        Self { factors, parameters, drift_limit, years: 0.0, over: false }
    }

    /// Change of ecosystem carbon, slow pools multiplied back, gC m⁻² yr⁻¹.
    fn drift(&self, column: &Column, cycle: &Cycle) -> f64 {
        let (before, after) = (cycle.before.soil.carbon_by_pool(), cycle.after.soil.carbon_by_pool());
        let hidden: f64 =
            POOLS.iter().zip(self.factors).map(|(&i, factor)| (factor - 1.0) * (after[i] - before[i])).sum();
        (cycle.after.total_carbon(column) - cycle.before.total_carbon(column) + hidden) / cycle.years
    }

    /// Multiplies the slow pools of all layers and elements.
    fn scale(state: &mut ColumnState, factor: impl Fn(usize, usize) -> f64) {
        for j in 0..LAYERS {
            for (k, i) in POOLS.into_iter().enumerate() {
                state.soil.carbon[j][i] *= factor(j, k);
                state.soil.nitrogen[j][i] *= factor(j, k);
            }
        }
    }

    /// Gives the slow pools what their losses over the cycle sustain at their normal rates.
    fn leave(&mut self, column: &Column, cycle: &Cycle) -> ColumnState {
        self.over = true;
        let (trace, mut state) = (&cycle.trace, cycle.after.clone());
        let normal = normal_rates(&column.parameters.soil, column.soil.sand);
        let lost = by_giver(&trace.carbon_loss);
        let fires = trace.fire_exposure();
        Self::scale(&mut state, |j, k| {
            let i = POOLS[k];
            let last = trace.last_carbon[j][i];
            if self.factors[k] <= 1.0 || last <= 0.0 {
                return 1.0;
            }
            let level = if trace.fraction[j][i] > TELLING {
                let lost = lost[j][i] + trace.carbon_burned[j][i];
                sustained(lost, (normal[i] * trace.scalar[j], fires[i]), trace.days)
            } else {
                self.factors[k] * trace.carbon[j][i] / trace.days as f64
            };
            level / last
        });
        state
    }

    /// A cycle in which dead wood died ten times as fast: the same pool, further on its way to its equilibrium.
    fn hurry_wood(column: &Column, cycle: &Cycle, next: &mut ColumnState) {
        for i in 0..column.tiles.len() {
            let [_, turnover] = wood::turnover(column, cycle, i);
            if turnover <= 0.0 {
                continue;
            }
            let further = (-DEAD_WOOD * turnover).exp_m1() / (-turnover).exp_m1();
            let (before, after, plant) =
                (&cycle.before.plants[i], &cycle.after.plants[i], &mut next.plants[i]);
            let hurry = |before: f64, after: f64| (before + further * (after - before)).max(0.0);
            plant.deadwood = hurry(before.deadwood, after.deadwood);
            plant.nitrogen.deadwood = hurry(before.nitrogen.deadwood, after.nitrogen.deadwood);
        }
    }
}

impl Way for Accelerated {
    fn next(&mut self, column: &Column, cycle: &Cycle) -> Result<ColumnState, LandError> {
        if self.over {
            return Ok(cycle.after.clone());
        }
        self.years += cycle.years;
        let at_rest = self.drift(column, cycle).abs() <= self.drift_limit;
        if at_rest || self.years >= MOST_YEARS || cycle.last {
            return Ok(self.leave(column, cycle));
        }
        let mut next = cycle.after.clone();
        Self::hurry_wood(column, cycle, &mut next);
        Ok(next)
    }

    fn start(&self, given: &ColumnState) -> ColumnState {
        let mut state = given.clone();
        Self::scale(&mut state, |_, k| 1.0 / self.factors[k]);
        state
    }

    fn other_parameters(&self) -> Option<&Parameters> {
        (!self.over).then_some(&self.parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soil::fixtures::{litter, seasonal, with_mineral_nitrogen};
    use crate::soil::{OperatorTrace, SoilBiology, SoilInput, SoilState, fixtures, step};

    /// Runs the soil for so many years of the same weather, whose July burns the share `burned`; what the last one left.
    fn run(state: &mut SoilState, p: &SoilParameters, (years, burned): (usize, f64)) -> OperatorTrace {
        let soil = fixtures::column(6);
        let mut trace = OperatorTrace::new();
        for _ in 0..years {
            trace.clear();
            for day in 0..365 {
                let fires = if (181..212).contains(&day) { burned / 31.0 } else { 0.0 };
                let input = SoilInput { burned: fires, ..litter(&soil, 20.0, 1.0) };
                step(state, &soil, &seasonal(day), &input, &SoilBiology::new(p), Some(&mut trace));
            }
        }
        trace
    }

    #[test]
    fn accelerated_losses_tell_the_normal_equilibrium_where_rates_are_no_longer_small() {
        let normal = SoilParameters::default();
        let factors = [222.2, 5.0].map(|factor| factor * latitude_factor(70.0));
        let fast = SoilParameters {
            tau_s3: normal.tau_s3 / factors[0],
            tau_s2: normal.tau_s2 / factors[1],
            spinup_mixing: [factors[1], factors[0]],
            ..normal.clone()
        };
        let mut state = with_mineral_nitrogen(0.5);
        let trace = run(&mut state, &fast, (250, 0.0));
        let (rates, lost) = (normal_rates(&normal, 40.0), by_giver(&trace.carbon_loss));
        for i in [5, 6] {
            for j in 0..LAYERS {
                let level = sustained(lost[j][i], (rates[i] * trace.scalar[j], 0.0), trace.days);
                let factor = if state.carbon[j][i] > 0.0 { level / state.carbon[j][i] } else { 1.0 };
                state.carbon[j][i] *= factor;
                state.nitrogen[j][i] *= factor;
            }
        }
        let distance = run(&mut state, &normal, (1, 0.0))
            .distance_to_equilibrium(&fixtures::column(6), &normal)
            .unwrap();
        assert!(distance[5].abs() < 2e-4 && distance[6].abs() < 2e-4, "{distance:?}");
        // Shares times the acceleration are not exponents here.
        let straight = factors[0] * rates[6] * trace.scalar[0] / trace.fraction[0][6];
        assert!(straight > 1.01, "{straight}");
    }

    #[test]
    fn accelerated_debris_burns_as_much_faster_as_it_rots() {
        let (normal, factor) = (SoilParameters::default(), 0.5 / 0.3 * latitude_factor(40.0));
        let fast =
            SoilParameters { tau_cwd: normal.tau_cwd / factor, spinup_debris: factor, ..normal.clone() };
        let debris = Pool::WoodyDebris as usize;
        let mut state = with_mineral_nitrogen(0.5);
        let trace = run(&mut state, &fast, (60, 0.3));
        let (rates, lost) = (normal_rates(&normal, 40.0), by_giver(&trace.carbon_loss));
        for j in 0..6 {
            let lost = lost[j][debris] + trace.carbon_burned[j][debris];
            let both = (rates[debris] * trace.scalar[j], trace.fire_exposure()[debris]);
            let factor = sustained(lost, both, trace.days) / state.carbon[j][debris];
            state.carbon[j][debris] *= factor;
            state.nitrogen[j][debris] *= factor;
        }
        let trace = run(&mut state, &normal, (1, 0.3));
        let distance = trace.distance_to_equilibrium(&fixtures::column(6), &normal).unwrap();
        assert!(distance[debris].abs() < 0.02, "{distance:?}");
        let [burned, rotted] = [&trace.carbon_burned, &by_giver(&trace.carbon_loss)]
            .map(|pools| pools.iter().map(|layer| layer[debris]).sum::<f64>());
        assert!(burned > 0.2 * rotted, "{burned} {rotted}");
    }

    #[test]
    fn acceleration_grows_with_latitude_as_in_clm() {
        for (latitude, factor) in
            [(0.0, 1.01), (45.0, 5.8), (-45.0, 5.8), (50.5, 10.7), (61.0, 27.9), (80.0, 48.6)]
        {
            assert!((latitude_factor(latitude) / factor - 1.0).abs() < 0.01, "{latitude}");
        }
    }
}
