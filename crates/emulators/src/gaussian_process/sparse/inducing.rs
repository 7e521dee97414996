//! Inducing inputs: rows that are least known from those chosen before (Burt et al. 2020,
//! <https://jmlr.org/papers/v21/19-1015.html>).

use ndarray::{Array2, ArrayView1};

use super::super::kernel::Kernel;

/// Up to `count` rows of inputs (n × d, in units of their length scales), chosen greedily by conditional variance: the
/// pivots of the kernel matrix's Cholesky factor. Fewer where the rest is known from them.
pub(super) fn chosen(kernel: Kernel, z: &Array2<f64>, count: usize) -> Vec<usize> {
    /// Conditional variance, of a prior variance of one, that counts as known.
    const KNOWN: f64 = 1e-6;
    let n = z.nrows();
    let mut variance = vec![1.0; n];
    let mut factors: Vec<Vec<f64>> = Vec::with_capacity(count);
    let mut rows = Vec::with_capacity(count);
    let square = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    while rows.len() < count.min(n) {
        let (pivot, most) =
            variance.iter().copied().enumerate().fold((0, -1.0), |a, b| if b.1 > a.1 { b } else { a });
        if most < KNOWN {
            break;
        }
        let root = most.sqrt();
        let column: Vec<f64> = (0..n)
            .map(|i| {
                let known: f64 = factors.iter().map(|factor| factor[i] * factor[pivot]).sum();
                (kernel.at(square(z.row(i), z.row(pivot))).value - known) / root
            })
            .collect();
        for (variance, l) in variance.iter_mut().zip(&column) {
            *variance -= l * l;
        }
        variance[pivot] = 0.0;
        factors.push(column);
        rows.push(pivot);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_far_apart_and_none_is_taken_twice() {
        let z = Array2::from_shape_fn((50, 1), |(i, _)| (i % 25) as f64);
        let rows = chosen(Kernel::Rbf, &z, 40);
        let mut places: Vec<usize> = rows.iter().map(|row| row % 25).collect();
        assert_eq!(places.len(), 25);
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 25);
        // The first is the first row; the next ones know nothing of each other.
        assert!(rows[1].abs_diff(rows[0]) > 3);
    }
}
