//! The best split of a node.
//!
//! Splitting gains `G_l² / (n_l + λ) + G_r² / (n_r + λ) - G² / (n + λ)` with sums of gradients G and rows n, for both
//! losses have a second derivative of one or are treated so (Chen and Guestrin 2016, doi:10.1145/2939672.2939785,
//! equation 7). Missing values are tried on either side.

use super::bins::{Column, MISSING};
use super::histogram::{Codes, Histogram, Packing, Sum};
use super::options::Monotone;

/// Gains side by side in the processor's vectors.
const LANES: usize = 8;
/// Gain, relative to what there is, that rounding could feign.
const NOTHING: f64 = 1e-12;

/// What a split has to respect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub l2: f64,
    pub leaf_rows: f64,
    pub packing: Packing,
}

/// A split of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    /// The input.
    pub input: usize,
    /// Last code that goes left.
    pub cut: u8,
    /// Whether missing values go left.
    pub missing_left: bool,
    /// What it gains, in squared units of packed gradients.
    pub gain: f64,
    /// Packed sum of the left child.
    pub left: i64,
}

impl Split {
    /// Whether a code goes left.
    pub fn takes(&self, code: u8) -> bool {
        (code <= self.cut && code != MISSING) || (self.missing_left && code == MISSING)
    }
}

/// One input of a node.
pub(super) struct Candidate<'a> {
    pub input: usize,
    pub column: &'a Column,
    pub direction: Monotone,
}

impl Rule {
    /// `G² / (n + λ)`.
    pub fn score(&self, sum: Sum) -> f64 {
        sum.gradient * sum.gradient / (sum.rows + self.l2)
    }

    /// The best split of one input of a node with a packed `total`, none where none gains.
    pub fn best(&self, sums: &Histogram, total: i64, candidate: &Candidate<'_>) -> Option<Split> {
        let codes = sums.input(candidate.input);
        let missing = codes[usize::from(MISSING)];
        let mut best = self.scan(codes, (0, total), candidate);
        if candidate.column.missing && missing != 0 {
            let other = self.scan(codes, (missing, total), candidate);
            if other.is_some_and(|other| best.is_none_or(|best| other.gain > best.gain)) {
                best = other;
            }
        }
        let whole = self.score(self.packing.unpack(total));
        let mut best = best.filter(|best| best.gain > whole * (1.0 + NOTHING) + f64::MIN_POSITIVE)?;
        best.gain -= whole;
        if missing == 0 {
            // Where a node has none, missing values that come later go where most rows went.
            let left = self.packing.unpack(best.left).rows;
            best.missing_left = 2.0 * left >= self.packing.unpack(total).rows;
        }
        Some(best)
    }

    /// The best cut with `first` on the left beforehand; its gain still lacks the node's own score.
    fn scan(&self, codes: &Codes, (first, total): (i64, i64), candidate: &Candidate<'_>) -> Option<Split> {
        let bins = candidate.column.edges.len() + usize::from(candidate.column.missing && first == 0);
        let mut lefts = [0; 256];
        let mut left = first;
        for (to, code) in lefts[..bins].iter_mut().zip(codes) {
            left += code;
            *to = left;
        }
        let mut gains = [f64::NEG_INFINITY; 256];
        let whole = self.packing.unpack(total);
        for (gain, &left) in gains[..bins].iter_mut().zip(&lefts) {
            *gain = self.gain(left, whole, candidate.direction);
        }
        let (cut, gain) = largest(&gains[..bins.next_multiple_of(LANES).min(256)]);
        let missing_left = first != 0;
        (gain > f64::NEG_INFINITY).then(|| Split {
            input: candidate.input,
            cut: cut as u8,
            missing_left,
            gain,
            left: lefts[cut],
        })
    }

    /// Sum of both children's scores; minus infinity where the split is forbidden. One division serves both.
    fn gain(&self, left: i64, whole: Sum, direction: Monotone) -> f64 {
        let left = self.packing.unpack(left);
        let right = Sum { gradient: whole.gradient - left.gradient, rows: whole.rows - left.rows };
        let (a, b) = (left.rows + self.l2, right.rows + self.l2);
        let gain = (left.gradient * left.gradient * b + right.gradient * right.gradient * a) / (a * b);
        // A child's value is minus its mean gradient.
        let rise = left.gradient * b - right.gradient * a;
        let follows = match direction {
            Monotone::Free => true,
            Monotone::Rising => rise >= 0.0,
            Monotone::Falling => rise <= 0.0,
        };
        let allowed = left.rows.min(right.rows) >= self.leaf_rows && follows;
        if allowed { gain } else { f64::NEG_INFINITY }
    }
}

/// The first of the largest values; lane by lane, so that it runs in vectors.
fn largest(values: &[f64]) -> (usize, f64) {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for chunk in values.chunks_exact(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > lane { *value } else { *lane };
        }
    }
    let most = lanes.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (values.iter().position(|&value| value >= most).unwrap_or(0), most)
}
