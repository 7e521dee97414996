//! Sobol' sequences: points that fill the space evenly however many there are (Sobol' 1967,
//! doi:10.1016/0041-5553(67)90144-9), with the direction numbers of Joe and Kuo (2008, doi:10.1137/070709359).
//!
//! A seed scrambles the points after Owen (1995, doi:10.1007/978-1-4612-2552-2_19), in the hashed form of Burley (2020,
//! <https://jcgt.org/published/0009/04/01>): they stay as even, and several seeds tell the error of a mean.

use super::{Design, Sample};
use crate::random::{Stage, StreamKey};

/// Bits of a coordinate.
const BITS: usize = 32;
/// `2³²`.
const SCALE: f64 = 4_294_967_296.0;
/// Half of the last bit: points lie within (0, 1).
const HALF: f64 = 0.5;

/// A scrambled Sobol' sequence. Powers of two are the even numbers of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sobol {
    /// Number of points.
    pub size: usize,
}

impl Design for Sobol {
    /// Beyond 64 parameters dimensions are used again in another order and scrambling, which keeps 64 at a time even.
    fn sample(&self, parameters: usize, seed: u64) -> Sample {
        let mut points = vec![vec![0.0; parameters]; self.size];
        for parameter in 0..parameters {
            let (round, dimension) = (parameter / DIRECTIONS.len(), parameter % DIRECTIONS.len());
            let directions = directions(dimension);
            let order = if round == 0 { 0 } else { hash(seed, 0, round) };
            let scrambling = hash(seed, 1, parameter);
            for (index, point) in (0_u32..).zip(&mut points) {
                let index = if round == 0 { index } else { scrambled(index, order) };
                let x = scrambled(coordinate(&directions, index), scrambling);
                point[parameter] = (f64::from(x) + HALF) / SCALE;
            }
        }
        Sample { points, steps: Vec::new() }
    }
}

fn hash(seed: u64, what: u32, number: usize) -> u32 {
    let key = StreamKey { seed, stage: Stage::Design, cycle: what, member: 1, column: number as u32 };
    (key.stream().uniform() * SCALE) as u32
}

/// Coordinate of a point, times 2³².
fn coordinate(directions: &[u32; BITS], index: u32) -> u32 {
    directions.iter().enumerate().filter(|(bit, _)| index >> bit & 1 == 1).fold(0, |x, (_, v)| x ^ v)
}

/// Direction numbers by the recursion of a dimension's primitive polynomial (Joe and Kuo 2008, equation 2.1).
fn directions(dimension: usize) -> [u32; BITS] {
    let (polynomial, initial) = DIRECTIONS[dimension];
    if dimension == 0 {
        return std::array::from_fn(|bit| 1 << (BITS - 1 - bit));
    }
    let degree = initial.len();
    let mut m = [0_u32; BITS];
    m[..degree].copy_from_slice(initial);
    for k in degree..BITS {
        m[k] = m[k - degree] ^ (m[k - degree] << degree);
        for i in 1..degree {
            if polynomial >> (degree - i) & 1 == 1 {
                m[k] ^= m[k - i] << i;
            }
        }
    }
    std::array::from_fn(|bit| m[bit] << (BITS - 1 - bit))
}

/// Flips each bit by a hash of the bits above it.
fn scrambled(x: u32, seed: u32) -> u32 {
    let mut x = x.reverse_bits().wrapping_add(seed);
    for factor in [0x6c50_b47c, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6_u32] {
        x ^= x.wrapping_mul(factor);
    }
    x.reverse_bits()
}

