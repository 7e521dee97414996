//! Random streams named by what they are for, so that results never depend on threads or ranks.
//!
//! A stream's key (seed, stage, cycle, member, column) is written, injectively, into the 256-bit key of
//! `ChaCha8` (Bernstein 2008), a counter-based generator: two different keys are two different streams,
//! and a stream can be had anywhere, at any time, without drawing the others first.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::normal;

/// What a stream's numbers are used for. The numbers are part of every result: never renumber them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Stage {
    /// The weather generator's days.
    Weather = 1,
    /// Samples of the prior.
    Prior = 2,
    /// Calibration.
    Calibrate = 3,
    /// Perturbed forcing or parameters.
    Perturbation = 4,
    /// Filters and smoothers.
    Filter = 5,
    /// Mean-preserving random rotations of an ensemble.
    Rotation = 6,
    /// Synthetic observation errors.
    Observation = 7,
    /// Resampling, for bootstrap and particles.
    Resample = 8,
    /// Designs of parameters.
    Design = 9,
    /// Markov chains.
    Sample = 10,
    /// First weights of networks.
    Weights = 11,
    /// Order of samples and dropped paths in the training of networks.
    Training = 12,
    /// Tests.
    Test = 99,
}

/// A stream's key: the same key gives the same numbers everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// The run's seed.
    pub seed: u64,
    /// What the numbers are for.
    pub stage: Stage,
    /// The assimilation cycle, iteration or month.
    pub cycle: u32,
    /// The ensemble member.
    pub member: u32,
    /// The land column or station.
    pub column: u32,
}

impl StreamKey {
    /// The key's stream, from its start.
    #[must_use]
    pub fn stream(self) -> Stream {
        let mut bytes = *b"reterra1------------------------";
        bytes[8..16].copy_from_slice(&self.seed.to_le_bytes());
        let words = [self.stage as u32, self.cycle, self.member, self.column];
        for (chunk, word) in bytes[16..].chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Stream { generator: ChaCha8Rng::from_seed(bytes) }
    }
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// A uniform number in the open interval (0, 1): the midpoint of one of 2^52 equal cells.
    pub fn uniform(&mut self) -> f64 {
        const CELL: f64 = 1.0 / (1_u64 << 52) as f64;
        ((self.generator.next_u64() >> 12) as f64 + 0.5) * CELL
    }

    /// A standard normal number, by the inverse distribution function of one uniform number.
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }

    /// A uniform index in `0..n`; 0 where `n` is 0. Without bias (Lemire 2019, doi:10.1145/3230636).
    pub fn index(&mut self, n: usize) -> usize {
        let n = n as u64;
        let reject_below = if n == 0 { 0 } else { n.wrapping_neg() % n };
        loop {
            let product = u128::from(self.generator.next_u64()) * u128::from(n);
            if product as u64 >= reject_below {
                return (product >> 64) as usize;
            }
        }
    }

    /// Shuffles the slice (Fisher and Yates); every order is equally likely.
    pub fn shuffle<T>(&mut self, s: &mut [T]) {
        for last in (1..s.len()).rev() {
            s.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const KEY: StreamKey = StreamKey { seed: 7, stage: Stage::Test, cycle: 1, member: 2, column: 3 };

    fn first(key: StreamKey) -> u64 {
        key.stream().uniform().to_bits()
    }

    #[test]
    fn the_same_key_gives_the_same_numbers_and_every_part_of_it_counts() {
        assert_eq!(first(KEY), first(KEY));
        let others = [
            StreamKey { seed: 8, ..KEY },
            StreamKey { stage: Stage::Prior, ..KEY },
            StreamKey { cycle: 2, ..KEY },
            StreamKey { member: 1, ..KEY },
            StreamKey { column: 0, ..KEY },
        ];
        assert!(others.iter().all(|key| first(*key) != first(KEY)));
    }

    /// Products are reproduced byte for byte between versions only while these bits stay.
    #[test]
    fn the_streams_bits_are_pinned() {
        let mut stream = KEY.stream();
        let drawn: Vec<u64> = (0..2).map(|_| stream.uniform().to_bits()).collect();
        assert_eq!(drawn, PINNED);
    }
    const PINNED: [u64; 2] = [4_605_593_225_015_113_537, 4_603_660_147_625_497_921];

    /// Standard errors of the four moments at n = 1e5: 0.003, 0.0045, 0.008, 0.015; limits at four of them.
    #[test]
    fn normal_numbers_have_the_normal_moments() {
        let mut stream = KEY.stream();
        let n = 100_000;
        let mut moment = [0.0; 4];
        for _ in 0..n {
            let z = stream.normal();
            for (power, m) in (1..).zip(&mut moment) {
                *m += z.powi(power) / f64::from(n);
            }
        }
        assert_abs_diff_eq!(moment[0], 0.0, epsilon = 0.013);
        assert_abs_diff_eq!(moment[1], 1.0, epsilon = 0.018);
        assert_abs_diff_eq!(moment[2], 0.0, epsilon = 0.05);
        assert_abs_diff_eq!(moment[3], 3.0, epsilon = 0.13);
    }

    /// Neighbouring members start independent streams: correlation of 20,000 pairs below four standard errors.
    #[test]
    fn neighbouring_members_are_uncorrelated() {
        let draw = |member| StreamKey { member, ..KEY }.stream().normal();
        let sum: f64 = (0..20_000).map(|m| draw(m) * draw(m + 1)).sum();
        assert_abs_diff_eq!(sum / 20_000.0, 0.0, epsilon = 4.0 / 20_000_f64.sqrt());
    }

    #[test]
    fn index_is_uniform_and_shuffle_permutes() {
        let mut stream = KEY.stream();
        let mut counts = [0_i32; 6];
        for _ in 0..60_000 {
            counts[stream.index(6)] += 1;
        }
        assert!(counts.iter().all(|c| (c - 10_000).abs() < 400), "{counts:?}");
        let mut order: Vec<usize> = (0..50).collect();
        stream.shuffle(&mut order);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
        assert_eq!(stream.index(0), 0);
    }
}
