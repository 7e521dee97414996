//! Observations around a rank's columns, and what every member predicts for them.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use reterra_parallel::{Communicator, Parts};

use super::Decomposition;
use crate::AssimilationError;
use crate::linear_algebra::require_finite;
use crate::localisation::index::{Bounds, CellIndex};
use crate::localisation::observations::require_places;
use crate::localisation::{Locality, Network, ObservationSet, Place};

/// All observations, as every rank knows them, and the column in which each is predicted.
#[derive(Clone, Copy, Debug)]
pub struct Stations<'a> {
    /// What is observed where.
    pub network: Network<'a>,
    /// Number of the column whose ranks predict each observation.
    pub columns: &'a [usize],
}

/// Which observations each rank needs: those within some distance of its columns.
#[derive(Clone, Debug)]
pub struct Halo {
    needed: Vec<Vec<usize>>,
}

impl Stations<'_> {
    /// Numbers of the observations that are predicted in some columns, ascending.
    pub fn within(&self, columns: Range<usize>) -> impl Iterator<Item = usize> {
        let all = self.columns.iter().enumerate();
        all.filter(move |(_, column)| columns.contains(column)).map(|(k, _)| k)
    }
}

impl Halo {
    /// The observations within `width` of this rank's columns; ranks tell each other theirs.
    ///
    /// # Errors
    /// `Halo` where `width` is less than the localisation radius: columns at a border would miss observations, and the
    /// result would depend on the number of ranks. `Shape`, `NotFinite`, `Parallel`.
    pub fn new(
        ranks: &dyn Communicator,
        locality: &Locality,
        columns: &[Place],
        (stations, width): (&Stations<'_>, f64),
    ) -> Result<Self, AssimilationError> {
        let radius = locality.radius();
        if width.is_nan() || width < radius {
            return Err(AssimilationError::Halo { width, radius });
        }
        let places = stations.network.places;
        if stations.columns.len() != places.len() {
            let (what, got) = ("columns of the stations", stations.columns.len());
            return Err(AssimilationError::Shape { what, expected: places.len(), got });
        }
        require_places(places, "place of an observation")?;
        require_places(columns, "place of a column")?;
        let reach = locality.metric().straight(width) * (1.0 + 1e-12);
        let own: Vec<f64> = near(columns, places, reach).into_iter().map(|k| k as f64).collect();
        let everyone = ranks.gather(&own)?;
        let needed = everyone.iter().map(|part| part.iter().map(|k| *k as usize).collect()).collect();
        Ok(Self { needed })
    }

    /// Numbers of the observations that a rank needs, ascending.
    pub(super) fn needed(&self, rank: usize) -> &[usize] {
        &self.needed[rank]
    }

    /// How many of `count` observations no rank needs.
    pub(super) fn outside(&self, count: usize) -> usize {
        let mut needed = vec![false; count];
        self.needed.iter().flatten().for_each(|k| needed[*k] = true);
        needed.iter().filter(|needed| !**needed).count()
    }

    /// What all members predict for the observations that this rank needs (N × needed), from what each rank's members
    /// predict in its columns.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `Parallel`.
    pub fn exchange(
        &self,
        ranks: &dyn Communicator,
        decomposition: &Decomposition,
        stations: &Stations<'_>,
        predicted: Array2<f64>,
    ) -> Result<Array2<f64>, AssimilationError> {
        let own = decomposition.forecast(ranks.rank());
        let known: Vec<usize> = stations.within(own.columns.clone()).collect();
        for (what, expected, got) in [
            ("members whose predictions this rank has", own.members.len(), predicted.nrows()),
            ("observations predicted in this rank's columns", known.len(), predicted.ncols()),
        ] {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        require_finite(predicted.view(), "predicted observation").map_err(|e| match e {
            AssimilationError::NotFinite { what, row, column } => {
                AssimilationError::NotFinite { what, row: own.members.start + row, column: known[column] }
            }
            e => e,
        })?;
        let send = self.parts(&known, predicted.view());
        // As large as what all ranks predict here: it goes before the next copy comes.
        drop(predicted);
        let received = ranks.exchange(send)?;
        let needed = &self.needed[ranks.rank()];
        let mut he = Array2::zeros((decomposition.members(), needed.len()));
        for (rank, part) in received.iter().enumerate() {
            let theirs = decomposition.forecast(rank);
            let known: Vec<usize> = stations.within(theirs.columns).collect();
            let columns: Vec<usize> = common(&known, needed).map(|(_, column)| column).collect();
            for (member, from) in theirs.members.zip(part.chunks(columns.len().max(1))) {
                let mut into = he.row_mut(member);
                columns.iter().zip(from).for_each(|(k, x)| into[*k] = *x);
            }
        }
        Ok(he)
    }

    /// What each rank needs of the predictions for some observations, members one after another.
    fn parts(&self, known: &[usize], predicted: ArrayView2<'_, f64>) -> Parts {
        let columns: Vec<Vec<usize>> = self
            .needed
            .iter()
            .map(|needed| common(known, needed).map(|(column, _)| column).collect())
            .collect();
        let counts: Vec<usize> = columns.iter().map(|columns| predicted.nrows() * columns.len()).collect();
        let mut numbers = Vec::with_capacity(counts.iter().sum());
        for columns in &columns {
            for row in predicted.rows() {
                numbers.extend(columns.iter().map(|k| row[*k]));
            }
        }
        Parts { numbers, counts }
    }

    /// The observations that a rank needs, sorted for its searches.
    ///
    /// # Errors
    /// Those of [`ObservationSet::new`].
    pub fn set(
        &self,
        rank: usize,
        locality: &Locality,
        stations: &Stations<'_>,
        he: ArrayView2<'_, f64>,
    ) -> Result<ObservationSet, AssimilationError> {
        let (needed, all) = (&self.needed[rank], &stations.network);
        let places: Vec<_> = needed.iter().map(|k| all.places[*k]).collect();
        let values: Vec<_> = needed.iter().map(|k| all.values[*k]).collect();
        let variances: Vec<_> = needed.iter().map(|k| all.variances[*k]).collect();
        let slices: Option<Vec<_>> = all.slices.map(|slices| needed.iter().map(|k| slices[*k]).collect());
        let network =
            Network { places: &places, slices: slices.as_deref(), values: &values, variances: &variances };
        ObservationSet::new(locality, &network, he)
    }
}

/// Columns that look for observations together.
const TOGETHER: usize = 64;

/// Numbers of the places within reach of some column, ascending. The places are sorted, not the columns: there are
/// fewer of them as a rule.
fn near(columns: &[Place], places: &[Place], reach: f64) -> Vec<usize> {
    let index = CellIndex::new(places, reach);
    let mut near = vec![false; places.len()];
    for columns in columns.chunks(TOGETHER) {
        index.near(&columns.iter().fold(Bounds::EMPTY, Bounds::with), reach, |run| {
            for (near, place) in
                near[run.clone()].iter_mut().zip(&index.places()[run]).filter(|(near, _)| !**near)
            {
                *near = columns.iter().any(|column| column.squared_to(place) <= reach * reach);
            }
        });
    }
    let mut numbers: Vec<usize> =
        index.order().iter().zip(near).filter(|(_, near)| *near).map(|(k, _)| *k as usize).collect();
    numbers.sort_unstable();
    numbers
}

/// Positions in both of two ascending lists of the numbers that they share.
fn common<'a>(a: &'a [usize], b: &'a [usize]) -> impl Iterator<Item = (usize, usize)> {
    let mut other = 0;
    a.iter().enumerate().filter_map(move |(k, number)| {
        while b.get(other).is_some_and(|b| b < number) {
            other += 1;
        }
        (b.get(other) == Some(number)).then_some((k, other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::localisation::Metric;

    #[test]
    fn a_halo_holds_what_brute_force_finds_and_no_more() {
        let number = |k: usize| ((k as f64 * 12.9898).sin() * 43758.5453).fract();
        let scattered = |n: usize, from: usize| -> Vec<Place> {
            (from..from + n)
                .map(|k| Metric::Plane.place(50.0 * number(2 * k), 50.0 * number(2 * k + 1)))
                .collect()
        };
        let (columns, places) = (scattered(150, 1), scattered(700, 9000));
        for reach in [0.5, 3.0, 20.0, 1e3] {
            let is_near = |k: &usize| columns.iter().any(|c| c.squared_to(&places[*k]) <= reach * reach);
            let expected: Vec<usize> = (0..places.len()).filter(is_near).collect();
            assert_eq!(near(&columns, &places, reach), expected, "{reach}");
        }
    }
}
