//! A weighted mean of emulators whose spread was scaled on rows left out.

use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::Fitted;
use crate::conformal::bound;
use crate::emulator::{Emulator, EmulatorError, Gradient, LeaveOneOut, Prediction};
use crate::scores::{BAND, half_width};

/// Emulators with their weights.
///
/// Their errors are far from independent, so standard deviations are averaged as means are, which is right for errors
/// that are all the same; what that is off by, the factor corrects.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stack {
    parts: Vec<(f64, Fitted)>,
    factor: f64,
    left_out: LeaveOneOut,
}

/// The mixture of weighted predictions, not calibrated.
fn mixed(parts: &[(f64, &Prediction)], rows: usize) -> Prediction {
    let mut found = Prediction { mean: vec![0.0; rows], variance: vec![0.0; rows] };
    for (weight, part) in parts {
        for row in 0..rows {
            found.mean[row] += weight * part.mean[row];
            found.variance[row] += weight * part.variance[row].sqrt();
        }
    }
    for sd in &mut found.variance {
        *sd *= *sd;
    }
    found
}

impl Stack {
    /// A stack whose factor makes 90 % bands hold their share of outputs, by what its parts predict of each row without
    /// it.
    pub(super) fn calibrated(
        parts: Vec<(f64, Fitted)>,
        predictions: &[(f64, &Prediction)],
        y: &[f64],
    ) -> Self {
        let mut without = mixed(predictions, y.len());
        let sds = || without.variance.iter().map(|variance| variance.sqrt().max(f64::MIN_POSITIVE));
        let gaps: Vec<f64> = y.iter().zip(&without.mean).map(|(y, mean)| y - mean).collect();
        let scores: Vec<f64> = gaps.iter().zip(sds()).map(|(gap, sd)| gap.abs() / sd).collect();
        let factor = (bound(scores, BAND) / half_width()).max(f64::MIN_POSITIVE);
        let z = gaps.iter().zip(sds()).map(|(gap, sd)| gap / (factor * sd)).collect();
        for variance in &mut without.variance {
            *variance *= factor * factor;
        }
        let left_out = LeaveOneOut { mean: without.mean, variance: without.variance, z };
        Self { parts, factor, left_out }
    }

    /// What standard deviations were multiplied by: above one where emulators were too sure of themselves.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Emulators with their weights, which sum to one.
    #[must_use]
    pub fn parts(&self) -> &[(f64, Fitted)] {
        &self.parts
    }

    /// Refuses what parses but can't predict.
    pub(crate) fn check_stored(&self) -> Result<(), EmulatorError> {
        let inputs = self.inputs();
        if self.parts.is_empty() || self.parts.iter().any(|(_, part)| part.inputs() != inputs) {
            return Err(EmulatorError::Stored { reason: "its parts don't have the same inputs".into() });
        }
        self.parts.iter().try_for_each(|(_, part)| part.check_stored())
    }
}

impl Emulator for Stack {
    fn inputs(&self) -> usize {
        self.parts.first().map_or(0, |(_, part)| part.inputs())
    }

    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        let mut found = vec![0.0; x.nrows()];
        for (weight, part) in &self.parts {
            for (found, mean) in found.iter_mut().zip(part.predict(x)?) {
                *found += weight * mean;
            }
        }
        Ok(found)
    }

    fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        let parts: Result<Vec<(f64, Prediction)>, EmulatorError> =
            self.parts.iter().map(|(weight, part)| Ok((*weight, part.distribution(x)?))).collect();
        let parts = parts?;
        let mut found =
            mixed(&parts.iter().map(|(weight, part)| (*weight, part)).collect::<Vec<_>>(), x.nrows());
        for variance in &mut found.variance {
            *variance *= self.factor * self.factor;
        }
        Ok(found)
    }

    fn derivatives(&self, x: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
        let d = self.inputs();
        let mut found = Gradient { mean: vec![0.0; d], variance: vec![0.0; d] };
        let mut sd = 0.0;
        for (weight, part) in &self.parts {
            let Some(gradient) = part.derivatives(x)? else { return Ok(None) };
            let own = part.distribution(x.insert_axis(Axis(0)))?.variance[0].sqrt();
            sd += weight * own;
            for j in 0..d {
                found.mean[j] += weight * gradient.mean[j];
                found.variance[j] += weight * gradient.variance[j] / (2.0 * own);
            }
        }
        for slope in &mut found.variance {
            *slope *= 2.0 * self.factor * self.factor * sd;
        }
        Ok(Some(found))
    }

    fn left_out(&self) -> LeaveOneOut {
        self.left_out.clone()
    }
}
