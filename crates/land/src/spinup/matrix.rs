//! The semi-analytic spin-up of soil carbon and nitrogen: solves for the pools that a recorded forcing cycle sustains.
//!
//! `X = (K - A K + V)^-1 I` by column (Xia et al. 2012, doi:10.5194/gmd-5-1259-2012; Lu et al. 2020,
//! doi:10.1029/2020MS002105; Liao et al. 2023, doi:10.1029/2023MS003625). Rates are mean losses over mean pools of the
//! cycle, so that the fixed point of "run a cycle, solve" is the cyclo-stationary state itself, not an approximation
//! by mean conditions; what pools received beyond decomposition and mean mixing is their source, for the same reason.
//! Woody debris feeds litter, litter feeds soil: one scalar sweep per litter pool, then one block sweep (3 x 3 per
//! layer) for the soil pools, which feed each other. Soil nitrogen follows from the fixed C:N. What fire takes of litter
//! and debris is a loss beside decomposition, linear in their contents too.

mod cycle_mean;

use thiserror::Error;

use cycle_mean::{CycleMean, HOLD, Refused};

use crate::soil::cascade::{Cascade, FROM, PATHS, TO};
use crate::soil::grid::{LAYERS, THICKNESS};
use crate::soil::{
    OperatorTrace, POOLS, Pool, Pools, SoilColumn, SoilParameters, SoilState, column_totals, empty,
};

/// Mean contents below this (g m-2) do not define a rate; the mean conditions do.
const TRACE_AMOUNT: f64 = 1e-12;

const CWD: usize = Pool::WoodyDebris as usize;

/// First of the soil pools, which feed each other.
const FIRST_SOIL: usize = Pool::ActiveSoil as usize;

/// Why a cycle cannot be solved for its equilibrium.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SpinupError {
    /// No day was recorded.
    #[error(
        "the trace holds no days: run at least one forcing cycle with it before solving for the equilibrium"
    )]
    EmptyTrace,
    /// The trace holds something that is not a number.
    #[error(
        "the recorded cycle is not finite in pool {pool}, layer {layer} (from the top, starting at 0): \
         check the forcing and the parameters of this column"
    )]
    NotFinite {
        /// CLM's name of the pool.
        pool: &'static str,
        /// Layer, from 0 at the top.
        layer: usize,
    },
    /// A pool to go on from is not a number.
    #[error("a given pool is {value}: check what predicted it")]
    GivenPool {
        /// What it is.
        value: f64,
    },
}

/// Flows by layer and path of the cascade.
type Paths = [[f64; PATHS]; LAYERS];

/// Losses over contents, d-1.
struct Rates {
    /// Carbon by layer and path.
    carbon: Paths,
    /// Nitrogen by layer and pool.
    nitrogen: Pools,
    /// What fire takes of carbon and of nitrogen, by layer and pool.
    fire: [Pools; 2],
}

impl Rates {
    /// All that leaves a pool: carbon, and nitrogen.
    fn total(&self) -> [Pools; 2] {
        let mut total = [by_giver(&self.carbon), self.nitrogen];
        for (total, fire) in total.iter_mut().zip(&self.fire) {
            add(total, fire, 1.0);
        }
        total
    }
}

/// One element's solution.
struct Solution<'a> {
    cycle: CycleMean<'a>,
    /// Mean contents, g m-2.
    contents: Pools,
    /// Which of them are not the solution but the recorded mean.
    refused: Refused,
}

impl OperatorTrace {
    /// The state that the recorded cycle sustains, at the point of the cycle where `state` is (its end).
    ///
    /// Run a whole forcing cycle with an empty trace, then call this with the state reached. Nitrogen limitation,
    /// mineral nitrogen and plants react to the new state: repeat until [`Self::distance_to_equilibrium`] is small.
    /// Guards: a negative solution is set to 0; where one is not finite or above 1e5 g m-2, carbon and nitrogen of the
    /// pool keep their recorded means.
    ///
    /// # Errors
    /// [`SpinupError::EmptyTrace`] without recorded days, [`SpinupError::NotFinite`] where a sum is not finite.
    pub fn solve(
        &self,
        state: &SoilState,
        soil: &SoilColumn,
        p: &SoilParameters,
    ) -> Result<SoilState, SpinupError> {
        let cascade = Cascade::new(p, soil.sand);
        self.solve_with(&self.recorded_rates(&cascade), state, &cascade, p)
    }

