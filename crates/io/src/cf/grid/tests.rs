//! Gridded files: what comes back, what is refused, and what stays of a writer that stops.

use std::path::PathBuf;

use reterra_fields::{Calendar, Month};

use super::*;
use crate::IoError;
use crate::cf::{TIME, inspect, read_field};

fn layout() -> GridFile {
    let variable = |name: &str, dims: &[&str]| GridVariable {
        name: name.to_owned(),
        units: "g m-2 s-1".to_owned(),
        long_name: format!("{name} in words"),
        cell_methods: "time: mean".to_owned(),
        dims: dims.iter().map(|d| (*d).to_owned()).collect(),
        ..GridVariable::default()
    };
    GridFile {
        about: About { title: "A test".to_owned(), ..About::default() },
        grid: RotatedGrid::cordex_europe(0.44),
        window: Window { rows: 10..18, columns: 20..30 },
        time: Some(MonthAxis { start: Month { year: 2001, month: 1 }, len: 24, calendar: Calendar::NoLeap }),
        members: 0,
        axes: vec![Axis {
            name: "pft".to_owned(),
            long_name: "plant functional type".to_owned(),
            labels: vec!["tree".to_owned(), "grass".to_owned()],
        }],
        variables: vec![variable("GPP", &[TIME, ROWS, COLUMNS]), variable("cover", &["pft", ROWS, COLUMNS])],
        chunks: vec![(ROWS.to_owned(), 4), (COLUMNS.to_owned(), 5)],
        compression: 1,
    }
}

fn tile(rows: Range<usize>, columns: Range<usize>) -> Part {
    let mut values = Vec::new();
    for t in 0..24 {
        for row in rows.clone() {
            values.extend(columns.clone().map(|column| (t * 1000 + row * 100 + column) as f32));
        }
    }
    Part { variable: 0, at: vec![0..24, rows, columns], values }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grid.nc");
    (directory, path)
}

#[test]
fn parts_from_several_threads_make_one_file_and_the_rest_is_missing() {
    let (directory, path) = place();
    let writer = GridWriter::create(&path, layout(), 2).unwrap();
    std::thread::scope(|scope| {
        for (row, column) in [(0, 0), (0, 5), (4, 5)] {
            let writer = &writer;
            scope.spawn(move || writer.put(tile(row..row + 4, column..column + 5)).unwrap());
        }
    });
    assert!(!path.exists());
    let bytes = writer.finish().unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    let gpp = read_field(&path, "GPP").unwrap();
    let at = |t, row, column| gpp.data()[[t, row, column]];
    assert!((at(23, 7, 9) - 23_709.0).abs() < 1e-9 && (at(0, 0, 0)).abs() < 1e-9);
    assert!(at(5, 6, 2).is_nan());
    let latitude = read_field(&path, "lat").unwrap();
    let expected = layout().grid.centre(reterra_fields::Cell { row: 17, column: 29 }).0;
    assert!((latitude.data()[[7, 9]] - expected).abs() < 1e-12);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn the_same_parts_in_order_give_the_same_bytes() {
    let (directory, _) = place();
    let write = |name: &str| {
        let path = directory.path().join(name);
        let writer = GridWriter::create(&path, layout(), 1).unwrap();
        writer.put(tile(0..4, 0..5)).unwrap();
        writer.put(tile(4..8, 5..10)).unwrap();
        writer.finish().unwrap();
        std::fs::read(path).unwrap()
    };
    assert!(write("a.nc") == write("b.nc"));
}

#[test]
fn the_file_says_what_it_is_in_cfs_words() {
    let (_directory, path) = place();
    GridWriter::create(&path, layout(), 1).unwrap().finish().unwrap();
    crate::cf::quiet::hdf5();
    let file = netcdf::open(&path).unwrap();
    let text = |variable: &str, name: &str| match file.variable(variable).unwrap().attribute_value(name) {
        Some(Ok(netcdf::AttributeValue::Str(text))) => text,
        other => panic!("{variable}: {name}: {other:?}"),
    };
    assert_eq!(text("rotated_pole", "grid_mapping_name"), "rotated_latitude_longitude");
    assert_eq!(text("GPP", "grid_mapping"), "rotated_pole");
    assert_eq!(text("GPP", "coordinates"), "lat lon");
    assert_eq!(text("cover", "coordinates"), "lat lon pft_name");
    assert_eq!(text("time", "bounds"), "time_bnds");
    assert_eq!(file.variable("GPP").unwrap().chunking().unwrap(), Some(vec![24, 4, 5]));
    assert!(inspect(&path).unwrap().dimensions.contains(&("pft".to_owned(), 2)));
}

#[test]
fn a_part_that_does_not_fit_is_refused_by_name() {
    let (_directory, path) = place();
    let writer = GridWriter::create(&path, layout(), 1).unwrap();
    for (part, word) in [
        (tile(6..10, 0..5), "`rlat`"),
        (Part { values: vec![0.0; 3], ..tile(0..4, 0..5) }, "`values`"),
        (Part { variable: 5, ..tile(0..4, 0..5) }, "`variables`"),
        (Part { at: Vec::new(), ..tile(0..4, 0..5) }, "`dimensions`"),
    ] {
        let error = writer.put(part).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing_and_one_that_failed_says_why() {
    let (directory, path) = place();
    let writer = GridWriter::create(&path, layout(), 1).unwrap();
    writer.put(tile(0..4, 0..5)).unwrap();
    drop(writer);
    // Its thread ends by itself; it may take a moment.
    let left = || std::fs::read_dir(directory.path()).unwrap().count();
    assert!((0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        left() == 0
    }));
    assert!(!path.exists());

    let nowhere = directory.path().join("no/such/grid.nc");
    let writer = GridWriter::create(&nowhere, layout(), 1).unwrap();
    // The thread may take a moment to fail; until then parts are accepted.
    let refused = (0..1_000).find_map(|_| writer.put(tile(0..4, 0..5)).err());
    assert!(refused.unwrap().to_string().contains("grid.nc"));
    let error = writer.finish().unwrap_err();
    assert!(matches!(error, IoError::NetCdf { .. } | IoError::File { .. }), "{error}");
}
