//! An emulator of logarithms, read on the plain scale: where they are normal, outputs are log-normal.

use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Fitted;
use crate::emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction};

/// An emulator of outputs' logarithms.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogScale {
    /// The emulator.
    pub(super) inner: Fitted,
}

/// Mean `exp(m + v / 2)` and variance `(exp(v) - 1) mean²` of a log-normal distribution.
fn plain(m: f64, v: f64) -> (f64, f64) {
    let mean = (m + 0.5 * v).exp();
    (mean, v.exp_m1() * mean * mean)
}

impl Emulator for LogScale {
    fn inputs(&self) -> usize {
        self.inner.inputs()
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.distribution(x).map(|found| found.mean)
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        let found = self.inner.distribution(x)?;
        let (mean, variance) = found.mean.iter().zip(&found.variance).map(|(&m, &v)| plain(m, v)).unzip();
        Ok(Prediction { mean, variance })
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        let Some(inner) = self.inner.derivatives(x)? else { return Ok(None) };
        let at = self.inner.distribution(x.insert_axis(Axis(0)))?;
        let (v, (mean, _)) = (at.variance[0], plain(at.mean[0], at.variance[0]));
        let of_mean: Vec<f64> =
            inner.mean.iter().zip(&inner.variance).map(|(m, v)| mean * (m + 0.5 * v)).collect();
        let of_variance = of_mean.iter().zip(&inner.variance);
        let variance = of_variance.map(|(dm, dv)| 2.0 * mean * v.exp_m1() * dm + mean * mean * v.exp() * dv);
        Ok(Some(Gradient { variance: variance.collect(), mean: of_mean }))
    }

    fn left_out(&self) -> LeaveOneOut {
        let inner = self.inner.left_out();
        let mut found = LeaveOneOut::default();
        for ((&m, &v), &z) in inner.mean.iter().zip(&inner.variance).zip(&inner.z) {
            let (mean, variance) = plain(m, v);
            let y = (m + z * v.sqrt()).exp();
            found.mean.push(mean);
            found.variance.push(variance);
            found.z.push((y - mean) / variance.sqrt());
        }
        found
    }
}
