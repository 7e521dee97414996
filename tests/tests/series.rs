//! Real monthly series of three stations, where they are at hand.

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
    for part in ["assimilated", "limatology", "oosted trees", "GPP", "NEE", "ET"] {
        assert!(skill.out.contains(part), "no {part} in\n{}", skill.out);
    }
    assert!(!skill.out.contains("fit, not validation"), "{}", skill.out);
    let closed = reterra_tests::points::closure::largest_imbalance(&out).unwrap();
    for (what, error) in [("carbon", closed.carbon), ("nitrogen", closed.nitrogen), ("water", closed.water)] {
        assert!(error <= 1e-10, "{what}: {error:e}");
    }
}

#[test]
fn a_series_shorter_than_the_period_is_told() {
    let Some(data) = places::shared_or_skip("sites_monthly") else { return };
    let program = Program::built().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for station in ["FI-Hyy", "DE-Hai", "FR-Pue"] {
        let name = format!("{station}.csv");
        let text = std::fs::read_to_string(data.join(&name)).unwrap();
        let lines = if station == "DE-Hai" { 30 } else { usize::MAX };
        let kept: String = text.lines().take(lines).flat_map(|line| [line, "\n"]).collect();
        std::fs::write(folder.path().join(name), kept).unwrap();
    }
    let said = Sandbox::of_series(folder.path()).unwrap().run(&program).unwrap();
    assert_eq!(said.code, Some(1), "{}", said.err);
    for part in ["DE-Hai.csv", "29 months", "2008-12", "shorten [period]"] {
        assert!(said.err.contains(part), "no {part} in\n{}", said.err);
    }
}
