//! The eLTER data reporting format: a long table with one value a line.
//!
//! Columns `SITE_CODE`, `TIME`, `VARIABLE`, `VALUE`, `UNIT`, and where there is one `FLAGQUA`, in any order,
//! separated by commas or semicolons; other columns are not read. `TIME` is a year, a month, a day or a date
//! with time (ISO 8601), and says the period that the value stands for. A unit that does not fit its variable
//! is refused.
//!
//! `FLAGQUA` has no vocabulary common to all networks: a number that means good in one means bad in another.
//! So a value is taken if its flag is empty or among those that the caller names; [`GOOD_FLAGS`] are the
//! spellings that say valid in words. What is left out is counted by flag, and variables that are not known
//! are counted by name, so that nothing disappears unseen.

use std::collections::BTreeMap;
use std::path::Path;

use reterra_fields::{Calendar, Date, Month};

use crate::IoError;
use crate::quantity::{Conversion, Quantity};
use crate::table::{Row, Table, possible};

/// Flags that say valid, whatever the network; compared without regard to case.
pub const GOOD_FLAGS: &[&str] = &["V", "valid", "good", "ok"];

/// Variable codes with their quantities: short names of FLUXNET and ICOS, and long ones.
const VARIABLES: &[(&[&str], Quantity)] = &[
    (&["TA", "TA_F", "TAIR", "AIR_TEMPERATURE", "TS", "SOIL_TEMPERATURE"], Quantity::Temperature),
    (&["SW_IN", "RG", "GLOBAL_RADIATION", "LW_IN"], Quantity::Radiation),
    (&["VPD"], Quantity::VapourPressureDeficit),
    (&["PA", "AIR_PRESSURE"], Quantity::AirPressure),
    (&["P", "PREC", "PRECIPITATION"], Quantity::Precipitation),
    (&["ET", "EVAPOTRANSPIRATION", "LE"], Quantity::Evapotranspiration),
    (&["GPP", "NEE", "RECO", "RS", "SOIL_RESPIRATION"], Quantity::CarbonFlux),
    (&["ABGB", "BIOMASS", "SOC", "SOIL_ORGANIC_CARBON"], Quantity::CarbonPool),
    (&["LAI"], Quantity::LeafArea),
    (&["SWC", "SOIL_WATER_CONTENT", "SOIL_MOISTURE"], Quantity::WaterContent),
    (&["CO2"], Quantity::Co2),
    (&["WS", "WIND_SPEED"], Quantity::Wind),
];

/// The period that a value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Time {
    /// A year.
    Year(i32),
    /// A month.
    Month(Month),
    /// A day.
    Day(Date),
    /// A moment: a day and its second.
    Moment(Date, u32),
}

impl Time {
    /// The length of the period in seconds; none for a moment.
    #[must_use]
    pub fn seconds(self) -> Option<f64> {
        let days = match self {
            Time::Year(year) => Calendar::Standard.days_in_year(year),
            Time::Month(month) => month.days(Calendar::Standard),
            Time::Day(_) => 1,
            Time::Moment(..) => return None,
        };
        Some(f64::from(days) * reterra_fields::calendar::SECONDS_PER_DAY)
    }

    /// Its month; none for a year.
    #[must_use]
    pub fn month(self) -> Option<Month> {
        match self {
            Time::Year(_) => None,
            Time::Month(month) => Some(month),
            Time::Day(date) | Time::Moment(date, _) => Some(date.month()),
        }
    }
}

/// One value, in SI.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The site's code, as written.
    pub site: String,
    /// When.
    pub time: Time,
    /// The variable's code, in capitals.
    pub variable: String,
    /// What kind of figure it is; says the unit.
    pub quantity: Quantity,
    /// The value in the quantity's SI unit.
    pub value: f64,
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// The values taken, in the file's order.
    pub records: Vec<Record>,
    /// Lines without a value.
    pub missing: usize,
    /// Lines left out for their flag, by flag.
    pub flagged: BTreeMap<String, usize>,
    /// Lines of variables that are not known, by code.
    pub unknown: BTreeMap<String, usize>,
}

/// Reads a file; `good` are the flags that count as good besides an empty one.
///
/// # Errors
/// A missing column; a time, number or unit that cannot be read; an impossible value; a sum (`mm`) at a moment
/// whose period is not known.
pub fn read_records(path: &Path, good: &[&str]) -> Result<Records, IoError> {
    let table = Table::read(path)?;
    let columns = Columns::of(&table)?;
    let mut found = Records::default();
    for row in table.rows() {
        let variable = row.text(columns.variable).to_ascii_uppercase();
        let flag = columns.flag.map_or("", |index| row.text(index));
        let Some(quantity) = quantity(&variable) else {
            *found.unknown.entry(variable).or_default() += 1;
            continue;
        };
        if !flag.is_empty() && !good.iter().any(|g| g.eq_ignore_ascii_case(flag)) {
            *found.flagged.entry(flag.to_owned()).or_default() += 1;
            continue;
        }
        let Some(value) = table.plain_number(row, columns.value)? else {
            found.missing += 1;
            continue;
        };
        let time =
            time(row.text(columns.time)).map_err(|e| IoError::fact(table.place(row, columns.time), e))?;
        let conversion = conversion(&table, row, columns.unit, (quantity, time))?;
        let value = possible(quantity, conversion, value).map_err(|[lowest, highest]| {
            let unit = row.text(columns.unit).to_owned();
            IoError::OutOfRange { at: table.place(row, columns.value), value, unit, lowest, highest }
        })?;
        let site = row.text(columns.site).to_owned();
        found.records.push(Record { site, time, variable, quantity, value });
    }
    Ok(found)
}

