//! Statistics of a chaotic model: time means of Lorenz-63 and of its products (Cleary et al. 2021,
//! doi:10.1016/j.jcp.2020.109716, section 4.3).

use ndarray::Array2;
use reterra_statistics::{Bounds, Prior};
use serde::Deserialize;

use crate::calibration::Problem;
use crate::model::{ForwardMap, MemberFailure};
use crate::sampling::{Length, Method, Sample, Target, sample};
use crate::{AssimilationError, Noise};

/// `σ = 10`; `u = (ln r, ln b)` with prior `N((3.3, 1.2), diag(0.15², 0.5²))`; the data are means of x, y, z, x², y², z²,
/// xy, xz, yz over a window of 10 after a spin-up of 30, whose internal variability is the observation error.
#[derive(Clone, Debug, Deserialize)]
pub struct Lorenz63Statistics {
    /// The observations, 9.
    pub y: Vec<f64>,
    /// Covariance of their errors, 9 × 9.
    #[serde(rename = "Gamma")]
    pub gamma: Vec<Vec<f64>>,
    /// State that runs start from.
    pub w_end: [f64; 3],
}

const SIGMA: f64 = 10.0;
/// Step of the fourth-order Runge-Kutta scheme.
const STEP: f64 = 0.01;
const SPIN_UP: f64 = 30.0;
/// Window of the data.
pub const WINDOW: f64 = 10.0;
/// Window of the reference: internal variability has a variance of 1/100 of the data's.
pub const LONG: f64 = 1000.0;

impl Lorenz63Statistics {
    /// Priors, observations and errors.
    ///
    /// # Errors
    /// `Shape` and `NotPositive` for a covariance that is none.
    pub fn problem(&self) -> Result<Problem, AssimilationError> {
        let priors =
            vec![Prior::new("ln r", 3.3, 0.15, Bounds::None)?, Prior::new("ln b", 1.2, 0.5, Bounds::None)?];
        let m = self.y.len();
        let flat: Vec<f64> = self.gamma.iter().flatten().copied().collect();
        let got = flat.len();
        let gamma = Array2::from_shape_vec((m, m), flat).map_err(|_| AssimilationError::Shape {
            what: "observation error covariance",
            expected: m * m,
            got,
        })?;
        // Rounding in the file leaves differences in the last digits.
        Problem::new(priors, self.y.clone(), Noise::Full((&gamma + &gamma.t()) * 0.5))
    }

    /// Time means over a window.
    ///
    /// # Errors
    /// A run that leaves all bounds.
    pub fn means(&self, u: &[f64], window: f64) -> Result<Vec<f64>, MemberFailure> {
        let (r, b) = (u[0].exp(), u[1].exp());
        let steps = |time: f64| (time / STEP).round() as usize;
        let mut w = self.w_end;
        for _ in 0..steps(SPIN_UP) {
            w = advance(w, (r, b));
        }
        let mut sums = [0.0; 9];
        for _ in 0..steps(window) {
            w = advance(w, (r, b));
            let [x, y, z] = w;
            let seen = [x, y, z, x * x, y * y, z * z, x * y, x * z, y * z];
            sums.iter_mut().zip(seen).for_each(|(sum, s)| *sum += s);
        }
        let means: Vec<f64> = sums.iter().map(|sum| sum / steps(window) as f64).collect();
        let finite = means.iter().all(|x| x.is_finite());
        if finite { Ok(means) } else { Err(MemberFailure::new("Lorenz-63 left all bounds")) }
    }

    /// A long sample of the posterior by the model itself (whitened parameters), with means over long windows.
    ///
    /// # Errors
    /// Those of the sampler.
    pub fn reference(&self, length: Length, seed: u64) -> Result<Sample, AssimilationError> {
        let problem = self.problem()?;
        let whitening = problem.noise.whitening(self.y.len())?;
        let target = Truth { model: self, y: whitening.vector(&self.y), whitening, problem: &problem };
        sample(&target, Method::Metropolis, (length, seed), &Array2::zeros((1, 2)))
    }
}

impl ForwardMap for Lorenz63Statistics {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        self.means(u, WINDOW)
    }
}

/// The likelihood by the model itself.
struct Truth<'a> {
    model: &'a Lorenz63Statistics,
    y: Vec<f64>,
    whitening: crate::noise::Whitening,
    problem: &'a Problem,
}

impl Target for Truth<'_> {
    fn dimension(&self) -> usize {
        2
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        let physical = z.iter().zip(&self.problem.priors).map(|(z, p)| p.u_mean() + p.u_sd() * z);
        let Ok(means) = self.model.means(&physical.collect::<Vec<_>>(), LONG) else {
            return f64::NEG_INFINITY;
        };
        let white = self.whitening.vector(&means);
        -0.5 * white.iter().zip(&self.y).map(|(g, y)| (y - g) * (y - g)).sum::<f64>()
    }
}

fn tendency([x, y, z]: [f64; 3], (r, b): (f64, f64)) -> [f64; 3] {
    [SIGMA * (y - x), x * (r - z) - y, x * y - b * z]
}

fn advance(w: [f64; 3], parameters: (f64, f64)) -> [f64; 3] {
    let shifted = |k: [f64; 3], h: f64| [0, 1, 2].map(|i| w[i] + h * k[i]);
    let k1 = tendency(w, parameters);
    let k2 = tendency(shifted(k1, 0.5 * STEP), parameters);
    let k3 = tendency(shifted(k2, 0.5 * STEP), parameters);
    let k4 = tendency(shifted(k3, STEP), parameters);
    [0, 1, 2].map(|i| w[i] + STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}