/// By dimension, the primitive polynomial's coefficients as bits, the highest power first, and the first odd numbers `m`;
/// file new-joe-kuo-6.21201 (<https://web.maths.unsw.edu.au/~fkuo/sobol/>).
#[rustfmt::skip]
const DIRECTIONS: &[(u32, &[u32])] = &[
    (1, &[1]), (3, &[1]), (7, &[1, 3]), (11, &[1, 3, 1]), (13, &[1, 1, 1]), (19, &[1, 1, 3, 3]),
    (25, &[1, 3, 5, 13]), (37, &[1, 1, 5, 5, 17]), (41, &[1, 1, 5, 5, 5]), (47, &[1, 1, 7, 11, 19]),
    (55, &[1, 1, 5, 1, 1]), (59, &[1, 1, 1, 3, 11]), (61, &[1, 3, 5, 5, 31]), (67, &[1, 3, 3, 9, 7, 49]),
    (91, &[1, 1, 1, 15, 21, 21]), (97, &[1, 3, 1, 13, 27, 49]), (103, &[1, 1, 1, 15, 7, 5]),
    (109, &[1, 3, 1, 15, 13, 25]), (115, &[1, 1, 5, 5, 19, 61]), (131, &[1, 3, 7, 11, 23, 15, 103]),
    (137, &[1, 3, 7, 13, 13, 15, 69]), (143, &[1, 1, 3, 13, 7, 35, 63]), (145, &[1, 3, 5, 9, 1, 25, 53]),
    (157, &[1, 3, 1, 13, 9, 35, 107]), (167, &[1, 3, 1, 5, 27, 61, 31]), (171, &[1, 1, 5, 11, 19, 41, 61]),
    (185, &[1, 3, 5, 3, 3, 13, 69]), (191, &[1, 1, 7, 13, 1, 19, 1]), (193, &[1, 3, 7, 5, 13, 19, 59]),
    (203, &[1, 1, 3, 9, 25, 29, 41]), (211, &[1, 3, 5, 13, 23, 1, 55]), (213, &[1, 3, 7, 3, 13, 59, 17]),
    (229, &[1, 3, 1, 3, 5, 53, 69]), (239, &[1, 1, 5, 5, 23, 33, 13]), (241, &[1, 1, 7, 7, 1, 61, 123]),
    (247, &[1, 1, 7, 9, 13, 61, 49]), (253, &[1, 3, 3, 5, 3, 55, 33]),
    (285, &[1, 3, 1, 15, 31, 13, 49, 245]), (299, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (301, &[1, 3, 1, 11, 11, 11, 77, 249]), (333, &[1, 3, 1, 11, 27, 43, 71, 9]),
    (351, &[1, 1, 7, 15, 21, 11, 81, 45]), (355, &[1, 3, 7, 3, 25, 31, 65, 79]),
    (357, &[1, 3, 1, 1, 19, 11, 3, 205]), (361, &[1, 1, 5, 9, 19, 21, 29, 157]),
    (369, &[1, 3, 7, 11, 1, 33, 89, 185]), (391, &[1, 3, 3, 3, 15, 9, 79, 71]),
    (397, &[1, 3, 7, 11, 15, 39, 119, 27]), (425, &[1, 1, 3, 1, 11, 31, 97, 225]),
    (451, &[1, 1, 1, 3, 23, 43, 57, 177]), (463, &[1, 3, 7, 7, 17, 17, 37, 71]),
    (487, &[1, 3, 1, 5, 27, 63, 123, 213]), (501, &[1, 1, 3, 5, 11, 43, 53, 133]),
    (529, &[1, 3, 5, 5, 29, 17, 47, 173, 479]), (539, &[1, 3, 3, 11, 3, 1, 109, 9, 69]),
    (545, &[1, 1, 1, 5, 17, 39, 23, 5, 343]), (557, &[1, 3, 1, 5, 25, 15, 31, 103, 499]),
    (563, &[1, 1, 1, 11, 11, 17, 63, 105, 183]), (601, &[1, 1, 5, 11, 9, 29, 97, 231, 363]),
    (607, &[1, 1, 5, 15, 19, 45, 41, 7, 383]), (617, &[1, 3, 7, 7, 31, 19, 83, 137, 221]),
    (623, &[1, 1, 1, 3, 23, 15, 111, 223, 83]), (631, &[1, 1, 5, 13, 31, 15, 55, 25, 161]),
    (637, &[1, 1, 3, 13, 25, 47, 39, 87, 257]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    fn plain(index: u32, dimension: usize) -> f64 {
        f64::from(coordinate(&directions(dimension), index)) / SCALE
    }

    /// `scipy.stats.qmc.Sobol(40, scramble=False)` gives these in the order of the Gray code: point 13 there is number
    /// 13 ^ 6 = 11 here, point 50 is 50 ^ 25 = 43.
    #[test]
    fn unscrambled_points_are_those_of_scipy() {
        let expected = [
            (1, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
            (3, [0.75, 0.25, 0.25, 0.75, 0.25, 0.25]),
            (2, [0.25, 0.75, 0.75, 0.25, 0.75, 0.75]),
            (11, [0.8125, 0.6875, 0.8125, 0.9375, 0.5625, 0.9375]),
            (43, [0.828125, 0.484375, 0.546875, 0.828125, 0.671875, 0.859375]),
        ];
        for (index, values) in expected {
            for (dimension, value) in [0, 1, 2, 5, 20, 39].into_iter().zip(values) {
                assert_abs_diff_eq!(plain(index, dimension), value);
            }
        }
    }

    /// A (t, m, s)-net in base 2: each of the first 2^m points has an interval of length 2^-m of its own.
    #[test]
    fn every_parameter_takes_every_part_once_however_it_is_scrambled() {
        for seed in 0..3 {
            let points = Sobol { size: 256 }.sample(80, seed).points;
            for parameter in 0..80 {
                let mut parts: Vec<usize> = points.iter().map(|p| (p[parameter] * 256.0) as usize).collect();
                parts.sort_unstable();
                assert_eq!(parts, (0..256).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn integrals_are_nearer_than_of_random_points() {
        // Mean of the product of 1 + (x - 1/2) over ten parameters is 1; random points err by 0.053 √(1/1024).
        let error = |seed| {
            let points = Sobol { size: 1024 }.sample(10, seed).points;
            let product = |p: &Vec<f64>| p.iter().map(|x| 0.5 + x).product::<f64>();
            points.iter().map(product).sum::<f64>() / 1024.0 - 1.0
        };
        let rms = ((0..20).map(|seed| error(seed).powi(2)).sum::<f64>() / 20.0).sqrt();
        let random = ((1.0 + 1.0 / 12.0_f64).powi(10) - 1.0).sqrt() / 32.0;
        assert!(rms < 0.1 * random, "{rms} {random}");
        assert_ne!(Sobol { size: 8 }.sample(2, 0), Sobol { size: 8 }.sample(2, 1));
    }
}
