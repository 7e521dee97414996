//! One row of the state of one column: read, and written when its anomalies are those of the analysis.

use ndarray::ArrayViewMut1;
use wide::f64x4;

use super::Relaxation;
use crate::localisation::observations::vectors;

/// The members' anomalies, with zeros up to a whole vector.
#[derive(Debug, Default)]
pub(crate) struct Row {
    mean: f64,
    prior: Vec<f64x4>,
    /// To be changed into the analysis' between reading and writing.
    pub anomalies: Vec<f64x4>,
    /// Its products with the observations' anomalies.
    pub projected: Vec<f64>,
}

impl Row {
    /// Takes the members' values apart.
    pub fn read<'a>(&mut self, members: impl Iterator<Item = &'a f64> + Clone) {
        let (mut sum, mut count) = (0.0, 0.0);
        for x in members.clone() {
            sum += x;
            count += 1.0;
        }
        self.mean = sum / count;
        self.anomalies.clear();
        self.anomalies.extend(vectors(members.map(|x| x - self.mean)));
        self.prior.clone_from(&self.anomalies);
    }

    /// The anomalies as they were read.
    pub fn prior(&self) -> &[f64x4] {
        &self.prior
    }

    /// Writes mean and anomalies: the mean moved by `shift`, the anomalies times `factor` and relaxed.
    pub fn write(&self, shift: f64, (factor, relaxation): (f64, Relaxation), out: ArrayViewMut1<'_, f64>) {
        let mean = self.mean + shift;
        let (of_prior, of_analysis) = match relaxation {
            Relaxation::None => (0.0, factor),
            Relaxation::Perturbations(share) => (share, (1.0 - share) * factor),
            Relaxation::Spread(share) => (0.0, factor + share * self.excess(factor)),
        };
        let prior = self.prior.iter().flat_map(|v| v.to_array());
        let analysis = self.anomalies.iter().flat_map(|v| v.to_array());
        for ((x, b), a) in out.into_iter().zip(prior).zip(analysis) {
            *x = mean + (of_prior * b + of_analysis * a);
        }
    }

    /// What `factor` lacks to give the anomalies the prior's spread; nothing for a row without spread.
    fn excess(&self, factor: f64) -> f64 {
        let size = |v: &[f64x4]| {
            let squares = v.iter().fold(f64x4::ZERO, |sum, x| x.mul_add(*x, sum));
            squares.to_array().iter().sum::<f64>().sqrt()
        };
        let analysis = size(&self.anomalies);
        if analysis > 0.0 { size(&self.prior) / analysis - factor } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::Array1;

    /// Members -3, -1, 1, 3, 5 with analysis anomalies half as large, the mean moved by 10.
    fn written(relaxation: Relaxation) -> Array1<f64> {
        let members = [-3.0, -1.0, 1.0, 3.0, 5.0];
        let mut row = Row::default();
        row.read(members.iter());
        row.anomalies.iter_mut().for_each(|a| *a *= f64x4::splat(0.25));
        let mut out = Array1::zeros(5);
        row.write(10.0, (2.0, relaxation), out.view_mut());
        out
    }

    #[test]
    fn relaxation_brings_anomalies_and_spread_back_as_published() {
        let spread = |relaxation| written(relaxation)[4] - 11.0;
        assert_abs_diff_eq!(written(Relaxation::None).sum() / 5.0, 11.0, epsilon = 1e-14);
        assert_abs_diff_eq!(spread(Relaxation::None), 2.0, epsilon = 1e-14);
        assert_abs_diff_eq!(
            spread(Relaxation::Perturbations(0.25)),
            0.25 * 4.0 + 0.75 * 2.0,
            epsilon = 1e-14
        );
        assert_abs_diff_eq!(
            spread(Relaxation::Spread(0.25)),
            2.0 * (1.0 + 0.25 * (4.0 - 2.0) / 2.0),
            epsilon = 1e-14
        );
    }
}
