//! What filters that take one observation after the other share: the order, and the regression of state and later
//! observations on the observed ensemble.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut2};
use reterra_statistics::{Stage, StreamKey};

use crate::AssimilationError;
use crate::analysis::{CovarianceTaper, Information, Localisation, NO_SPREAD, Observed, Unused, require_all};
use crate::noise::standard_deviations;

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
    let unreached = require_all(e.view(), seen, localisation)?;
    let tapers = tapers_of(localisation)?;
    let sd = standard_deviations(seen.r)?;
    let unused = Unused { unreached, without_spread: seen.without_spread() };
    let n = e.nrows();
    let mut turn = Turn {
        state: e.t().as_standard_layout().into_owned(),
        observed: (&seen.he / &Array1::from(sd.clone())).t().as_standard_layout().into_owned(),
        anomalies: vec![0.0; n],
        moves: vec![0.0; n],
    };
    let mut order: Vec<usize> = (0..seen.y.len()).collect();
    StreamKey { stage: Stage::Filter, member: 0, column: 0, ..seen.key }.stream().shuffle(&mut order);
    let mut information = Information { unused, ..Information::default() };
    for j in order {
        let Some((chi2, dfs)) = turn.take(j, seen.y[j] / sd[j], increments) else { continue };
        information.chi2 += chi2;
        information.dfs += dfs;
        turn.follow(j, tapers);
    }
    e.assign(&turn.state.t());
    Ok(information)
}

/// The tapers, or none for observations that reach everywhere.
fn tapers_of(localisation: Localisation<'_>) -> Result<Option<&CovarianceTaper>, AssimilationError> {
    match localisation {
        Localisation::Global => Ok(None),
        Localisation::Covariance(tapers) => Ok(Some(tapers)),
        Localisation::Domains(_) => Err(AssimilationError::Localisation {
            method: "a serial filter",
            form: "local domains",
            instead: "covariance localisation or none",
        }),
    }
}

impl Turn {
    /// Works out the moves of observation `j`; its `chi2` and `dfs`, or none where its ensemble has no spread.
    fn take(&mut self, j: usize, y: f64, increments: Increments) -> Option<(f64, f64)> {
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
        Some(((y - mean) * (y - mean) / (1.0 + variance), variance / (1.0 + variance)))
    }

    /// State and observed ensemble follow observation `j`.
    fn follow(&mut self, j: usize, tapers: Option<&CovarianceTaper>) {
        let squares: f64 = self.anomalies.iter().map(|a| a * a).sum();
        let slope = |x: ArrayView1<'_, f64>| -> f64 {
            x.iter().zip(&self.anomalies).map(|(x, a)| x * a).sum::<f64>() / squares
        };
        let regress = |rows: &mut Array2<f64>, i: usize, taper: f64| {
            let mut row = rows.row_mut(i);
            let slope = taper * slope(row.view());
            row.iter_mut().zip(&self.moves).for_each(|(x, z)| *x += slope * z);
        };
        match tapers {
            None => {
                (0..self.state.nrows()).for_each(|i| regress(&mut self.state, i, 1.0));
                (0..self.observed.nrows()).for_each(|i| regress(&mut self.observed, i, 1.0));
            }
            Some(tapers) => {
                tapers.state[j].iter().for_each(|&(i, taper)| regress(&mut self.state, i, taper));
                tapers.observed[j].iter().for_each(|&(i, taper)| regress(&mut self.observed, i, taper));
            }
        }
    }
}
