//! What a run over a forcing cycle leaves for the semi-analytic spin-up: sums of pools, losses and mixing.

use serde::{Deserialize, Serialize};

use super::burning::{COMPLETENESS, FUELS};
use super::cascade::{FROM, LayerLoss, PATHS};
use super::grid::LAYERS;
use super::state::{POOLS, Pools, SoilState, add, empty};
use crate::batched;
use crate::lanes::Real;

/// Number of pools whose C:N floats: litter and woody debris, the first ones. Soil pools' nitrogen follows carbon.
const FLOATING: usize = 4;

batched! {
    /// Sums over the days of a forcing cycle, by layer and pool; see [`super::step`].
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct OperatorTrace {
        /// Number of days recorded.
        pub days: usize,
        /// Carbon at the start of the first day, gC m-2.
        pub first_carbon: Pools<T>,
        /// Nitrogen at the start of the first day, gN m-2.
        pub first_nitrogen: Pools<T>,
        /// Carbon at the end of the last day, gC m-2.
        pub last_carbon: Pools<T>,
        /// Nitrogen at the end of the last day, gN m-2.
        pub last_nitrogen: Pools<T>,
        /// Carbon at the start of each day, gC m-2 d.
        pub carbon: Pools<T>,
        /// Nitrogen of litter and debris at the start of each day, gN m-2 d.
        pub nitrogen: Pools<T>,
        /// Carbon lost on each path of the cascade, gC m-2.
        pub carbon_loss: [[T; PATHS]; LAYERS],
        /// Nitrogen lost by litter and debris, gN m-2.
        pub nitrogen_loss: Pools<T>,
        /// Share of the column that fire passed, d-1 d.
        pub burned: T,
        /// Carbon of litter and debris that burned, gC m-2.
        pub carbon_burned: Pools<T>,
        /// Nitrogen of litter and debris that burned, gN m-2.
        pub nitrogen_burned: Pools<T>,
        /// Share of each pool that the day's conditions would decompose, d-1 d; the rate of a pool that was empty.
        pub fraction: Pools<T>,
        /// What conditions multiply all rates by, `decomp_scale` included, d.
        pub scalar: [T; LAYERS],
        /// Exchange coefficient of mixing across the lower interface of each layer, m d-1 d.
        pub conductance: [T; LAYERS],
    }
}

impl<T: Real> Default for OperatorTrace<T> {
    fn default() -> Self {
        Self {
            days: 0,
            first_carbon: empty(),
            first_nitrogen: empty(),
            last_carbon: empty(),
            last_nitrogen: empty(),
            carbon: empty(),
            nitrogen: empty(),
            carbon_loss: [[T::default(); PATHS]; LAYERS],
            nitrogen_loss: empty(),
            burned: T::default(),
            carbon_burned: empty(),
            nitrogen_burned: empty(),
            fraction: empty(),
            scalar: [T::default(); LAYERS],
            conductance: [T::default(); LAYERS],
        }
    }
}

impl<T: Real> OperatorTrace<T> {
    /// A trace without days.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all days, to start the next cycle.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn start_day(&mut self, state: &SoilState<T>, conductance: &[T; LAYERS]) {
        if self.days == 0 {
            self.first_carbon = state.carbon;
            self.first_nitrogen = state.nitrogen;
        }
        self.days += 1;
        for j in 0..LAYERS {
            add(&mut self.carbon[j], &state.carbon[j]);
            for i in 0..FLOATING {
                self.nitrogen[j][i] += state.nitrogen[j][i];
            }
            self.conductance[j] += conductance[j];
        }
    }

    /// Records `days` with the given mean contents of layer `j`.
    pub(super) fn add_contents(&mut self, j: usize, carbon: &[T; POOLS], nitrogen: &[T; POOLS], days: f64) {
        add(&mut self.carbon[j], &carbon.map(|c| c * days));
        for i in 0..FLOATING {
            self.nitrogen[j][i] += nitrogen[i] * days;
        }
    }

    /// Records what layer `j` lost, and the `share` of its pools that it could have.
    #[inline]
    pub(super) fn record_loss(&mut self, j: usize, loss: &LayerLoss<T>, share: &[T; POOLS]) {
        add(&mut self.fraction[j], share);
        for path in 0..PATHS {
            self.carbon_loss[j][path] += loss.carbon[path];
            if FROM[path] < FLOATING {
                self.nitrogen_loss[j][FROM[path]] += loss.nitrogen[path];
            }
        }
    }

    /// Records what the conditions of `days` multiply the rates of layer `j` by.
    #[inline]
    pub(super) fn record_scalar(&mut self, j: usize, scalar: T, days: f64) {
        self.scalar[j] += scalar * days;
    }

    /// Records that fire passes the share `burned` of a column and takes the `shares` of what burns there.
    pub(super) fn record_fire(
        &mut self,
        state: &SoilState<T>,
        burned: T,
        shares: &[T; FUELS],
        active: usize,
    ) {
        self.burned += burned;
        for j in 0..active {
            for (i, &share) in shares.iter().enumerate() {
                self.carbon_burned[j][i] += state.carbon[j][i] * share;
                self.nitrogen_burned[j][i] += state.nitrogen[j][i] * share;
            }
        }
    }

    /// Share of each pool that fires would have taken at the pools' normal rates, d-1 d.
    pub(crate) fn fire_exposure(&self) -> [T; POOLS] {
        let mut exposure = [T::default(); POOLS];
        for (exposure, completeness) in exposure.iter_mut().zip(COMPLETENESS) {
            *exposure = self.burned * completeness;
        }
        exposure
    }

    pub(super) fn end_day(&mut self, state: &SoilState<T>) {
        self.last_carbon = state.carbon;
        self.last_nitrogen = state.nitrogen;
    }
}
