//! Fixed-lag ensemble Kalman smoother: later analyses also update stored earlier outputs
//! (Evensen and van Leeuwen 2000, doi:10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2).

use std::collections::VecDeque;

use ndarray::Array2;
use reterra_statistics::StreamKey;
use serde::{Deserialize, Serialize};

use crate::rotation::rotate;
use crate::{Analysis, AssimilationError};

/// Outputs of the last cycles, each an ensemble (N × n) under the caller's label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedLag<L> {
    lag: usize,
    window: VecDeque<(L, Array2<f64>)>,
}

impl<L> FixedLag<L> {
    /// A smoother in which an output is updated by its own analysis and those of `lag` later cycles.
    #[must_use]
    pub fn new(lag: usize) -> Self {
        Self { lag, window: VecDeque::with_capacity(lag + 1) }
    }

    /// Stores a cycle's forecast outputs; returns those that no later analysis will reach.
    pub fn push(&mut self, label: L, outputs: Array2<f64>) -> Option<(L, Array2<f64>)> {
        self.window.push_back((label, outputs));
        if self.window.len() > self.lag + 1 { self.window.pop_front() } else { None }
    }

    /// Updates all stored outputs by an analysis of the same members. Past outputs take its transform
    /// without inflation: that stands for model error of the present cycle.
    ///
    /// # Errors
    /// Those of [`Analysis::apply`]; stored cycles before the one at fault are then updated already.
    pub fn update(&mut self, analysis: &Analysis) -> Result<(), AssimilationError> {
        let newest = self.window.len().saturating_sub(1);
        for (k, (_, outputs)) in self.window.iter_mut().enumerate() {
            if k == newest {
                analysis.apply(outputs.view_mut())?;
            } else {
                analysis.apply_to_past(outputs.view_mut())?;
            }
        }
        Ok(())
    }

    /// Rotates the members of all stored outputs, the newest too, as [`rotate`] does with the key of the present state.
    pub fn rotate(&mut self, key: StreamKey) {
        self.window.iter_mut().for_each(|(_, outputs)| rotate(outputs.view_mut(), key));
    }

    /// Gives a failed member the history of a donor, in every stored output.
    pub fn replace(&mut self, failed: usize, donor: usize) {
        for (_, outputs) in &mut self.window {
            if failed < outputs.nrows() && donor < outputs.nrows() {
                let row = outputs.row(donor).to_owned();
                outputs.row_mut(failed).assign(&row);
            }
        }
    }

    /// Hands out what is still stored, oldest first.
    pub fn finish(self) -> impl Iterator<Item = (L, Array2<f64>)> {
        self.window.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Axis, array};
    use reterra_statistics::{Bounds, Prior};

    use crate::transform::column_means;
    use crate::{analyse, prior_ensemble};

    /// x(0) ~ N((1, 0), I), x(t+1) = F x(t) without noise, first component observed with r = 0.5.
    /// Smoothed x(0) is the least-squares estimate from all observations at once.
    #[test]
    fn smoothing_equals_the_estimate_from_all_observations_at_once() {
        let f = array![[0.9, 0.4], [-0.4, 0.9]];
        let y = [1.3, 0.2, -0.7, 0.4];
        let priors = [1.0, 0.0].map(|mean| Prior::new("x", mean, 1.0, Bounds::None).unwrap());
        let mut e = prior_ensemble(&priors, 8, 2, 0).unwrap();
        let mut smoother = FixedLag::new(3);
        for (t, value) in y.iter().enumerate() {
            assert!(smoother.push(t, e.clone()).is_none());
            let he = e.column(0).to_owned().insert_axis(Axis(1));
            let analysis = analyse(he.view(), &[*value], &[0.5], 1.0).unwrap();
            smoother.update(&analysis).unwrap();
            analysis.apply(e.view_mut()).unwrap();
            e = e.dot(&f.t());
        }
        let (mut precision, mut weighted) = (array![[1.0, 0.0], [0.0, 1.0]], array![1.0, 0.0]);
        let mut h = array![1.0, 0.0];
        for value in y {
            precision = precision + array![[h[0] * h[0], h[0] * h[1]], [h[0] * h[1], h[1] * h[1]]] / 0.5;
            weighted = weighted + &h * value / 0.5;
            h = f.t().dot(&h);
        }
        let determinant = precision[[0, 0]] * precision[[1, 1]] - precision[[0, 1]] * precision[[0, 1]];
        let exact = [
            (precision[[1, 1]] * weighted[0] - precision[[0, 1]] * weighted[1]) / determinant,
            (precision[[0, 0]] * weighted[1] - precision[[0, 1]] * weighted[0]) / determinant,
        ];
        let (label, first) = smoother.finish().next().unwrap();
        let mean = column_means(first.view());
        let variance = first.column(0).iter().map(|x| (x - mean[0]).powi(2)).sum::<f64>() / 7.0;
        assert_eq!(label, 0);
        assert_abs_diff_eq!(mean[0], exact[0], epsilon = 1e-12);
        assert_abs_diff_eq!(mean[1], exact[1], epsilon = 1e-12);
        assert_abs_diff_eq!(variance, precision[[1, 1]] / determinant, epsilon = 1e-12);
    }

    #[test]
    fn an_output_leaves_after_its_lag_and_a_donor_lends_its_history() {
        let mut smoother = FixedLag::new(1);
        assert!(smoother.push('a', array![[1.0], [2.0]]).is_none());
        smoother.replace(1, 0);
        assert!(smoother.push('b', array![[3.0], [4.0]]).is_none());
        assert_eq!(smoother.push('c', array![[5.0], [6.0]]), Some(('a', array![[1.0], [1.0]])));
        assert_eq!(smoother.finish().map(|(label, _)| label).collect::<String>(), "bc");
    }
}
