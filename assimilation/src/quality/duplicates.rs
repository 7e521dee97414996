//! Observations of the same place, kind and time: two archives of one instrument, or a line that was copied. Taken as
//! they are, they would count one measurement twice.
//!
//! Same means equal coordinates and equal ends of the time, bit for bit: what is near but not the same is for a
//! superobservation to decide, not for quality control.

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;

/// What is done with duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// The one with the least error stays, the first of several such: right where one measurement came by two ways.
    Keep,
    /// The first one stays with the mean of all, weighted by the inverse of their error variances, and the variance of
    /// that mean: right where errors are independent, as of two instruments at one tower.
    Merge,
}

type Key = (usize, [u64; 3], [u64; 2]);

impl Duplicates {
    pub(super) fn apply(self, sifting: &mut Sifting<'_>) {
        let sample = sifting.sample;
        let bits = |x: f64| (x + 0.0).to_bits();
        let key = |j: usize| (sample.kinds[j], sample.places[j].0.map(bits), sample.times[j].map(bits));
        let mut order: Vec<(Key, usize)> = sifting.open().into_iter().map(|j| (key(j), j)).collect();
        order.sort_unstable();
        for same in order.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let same: Vec<usize> = same.iter().map(|(_, j)| *j).collect();
            let stays = match self {
                Self::Keep => keep(sifting, &same),
                Self::Merge => merge(sifting, &same),
            };
            for j in same.into_iter().filter(|j| *j != stays) {
                sifting.outcome.flags[j] = Flag::Duplicate;
            }
        }
    }
}

fn keep(sifting: &Sifting<'_>, same: &[usize]) -> usize {
    let error = |j: usize| sifting.outcome.variances[j];
    same.iter().copied().fold(same[0], |best, j| if error(j) < error(best) { j } else { best })
}

fn merge(sifting: &mut Sifting<'_>, same: &[usize]) -> usize {
    let outcome = &mut sifting.outcome;
    let precision: f64 = same.iter().map(|&j| 1.0 / outcome.variances[j]).sum();
    let weighted: f64 = same.iter().map(|&j| outcome.values[j] / outcome.variances[j]).sum();
    let first = same[0];
    outcome.values[first] = weighted / precision;
    outcome.variances[first] = 1.0 / precision;
    outcome.flags[first] = Flag::Merged;
    first
}
