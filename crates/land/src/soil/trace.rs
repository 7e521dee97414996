//! What a run over a forcing cycle leaves for the semi-analytic spin-up: sums of pools, losses, inputs and mixing.

use serde::{Deserialize, Serialize};

use super::cascade::{LayerLoss, SIDE, SIDES};
use super::grid::LAYERS;
use super::state::{EMPTY, LANES, Pools, SoilState};

/// Sums over the days of a forcing cycle, by layer and pool; see [`super::step`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OperatorTrace {
    /// Number of days recorded.
    pub days: u32,
    /// Carbon at the start of the first day, gC m-2.
    pub first_carbon: Pools,
    /// Nitrogen at the start of the first day, gN m-2.
    pub first_nitrogen: Pools,
    /// Pools at the start of each day, gC m-2 d.
    pub carbon: Pools,
    /// Nitrogen at the start of each day, gN m-2 d.
    pub nitrogen: Pools,
    /// Carbon lost on the main path of each pool, gC m-2.
    pub main_loss: Pools,
    /// Carbon lost on the side path of each pool, gC m-2.
    pub side_loss: Pools,
    /// Nitrogen lost on both paths, gN m-2.
    pub nitrogen_loss: Pools,
    /// Share of each pool that the day's conditions would decompose, d-1 d; the rate of a pool that was empty.
    pub fraction: Pools,
    /// Litter carbon received, gC m-2.
    pub litter_carbon: Pools,
    /// Litter nitrogen received, gN m-2.
    pub litter_nitrogen: Pools,
    /// Carbon gained by mixing, gC m-2.
    pub mixed_carbon: Pools,
    /// Nitrogen gained by mixing, gN m-2.
    pub mixed_nitrogen: Pools,
    /// Exchange coefficient of mixing across the lower interface of each layer, m d-1 d.
    pub conductance: [f64; LAYERS],
}

impl Default for OperatorTrace {
    fn default() -> Self {
        Self {
            days: 0,
            first_carbon: EMPTY,
            first_nitrogen: EMPTY,
            carbon: EMPTY,
            nitrogen: EMPTY,
            main_loss: EMPTY,
            side_loss: EMPTY,
            nitrogen_loss: EMPTY,
            fraction: EMPTY,
            litter_carbon: EMPTY,
            litter_nitrogen: EMPTY,
            mixed_carbon: EMPTY,
            mixed_nitrogen: EMPTY,
            conductance: [0.0; LAYERS],
        }
    }
}

impl OperatorTrace {
    /// A trace without days.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all days, to start the next cycle.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn start_day(&mut self, state: &SoilState, conductance: &[f64; LAYERS]) {
        if self.days == 0 {
            self.first_carbon = state.carbon;
            self.first_nitrogen = state.nitrogen;
        }
        self.days += 1;
        add(&mut self.carbon, &state.carbon);
        add(&mut self.nitrogen, &state.nitrogen);
        for j in 0..LAYERS {
            self.conductance[j] += conductance[j];
        }
    }

    pub(super) fn record_loss(&mut self, j: usize, loss: &LayerLoss, fraction: &[f64; LANES]) {
        for i in 0..LANES {
            self.main_loss[j][i] += loss.carbon[i];
            self.nitrogen_loss[j][i] += loss.nitrogen[i];
            self.fraction[j][i] += fraction[i];
        }
        for i in 0..SIDES {
            self.side_loss[j][SIDE + i] += loss.side_carbon[i];
            self.nitrogen_loss[j][SIDE + i] += loss.side_nitrogen[i];
        }
    }

    pub(super) fn record_litter(&mut self, j: usize, carbon: &[f64; LANES], nitrogen: &[f64; LANES]) {
        for i in 0..LANES {
            self.litter_carbon[j][i] += carbon[i];
            self.litter_nitrogen[j][i] += nitrogen[i];
        }
    }

    pub(super) fn before_mixing(&mut self, state: &SoilState) {
        subtract(&mut self.mixed_carbon, &state.carbon);
        subtract(&mut self.mixed_nitrogen, &state.nitrogen);
    }

    pub(super) fn after_mixing(&mut self, state: &SoilState) {
        add(&mut self.mixed_carbon, &state.carbon);
        add(&mut self.mixed_nitrogen, &state.nitrogen);
    }
}

fn add(sum: &mut Pools, pools: &Pools) {
    for (sum, value) in sum.iter_mut().flatten().zip(pools.iter().flatten()) {
        *sum += value;
    }
}

fn subtract(sum: &mut Pools, pools: &Pools) {
    for (sum, value) in sum.iter_mut().flatten().zip(pools.iter().flatten()) {
        *sum -= value;
    }
}
