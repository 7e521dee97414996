//! Predictions, their gradients, and what each row says of the others.

use faer::Mat;
use ndarray::{Array2, ArrayView1, ArrayView2};

use super::likelihood::scaled;
use super::{GaussianProcess, basis, check_inputs};
use crate::emulator::{EmulatorError, Gradient, LeaveOneOut, Prediction};

/// Rows predicted at a time: bounds the memory of a call.
const ROWS: usize = 512;

impl GaussianProcess {
    /// Mean and variance of the function, without the noise of outputs, for each row of `x` (n × d).
    ///
    /// # Errors
    /// `Inputs` for another number of columns, `Missing` for inputs that aren't finite.
    pub fn predict_with_variance(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
        self.check(x)?;
        let mut found = Prediction::default();
        for part in x.axis_chunks_iter(ndarray::Axis(0), ROWS) {
            let at = self.at(part);
            found.mean.extend(self.mean_at(&at));
            found.variance.extend(self.variance_at(at));
        }
        Ok(found)
    }

    /// Derivatives of mean and variance at one place (d).
    ///
    /// # Errors
    /// As [`Self::predict_with_variance`].
    pub fn gradient(&self, x: ArrayView1<'_, f64>) -> Result<Gradient, EmulatorError> {
        self.check(x.insert_axis(ndarray::Axis(0)))?;
        let (n, d) = self.z.dim();
        let hyper = &self.stored.hyper;
        let z: Vec<f64> =
            self.scaling.row(x).iter().zip(&hyper.length_scales).map(|(x, length)| x / length).collect();
        let mut slope = vec![0.0; n];
        let mut k = Mat::zeros(n, 1);
        for (i, row) in self.z.rows().into_iter().enumerate() {
            let squared: f64 = row.iter().zip(&z).map(|(a, b)| (a - b) * (a - b)).sum();
            let at = self.stored.kernel.at(squared);
            k[(i, 0)] = hyper.signal_sd.powi(2) * at.value;
            slope[i] = hyper.signal_sd.powi(2) * at.slope;
        }
        let rest = self.mean_weights(&k, &self.scaling.row(x));
        self.factor.whiten(&mut k);
        self.factor.unwhiten(&mut k);
        let mut found = Gradient { mean: vec![0.0; d], variance: vec![0.0; d] };
        for j in 0..d {
            let unit = self.scaling.scale(j) * hyper.length_scales[j];
            let (mut mean, mut explained, mut of_mean) = (0.0, 0.0, 0.0);
            for i in 0..n {
                // Derivative of the kernel by the scaled input.
                let dk = slope[i] * (self.z[[i, j]] - z[j]);
                mean += dk * self.factor.alpha[i];
                explained += dk * k[(i, 0)];
                of_mean -= dk * rest.iter().zip(self.factor.u.row(i)).map(|(t, u)| t * u).sum::<f64>();
            }
            // Basis functions beyond the constant are the inputs from 0 to 1 themselves.
            let linear = rest.len() > 1;
            let by_basis = |values: &dyn Fn(usize) -> f64| {
                if linear { values(j + 1) / self.scaling.scale(j) } else { 0.0 }
            };
            let sd = self.scaling.sd;
            found.mean[j] = sd * (mean / unit + by_basis(&|q| self.factor.beta[q]));
            found.variance[j] = sd * sd * (2.0 * (of_mean - explained) / unit + 2.0 * by_basis(&|q| rest[q]));
        }
        Ok(found)
    }

    /// What the other rows say of each, hyperparameters kept (Dubrule 1983, doi:10.1007/BF01033233).
    #[must_use]
    pub fn leave_one_out(&self) -> LeaveOneOut {
        let precision = self.factor.precision();
        let (sd, shift) = (self.scaling.sd, self.scaling.mean);
        let mut found = LeaveOneOut { mean: Vec::new(), variance: Vec::new(), z: Vec::new() };
        for (i, y) in self.stored.y.iter().enumerate() {
            let p = precision[(i, i)];
            let gap = self.factor.alpha[i] / p;
            found.mean.push(((y - shift) / sd - gap) * sd + shift);
            found.variance.push(sd * sd / p);
            found.z.push(gap * p.sqrt());
        }
        found
    }

