//! Checks of a report's input that its types cannot make.

use std::collections::HashSet;

use crate::error::ReportError;
use crate::input::{Inflation, Month, ReportInput, Series};

/// Refuses an input that would draw wrongly.
pub(crate) fn check(input: &ReportInput) -> Result<(), ReportError> {
    check_period(input)?;
    let mut codes = HashSet::new();
    for station in &input.stations {
        if !codes.insert(station.code.as_str()) {
            return Err(ReportError::DuplicateStation { code: station.code.clone() });
        }
        for series in &station.series {
            check_series(&station.code, series)?;
        }
    }
    input.inflation.as_ref().map_or(Ok(()), check_inflation)
}

fn check_period(input: &ReportInput) -> Result<(), ReportError> {
    let (first, last) = (input.period.first, input.period.last);
    if input.period == crate::input::Period::default() {
        return Ok(());
    }
    check_month("period", first)?;
    check_month("period", last)?;
    if last < first {
        let text = |month: Month| format!("{:04}-{:02}", month.year, month.month);
        return Err(ReportError::PeriodReversed { first: text(first), last: text(last) });
    }
    Ok(())
}

fn check_month(place: &str, month: Month) -> Result<(), ReportError> {
    if (1..=12).contains(&month.month) {
        return Ok(());
    }
    Err(ReportError::Month { place: place.to_owned(), month: month.month })
}

fn check_series(station: &str, series: &Series) -> Result<(), ReportError> {
    let place = format!("{station} {}", series.variable.label());
    check_month(&place, series.start)?;
    let lists = [
        ("observed_train", series.observed_train.len()),
        ("observed_withheld", series.observed_withheld.len()),
        ("lower", series.lower.len()),
        ("upper", series.upper.len()),
    ];
    check_lengths(&place, series.mean.len(), &lists)
}

fn check_inflation(inflation: &Inflation) -> Result<(), ReportError> {
    check_month("inflation", inflation.start)?;
    let lists = [("smallest", inflation.smallest.len()), ("largest", inflation.largest.len())];
    check_lengths("inflation", inflation.mean.len(), &lists)
}

fn check_lengths(place: &str, expected: usize, lists: &[(&'static str, usize)]) -> Result<(), ReportError> {
    match lists.iter().find(|(_, found)| *found != expected) {
        Some(&(list, found)) => {
            Err(ReportError::SeriesLength { place: place.to_owned(), list, expected, found })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Period, Station, Variable};

    fn series(observed: usize) -> Series {
        Series {
            variable: Variable::Gpp,
            start: Month { year: 2001, month: 1 },
            observed_train: vec![None; observed],
            observed_withheld: vec![None; 3],
            mean: vec![None; 3],
            lower: vec![None; 3],
            upper: vec![None; 3],
        }
    }

    fn input(stations: Vec<Station>) -> ReportInput {
        ReportInput { stations, ..ReportInput::default() }
    }

    #[test]
    fn a_series_of_unequal_lists_is_refused_by_name() {
        let station = Station { code: "FI-Hyy".into(), series: vec![series(2)], ..Station::default() };
        let message = check(&input(vec![station])).unwrap_err().to_string();
        assert!(message.contains("FI-Hyy GPP") && message.contains("observed_train"), "{message}");
        let good = Station { code: "FI-Hyy".into(), series: vec![series(3)], ..Station::default() };
        assert!(check(&input(vec![good])).is_ok());
    }

    #[test]
    fn a_repeated_station_is_refused() {
        let station = Station { code: "X".into(), ..Station::default() };
        let error = check(&input(vec![station.clone(), station])).unwrap_err();
        assert!(matches!(error, ReportError::DuplicateStation { code } if code == "X"));
    }

    #[test]
    fn a_reversed_period_and_a_thirteenth_month_are_refused() {
        let period = |last| Period { first: Month { year: 2001, month: 2 }, last };
        let with = |period| ReportInput { period, ..ReportInput::default() };
        let reversed = check(&with(period(Month { year: 2001, month: 1 })));
        assert!(matches!(reversed, Err(ReportError::PeriodReversed { .. })));
        let impossible = check(&with(period(Month { year: 2001, month: 13 })));
        assert!(matches!(impossible, Err(ReportError::Month { month: 13, .. })));
    }
}
