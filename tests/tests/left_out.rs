//! What a station's own observations must not do: enter its prediction where it is left out.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use reterra_tests::places;
use reterra_tests::program::Program;
use reterra_tests::sandbox::Sandbox;
use reterra_workflow::results::EnsembleOutput;

/// The stations in the table's order; two needleleaf stands and the only ones of their classes.
const STATIONS: [&str; 4] = ["FI-Hyy", "DE-Tha", "DE-Hai", "FR-Pue"];

/// Gross primary production (month × member) by station, of the prior and where stations were left out.
struct Predicted {
    prior: Vec<Array2<f64>>,
    left_out: Vec<Array2<f64>>,
}

fn predict(program: &Program, data: &Path) -> Predicted {
    let sandbox = Sandbox::of_series(data).unwrap();
    let out = sandbox.out();
    let arguments = sandbox.run_arguments(&out, &["--until", "cross-validation"]);
    program.run(&arguments).unwrap().success().unwrap();
    let read = |file: PathBuf| {
        let output = EnsembleOutput::read(&file).unwrap();
        output.array("GPP").unwrap().axis_iter(Axis(0)).map(|a| a.to_owned()).collect::<Vec<_>>()
    };
    Predicted {
        prior: read(out.join("calibrate/prior.bundle")),
        left_out: read(out.join("cross-validation/left-out.bundle")),
    }
}

/// Halves what Tharandt observed to learn from.
fn halved(text: &str) -> String {
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let line = |(i, line): (usize, &str)| {
        let cell = |(name, cell): (&&str, &str)| match cell.parse::<f64>() {
            Ok(value) if i > 0 && name.starts_with("train_") => (0.5 * value).to_string(),
            _ => cell.to_owned(),
        };
        header.iter().zip(line.split(',')).map(cell).collect::<Vec<_>>().join(",") + "\n"
    };
    text.lines().enumerate().map(line).collect()
}

#[test]
fn observations_of_a_station_left_out_change_the_others_and_never_its_own_prediction() {
    let Some(data) = places::shared_or_skip("sites_monthly") else { return };
    let program = Program::built().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for station in STATIONS {
        let name = format!("{station}.csv");
        let text = std::fs::read_to_string(data.join(&name)).unwrap();
        let text = if station == "DE-Tha" { halved(&text) } else { text };
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (as_observed, spoiled) = (predict(&program, &data), predict(&program, folder.path()));
    assert_eq!(spoiled.left_out[1], as_observed.left_out[1], "Tharandt learnt from itself");
    assert_ne!(spoiled.left_out[0], as_observed.left_out[0], "Hyytiälä learnt nothing from Tharandt");
    assert_ne!(as_observed.left_out[0], as_observed.prior[0]);
    for alone in [2, 3] {
        assert_eq!(as_observed.left_out[alone], as_observed.prior[alone], "{}", STATIONS[alone]);
    }
}