    /// As [`Self::solve`], with the rates that the cycle's conditions give where nitrogen does not limit.
    ///
    /// The first guess of a spin-up from bare soil: the scarcity of nitrogen while soil builds up says little about
    /// the equilibrium, and taken for lasting it costs many cycles.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn solve_unlimited(
        &self,
        state: &SoilState,
        soil: &SoilColumn,
        p: &SoilParameters,
    ) -> Result<SoilState, SpinupError> {
        let cascade = Cascade::new(p, soil.sand);
        self.solve_with(&self.unlimited_rates(&cascade), state, &cascade, p)
    }

    /// How far the recorded cycle is from its own equilibrium: `(solved - mean) / solved` of each pool's carbon in
    /// the column. Zero where both are empty.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn distance_to_equilibrium(
        &self,
        soil: &SoilColumn,
        p: &SoilParameters,
    ) -> Result<[f64; POOLS], SpinupError> {
        let cascade = Cascade::new(p, soil.sand);
        let carbon = self.solve_carbon(&self.recorded_rates(&cascade), &cascade)?;
        let (mean, solved) = (column_totals(&carbon.cycle.mean), column_totals(&carbon.contents));
        Ok(std::array::from_fn(|i| {
            let scale = solved[i].max(TRACE_AMOUNT);
            (solved[i] - mean[i]) / scale
        }))
    }

    /// Carbon that each pool received, by layer, from elsewhere than the cascade and mean mixing, gC m-2 d-1: litter
    /// for litter pools, and for soil pools what the record leaves open.
    ///
    /// # Errors
    /// As [`Self::solve`].
    pub fn carbon_source(&self, soil: &SoilColumn, p: &SoilParameters) -> Result<Pools, SpinupError> {
        let cascade = Cascade::new(p, soil.sand);
        Ok(self.solve_carbon(&self.recorded_rates(&cascade), &cascade)?.cycle.source)
    }

    fn solve_with(
        &self,
        rates: &Rates,
        state: &SoilState,
        cascade: &Cascade,
        p: &SoilParameters,
    ) -> Result<SoilState, SpinupError> {
        let mut carbon = self.solve_carbon(rates, cascade)?;
        let mut nitrogen = self.solve_nitrogen(rates, p)?;
        // One element of a pool without the other has no sensible C:N.
        carbon.cycle.hold(&nitrogen.refused, &mut carbon.contents);
        nitrogen.cycle.hold(&carbon.refused, &mut nitrogen.contents);
        let mut next = state.clone();
        carbon.cycle.rescale(&carbon.contents, &mut next.carbon);
        nitrogen.cycle.rescale(&nitrogen.contents, &mut next.nitrogen);
        for j in 0..LAYERS {
            for (pool, cn) in soil_ratios(p) {
                next.nitrogen[j][pool] = next.carbon[j][pool] / cn;
            }
        }
        Ok(next)
    }

    /// Losses over contents; the mean conditions where a pool was empty.
    fn recorded_rates(&self, cascade: &Cascade) -> Rates {
        let mut rates = self.unlimited_rates(cascade);
        let present = TRACE_AMOUNT * self.days as f64;
        for j in 0..LAYERS {
            for (path, &i) in FROM.iter().enumerate() {
                if self.carbon[j][i] > present {
                    rates.carbon[j][path] = self.carbon_loss[j][path] / self.carbon[j][i];
                }
            }
            for i in 0..POOLS {
                if self.nitrogen[j][i] > present {
                    rates.nitrogen[j][i] = self.nitrogen_loss[j][i] / self.nitrogen[j][i];
                    rates.fire[1][j][i] = self.nitrogen_burned[j][i] / self.nitrogen[j][i];
                }
                if self.carbon[j][i] > present {
                    rates.fire[0][j][i] = self.carbon_burned[j][i] / self.carbon[j][i];
                }
            }
        }
        rates
    }

    /// What the mean conditions would decompose.
    fn unlimited_rates(&self, cascade: &Cascade) -> Rates {
        let per_day = 1.0 / self.days.max(1) as f64;
        let nitrogen = self.fraction.map(|layer| layer.map(|share| share * per_day));
        let carbon = nitrogen.map(|rate| std::array::from_fn(|path| rate[FROM[path]] * cascade.path[path]));
        let fire = [self.fire_exposure().map(|share| share * per_day); LAYERS];
        Rates { carbon, nitrogen, fire: [fire; 2] }
    }

    /// Mean contents that carbon inputs and rates of the cycle sustain, gC m-2.
    fn solve_carbon(&self, rates: &Rates, cascade: &Cascade) -> Result<Solution<'_>, SpinupError> {
        let mut received = self.last_carbon;
        add(&mut received, &self.first_carbon, -1.0);
        add(&mut received, &by_giver(&self.carbon_loss), 1.0);
        add(&mut received, &self.carbon_burned, 1.0);
        add(&mut received, &carbon_gains(cascade, &self.carbon_loss), -1.0);
        let [total, _] = rates.total();
        let cycle = self.cycle_mean((&self.carbon, &self.first_carbon), &total, &received)?;
        let mut solved = empty();
        let source = |solved: &Pools| {
            let mut source = cycle.source;
            add(&mut source, &carbon_gains(cascade, &losses(&rates.carbon, solved)), 1.0);
            source
        };
        cycle.solve_debris(&mut solved);
        cycle.solve_litter(&source(&solved), &mut solved);
        let soil_source = source(&solved);
        cycle.solve_soil(&soil_transfers(cascade, &rates.carbon), &soil_source, &mut solved);
        let refused = cycle.guard(&mut solved);
        Ok(Solution { cycle, contents: solved, refused })
    }

    /// Mean contents that nitrogen inputs and rates of litter and debris sustain, gN m-2; soil pools are not solved.
    fn solve_nitrogen(&self, rates: &Rates, p: &SoilParameters) -> Result<Solution<'_>, SpinupError> {
        let mut received = self.last_nitrogen;
        add(&mut received, &self.first_nitrogen, -1.0);
        add(&mut received, &self.nitrogen_loss, 1.0);
        add(&mut received, &self.nitrogen_burned, 1.0);
        add(&mut received, &nitrogen_gains(p, &self.nitrogen_loss), -1.0);
        let [_, total] = rates.total();
        let cycle = self.cycle_mean((&self.nitrogen, &self.first_nitrogen), &total, &received)?;
        let mut solved = empty();
        cycle.solve_debris(&mut solved);
        let mut source = cycle.source;
        add(&mut source, &nitrogen_gains(p, &product(&rates.nitrogen, &solved)), 1.0);
        cycle.solve_litter(&source, &mut solved);
        let refused = cycle.guard(&mut solved);
        Ok(Solution { cycle, contents: solved, refused })
    }

    /// Daily means; `received` is what pools got other than from pools of their layer: litter and net mixing.
    fn cycle_mean<'a>(
        &'a self,
        (content, first): (&Pools, &'a Pools),
        rate: &Pools,
        received: &Pools,
    ) -> Result<CycleMean<'a>, SpinupError> {
        if self.days == 0 {
            return Err(SpinupError::EmptyTrace);
        }
        let days = self.days as f64;
        let (mut mean, mut source) = (empty(), empty());
        add(&mut mean, content, 1.0 / days);
        add(&mut source, received, 1.0 / days);
        add(&mut source, &mean, HOLD);
        let g = self.conductance.map(|sum| sum / days);
        for j in 0..LAYERS - 1 {
            for i in (0..POOLS).filter(|&i| i != CWD) {
                let flux = g[j] * (mean[j][i] / THICKNESS[j] - mean[j + 1][i] / THICKNESS[j + 1]);
                source[j][i] += flux;
                source[j + 1][i] -= flux;
            }
        }
        let mut exposure = self.fraction;
        add(&mut exposure, &[self.fire_exposure(); LAYERS], 1.0);
        let cycle = CycleMean { days, mean, first, rate: *rate, source, exposure, g };
        cycle.check_finite()?;
        Ok(cycle)
    }
}

