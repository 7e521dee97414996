//! Which parameters groups of outputs owe their variance to, over the prior: generalised Sobol' indices (Gamboa et al.
//! 2014, doi:10.1214/14-EJS895), in which the variances of a group's outputs are added. Estimators as in
//! [`reterra_emulators::SobolIndices`].

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis};
use reterra_emulators::sensitivity::{Index, Sampling, SobolIndices};
use reterra_statistics::design::{Design, Sobol};
use reterra_statistics::normal;

use super::Emulation;
use crate::AssimilationError;

/// First-order and total index of each parameter, for each group.
type Pairs = Vec<Vec<(f64, f64)>>;

/// Indices of each group of outputs (ranges of observations, in their own units), with the standard errors of sampling.
///
/// # Errors
/// Those of the emulators.
pub fn sensitivity(
    emulation: &Emulation,
    groups: &[Range<usize>],
    sampling: Sampling,
) -> Result<Vec<SobolIndices>, AssimilationError> {
    let samples = (0..sampling.samples.max(2))
        .map(|k| sample(emulation, groups, (sampling.points, sampling.seed.wrapping_add(u64::from(k)))))
        .collect::<Result<Vec<Pairs>, AssimilationError>>()?;
    let n = samples.len() as f64;
    let index = |pick: fn(&(f64, f64)) -> f64, group: usize, j: usize| {
        let values: Vec<f64> = samples.iter().map(|pairs| pick(&pairs[group][j])).collect();
        let value = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
        Index { value, error: (square / (n - 1.0) / n).sqrt() }
    };
    let all = |pick, group| (0..emulation.parameters()).map(|j| index(pick, group, j)).collect();
    let of = |group| SobolIndices { first: all(|pair| pair.0, group), total: all(|pair| pair.1, group) };
    Ok((0..groups.len()).map(of).collect())
}

fn sample(
    emulation: &Emulation,
    groups: &[Range<usize>],
    (points, seed): (usize, u64),
) -> Result<Pairs, AssimilationError> {
    let d = emulation.parameters();
    let design = Sobol { size: points }.sample(2 * d, seed);
    let score = |row: usize, column: usize| normal::quantile(design.points[row][column]);
    let a = Array2::from_shape_fn((points, d), |(i, j)| score(i, j));
    let b = Array2::from_shape_fn((points, d), |(i, j)| score(i, d + j));
    let outputs = |z: ArrayView2<'_, f64>| {
        let (mean, variance) = emulation.predict(z)?;
        Ok::<_, AssimilationError>(emulation.encoder.decode(&mean, &variance).0)
    };
    let (of_a, of_b) = (outputs(a.view())?, outputs(b.view())?);
    let mean = 0.5 * (column_means(&of_a) + column_means(&of_b));
    let mut found = vec![Vec::new(); groups.len()];
    for j in 0..d {
        let mut mixed = a.clone();
        mixed.column_mut(j).assign(&b.column(j));
        let of_mixed = outputs(mixed.view())?;
        for (group, pairs) in groups.iter().zip(&mut found) {
            let (mut first, mut total, mut variance) = (0.0, 0.0, 0.0);
            for k in group.clone() {
                for i in 0..points {
                    let (a, b, m) = (of_a[[i, k]], of_b[[i, k]], of_mixed[[i, k]]);
                    first += (b - mean[k]) * (m - a);
                    total += 0.5 * (a - m).powi(2);
                    variance += 0.5 * ((a - mean[k]).powi(2) + (b - mean[k]).powi(2));
                }
            }
            pairs.push((first / variance, total / variance));
        }
    }
    Ok(found)
}

fn column_means(rows: &Array2<f64>) -> ndarray::Array1<f64> {
    rows.sum_axis(Axis(0)) / rows.nrows().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Noise;
    use crate::calibration::Problem;
    use crate::ces::{CesOptions, Runs};
    use reterra_statistics::{Bounds, Prior};

    /// `y₁ = 3 a + b`, `y₂ = a`, `y₃ = b` of standard normals: shares 0.9 and 0.1 of the first, 10/11 and 1/11 of the first
    /// two together, 0 and 1 of the last.
    #[test]
    fn shares_of_a_linear_model_are_those_of_its_coefficients() {
        let priors = ["a", "b"].map(|name| Prior::new(name, 0.0, 1.0, Bounds::None).unwrap()).to_vec();
        let problem = Problem::new(priors, vec![0.0; 3], Noise::Diagonal(vec![0.01; 3])).unwrap();
        let u = problem.ensemble(40, 1, 0).unwrap();
        let outputs: Vec<_> = u.rows().into_iter().map(|u| Ok(vec![3.0 * u[0] + u[1], u[0], u[1]])).collect();
        let mut runs = Runs::default();
        runs.add(u.view(), &outputs).unwrap();
        let emulation = Emulation::fit(&problem, &runs, &CesOptions::default()).unwrap();
        let sampling = Sampling { points: 1024, samples: 4, seed: 3 };
        let found = sensitivity(&emulation, &[0..1, 0..2, 2..3], sampling).unwrap();
        let expected = [[0.9, 0.1], [10.0 / 11.0, 1.0 / 11.0], [0.0, 1.0]];
        for (indices, shares) in found.iter().zip(expected) {
            for j in 0..2 {
                assert!((indices.first[j].value - shares[j]).abs() < 0.02, "{indices:?} {shares:?}");
                assert!((indices.total[j].value - shares[j]).abs() < 0.02, "{indices:?} {shares:?}");
            }
        }
    }
}
