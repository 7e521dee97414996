//! Which observations update which parameters.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::data::Data;
use crate::AssimilationError;
use crate::analysis::{Domain, Localisation};
use crate::localisation::adaptive::CorrelationTaper;
use crate::taper::CUT_OFF;
use crate::transform::column_means;

/// How far observations reach in a calibration. Anything but [`Reach::Everywhere`] needs independent observation errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Every observation updates every parameter.
    #[default]
    Everywhere,
    /// Groups of parameters, each updated by its own observations with their weights: update groups, or the domains of a
    /// localisation by distance ([`crate::localisation::pairs::domains`]). Parameters in no group stay as they are.
    Groups(Vec<Domain>),
    /// Weights follow from the sample correlation of each parameter with each prediction: what sampling error explains
    /// has none ([`CorrelationTaper`]).
    Correlated,
}

/// What a step sees: how far observations reach, and how many of them are taken at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scope {
    /// How far observations reach.
    pub reach: Reach,
    /// Random batches that they are taken in; 1 for all at once. More need independent observation errors.
    pub batches: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self { reach: Reach::Everywhere, batches: 1 }
    }
}

impl Scope {
    /// Refuses groups that name what isn't there, no batches, and to take apart what is correlated.
    pub(super) fn check(&self, (parameters, data): (usize, &Data)) -> Result<(), AssimilationError> {
        if self.batches == 0 {
            let (option, range) = ("batches", "1 and above");
            return Err(AssimilationError::Option { option, value: 0.0, range });
        }
        self.reach.check(parameters, data.len())?;
        if *self != Self::default() {
            data.require_independent("an inversion by groups or in batches")?;
        }
        Ok(())
    }

    /// Refuses anything but all observations everywhere at once, for a method whose steps are of the whole ensemble.
    pub(super) fn require_whole(&self, method: &'static str) -> Result<(), AssimilationError> {
        if *self == Self::default() {
            return Ok(());
        }
        let (form, instead) = ("update groups, localisation or batches", "ETKI, EKI or TEKI");
        Err(AssimilationError::Localisation { method, form, instead })
    }
}

impl Reach {
    /// Refuses groups that name what isn't there.
    pub(super) fn check(&self, parameters: usize, observations: usize) -> Result<(), AssimilationError> {
        let Self::Groups(groups) = self else { return Ok(()) };
        Localisation::Domains(groups).unreached(parameters, observations).map(|_| ())
    }

    /// The groups of this step for survivors' parameters (N × p) and residuals (N × m) of the observations `ids`; none
    /// where every observation reaches everything.
    pub(super) fn groups(
        &self,
        parameters: &Array2<f64>,
        white: &Array2<f64>,
        ids: &[usize],
    ) -> Result<Option<Vec<Domain>>, AssimilationError> {
        match self {
            Self::Everywhere => Ok(None),
            Self::Groups(groups) => Ok(Some(groups.iter().map(|group| present(group, ids)).collect())),
            Self::Correlated => by_correlation(parameters, white).map(Some),
        }
    }
}

/// A group with the positions that its observations have among those present.
fn present(group: &Domain, ids: &[usize]) -> Domain {
    let place = |&(id, taper): &(usize, f64)| ids.iter().position(|k| *k == id).map(|k| (k, taper));
    Domain {
        columns: group.columns.clone(),
        observations: group.observations.iter().filter_map(place).collect(),
    }
}

fn by_correlation(parameters: &Array2<f64>, white: &Array2<f64>) -> Result<Vec<Domain>, AssimilationError> {
    let taper = CorrelationTaper::new(parameters.nrows(), parameters.ncols())?;
    let (u, g) = (parameters - &column_means(parameters.view()), white - &column_means(white.view()));
    let values = |column: ArrayView1<'_, f64>| column.to_vec();
    let predicted: Vec<Vec<f64>> = g.columns().into_iter().map(values).collect();
    let domain = |(k, column): (usize, ArrayView1<'_, f64>)| {
        let own = values(column);
        let weights = predicted.iter().map(|g| taper.between(&own, g)).enumerate();
        Domain { columns: vec![k], observations: weights.filter(|(_, w)| *w > CUT_OFF).collect() }
    };
    Ok(u.columns().into_iter().enumerate().map(domain).collect())
}
