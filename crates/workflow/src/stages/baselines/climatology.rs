//! Each station's mean year: the mean of its observations by calendar month.

use ndarray::Array2;
use reterra_report::input::Run;

use super::{Predictions, VARIABLES};
use crate::config::Variable;
use crate::experiment::StationCase;

/// The climatology of the observations to assimilate at every station and month; a calendar month without any
/// has no prediction.
pub(super) fn predict(cases: &[StationCase]) -> Predictions {
    VARIABLES.iter().map(|&variable| ((Run::Climatology, variable), of_variable(cases, variable))).collect()
}

fn of_variable(cases: &[StationCase], variable: Variable) -> Array2<f64> {
    let months = cases.iter().map(|c| c.monthly.len()).max().unwrap_or(0);
    let mut predicted = Array2::from_elem((cases.len(), months), f64::NAN);
    for (mut row, case) in predicted.rows_mut().into_iter().zip(cases) {
        let series = case.assimilated.get(&variable).map_or(&[][..], Vec::as_slice);
        let first = usize::from(case.start.month) - 1;
        let year = mean_year(series, first);
        for (month, value) in row.iter_mut().enumerate() {
            *value = year[(first + month) % 12];
        }
    }
    predicted
}

/// Means by calendar month, January first, of a series that begins in `first` (0 = January); NaN where nothing
/// was observed.
fn mean_year(series: &[Option<f64>], first: usize) -> [f64; 12] {
    let (mut sums, mut counts) = ([0.0; 12], [0.0; 12]);
    for (month, value) in series.iter().enumerate() {
        if let Some(value) = value {
            sums[(first + month) % 12] += value;
            counts[(first + month) % 12] += 1.0;
        }
    }
    std::array::from_fn(|k| if counts[k] > 0.0 { sums[k] / counts[k] } else { f64::NAN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_year_counts_from_the_series_own_first_month() {
        let mut series = vec![None; 15];
        // A series from November: positions 0 and 12 are Novembers, 2 and 14 Januaries.
        (series[0], series[12], series[2]) = (Some(1.0), Some(3.0), Some(7.0));
        let year = mean_year(&series, 10);
        assert_eq!((year[10], year[0]), (2.0, 7.0));
        assert_eq!(year.iter().filter(|v| v.is_nan()).count(), 10);
    }
}
