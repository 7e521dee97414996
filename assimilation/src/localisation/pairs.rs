//! Localisation as lists of weights: what filters want that localise covariances, or that take one domain at a time.

use super::index::{Bounds, CellIndex};
use super::locality::{Locality, Slice};
use super::metric::Place;
use super::observations::require_places;
use crate::AssimilationError;
use crate::analysis::{CovarianceTaper, Domain};

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

/// The domains of a local analysis by any filter: state variable `k` stands at site `k` of `state`, and variables of one
/// site share a domain. Sites that no observation reaches have none.
///
/// # Errors
/// Those of [`pairs`].
pub fn domains(
    locality: &Locality,
    state: &[Site],
    observed: &[Site],
) -> Result<Vec<Domain>, AssimilationError> {
    let near = pairs(locality, state, observed)?;
    let mut domains: Vec<Domain> = Vec::new();
    for (column, observations) in near.into_iter().enumerate().filter(|(_, near)| !near.is_empty()) {
        match domains.last_mut() {
            Some(last)
                if last.columns.last().is_some_and(|k| k + 1 == column && state[*k] == state[column]) =>
            {
                last.columns.push(column);
            }
            _ => domains.push(Domain { columns: vec![column], observations }),
        }
    }
    Ok(domains)
}

/// The tapers of a covariance localisation. Factors between kinds are those of state variables; between observations
/// only distance and depth count.
///
/// # Errors
/// Those of [`pairs`].
pub fn covariance_taper(
    locality: &Locality,
    state: &[Site],
    observed: &[Site],
) -> Result<CovarianceTaper, AssimilationError> {
    let mut of_state = vec![Vec::new(); observed.len()];
    for (column, near) in pairs(locality, state, observed)?.into_iter().enumerate() {
        for (k, weight) in near {
            of_state[k].push((column, weight));
        }
    }
    let of_observed = pairs(&locality.without_kinds(), observed, observed)?;
    Ok(CovarianceTaper { state: of_state, observed: of_observed })
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
    fn a_serial_filter_and_a_local_one_take_their_weights_from_the_same_locality() {
        let (locality, sites) = ring(30, 3.0);
        let observed = [sites[0], sites[10]];
        // Two variables at each site.
        let state: Vec<Site> = sites.iter().flat_map(|site| [*site; 2]).collect();
        let domains = domains(&locality, &state, &observed).unwrap();
        assert_eq!(domains.len(), 10, "five sites around each observation");
        assert!(domains.iter().all(|d| d.columns.len() == 2 && d.observations.len() == 1));
        let taper = covariance_taper(&locality, &state, &observed).unwrap();
        for domain in &domains {
            let (k, weight) = domain.observations[0];
            assert!(domain.columns.iter().all(|column| taper.state[k].contains(&(*column, weight))));
        }
        assert_eq!(taper.state[0].len(), 10);
        assert_eq!(taper.observed[1].iter().map(|(k, _)| *k).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_lost_place_is_an_error() {
        let (locality, mut sites) = ring(5, 2.0);
        sites[3].place = Place([f64::NAN; 3]);
        assert!(pairs(&locality, &sites, &sites[..2]).is_err());
        assert!(pairs(&locality, &sites[..2], &sites).is_err());
    }
}
