//! Observations in spatial order, with what the ensemble predicts for them.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use wide::f64x4;

use super::index::{Bounds, CellIndex};
use super::locality::{Locality, Side, Slice};
use super::metric::Place;
use crate::AssimilationError;
use crate::analysis::NO_SPREAD;
use crate::linear_algebra::{require_finite, require_finite_row};
use crate::noise::standard_deviations;
use crate::transform::column_means;

/// What is observed where: m observations.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// Where each stands.
    pub places: &'a [Place],
    /// Kind and depth of each; none where the localisation looks at neither.
    pub slices: Option<&'a [Slice]>,
    /// Values.
    pub values: &'a [f64],
    /// Error variances.
    pub variances: &'a [f64],
}

/// Immutable observations in the order of a cell index, whitened by their errors, with the ensemble's predictions.
///
/// Observations that several processes share have the same order in each of them if they were given in the same order.
#[derive(Clone, Debug)]
pub struct ObservationSet {
    index: CellIndex,
    slices: Option<Vec<Slice>>,
    innovations: Vec<f64>,
    members: usize,
    /// By observation; members, then zeros up to a whole vector.
    anomalies: Vec<f64x4>,
}

/// Observations that a thread whitens at a time.
const LEAST: usize = 1024;

/// Numbers in a vector.
pub(crate) const LANES: usize = 4;

/// Numbers in vectors of four, with zeros at the end.
pub(crate) fn vectors(numbers: impl Iterator<Item = f64>) -> impl Iterator<Item = f64x4> {
    let mut numbers = numbers.fuse();
    std::iter::from_fn(move || {
        let first = numbers.next()?;
        Some(f64x4::new(std::array::from_fn(|k| if k == 0 { first } else { numbers.next().unwrap_or(0.0) })))
    })
}

impl ObservationSet {
    /// Sorts observations for the searches of `locality`. `he` are the ensemble's predictions (N × m).
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, `NoEnsemble` below two members.
    pub fn new(
        locality: &Locality,
        network: &Network<'_>,
        he: ArrayView2<'_, f64>,
    ) -> Result<Self, AssimilationError> {
        network.check(locality, he)?;
        let sds = standard_deviations(network.variances)?;
        let means = column_means(he);
        let index = CellIndex::new(network.places, locality.reach());
        let order = index.order();
        let of = |k: &u32| (network.values[*k as usize] - means[*k as usize]) / sds[*k as usize];
        let innovations = order.iter().map(of).collect();
        let members = he.nrows();
        let width = members.div_ceil(LANES);
        let mut anomalies = vec![f64x4::ZERO; order.len() * width];
        anomalies.par_chunks_mut(width).zip(order).with_min_len(LEAST).for_each(|(row, k)| {
            let k = *k as usize;
            let predicted = he.index_axis(Axis(1), k);
            let white = vectors(predicted.iter().map(|x| (x - means[k]) / sds[k]));
            row.iter_mut().zip(white).for_each(|(x, white)| *x = white);
        });
        let slices = network.slices.map(|s| order.iter().map(|k| s[*k as usize]).collect());
        Ok(Self { index, slices, innovations, members, anomalies })
    }

    /// How many observations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.innovations.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.innovations.is_empty()
    }

    /// How many of them all members predict alike: they tell an analysis nothing.
    #[must_use]
    pub fn without_spread(&self) -> usize {
        let squares = |row: &[f64x4]| row.iter().map(|x| (*x * *x).reduce_add()).sum::<f64>();
        self.anomalies.chunks(self.width()).filter(|row| squares(row) < NO_SPREAD).count()
    }

    /// Members of the ensemble, N.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members
    }

    /// Their places, sorted.
    #[must_use]
    pub fn index(&self) -> &CellIndex {
        &self.index
    }

    /// Whitened anomalies (N × p) and innovations (p) of the observations that have weight at a place, times the roots of
    /// their weights.
    #[must_use]
    pub fn around(&self, locality: &Locality, place: &Place) -> (Array2<f64>, Vec<f64>) {
        let at = Bounds::EMPTY.with(place);
        let mut near = Vec::new();
        self.index.near(&at, locality.reach(), |run| near.extend(run));
        let weigh = |k: usize| {
            let observation = (&self.index.places()[k], self.slice(k));
            Some((k, locality.weight((place, Slice::default()), observation).sqrt()))
                .filter(|(_, root)| *root > 0.0)
        };
        let chosen: Vec<(usize, f64)> = near.into_iter().filter_map(weigh).collect();
        let mut anomalies = Array2::zeros((self.members, chosen.len()));
        for (mut column, (k, root)) in anomalies.columns_mut().into_iter().zip(&chosen) {
            let row = self.row(*k).iter().flat_map(|v| v.to_array());
            column.iter_mut().zip(row).for_each(|(x, value)| *x = root * value);
        }
        (anomalies, chosen.iter().map(|(k, root)| root * self.innovations[*k]).collect())
    }

    /// Vectors of a row of anomalies.
    pub(crate) fn width(&self) -> usize {
        self.members.div_ceil(LANES)
    }

    /// Departures from the ensemble's mean, in standard deviations of the error.
    pub(crate) fn innovation(&self, k: usize) -> f64 {
        self.innovations[k]
    }

    /// Anomalies of the predictions in standard deviations of the error; members, then zeros up to a whole vector.
    #[inline]
    pub(crate) fn row(&self, k: usize) -> &[f64x4] {
        &self.anomalies[k * self.width()..][..self.width()]
    }

    /// Kind and depth.
    pub(crate) fn slice(&self, k: usize) -> Slice {
        self.slices.as_ref().map_or_else(Slice::default, |slices| slices[k])
    }
}

