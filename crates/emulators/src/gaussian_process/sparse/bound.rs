//! The variational bound of the likelihood with inducing inputs, and its gradient (Titsias 2009,
//! <https://proceedings.mlr.press/v5/titsias09a.html>).
//!
//! With `L Lᵀ = K_mm`, `A = L⁻¹ K_mn / σ` and `B = I + A Aᵀ` the bound is `ln N(y; 0, Q + σ² I) - tr(K_nn - Q) / 2σ²` for
//! `Q = σ² Aᵀ A`. Its derivatives are `-½ β βᵀ - ½ L⁻ᵀ (B - 2 I + B⁻¹) L⁻¹` by `K_mm` and `β αᵀ + L⁻ᵀ (I - B⁻¹) A / σ` by
//! `K_mn`, with `α = (Q + σ² I)⁻¹ y` and `β = L⁻ᵀ B⁻¹ A y / σ`. Cost: n m².

use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, Par};
use ndarray::{Array2, Axis};

use super::super::Hyperparameters;
use super::super::factor::factorise;
use super::super::kernel::Kernel;
use super::super::likelihood::scaled;

/// Added to the diagonal of `K_mm`, in units of the signal's variance: what rounding needs.
const JITTER: f64 = 1e-8;

/// Scaled data with inducing inputs.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// Inputs, n × d.
    pub x: Array2<f64>,
    /// Inducing inputs, m × d.
    pub u: Array2<f64>,
    /// Outputs, n.
    pub y: Vec<f64>,
}

/// Kernel between two sets of inputs: values and slopes.
struct Between {
    value: Mat<f64>,
    slope: Mat<f64>,
}

impl Between {
    fn new(kernel: Kernel, (a, b): (&Array2<f64>, &Array2<f64>), variance: f64) -> Self {
        let products = a.dot(&b.t());
        let norms = |x: &Array2<f64>| x.map_axis(Axis(1), |row| row.dot(&row));
        let (of_a, of_b) = (norms(a), norms(b));
        let at = |i: usize, j: usize| kernel.at((of_a[i] + of_b[j] - 2.0 * products[[i, j]]).max(0.0));
        let mut slope = Mat::zeros(a.nrows(), b.nrows());
        let value = Mat::from_fn(a.nrows(), b.nrows(), |i, j| {
            let at = at(i, j);
            slope[(i, j)] = variance * at.slope;
            variance * at.value
        });
        Self { value, slope }
    }

    /// `Σ W ∂K / ∂ln ℓ` for each input, of weights W and inputs in units of their length scales.
    fn by_lengths(&self, weights: &Mat<f64>, (a, b): (&Array2<f64>, &Array2<f64>)) -> Vec<f64> {
        let m = Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| weights[(i, j)] * self.slope[(i, j)]);
        let (rows, columns, products) = (m.sum_axis(Axis(1)), m.sum_axis(Axis(0)), m.dot(b));
        (0..a.ncols())
            .map(|k| {
                let (a, b) = (a.column(k), b.column(k));
                let square = |x: ndarray::ArrayView1<'_, f64>| x.mapv(|x| x * x);
                rows.dot(&square(a)) + columns.dot(&square(b)) - 2.0 * a.dot(&products.column(k))
            })
            .collect()
    }
}

/// The posterior of the process at the inducing inputs.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    /// `L`, m × m.
    pub l: Mat<f64>,
    /// `C` with `C Cᵀ = B`, m × m.
    pub c: Mat<f64>,
    /// `A`, m × n.
    pub a: Mat<f64>,
    /// `β`, m: weights of the inducing inputs' kernels in the mean.
    pub beta: Mat<f64>,
    /// `α`, n.
    pub alpha: Vec<f64>,
    /// The bound.
    pub bound: f64,
}

impl Data {
    /// The posterior; none where a matrix isn't positive definite.
    pub fn posterior(&self, kernel: Kernel, hyper: &Hyperparameters) -> Option<Posterior> {
        let (zu, zx) = self.scaled(hyper);
        let variance = hyper.signal_sd.powi(2);
        let mm = Between::new(kernel, (&zu, &zu), variance);
        let mn = Between::new(kernel, (&zu, &zx), variance);
        self.solved(mm.value, mn.value, hyper)
    }

    fn scaled(&self, hyper: &Hyperparameters) -> (Array2<f64>, Array2<f64>) {
        (scaled(self.u.view(), &hyper.length_scales), scaled(self.x.view(), &hyper.length_scales))
    }

