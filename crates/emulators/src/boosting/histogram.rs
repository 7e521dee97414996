//! Sums of gradients and counts of rows by input and bin, each pair in one integer.
//!
//! A gradient is rounded to an integer of up to 30 bits and shifted above the count, so that one addition counts a row
//! and adds its gradient. Sums of integers don't depend on their order, and the histogram of a node less that of one
//! child is exactly that of the other.

use rayon::prelude::*;

use super::bins::{BLOCK, Bins};

/// Codes of a byte.
const CODES: usize = 256;
/// Updates of a histogram that are worth a second thread.
const WORTH_A_THREAD: usize = 1 << 17;
/// Least bits of the count: it leaves sums of gradients fewer than 52 bits, which a float holds exactly.
const LEAST_BITS: u32 = 12;
/// Floats above 2⁵² have a last bit of 1: their fraction is an integer.
const EXACT: u64 = 0x4330_0000_0000_0000;
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// A row with its gradient, rounded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Item {
    pub row: u32,
    pub gradient: i32,
}

/// How sums are packed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    /// Bits of the count of rows.
    bits: u32,
    /// Gradient of one unit.
    pub unit: f64,
}

/// A sum that is unpacked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sum {
    /// Sum of gradients, in units.
    pub gradient: f64,
    /// Number of rows.
    pub rows: f64,
}

impl Packing {
    /// For so many rows with gradients up to `largest`.
    pub fn new(rows: usize, largest: f64) -> Self {
        let bits = (usize::BITS - rows.leading_zeros()).max(LEAST_BITS);
        let most = 1_u64 << 30.min(50 - bits).min(62 - 2 * bits);
        Self { bits, unit: if largest > 0.0 { largest / most as f64 } else { 1.0 } }
    }

    pub fn round(self, gradient: f64) -> i32 {
        (gradient / self.unit).round() as i32
    }

    fn pack(self, gradient: i32) -> i64 {
        (i64::from(gradient) << self.bits) + 1
    }

    pub fn total(self, items: &[Item]) -> i64 {
        items.iter().map(|item| self.pack(item.gradient)).sum()
    }

    /// Conversions are of bits, because the vector units of most processors have no others for 64-bit integers.
    pub fn unpack(self, sum: i64) -> Sum {
        let rows = sum as u64 & ((1 << self.bits) - 1);
        let raised = (sum + (1 << 62)) as u64 >> self.bits;
        let float = |integer: u64| f64::from_bits(integer | EXACT);
        Sum {
            gradient: float(raised) - (TWO_52 + (1_u64 << (62 - self.bits)) as f64),
            rows: float(rows) - TWO_52,
        }
    }
}

/// The packed sums of one input, by code.
pub(super) type Codes = [i64; CODES];
/// Those of a block of inputs.
pub(super) type Block = [Codes; BLOCK];

/// Sums of a node, block by block.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    blocks: Vec<Block>,
}

impl Histogram {
    /// Sums over a node's rows.
    pub fn new(bins: &Bins, items: &[Item], packing: Packing) -> Self {
        let mut blocks = vec![[[0; CODES]; BLOCK]; bins.blocks.len()];
        let each = |(block, codes): (&mut Block, &Vec<[u8; BLOCK]>)| add(block, codes, items, packing);
        if items.len() * BLOCK * bins.blocks.len() >= WORTH_A_THREAD {
            blocks.par_iter_mut().zip(&bins.blocks).for_each(each);
        } else {
            blocks.iter_mut().zip(&bins.blocks).for_each(each);
        }
        Self { blocks }
    }

    /// Turns a node's sums into those of one child, given the other's.
    pub fn subtract(&mut self, child: &Self) {
        let sums = self.blocks.as_flattened_mut().as_flattened_mut();
        for (sum, child) in sums.iter_mut().zip(child.blocks.as_flattened().as_flattened()) {
            *sum -= child;
        }
    }

    /// Sums of an input.
    pub fn input(&self, input: usize) -> &Codes {
        &self.blocks[input / BLOCK][input % BLOCK]
    }
}

fn add(sums: &mut Block, codes: &[[u8; BLOCK]], items: &[Item], packing: Packing) {
    for item in items {
        let packed = packing.pack(item.gradient);
        let codes = &codes[item.row as usize];
        for (sums, code) in sums.iter_mut().zip(codes) {
            sums[usize::from(*code)] += packed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::Array2;

    #[test]
    fn sums_come_out_as_they_went_in_at_every_size() {
        for rows in [1_u32, 5000, 50_000, 3_000_000, 1 << 26] {
            let packing = Packing::new(rows as usize, 2.5);
            let one = [packing.round(-2.5), packing.round(1.25)];
            let sum = packing.pack(one[0]) * (i64::from(rows) - 1) + packing.pack(one[1]);
            let found = packing.unpack(sum);
            assert_abs_diff_eq!(found.rows, f64::from(rows));
            assert_abs_diff_eq!(
                found.gradient,
                f64::from(one[0]) * (f64::from(rows) - 1.0) + f64::from(one[1])
            );
            assert!((found.gradient * packing.unit / (-2.5 * f64::from(rows) + 3.75) - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_child_is_the_node_less_its_sibling() {
        let x = Array2::from_shape_fn((500, 11), |(i, j)| ((i * 7919 + j * 104_729) % 311) as f64);
        let bins = Bins::new(x.view(), 64);
        let items: Vec<Item> = (0..500)
            .map(|row: u16| Item { row: row.into(), gradient: i32::from(row) * 1000 - 7000 })
            .collect();
        let packing = Packing::new(500, 1.0);
        let [mut whole, small, large] =
            [&items[..], &items[..120], &items[120..]].map(|items| Histogram::new(&bins, items, packing));
        whole.subtract(&small);
        for input in 0..11 {
            assert_eq!(whole.input(input), large.input(input));
        }
    }
}
