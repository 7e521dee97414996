//! What is read of files with the land model, what is refused with which words, and how members are scored.

use std::path::Path;

use ndarray::{Array2, Array3, array};
use reterra_assimilation::diagnostics::RankHistogram;

use super::score::{Ended, Errors};
use crate::cycle::Report;
use crate::twin::{Described, parse};

const GOOD: &str = r#"version = 1
name = "small-land"
seeds = 2
spin_up = 2
model = "land"
[domain]
stations = "data/stations.csv"
include = ["FI-Hyy"]
[forcing]
kind = "normals"
file = "data/site_normals.csv"
[period]
start = "2001-01"
end = "2002-12"
[observation]
GPP = { floor = 1.0, relative = 0.1, unit = "gC m-2 d-1" }
biomass = { months = 12, floor = 250.0, relative = 0.2, unit = "gC m-2" }
[method]
kind = "letkf"
[ensemble]
members = 8
[inflation]
kind = "multiplicative"
factor = 1.1
[localisation]
kind = "domains"
radius = 300.0
"#;

/// Where the workspace's data are, beside such a file.
fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows/small.toml")
}

fn said(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    match parse(&GOOD.replace(from, to), &file()) {
        Ok(_) => String::from("accepted"),
        Err(error) => format!("{error}; {}", error.help().unwrap_or_default()),
    }
}

#[test]
fn a_file_without_parameters_has_the_four_usual_ones() {
    let Ok(Described::Land(twin)) = parse(GOOD, &file()) else { panic!("the file is good") };
    let names: Vec<&str> = twin.space.parameters().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["flnr", "slatop", "froot_leaf", "leaf_long"]);
    assert_eq!((twin.months(), twin.spin_up, twin.seeds, twin.options.members), (24, 2, 2, 8));
    let windows: Vec<usize> = twin.sensors.iter().map(|sensor| sensor.kind.months).collect();
    assert_eq!(windows, [1, 12]);
    assert!((twin.sensors[0].error.floor * 86_400.0 - 1.0).abs() < 1e-12, "units are converted");
}

#[test]
fn what_cannot_be_says_where_and_what_is_accepted() {
    for (from, to, words) in [
        ("spin_up = 2", "spin_up = 24", ["`spin_up` is `24`", "the 24 months of [period]"]),
        ("members = 8", "members = 2", ["`ensemble.members` is `2`", "4 to"]),
        ("members = 8", "members = 8\nrotation = \"random\"", ["`ensemble.rotation`", "with model `land`"]),
        ("months = 12", "months = 25", ["small.toml:17: `observation.biomass.months` is `25`", "1 to 24"]),
        ("floor = 250.0", "floor = 0.0", ["`observation.biomass.floor` is `0`", "above 0"]),
        ("unit = \"gC m-2\"", "unit = \"t\"", ["`observation.biomass.unit` is `t`", "kgC m-2"]),
        ("GPP =", "GPPP =", ["`GPPP`", "did you mean `GPP`"]),
        ("\"land\"", "\"lnd\"", ["`lnd`", "did you mean `land`"]),
        (
            "model = \"land\"",
            "model = { kind = \"land\", steps = 1 }",
            ["unknown key `steps`", "member_cycles"],
        ),
        ("include = [\"FI-Hyy\"]", "includ = []", ["unknown key `includ`", "did you mean `include`"]),
        ("kind = \"letkf\"", "kind = \"etkf\"", ["`method.kind` is `etkf`", "\"letkf\" with model `land`"]),
        ("radius = 300.0", "radius = 0.0", ["`localisation.radius` is `0`", "km"]),
        ("radius = 300.0", "radius = 300.0\nbatch = 2", ["`localisation.batch`", "a station is a domain"]),
        ("factor = 1.1", "factor = 0.9", ["`inflation.factor` is `0.9`", "1 to 10"]),
        ("[method]", "[smoother]\npasses = 0\nshare = 0.5\n[method]", ["`smoother.passes` is `0`", "1 to"]),
        ("[method]", "[smoother]\npasses = 2\nshare = 1.0\n[method]", ["`smoother.share` is `1`", "below 1"]),
        (
            "[method]",
            "[[parameters]]\nname = \"flnrr\"\nsd = 1.0\n[method]",
            ["`flnrr`", "did you mean `flnr`"],
        ),
        (
            "data/stations.csv",
            "data/nowhere.csv",
            ["`domain.stations` names `data/nowhere.csv`", "looked for"],
        ),
    ] {
        let said = said(from, to);
        for word in words {
            assert!(said.contains(word), "`{to}`: expected `{word}` in: {said}");
        }
    }
    let missing = said("[localisation]\nkind = \"domains\"\nradius = 300.0\n", "");
    assert!(missing.contains("`localisation` is missing"), "{missing}");
}

#[test]
fn errors_are_time_means_of_roots_over_stations() {
    // One figure, two stations, members 1 and 3: mean 2, variance 2.
    let members = Array3::from_shape_fn((2, 1, 2), |(member, ..)| if member == 0 { 1.0 } else { 3.0 });
    let mut errors = Errors::new(1);
    errors.add(&members, &array![[2.0, 2.0]]);
    errors.add(&members, &array![[5.0, 6.0]]);
    let [rmse, spread] = errors.of(0);
    assert!((rmse - 0.5 * 12.5_f64.sqrt()).abs() < 1e-15 && (spread - 2.0_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn truths_above_all_members_fill_the_last_rank() {
    let members = Array3::zeros((4, 2, 10));
    let truth = Array2::ones((2, 10));
    let ended = Ended { errors: Errors::new(2), members, truth, report: Report::default() };
    let mut histogram = RankHistogram::default();
    ended.rank(0..2, 1, &mut histogram).unwrap();
    assert_eq!(histogram.counts(), [0, 0, 0, 0, 20]);
}
