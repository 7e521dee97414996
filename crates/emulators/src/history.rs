//! History matching: which inputs an emulator rules out (Craig et al. 1997, doi:10.1007/978-1-4612-2290-3_2; Vernon et al.
//! 2010, doi:10.1214/10-BA524).
//!
//! An input is implausible where a prediction lies too many standard deviations from an observation, of the emulator, the
//! observation and the model's discrepancy together. What remains is not a posterior: it is what no wave has ruled out
//! yet.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::emulator::{Emulator, EmulatorError};

/// An observation of one output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The observation, in units of the output.
    pub observed: f64,
    /// Variance of its error.
    pub error_variance: f64,
    /// Variance of the model's discrepancy: how far off the model may be with the best inputs.
    pub discrepancy_variance: f64,
}

/// When an input is ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cutoff {
    /// Largest implausibility that is kept. Three holds 95 % of any distribution with one peak (Pukelsheim 1994,
    /// doi:10.1080/00031305.1994.10476030).
    pub implausibility: f64,
    /// Outputs that may be worse: with 1 the second largest implausibility counts, so that one bad emulator rules nothing
    /// out.
    pub forgiven: usize,
}

impl Default for Cutoff {
    fn default() -> Self {
        Self { implausibility: 3.0, forgiven: 0 }
    }
}

/// Implausibilities of inputs (m × d) by output (m × outputs).
///
/// # Errors
/// `Rows` for another number of targets than of emulators, and those of predictions.
pub fn implausibility(
    emulators: &[&dyn Emulator],
    targets: &[Target],
    x: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, EmulatorError> {
    if emulators.len() != targets.len() || targets.is_empty() {
        return Err(EmulatorError::Rows { rows: emulators.len(), outputs: targets.len() });
    }
    let mut found = Array2::zeros((x.nrows(), targets.len()));
    for ((emulator, target), mut column) in emulators.iter().zip(targets).zip(found.columns_mut()) {
        let at = emulator.distribution(x)?;
        for ((to, mean), variance) in column.iter_mut().zip(&at.mean).zip(&at.variance) {
            let total = variance + target.error_variance + target.discrepancy_variance;
            *to = (target.observed - mean).abs() / total.sqrt();
        }
    }
    Ok(found)
}

impl Cutoff {
    /// Whether each row of implausibilities (m × outputs) is kept.
    #[must_use]
    pub fn kept(&self, implausibilities: ArrayView2<'_, f64>) -> Vec<bool> {
        let worse = |row: ndarray::ArrayView1<'_, f64>| {
            row.iter().filter(|implausibility| **implausibility > self.implausibility).count()
        };
        implausibilities.rows().into_iter().map(|row| worse(row) <= self.forgiven).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaussian_process::{GaussianProcess, GaussianProcessOptions, OutputNoise};
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    fn fitted(f: impl Fn(f64, f64) -> f64) -> GaussianProcess {
        let x = Array2::from_shape_fn((36, 2), |(i, j)| [(i / 6) as f64, (i % 6) as f64][j] / 5.0);
        let y: Vec<f64> = x.rows().into_iter().map(|x| f(x[0], x[1])).collect();
        let options =
            GaussianProcessOptions { noise: OutputNoise::Known(vec![1e-6; 36]), ..Default::default() };
        GaussianProcess::fit(x.view(), &y, &options).unwrap()
    }

    #[test]
    fn what_agrees_with_observations_is_kept_and_nothing_far_is() {
        let (sum, product) = (fitted(|a, b| a + b), fitted(|a, b| a * b));
        let emulators: [&dyn Emulator; 2] = [&sum, &product];
        let target = |observed| Target { observed, error_variance: 0.0016, discrepancy_variance: 0.0009 };
        let targets = [target(1.1), target(0.3)];
        let x = array![[0.5, 0.6], [0.6, 0.5], [0.55, 0.55], [0.1, 1.0], [0.2, 0.2], [0.3, 1.0]];
        let found = implausibility(&emulators, &targets, x.view()).unwrap();
        // Errors of observation and discrepancy are 0.05 together; the emulator adds next to nothing here.
        assert_abs_diff_eq!(found[[4, 0]], 0.7 / 0.05, epsilon = 0.3);
        assert_eq!(Cutoff::default().kept(found.view()), [true, true, true, false, false, false]);
        let forgiving = Cutoff { forgiven: 1, ..Default::default() };
        assert_eq!(forgiving.kept(found.view()), [true, true, true, true, false, true]);
        assert!(implausibility(&emulators, &targets[..1], x.view()).is_err());
    }

    #[test]
    fn an_unsure_emulator_rules_nothing_out() {
        let x = array![[0.0], [0.1], [0.2], [0.3]];
        let process =
            GaussianProcess::fit(x.view(), &[0.0, 0.1, 0.2, 0.25], &GaussianProcessOptions::default())
                .unwrap();
        let target = Target { observed: 0.6, error_variance: 1e-4, discrepancy_variance: 0.0 };
        let at = array![[0.1], [40.0]];
        let found = implausibility(&[&process], &[target], at.view()).unwrap();
        assert_eq!(Cutoff::default().kept(found.view()), [false, true]);
    }
}
