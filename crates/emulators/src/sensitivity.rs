//! Which inputs an output's variance comes from: Sobol' indices of an emulator, with standard errors.
//!
//! Over independent inputs, the first-order index is the share of the variance that goes when an input gets known, the
//! total index the share that stays while it alone is unknown. Estimated on pairs of scrambled Sobol' samples after
//! Saltelli et al. (2010, doi:10.1016/j.cpc.2009.09.018): first-order by their equation (b), total by Jansen (1999,
//! doi:10.1016/S0010-4655(98)00154-4).

use ndarray::{Array2, Axis};
use reterra_statistics::design::{Design, Factor, Sobol};
use serde::{Deserialize, Serialize};

use crate::choice::{Candidate, Trial, choose};
use crate::emulator::{Emulator, EmulatorError};
use crate::groups::Fold;

/// An index with its standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Share of the variance.
    pub value: f64,
    /// Standard error.
    pub error: f64,
}

/// Indices of every input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SobolIndices {
    /// First-order indices, d.
    pub first: Vec<Index>,
    /// Total indices, d.
    pub total: Vec<Index>,
}

/// How indices are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Points of a sample, a power of two; each costs d + 2 predictions.
    pub points: usize,
    /// Samples with scramblings of their own, two or more.
    pub samples: u32,
    /// Seed of the first.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { points: 4096, samples: 4, seed: 0 }
    }
}

/// First-order and total index of each input, in one sample.
type Pairs = Vec<(f64, f64)>;

impl Sampling {
    /// Indices of an emulator's mean over inputs that are distributed as factors; their errors are those of sampling alone.
    ///
    /// # Errors
    /// `Inputs` for another number of factors than the emulator has inputs, and those of predictions.
    pub fn indices(
        &self,
        emulator: &dyn Emulator,
        factors: &[Factor],
    ) -> Result<SobolIndices, EmulatorError> {
        let samples: Result<Vec<Pairs>, EmulatorError> =
            (0..self.samples.max(2)).map(|k| self.sample(emulator, factors, u64::from(k))).collect();
        let samples = samples?;
        let n = samples.len() as f64;
        let of = |pick: fn(&(f64, f64)) -> f64, j: usize| {
            let value = samples.iter().map(|pairs| pick(&pairs[j])).sum::<f64>() / n;
            let square: f64 = samples.iter().map(|pairs| (pick(&pairs[j]) - value).powi(2)).sum();
            Index { value, error: (square / (n - 1.0) / n).sqrt() }
        };
        let all = |pick| (0..factors.len()).map(|j| of(pick, j)).collect();
        Ok(SobolIndices { first: all(|pair| pair.0), total: all(|pair| pair.1) })
    }

    /// Indices of the mixture that serves model runs best, with errors that also hold what the runs leave open: the
    /// jackknife over folds (Quenouille 1956, doi:10.1093/biomet/43.3-4.353), each leaving its runs out.
    ///
    /// # Errors
    /// As [`choose`] and [`Self::indices`].
    pub fn jackknife(
        &self,
        trial: Trial<'_>,
        candidates: &[Candidate],
        factors: &[Factor],
    ) -> Result<SobolIndices, EmulatorError> {
        let (emulator, _) = choose(trial, candidates)?;
        let mut found = self.indices(&emulator, factors)?;
        let without: Result<Vec<SobolIndices>, EmulatorError> =
            trial.folds.iter().map(|fold| self.without(&trial, fold, candidates, factors)).collect();
        let without = without?;
        let widen = |index: &mut Index, others: &dyn Fn(&SobolIndices) -> f64| {
            let k = without.len() as f64;
            let mean = without.iter().map(others).sum::<f64>() / k;
            let square: f64 = without.iter().map(|w| (others(w) - mean).powi(2)).sum();
            index.error = index.error.hypot((square * (k - 1.0) / k).sqrt());
        };
        for j in 0..factors.len() {
            widen(&mut found.first[j], &|other| other.first[j].value);
            widen(&mut found.total[j], &|other| other.total[j].value);
        }
        Ok(found)
    }

    fn without(
        &self,
        trial: &Trial<'_>,
        fold: &Fold,
        candidates: &[Candidate],
        factors: &[Factor],
    ) -> Result<SobolIndices, EmulatorError> {
        let y: Vec<f64> = fold.train.iter().map(|&row| trial.y[row]).collect();
        let x = trial.x.select(Axis(0), &fold.train);
        let folds = crate::groups::shuffled(y.len(), trial.folds.len())?;
        let (emulator, _) = choose(Trial { x: x.view(), y: &y, folds: &folds }, candidates)?;
        self.indices(&emulator, factors)
    }