    fn solved(&self, mut l: Mat<f64>, mut a: Mat<f64>, hyper: &Hyperparameters) -> Option<Posterior> {
        let (m, n, sigma) = (l.nrows(), self.y.len(), hyper.noise_sd);
        let variance = hyper.signal_sd.powi(2);
        for i in 0..m {
            l[(i, i)] += JITTER * variance;
        }
        factorise(&mut l)?;
        solve_lower_triangular_in_place(l.as_ref(), a.as_mut(), Par::Seq);
        a *= faer::Scale(1.0 / sigma);
        let mut c = &a * a.transpose();
        let captured: f64 = (0..m).map(|i| c[(i, i)]).sum();
        for i in 0..m {
            c[(i, i)] += 1.0;
        }
        factorise(&mut c)?;
        let y = Mat::from_fn(n, 1, |i, _| self.y[i]);
        let mut beta = &a * &y;
        solve_lower_triangular_in_place(c.as_ref(), beta.as_mut(), Par::Seq);
        let explained: f64 = beta.col(0).iter().map(|v| v * v).sum();
        solve_upper_triangular_in_place(c.as_ref().transpose(), beta.as_mut(), Par::Seq);
        let fitted = a.transpose() * &beta;
        let alpha = (0..n).map(|i| (self.y[i] - fitted[(i, 0)]) / (sigma * sigma)).collect();
        solve_upper_triangular_in_place(l.as_ref().transpose(), beta.as_mut(), Par::Seq);
        beta *= faer::Scale(1.0 / sigma);
        let square: f64 = self.y.iter().map(|y| y * y).sum();
        let log_diagonal: f64 = (0..m).map(|i| c[(i, i)].ln()).sum();
        let rows = n as f64;
        let misfit = (square + rows * variance) / (sigma * sigma) - explained / (sigma * sigma) - captured;
        let bound =
            -0.5 * misfit - log_diagonal - rows * sigma.ln() - 0.5 * rows * (2.0 * std::f64::consts::PI).ln();
        Some(Posterior { l, c, a, beta, alpha, bound })
    }

    /// The bound with its gradient by the logarithms of signal, length scales and noise.
    pub fn bound(&self, kernel: Kernel, hyper: &Hyperparameters) -> Option<(f64, Vec<f64>)> {
        let (zu, zx) = self.scaled(hyper);
        let variance = hyper.signal_sd.powi(2);
        let mm = Between::new(kernel, (&zu, &zu), variance);
        let mn = Between::new(kernel, (&zu, &zx), variance);
        let found = self.solved(mm.value.clone(), mn.value.clone(), hyper)?;
        let (by_mm, by_mn, trace) = found.weights(hyper.noise_sd);
        let rows = self.y.len() as f64;
        let square = hyper.noise_sd.powi(2);
        let inner = |w: &Mat<f64>, k: &Mat<f64>| -> f64 {
            (0..w.ncols())
                .map(|j| w.col(j).iter().zip(k.col(j).iter()).map(|(w, k)| w * k).sum::<f64>())
                .sum()
        };
        let by_signal =
            2.0 * (inner(&by_mm, &mm.value) + inner(&by_mn, &mn.value)) - rows * variance / square;
        let lengths = mm.by_lengths(&by_mm, (&zu, &zu)).into_iter().zip(mn.by_lengths(&by_mn, (&zu, &zx)));
        let alpha: f64 = found.alpha.iter().map(|a| a * a).sum();
        let m = self.u.nrows() as f64;
        let captured: f64 = (0..found.a.ncols()).map(|j| norm(found.a.col(j))).sum();
        let by_noise = alpha * square - (rows - m + trace) + (rows * variance / square - captured);
        let gradient: Vec<f64> = std::iter::once(by_signal)
            .chain(lengths.map(|(a, b)| a + b))
            .chain(std::iter::once(by_noise))
            .collect();
        (found.bound.is_finite() && gradient.iter().all(|g| g.is_finite())).then_some((found.bound, gradient))
    }
}

