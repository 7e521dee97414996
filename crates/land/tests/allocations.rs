//! A step allocates nothing: what a run allocates doesn't grow with its days.

use allocation_counter::{AllocationInfo, measure};
use reterra_land::column::{Column, ColumnState, simulate_batch};
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Batched, Lanes, Real, WIDTH};
use reterra_land::soil::OperatorTrace;
use reterra_land::trials::Trial;

/// Allocations while a trial's columns run so many months; by `T`, a batch or its first column alone.
fn allocations<T: Real>(trial: &Trial, months: usize) -> AllocationInfo {
    let columns = &trial.columns[0];
    let starts: Vec<ColumnState> =
        (0..WIDTH).map(|k| ColumnState::cold_start(&columns[k], trial.mean_temperature[k])).collect();
    let weather: Vec<WeatherSeries> = (0..T::WIDTH).map(|k| trial.weather[k].slice(0..months)).collect();
    let weather: Vec<&WeatherSeries> = weather.iter().collect();
    let column = Column::<T>::gather(&|k| &columns[k]);
    let mut state = ColumnState::<T>::gather(&|k| &starts[k]);
    let mut trace = Box::new(OperatorTrace::<T>::new());
    let mut end = 0;
    let info = measure(|| {
        let outcome = simulate_batch(&column, &mut state, &weather, Some(&mut trace), |month, _| end = month);
        assert!(outcome.failures.iter().all(Option::is_none));
    });
    assert_eq!(end + 1, months);
    info
}

fn check<T: Real>() {
    for number in 0..8 {
        let trial = Trial::draw(2026, number).expect("every number is a trial");
        let (month, year) = (allocations::<T>(&trial, 1), allocations::<T>(&trial, 13));
        // The list of failures, one a run.
        assert!(month.count_total <= 1, "trial {number}: {month:?}");
        assert_eq!(year.count_total - month.count_total, 0, "trial {number}: {year:?} in a year");
    }
}

#[test]
fn a_year_of_a_batch_allocates_nothing() {
    check::<Lanes>();
}

#[test]
fn a_year_of_a_column_alone_allocates_nothing() {
    check::<f64>();
}

#[test]
fn an_allocation_would_be_seen() {
    let info = measure(|| drop(std::hint::black_box(vec![0.0_f64; 20])));
    assert_eq!(info.count_total, 1);
}
