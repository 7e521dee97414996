//! Latin hypercube sampling (McKay et al. 1979, doi:10.1080/00401706.1979.10489755).
//!
//! Each parameter's distribution is cut into as many equally likely parts as there are runs, and every part is taken
//! once. Of some such samples the one whose nearest two points are farthest apart is kept (Johnson et al. 1990,
//! doi:10.1016/0378-3758(90)90122-B).

use super::{Design, Sample};
use crate::random::{Stage, StreamKey};

/// A Latin hypercube sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatinHypercube {
    /// Number of runs.
    pub size: usize,
    /// Samples to choose from, at least one.
    pub candidates: u32,
}

impl Design for LatinHypercube {
    fn sample(&self, parameters: usize, seed: u64) -> Sample {
        let mut best = self.candidate(parameters, seed, 0);
        let mut widest = if self.candidates > 1 { nearest(&best) } else { 0.0 };
        for number in 1..self.candidates {
            let points = self.candidate(parameters, seed, number);
            let distance = nearest(&points);
            if distance > widest {
                (best, widest) = (points, distance);
            }
        }
        Sample { points: best, steps: Vec::new() }
    }
}

impl LatinHypercube {
    fn candidate(&self, parameters: usize, seed: u64, number: u32) -> Vec<Vec<f64>> {
        let mut points = vec![vec![0.0; parameters]; self.size];
        for parameter in 0..parameters {
            let stage = Stage::Design;
            let key = StreamKey { seed, stage, cycle: number, member: 0, column: parameter as u32 };
            let mut stream = key.stream();
            let mut parts: Vec<usize> = (0..self.size).collect();
            stream.shuffle(&mut parts);
            for (point, part) in points.iter_mut().zip(parts) {
                point[parameter] = (part as f64 + stream.uniform()) / self.size as f64;
            }
        }
        points
    }
}

/// Square of the distance of the two points that are nearest to each other.
fn nearest(points: &[Vec<f64>]) -> f64 {
    let square = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let pairs = (1..points.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| square(&points[i], &points[j])).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube(size: usize, candidates: u32, seed: u64) -> Vec<Vec<f64>> {
        LatinHypercube { size, candidates }.sample(3, seed).points
    }

    #[test]
    fn every_part_of_every_parameter_is_taken_once() {
        for size in [1, 2, 7, 100] {
            let points = cube(size, 3, 5);
            for parameter in 0..3 {
                let mut parts: Vec<usize> =
                    points.iter().map(|p| (p[parameter] * size as f64) as usize).collect();
                parts.sort_unstable();
                assert_eq!(parts, (0..size).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_points_and_another_one_others() {
        assert_eq!(cube(20, 4, 5), cube(20, 4, 5));
        assert_ne!(cube(20, 4, 5), cube(20, 4, 6));
    }

    #[test]
    fn the_chosen_sample_is_the_most_spread_of_its_candidates() {
        let distances: Vec<f64> = (1..12).map(|candidates| nearest(&cube(30, candidates, 8))).collect();
        assert!(distances.windows(2).all(|w| w[1] >= w[0]), "{distances:?}");
        assert!(distances[10] > distances[0]);
    }

    /// McKay et al. 1979: of a function that rises in every parameter the mean varies less than in random samples; of
    /// a sum of the parameters by a factor of n² (Stein 1987, doi:10.1080/00401706.1987.10488205): variance
    /// p/(12 n³) against p/(12 n).
    #[test]
    fn the_mean_of_a_sum_varies_as_its_theory_says() {
        let (size, repeats) = (20, 2_000);
        let mean = |points: &[Vec<f64>]| points.iter().flatten().sum::<f64>() / size as f64;
        let square: f64 = (0..repeats).map(|seed| (mean(&cube(size, 1, seed)) - 1.5).powi(2)).sum();
        let expected = 3.0 / (12.0 * (size as f64).powi(3));
        // The variance of a variance of 2,000: 3 % as one standard error.
        assert!(
            (square / repeats as f64 / expected - 1.0).abs() < 0.12,
            "{}",
            square / repeats as f64 / expected
        );
    }
}
