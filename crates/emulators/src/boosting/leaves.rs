//! Values of leaves.
//!
//! With the squared loss a leaf's value is the mean residual of its rows, shrunk by the penalty; with the pinball loss the
//! quantile of their residuals. A monotone input bounds the leaves on either side of its splits by the middle of both
//! children's values, so that no leaf below can cross it, whatever the loss.

use super::grow::Branch;
use super::histogram::Item;
use super::options::{Loss, Monotone, quantile};

/// What leaves' values follow from.
pub(super) struct Leaves<'a> {
    pub loss: Loss,
    pub l2: f64,
    pub monotone: &'a [Monotone],
    /// `y - prediction` by row.
    pub residuals: &'a [f64],
}

/// Lowest and highest value allowed.
type Range = (f64, f64);

impl Leaves<'_> {
    /// Values of a tree's leaves from left to right; `items` are in the same order.
    pub fn values(&self, root: &Branch, items: &[Item]) -> Vec<f64> {
        let mut values = Vec::new();
        self.collect((root, items), (f64::NEG_INFINITY, f64::INFINITY), &mut values);
        values
    }

    fn collect(&self, (branch, items): (&Branch, &[Item]), range: Range, values: &mut Vec<f64>) {
        let Branch::Fork { split, children } = branch else {
            return values.push(self.value(items, range));
        };
        let (left, right) = items.split_at(children[0].rows());
        let direction = self.monotone.get(split.input).copied().unwrap_or_default();
        let ranges = match direction {
            Monotone::Free => [range; 2],
            Monotone::Rising | Monotone::Falling => {
                let middle = 0.5 * (self.value(left, range) + self.value(right, range));
                let (below, above) = ((range.0, middle), (middle, range.1));
                if direction == Monotone::Rising { [below, above] } else { [above, below] }
            }
        };
        for ((child, items), range) in children.iter().zip([left, right]).zip(ranges) {
            self.collect((child, items), range, values);
        }
    }

    fn value(&self, items: &[Item], (low, high): Range) -> f64 {
        let rows = items.len() as f64;
        let residuals = items.iter().map(|item| self.residuals[item.row as usize]);
        let value = match self.loss {
            Loss::Squared => residuals.sum::<f64>() / (rows + self.l2),
            Loss::Quantile(probability) => {
                quantile(&mut residuals.collect::<Vec<f64>>(), probability) * rows / (rows + self.l2)
            }
        };
        value.clamp(low, high)
    }
}
