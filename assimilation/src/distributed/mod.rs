//! The local analysis over ranks: members run on groups of ranks, the analysis is decomposed over columns.
//!
//! [`Decomposition`] says who holds what and moves states between the two layouts by one exchange; [`Halo`] says which
//! observations a rank needs around its columns. What a rank computes for a column has the same bits as on one rank,
//! because the column's local observations come in the same order.

mod decomposition;
mod halo;
#[cfg(test)]
mod tests;

pub use decomposition::{Decomposition, Share};
pub use halo::{Halo, Stations};

use ndarray::{Array2, ArrayView3, ArrayViewMut3, Axis};
use rayon::prelude::*;
use reterra_parallel::Communicator;

use crate::AssimilationError;
use crate::letkf::{Columns, Letkf, Summary};
use crate::regression::{Whitened, regress};

/// A filter over ranks.
#[derive(Clone, Debug)]
pub struct Distributed<'a> {
    filter: Letkf,
    decomposition: Decomposition,
    columns: Columns,
    stations: Stations<'a>,
    halo: Halo,
    rank: usize,
}

impl<'a> Distributed<'a> {
    /// Sets a filter up on every rank. `columns` are this rank's own columns of the analysis
    /// ([`Decomposition::analysis`]); every rank knows all stations; `halo` is the width, in the unit of the filter's metric, of the
    /// margin around a rank's columns whose observations it gets.
    ///
    /// # Errors
    /// `Halo` where the halo is narrower than the localisation radius, `Number` for a station in a column that is not
    /// there, `NotFinite` and `NotPositive` for the stations' values and errors, `Shape`, `Parallel`. But for the last
    /// two, all ranks get the same error.
    pub fn new(
        ranks: &dyn Communicator,
        filter: Letkf,
        (decomposition, columns): (Decomposition, Columns),
        stations: Stations<'a>,
        halo: f64,
    ) -> Result<Self, AssimilationError> {
        let expected = decomposition.analysis(ranks.rank()).len();
        if columns.len() != expected {
            let what = "this rank's columns of the analysis";
            return Err(AssimilationError::Shape { what, expected, got: columns.len() });
        }
        let (count, what) = (decomposition.columns(), "column in which a station is predicted");
        if let Some(&number) = stations.columns.iter().find(|column| **column >= count) {
            return Err(AssimilationError::Number { what, number, count });
        }
        stations.network.check_values()?;
        let halo = Halo::new(ranks, filter.locality(), columns.places(), (&stations, halo))?;
        Ok(Self { filter, decomposition, columns, stations, halo, rank: ranks.rank() })
    }

    /// Updates this rank's share of the forecast (own members, rows, own columns) in place, with what its members
    /// predict for the observations in its columns (own members × [`Stations::within`] its columns).
    ///
    /// # Errors
    /// Those of [`Letkf::analyse`] and of [`crate::localisation::ObservationSet::new`], and `Parallel`.
    pub fn analyse(
        &self,
        ranks: &dyn Communicator,
        predicted: Array2<f64>,
        forecast: ArrayViewMut3<'_, f64>,
    ) -> Result<Summary, AssimilationError> {
        let he = self.observe(ranks, predicted)?;
        let mut state = self.decomposition.to_columns(ranks, forecast.view())?;
        let summary = self.update(he, state.view_mut())?;
        self.decomposition.to_members(ranks, state.view(), forecast)?;
        Ok(summary)
    }

    /// Numbers of the observations that this rank needs, ascending.
    #[must_use]
    pub fn needed(&self) -> &[usize] {
        self.halo.needed(self.rank)
    }

    /// What all members predict for the observations that this rank needs (N × needed), from what its own members
    /// predict in its columns. Ranks exchange here, so it belongs on the thread that talks to them.
    ///
    /// # Errors
    /// `Shape`, `Parallel`.
    pub fn observe(
        &self,
        ranks: &dyn Communicator,
        predicted: Array2<f64>,
    ) -> Result<Array2<f64>, AssimilationError> {
        self.halo.exchange(ranks, &self.decomposition, &self.stations, predicted)
    }

    /// Updates a state that is laid out by columns (all members, rows, own columns) by what [`Self::observe`] gave.
    /// Nothing is exchanged, so it may run on any threads.
    ///
    /// # Errors
    /// Those of [`Letkf::analyse`] and of [`crate::localisation::ObservationSet::new`].
    pub fn update(
        &self,
        he: Array2<f64>,
        state: ArrayViewMut3<'_, f64>,
    ) -> Result<Summary, AssimilationError> {
        let set = self.halo.set(self.rank, self.filter.locality(), &self.stations, he.view())?;
        // The set has its own copy, sorted and whitened.
        drop(he);
        let first = self.decomposition.analysis(self.rank).start;
        self.filter.analyse(&set, &self.columns, state).map_err(|e| match e {
            AssimilationError::NotFinite { what, row, column } => {
                AssimilationError::NotFinite { what, row, column: first + column }
            }
            e => e,
        })
    }

    /// Unconstrained parameters by [regression](crate::regression), columns side by side: `present` (all members,
    /// parameters, own columns), which predicted what [`Self::observe`] gave, become the posterior that belongs to `prior`.
    ///
    /// # Errors
    /// Those of [`regress`] and of [`crate::localisation::ObservationSet::new`].
    pub fn regress(
        &self,
        he: Array2<f64>,
        prior: ArrayView3<'_, f64>,
        mut present: ArrayViewMut3<'_, f64>,
    ) -> Result<(), AssimilationError> {
        let locality = self.filter.locality();
        let set = self.halo.set(self.rank, locality, &self.stations, he.view())?;
        drop(he);
        let columns = present.axis_iter_mut(Axis(2)).zip(prior.axis_iter(Axis(2))).zip(self.columns.places());
        columns.collect::<Vec<_>>().into_par_iter().try_for_each(|((mut present, prior), place)| {
            let (anomalies, innovations) = set.around(locality, place);
            let seen = Whitened { anomalies: anomalies.view(), innovations: &innovations };
            let posterior = regress(prior, present.view(), &seen)?;
            present.assign(&posterior);
            Ok(())
        })
    }

    /// Stations outside of the domain: farther than the halo from the columns of all ranks. They change nothing.
    #[must_use]
    pub fn outside(&self) -> usize {
        self.halo.outside(self.stations.columns.len())
    }

    /// Who holds what.
    #[must_use]
    pub fn decomposition(&self) -> &Decomposition {
        &self.decomposition
    }
}
