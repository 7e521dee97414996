//! Monthly station series: meteorology, and observations to learn from (`train_*`) and to test with (`valid_*`).
//!
//! The layout is that of the European sites of CARDAMOM-FluxVal (Yang et al. 2022,
//! doi:10.5194/gmd-15-1789-2022) turned to CSV, one file per station named by its id, one line per month:
//! `month` (2001-01), `tmin_degC`, `tmax_degC`, `ssrd_MJ_m2_d`, `co2_ppm`, `vpd_hPa`, `precip_mm_d`, and of
//! the observations those that there are: `GPP`, `NBE` or `NEE` (gC m-2 d-1), `ET` (mm d-1), `LAI` (m2 m-2),
//! `ABGB` (gC m-2), each behind `train_` or `valid_`. Other columns are not read.

use std::path::{Path, PathBuf};

use reterra_fields::{Calendar, Igbp, Month, MonthAxis, Station};

use crate::IoError;
use crate::quantity::Quantity;
use crate::table::{Row, Table};

/// Monthly mean meteorology, complete.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlyForcing {
    /// Mean daily minimum temperature, K.
    pub tmin: Vec<f64>,
    /// Mean daily maximum temperature, K.
    pub tmax: Vec<f64>,
    /// Incoming short-wave radiation, W m-2.
    pub shortwave: Vec<f64>,
    /// Vapour pressure deficit, Pa.
    pub vpd: Vec<f64>,
    /// Precipitation, kg m-2 s-1.
    pub precipitation: Vec<f64>,
    /// CO2 mole fraction, ppm.
    pub co2: Vec<f64>,
}

/// Monthly mean observations, with gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthlyObservations {
    /// Gross primary production, gC m-2 s-1.
    pub gpp: Vec<Option<f64>>,
    /// Net ecosystem exchange, gC m-2 s-1, positive to the atmosphere.
    pub nee: Vec<Option<f64>>,
    /// Evapotranspiration, kg m-2 s-1.
    pub et: Vec<Option<f64>>,
    /// Leaf area index, m2 m-2.
    pub lai: Vec<Option<f64>>,
    /// Biomass above and below ground, gC m-2.
    pub biomass: Vec<Option<f64>>,
}

/// A station's months.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlySeries {
    /// The station's id, from the file's name.
    pub site: String,
    /// The months.
    pub axis: MonthAxis,
    /// The meteorology of every month.
    pub forcing: MonthlyForcing,
    /// Observations to learn from.
    pub train: MonthlyObservations,
    /// Observations to test with.
    pub valid: MonthlyObservations,
}

/// The series file of a station; the Svalbard stations may be named `NO-` or `SJ-`.
#[must_use]
pub fn series_path(directory: &Path, site: &str) -> PathBuf {
    directory.join(format!("{}.csv", canonical_id(site)))
}

/// The id under which the files hold a station: FLUXNET lists Adventdalen and Bayelva under Norway (NO) and
/// under Svalbard and Jan Mayen (SJ).
#[must_use]
pub fn canonical_id(site: &str) -> &str {
    match site {
        "NO-Adv" => "SJ-Adv",
        "NO-Blv" => "SJ-Blv",
        _ => site,
    }
}

/// Reads a station's series.
///
/// # Errors
/// A missing column; a month out of order; forcing that is missing or impossible (negative precipitation,
/// temperatures beyond -90 to 60 °C, a minimum above its maximum); an observation that is no number.
pub fn read_series(path: &Path) -> Result<MonthlySeries, IoError> {
    let table = Table::read(path)?;
    let axis = month_axis(&table)?;
    let forcing = forcing(&table)?;
    let site = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let (train, valid) = (observations(&table, "train_")?, observations(&table, "valid_")?);
    Ok(MonthlySeries { site, axis, forcing, train, valid })
}

