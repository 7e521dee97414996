//! Inputs and outputs in coordinates that are fewer or easier to learn: an ordered list of affine maps, with a way back for
//! values and variances.

mod affine;
mod fit;
#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::emulator::EmulatorError;
use affine::Affine;

/// How many coordinates are kept; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// So many, or all where there are fewer.
    Count(usize),
    /// As many as hold this share of what the encoder orders by.
    Share(f64),
}

/// A way to choose coordinates from data, of the inputs or the outputs of model runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoder {
    /// Each column to mean 0 and standard deviation 1.
    Standardise,
    /// Principal components, scaled to standard deviation 1; the share is of variance.
    PrincipalComponents(Keep),
    /// Right singular vectors of the data as they are, without taking the mean off; the share is of squares.
    TruncatedSvd(Keep),
    /// What observations with independent errors tell, beside what is known beforehand (Cui et al. 2014,
    /// doi:10.1088/0266-5611/30/11/114015), with the model linear over the runs: of inputs the directions in which outputs
    /// move most, of outputs those that inputs move most, both in units of the errors. The share is of the squared
    /// sensitivity. Inputs should be of prior variance 1 by then.
    LikelihoodInformed {
        /// Variances of the outputs' observation errors.
        noise: Vec<f64>,
        /// How many.
        keep: Keep,
    },
    /// Canonical variates with the other side (Hotelling 1936, doi:10.1093/biomet/28.3-4.321); the share is of squared
    /// correlations.
    CanonicalCorrelation(Keep),
}

/// Which side of the model runs is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Inputs; the other side is the outputs.
    Inputs,
    /// Outputs; the other side is the inputs.
    Outputs,
}

/// Encoders fitted to data, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    columns: usize,
    steps: Vec<Affine>,
}

impl Encoding {
    /// Fits encoders in their order to one side of model runs: its values (n × p), with those of the other side (n × q),
    /// which is not encoded.
    ///
    /// # Errors
    /// `Rows` where sides differ in length, `TooFew` with fewer than two rows, `Missing` values, `Noise` that isn't one
    /// variance above zero for each output, and `Fit` where a decomposition fails.
    pub fn fit(
        encoders: &[Encoder],
        side: Side,
        own: ArrayView2<'_, f64>,
        other: ArrayView2<'_, f64>,
    ) -> Result<Self, EmulatorError> {
        if own.nrows() != other.nrows() {
            return Err(EmulatorError::Rows { rows: own.nrows(), outputs: other.nrows() });
        }
        if own.nrows() < 2 {
            return Err(EmulatorError::TooFew { rows: own.nrows(), needed: 2 });
        }
        for values in [&own, &other] {
            if let Some(((row, column), _)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
                return Err(EmulatorError::Missing { row, column });
            }
        }
        let mut found = Self { columns: own.ncols(), steps: Vec::with_capacity(encoders.len()) };
        let mut values = own.to_owned();
        for encoder in encoders {
            let scale = found.steps.iter().map(|step| &step.forward);
            let noise = fit::noise_after(encoder, side, scale)?;
            let step = fit::affine(encoder, side, (values.view(), other), noise.as_deref())?;
            values = step.encode(values.view());
            found.steps.push(step);
        }
        Ok(found)
    }

    /// Number of coordinates after the last encoder.
    #[must_use]
    pub fn coordinates(&self) -> usize {
        self.steps.last().map_or(self.columns, |step| step.forward.ncols())
    }

    /// Coordinates (m × k) of values (m × p).
    ///
    /// # Errors
    /// `Inputs` for another number of columns.
    pub fn encode(&self, values: ArrayView2<'_, f64>) -> Result<Array2<f64>, EmulatorError> {
        if values.ncols() != self.columns {
            return Err(EmulatorError::Inputs { expected: self.columns, got: values.ncols() });
        }
        Ok(self.steps.iter().fold(values.to_owned(), |values, step| step.encode(values.view())))
    }

    /// Values (m × p) of coordinates (m × k).
    ///
    /// # Errors
    /// `Inputs` for another number of columns.
    pub fn decode(&self, coordinates: ArrayView2<'_, f64>) -> Result<Array2<f64>, EmulatorError> {
        self.check(coordinates.ncols())?;
        Ok(self.steps.iter().rev().fold(coordinates.to_owned(), |values, step| step.decode(values.view())))
    }

    /// Variances of values (m × p) from variances of independent coordinates (m × k), with what was lost on the way.
    ///
    /// # Errors
    /// `Inputs` for another number of columns.
    pub fn decode_variance(&self, variances: ArrayView2<'_, f64>) -> Result<Array2<f64>, EmulatorError> {
        self.check(variances.ncols())?;
        let squares = self.back().mapv(|weight| weight * weight);
        Ok(variances.dot(&squares) + self.lost())
    }

    /// Covariance of values (p × p) from variances of independent coordinates (k), with what was lost on the way.
    ///
    /// # Errors
    /// `Inputs` for another number of coordinates.
    pub fn decode_covariance(&self, variances: ArrayView1<'_, f64>) -> Result<Array2<f64>, EmulatorError> {
        self.check(variances.len())?;
        let back = self.back();
        let weighted = &back * &variances.insert_axis(ndarray::Axis(1));
        let mut found = back.t().dot(&weighted);
        for (value, lost) in found.diag_mut().iter_mut().zip(self.lost()) {
            *value += lost;
        }
        Ok(found)
    }

    fn check(&self, coordinates: usize) -> Result<(), EmulatorError> {
        if coordinates == self.coordinates() {
            return Ok(());
        }
        Err(EmulatorError::Inputs { expected: self.coordinates(), got: coordinates })
    }

    /// All ways back in one, k × p.
    fn back(&self) -> Array2<f64> {
        let start = Array2::eye(self.coordinates());
        self.steps.iter().rev().fold(start, |back, step| back.dot(&step.back))
    }

    /// Variance of values that coordinates don't hold, p.
    fn lost(&self) -> Array1<f64> {
        let start = Array1::zeros(self.coordinates());
        self.steps.iter().rev().fold(start, |lost: Array1<f64>, step| {
            lost.dot(&step.back.mapv(|weight| weight * weight)) + &step.lost
        })
    }
}
