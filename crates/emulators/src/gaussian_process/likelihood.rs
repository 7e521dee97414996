//! The restricted marginal likelihood and its gradient.
//!
//! With `W = α αᵀ - P` the gradient is `½ Σ W ∂K` (Rasmussen and Williams 2006, equation 5.9). For a length scale
//! `∂K_ij / ∂ln ℓ = G_ij (z_i - z_j)²` with the kernel's slope `G` and inputs `z` in units of the length scales, so with
//! `M = W ∘ G` all length scales together cost one product `M Z`.

use faer::Mat;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::Hyperparameters;
use super::factor::Factor;
use super::kernel::Kernel;

/// Added to every diagonal, in units of the outputs' variance: what rounding needs.
const JITTER: f64 = 1e-9;

/// Data that a likelihood is of, all of it scaled.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// Inputs, n × d.
    pub x: Array2<f64>,
    /// Basis functions of the mean, n × q.
    pub h: Array2<f64>,
    /// Outputs, n.
    pub y: Vec<f64>,
    /// Known error variances, n.
    pub known: Vec<f64>,
}

impl Data {
    /// Some of the rows.
    pub fn rows(&self, rows: &[usize]) -> Self {
        let pick = |values: &[f64]| rows.iter().map(|&i| values[i]).collect();
        Self {
            x: self.x.select(Axis(0), rows),
            h: self.h.select(Axis(0), rows),
            y: pick(&self.y),
            known: pick(&self.known),
        }
    }

    /// The regression for given hyperparameters; none where the covariance isn't positive definite.
    pub fn factor(&self, kernel: Kernel, hyper: &Hyperparameters) -> Option<Factor> {
        let z = scaled(self.x.view(), &hyper.length_scales);
        let covariance = Covariance::new(kernel, &z, hyper.signal_sd, &self.noise(hyper));
        Factor::new(covariance.value, self.h.view(), &self.y)
    }

    /// What the diagonal has beside the kernel.
    fn noise(&self, hyper: &Hyperparameters) -> Vec<f64> {
        let estimated = hyper.noise_sd * hyper.noise_sd + JITTER;
        self.known.iter().map(|known| known + estimated).collect()
    }

    /// The logarithm of the likelihood with its gradient by the logarithms of signal, length scales and noise.
    pub fn likelihood(&self, kernel: Kernel, hyper: &Hyperparameters) -> Option<(f64, Vec<f64>)> {
        let z = scaled(self.x.view(), &hyper.length_scales);
        let noise = self.noise(hyper);
        let Covariance { value, slope } = Covariance::new(kernel, &z, hyper.signal_sd, &noise);
        let factor = Factor::new(value.clone(), self.h.view(), &self.y)?;
        let gradient = gradient(&factor, &z, hyper, (&value, slope, &noise));
        gradient.iter().all(|g| g.is_finite()).then_some((factor.log_likelihood, gradient))
    }
}

/// A covariance matrix and the slopes of its kernel.
struct Covariance {
    /// Lower triangle, column by column.
    value: Mat<f64>,
    /// Both triangles.
    slope: Array2<f64>,
}

impl Covariance {
    fn new(kernel: Kernel, z: &Array2<f64>, signal_sd: f64, noise: &[f64]) -> Self {
        let n = z.nrows();
        let gram = z.dot(&z.t());
        let variance = signal_sd * signal_sd;
        let mut value = Mat::zeros(n, n);
        let mut slope = Array2::zeros((n, n));
        for j in 0..n {
            for i in j..n {
                let squared = (gram[[i, i]] + gram[[j, j]] - 2.0 * gram[[j, i]]).max(0.0);
                let at = kernel.at(squared);
                value[(i, j)] = variance * at.value;
                slope[[j, i]] = variance * at.slope;
            }
            value[(j, j)] += noise[j];
        }
        Self { value, slope }
    }
}

