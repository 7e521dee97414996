//! Daily FLUXNET files (Pastorello et al. 2020, doi:10.1038/s41597-020-0534-3): columns by name, quality
//! columns respected, -9999 as missing.
//!
//! Fluxes and soil water count only where their quality column (the share of measured or well-filled half
//! hours) reaches the threshold: a flux without it can be pure gap-filling. Consolidated meteorology (`_F`) is
//! complete by construction and is taken as it is.

use std::collections::BTreeMap;
use std::path::Path;

use reterra_fields::{Calendar, Date, MonthAxis};

use crate::IoError;
use crate::quantity::Quantity;
use crate::table::{Row, Table};

/// The quality threshold of FLUXNET's own recommendation for daily data.
pub const QUALITY: f64 = 0.8;

/// What a daily series holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Daily {
    /// Air temperature, K.
    AirTemperature,
    /// Incoming short-wave radiation, W m-2.
    Shortwave,
    /// Incoming long-wave radiation, W m-2.
    Longwave,
    /// Vapour pressure deficit, Pa.
    Vpd,
    /// Air pressure, Pa.
    Pressure,
    /// Precipitation, kg m-2 s-1.
    Precipitation,
    /// Wind speed, m s-1.
    Wind,
    /// CO2 mole fraction, ppm.
    Co2,
    /// Gross primary production, gC m-2 s-1.
    Gpp,
    /// Net ecosystem exchange, gC m-2 s-1, positive to the atmosphere.
    Nee,
    /// Ecosystem respiration, gC m-2 s-1.
    Respiration,
    /// Evapotranspiration from latent heat, kg m-2 s-1.
    Evapotranspiration,
    /// Soil water content of a depth layer, m3 m-3; layers count from 1 at the top.
    SoilWater(u8),
}

/// Column, what it is, its quantity and unit, and its quality column.
type Column = (&'static str, Daily, Quantity, &'static str, Option<&'static str>);

const COLUMNS: &[Column] = &[
    ("TA_F", Daily::AirTemperature, Quantity::Temperature, "degC", None),
    ("SW_IN_F", Daily::Shortwave, Quantity::Radiation, "W m-2", None),
    ("LW_IN_F", Daily::Longwave, Quantity::Radiation, "W m-2", None),
    ("VPD_F", Daily::Vpd, Quantity::VapourPressureDeficit, "hPa", None),
    ("PA_F", Daily::Pressure, Quantity::AirPressure, "kPa", None),
    ("P_F", Daily::Precipitation, Quantity::Precipitation, "mm d-1", None),
    ("WS_F", Daily::Wind, Quantity::Wind, "m s-1", None),
    ("CO2_F_MDS", Daily::Co2, Quantity::Co2, "ppm", None),
    ("GPP_NT_VUT_REF", Daily::Gpp, Quantity::CarbonFlux, "gC m-2 d-1", Some("NEE_VUT_REF_QC")),
    ("NEE_VUT_REF", Daily::Nee, Quantity::CarbonFlux, "gC m-2 d-1", Some("NEE_VUT_REF_QC")),
    ("RECO_NT_VUT_REF", Daily::Respiration, Quantity::CarbonFlux, "gC m-2 d-1", Some("NEE_VUT_REF_QC")),
    ("LE_F_MDS", Daily::Evapotranspiration, Quantity::Evapotranspiration, "W m-2", Some("LE_F_MDS_QC")),
    ("SWC_F_MDS_1", Daily::SoilWater(1), Quantity::WaterContent, "%", Some("SWC_F_MDS_1_QC")),
    ("SWC_F_MDS_2", Daily::SoilWater(2), Quantity::WaterContent, "%", Some("SWC_F_MDS_2_QC")),
    ("SWC_F_MDS_3", Daily::SoilWater(3), Quantity::WaterContent, "%", Some("SWC_F_MDS_3_QC")),
    ("SWC_F_MDS_4", Daily::SoilWater(4), Quantity::WaterContent, "%", Some("SWC_F_MDS_4_QC")),
    ("SWC_F_MDS_5", Daily::SoilWater(5), Quantity::WaterContent, "%", Some("SWC_F_MDS_5_QC")),
];

/// A station's days.
#[derive(Clone, Debug, PartialEq)]
pub struct DailySeries {
    /// The days, rising; days may be missing.
    pub dates: Vec<Date>,
    /// What was found, day by day, with gaps where it is missing or not good enough.
    pub values: BTreeMap<Daily, Vec<Option<f64>>>,
}

/// Reads a daily file. `quality` is the least share of good half hours of a day, usually [`QUALITY`].
///
/// # Errors
/// No `TIMESTAMP` column, a flux without its quality column, a day that is none or does not come after the day
/// before, a number that is none or impossible.
pub fn read_daily(path: &Path, quality: f64) -> Result<DailySeries, IoError> {
    let table = Table::read(path)?;
    let dates = dates(&table)?;
    let mut values = BTreeMap::new();
    for (name, daily, quantity, unit, quality_name) in COLUMNS {
        let Some(column) = table.optional_numbers(name, *quantity, unit)? else { continue };
        let mut series = table.gappy(Some(&column))?;
        if let Some(quality_name) = quality_name {
            let shares = table.gappy(Some(&table.numbers(quality_name, Quantity::Fraction, "1")?))?;
            for (value, share) in series.iter_mut().zip(shares) {
                *value = value.filter(|_| share.is_some_and(|s| s >= quality));
            }
        }
        values.insert(*daily, series);
    }
    Ok(DailySeries { dates, values })
}

fn dates(table: &Table) -> Result<Vec<Date>, IoError> {
    let column = table.column("TIMESTAMP")?;
    let mut dates: Vec<Date> = Vec::with_capacity(table.rows().len());
    for row in table.rows() {
        let date = date(table, row, column)?;
        if let Some(last) = dates.last().filter(|last| **last >= date) {
            return Err(IoError::NotConsecutive {
                path: table.path().to_owned(),
                line: row.line,
                expected: format!("a day after {last}"),
                found: date.to_string(),
            });
        }
        dates.push(date);
    }
    Ok(dates)
}

/// A day, as FLUXNET writes it (`20010131`) or as ISO 8601 does (`2001-01-31`).
fn date(table: &Table, row: &Row, column: usize) -> Result<Date, IoError> {
    let text = row.text(column);
    let parts = (text.get(..4), text.get(4..6), text.get(6..));
    let iso = match parts {
        (Some(year), Some(month), Some(day)) if text.len() == 8 => format!("{year}-{month}-{day}"),
        _ => text.to_owned(),
    };
    Date::parse(&iso, Calendar::Standard).map_err(|e| IoError::fact(table.place(row, column), e))
}

impl DailySeries {
    /// Monthly means on this axis; none for a month with a smaller share of good days than `least`, or where the
    /// series does not hold the variable.
    #[must_use]
    pub fn monthly(&self, variable: Daily, axis: &MonthAxis, least: f64) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0_u32); axis.len];
        let series = self.values.get(&variable).map_or(&[][..], Vec::as_slice);
        for (date, value) in self.dates.iter().zip(series) {
            if let (Some(i), Some(value)) = (axis.position(date.month()), value) {
                sums[i].0 += value;
                sums[i].1 += 1;
            }
        }
        let mean = |((sum, n), days): ((f64, u32), u32)| {
            (n > 0 && f64::from(n) >= least * f64::from(days)).then(|| sum / f64::from(n))
        };
        sums.into_iter().zip(axis.months().map(|m| m.days(axis.calendar))).map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data;
    use approx::assert_relative_eq;

    const DAYS: &str = "TIMESTAMP,TA_F,GPP_NT_VUT_REF,NEE_VUT_REF_QC,SWC_F_MDS_2,SWC_F_MDS_2_QC
