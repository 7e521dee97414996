//! What holds over the domain as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reterra_fields::{Cell, Month, RotatedGrid};
use reterra_io::normals::read_normals;
use reterra_io::site_table::read_stations;
use reterra_land::energy::solar::SolarTable;
use reterra_land::plant::pft::Pft;

use crate::climate::{MONTHS, Normals, Place};
use crate::{LandCell, SyntheticEurope};

const START: Month = Month { year: 2001, month: 1 };

fn europe(resolution: f64) -> SyntheticEurope {
    SyntheticEurope::new(RotatedGrid::cordex_europe(resolution), 7)
}

fn all(europe: &SyntheticEurope) -> Vec<LandCell> {
    europe.grid().whole().cells().filter_map(|cell| europe.land_cell(cell)).collect()
}

#[test]
fn a_tile_alone_is_the_cells_of_the_whole_bit_for_bit() {
    let (whole, alone) = (europe(0.44), europe(0.44));
    let cells = all(&whole);
    let tile = &RotatedGrid::tiles(&whole.grid().whole(), 16)[24];
    let mut compared = 0;
    for cell in tile.cells() {
        let found = alone.land_cell(cell);
        let same = cells.iter().find(|c| c.cell == cell);
        assert_eq!(found.is_some(), same.is_some());
        let (Some(found), Some(same)) = (found, same) else { continue };
        assert_eq!(found.site, same.site);
        assert_eq!(found.normals, same.normals);
        let months = (START, 30);
        assert_eq!(alone.weather(&found, months, 380.0), whole.weather(same, months, 380.0));
        compared += 1;
    }
    assert!(compared > 50, "{compared} cells");
}

/// At these resolutions cells are means over the same points, so only what is not linear differs.
#[test]
fn a_coarse_cell_is_the_mean_of_its_fine_cells() {
    let (coarse, fine) = (europe(0.44), europe(0.11));
    let mut compared = 0;
    for cell in (Window { rows: 40..60, columns: 40..70 }).cells() {
        let parts =
            Window { rows: 4 * cell.row..4 * cell.row + 4, columns: 4 * cell.column..4 * cell.column + 4 };
        let surfaces: Vec<_> = parts.cells().map(|part| fine.surface(part)).collect();
        let land: f64 = surfaces.iter().map(|s| s.land_fraction / 16.0).sum();
        let surface = coarse.surface(cell);
        assert!((surface.land_fraction - land).abs() < 1e-12);
        let Some(found) = coarse.land_cell(cell) else { continue };
        let height: f64 = surfaces.iter().map(|s| s.elevation * s.land_fraction / 16.0).sum::<f64>() / land;
        assert!((surface.elevation - height).abs() < 1e-9 * height.max(1.0));
        let cells: Vec<LandCell> = parts.cells().filter_map(|part| fine.land_cell(part)).collect();
        let mean = |of: &dyn Fn(&LandCell) -> f64| cells.iter().map(of).sum::<f64>() / cells.len() as f64;
        if land < 1.0 {
            continue;
        }
        let temperature = |c: &LandCell| c.normals.mean_temperature();
        assert!((temperature(&found) - mean(&temperature)).abs() < 0.15, "{}", mean(&temperature));
        let july = |c: &LandCell| c.normals.shortwave[6];
        assert!((july(&found) / mean(&july) - 1.0).abs() < 0.02);
        let rain = |c: &LandCell| c.normals.precipitation.iter().sum::<f64>();
        assert!((rain(&found) / mean(&rain) - 1.0).abs() < 0.1, "{} {}", rain(&found), mean(&rain));
        assert!((found.site.sand - mean(&|c| c.site.sand)).abs() < 3.0);
        compared += 1;
    }
    assert!(compared > 100, "{compared} cells");
}

use reterra_fields::Window;

#[test]
fn the_finest_grid_approximates_too() {
    let (coarse, fine) = (europe(0.11), europe(0.0275));
    let (mut error, mut height, mut compared) = (0.0, 0.0, 0.0);
    for cell in (Window { rows: 200..206, columns: 180..190 }).cells() {
        let parts =
            Window { rows: 4 * cell.row..4 * cell.row + 4, columns: 4 * cell.column..4 * cell.column + 4 };
        let mean = parts.cells().map(|part| fine.surface(part).elevation).sum::<f64>() / 16.0;
        error += (coarse.surface(cell).elevation - mean).abs();
        height += mean;
        compared += 1.0;
    }
    assert!(error / height < 0.1, "{} of {} m", error / compared, height / compared);
}