    fn sample(&self, emulator: &dyn Emulator, factors: &[Factor], k: u64) -> Result<Pairs, EmulatorError> {
        let d = factors.len();
        if d != emulator.inputs() {
            return Err(EmulatorError::Inputs { expected: emulator.inputs(), got: d });
        }
        let sample = Sobol { size: self.points }.sample(2 * d, self.seed.wrapping_add(k));
        let value = |row: usize, column: usize| factors[column % d].quantile(sample.points[row][column]);
        let a = Array2::from_shape_fn((self.points, d), |(i, j)| value(i, j));
        let b = Array2::from_shape_fn((self.points, d), |(i, j)| value(i, d + j));
        let (of_a, of_b) = (emulator.predict(a.view())?, emulator.predict(b.view())?);
        let n = 2.0 * self.points as f64;
        let both = || of_a.iter().chain(&of_b);
        let mean = both().sum::<f64>() / n;
        let variance = both().map(|f| (f - mean).powi(2)).sum::<f64>() / n;
        let one = |j: usize| {
            let mut mixed = a.clone();
            mixed.column_mut(j).assign(&b.column(j));
            let of_mixed = emulator.predict(mixed.view())?;
            let rows = || of_a.iter().zip(&of_b).zip(&of_mixed);
            let first: f64 = rows().map(|((a, b), m)| (b - mean) * (m - a)).sum();
            let total: f64 = rows().map(|((a, _), m)| 0.5 * (a - m).powi(2)).sum();
            Ok((first / self.points as f64 / variance, total / self.points as f64 / variance))
        };
        (0..d).map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::{Gradient, LeaveOneOut, Prediction};
    use ndarray::{ArrayView1, ArrayView2};

    /// A function in an emulator's place.
    struct Exact<F>(usize, F);

    impl<F: Fn(ArrayView1<'_, f64>) -> f64 + Send + Sync> Emulator for Exact<F> {
        fn inputs(&self) -> usize {
            self.0
        }

        fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Vec<f64>, EmulatorError> {
            Ok(x.rows().into_iter().map(&self.1).collect())
        }

        fn distribution(&self, x: ArrayView2<'_, f64>) -> Result<Prediction, EmulatorError> {
            Ok(Prediction { variance: vec![0.0; x.nrows()], mean: self.predict(x)? })
        }

        fn derivatives(&self, _: ArrayView1<'_, f64>) -> Result<Option<Gradient>, EmulatorError> {
            Ok(None)
        }

        fn left_out(&self) -> LeaveOneOut {
            LeaveOneOut::default()
        }
    }

    fn uniform(d: usize, low: f64, high: f64) -> Vec<Factor> {
        (0..d).map(|_| Factor::uniform("x", low, high).unwrap()).collect()
    }

    fn check(found: &SobolIndices, first: &[f64], total: &[f64]) {
        for (index, expected) in found.first.iter().zip(first).chain(found.total.iter().zip(total)) {
            assert!((index.value - expected).abs() < 0.005, "{index:?} {expected}");
            assert!((index.value - expected).abs() < 6.0 * index.error + 1e-9, "{index:?} {expected}");
        }
    }

    /// Ishigami and Homma (1990, doi:10.1109/ISUMA.1990.151285) with a = 7, b = 0.1; exact indices of Saltelli et al.
    #[test]
    fn indices_of_ishigami_are_the_exact_ones() {
        let f =
            |x: ArrayView1<'_, f64>| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin();
        let pi = std::f64::consts::PI;
        let found = Sampling::default().indices(&Exact(3, f), &uniform(3, -pi, pi)).unwrap();
        check(&found, &[0.3139, 0.4424, 0.0], &[0.5576, 0.4424, 0.2437]);
    }

    /// Sobol's g: `Π (|4 x - 2| + a) / (1 + a)` has partial variances `1 / (3 (1 + a)²)`.
    #[test]
    fn indices_of_the_g_function_are_the_exact_ones() {
        let a = [0.0, 1.0, 4.5, 9.0];
        let f = |x: ArrayView1<'_, f64>| {
            x.iter().zip(a).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a)).product()
        };
        let found = Sampling::default().indices(&Exact(4, f), &uniform(4, 0.0, 1.0)).unwrap();
        let parts = a.map(|a| 1.0 / (3.0 * (1.0 + a) * (1.0 + a)));
        let whole = parts.iter().map(|v| 1.0 + v).product::<f64>();
        let variance = whole - 1.0;
        let first = parts.map(|v| v / variance);
        let total = parts.map(|v| v * whole / (1.0 + v) / variance);
        check(&found, &first, &total);
    }

    #[test]
    fn another_number_of_factors_is_refused() {
        let found =
            Sampling::default().indices(&Exact(3, |x: ArrayView1<'_, f64>| x[0]), &uniform(2, 0.0, 1.0));
        assert!(matches!(found, Err(EmulatorError::Inputs { expected: 3, got: 2 })));
    }
}