impl Network<'_> {
    /// Refuses values and places that are not finite, and error variances that are not positive.
    pub(crate) fn check_values(&self) -> Result<(), AssimilationError> {
        require_finite_row(self.values, "observation")?;
        require_places(self.places, "place of an observation")?;
        standard_deviations(self.variances).map(|_| ())
    }

    fn check(&self, locality: &Locality, he: ArrayView2<'_, f64>) -> Result<(), AssimilationError> {
        let m = self.places.len();
        let slices = self.slices.map_or(m, <[Slice]>::len);
        let lengths = [
            ("observation values", self.values.len()),
            ("observation error variances", self.variances.len()),
            ("observation slices", slices),
            ("predicted observations", he.ncols()),
        ];
        for (what, got) in lengths {
            if got != m {
                return Err(AssimilationError::Shape { what, expected: m, got });
            }
        }
        if he.nrows() < 2 {
            return Err(AssimilationError::NoEnsemble { members: he.nrows() });
        }
        self.check_values()?;
        require_finite(he, "predicted observation")?;
        self.slices.unwrap_or(&[]).iter().try_for_each(|s| locality.check_kind(s.kind, Side::Observed))
    }
}

/// Refuses places that are not finite; a column of the error is a place's number.
pub(crate) fn require_places(places: &[Place], what: &'static str) -> Result<(), AssimilationError> {
    match places.iter().position(|place| !place.is_finite()) {
        Some(column) => Err(AssimilationError::NotFinite { what, row: 0, column }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::localisation::{Metric, Taper};
    use ndarray::array;

    #[test]
    fn values_travel_with_their_places() {
        let locality = Locality::new(Metric::Plane, Taper::Boxcar, 1.0).unwrap();
        let places = [locality.place(5.0, 0.0), locality.place(0.0, 0.0)];
        let network = Network { places: &places, slices: None, values: &[3.0, 10.0], variances: &[4.0, 1.0] };
        let he = array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
        let set = ObservationSet::new(&locality, &network, he.view()).unwrap();
        assert_eq!(set.index().order(), [1, 0]);
        assert_eq!((set.innovation(0), set.innovation(1)), (7.0, 0.5));
        assert_eq!(set.row(0), [f64x4::new([-2.0, 0.0, 2.0, 0.0])]);
        assert_eq!(set.row(1), [f64x4::new([-1.0, 0.0, 1.0, 0.0])]);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let locality = Locality::new(Metric::Plane, Taper::Boxcar, 1.0).unwrap();
        let places = [locality.place(5.0, 0.0)];
        let new = |values: &[f64], variances: &[f64], he: ArrayView2<'_, f64>| {
            ObservationSet::new(&locality, &Network { places: &places, slices: None, values, variances }, he)
        };
        let he = array![[0.0], [1.0]];
        assert!(new(&[1.0], &[1.0], he.view()).is_ok());
        assert!(new(&[1.0, 2.0], &[1.0], he.view()).is_err());
        assert!(new(&[f64::NAN], &[1.0], he.view()).is_err());
        assert!(new(&[1.0], &[0.0], he.view()).is_err());
        assert!(new(&[1.0], &[1.0], array![[1.0]].view()).is_err());
        assert!(new(&[1.0], &[1.0], array![[0.0], [f64::NAN]].view()).is_err());
        let lost =
            Network { places: &[Place([f64::NAN; 3])], slices: None, values: &[1.0], variances: &[1.0] };
        assert!(ObservationSet::new(&locality, &lost, he.view()).is_err());
    }
}
