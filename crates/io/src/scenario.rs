//! A scenario, or a history: what changes from year to year besides weather, the same for every place.
//!
//! Columns: `year`, and any of `co2_ppm`, `nitrogen_deposition_1` (a multiple of what the place has),
//! `temperature_change_K` and `precipitation_1` (a multiple). Years ascend; a value stands for the middle of its year,
//! between years it goes in a straight line, before the first and after the last it stays.

use std::path::Path;

use reterra_fields::Month;

use crate::IoError;
use crate::quantity::Quantity;
use crate::table::{Row, Table};

/// What a month has of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// CO2 mole fraction, ppm; none where the scenario doesn't tell it.
    pub co2: Option<f64>,
    /// Nitrogen deposition, as a multiple of the place's.
    pub nitrogen_deposition: f64,
    /// Added to air temperature, K.
    pub temperature: f64,
    /// Precipitation, as a multiple of the place's.
    pub precipitation: f64,
}

impl Default for Change {
    fn default() -> Self {
        Self { co2: None, nitrogen_deposition: 1.0, temperature: 0.0, precipitation: 1.0 }
    }
}

/// Changes by year.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Middle of the year, in years, and its change.
    years: Vec<(f64, Change)>,
}

impl Scenario {
    /// The change of a month.
    #[must_use]
    pub fn at(&self, month: Month) -> Change {
        let time = f64::from(month.year) + (f64::from(month.month) - 0.5) / 12.0;
        let after = self.years.partition_point(|(year, _)| *year <= time);
        let (earlier, later) =
            (self.years[after.saturating_sub(1)], self.years[after.min(self.years.len() - 1)]);
        let share = if later.0 > earlier.0 { (time - earlier.0) / (later.0 - earlier.0) } else { 0.0 };
        between(&earlier.1, &later.1, share)
    }
}

fn between(earlier: &Change, later: &Change, share: f64) -> Change {
    let mix = |of: fn(&Change) -> f64| of(earlier) + share * (of(later) - of(earlier));
    Change {
        co2: earlier.co2.zip(later.co2).map(|(a, b)| a + share * (b - a)),
        nitrogen_deposition: mix(|c| c.nitrogen_deposition),
        temperature: mix(|c| c.temperature),
        precipitation: mix(|c| c.precipitation),
    }
}

/// Reads a scenario.
///
/// # Errors
/// No year, years that don't ascend, a cell without a number, a value that can't be.
pub fn read_scenario(path: &Path) -> Result<Scenario, IoError> {
    let table = Table::read(path)?;
    let column = |name, quantity, unit| {
        let numbers = table.optional_numbers(name, quantity, unit)?;
        numbers.map(|numbers| table.complete(&numbers)).transpose()
    };
    let co2 = column("co2_ppm", Quantity::Co2, "ppm")?;
    let deposition = column("nitrogen_deposition_1", Quantity::Multiple, "1")?;
    let temperature = column("temperature_change_K", Quantity::TemperatureChange, "K")?;
    let precipitation = column("precipitation_1", Quantity::Multiple, "1")?;
    let or = |values: &Option<Vec<f64>>, i: usize, usual| values.as_ref().map_or(usual, |v| v[i]);
    let years = years(&table)?.into_iter().enumerate().map(|(i, year)| {
        let change = Change {
            co2: co2.as_ref().map(|values| values[i]),
            nitrogen_deposition: or(&deposition, i, 1.0),
            temperature: or(&temperature, i, 0.0),
            precipitation: or(&precipitation, i, 1.0),
        };
        (f64::from(year) + 0.5, change)
    });
    Ok(Scenario { years: years.collect() })
}

/// The year of every line.
fn years(table: &Table) -> Result<Vec<i32>, IoError> {
    let column = table.column("year")?;
    let mut last = i32::MIN;
    let mut year = |row: &Row| {
        let text = row.text(column);
        let wrong = || IoError::NotANumber { at: table.place(row, column), value: text.to_owned() };
        let year: i32 = text.parse().map_err(|_| wrong())?;
        if year <= last {
            return Err(IoError::NotAscending { at: table.place(row, column), value: text.to_owned() });
        }
        last = year;
        Ok(year)
    };
    table.rows().iter().map(&mut year).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn read(text: &str) -> Result<Scenario, IoError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("scenario.csv");
        std::fs::write(&path, text).unwrap();
        read_scenario(&path)
    }

    fn at(scenario: &Scenario, month: &str) -> Change {
        scenario.at(month.parse().unwrap())
    }

    #[test]
    fn a_value_stands_for_the_middle_of_its_year() {
        let scenario = read("year,co2_ppm,temperature_change_K\n1850,284,0\n1860,286,1\n").unwrap();
        assert_relative_eq!(at(&scenario, "1850-06").co2.unwrap(), 284.0, epsilon = 1e-12);
        assert_relative_eq!(at(&scenario, "1855-07").co2.unwrap(), 285.0 + 0.2 / 24.0, epsilon = 1e-9);
        assert_relative_eq!(at(&scenario, "1855-07").temperature, 0.5 + 0.1 / 24.0, epsilon = 1e-9);
        assert_relative_eq!(at(&scenario, "1700-01").co2.unwrap(), 284.0);
        assert_relative_eq!(at(&scenario, "2100-12").co2.unwrap(), 286.0);
        assert_relative_eq!(at(&scenario, "1855-07").nitrogen_deposition, 1.0);
    }

    #[test]
    fn what_it_does_not_tell_does_not_change() {
        let scenario = read("year,nitrogen_deposition_1\n1850,0.3\n1980,1.4\n2015,1\n").unwrap();
        let change = at(&scenario, "1990-07");
        let usual = Change { nitrogen_deposition: change.nitrogen_deposition, ..Change::default() };
        assert_eq!(change, usual);
        assert!((1.0..1.4).contains(&change.nitrogen_deposition));
    }

    #[test]
    fn years_out_of_order_are_refused_with_their_line() {
        let message = read("year,co2_ppm\n1850,284\n1840,283\n").unwrap_err().to_string();
        assert!(message.contains("line 3") && message.contains("1840"), "{message}");
        let message = read("year,co2_ppm\n1850,\n").unwrap_err().to_string();
        assert!(message.contains("co2_ppm"), "{message}");
        assert!(read("year,co2_ppm\n1850,28\n").is_err());
    }
}
