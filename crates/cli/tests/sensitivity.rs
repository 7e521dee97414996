//! `reterra sensitivity` from outside: what it writes, that threads don't change it, and that a kill doesn't either.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reterra_io::cf::read_field;

const WORKFLOW: &str = r#"version = 1
name = "small"
seed = 3
[domain]
stations = "data/stations.csv"
include = ["FI-Hyy", "AT-Neu"]
[forcing]
kind = "normals"
file = "data/site_normals.csv"
cycle_years = 2
co2_ppm = 385.0
[period]
start = "2001-01"
end = "2002-12"
[observations]
use = ["GPP"]
error.GPP = { floor = 1.0, relative = 0.1, unit = "gC m-2 d-1" }
[[parameters]]
name = "flnr"
mode = "scale"
mean = 1.5
sd = 0.2
lower = 0.0
[[parameters]]
name = "harvest_frac"
mean = 0.5
sd = 0.2
lower = 0.0
upper = 1.0
"#;

fn prepare() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    for name in ["stations.csv", "site_normals.csv"] {
        let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")).join(name);
        fs::copy(shipped, data.join(name)).unwrap();
    }
    fs::write(directory.path().join("small.toml"), WORKFLOW).unwrap();
    directory
}

fn command(directory: &Path, out: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reterra"));
    command.args(["sensitivity", "small.toml", "--out", out]).args(arguments).current_dir(directory);
    command
}

/// Runs it and returns the stage's directory and what was said on standard output.
fn sensitivity(directory: &Path, out: &str, arguments: &[&str]) -> (PathBuf, String) {
    let ended = command(directory, out, arguments).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    (directory.join(out).join("sensitivity"), String::from_utf8(ended.stdout).unwrap())
}

const FILES: [&str; 4] = ["sensitivity.nc", "ranges.csv", "sensitivity.json", "stage.json"];

fn assert_same(a: &Path, b: &Path) {
    for name in FILES {
        assert!(fs::read(a.join(name)).unwrap() == fs::read(b.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn one_at_a_time_tells_what_each_parameter_does_and_threads_dont_matter() {
    let directory = prepare();
    let here = directory.path();
    let (one, said) = sensitivity(here, "one", &["--threads", "1"]);
    let (two, _) = sensitivity(here, "two", &["--threads", "2"]);
    assert_same(&one, &two);
    for part in ["product: one/sensitivity/sensitivity.nc", "table: one/sensitivity/effects.csv"] {
        assert!(said.contains(part), "{said}");
    }

    // The medians, then flnr and harvest_frac at either end, at two stations.
    let of = |name: &str| read_field(&one.join("sensitivity.nc"), name).unwrap();
    let gpp = of("GPP");
    assert_eq!((gpp.data().shape(), gpp.units.as_str()), (&[5, 2][..], "g m-2 s-1"));
    assert_eq!(of("TOTSOMC_yearly").data().shape(), [5, 2, 2]);
    let [gpp, npp, hr, nee] = ["GPP", "NPP", "HR", "NEE"].map(|name| of(name).data().clone());
    let [flnr, harvest] = ["flnr", "harvest_frac"].map(|name| of(name).data().clone());
    for station in 0..2 {
        assert!(flnr[[1, station]] < flnr[[0, station]] && flnr[[0, station]] < flnr[[2, station]]);
        assert!(gpp[[1, station]] < gpp[[0, station]] && gpp[[0, station]] < gpp[[2, station]]);
        for run in 0..5 {
            let at = [run, station];
            assert!(npp[at] > 0.0 && npp[at] < gpp[at], "{} {}", npp[at], gpp[at]);
            assert!((nee[at] - (hr[at] - npp[at])).abs() < 1e-12 * gpp[at]);
        }
    }
    // A meadow is cut, a pine forest isn't: there the parameter is missing and all its runs are the first.
    assert!(harvest[[0, 1]] > 0.0 && harvest[[0, 0]].is_nan());
    assert!(gpp[[3, 0]].to_bits() == gpp[[0, 0]].to_bits() && gpp[[3, 1]].to_bits() != gpp[[0, 1]].to_bits());

    let effects = fs::read_to_string(one.join("effects.csv")).unwrap();
    let row = |start: &str| effects.lines().find(|line| line.starts_with(start));
    let cells: Vec<f64> =
        row("FI-Hyy,GPP,g m-2 s-1,flnr,2,").unwrap().rsplit(',').take(5).map(number).collect();
    let [highest, lowest, _, size, effect] = cells[..] else { panic!("{cells:?}") };
    assert!(effect > 0.0 && (effect / size - 1.0).abs() < 1e-6, "{cells:?}");
    // Two levels: the mean of both slopes spans the ends exactly.
    assert!((effect / (highest - lowest) - 1.0).abs() < 1e-5, "{cells:?}");
    assert!(row("AT-Neu,LAI,1,harvest_frac,2,").is_some() && row("FI-Hyy,LAI,1,harvest_frac").is_none());
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

#[test]
fn a_killed_ensemble_ends_with_the_bytes_of_one_that_was_not() {
    let directory = prepare();
    let here = directory.path();
    let arguments = ["--design", "lhs", "--size", "30", "--threads", "2"];
    let (whole, _) = sensitivity(here, "whole", &arguments);
    let mut child =
        command(here, "killed", &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let checkpoints = || -> usize {
        let Ok(folders) = fs::read_dir(here.join("killed/sensitivity/.checkpoint")) else { return 0 };
        let bundles =
            folders.flatten().filter_map(|folder| fs::read_dir(folder.path()).ok()).flatten().flatten();
        bundles.filter(|file| file.path().extension().is_some_and(|e| e == "bundle")).count()
    };
    let start = Instant::now();
    while checkpoints() < 2 {
        assert!(start.elapsed() < Duration::from_mins(2), "no batch was ever done");
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!here.join("killed/sensitivity/stage.json").exists(), "it was killed too late to tell anything");
    let kept = checkpoints();
    assert!((2..16).contains(&kept), "{kept} of 16 batches");
    let (killed, _) = sensitivity(here, "killed", &arguments);
    assert_same(&whole, &killed);
    assert!(!killed.join(".checkpoint").exists() && !killed.join("effects.csv").exists());
}

#[test]
fn another_design_in_the_same_directory_is_refused_until_told_to_rerun() {
    let directory = prepare();
    let here = directory.path();
    sensitivity(here, "out", &[]);
    let refused = command(here, "out", &["--design", "morris", "--size", "2"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() != Some(0) && said.contains("configuration `design` changed"), "{said}");
    let again = ["--design", "morris", "--size", "2", "--rerun-stale"];
    let (stage, _) = sensitivity(here, "out", &again);
    let gpp = read_field(&stage.join("sensitivity.nc"), "GPP").unwrap();
    assert_eq!(gpp.data().shape(), [6, 2], "two trajectories of three runs");
}
