//! Monthly normals: for each station twelve mean months of meteorology and of observations.
//!
//! Columns: `site`, `month` (1 to 12), `tmin_degC`, `tmax_degC`, `ssrd_MJ_m2_d`, `vpd_hPa`, `precip_mm_d`, and
//! where observed `gpp_gC_m2_d`, `nee_gC_m2_d`, `et_mm_d`, `lai_m2_m2` (empty = not observed) with the numbers
//! of months behind them, `n_gpp`, `n_nee`. Lines may stand in any order.

use std::collections::BTreeMap;
use std::path::Path;

use crate::IoError;
use crate::monthly::check_temperatures;
use crate::quantity::Quantity;
use crate::table::{Row, Table};

/// One station's mean year, January first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normals {
    /// Mean daily minimum temperature, K.
    pub tmin: [f64; 12],
    /// Mean daily maximum temperature, K.
    pub tmax: [f64; 12],
    /// Incoming short-wave radiation, W m-2.
    pub shortwave: [f64; 12],
    /// Vapour pressure deficit, Pa.
    pub vpd: [f64; 12],
    /// Precipitation, kg m-2 s-1.
    pub precipitation: [f64; 12],
    /// Gross primary production, gC m-2 s-1.
    pub gpp: [Option<f64>; 12],
    /// Net ecosystem exchange, gC m-2 s-1, positive to the atmosphere.
    pub nee: [Option<f64>; 12],
    /// Evapotranspiration, kg m-2 s-1.
    pub et: [Option<f64>; 12],
    /// Leaf area index, m2 m-2.
    pub lai: [Option<f64>; 12],
    /// Observed months behind each GPP and ET figure.
    pub n_gpp: [u32; 12],
    /// Observed months behind each NEE figure.
    pub n_nee: [u32; 12],
}

/// Reads a table of normals, by station.
///
/// # Errors
/// A missing column; forcing that is missing or impossible; a month that stands twice or is missing.
pub fn read_normals(path: &Path) -> Result<BTreeMap<String, Normals>, IoError> {
    let table = Table::read(path)?;
    let complete = |name, quantity, unit| table.complete(&table.numbers(name, quantity, unit)?);
    let tmin = complete("tmin_degC", Quantity::Temperature, "degC")?;
    let tmax = complete("tmax_degC", Quantity::Temperature, "degC")?;
    check_temperatures(&table, &tmin, &tmax)?;
    let shortwave = complete("ssrd_MJ_m2_d", Quantity::Radiation, "MJ m-2 d-1")?;
    let vpd = complete("vpd_hPa", Quantity::VapourPressureDeficit, "hPa")?;
    let precipitation = complete("precip_mm_d", Quantity::Precipitation, "mm d-1")?;
    let gappy = |name, quantity, unit| table.gappy(table.optional_numbers(name, quantity, unit)?.as_ref());
    let gpp = gappy("gpp_gC_m2_d", Quantity::CarbonFlux, "gC m-2 d-1")?;
    let nee = gappy("nee_gC_m2_d", Quantity::CarbonFlux, "gC m-2 d-1")?;
    let et = gappy("et_mm_d", Quantity::Evapotranspiration, "mm d-1")?;
    let lai = gappy("lai_m2_m2", Quantity::LeafArea, "m2 m-2")?;
    let (n_gpp, n_nee) = (counts(&table, "n_gpp")?, counts(&table, "n_nee")?);

    let mut stations: BTreeMap<String, (Normals, [bool; 12])> = BTreeMap::new();
    for (i, (id, m)) in places(&table)?.into_iter().enumerate() {
        let (normals, seen) = stations.entry(id.clone()).or_default();
        if std::mem::replace(&mut seen[m], true) {
            return Err(IoError::Duplicate { path: path.to_owned(), line: table.rows()[i].line, id });
        }
        normals.tmin[m] = tmin[i];
        normals.tmax[m] = tmax[i];
        normals.shortwave[m] = shortwave[i];
        normals.vpd[m] = vpd[i];
        normals.precipitation[m] = precipitation[i];
        (normals.gpp[m], normals.nee[m]) = (gpp[i], nee[i]);
        (normals.et[m], normals.lai[m]) = (et[i], lai[i]);
        (normals.n_gpp[m], normals.n_nee[m]) = (n_gpp[i], n_nee[i]);
    }
    let whole = |(id, (normals, seen)): (String, (Normals, [bool; 12]))| {
        let found = seen.iter().filter(|s| **s).count();
        match found {
            12 => Ok((id, normals)),
            _ => Err(IoError::MonthsMissing { path: path.to_owned(), id, found }),
        }
    };
    stations.into_iter().map(whole).collect()
}

