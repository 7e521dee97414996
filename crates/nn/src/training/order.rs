//! The order of samples: every epoch a new permutation, from the seed and the epoch alone.

use reterra_statistics::random::{Stage, StreamKey};

/// An endless sequence of samples. Any place of it can be had without those before.
#[derive(Clone, Debug)]
pub struct Order {
    seed: u64,
    samples: usize,
    /// The last permutation used, and its epoch.
    shuffled: Option<(u32, Vec<usize>)>,
}

impl Order {
    /// Of so many samples.
    #[must_use]
    pub fn new(seed: u64, samples: usize) -> Self {
        Self { seed, samples, shuffled: None }
    }

    /// `count` samples after the first `drawn`; none where there are no samples.
    pub fn take(&mut self, drawn: u64, count: usize) -> Vec<usize> {
        let samples = self.samples as u64;
        if samples == 0 {
            return Vec::new();
        }
        (drawn..drawn + count as u64)
            .map(|at| self.epoch((at / samples) as u32)[(at % samples) as usize])
            .collect()
    }

    fn epoch(&mut self, epoch: u32) -> &[usize] {
        let (seed, samples) = (self.seed, self.samples);
        let permutation = || {
            let key = StreamKey { seed, stage: Stage::Training, cycle: epoch, member: 0, column: 0 };
            let mut order: Vec<usize> = (0..samples).collect();
            key.stream().shuffle(&mut order);
            (epoch, order)
        };
        if self.shuffled.as_ref().is_none_or(|(last, _)| *last != epoch) {
            self.shuffled = None;
        }
        &self.shuffled.get_or_insert_with(permutation).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_holds_every_sample_once_in_an_order_of_its_own() {
        let all = Order::new(3, 20).take(0, 40);
        let sorted = |part: &[usize]| {
            let mut part = part.to_vec();
            part.sort_unstable();
            part
        };
        assert_eq!(sorted(&all[..20]), (0..20).collect::<Vec<_>>());
        assert_eq!(sorted(&all[20..]), (0..20).collect::<Vec<_>>());
        assert_ne!(all[..20], all[20..]);
        assert_ne!(all, Order::new(4, 20).take(0, 40));
    }

    #[test]
    fn any_place_is_had_without_those_before() {
        assert_eq!(Order::new(3, 20).take(13, 15), Order::new(3, 20).take(0, 40)[13..28]);
    }
}
