//! The ensemble Kalman smoother with a lag: the transform of each analysis also moves the states of the last cycles, and
//! the model runs once (Evensen and van Leeuwen 2000, doi:10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2).

use ndarray::{Array2, ArrayViewMut2};
use reterra_statistics::StreamKey;

use crate::analysis::{Departures, Observed, TransformFilter};
use crate::{Analysis, AssimilationError, FixedLag};

/// A filter with the states of its last cycles.
pub struct Enks<'a> {
    filter: &'a dyn TransformFilter,
    past: FixedLag<usize>,
}

/// States (N × n) of a cycle that no later analysis reaches.
pub type Smoothed = (usize, Array2<f64>);

impl<'a> Enks<'a> {
    /// A smoother in which observations reach `lag` cycles back; without lag it is the filter.
    #[must_use]
    pub fn new(filter: &'a dyn TransformFilter, lag: usize) -> Self {
        Self { filter, past: FixedLag::new(lag) }
    }

    /// Updates the forecast `e` (N × n) of a cycle and the states before it; returns those that leave the window.
    ///
    /// # Errors
    /// Those of the filter.
    pub fn analyse(
        &mut self,
        cycle: usize,
        e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
    ) -> Result<Option<Smoothed>, AssimilationError> {
        seen.check(e.nrows())?;
        let left = self.past.push(cycle, e.to_owned());
        let found = Analysis::from(self.filter.transform(&Departures::new(seen)?)?);
        self.past.update(&found)?;
        found.apply(e)?;
        Ok(left)
    }

    /// Rotates the members of all stored states as those of the present one were, so that they stay the same members.
    pub fn rotate(&mut self, key: StreamKey) {
        self.past.rotate(key);
    }

    /// The states still in the window, oldest first.
    pub fn finish(self) -> impl Iterator<Item = Smoothed> {
        self.past.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Axis, array};
    use reterra_statistics::{Bounds, Prior, Stage};

    use crate::filters::{EnkfN, Estkf, Etkf};
    use crate::prior_ensemble;
    use crate::transform::column_means;

    const KEY: StreamKey = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: 0, column: 0 };

    /// x0 ~ N(1, 1) that stays as it is, seen four times with variance 0.5.
    fn smoothed(filter: &dyn TransformFilter, lag: usize) -> Vec<(usize, f64, f64)> {
        let prior = Prior::new("x", 1.0, 1.0, Bounds::None).unwrap();
        let mut e = prior_ensemble(&[prior], 12, 2, 0).unwrap();
        let mut smoother = Enks::new(filter, lag);
        let mut told = Vec::new();
        for (cycle, y) in [1.3, 0.2, 0.7, 0.4].into_iter().enumerate() {
            let he = e.clone();
            let seen = Observed { he: he.view(), y: &[y], r: &[0.5], key: KEY };
            told.extend(smoother.analyse(cycle, e.view_mut(), &seen).unwrap());
        }
        told.extend(smoother.finish());
        let moments = |(cycle, e): (usize, Array2<f64>)| {
            (cycle, column_means(e.view())[0], e.var_axis(Axis(0), 1.0)[0])
        };
        told.into_iter().map(moments).collect()
    }

    /// With a lag over all cycles every state has the estimate from all four observations: precision 1 + 4 / 0.5; with a
    /// lag of one, that of its own and of the next one.
    #[test]
    fn a_state_knows_the_observations_of_its_lag_and_no_others() {
        let y = [1.3, 0.2, 0.7, 0.4];
        for filter in [&Etkf as &dyn TransformFilter, &Estkf] {
            for lag in [0, 1, 3, 9] {
                let found = smoothed(filter, lag);
                assert_eq!(found.iter().map(|(cycle, ..)| *cycle).collect::<Vec<_>>(), [0, 1, 2, 3]);
                for (cycle, mean, variance) in found {
                    let known = &y[..(cycle + lag + 1).min(4)];
                    let precision = 1.0 + 2.0 * known.len() as f64;
                    let exact = (1.0 + 2.0 * known.iter().sum::<f64>()) / precision;
                    assert_abs_diff_eq!(mean, exact, epsilon = 1e-10);
                    assert_abs_diff_eq!(variance, 1.0 / precision, epsilon = 1e-10);
                }
            }
        }
    }

    #[test]
    fn observations_that_dont_fit_the_ensemble_are_refused() {
        let mut smoother = Enks::new(&EnkfN { certainty: 1.0, nullity: 0.0 }, 2);
        let (mut e, he) = (array![[1.0], [2.0], [3.0]], array![[1.0], [2.0]]);
        let seen = Observed { he: he.view(), y: &[1.0], r: &[0.5], key: KEY };
        assert!(smoother.analyse(0, e.view_mut(), &seen).is_err());
        assert_eq!(smoother.finish().count(), 0, "what was refused is not kept");
    }
}
