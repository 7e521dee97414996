//! What the workflow format accepts and how it refuses.

use std::path::Path;

use super::*;

const KNOWN: &[&str] = &["medlynslope", "slatop", "leafcn", "froot_leaf", "q10_hr"];

/// A workflow that is accepted; every refusal below is one edit away from it.
const GOOD: &str = r#"version = 1
name = "toy"
seed = 7

[domain]
stations = "stations.csv"
exclude = ["XX-No"]

[forcing]
kind = "normals"
file = "normals.csv"
cycle_years = 4
co2_ppm = 380.0

[period]
start = "2001-01"
end = "2002-12"

[spinup]
method = "matrix"

[observations]
use = ["ET", "GPP"]
[observations.error.GPP]
floor = 0.5
relative = 0.2
unit = "gC m-2 d-1"
[observations.error.ET]
floor = 0.1
relative = 0.1
unit = "mm d-1"

[[parameters]]
name = "medlynslope"
mean = 4.0
sd = 1.0
lower = 0.5
upper = 9.0

[[parameters]]
name = "slatop"
mode = "scale"
sd = 0.3

[assimilate]
inflation = "adaptive"
"#;

fn workflow_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in ["stations.csv", "normals.csv"] {
        std::fs::write(directory.path().join(file), "x").unwrap();
    }
    directory
}

fn read(text: &str) -> Result<Workflow, WorkflowError> {
    let directory = workflow_directory();
    parse(text, &directory.path().join("toy.toml"), Overrides::default(), KNOWN)
}