/// Station and month (from 0) of every line.
fn places(table: &Table) -> Result<Vec<(String, usize)>, IoError> {
    let (site, month) = (table.column("site")?, table.column("month")?);
    let of = |row: &Row| {
        let text = row.text(month);
        let number = text.parse::<usize>().ok().filter(|m| (1..=12).contains(m));
        let wrong = || IoError::NotANumber { at: table.place(row, month), value: text.to_owned() };
        Ok((row.text(site).to_owned(), number.ok_or_else(wrong)? - 1))
    };
    table.rows().iter().map(of).collect()
}

fn counts(table: &Table, name: &str) -> Result<Vec<u32>, IoError> {
    let column = table.optional(name);
    let count = |row: &Row| {
        let Some(index) = column else { return Ok(0) };
        let text = row.text(index);
        let wrong = |_| IoError::NotANumber { at: table.place(row, index), value: text.to_owned() };
        if text.is_empty() { Ok(0) } else { text.parse().map_err(wrong) }
    };
    table.rows().iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data;
    use approx::assert_relative_eq;

    fn year() -> String {
        let header = "site,month,tmin_degC,tmax_degC,ssrd_MJ_m2_d,vpd_hPa,precip_mm_d,gpp_gC_m2_d,n_gpp\n";
        (1..=12).rev().fold(header.to_owned(), |text, m| text + &format!("A,{m},{m},20,8.64,1,0.864,,{m}\n"))
    }

    fn read(text: &str) -> Result<BTreeMap<String, Normals>, IoError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("normals.csv");
        std::fs::write(&path, text).unwrap();
        read_normals(&path)
    }

    #[test]
    fn months_find_their_place_in_any_order() {
        let normals = &read(&year()).unwrap()["A"];
        for m in 0..12 {
            assert_relative_eq!(normals.tmin[m], 274.15 + m as f64);
            assert_eq!((normals.n_gpp[m], normals.gpp[m]), (m as u32 + 1, None));
        }
        assert_relative_eq!(normals.shortwave[3], 100.0);
        assert_relative_eq!(normals.precipitation[3], 1e-5);
    }

    #[test]
    fn a_month_missing_twice_there_or_impossible_is_refused() {
        for (from, to, said) in [
            ("A,3,", "A,4,", "line 11: station `A`"),
            ("A,3,", "B,3,", "station `A` has 11 months"),
            ("A,3,", "A,13,", "line 11, column `month`: `13`"),
            ("A,3,3,20", "A,3,30,20", "line 11, column `tmin_degC`: minimum 30 is above maximum 20"),
            ("0.864", "-1", "line 2, column `precip_mm_d`: -1 mm d-1"),
        ] {
            let error = read(&year().replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_normals_of_the_test_data_are_read() {
        let Some(path) = test_data("site_normals.csv") else { return };
        let stations = read_normals(&path).unwrap();
        assert_eq!(stations.len(), 48);
        let neustift = &stations["AT-Neu"];
        assert_relative_eq!(neustift.tmin[0], 273.15 - 6.173, max_relative = 1e-12);
        assert_relative_eq!(neustift.gpp[8].unwrap(), 8.687 / 86_400.0, max_relative = 1e-12);
        assert_eq!(stations.values().flat_map(|n| n.gpp.iter().flatten()).count(), 552);
    }
}