impl Posterior {
    /// Derivatives of the bound by `K_mm` and `K_mn`, and the trace of `B⁻¹`.
    fn weights(&self, sigma: f64) -> (Mat<f64>, Mat<f64>, f64) {
        let m = self.l.nrows();
        let mut inverse = Mat::<f64>::identity(m, m);
        solve_lower_triangular_in_place(self.c.as_ref(), inverse.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.c.as_ref().transpose(), inverse.as_mut(), Par::Seq);
        let trace = (0..m).map(|i| inverse[(i, i)]).sum();
        let lower = Mat::from_fn(m, m, |i, j| if i >= j { self.c[(i, j)] } else { 0.0 });
        let b = &lower * lower.transpose();
        let middle = Mat::from_fn(m, m, |i, j| b[(i, j)] + inverse[(i, j)] - if i == j { 2.0 } else { 0.0 });
        let mut left = middle;
        solve_upper_triangular_in_place(self.l.as_ref().transpose(), left.as_mut(), Par::Seq);
        let mut both = left.transpose().to_owned();
        solve_upper_triangular_in_place(self.l.as_ref().transpose(), both.as_mut(), Par::Seq);
        let by_mm = Mat::from_fn(m, m, |i, j| -0.5 * (self.beta[(i, 0)] * self.beta[(j, 0)] + both[(i, j)]));
        let rest = Mat::from_fn(m, m, |i, j| f64::from(u8::from(i == j)) - inverse[(i, j)]);
        let mut by_mn = &rest * &self.a;
        solve_upper_triangular_in_place(self.l.as_ref().transpose(), by_mn.as_mut(), Par::Seq);
        for j in 0..by_mn.ncols() {
            for i in 0..m {
                by_mn[(i, j)] = by_mn[(i, j)] / sigma + self.beta[(i, 0)] * self.alpha[j];
            }
        }
        (by_mm, by_mn, trace)
    }
}

fn norm(column: faer::ColRef<'_, f64>) -> f64 {
    column.iter().map(|a| a * a).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::{Stage, StreamKey};

    fn data(n: usize, m: usize) -> Data {
        let mut stream = StreamKey { seed: 4, stage: Stage::Test, cycle: 1, member: 0, column: 0 }.stream();
        let x = Array2::from_shape_fn((n, 3), |_| stream.uniform());
        let y = x.rows().into_iter().map(|x| (5.0 * x[0]).sin() + x[1] + 0.1 * stream.normal()).collect();
        let u = x.slice(ndarray::s![..m, ..]).to_owned();
        Data { x, u, y }
    }

    fn hyper(at: &[f64]) -> Hyperparameters {
        let length_scales = at[1..4].iter().map(|l| l.exp()).collect();
        Hyperparameters { signal_sd: at[0].exp(), length_scales, noise_sd: at[4].exp() }
    }

    #[test]
    fn the_gradient_is_that_of_the_bound() {
        let (data, at) = (data(40, 7), [0.3, -0.5, 0.2, 0.6, -1.5]);
        for kernel in [Kernel::Rbf, Kernel::Matern32, Kernel::Matern52] {
            let (value, gradient) = data.bound(kernel, &hyper(&at)).unwrap();
            assert_abs_diff_eq!(value, data.posterior(kernel, &hyper(&at)).unwrap().bound);
            for k in 0..5 {
                let moved = |h: f64| {
                    let mut at = at;
                    at[k] += h;
                    data.bound(kernel, &hyper(&at)).unwrap().0
                };
                let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert_abs_diff_eq!(gradient[k], numeric, epsilon = 1e-4 * (1.0 + numeric.abs()));
            }
        }
    }

    /// With every input inducing, the bound is the likelihood itself; with fewer it lies below.
    #[test]
    fn the_bound_meets_the_likelihood_from_below() {
        let at = hyper(&[0.3, -0.5, 0.2, 0.6, -1.5]);
        let n = 25;
        let exact = {
            let data = data(n, n);
            let z = scaled(data.x.view(), &at.length_scales);
            let mut k = Between::new(Kernel::Rbf, (&z, &z), at.signal_sd.powi(2)).value;
            for i in 0..n {
                k[(i, i)] += at.noise_sd.powi(2);
            }
            factorise(&mut k).unwrap();
            let mut y = Mat::from_fn(n, 1, |i, _| data.y[i]);
            solve_lower_triangular_in_place(k.as_ref(), y.as_mut(), Par::Seq);
            let determinant: f64 = (0..n).map(|i| k[(i, i)].ln()).sum();
            -0.5 * norm(y.col(0)) - determinant - 0.5 * n as f64 * (2.0 * std::f64::consts::PI).ln()
        };
        let bound = |m| data(n, m).posterior(Kernel::Rbf, &at).unwrap().bound;
        assert_abs_diff_eq!(bound(n), exact, epsilon = 1e-3);
        assert!(bound(5) < bound(12) && bound(12) < exact, "{} {} {exact}", bound(5), bound(12));
    }
}