20010130,1.0,8.64,1,31,0.9
20010131,2.0,17.28,0.8,31,0.1
20010201,-9999,8.64,0.79,,
20010202,4.0,8.64,-9999,-9999,-9999
";

    fn read(text: &str) -> Result<DailySeries, IoError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("XX_daily.csv");
        std::fs::write(&path, text).unwrap();
        read_daily(&path, QUALITY)
    }

    #[test]
    fn only_good_days_count() {
        let series = read(DAYS).unwrap();
        let gpp: Vec<_> = series.values[&Daily::Gpp].iter().map(Option::is_some).collect();
        assert_eq!(gpp, [true, true, false, false]);
        assert_eq!(series.values[&Daily::SoilWater(2)], [Some(0.31), None, None, None]);
        assert_eq!(series.values[&Daily::AirTemperature].iter().flatten().count(), 3);
        assert_eq!(read(&DAYS.replace("20010130", "2001-01-30")).unwrap(), series);
    }

    #[test]
    fn a_month_needs_its_share_of_good_days() {
        let series = read(DAYS).unwrap();
        let start = "2001-01".parse().unwrap();
        let axis = MonthAxis { start, len: 2, calendar: Calendar::Standard };
        let monthly = series.monthly(Daily::Gpp, &axis, 2.0 / 31.0);
        assert_relative_eq!(monthly[0].unwrap(), 1.5e-4, max_relative = 1e-12);
        assert_eq!(monthly[1], None);
        assert_eq!(series.monthly(Daily::Gpp, &axis, 0.1), [None, None]);
        assert_eq!(series.monthly(Daily::Nee, &axis, 0.0), [None, None]);
    }

    #[test]
    fn bad_files_are_refused() {
        for (from, to, said) in [
            ("TIMESTAMP", "DATE", "column `TIMESTAMP` is missing"),
            ("NEE_VUT_REF_QC", "QC", "column `NEE_VUT_REF_QC` is missing"),
            ("20010201", "20010131", "line 4: 2001-01-31 where a day after 2001-01-31"),
            ("20010201", "20010231", "line 4, column `TIMESTAMP`"),
            ("2.0,17", "2.0x,17", "line 3, column `TA_F`: `2.0x`"),
            (",31,0.9", ",310,0.9", "line 2, column `SWC_F_MDS_2`: 310 % is impossible"),
        ] {
            let error = read(&DAYS.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    /// FI-Hyy begins on 1996-01-01 with GPP 7.2 of quality 0, pure gap-filling; 6,940 days of meteorology.
    #[test]
    fn the_test_data_are_read_without_their_gap_filling() {
        let Some(folder) = test_data("sites_daily") else { return };
        let series = read_daily(&folder.join("FI-Hyy_daily.csv"), QUALITY).unwrap();
        assert_eq!((series.dates.len(), series.dates[0].to_string().as_str()), (6940, "1996-01-01"));
        assert_eq!(series.values[&Daily::Gpp][0], None);
        assert_relative_eq!(series.values[&Daily::AirTemperature][0].unwrap(), 273.15 - 6.336);
        let axis = MonthAxis { start: "2005-07".parse().unwrap(), len: 1, calendar: Calendar::Standard };
        let july = series.monthly(Daily::Gpp, &axis, 0.7)[0].unwrap() * 86_400.0;
        assert!((6.0..11.0).contains(&july), "{july}");
    }
}
