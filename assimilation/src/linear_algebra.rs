//! Dense linear algebra on `ndarray` matrices: symmetric eigenproblems by faer, in one thread, and Cholesky.
//!
//! Everything runs sequentially in a fixed order, so a result is the same bits on any number of threads.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, Par, Spec, diag::Diag};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1};

use crate::AssimilationError;

/// Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix; the lower triangle is read.
///
/// # Errors
/// `Shape` where the matrix is not square, `NotFinite`, or `NoConvergence`; `what` names the matrix in them.
pub fn eigh(
    a: ArrayView2<'_, f64>,
    what: &'static str,
) -> Result<(Array1<f64>, Array2<f64>), AssimilationError> {
    let n = require_square(a, what)?;
    if n == 0 {
        // faer's workspace formula does not allow for it.
        return Ok((Array1::zeros(0), Array2::zeros((0, 0))));
    }
    let matrix = Mat::<f64>::from_fn(n, n, |i, j| a[[i, j]]);
    let mut values = Diag::<f64>::zeros(n);
    let mut vectors = Mat::<f64>::zeros(n, n);
    let scratch = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    self_adjoint_evd(
        matrix.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Spec::default(),
    )
    .map_err(|_| AssimilationError::NoConvergence { what })?;
    let values = values.column_vector().iter().copied().collect();
    Ok((values, Array2::from_shape_fn((n, n), |(i, j)| vectors[(i, j)])))
}

/// The lower Cholesky factor `L` with `L Lᵀ = a`; the lower triangle of `a` is read.
///
/// # Errors
/// `Shape`, `NotFinite`, or `NotPositive` where a pivot is not above rounding error.
pub fn cholesky(a: ArrayView2<'_, f64>, what: &'static str) -> Result<Array2<f64>, AssimilationError> {
    let n = require_square(a, what)?;
    let mut l = Array2::<f64>::zeros((n, n));
    for j in 0..n {
        let pivot = a[[j, j]] - (0..j).map(|k| l[[j, k]] * l[[j, k]]).sum::<f64>();
        if pivot <= a[[j, j]].abs() * n as f64 * f64::EPSILON {
            return Err(AssimilationError::NotPositive { what, index: j, value: pivot });
        }
        l[[j, j]] = pivot.sqrt();
        for i in j + 1..n {
            let dot: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            l[[i, j]] = (a[[i, j]] - dot) / l[[j, j]];
        }
    }
    Ok(l)
}

/// Solves `L x = b` in place for a lower triangular `L` with a diagonal free of zeros.
pub fn solve_lower(l: ArrayView2<'_, f64>, b: &mut [f64]) {
    for i in 0..b.len().min(l.nrows()) {
        let dot: f64 = (0..i).map(|k| l[[i, k]] * b[k]).sum();
        b[i] = (b[i] - dot) / l[[i, i]];
    }
}

/// Solves `L Lᵀ x = b` in place for the factor of [`cholesky`].
pub fn solve_cholesky(l: ArrayView2<'_, f64>, b: &mut [f64]) {
    solve_lower(l, b);
    for i in (0..b.len().min(l.nrows())).rev() {
        b[i] /= l[[i, i]];
        let x = b[i];
        for k in 0..i {
            b[k] -= l[[i, k]] * x;
        }
    }
}

/// Solves `L Lᵀ x = b` for each of many `b`, the rows or columns of a matrix, in place.
pub(crate) fn solve_each<'a>(
    l: ArrayView2<'_, f64>,
    lanes: impl IntoIterator<Item = ArrayViewMut1<'a, f64>>,
) {
    for mut lane in lanes {
        let mut values = lane.to_vec();
        solve_cholesky(l, &mut values);
        lane.iter_mut().zip(values).for_each(|(x, value)| *x = value);
    }
}

/// The symmetric square root of a symmetric matrix; eigenvalues below zero count as zero.
///
/// # Errors
/// Those of [`eigh`].
pub fn symmetric_root(a: ArrayView2<'_, f64>, what: &'static str) -> Result<Array2<f64>, AssimilationError> {
    let (values, vectors) = eigh(a, what)?;
    let roots = values.mapv(|l| l.max(0.0).sqrt());
    Ok((&vectors * &roots).dot(&vectors.t()))
}

fn require_square(a: ArrayView2<'_, f64>, what: &'static str) -> Result<usize, AssimilationError> {
    if a.nrows() != a.ncols() {
        return Err(AssimilationError::Shape { what, expected: a.nrows(), got: a.ncols() });
    }
    require_finite(a, what)?;
    Ok(a.nrows())
}

/// Refuses NaN and infinities; `what` names the matrix.
pub(crate) fn require_finite(a: ArrayView2<'_, f64>, what: &'static str) -> Result<(), AssimilationError> {
    if a.as_slice().is_some_and(all_finite) {
        return Ok(());
    }
    match a.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((row, column), _)) => Err(AssimilationError::NotFinite { what, row, column }),
        None => Ok(()),
    }
}

/// Whether all numbers are finite. Without a branch, so that vectors of them are looked at together.
pub(crate) fn all_finite(x: &[f64]) -> bool {
    x.iter().fold(true, |finite, x| finite & x.is_finite())
}

/// As [`require_finite`] for one row of values.
pub(crate) fn require_finite_row(row: &[f64], what: &'static str) -> Result<(), AssimilationError> {
    require_finite(ndarray::aview1(row).insert_axis(ndarray::Axis(0)), what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn eigenvalues_of_the_second_difference_matrix_are_exact() {
        let n = 30;
        let a = Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let (values, vectors) = eigh(a.view(), "a").unwrap();
        for (k, value) in values.iter().enumerate() {
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert_abs_diff_eq!(*value, 2.0 - 2.0 * angle.cos(), epsilon = 1e-13);
        }
        let back = (&vectors * &values).dot(&vectors.t());
        assert!((back - a).iter().all(|x| x.abs() < 1e-13));
    }

    #[test]
    fn cholesky_solves_and_refuses_a_singular_matrix() {
        let a = array![[4.0, 2.0], [2.0, 5.0]];
        let l = cholesky(a.view(), "a").unwrap();
        assert_eq!(l, array![[2.0, 0.0], [1.0, 2.0]]);
        let mut b = [2.0, 5.0];
        solve_lower(l.view(), &mut b);
        assert_abs_diff_eq!(b[..], [1.0, 2.0]);
        // a x = (8, 12) has x = (1, 2).
        let mut b = [8.0, 12.0];
        solve_cholesky(l.view(), &mut b);
        assert_abs_diff_eq!(b[..], [1.0, 2.0], epsilon = 1e-14);
        let root = symmetric_root(a.view(), "a").unwrap();
        assert!((root.dot(&root) - &a).iter().all(|x| x.abs() < 1e-13));
        let singular = array![[1.0, 1.0], [1.0, 1.0]];
        assert!(matches!(
            cholesky(singular.view(), "a"),
            Err(AssimilationError::NotPositive { index: 1, .. })
        ));
    }

    #[test]
    fn a_nan_is_named_by_its_place() {
        let a = array![[1.0, 0.0], [f64::NAN, 1.0]];
        assert!(matches!(eigh(a.view(), "a"), Err(AssimilationError::NotFinite { row: 1, column: 0, .. })));
    }
}