fn month_axis(table: &Table) -> Result<MonthAxis, IoError> {
    let column = table.column("month")?;
    let month = |row: &Row| -> Result<Month, IoError> {
        let parsed = row.text(column).parse();
        parsed.map_err(|e| IoError::fact(table.place(row, column), e))
    };
    let start = month(&table.rows()[0])?;
    let axis = MonthAxis { start, len: table.rows().len(), calendar: Calendar::Standard };
    for (row, expected) in table.rows().iter().zip(axis.months()) {
        let found = month(row)?;
        if found != expected {
            return Err(IoError::NotConsecutive {
                path: table.path().to_owned(),
                line: row.line,
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
    }
    Ok(axis)
}

fn forcing(table: &Table) -> Result<MonthlyForcing, IoError> {
    let complete = |name, quantity, unit| table.complete(&table.numbers(name, quantity, unit)?);
    let forcing = MonthlyForcing {
        tmin: complete("tmin_degC", Quantity::Temperature, "degC")?,
        tmax: complete("tmax_degC", Quantity::Temperature, "degC")?,
        shortwave: complete("ssrd_MJ_m2_d", Quantity::Radiation, "MJ m-2 d-1")?,
        vpd: complete("vpd_hPa", Quantity::VapourPressureDeficit, "hPa")?,
        precipitation: complete("precip_mm_d", Quantity::Precipitation, "mm d-1")?,
        co2: complete("co2_ppm", Quantity::Co2, "ppm")?,
    };
    check_temperatures(table, &forcing.tmin, &forcing.tmax)?;
    Ok(forcing)
}

/// No minimum above its maximum.
pub(crate) fn check_temperatures(table: &Table, tmin: &[f64], tmax: &[f64]) -> Result<(), IoError> {
    let pairs = tmin.iter().zip(tmax);
    let Some((row, _)) = table.rows().iter().zip(pairs).find(|(_, (low, high))| low > high) else {
        return Ok(());
    };
    let (low, high) = (table.column("tmin_degC")?, table.column("tmax_degC")?);
    Err(IoError::Inverted {
        at: table.place(row, low),
        minimum: table.plain_number(row, low)?.unwrap_or_default(),
        maximum: table.plain_number(row, high)?.unwrap_or_default(),
    })
}

fn observations(table: &Table, prefix: &str) -> Result<MonthlyObservations, IoError> {
    let gappy = |name: &str, quantity, unit| {
        table.gappy(table.optional_numbers(&format!("{prefix}{name}"), quantity, unit)?.as_ref())
    };
    // The assimilation files call it net biome exchange; without fire in the drivers it is NEE.
    let nee = if table.optional(&format!("{prefix}NEE")).is_some() { "NEE" } else { "NBE" };
    Ok(MonthlyObservations {
        gpp: gappy("GPP", Quantity::CarbonFlux, "gC m-2 d-1")?,
        nee: gappy(nee, Quantity::CarbonFlux, "gC m-2 d-1")?,
        et: gappy("ET", Quantity::Evapotranspiration, "mm d-1")?,
        lai: gappy("LAI", Quantity::LeafArea, "m2 m-2")?,
        biomass: gappy("ABGB", Quantity::CarbonPool, "gC m-2")?,
    })
}

/// Reads the list of stations beside the series (`site`, `igbp`, `lat`, `lon`; other columns are not read).
///
/// # Errors
/// A missing column, an unknown class, impossible coordinates, a station that stands twice.
pub fn read_sites(path: &Path) -> Result<Vec<Station>, IoError> {
    let table = Table::read(path)?;
    let (site, igbp) = (table.column("site")?, table.column("igbp")?);
    let (lat, lon) = (table.column("lat")?, table.column("lon")?);
    let mut stations: Vec<Station> = Vec::new();
    for row in table.rows() {
        let coordinate = |index| {
            let missing = || IoError::Missing { at: table.place(row, index) };
            table.plain_number(row, index)?.ok_or_else(missing)
        };
        let fact = |index| move |source| (index, source);
        let place = |(index, source)| IoError::fact(table.place(row, index), source);
        let id = row.text(site).to_owned();
        if stations.iter().any(|s| s.id == id) {
            return Err(IoError::Duplicate { path: path.to_owned(), line: row.line, id });
        }
        let station = Station {
            name: id.clone(),
            id,
            latitude: coordinate(lat)?,
            longitude: coordinate(lon)?,
            elevation: None,
            igbp: row.text(igbp).parse::<Igbp>().map_err(fact(igbp)).map_err(place)?,
            country: None,
            soil: None,
            deims: None,
            network: None,
            nitrogen_deposition: None,
        };
        station.check().map_err(fact(site)).map_err(place)?;
        stations.push(station);
    }
    Ok(stations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data;
    use approx::assert_relative_eq;

    const HEADER: &str =
        "month,tmin_degC,tmax_degC,ssrd_MJ_m2_d,co2_ppm,vpd_hPa,precip_mm_d,train_GPP,valid_NEE";
    const GOOD: &str = "2001-12,-6,2,8.64,370,1.5,0.864,8.64,\n2002-01,-5,3,0,371,2.5,0,,-0.864\n";

    fn read(text: &str) -> Result<MonthlySeries, IoError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("XX-Abc.csv");
        std::fs::write(&path, text).unwrap();
        read_series(&path)
    }

    #[test]
    fn a_series_comes_in_si() {
        let series = read(&format!("{HEADER}\n{GOOD}")).unwrap();
        assert_eq!((series.site.as_str(), series.axis.len), ("XX-Abc", 2));
        assert_eq!(series.axis.start.to_string(), "2001-12");
        assert_relative_eq!(series.forcing.tmin[0], 267.15, max_relative = 1e-12);
        assert_relative_eq!(series.forcing.shortwave[0], 100.0, max_relative = 1e-12);
        assert_relative_eq!(series.forcing.vpd[1], 250.0, max_relative = 1e-12);
        assert_relative_eq!(series.forcing.precipitation[0], 1e-5, max_relative = 1e-12);
        assert_relative_eq!(series.train.gpp[0].unwrap(), 1e-4, max_relative = 1e-12);
        assert_relative_eq!(series.valid.nee[1].unwrap(), -1e-5, max_relative = 1e-12);
        assert_eq!((series.train.gpp[1], series.train.lai[0]), (None, None));
    }

    #[test]
    fn bad_series_are_refused_with_file_line_column_and_value() {
        for (from, to, said) in [
            ("0.864,8.64", "-0.5,8.64", "line 2, column `precip_mm_d`: -0.5 mm d-1 is impossible"),
            (",-6,", ",400,", "line 2, column `tmin_degC`: 400 degC is impossible"),
            ("-5,3,0", "5,3,0", "line 3, column `tmin_degC`: minimum 5 is above maximum 3"),
            (",1.5,", ",NaN,", "line 2, column `vpd_hPa`: no value"),
            (",1.5,", ",1..5,", "line 2, column `vpd_hPa`: `1..5` is not a number"),
            ("2002-01", "2002-02", "line 3: 2002-02 where 2002-01 must follow"),
            ("2002-01", "Jan 02", "`Jan 02` is not a month"),
            (",,-0.864\n", ",", "line 3: 8 cells where the header has 9"),
            ("vpd_hPa", "vpd_kPa", "column `vpd_hPa` is missing"),
            ("8.64,\n", "9000,\n", "line 2, column `train_GPP`: 9000 gC m-2 d-1"),
        ] {
            let error = read(&format!("{HEADER}\n{GOOD}").replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("XX-Abc.csv"), "{error}");
        }
    }

    #[test]
    fn sites_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sites.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_sites(&path)
        };
        let good = "site,igbp,lat,lon\nSJ-Adv,WET,78.186,15.923\n";
        assert_eq!(read(good).unwrap()[0].igbp, Igbp::WET);
        assert!(read(&good.replace("WET", "FEN")).unwrap_err().to_string().contains("`FEN` is not an IGBP"));
        assert!(read(&good.replace("78.1", "98.1")).unwrap_err().to_string().contains("latitude"));
        assert!(read(&format!("{good}SJ-Adv,WET,78,15\n")).unwrap_err().to_string().contains("stands twice"));
        assert_eq!(series_path(Path::new("d"), "NO-Blv"), Path::new("d/SJ-Blv.csv"));
    }

    /// Counts as in the data set's own table: 48 stations of 192 months; train and valid GPP, NEE, ET.
    #[test]
    fn all_stations_of_the_data_set_are_read() {
        let Some(data) = test_data("sites_monthly") else { return };
        let stations = read_sites(&data.join("sites.csv")).unwrap();
        assert_eq!(stations.len(), 48);
        let mut counts = [0; 7];
        for station in &stations {
            let series = read_series(&series_path(&data, &station.id)).unwrap();
            assert_eq!((series.axis.len, series.axis.start.to_string().as_str()), (192, "2001-01"));
            let (train, valid) = (&series.train, &series.valid);
            let columns = [&train.gpp, &train.nee, &train.et, &train.lai, &valid.gpp, &valid.nee, &valid.et];
            for (count, column) in counts.iter_mut().zip(columns) {
                *count += column.iter().flatten().count();
            }
        }
        assert_eq!(counts, [1881, 1881, 1864, 3098, 1859, 1859, 1813]);
    }
}
