//! Emulators of many outputs: each coordinate of encoded outputs has an emulator of its own.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::choice::{Candidate, Report, Stack, Trial, choose};
use crate::emulator::{Emulator, EmulatorError, restored, stored};
use crate::encoders::{Encoder, Encoding, Side};
use crate::groups::Fold;

/// How an emulator of many outputs is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManyOptions {
    /// Encoders of inputs, in their order.
    pub inputs: Vec<Encoder>,
    /// Encoders of outputs, in their order.
    pub outputs: Vec<Encoder>,
    /// What each coordinate's emulator is chosen from.
    pub candidates: Vec<Candidate>,
}

/// Emulators of coordinates, between encoders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManyOutputs {
    inputs: Encoding,
    outputs: Encoding,
    parts: Vec<Stack>,
}

/// Means and variances of many outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct ManyPredictions {
    /// Means, m × p.
    pub mean: Array2<f64>,
    /// Variances, m × p, what encoders lost included.
    pub variance: Array2<f64>,
}

impl ManyOutputs {
    /// Fits to inputs (n × d) and outputs (n × p), with a report by coordinate.
    ///
    /// # Errors
    /// As [`Encoding::fit`] and [`choose`].
    pub fn fit(
        (x, y): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
        options: &ManyOptions,
        folds: &[Fold],
    ) -> Result<(Self, Vec<Report>), EmulatorError> {
        let inputs = Encoding::fit(&options.inputs, Side::Inputs, x, y)?;
        let outputs = Encoding::fit(&options.outputs, Side::Outputs, y, x)?;
        let (x, z) = (inputs.encode(x)?, outputs.encode(y)?);
        let one = |k: usize| {
            let y = z.column(k).to_vec();
            choose(Trial { x: x.view(), y: &y, folds }, &options.candidates)
        };
        let fitted: Result<Vec<(Stack, Report)>, EmulatorError> =
            (0..outputs.coordinates()).into_par_iter().map(one).collect();
        let (parts, reports) = fitted?.into_iter().unzip();
        Ok((Self { inputs, outputs, parts }, reports))
    }

    /// Means and variances for each row of inputs (m × d).
    ///
    /// # Errors
    /// `Inputs` for another number of columns, and those of the emulators.
    pub fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<ManyPredictions, EmulatorError> {
        let (mean, variance) = self.coordinates(x)?;
        let (mean, variance) =
            (self.outputs.decode(mean.view())?, self.outputs.decode_variance(variance.view())?);
        Ok(ManyPredictions { mean, variance })
    }

    /// Covariance of the outputs at one place (d), p × p.
    ///
    /// # Errors
    /// As [`Self::distribution`].
    pub fn covariance(&self, x: ArrayView1<'_, f64>) -> Result<Array2<f64>, EmulatorError> {
        let (_, variance) = self.coordinates(x.insert_axis(Axis(0)))?;
        self.outputs.decode_covariance(variance.row(0))
    }

    /// Emulators of the coordinates.
    #[must_use]
    pub fn parts(&self) -> &[Stack] {
        &self.parts
    }

    /// The emulator as JSON text.
    ///
    /// # Errors
    /// `Stored` where it cannot be written.
    pub fn to_json(&self) -> Result<String, EmulatorError> {
        stored(self)
    }

    /// An emulator from its JSON text: it predicts the same bits.
    ///
    /// # Errors
    /// `Stored` where the text is something else.
    pub fn from_json(text: &str) -> Result<Self, EmulatorError> {
        let found: Self = restored(text)?;
        let inputs = found.inputs.coordinates();
        if found.parts.len() != found.outputs.coordinates()
            || found.parts.iter().any(|p| p.inputs() != inputs)
        {
            let reason = "its emulators don't fit its encoders".to_owned();
            return Err(EmulatorError::Stored { reason });
        }
        found.parts.iter().try_for_each(Stack::check_stored)?;
        Ok(found)
    }

    /// Means and variances of coordinates, m × k each.
    fn coordinates(&self, x: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), EmulatorError> {
        let x = self.inputs.encode(x)?;
        let shape = (x.nrows(), self.parts.len());
        let (mut mean, mut variance) = (Array2::zeros(shape), Array2::zeros(shape));
        for (k, part) in self.parts.iter().enumerate() {
            let found = part.distribution(x.view())?;
            mean.column_mut(k).assign(&ArrayView1::from(&found.mean));
            variance.column_mut(k).assign(&ArrayView1::from(&found.variance));
        }
        Ok((mean, variance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Scale;
    use crate::encoders::Keep;
    use crate::friedman::friedman1;
    use crate::groups::shuffled;
    use crate::scores::{BAND, half_width};

    /// Curves of forty points that two functions of the inputs shape, with a little noise.
    fn curves(n: usize, part: u32) -> (Array2<f64>, Array2<f64>) {
        let (x, truth, mut stream) = friedman1(n, 5, part);
        let y = Array2::from_shape_fn((n, 40), |(i, t)| {
            let t = t as f64 / 39.0;
            truth[i] * (1.0 - t) + 10.0 * (x[[i, 0]] - x[[i, 4]]) * (3.0 * t).sin() + 0.2 * stream.normal()
        });
        (x, y)
    }

    #[test]
    fn curves_are_predicted_with_bands_that_cover_and_stored_to_the_bit() {
        let (x, y) = curves(120, 0);
        let options = ManyOptions {
            inputs: vec![Encoder::Standardise],
            outputs: vec![Encoder::PrincipalComponents(Keep::Share(0.995))],
            candidates: Candidate::usual(0).into_iter().filter(|c| c.scale == Scale::Plain).take(1).collect(),
        };
        let folds = shuffled(120, 4).unwrap();
        let (many, reports) = ManyOutputs::fit((x.view(), y.view()), &options, &folds).unwrap();
        assert_eq!((many.parts().len(), reports.len()), (2, 2));
        let (test, truth) = curves(500, 1);
        let found = many.distribution(test.view()).unwrap();
        let gaps = || truth.iter().zip(&found.mean).map(|(y, mean)| y - mean);
        let r2 = 1.0 - gaps().map(|gap| gap * gap).sum::<f64>() / truth.len() as f64 / truth.var(0.0);
        assert!(r2 > 0.97, "{r2}");
        let inside =
            gaps().zip(&found.variance).filter(|(gap, v)| gap.abs() < half_width() * v.sqrt()).count();
        let coverage = inside as f64 / truth.len() as f64;
        assert!((coverage - BAND).abs() < 0.06, "{coverage}");
        let stored = ManyOutputs::from_json(&many.to_json().unwrap()).unwrap();
        assert_eq!(stored.distribution(test.view()).unwrap(), found);
        let covariance = many.covariance(test.row(3)).unwrap();
        assert!((covariance[[7, 7]] - found.variance[[3, 7]]).abs() < 1e-9);
        assert!(ManyOutputs::from_json("{}").is_err() && many.distribution(y.view()).is_err());
    }
}
