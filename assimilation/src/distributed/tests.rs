//! One rank against many, bit by bit.

use ndarray::{Array2, Array3, Axis, s};
use reterra_parallel::{Alone, Communicator, threads};

use super::{Decomposition, Distributed, Stations};
use crate::AssimilationError;
use crate::letkf::{Columns, Letkf};
use crate::localisation::{Locality, Metric, Network, Taper};

const MEMBERS: usize = 7;
const COLUMNS: usize = 90;
const OBSERVATIONS: usize = 60;

fn number(k: usize) -> f64 {
    ((k as f64 * 12.9898).sin() * 43758.5453).fract()
}

fn filter() -> Letkf {
    let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, 4.0).unwrap();
    Letkf::new(locality).with_forgetting(0.9).unwrap()
}

fn prior() -> Array3<f64> {
    Array3::from_shape_fn((MEMBERS, 2, COLUMNS), |(k, r, c)| number(1000 * k + 91 * r + c))
}

/// The analysis of the whole state, put together from what the ranks hold.
fn analysed(size: usize, groups: usize) -> Array3<f64> {
    let parts = threads::run(size, |ranks| (ranks.rank(), on_rank(ranks, groups, 4.0).unwrap()));
    let decomposition = Decomposition::new((MEMBERS, COLUMNS), groups, size).unwrap();
    let mut whole = Array3::zeros((MEMBERS, 2, COLUMNS));
    for (rank, part) in parts {
        let share = decomposition.forecast(rank);
        whole.slice_mut(s![share.members, .., share.columns]).assign(&part);
    }
    whole
}

fn on_rank(ranks: &dyn Communicator, groups: usize, halo: f64) -> Result<Array3<f64>, AssimilationError> {
    let decomposition = Decomposition::new((MEMBERS, COLUMNS), groups, ranks.size())?;
    // A line of columns; observations scattered along it, each predicted by the mean of two rows of its column.
    let place = |x: f64| Metric::Plane.place(x, 0.0);
    let columns: Vec<usize> =
        (0..OBSERVATIONS).map(|k| (number(k + 5).abs() * COLUMNS as f64) as usize).collect();
    let places: Vec<_> = columns.iter().map(|c| place(*c as f64 + 0.3)).collect();
    let values: Vec<f64> = (0..OBSERVATIONS).map(|k| number(k + 900)).collect();
    let network = Network { places: &places, slices: None, values: &values, variances: &[0.1; OBSERVATIONS] };
    let stations = Stations { network, columns: &columns };
    let own = decomposition.analysis(ranks.rank()).map(|c| place(c as f64)).collect();
    let parts = (decomposition, Columns::uniform(own, 2));
    let distributed = Distributed::new(ranks, filter(), parts, stations, halo)?;
    let share = decomposition.forecast(ranks.rank());
    let prior = prior();
    let seen: Vec<usize> = stations.within(share.columns.clone()).collect();
    let predicted = Array2::from_shape_fn((share.members.len(), seen.len()), |(k, j)| {
        let of = |row: usize| prior[[share.members.start + k, row, columns[seen[j]]]];
        0.5 * (of(0) + of(1))
    });
    let mut forecast = prior.slice(s![share.members, .., share.columns]).to_owned();
    distributed.analyse(ranks, predicted, forecast.view_mut())?;
    Ok(forecast)
}

#[test]
fn any_number_of_ranks_and_groups_gives_the_same_bits() {
    let alone = analysed(1, 1);
    assert!(
        (&alone - &prior()).index_axis(Axis(1), 0).iter().any(|x| x.abs() > 0.01),
        "something is analysed"
    );
    for (size, groups) in [(2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (3, 3), (7, 7)] {
        assert_eq!(analysed(size, groups), alone, "{size} ranks in {groups} groups");
    }
}

#[test]
fn a_halo_narrower_than_the_localisation_says_what_to_do() {
    let error = on_rank(&Alone, 1, 3.9).unwrap_err();
    assert!(matches!(error, AssimilationError::Halo { .. }));
    let text = error.to_string();
    assert!(text.contains("3.9") && text.contains('4') && text.contains("widen"), "{text}");
    assert!(on_rank(&Alone, 1, f64::NAN).is_err());
    assert!(on_rank(&Alone, 1, 40.0).is_ok());
}

#[test]
fn groups_that_do_not_fit_the_ranks_are_an_error() {
    for (groups, ranks) in [(0, 1), (3, 4), (8, 8)] {
        assert!(Decomposition::new((MEMBERS, COLUMNS), groups, ranks).is_err(), "{groups} {ranks}");
    }
}

#[test]
fn the_layouts_lead_into_each_other() {
    let decomposition = Decomposition::new((MEMBERS, COLUMNS), 2, 4).unwrap();
    threads::run(4, |ranks| {
        let share = decomposition.forecast(ranks.rank());
        let own = prior().slice(s![share.members, .., share.columns]).to_owned();
        let state = decomposition.to_columns(ranks, own.view()).unwrap();
        assert_eq!(state, prior().slice(s![.., .., decomposition.analysis(ranks.rank())]));
        let mut back = Array3::zeros(own.raw_dim());
        decomposition.to_members(ranks, state.view(), back.view_mut()).unwrap();
        assert_eq!(back, own);
    });
}
