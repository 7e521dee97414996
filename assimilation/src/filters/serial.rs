//! What filters that take one observation after the other share: the order, and the regression of state and later
//! observations on the observed ensemble.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut2};
use reterra_statistics::{Stage, StreamKey};

use crate::AssimilationError;
use crate::analysis::{Information, Localisation, Observed};
use crate::noise::standard_deviations;

/// Sum of squares of predicted anomalies, in units of the observation error, below which an observation says nothing.
const NO_SPREAD: f64 = 1e-9;

/// Moves of an observed ensemble: from its anomalies and the departure of its mean, in units of the error.
pub(super) type Increments = fn(anomalies: &[f64], departure: f64, moves: &mut [f64]);

/// The ensemble on its way through the observations, members as columns so that a variable is contiguous.
struct Turn {
    /// State, n × N.
    state: Array2<f64>,
    /// Observed ensemble in units of the errors, m × N: it follows each update by the same regression, which is what an
    /// operator that is linear gives when it is applied anew.
    observed: Array2<f64>,
    anomalies: Vec<f64>,
    moves: Vec<f64>,
}

/// Takes the observations in random order.
pub(super) fn take_in_turn(
    mut e: ArrayViewMut2<'_, f64>,
    seen: &Observed<'_>,
    localisation: Localisation<'_>,
    increments: Increments,
) -> Result<Information, AssimilationError> {
    seen.check(e.nrows())?;
    let sd = standard_deviations(seen.r)?;
    let n = e.nrows();
    let mut turn = Turn {
        state: e.t().as_standard_layout().into_owned(),
        observed: (&seen.he / &Array1::from(sd.clone())).t().as_standard_layout().into_owned(),
        anomalies: vec![0.0; n],
        moves: vec![0.0; n],
    };
    let mut order: Vec<usize> = (0..seen.y.len()).collect();
    StreamKey { stage: Stage::Filter, member: 0, column: 0, ..seen.key }.stream().shuffle(&mut order);
    let mut information = Information::default();
    for j in order {
        let Some(found) = turn.take(j, seen.y[j] / sd[j], increments) else { continue };
        information = Information { chi2: information.chi2 + found.chi2, dfs: information.dfs + found.dfs };
        turn.follow(j, localisation)?;
    }
    e.assign(&turn.state.t());
    Ok(information)
}

impl Turn {
    /// The moves of observation `j`; none where its ensemble has no spread.
    fn take(&mut self, j: usize, y: f64, increments: Increments) -> Option<Information> {
        let z = self.observed.row(j);
        let n = z.len() as f64;
        let mean = z.sum() / n;
        self.anomalies.iter_mut().zip(z).for_each(|(a, z)| *a = z - mean);
        let squares: f64 = self.anomalies.iter().map(|a| a * a).sum();
        if squares < NO_SPREAD {
            return None;
        }
        increments(&self.anomalies, y - mean, &mut self.moves);
        let variance = squares / (n - 1.0);
        Some(Information {
            chi2: (y - mean) * (y - mean) / (1.0 + variance),
            dfs: variance / (1.0 + variance),
        })
    }

    /// State and observed ensemble follow observation `j`.
    fn follow(&mut self, j: usize, localisation: Localisation<'_>) -> Result<(), AssimilationError> {
        let squares: f64 = self.anomalies.iter().map(|a| a * a).sum();
        let slope = |x: ArrayView1<'_, f64>| -> f64 {
            x.iter().zip(&self.anomalies).map(|(x, a)| x * a).sum::<f64>() / squares
        };
        let regress = |rows: &mut Array2<f64>, i: usize, taper: f64| {
            let mut row = rows.row_mut(i);
            let slope = taper * slope(row.view());
            row.iter_mut().zip(&self.moves).for_each(|(x, z)| *x += slope * z);
        };
        match localisation {
            Localisation::Global => {
                (0..self.state.nrows()).for_each(|i| regress(&mut self.state, i, 1.0));
                (0..self.observed.nrows()).for_each(|i| regress(&mut self.observed, i, 1.0));
            }
            Localisation::Covariance(tapers) => {
                tapers.state[j].iter().for_each(|&(i, taper)| regress(&mut self.state, i, taper));
                tapers.observed[j].iter().for_each(|&(i, taper)| regress(&mut self.observed, i, taper));
            }
            Localisation::Domains(_) => {
                return Err(AssimilationError::Localisation {
                    method: "a serial filter",
                    form: "local domains",
                    instead: "covariance localisation or none",
                });
            }
        }
        Ok(())
    }
}
