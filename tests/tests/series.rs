//! Real monthly series of four stations, where they are at hand.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;

use reterra_tests::places;
use reterra_tests::points::speed::seconds_and_peak;
use reterra_tests::program::Program;
use reterra_tests::sandbox::Sandbox;

#[test]
fn monthly_series_run_through_and_are_scored_on_withheld_months() {
    let Some(data) = places::shared_or_skip("sites_monthly") else { return };
    let program = Program::built().unwrap();
    let sandbox = Sandbox::of_series(&data).unwrap();
    let out = sandbox.out();
    let arguments = sandbox.run_arguments(&out, &[]);
    let arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
    let (seconds, peak) = seconds_and_peak(&program, &arguments).unwrap();
    assert!(seconds > 0.1 && peak < 500.0, "{seconds} s, {peak} MiB");
    let said = sandbox.run(&program).unwrap().success().unwrap();
    assert!(said.out.contains("product: ") && said.out.contains("report: "), "{}", said.out);
    let skill = program.run(&["validate".as_ref(), out.as_os_str()]).unwrap().success().unwrap();
    for part in
        ["assimilated", "Calibrated, station left out", "limatology", "oosted trees", "GPP", "NEE", "ET"]
    {
        assert!(skill.out.contains(part), "no {part} in\n{}", skill.out);
    }
    assert!(!skill.out.contains("fit, not validation"), "{}", skill.out);
    let closed = reterra_tests::points::closure::largest_imbalance(&out).unwrap();
    for (what, error) in [("carbon", closed.carbon), ("nitrogen", closed.nitrogen), ("water", closed.water)] {
        assert!(error <= 1e-10, "{what}: {error:e}");
    }
}

/// One edit of Hainich's series, and what has to be said about it; none deletes it.
type Spoiled = (&'static str, Option<fn(&str) -> String>, &'static [&'static str]);

const SPOILED: &[Spoiled] = &[
    ("no file", None, &["DE-Hai.csv"]),
    (
        "shorter than the period",
        Some(|t| t.lines().take(30).flat_map(|line| [line, "\n"]).collect()),
        &["DE-Hai.csv", "29 months", "2008-12", "shorten [period]"],
    ),
    (
        "cut in a line",
        Some(|t| t[..t.trim_end().len() - 30].to_owned()),
        &["DE-Hai.csv, line 193", "truncated"],
    ),
    (
        "a month left out",
        Some(|t| t.lines().filter(|l| !l.starts_with("2006-03")).flat_map(|l| [l, "\n"]).collect()),
        &["DE-Hai.csv, line 64", "2006-04", "2006-03"],
    ),
    (
        "an unknown column",
        Some(|t| t.replacen("tmax_degC", "tmax_K", 1)),
        &["DE-Hai.csv", "tmax_K", "tmax_degC"],
    ),
];

#[test]
fn a_spoiled_series_is_told_with_its_place() {
    let Some(data) = places::shared_or_skip("sites_monthly") else { return };
    let program = Program::built().unwrap();
    for (what, edit, expected) in SPOILED {
        let folder = tempfile::tempdir().unwrap();
        for station in ["FI-Hyy", "DE-Tha", "DE-Hai", "FR-Pue"] {
            let name = format!("{station}.csv");
            let good = std::fs::read_to_string(data.join(&name)).unwrap();
            let text = match edit {
                None if station == "DE-Hai" => continue,
                Some(edit) if station == "DE-Hai" => edit(&good),
                _ => good,
            };
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let said = Sandbox::of_series(folder.path()).unwrap().run(&program).unwrap();
        assert_eq!(said.code, Some(1), "{what}: {}", said.err);
        for part in *expected {
            assert!(said.err.contains(part), "{what}: no `{part}` in\n{}", said.err);
        }
    }
}
