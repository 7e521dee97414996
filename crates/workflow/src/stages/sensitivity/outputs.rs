//! The outputs of a sensitivity study, as means of years.

use reterra_land::column::MonthlyOutput;
use reterra_land::forcing::MONTH_DAYS;

use crate::results::{OUTPUTS, Output};

/// Names of the outputs, in order.
pub const NAMES: [&str; 9] = ["GPP", "NPP", "HR", "NEE", "ET", "LAI", "TOTSOMC", "TOTVEGC", "TOTECOSYSC"];

/// Months of a year.
pub(super) const YEAR: usize = 12;

/// Net primary production, which products don't hold.
const NPP: Output = Output {
    name: "NPP",
    unit: "g m-2 s-1",
    long_name: "net primary production of carbon",
    standard_name: Some("net_primary_productivity_of_biomass_expressed_as_carbon"),
    cell_methods: "time: mean",
    of: |m| m.gpp - m.ra,
};

/// An output by its name.
#[must_use]
pub fn output(name: &str) -> Option<Output> {
    if name == NPP.name { Some(NPP) } else { OUTPUTS.iter().find(|o| o.name == name).copied() }
}

/// All of them.
pub(super) fn outputs() -> impl Iterator<Item = Output> {
    NAMES.iter().filter_map(|name| output(name))
}

/// Means of every output over each whole year from the first month on, weighted by the days of the months; `first`: month
/// of the calendar of the first entry, 0 = January. Stocks count as they are at the months' ends.
pub(super) fn yearly(months: &[MonthlyOutput], first: usize) -> Vec<[f64; NAMES.len()]> {
    let days = |m: usize| MONTH_DAYS[(first + m) % YEAR] as f64;
    let total: f64 = (0..YEAR).map(days).sum();
    let mean = |year: &[MonthlyOutput], output: Output| {
        year.iter().enumerate().map(|(m, month)| (output.of)(month) * days(m)).sum::<f64>() / total
    };
    months
        .chunks_exact(YEAR)
        .map(|year| {
            let mut means = [f64::NAN; NAMES.len()];
            for (place, output) in means.iter_mut().zip(outputs()) {
                *place = mean(year, output);
            }
            means
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_an_output() {
        assert_eq!(outputs().map(|o| o.name).collect::<Vec<_>>(), NAMES);
    }

    #[test]
    fn years_are_means_by_days_from_the_first_month_on() {
        let month = |m: usize| MonthlyOutput {
            gpp: if m % 12 == 7 { 365.0 } else { 0.0 },
            ra: 1.0,
            lai: m as f64,
            ..MonthlyOutput::default()
        };
        let months: Vec<MonthlyOutput> = (0..26).map(month).collect();
        // From July on the eighth month is February.
        let years = yearly(&months, 6);
        assert_eq!(years.len(), 2);
        assert!((years[0][0] - 28.0).abs() < 1e-12 && (years[0][1] - 27.0).abs() < 1e-12);
        assert!((years[1][5] - years[0][5] - 12.0).abs() < 1e-12);
    }
}