#[test]
fn every_cell_can_run_and_land_is_about_as_much_as_europe_has() {
    let europe = europe(0.44);
    let cells = all(&europe);
    let share = cells.len() as f64 / (europe.grid().rows * europe.grid().columns) as f64;
    assert!((0.4..0.6).contains(&share), "{share}");
    for cell in &cells {
        for (m, month) in europe.weather(cell, (START, 24), 380.0).iter().enumerate() {
            month.validate(m).unwrap();
        }
        let cover: f64 = cell.site.cover.iter().map(|c| c.fraction).sum();
        assert!(cover <= 1.0 && cell.site.cover.len() <= 4);
        assert!(cell.site.elevation > 0.0 && cell.site.sand + cell.site.clay < 100.0);
    }
    let area = |pft: &dyn Fn(Pft) -> bool| {
        let of = |c: &LandCell| {
            c.site.cover.iter().filter(|cover| pft(cover.pft)).map(|cover| cover.fraction).sum::<f64>()
        };
        cells.iter().map(|c| c.area * of(c)).sum::<f64>() / cells.iter().map(|c| c.area).sum::<f64>()
    };
    assert!((0.2..0.45).contains(&area(&Pft::is_tree)), "{}", area(&Pft::is_tree));
    assert!((0.1..0.35).contains(&area(&|pft| pft == Pft::C3Crop)), "{}", area(&|p| p == Pft::C3Crop));
}

/// Normals of the generator at the stations' places, against the stations' own.
#[test]
fn the_climate_is_that_of_the_stations_within_its_documented_spread() {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data"));
    let stations = read_stations(&data.join("stations.csv")).unwrap();
    let normals = read_normals(&data.join("site_normals.csv")).unwrap();
    let outline = crate::outline::Outline::new(1);
    let mut errors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    // The normals are those of half-degree cells: mountain stations stand far above or below theirs.
    for station in stations.iter().filter(|s| s.elevation.unwrap_or(0.0) < 600.0) {
        let (latitude, longitude) = (station.latitude, station.longitude);
        let point = crate::noise::on_sphere(latitude, longitude);
        let place = Place {
            latitude,
            longitude,
            elevation: station.elevation.unwrap_or(0.0).max(0.0),
            inland: outline.shore((latitude, longitude), point).inland,
            cloud: 0.0,
            rain: 0.0,
        };
        let ours = place.normals(&SolarTable::new(latitude));
        let theirs = &normals[&station.id];
        let theirs = Normals {
            tmin: theirs.tmin,
            tmax: theirs.tmax,
            shortwave: theirs.shortwave,
            vpd: theirs.vpd,
            precipitation: theirs.precipitation,
        };
        let year = |of: &dyn Fn(usize) -> f64| (0..MONTHS).map(of).sum::<f64>() / 12.0;
        let ratio = |a: &[f64; MONTHS], b: &[f64; MONTHS]| (year(&|m| a[m]) / year(&|m| b[m])).ln();
        let half_range = |n: &Normals| 0.5 * (n.temperature(6) - n.temperature(0));
        errors.entry("mean").or_default().push(ours.mean_temperature() - theirs.mean_temperature());
        errors.entry("range").or_default().push(half_range(&ours) - half_range(&theirs));
        errors.entry("shortwave").or_default().push(ratio(&ours.shortwave, &theirs.shortwave));
        errors.entry("vpd").or_default().push(ratio(&ours.vpd, &theirs.vpd));
        errors.entry("rain").or_default().push(ratio(&ours.precipitation, &theirs.precipitation));
    }
    for (name, limit) in [("mean", 1.6), ("range", 1.4), ("shortwave", 0.12), ("vpd", 0.35), ("rain", 0.4)] {
        let values = &errors[name];
        let rms = (values.iter().map(|e| e * e).sum::<f64>() / values.len() as f64).sqrt();
        let bias = values.iter().sum::<f64>() / values.len() as f64;
        println!("{name}: rms {rms:.3}, bias {bias:.3}");
        assert!(rms < limit, "{name}: rms {rms}, bias {bias}");
    }
}

/// Rounded January and July means of cities beyond the stations (WMO No. 847).
#[test]
fn winters_get_colder_to_the_east() {
    let outline = crate::outline::Outline::new(1);
    for (name, latitude, longitude, elevation, january, july) in [
        ("Reykjavík", 64.1, -21.9, 20.0, 0.0, 11.0),
        ("Moscow", 55.8, 37.6, 150.0, -9.0, 18.0),
        ("Ankara", 39.9, 32.9, 890.0, 0.0, 23.0),
        ("Lisbon", 38.7, -9.1, 80.0, 11.0, 22.0),
        ("Arkhangelsk", 64.5, 40.7, 10.0, -14.0, 16.0),
        ("Ufa", 54.7, 56.0, 100.0, -15.0, 19.0),
    ] {
        let point = crate::noise::on_sphere(latitude, longitude);
        let inland = outline.shore((latitude, longitude), point).inland;
        let place = Place { latitude, longitude, elevation, inland, cloud: 0.0, rain: 0.0 };
        let normals = place.normals(&SolarTable::new(latitude));
        for (month, known) in [(0, january), (6, july)] {
            let found = normals.temperature(month) - 273.15;
            assert!((found - known).abs() < 5.0, "{name}, month {month}: {found} instead of {known}");
        }
    }
}

#[test]
fn cells_of_the_same_place_differ_by_seed_alone() {
    let cell = Cell { row: 50, column: 52 };
    let other = SyntheticEurope::new(RotatedGrid::cordex_europe(0.44), 8);
    let (a, b) = (europe(0.44).land_cell(cell).unwrap(), other.land_cell(cell).unwrap());
    assert_ne!(a.site.sand.to_bits(), b.site.sand.to_bits());
    assert_eq!(a.latitude.to_bits(), b.latitude.to_bits());
}
