//! What a run over a forcing cycle leaves for the semi-analytic spin-up: sums of pools, losses and mixing.

use serde::{Deserialize, Serialize};

use super::cascade::{LayerLoss, SIDE, SIDES};
use super::grid::LAYERS;
use super::state::{EMPTY, LANES, Pools, SoilState};

/// Number of pools whose C:N floats: litter and woody debris, the first lanes. Soil pools' nitrogen follows carbon.
const FLOATING: usize = 4;

/// Sums over the days of a forcing cycle, by layer and pool; see [`super::step`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OperatorTrace {
    /// Number of days recorded.
    pub days: u32,
    /// Carbon at the start of the first day, gC m-2.
    pub first_carbon: Pools,
    /// Nitrogen at the start of the first day, gN m-2.
    pub first_nitrogen: Pools,
    /// Carbon at the end of the last day, gC m-2.
    pub last_carbon: Pools,
    /// Nitrogen at the end of the last day, gN m-2.
    pub last_nitrogen: Pools,
    /// Carbon at the start of each day, gC m-2 d.
    pub carbon: Pools,
    /// Nitrogen of litter and debris at the start of each day, gN m-2 d.
    pub nitrogen: Pools,
    /// Carbon lost on the main path of each pool, gC m-2.
    pub main_loss: Pools,
    /// Carbon lost on the side path of each pool, gC m-2.
    pub side_loss: Pools,
    /// Nitrogen lost by litter and debris, gN m-2.
    pub nitrogen_loss: Pools,
    /// Share of each pool that the day's conditions would decompose, d-1 d; the rate of a pool that was empty.
    pub fraction: Pools,
    /// Exchange coefficient of mixing across the lower interface of each layer, m d-1 d.
    pub conductance: [f64; LAYERS],
}

impl Default for OperatorTrace {
    fn default() -> Self {
        Self {
            days: 0,
            first_carbon: EMPTY,
            first_nitrogen: EMPTY,
            last_carbon: EMPTY,
            last_nitrogen: EMPTY,
            carbon: EMPTY,
            nitrogen: EMPTY,
            main_loss: EMPTY,
            side_loss: EMPTY,
            nitrogen_loss: EMPTY,
            fraction: EMPTY,
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
        for j in 0..LAYERS {
            for i in 0..LANES {
                self.carbon[j][i] += state.carbon[j][i];
            }
            for i in 0..FLOATING {
                self.nitrogen[j][i] += state.nitrogen[j][i];
            }
            self.conductance[j] += conductance[j];
        }
    }

    pub(super) fn record_loss(&mut self, j: usize, loss: &LayerLoss) {
        for i in 0..LANES {
            self.main_loss[j][i] += loss.carbon[i];
            self.fraction[j][i] += loss.share[i];
        }
        for i in 0..SIDES {
            self.side_loss[j][SIDE + i] += loss.side_carbon[i];
        }
        for i in 0..FLOATING {
            self.nitrogen_loss[j][i] += loss.nitrogen[i];
        }
        self.nitrogen_loss[j][SIDE] += loss.side_nitrogen[0];
    }

    pub(super) fn end_day(&mut self, state: &SoilState) {
        self.last_carbon = state.carbon;
        self.last_nitrogen = state.nitrogen;
    }
}
