//! The whole chain on three stations: it runs, says where things are, and answers every command.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use reterra_tests::program::{Program, Said};
use reterra_tests::sandbox::{STATIONS, Sandbox};

fn said(program: &Program, arguments: &[&str]) -> Said {
    program.run(arguments).unwrap().success().unwrap()
}

/// The path after `label: ` at the beginning of a line.
fn named<'a>(said: &'a Said, label: &str) -> Vec<&'a Path> {
    let lines = said.out.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(": "));
    lines.map(Path::new).collect()
}

fn states(program: &Program, sandbox: &Sandbox) -> Vec<String> {
    program.stages(&sandbox.out()).unwrap().into_iter().map(|(_, state)| state).collect()
}

#[test]
fn from_nothing_to_a_report_and_every_command_answers() {
    let (program, sandbox) = (Program::built().unwrap(), Sandbox::new().unwrap());
    let file = sandbox.file("tiny.toml").display().to_string();
    let out = sandbox.out().display().to_string();

    let plan = said(&program, &["plan", &file, "--out", &out]);
    assert!(plan.out.contains("to do") && !plan.out.contains("0 of"), "{}", plan.out);
    assert!(!sandbox.out().exists(), "a plan writes nothing");

    let first = sandbox.run(&program).unwrap().success().unwrap();
    let (products, reports) = (named(&first, "product"), named(&first, "report"));
    assert_eq!(products.len(), 1, "{}", first.out);
    assert_eq!(reports.len(), 1, "{}", first.out);
    assert!(products[0].is_file() && reports[0].is_file(), "{}", first.out);
    assert!(states(&program, &sandbox).iter().all(|state| state == "done"));

    let second = sandbox.run(&program).unwrap().success().unwrap();
    assert_eq!(second.out, first.out);
    let skipped = second.err.lines().filter(|line| line.ends_with(": done, skipped")).count();
    assert_eq!(skipped, states(&program, &sandbox).len(), "{}", second.err);

    let plan = said(&program, &["plan", &file, "--out", &out]);
    assert!(plan.out.contains("0 of"), "{}", plan.out);
    let status = said(&program, &["status", &out]);
    assert!(status.out.contains("spinup") && status.out.contains("done"), "{}", status.out);
    let skill = said(&program, &["validate", &out]);
    for part in ["GPP", "NEE", "ET", "prior", "calibrated", "assimilated"] {
        assert!(skill.out.to_lowercase().contains(&part.to_lowercase()), "no {part} in\n{}", skill.out);
    }
    let product = products[0].display().to_string();
    let inspected = said(&program, &["inspect", &product]);
    for part in ["GPP", "TOTSOMC", "time", "g m-2 s-1"] {
        assert!(inspected.out.contains(part), "no {part} in\n{}", inspected.out);
    }
    let stations = sandbox.file(STATIONS).display().to_string();
    assert!(said(&program, &["inspect", &stations]).out.contains("3 stations"));

    report_again(&program, &out, reports[0]);
    changed_input_is_stale(&program, &sandbox);
}

/// `report` writes the same bytes again.
fn report_again(program: &Program, out: &str, report: &Path) {
    let before = std::fs::read(report).unwrap();
    let again = said(program, &["report", out]);
    assert!(again.out.contains(&report.display().to_string()), "{}", again.out);
    assert!(std::fs::read(report).unwrap() == before, "the report differs when written again");
    let page = String::from_utf8_lossy(&before);
    for station in ["FI-Hyy", "DE-Hai", "AT-Neu"] {
        assert!(page.contains(station), "no {station} in the report");
    }
    assert!(!page.contains("NaN"), "the report prints NaN");
    assert!(!page.contains("src=\"http"), "the report needs the network");
}

/// Nothing made from other inputs is used or deleted in silence.
fn changed_input_is_stale(program: &Program, sandbox: &Sandbox) {
    let table = sandbox.text(STATIONS).unwrap();
    let changed = table.replacen("61.8474", "61.8475", 1);
    assert_ne!(table, changed);
    sandbox.write(STATIONS, &changed).unwrap();
    let refused = sandbox.run(program).unwrap();
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    for part in ["stale", "stations.csv", "--rerun-stale"] {
        assert!(refused.err.contains(part), "no {part} in\n{}", refused.err);
    }
}
