//! Localisation as lists of weights: what filters want that localise covariances, or that take one domain at a time.

use super::index::{Bounds, CellIndex};
use super::locality::{Locality, Slice};
use super::metric::Place;
use super::observations::require_places;
use crate::AssimilationError;

/// Where something is, and what.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Site {
    /// Place.
    pub place: Place,
    /// Kind and depth.
    pub slice: Slice,
}

/// For each site of `from`, the numbers of those of `to` that have weight for it, ascending, and their weights.
///
/// From columns to observations it gives the domains of a local analysis; from observations to columns, and from
/// observations to each other, the Schur factors of a covariance localisation. `from` has the role of the state in the
/// factors between kinds.
///
/// # Errors
/// `NotFinite` for a place that is not, `Shape` for a kind without factors.
pub fn pairs(
    locality: &Locality,
    from: &[Site],
    to: &[Site],
) -> Result<Vec<Vec<(usize, f64)>>, AssimilationError> {
    use super::locality::Side;
    let places: Vec<Place> = to.iter().map(|site| site.place).collect();
    require_places(&places, "place of an observation")?;
    require_places(&from.iter().map(|site| site.place).collect::<Vec<_>>(), "place of a column")?;
    from.iter().try_for_each(|site| locality.check_kind(site.slice.kind, Side::State))?;
    to.iter().try_for_each(|site| locality.check_kind(site.slice.kind, Side::Observed))?;
    let index = CellIndex::new(&places, locality.reach());
    let of = |site: &Site| {
        let mut near = Vec::new();
        index.near(&Bounds::EMPTY.with(&site.place), locality.reach(), |run| {
            near.extend(index.order()[run].iter().map(|k| *k as usize));
        });
        near.sort_unstable();
        let weight = |k: usize| (k, locality.weight((&site.place, site.slice), (&to[k].place, to[k].slice)));
        near.into_iter().map(weight).filter(|(_, weight)| *weight > 0.0).collect()
    };
    Ok(from.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_algebra::eigh;
    use crate::localisation::{Metric, Taper};
    use ndarray::Array2;

    fn ring(n: usize, radius: f64) -> (Locality, Vec<Site>) {
        let locality = Locality::new(Metric::Ring { length: n as f64 }, Taper::GaspariCohn, radius).unwrap();
        let site = |k: usize| Site { place: locality.place(k as f64, 0.0), slice: Slice::default() };
        let sites = (0..n).map(site).collect();
        (locality, sites)
    }

    #[test]
    fn pairs_are_those_within_the_radius_round_the_ring() {
        let (locality, sites) = ring(40, 4.0);
        let found = pairs(&locality, &sites[..1], &sites).unwrap();
        let numbers: Vec<usize> = found[0].iter().map(|(k, _)| *k).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 37, 38, 39]);
        for (k, weight) in &found[0] {
            let distance = (*k).min(40 - k) as f64;
            assert!((weight - Taper::GaspariCohn.weight(distance / 4.0)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_weights_of_a_set_with_itself_are_a_correlation_matrix() {
        let (locality, sites) = ring(60, 15.0);
        let mut matrix = Array2::<f64>::zeros((60, 60));
        for (i, near) in pairs(&locality, &sites, &sites).unwrap().into_iter().enumerate() {
            for (j, weight) in near {
                matrix[[i, j]] = weight;
            }
        }
        assert!(matrix.diag().iter().all(|x| (x - 1.0).abs() < 1e-15));
        let (values, _) = eigh(matrix.view(), "weights").unwrap();
        assert!(values[0] > -1e-12, "{}", values[0]);
    }

    #[test]
    fn a_lost_place_is_an_error() {
        let (locality, mut sites) = ring(5, 2.0);
        sites[3].place = Place([f64::NAN; 3]);
        assert!(pairs(&locality, &sites, &sites[..2]).is_err());
        assert!(pairs(&locality, &sites[..2], &sites).is_err());
    }
}
