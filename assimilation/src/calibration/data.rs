//! Whitened observations, and what members tell of them.

use std::borrow::Cow;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::step::FailedMember;
use crate::linear_algebra::require_finite_row;
use crate::model::MemberFailure;
use crate::noise::{Noise, Whitening};
use crate::transform::column_means;
use crate::{AssimilationError, linear_algebra};

/// The observations, in units of their errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Data {
    y_white: Vec<f64>,
    whitening: Whitening,
}

/// What members told: those that gave an output, and the others.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Rows of those with an output, ascending.
    pub alive: Vec<usize>,
    /// `Γ^(-1/2) (y - G)` of each of them.
    pub white: Array2<f64>,
    /// The others.
    pub failed: Vec<FailedMember>,
}

impl Data {
    /// # Errors
    /// `NotFinite`, `Shape`, `NotPositive`.
    pub fn new(y: &[f64], gamma: &Noise) -> Result<Self, AssimilationError> {
        require_finite_row(y, "observation")?;
        let whitening = gamma.whitening(y.len())?;
        Ok(Self { y_white: whitening.vector(y), whitening })
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.y_white.len()
    }

    /// Refuses to take observations apart whose errors are correlated.
    pub fn require_independent(&self, method: &'static str) -> Result<(), AssimilationError> {
        match self.whitening {
            Whitening::Scale(_) => Ok(()),
            Whitening::Factor(_) => Err(AssimilationError::Localisation {
                method,
                form: "correlated observation errors",
                instead: "a diagonal covariance",
            }),
        }
    }

    /// The observations at `ids` alone; all where errors are correlated.
    pub fn part(&self, ids: &[usize]) -> Cow<'_, Self> {
        match &self.whitening {
            Whitening::Scale(sd) if ids.len() < self.len() => Cow::Owned(Self {
                y_white: ids.iter().map(|&k| self.y_white[k]).collect(),
                whitening: Whitening::Scale(ids.iter().map(|&k| sd[k]).collect()),
            }),
            Whitening::Scale(_) | Whitening::Factor(_) => Cow::Borrowed(self),
        }
    }

    /// Separates the outputs of `n` members. An output that is not finite counts as a failure.
    ///
    /// # Errors
    /// `Shape`, and `TooFewMembers` where less than `needed` survive.
    pub fn sort_out(
        &self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
        (n, needed): (usize, usize),
    ) -> Result<Told, AssimilationError> {
        let m = self.len();
        require_length("outputs of members", n, outputs.len())?;
        let (mut alive, mut residuals, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (member, output) in outputs.iter().enumerate() {
            if let Ok(values) = output {
                require_length("predicted observations", m, values.len())?;
            }
            match output.as_deref().map_err(|e| e.reason.clone()).and_then(|values| self.residual(values)) {
                Ok(residual) => {
                    alive.push(member);
                    residuals.extend(residual);
                }
                Err(reason) => failed.push(FailedMember { member, reason }),
            }
        }
        let first = failed.first().map_or("none", |f| f.reason.as_str());
        require_members(alive.len(), n, needed, first)?;
        let white = Array2::from_shape_fn((alive.len(), m), |(i, k)| residuals[i * m + k]);
        Ok(Told { alive, white, failed })
    }

    /// `Γ^(-1/2) (y - G)`, or why this output cannot be used.
    fn residual(&self, values: &[f64]) -> Result<Vec<f64>, String> {
        if let Some(k) = values.iter().position(|x| !x.is_finite()) {
            return Err(format!("predicted observation {k} is {}", values[k]));
        }
        let g = self.whitening.vector(values);
        let residual: Vec<f64> = self.y_white.iter().zip(g).map(|(y, g)| y - g).collect();
        if residual.iter().map(|r| r * r).sum::<f64>().is_finite() {
            Ok(residual)
        } else {
            Err("predicted observations are beyond all bounds".into())
        }
    }
}

impl Told {
    /// `|Γ^(-1/2) (y - G)|² / 2` of each survivor.
    pub fn misfits(&self) -> Vec<f64> {
        self.white.rows().into_iter().map(|r| 0.5 * r.dot(&r)).collect()
    }

    /// Residuals of all members at `u` (N × p): those of failed ones by linear regression of the survivors' on their
    /// parameters. For methods whose members aren't draws and can't be drawn again.
    ///
    /// # Errors
    /// `TooFewMembers` where the survivors don't span the parameters.
    pub fn filled(&self, u: &Array2<f64>) -> Result<Array2<f64>, AssimilationError> {
        if self.failed.is_empty() {
            return Ok(self.white.clone());
        }
        let known = u.select(ndarray::Axis(0), &self.alive);
        let (u_mean, mean) = (column_means(known.view()), column_means(self.white.view()));
        let (a, r) = (&known - &u_mean, &self.white - &mean);
        let factor = linear_algebra::cholesky(a.t().dot(&a).view(), "covariance of surviving members");
        let (n, needed) = (u.nrows(), u.ncols() + 1);
        let first = &self.failed[0].reason;
        let factor = factor.map_err(|_| too_few(self.alive.len(), n, needed, first))?;
        let mut slopes = a.t().dot(&r);
        linear_algebra::solve_each(factor.view(), slopes.columns_mut());
        let mut all = (u - &u_mean).dot(&slopes) + &mean;
        for (row, &member) in self.white.rows().into_iter().zip(&self.alive) {
            all.row_mut(member).assign(&row);
        }
        Ok(all)
    }
}

fn require_length(what: &'static str, expected: usize, got: usize) -> Result<(), AssimilationError> {
    if expected == got { Ok(()) } else { Err(AssimilationError::Shape { what, expected, got }) }
}

pub(crate) fn require_members(
    surviving: usize,
    members: usize,
    needed: usize,
    first: &str,
) -> Result<(), AssimilationError> {
    if surviving >= needed.max(2) {
        return Ok(());
    }
    Err(too_few(surviving, members, needed.max(2), first))
}

fn too_few(surviving: usize, members: usize, needed: usize, first: &str) -> AssimilationError {
    AssimilationError::TooFewMembers { surviving, members, needed, first: first.to_owned() }
}