/// See the module's text; `noise` is what the diagonal has beside the kernel.
fn gradient(
    factor: &Factor,
    z: &Array2<f64>,
    hyper: &Hyperparameters,
    (value, mut slope, noise): (&Mat<f64>, Array2<f64>, &[f64]),
) -> Vec<f64> {
    let n = z.nrows();
    let precision = factor.precision();
    let alpha = &factor.alpha;
    let (mut by_signal, mut trace) = (0.0, 0.0);
    for j in 0..n {
        let w = alpha[j] * alpha[j] - precision[(j, j)];
        trace += w;
        by_signal += w * (value[(j, j)] - noise[j]);
        slope[[j, j]] *= w;
        for i in j + 1..n {
            let w = alpha[i] * alpha[j] - precision[(i, j)];
            by_signal += 2.0 * w * value[(i, j)];
            slope[[j, i]] *= w;
        }
    }
    for j in 0..n {
        for i in j + 1..n {
            slope[[i, j]] = slope[[j, i]];
        }
    }
    let (sums, products) = (slope.sum_axis(Axis(1)), slope.dot(z));
    let by_length =
        z.columns().into_iter().zip(products.columns()).map(|(z, product)| length(z, product, &sums));
    let by_noise = hyper.noise_sd * hyper.noise_sd * trace;
    std::iter::once(by_signal).chain(by_length).chain(std::iter::once(by_noise)).collect()
}

/// `½ Σ M_ij (z_i - z_j)² = Σ ρ_i z_i² - zᵀ M z` with the sums ρ of the rows of M.
fn length(z: ndarray::ArrayView1<'_, f64>, product: ndarray::ArrayView1<'_, f64>, sums: &Array1<f64>) -> f64 {
    z.iter().zip(product).zip(sums).map(|((z, product), sum)| z * (sum * z - product)).sum()
}

/// Inputs in units of the length scales.
pub(super) fn scaled(x: ArrayView2<'_, f64>, length_scales: &[f64]) -> Array2<f64> {
    &x / &ndarray::aview1(length_scales)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::{Stage, StreamKey};

    fn data(n: usize, d: usize, linear: bool) -> Data {
        let mut stream = StreamKey { seed: 4, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream();
        let x = Array2::from_shape_fn((n, d), |_| stream.uniform());
        let y =
            x.rows().into_iter().map(|x| (5.0 * x[0]).sin() + x[1] * x[1] + 0.1 * stream.normal()).collect();
        let q = if linear { d + 1 } else { 1 };
        let h = Array2::from_shape_fn((n, q), |(i, j)| if j == 0 { 1.0 } else { x[[i, j - 1]] });
        let known = (0..n).map(|i| 0.01 * (i % 3) as f64).collect();
        Data { x, h, y, known }
    }

    fn hyper(at: &[f64]) -> Hyperparameters {
        Hyperparameters {
            signal_sd: at[0].exp(),
            length_scales: at[1..at.len() - 1].iter().map(|l| l.exp()).collect(),
            noise_sd: at[at.len() - 1].exp(),
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_likelihood() {
        for kernel in [Kernel::Rbf, Kernel::Matern32, Kernel::Matern52] {
            for linear in [false, true] {
                let data = data(30, 3, linear);
                let at = [0.3, -0.5, 0.2, 0.6, -2.0];
                let (_, gradient) = data.likelihood(kernel, &hyper(&at)).unwrap();
                for k in 0..at.len() {
                    let moved = |h: f64| {
                        let mut at = at;
                        at[k] += h;
                        data.likelihood(kernel, &hyper(&at)).unwrap().0
                    };
                    let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    assert_abs_diff_eq!(gradient[k], numeric, epsilon = 1e-5 * (1.0 + numeric.abs()));
                }
            }
        }
    }

    #[test]
    fn the_likelihood_is_the_density_of_contrasts() {
        // Two outputs with an unknown common mean: their difference is normal with variance 2 (s² - k + noise), and the
        // restricted likelihood is its density times √2, because (y₁ - y₂) / √2 is the contrast of unit length, less
        // ln √(hᵀ h) = ln √2, as Rasmussen and Williams leave it out.
        let data = Data {
            x: ndarray::array![[0.0], [0.7]],
            h: Array2::ones((2, 1)),
            y: vec![0.4, -0.3],
            known: vec![0.0; 2],
        };
        let hyper = Hyperparameters { signal_sd: 1.3, length_scales: vec![0.9], noise_sd: 0.2 };
        let k = 1.69 * (-0.5 * (0.7_f64 / 0.9).powi(2)).exp();
        let variance = 1.69 - k + 0.04 + JITTER;
        let contrast = 0.7 / 2.0_f64.sqrt();
        let density = -0.5 * (contrast * contrast / variance + (2.0 * std::f64::consts::PI * variance).ln());
        let (found, _) = data.likelihood(Kernel::Rbf, &hyper).unwrap();
        assert_abs_diff_eq!(found, density - 0.5 * 2.0_f64.ln(), epsilon = 1e-9);
    }
}
