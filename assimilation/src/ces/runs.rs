//! Runs that are known.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::calibration::Problem;
use crate::{AssimilationError, MemberFailure};

/// Unconstrained parameters and outputs of runs, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    parameters: Vec<Vec<f64>>,
    outputs: Vec<Vec<f64>>,
}

impl Runs {
    /// Adds runs at `u` (rows) that have an output of finite numbers; the others are left out.
    ///
    /// # Errors
    /// `Shape` where there are more or fewer outputs than rows, or outputs of different lengths.
    pub fn add(
        &mut self,
        u: ArrayView2<'_, f64>,
        outputs: &[Result<Vec<f64>, MemberFailure>],
    ) -> Result<(), AssimilationError> {
        let shape = |what, expected, got| AssimilationError::Shape { what, expected, got };
        if u.nrows() != outputs.len() {
            return Err(shape("outputs of runs", u.nrows(), outputs.len()));
        }
        let finite = |values: &&Vec<f64>| values.iter().all(|x| x.is_finite());
        for (row, values) in u.rows().into_iter().zip(outputs) {
            let Some(values) = values.as_ref().ok().filter(finite) else { continue };
            let (parameters, outputs) = self.width().unwrap_or((row.len(), values.len()));
            if (parameters, outputs) != (row.len(), values.len()) {
                return Err(shape("predicted observations of a run", outputs, values.len()));
            }
            self.parameters.push(row.to_vec());
            self.outputs.push(values.clone());
        }
        Ok(())
    }

    /// Number of runs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Parameters and outputs (rows) of at most `limit` runs: the latest half of them, and of those before the ones that miss
    /// the data least. Runs far from the data, of plants that died for example, would have emulators learn what the
    /// posterior has no use for.
    ///
    /// # Errors
    /// Those of the noise of the observations.
    pub fn closest(
        &self,
        problem: &Problem,
        limit: usize,
    ) -> Result<(Array2<f64>, Array2<f64>), AssimilationError> {
        let (p, m) = self.width().unwrap_or((0, 0));
        let whitening = problem.noise.whitening(m)?;
        let data = whitening.vector(&problem.y);
        let misfit = |outputs: &Vec<f64>| -> f64 {
            whitening.vector(outputs).iter().zip(&data).map(|(g, y)| (g - y).powi(2)).sum()
        };
        let chosen = chosen(&self.outputs.iter().map(misfit).collect::<Vec<_>>(), limit.max(2));
        let table = |rows: &[Vec<f64>], width| {
            Array2::from_shape_fn((chosen.len(), width), |(i, k)| rows[chosen[i]][k])
        };
        Ok((table(&self.parameters, p), table(&self.outputs, m)))
    }

    /// Outputs (rows) of the runs from number `first` on.
    pub(super) fn since(&self, first: usize) -> Array2<f64> {
        let m = self.width().map_or(0, |(_, m)| m);
        let rows = self.outputs.get(first..).unwrap_or_default();
        Array2::from_shape_fn((rows.len(), m), |(i, k)| rows[i][k])
    }

    fn width(&self) -> Option<(usize, usize)> {
        self.parameters.first().zip(self.outputs.first()).map(|(u, g)| (u.len(), g.len()))
    }
}

/// Numbers of the runs chosen by their misfits, ascending.
fn chosen(misfits: &[f64], limit: usize) -> Vec<usize> {
    let count = misfits.len();
    if count <= limit {
        return (0..count).collect();
    }
    let before = count - limit / 2;
    let mut chosen: Vec<usize> = (0..before).collect();
    chosen.sort_by(|a, b| misfits[*a].total_cmp(&misfits[*b]));
    chosen.truncate(limit - limit / 2);
    chosen.sort_unstable();
    chosen.extend(before..count);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_runs_and_the_best_of_the_others_are_chosen_once_each() {
        assert_eq!(chosen(&[1.0, 0.0, 2.0], 10), [0, 1, 2]);
        assert_eq!(chosen(&[5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 0.0, 9.0, 9.0], 5), [1, 3, 6, 7, 8]);
    }
}
