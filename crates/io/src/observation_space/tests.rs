//! A file that comes back as it was written, and what is refused.

use ndarray::array;

use super::*;
use crate::cf::{About, inspect};

fn row(kind: usize, station: &str, value: f64, flag: i8) -> Row {
    Row {
        kind,
        station: station.to_owned(),
        latitude: 61.85,
        longitude: 24.29,
        elevation: (kind == 0).then_some(181.0),
        time: [12_775.0, 12_806.0],
        value,
        error: 0.25,
        error_used: 0.5,
        flag,
        evaluate_only: flag == 1,
    }
}

fn space() -> ObservationSpace {
    let kind = |name: &str, units: &str, long: &str| ObservedKind {
        name: name.to_owned(),
        units: units.to_owned(),
        long_name: long.to_owned(),
    };
    ObservationSpace {
        calendar: Calendar::NoLeap,
        kinds: vec![
            kind("GPP", "g m-2 s-1", "gross primary production"),
            kind("LAI", "1", "leaf area index"),
        ],
        flags: vec![
            (0, "used".to_owned()),
            (1, "evaluated_only".to_owned()),
            (20, "refused_missing_value".to_owned()),
        ],
        rows: vec![row(0, "FI-Hyy", 1e-4, 0), row(1, "FI-Hyy", 3.5, 1), row(1, "DE-Tha", f64::NAN, 20)],
        prior: array![[1.0, 2.0], [2.5, 3.5], [f64::NAN, 0.5]],
        posterior: array![[1.25, 1.75], [2.75, 3.25], [f64::NAN, 0.5]],
    }
}

fn about() -> About {
    About {
        title: "Sample of observations".to_owned(),
        summary: "Three observations of two kinds, for a test.".to_owned(),
        keywords: "carbon, land".to_owned(),
        source: "reterra".to_owned(),
        further: vec![("input_checksums".to_owned(), "ab".to_owned())],
        ..About::default()
    }
}

/// The same but for NaN, which differs from itself.
fn told(space: &ObservationSpace) -> String {
    format!("{space:?}")
}

#[test]
fn observations_come_back_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["a.nc", "b.nc"].map(|name| dir.path().join(name));
    for path in &paths {
        write_observation_space(path, &about(), &space()).unwrap();
    }
    let back = read_observation_space(&paths[0]).unwrap();
    assert_eq!(told(&back), told(&space()));
    let [a, b] = paths.clone().map(|path| std::fs::read(path).unwrap());
    assert!(a == b, "the same input gives the same bytes");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    let summary = inspect(&paths[0]).unwrap();
    let figures = |name: &str| summary.variables.iter().find(|v| v.name == name).unwrap().statistics.unwrap();
    assert_eq!((figures("prior_mean").max, figures("prior_sd").missing), (3.0, 1));
    approx::assert_relative_eq!(figures("posterior_sd").max, 0.5 / 2.0_f64.sqrt(), max_relative = 1e-12);
    assert_eq!((figures("time").min, figures("time_bnds").max), (12_790.5, 12_806.0));
    let attribute = |name: &str| summary.attributes.iter().find(|(n, _)| n == name).unwrap().1.clone();
    assert_eq!(
        (attribute("featureType"), attribute("input_checksums")),
        ("point".to_owned(), "ab".to_owned())
    );
}

#[test]
fn a_run_without_observations_has_a_file_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none.nc");
    let none = Array2::zeros((0, 2));
    let empty = ObservationSpace { rows: Vec::new(), prior: none.clone(), posterior: none, ..space() };
    write_observation_space(&path, &about(), &empty).unwrap();
    assert_eq!(read_observation_space(&path).unwrap(), empty);
}

#[test]
fn parts_that_do_not_fit_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.nc");
    let short = ObservationSpace { prior: array![[1.0, 2.0]], ..space() };
    let narrow = ObservationSpace { posterior: array![[1.0], [2.0], [3.0]], ..space() };
    let unknown = ObservationSpace { kinds: space().kinds[..1].to_vec(), ..space() };
    for (wrong, says) in [(short, "prior_member"), (narrow, "member"), (unknown, "observation_kind")] {
        let error = write_observation_space(&path, &about(), &wrong).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(!path.exists());
}

#[test]
fn another_netcdf_file_is_refused_with_the_variable_it_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("product.nc");
    crate::cf::write_product(&path, &crate::cf::sample::product()).unwrap();
    let error = read_observation_space(&path).unwrap_err().to_string();
    assert!(error.contains("product.nc") && error.contains("kind_name"), "{error}");
}

/// What the IOOS compliance checker missed: a mean over members whose axis is no coordinate of it.
#[test]
fn every_axis_that_a_cell_method_names_is_a_dimension_or_a_coordinate_of_its_variable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("observations.nc");
    write_observation_space(&path, &about(), &space()).unwrap();
    let file = netcdf::open(&path).unwrap();
    let text = |variable: &netcdf::Variable<'_>, name: &str| -> Option<String> {
        variable.attribute_value(name)?.ok()?.try_into().ok()
    };
    let mut methods = 0;
    for variable in file.variables() {
        let coordinates = text(&variable, "coordinates").unwrap_or_default();
        for name in coordinates.split(' ').filter(|name| !name.is_empty()) {
            let coordinate = file.variable(name).unwrap();
            let own: Vec<String> = variable.dimensions().iter().map(netcdf::Dimension::name).collect();
            let within = coordinate.dimensions().iter().all(|d| own.contains(&d.name()));
            assert!(within, "{name} has dimensions that {} has not", variable.name());
        }
        let Some(method) = text(&variable, "cell_methods") else { continue };
        let axis = method.split(':').next().unwrap().to_owned();
        let known = variable.dimensions().iter().any(|d| d.name() == axis)
            || coordinates.split(' ').any(|name| name == axis);
        assert!(known, "{}: {method}, but {coordinates}", variable.name());
        methods += 1;
    }
    assert_eq!(methods, 4, "means and standard deviations before and after the analysis");
    let realization = file.variable("realization").unwrap();
    assert_eq!(text(&realization, "standard_name").as_deref(), Some("realization"));
    assert_eq!(realization.get_string(()).unwrap(), "all 2 members");
}
