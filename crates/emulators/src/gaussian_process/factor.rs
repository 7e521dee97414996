//! The factor of a covariance matrix, and the regression on it: `y = H β + f + ε` with a vague prior on β
//! (Rasmussen and Williams 2006, chapters 2.2 and 2.7).
//!
//! Everything runs in one thread in a fixed order.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, MatRef, Par};
use ndarray::{Array1, Array2, ArrayView2};

/// `K = L Lᵀ`, and what a prediction needs.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    /// Lower triangle.
    l: Mat<f64>,
    /// `U = K⁻¹ H`, n × q.
    pub u: Array2<f64>,
    /// `C` with `C Cᵀ = Hᵀ K⁻¹ H`, q × q.
    c: Mat<f64>,
    /// Coefficients of the mean, q.
    pub beta: Array1<f64>,
    /// `K⁻¹ (y - H β)`, n.
    pub alpha: Array1<f64>,
    /// Logarithm of the restricted likelihood, its constant `-(n - q) / 2 ln 2π` included.
    pub log_likelihood: f64,
}

impl Factor {
    /// Factorises a covariance whose lower triangle is given, for outputs `y` (n) and basis functions `h` (n × q); none
    /// where it isn't positive definite.
    pub fn new(mut covariance: Mat<f64>, h: ArrayView2<'_, f64>, y: &[f64]) -> Option<Self> {
        factorise(&mut covariance)?;
        let l = covariance;
        let (n, q) = h.dim();
        let mut white = Mat::from_fn(n, q + 1, |i, j| if j < q { h[[i, j]] } else { y[i] });
        solve_lower_triangular_in_place(l.as_ref(), white.as_mut(), Par::Seq);
        let mut c = Mat::from_fn(q, q, |i, j| column_dot(white.as_ref(), i, j));
        factorise(&mut c)?;
        let mut beta = Mat::from_fn(q, 1, |i, _| column_dot(white.as_ref(), i, q));
        solve_lower_triangular_in_place(c.as_ref(), beta.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(c.as_ref().transpose(), beta.as_mut(), Par::Seq);
        for i in 0..n {
            let fitted: f64 = (0..q).map(|j| white[(i, j)] * beta[(j, 0)]).sum();
            white[(i, q)] -= fitted;
        }
        let square = column_dot(white.as_ref(), q, q);
        let log_likelihood = -0.5 * square
            - log_diagonal(&l)
            - log_diagonal(&c)
            - 0.5 * (n - q) as f64 * (2.0 * std::f64::consts::PI).ln();
        solve_upper_triangular_in_place(l.as_ref().transpose(), white.as_mut(), Par::Seq);
        Some(Self {
            u: Array2::from_shape_fn((n, q), |(i, j)| white[(i, j)]),
            alpha: Array1::from_shape_fn(n, |i| white[(i, q)]),
            beta: Array1::from_shape_fn(q, |j| beta[(j, 0)]),
            l,
            c,
            log_likelihood,
        })
    }

    /// `P = K⁻¹ - U (C Cᵀ)⁻¹ Uᵀ`, the precision that is left after the mean was fitted; its lower triangle.
    pub fn precision(&self) -> Mat<f64> {
        let (n, q) = self.u.dim();
        let mut inverse = Mat::zeros(n, n);
        let mut buffer = MemBuffer::new(llt::inverse::inverse_scratch::<f64>(n, Par::Seq));
        llt::inverse::inverse(inverse.as_mut(), self.l.as_ref(), Par::Seq, MemStack::new(&mut buffer));
        let mut b = Mat::from_fn(q, n, |j, i| self.u[[i, j]]);
        solve_lower_triangular_in_place(self.c.as_ref(), b.as_mut(), Par::Seq);
        for j in 0..n {
            let fitted = b.col(j);
            for (i, p) in inverse.col_mut(j).iter_mut().enumerate().skip(j) {
                *p -= (0..q).map(|k| b[(k, i)] * fitted[k]).sum::<f64>();
            }
        }
        inverse
    }

    /// `L⁻¹ k` for the columns of `k` (n × m), in place.
    pub fn whiten(&self, k: &mut Mat<f64>) {
        solve_lower_triangular_in_place(self.l.as_ref(), k.as_mut(), Par::Seq);
    }

    /// `L⁻ᵀ w`, in place: after [`Self::whiten`] it makes `K⁻¹ k`.
    pub fn unwhiten(&self, w: &mut Mat<f64>) {
        solve_upper_triangular_in_place(self.l.as_ref().transpose(), w.as_mut(), Par::Seq);
    }

    /// `C⁻¹ t`, in place.
    pub fn whiten_mean(&self, t: &mut Mat<f64>) {
        solve_lower_triangular_in_place(self.c.as_ref(), t.as_mut(), Par::Seq);
    }

    /// `C⁻ᵀ t`, in place.
    pub fn unwhiten_mean(&self, t: &mut Mat<f64>) {
        solve_upper_triangular_in_place(self.c.as_ref().transpose(), t.as_mut(), Par::Seq);
    }
}

/// Turns the lower triangle of a matrix into that of its Cholesky factor; none where it isn't positive definite.
pub(super) fn factorise(a: &mut Mat<f64>) -> Option<()> {
    let n = a.nrows();
    let mut buffer =
        MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(n, Par::Seq, faer::Spec::default()));
    let stack = MemStack::new(&mut buffer);
    llt::factor::cholesky_in_place(
        a.as_mut(),
        llt::factor::LltRegularization::default(),
        Par::Seq,
        stack,
        faer::Spec::default(),
    )
    .ok()?;
    let diagonal = (0..n).map(|i| a[(i, i)]);
    diagonal.into_iter().all(|d| d.is_finite() && d > 0.0).then_some(())
}

fn log_diagonal(l: &Mat<f64>) -> f64 {
    (0..l.nrows()).map(|i| l[(i, i)].ln()).sum()
}

fn column_dot(a: MatRef<'_, f64>, i: usize, j: usize) -> f64 {
    a.col(i).iter().zip(a.col(j).iter()).map(|(a, b)| a * b).sum()
}
