//! `reterra twin` with the land model, through the program: what it finds, that threads don't matter, what it refuses.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use reterra_tests::places;
use reterra_tests::program::{Program, Said};
use serde_json::Value;

const STATIONS: [&str; 2] = ["FI-Hyy", "DE-Hai"];

/// Two stations, eight members, fourteen months; one pass of the smoother.
fn text(stations: &[&str]) -> String {
    let data = places::workspace().join("data");
    let path = |name: &str| format!("\"{}\"", data.join(name).display());
    format!(
        r#"version = 1
name = "small-land"
seeds = 2
spin_up = 2
[model]
kind = "land"
member_cycles = 6
[domain]
stations = {}
include = {stations:?}
[forcing]
kind = "normals"
file = {}
cycle_years = 1
[period]
start = "2001-01"
end = "2002-02"
[observation]
GPP = {{ floor = 0.5, relative = 0.05, unit = "gC m-2 d-1" }}
LAI = {{ floor = 0.3, relative = 0.1, unit = "m2 m-2" }}
biomass = {{ months = 12, floor = 250.0, relative = 0.2, unit = "gC m-2" }}
[method]
kind = "letkf"
[smoother]
passes = 1
share = 0.5
[ensemble]
members = 8
[localisation]
kind = "domains"
radius = 300.0
"#,
        path("stations.csv"),
        path("site_normals.csv"),
    )
}

fn run(text: &str, threads: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small-land.toml");
    std::fs::write(&file, text).unwrap();
    Program::built().unwrap().run(&["twin", file.to_str().unwrap(), "--threads", threads]).unwrap()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|scored| scored["name"] == name).unwrap()
}

#[test]
fn the_land_model_is_scored_with_and_without_observations_and_threads_do_not_matter() {
    let said = run(&text(&STATIONS), "2").success().unwrap();
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&found["model"], &found["method"]), (&Value::from("land"), &Value::from("letkf")));
    assert_eq!(found["stations"], Value::from(STATIONS.to_vec()));
    assert_eq!((&found["cycles"], &found["spin_up"]), (&Value::from(12), &Value::from(2)));
    // Two stations, fourteen months of GPP and LAI, one year of biomass.
    assert_eq!(found["per_seed"][1]["observations"], 2 * (14 + 14 + 1));
    let mean = |scored: &Value, key: &str| {
        let error = scored[key]["standard_error"].as_f64().unwrap();
        assert!(error.is_finite() && error >= 0.0);
        scored[key]["mean"].as_f64().unwrap()
    };
    let soil = named(&found["states"], "soil_organic_carbon");
    assert!(["rmse", "spread", "open_loop_rmse", "open_loop_spread"].iter().all(|key| mean(soil, key) > 0.0));
    let leaves = named(&found["states"], "leaf_carbon");
    assert!(mean(leaves, "rmse") < mean(leaves, "open_loop_rmse"), "{leaves}");
    assert!(mean(leaves, "spread") < mean(leaves, "open_loop_spread"), "{leaves}");
    assert_eq!(found["parameters"].as_array().unwrap().len(), 4);
    let flat = &found["parameters_flat"];
    assert_eq!((&flat["ranks"], &flat["classes"]), (&Value::from(16), &Value::from(3)));
    assert!((0.0..=1.0).contains(&flat["p"].as_f64().unwrap()));
    let carbon = &found["added"]["carbon"];
    assert!(mean(carbon, "moved") > 0.0 && mean(carbon, "net").abs() <= mean(carbon, "moved"));
    assert_eq!(found["divergence_rate"], 0.0);
    assert_eq!(run(&text(&STATIONS), "1").success().unwrap().out, said.out);
}

#[test]
fn what_the_land_model_cannot_run_says_what_where_and_what_to_do() {
    let unknown = run(&text(&["FI-Hyy", "XX-Xxx"]), "1");
    assert_eq!(unknown.code, Some(1));
    for words in ["small-land.toml can't be run", "station `XX-Xxx` of [domain] include is not in", "DE-Hai"]
    {
        assert!(unknown.err.contains(words), "{words}: {}", unknown.err);
    }
    let method = run(&text(&STATIONS).replace("\"letkf\"", "\"enks\"\nlag = 2"), "1");
    assert_eq!(method.code, Some(2));
    assert!(method.err.contains("`method.kind` is `enks`; accepted: \"letkf\""), "{}", method.err);
    // No truth can be drawn where the prior is impossible.
    let prior = "[[parameters]]\nname = \"flnr\"\nmean = -1.0\nsd = 0.001\n[method]";
    let impossible = run(&text(&STATIONS).replace("[method]", prior), "1");
    assert!(impossible.err.contains("no truth of station"), "{}", impossible.err);
    assert!(impossible.err.contains("narrow the priors"), "{}", impossible.err);
}
