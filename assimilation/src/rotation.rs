//! Random rotation of an ensemble's members that keeps its mean and covariance
//! (Sakov and Oke 2008, doi:10.1175/2007MWR2021.1, there "mean-preserving random rotation").

use ndarray::{ArrayViewMut2, Axis};
use reterra_statistics::{Stage, StreamKey};

use crate::transform::column_means;

/// Rotates the members: `E ← 1 x̄ᵀ + Ω A` with `Ω` uniform among the orthogonal matrices with `Ω 1 = 1`.
///
/// `Ω` is a product of Householder reflections of Gaussian vectors (Stewart 1980, doi:10.1137/0717034) in the
/// space of anomalies, and is never formed. `key` names the numbers; its stage becomes [`Stage::Rotation`].
pub fn rotate(mut e: ArrayViewMut2<'_, f64>, key: StreamKey) {
    let n = e.nrows();
    if n < 2 {
        return;
    }
    let mean = column_means(e.view());
    e -= &mean;
    // A reflection that swaps 1/√N with the first axis: anomalies then lie in rows 1 to N - 1.
    let mut swap = vec![1.0 / (n as f64).sqrt(); n];
    swap[0] -= 1.0;
    reflect(&mut e, 0, &swap);
    let mut stream = StreamKey { stage: Stage::Rotation, ..key }.stream();
    for first in (1..n).rev() {
        let mut v: Vec<f64> = (first..n).map(|_| stream.normal()).collect();
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let sign = v[0].signum();
        if v.len() > 1 {
            v[0] += sign * length;
            e.row_mut(first).mapv_inplace(|x| -sign * x);
            reflect(&mut e, first, &v);
        } else {
            e.row_mut(first).mapv_inplace(|x| sign * x);
        }
    }
    reflect(&mut e, 0, &swap);
    e += &mean;
}

/// Rows from `first` on: `A ← A - 2 v (vᵀ A) / vᵀ v`.
fn reflect(e: &mut ArrayViewMut2<'_, f64>, first: usize, v: &[f64]) {
    let mut sum = ndarray::Array1::<f64>::zeros(e.ncols());
    for (row, x) in e.axis_iter(Axis(0)).skip(first).zip(v) {
        sum.scaled_add(*x, &row);
    }
    let factor = -2.0 / v.iter().map(|x| x * x).sum::<f64>();
    for (mut row, x) in e.axis_iter_mut(Axis(0)).skip(first).zip(v) {
        row.scaled_add(factor * x, &sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::Array2;

    const KEY: StreamKey = StreamKey { seed: 3, stage: Stage::Test, cycle: 0, member: 0, column: 0 };

    #[test]
    fn mean_and_covariance_stay_and_members_move() {
        let before = Array2::from_shape_fn((7, 3), |(i, j)| ((i * 5 + j * 3) % 7) as f64);
        let mut after = before.clone();
        rotate(after.view_mut(), KEY);
        let moments = |e: &Array2<f64>| {
            let mean = column_means(e.view());
            let a = e - &mean;
            (mean, a.t().dot(&a))
        };
        let ((m0, c0), (m1, c1)) = (moments(&before), moments(&after));
        assert_abs_diff_eq!(m0.to_vec()[..], m1.to_vec()[..], epsilon = 1e-13);
        assert!((c0 - c1).iter().all(|x| x.abs() < 1e-12));
        assert!((before - after).iter().any(|x| x.abs() > 0.1));
    }

    /// With the uniform distribution on rotations every member's anomaly has expectation zero and the mean square
    /// of the first member's is that of all: over 20,000 draws of `Ω` for the identity's anomalies.
    #[test]
    fn rotations_are_uniform() {
        let (mut first, mut square) = (0.0, 0.0);
        let draws = 20_000;
        for cycle in 0..draws {
            let mut e = Array2::<f64>::eye(3);
            rotate(e.view_mut(), StreamKey { cycle, ..KEY });
            let x = e[[0, 0]] - 1.0 / 3.0;
            first += x / f64::from(draws);
            square += x * x / f64::from(draws);
        }
        // Ω₁₁ - 1/3 = (2/3) cos φ with φ uniform: mean 0, mean square 2/9; four standard errors.
        assert_abs_diff_eq!(first, 0.0, epsilon = 0.0134);
        assert_abs_diff_eq!(square, 2.0 / 9.0, epsilon = 0.0045);
    }
}
