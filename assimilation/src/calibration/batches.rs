//! Observations in random batches, one after the other: a step needs predictions of its batch alone.
//!
//! Every batch of an epoch takes the same Δt, so that after an epoch each observation has counted equally and the whole
//! likelihood has the power that its pseudo-time says; for a linear model the order and number of batches change nothing
//! (Kovachki and Stuart 2019, doi:10.1088/1361-6420/ab1c3a, train networks so).

use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

/// The batches of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Epoch {
    /// Batches of an epoch.
    count: usize,
    /// Observations.
    observations: usize,
    /// Epochs before this one.
    number: u32,
    /// Batches of this epoch that are already used.
    used: usize,
    /// Δt of this epoch, once its first batch was told, and whether the cap set it.
    pub step: Option<(f64, bool)>,
}

impl Epoch {
    pub fn new(count: usize, observations: usize) -> Self {
        Self { count: count.clamp(1, observations.max(1)), observations, number: 0, used: 0, step: None }
    }

    /// Batches of an epoch.
    pub fn batches(&self) -> usize {
        self.count
    }

    /// Epochs that are over.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Observations of the present batch, ascending.
    pub fn batch(&self, seed: u64, group: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.observations).collect();
        if self.count > 1 {
            let (cycle, member) = (self.number, u32::MAX);
            StreamKey { seed, stage: Stage::Calibrate, cycle, member, column: group }
                .stream()
                .shuffle(&mut order);
        }
        let mut batch: Vec<usize> = order.into_iter().skip(self.used).step_by(self.count).collect();
        batch.sort_unstable();
        batch
    }

    /// Goes on to the next batch; whether the epoch is over.
    pub fn advance(&mut self) -> bool {
        self.used += 1;
        let over = self.used == self.count;
        if over {
            *self = Self { number: self.number + 1, used: 0, step: None, ..*self };
        }
        over
    }
}