/// Replaces one piece of the good workflow and checks what the refusal says: message first, then help.
fn check(old: &str, new: &str, expected: &[&str]) {
    assert_eq!(GOOD.matches(old).count(), 1, "{old} must occur once");
    let error = read(&GOOD.replace(old, new)).unwrap_err();
    let said = format!("{error}\n{}", error.help().unwrap_or_default());
    for part in expected {
        assert!(said.contains(part), "`{new}`: expected `{part}` in\n{said}");
    }
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn good_workflow_becomes_values_with_units_and_defaults() {
    let w = read(GOOD).unwrap();
    assert_eq!((w.name.as_str(), w.title.as_str(), w.seed), ("toy", "toy", 7));
    assert_eq!(w.period.months(), 24);
    assert_eq!(w.observations.variables, [Variable::Gpp, Variable::Et]);
    approx::assert_relative_eq!(w.forcing.nitrogen_deposition, 1.0 / (365.2425 * 86_400.0));
    let gpp = w.observations.errors[&Variable::Gpp];
    approx::assert_relative_eq!(gpp.floor, 0.5 / 86_400.0);
    approx::assert_relative_eq!(gpp.sd(10.0), 2.0);
    approx::assert_relative_eq!(w.parameters[0].prior.mean(), 4.0);
    assert_eq!(w.parameters[1].mode, Mode::Scale);
    approx::assert_relative_eq!(w.parameters[1].prior.mean(), 1.0);
    assert_eq!(w.validation.folds, None);
    assert_eq!(w.calibrate, Calibrate { members: 48, max_iterations: 8, step_scale: 0.5 });
    assert_eq!((w.assimilate.members, w.assimilate.inflation), (64, InflationChoice::Adaptive));
    assert_eq!(w.spinup.method, SpinupMethod::Matrix);
    approx::assert_relative_eq!(w.spinup.drift_limit, 1.0);
    assert!(w.domain.selects("FI-Hyy") && !w.domain.selects("XX-No"));
    assert_eq!(w.output_directory(), Path::new("out/toy"));
}

#[test]
fn unknown_keys_name_line_and_nearest_key() {
    check(
        "cycle_years = 4",
        "cycle_yeras = 4",
        &[":12: unknown key `cycle_yeras` in [forcing]", "did you mean `cycle_years`?"],
    );
    check("[spinup]", "[spin-up]", &[":19: unknown key `spin-up`", "did you mean `spinup`?"]);
    check("start = \"2001-01\"\nend = \"2002-12\"", "", &["`start` is missing in [period]"]);
    check("seed = 7", "product = { member = true }", &[":3: unknown key `member` in [product]", "`members`"]);
    check("seed = 7", "sead = 7", &[":3: unknown key `sead` in the top level", "did you mean `seed`?"]);
    check("floor = 0.5", "flor = 0.5", &[":25: unknown key `flor` in [observations.error.GPP]", "`floor`"]);
    check("upper = 9.0", "uper = 9.0", &[":38: unknown key `uper` in [parameters]", "did you mean `upper`?"]);
}

#[test]
fn unknown_names_say_what_is_accepted() {
    check(
        "\"matrix\"",
        "\"matrx\"",
        &[":20: `matrx` is no known value of `spinup.method`", "did you mean `matrix`?", "brute-force"],
    );
    check(
        "\"ET\"",
        "\"EV\"",
        &["`EV` is no known value of `observations.use[0]`", "known: GPP, NEE, ET, LAI, biomass"],
    );
    check(
        "\"slatop\"",
        "\"slatopp\"",
        &[":41: `slatopp` is no known value of `parameters[1].name`", "did you mean `slatop`?"],
    );
    check("\"normals\"", "\"daily\"", &[":10: `daily`", "normals, monthly"]);
}

#[test]
fn wrong_types_name_the_key() {
    check("cycle_years = 4", "cycle_years = \"four\"", &[":12: `forcing.cycle_years`", "invalid type"]);
    check("mean = 4.0", "mean = \"4\"", &[":35: `parameters[0].mean`", "invalid type"]);
    check("seed = 7", "seed = -7", &[":3: `seed`", "invalid value"]);
    check("seed = 7", "seed = = 7", &[":3: "]);
}

#[test]
fn missing_keys_name_their_section() {
    check("start = \"2001-01\"\n", "", &[":15: `start` is missing in [period]"]);
    check("file = \"normals.csv\"\n", "", &[":9: `file` is missing in [forcing]"]);
    check("mean = 4.0\n", "", &[":33: `mean` is missing in [parameters[0]]"]);
    check("\"ET\", \"GPP\"", "\"ET\", \"LAI\"", &["`LAI` is missing in [observations.error]"]);
}

#[test]
fn values_out_of_range_say_what_is_accepted() {
    check("version = 1", "version = 2", &[":1: `version` is `2`; accepted: 1"]);
    check("\"toy\"", "\"a/b\"", &[":2: `name` is `a/b`"]);
    check("cycle_years = 4", "cycle_years = 0", &[":12: `forcing.cycle_years` is `0`; accepted: 1 to 200"]);
    check("co2_ppm = 380.0", "co2_ppm = nan", &[":13: `forcing.co2_ppm` is `NaN`"]);
    check("\"2002-12\"", "\"2000-12\"", &[":17: `period.end` is `2000-12`", "not before"]);
    check("\"2001-01\"", "\"2001-13\"", &[":16: `period.start`", "YYYY-MM"]);
    check("\"gC m-2 d-1\"", "\"g m-2 d-1\"", &[":27: `observations.error.GPP.unit`", "umol m-2 s-1"]);
    check("sd = 1.0", "sd = -1.0", &[":33: `parameters[0]`"]);
    check("lower = 0.5", "lower = 5.0", &[":33: `parameters[0]`"]);
    check("\"slatop\"", "\"medlynslope\"", &["`parameters[1].name` is `medlynslope`", "once"]);
    check("\"adaptive\"", "\"some\"", &["`assimilate.inflation`", "\"none\" or a factor"]);
    check("\"adaptive\"", "0.5", &["`assimilate.inflation` is `0.5`"]);
    check("seed = 7", "validation = { folds = 1 }", &["`validation.folds` is `1`; accepted: 2 to 1000"]);
    check("co2_ppm = 380.0", "directory = \".\"", &["`forcing.directory`", "name the table by `file`"]);
}

#[test]
fn missing_input_lists_where_it_was_looked_for() {
    check("\"normals.csv\"", "\"nrmals.csv\"", &[":11: `forcing.file` names `nrmals.csv`", "--data DIR"]);
}

#[test]
fn a_scenario_is_read_with_the_workflow_and_refused_with_its_line() {
    let with = |table: &str| {
        let directory = workflow_directory();
        std::fs::write(directory.path().join("rcp.csv"), table).unwrap();
        let text = GOOD.replace("co2_ppm = 380.0", "scenario = \"rcp.csv\"");
        parse(&text, &directory.path().join("toy.toml"), Overrides::default(), KNOWN)
    };
    let read = with("year,co2_ppm,temperature_change_K\n2001,371,0\n2101,700,3\n").unwrap();
    let scenario = read.forcing.scenario.unwrap().scenario;
    let change = scenario.at("2050-12".parse().unwrap());
    assert!((change.temperature - 1.4837).abs() < 1e-3 && change.co2.unwrap() > 530.0, "{change:?}");
    let message = with("year,co2_ppm\n2001,371\n2001,372\n").unwrap_err().to_string();
    assert!(message.contains("rcp.csv") && message.contains("2001"), "{message}");
}

#[test]
fn data_directory_comes_before_the_workflow_files_own() {
    let (own, data) = (workflow_directory(), workflow_directory());
    std::fs::remove_file(data.path().join("normals.csv")).unwrap();
    let overrides = Overrides { data: Some(data.path()), seed: Some(99) };
    let w = parse(GOOD, &own.path().join("toy.toml"), overrides, KNOWN).unwrap();
    assert_eq!(w.seed, 99);
    assert_eq!(w.domain.stations.path, data.path().join("stations.csv"));
    let ForcingSource::Normals { file, .. } = &w.forcing.source else { panic!("normals were asked for") };
    assert_eq!(file.path, own.path().join("normals.csv"));
}

#[test]
fn configuration_in_keys_holds_no_paths() {
    let (here, there) = (workflow_directory(), workflow_directory());
    let json = |directory: &tempfile::TempDir| {
        let w = parse(GOOD, &directory.path().join("toy.toml"), Overrides::default(), KNOWN).unwrap();
        serde_json::to_string(&w).unwrap()
    };
    assert_eq!(json(&here), json(&there));
}