struct Columns {
    site: usize,
    time: usize,
    variable: usize,
    value: usize,
    unit: usize,
    flag: Option<usize>,
}

impl Columns {
    fn of(table: &Table) -> Result<Columns, IoError> {
        Ok(Columns {
            site: table.column("SITE_CODE")?,
            time: table.column("TIME")?,
            variable: table.column("VARIABLE")?,
            value: table.column("VALUE")?,
            unit: table.column("UNIT")?,
            flag: table.optional("FLAGQUA"),
        })
    }
}

fn quantity(variable: &str) -> Option<Quantity> {
    VARIABLES.iter().find(|(codes, _)| codes.contains(&variable)).map(|(_, quantity)| *quantity)
}

fn conversion(
    table: &Table,
    row: &Row,
    column: usize,
    (quantity, time): (Quantity, Time),
) -> Result<Conversion, IoError> {
    let unit = row.text(column);
    quantity.conversion(unit, time.seconds()).ok_or_else(|| IoError::WrongUnit {
        at: table.place(row, column),
        unit: unit.to_owned(),
        quantity: quantity.name(),
        accepted: quantity.accepted(),
    })
}

fn time(text: &str) -> Result<Time, reterra_fields::FieldError> {
    let not_a_date = || reterra_fields::FieldError::NotADate(text.to_owned());
    match text.len() {
        4 => text.parse().map(Time::Year).map_err(|_| not_a_date()),
        7 => text.parse().map(Time::Month),
        10 => Date::parse(text, Calendar::Standard).map(Time::Day),
        _ => {
            let (date, clock) = text.split_once(['T', ' ']).ok_or_else(not_a_date)?;
            let second = second_of_day(clock).ok_or_else(not_a_date)?;
            Date::parse(date, Calendar::Standard).map(|date| Time::Moment(date, second))
        }
    }
}

/// The second of the day of `hh:mm`, `hh:mm:ss`, with or without `Z`.
fn second_of_day(clock: &str) -> Option<u32> {
    let mut parts = clock.trim_end_matches('Z').split(':');
    let mut next = |below: u32| {
        let text = parts.next()?;
        let valid = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|n| valid && *n < below)
    };
    let (hour, minute) = (next(24)?, next(60)?);
    let second = if clock.matches(':').count() > 1 { next(60)? } else { 0 };
    if parts.next().is_some() { None } else { Some(hour * 3600 + minute * 60 + second) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const FILE: &str = "SITE_CODE;TIME;VARIABLE;VALUE;UNIT;FLAGQUA
zoebelboden;2001-01;PREC;62;mm;
zoebelboden;2001-01-05;TA;-3.15;°C;V
zoebelboden;2001-01-05T12:30:00Z;NEE;1.0;µmol m-2 s-1;valid
zoebelboden;2001;GPP;365;gC m-2;
zoebelboden;2001-01-06;TA;99;°C;B
zoebelboden;2001-01-06;TA;;°C;
zoebelboden;2001-01-06;NO3;1;mg l-1;
";

    fn read(text: &str) -> Result<Records, IoError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("elter.csv");
        std::fs::write(&path, text).unwrap();
        read_records(&path, GOOD_FLAGS)
    }

    #[test]
    fn values_come_in_si_over_their_periods_and_the_rest_is_counted() {
        let found = read(FILE).unwrap();
        let values: Vec<f64> = found.records.iter().map(|r| r.value).collect();
        let expected = [2.0 / 86_400.0, 270.0, 12.011e-6, 1.0 / 86_400.0];
        for (value, expected) in values.iter().zip(expected) {
            assert_relative_eq!(*value, expected, max_relative = 1e-12);
        }
        assert_eq!(values.len(), 4);
        assert_eq!(found.records[2].time.month().unwrap().to_string(), "2001-01");
        let one = |name: &str| BTreeMap::from([(name.to_owned(), 1)]);
        assert_eq!((found.missing, found.flagged, found.unknown), (1, one("B"), one("NO3")));
    }

    #[test]
    fn commas_and_any_order_of_columns_do_as_well() {
        let text = "UNIT,VALUE,VARIABLE,TIME,SITE_CODE,COMMENT\nhPa,12,vpd,2001-01-05,x,hazy\n";
        let found = read(text).unwrap();
        assert_eq!((found.records[0].variable.as_str(), found.records[0].site.as_str()), ("VPD", "x"));
        assert_relative_eq!(found.records[0].value, 1200.0);
    }

    #[test]
    fn bad_lines_are_refused() {
        for (from, to, said) in [
            (
                "62;mm",
                "62;hPa",
                "line 2, column `UNIT`: unit `hPa` does not fit precipitation; use one of: kg",
            ),
            ("µmol m-2 s-1", "gC m-2", "line 4, column `UNIT`: unit `gC m-2` does not fit carbon flux"),
            (
                "-3.15",
                "-3,15",
                "line 3, column `VALUE`: `-3,15` is not a number; write it with a decimal point",
            ),
            ("-3.15", "400", "line 3, column `VALUE`: 400 °C is impossible"),
            ("2001-01-05;TA", "05.01.2001;TA", "line 3, column `TIME`: `05.01.2001`"),
            ("2001-01-05T12:30", "2001-01-05T25:30", "line 4, column `TIME`"),
            ("SITE_CODE", "SITE", "column `SITE_CODE` is missing"),
        ] {
            let error = read(&FILE.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