/// What leaves each pool on all its paths.
pub(super) fn by_giver(paths: &Paths) -> Pools {
    let mut sum = empty();
    for j in 0..LAYERS {
        for (path, &i) in FROM.iter().enumerate() {
            sum[j][i] += paths[j][path];
        }
    }
    sum
}

/// What the pools of a layer pass on to each other, given their losses.
fn carbon_gains(cascade: &Cascade, losses: &Paths) -> Pools {
    let mut gains = empty();
    for j in 0..LAYERS {
        for (path, &i) in TO.iter().enumerate() {
            gains[j][i] += losses[j][path] * cascade.kept[path];
        }
    }
    gains
}

/// Nitrogen that woody debris passes on to litter.
fn nitrogen_gains(p: &SoilParameters, loss: &Pools) -> Pools {
    let mut gains = empty();
    for j in 0..LAYERS {
        gains[j][1] = p.cwd_fcel * loss[j][CWD];
        gains[j][2] = (1.0 - p.cwd_fcel) * loss[j][CWD];
    }
    gains
}

/// Losses of the given contents, by path.
fn losses(rates: &Paths, content: &Pools) -> Paths {
    std::array::from_fn(|j| std::array::from_fn(|path| rates[j][path] * content[j][FROM[path]]))
}

fn product(a: &Pools, b: &Pools) -> Pools {
    std::array::from_fn(|j| std::array::from_fn(|i| a[j][i] * b[j][i]))
}

fn soil_ratios(p: &SoilParameters) -> [(usize, f64); 3] {
    [(4, p.cn_s1), (5, p.cn_s2), (6, p.cn_s3)]
}

/// Rates between the soil pools of each layer, `[to][from]`, d-1.
fn soil_transfers(cascade: &Cascade, rates: &Paths) -> [[[f64; 3]; 3]; LAYERS] {
    let mut transfers = [[[0.0; 3]; 3]; LAYERS];
    for j in 0..LAYERS {
        for path in (0..PATHS).filter(|&path| FROM[path] >= FIRST_SOIL) {
            transfers[j][TO[path] - FIRST_SOIL][FROM[path] - FIRST_SOIL] =
                rates[j][path] * cascade.kept[path];
        }
    }
    transfers
}

fn add(sum: &mut Pools, pools: &Pools, factor: f64) {
    for (sum, value) in sum.iter_mut().flatten().zip(pools.iter().flatten()) {
        *sum += factor * value;
    }
}

#[cfg(test)]
mod tests;
