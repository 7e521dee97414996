//! Inputs as codes of one byte: the bin of a value, or that it is missing.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

/// Inputs of a block; a block's histograms stay in the processor's first cache.
pub(super) const BLOCK: usize = 8;
/// The code of a missing value.
pub(super) const MISSING: u8 = 255;

/// What is known of one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Column {
    /// Ends of the bins but the last, ascending: a value `x` is in bin `k` where `edges[k - 1] < x <= edges[k]`.
    pub edges: Vec<f64>,
    /// Whether any value is missing.
    pub missing: bool,
}

/// Codes of all rows, block after block of inputs.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    /// By input.
    pub columns: Vec<Column>,
    /// By block, by row.
    pub blocks: Vec<Vec<[u8; BLOCK]>>,
}

impl Bins {
    /// Codes of inputs (n × d) in at most so many bins of about as many rows each.
    pub fn new(x: ArrayView2<'_, f64>, bins: usize) -> Self {
        let columns: Vec<Column> =
            (0..x.ncols()).into_par_iter().map(|j| Column::new(x.column(j), bins)).collect();
        let blocks = columns.par_chunks(BLOCK).enumerate().map(|(block, columns)| {
            let mut codes = vec![[0; BLOCK]; x.nrows()];
            for (place, column) in columns.iter().enumerate() {
                for (code, &x) in codes.iter_mut().zip(x.column(block * BLOCK + place)) {
                    code[place] = column.code(x);
                }
            }
            codes
        });
        Self { blocks: blocks.collect(), columns }
    }

    /// The code of an input in a row.
    pub fn code(&self, input: usize, row: u32) -> u8 {
        self.blocks[input / BLOCK][row as usize][input % BLOCK]
    }
}

impl Column {
    fn new(values: ArrayView1<'_, f64>, bins: usize) -> Self {
        let mut present: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
        present.sort_unstable_by(f64::total_cmp);
        Self { missing: present.len() < values.len(), edges: edges(&present, bins) }
    }

    fn code(&self, x: f64) -> u8 {
        if x.is_nan() { MISSING } else { self.edges.partition_point(|&edge| edge < x) as u8 }
    }
}

/// Edges between sorted values: between all distinct ones where they are few, else where a bin has its share of those
/// that are left.
fn edges(sorted: &[f64], bins: usize) -> Vec<f64> {
    let rises = |pair: &&[f64]| pair[0] < pair[1];
    let distinct = sorted.windows(2).filter(rises).count() + 1;
    let mut edges = Vec::with_capacity(bins.min(distinct));
    let (mut begin, mut left) = (0, bins);
    for (i, pair) in sorted.windows(2).enumerate().filter(|(_, pair)| rises(pair)) {
        let full = (i + 1 - begin) * left >= sorted.len() - begin;
        if distinct <= bins || full && left > 1 {
            edges.push(between(pair[0], pair[1]));
            (begin, left) = (i + 1, left.saturating_sub(1));
        }
    }
    edges
}

/// About the middle of two values, at least the lower and below the upper.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + 0.5 * (high - low);
    if middle < high && middle >= low { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn few_values_get_bins_of_their_own_and_missing_ones_their_code() {
        let x = array![[1.0], [f64::NAN], [3.0], [1.0], [-2.0]];
        let bins = Bins::new(x.view(), 255);
        assert_eq!(bins.columns[0], Column { edges: vec![-0.5, 2.0], missing: true });
        let codes: Vec<u8> = (0..5).map(|row| bins.code(0, row)).collect();
        assert_eq!(codes, [1, MISSING, 2, 1, 0]);
    }

    #[test]
    fn many_values_share_bins_evenly_even_beside_a_heap() {
        let x = Array2::from_shape_fn((10_000, 1), |(i, _)| if i < 5000 { 0.0 } else { i as f64 });
        let bins = Bins::new(x.view(), 100);
        let mut counts = vec![0; 256];
        (0..10_000).for_each(|row| counts[usize::from(bins.code(0, row))] += 1);
        assert!(bins.columns[0].edges.len() < 100 && bins.columns[0].edges.len() > 95);
        assert_eq!(counts[0], 5000);
        assert!(counts[1..100].iter().all(|&count| count <= 52), "{counts:?}");
    }

    #[test]
    fn an_edge_lies_between_neighbouring_numbers() {
        let (low, high) = (1.0_f64, f64::from_bits(1.0_f64.to_bits() + 1));
        assert!(between(low, high) >= low && between(low, high) < high);
        assert!(between(-f64::MAX, f64::MAX).is_finite());
    }
}
