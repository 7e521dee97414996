//! The station table of a workflow.
//!
//! Columns `id`, `latitude`, `longitude` (degrees) and `igbp` must be there; these may be: `name`, `elevation`
//! (m), `country`, `sand`, `clay`, `organic_carbon` (mass-%), `deims`, `network`, `nitrogen_deposition`
//! (gN m-2 yr-1), and columns for people whose names begin with `source` or `note`. Others are refused, since
//! a misspelt column would pass unseen.

use std::path::Path;

use reterra_fields::{Igbp, SoilTexture, Station};

use crate::IoError;
use crate::table::{Row, Table};

/// Seconds of a mean Gregorian year.
const SECONDS_PER_YEAR: f64 = 365.2425 * 86_400.0;

const COLUMNS: [&str; 13] = [
    "id",
    "name",
    "latitude",
    "longitude",
    "elevation",
    "igbp",
    "country",
    "sand",
    "clay",
    "organic_carbon",
    "deims",
    "network",
    "nitrogen_deposition",
];

/// Reads a station table.
///
/// # Errors
/// A missing or unknown column, a number or class that is none, an impossible figure, an id that stands twice.
/// Stations without soil data are read; whoever needs the soil says so.
pub fn read_stations(path: &Path) -> Result<Vec<Station>, IoError> {
    let table = Table::read(path)?;
    let known = |name: &&String| {
        COLUMNS.contains(&name.as_str()) || name.starts_with("source") || name.starts_with("note")
    };
    if let Some(column) = table.header().iter().find(|name| !known(name)) {
        return Err(IoError::UnknownColumn {
            path: path.to_owned(),
            column: column.clone(),
            accepted: COLUMNS.map(str::to_owned).to_vec(),
        });
    }
    let mut stations: Vec<Station> = Vec::new();
    for row in table.rows() {
        let station = station(&table, row)?;
        if stations.iter().any(|s| s.id == station.id) {
            return Err(IoError::Duplicate { path: path.to_owned(), line: row.line, id: station.id });
        }
        stations.push(station);
    }
    Ok(stations)
}

fn station(table: &Table, row: &Row) -> Result<Station, IoError> {
    let required = |name| {
        let index = table.column(name)?;
        let missing = || IoError::Missing { at: table.place(row, index) };
        table.plain_number(row, index)?.ok_or_else(missing)
    };
    let optional = |name| table.optional(name).map_or(Ok(None), |index| table.plain_number(row, index));
    let text = |name| {
        let cell = table.optional(name).map(|index| row.text(index));
        cell.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (id, igbp) = (table.column("id")?, table.column("igbp")?);
    let fact = |index, source| IoError::fact(table.place(row, index), source);
    let organic_carbon = optional("organic_carbon")?;
    let soil = optional("sand")?.zip(optional("clay")?);
    let station = Station {
        id: row.text(id).to_owned(),
        name: text("name").unwrap_or_else(|| row.text(id).to_owned()),
        latitude: required("latitude")?,
        longitude: required("longitude")?,
        elevation: optional("elevation")?,
        igbp: row.text(igbp).parse::<Igbp>().map_err(|e| fact(igbp, e))?,
        country: text("country"),
        soil: soil.map(|(sand, clay)| SoilTexture { sand, clay, organic_carbon }),
        deims: text("deims"),
        network: text("network"),
        nitrogen_deposition: optional("nitrogen_deposition")?.map(|n| n / SECONDS_PER_YEAR),
    };
    station.check().map_err(|e| fact(id, e))?;
    Ok(station)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const TABLE: &str = "id,name,latitude,longitude,elevation,igbp,sand,clay,nitrogen_deposition,source_soil
FI-Hyy,Hyytiälä,61.85,24.29,181,ENF,60,6,0.4,book
DE-Hai,,51.08,10.45,,DBF,,,,
";

    fn read(text: &str) -> Result<Vec<Station>, IoError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stations.csv");
        std::fs::write(&path, text).unwrap();
        read_stations(&path)
    }

    #[test]
    fn stations_come_with_what_is_known_of_them() {
        let stations = read(TABLE).unwrap();
        assert_eq!((stations[0].name.as_str(), stations[0].elevation), ("Hyytiälä", Some(181.0)));
        assert_relative_eq!(stations[0].nitrogen_deposition.unwrap(), 0.4 / 31_556_952.0);
        let soil = SoilTexture { sand: 60.0, clay: 6.0, organic_carbon: None };
        assert_eq!((stations[0].soil, stations[1].soil), (Some(soil), None));
        assert_eq!((stations[1].name.as_str(), stations[1].igbp), ("DE-Hai", Igbp::DBF));
    }

    #[test]
    fn bad_tables_are_refused() {
        for (from, to, said) in [
            ("clay", "lay", "column `lay` is unknown"),
            ("latitude", "notes", "column `latitude` is missing"),
            ("DE-Hai", "FI-Hyy", "line 3: station `FI-Hyy`"),
            ("61.85", "", "line 2, column `latitude`: no value"),
            ("61.85", "161.85", "line 2, column `id`: station `FI-Hyy`: latitude"),
            ("60,6", "60,60", "sand + clay (%) 120"),
            ("DBF", "beech", "line 3, column `igbp`: `beech`"),
        ] {
            let error = read(&TABLE.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