    pub(super) fn means(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
        self.check(x)?;
        let parts = x.axis_chunks_iter(ndarray::Axis(0), ROWS);
        Ok(parts.flat_map(|part| self.mean_at(&self.at(part))).collect())
    }

    fn check(&self, x: ArrayView2<'_, f64>) -> Result<(), EmulatorError> {
        if x.ncols() != self.scaling.inputs() {
            return Err(EmulatorError::Inputs { expected: self.scaling.inputs(), got: x.ncols() });
        }
        check_inputs(x)
    }

    fn at(&self, x: ArrayView2<'_, f64>) -> Places {
        let hyper = &self.stored.hyper;
        let x = self.scaling.inputs_of(x);
        let z = scaled(x.view(), &hyper.length_scales);
        let norm = |row: ArrayView1<'_, f64>| row.dot(&row);
        let own: Vec<f64> = self.z.rows().into_iter().map(norm).collect();
        let theirs: Vec<f64> = z.rows().into_iter().map(norm).collect();
        let products = z.dot(&self.z.t());
        let covariance = Array2::from_shape_fn(products.dim(), |(m, i)| {
            let squared = (own[i] + theirs[m] - 2.0 * products[[m, i]]).max(0.0);
            hyper.signal_sd.powi(2) * self.stored.kernel.at(squared).value
        });
        Places { basis: basis(&x, self.stored.mean), covariance }
    }

    fn mean_at(&self, at: &Places) -> Vec<f64> {
        let scaled = at.covariance.dot(&self.factor.alpha) + at.basis.dot(&self.factor.beta);
        scaled.iter().map(|y| y * self.scaling.sd + self.scaling.mean).collect()
    }

    fn variance_at(&self, at: Places) -> Vec<f64> {
        let (m, n) = at.covariance.dim();
        let rest = &at.basis - &at.covariance.dot(&self.factor.u);
        let mut white = Mat::from_fn(n, m, |i, k| at.covariance[[k, i]]);
        self.factor.whiten(&mut white);
        let mut rest = Mat::from_fn(at.basis.ncols(), m, |j, k| rest[[k, j]]);
        self.factor.whiten_mean(&mut rest);
        let square = |column: faer::ColRef<'_, f64>| column.iter().map(|x| x * x).sum::<f64>();
        let (signal, sd) = (self.stored.hyper.signal_sd, self.scaling.sd);
        let variance = |k: usize| signal * signal - square(white.col(k)) + square(rest.col(k));
        (0..m).map(|k| (sd * sd * variance(k)).max(0.0)).collect()
    }

    /// `(Hᵀ K⁻¹ H)⁻¹ (h - Uᵀ k)`, q.
    fn mean_weights(&self, k: &Mat<f64>, x: &[f64]) -> Vec<f64> {
        let x = Array2::from_shape_fn((1, x.len()), |(_, j)| x[j]);
        let h = basis(&x, self.stored.mean);
        let (n, q) = self.factor.u.dim();
        let known = |j: usize| (0..n).map(|i| self.factor.u[[i, j]] * k[(i, 0)]).sum::<f64>();
        let mut t = Mat::from_fn(q, 1, |j, _| h[[0, j]] - known(j));
        self.factor.whiten_mean(&mut t);
        self.factor.unwhiten_mean(&mut t);
        (0..q).map(|j| t[(j, 0)]).collect()
    }
}

/// Places to predict at: the mean's basis functions (m × q) and covariances with the data (m × n), scaled.
struct Places {
    basis: Array2<f64>,
    covariance: Array2<f64>,
}
