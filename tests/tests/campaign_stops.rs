//! Campaigns that are killed or interrupted: what they leave running, and how soon they end.
#![cfg(unix)]
// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use reterra_tests::campaigns::Campaigns;
use rustix::process::{Pid, Signal, kill_process};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);
/// Longest wait for what takes a moment on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_mins(2);
/// A run that never ends by itself, with a process of its own; says their numbers.
const FOREVER: &str = "sleep 3000 &\necho $$ $! >> ../../processes\nwait\n";

fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(PAUSE);
    }
}

fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    await_that("the campaign ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// A campaign of two runs that don't end, and the four processes of these.
fn under_way(campaigns: &Campaigns) -> (Child, Vec<String>) {
    std::fs::write(campaigns.path("forever.sh"), FOREVER).unwrap();
    let command = "[\"/bin/sh\", \"{here}/forever.sh\"]";
    let changes = [("[\"python3\", \"{here}/decay.py\"]", command), ("time_limit_s = 20\n", "")];
    campaigns.variant("forever.toml", &changes).unwrap();
    let child = campaigns.start("calibrate", "forever.toml", "out").unwrap();
    let mut processes = Vec::new();
    await_that("two runs begin", || {
        let text = std::fs::read_to_string(campaigns.path("out/processes")).unwrap_or_default();
        processes = text.split_whitespace().map(str::to_owned).collect();
        processes.len() == 4 && text.ends_with('\n')
    });
    assert!(processes.iter().all(runs), "{processes:?}");
    (child, processes)
}

/// Whether a process is there and has not ended; one that nobody asked how it ended is still listed.
fn runs(process: &String) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ") && !status.contains(") X ")
}

#[test]
fn a_killed_campaign_leaves_no_process_of_its_model() {
    let campaigns = Campaigns::of_other_models().unwrap();
    let (mut child, processes) = under_way(&campaigns);
    child.kill().unwrap();
    child.wait().unwrap();
    await_that("the model's processes end", || !processes.iter().any(runs));
    assert!(campaigns.complete("out").is_empty());
}

#[test]
fn ctrl_c_ends_a_campaign_with_the_processes_of_its_model() {
    let campaigns = Campaigns::of_other_models().unwrap();
    let (mut child, processes) = under_way(&campaigns);
    interrupt(&child);
    assert_eq!(ended(&mut child).code(), Some(130));
    await_that("the model's processes end", || !processes.iter().any(runs));
    assert!(campaigns.complete("out").is_empty());
}

#[test]
fn one_ctrl_c_ends_sampling_and_keeps_the_runs() {
    let campaigns = Campaigns::of_other_models().unwrap();
    let model = format!("[\"{}\"]\nexchange = \"netcdf\"", env!("CARGO_BIN_EXE_decay"));
    // Chains that would take days.
    for (file, sampler) in
        [("surrogate.toml", "surrogate"), ("nuts.toml", "nuts"), ("slow.toml", "elliptical")]
    {
        let draws = format!("draws = 20000000\nsampler = \"{sampler}\"");
        let changes = [("[\"python3\", \"{here}/decay.py\"]", model.as_str()), ("draws = 400", &draws)];
        campaigns.variant(file, &changes).unwrap();
        let mut child = campaigns.start("sample", file, sampler).unwrap();
        // Written when calibration ends; emulators are fitted and chains begin at once.
        let calibrated = campaigns.path(&format!("{sampler}/calibration.json"));
        await_that("calibration ends", || calibrated.exists());
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(child.try_wait().unwrap(), None);
        interrupt(&child);
        assert_eq!(ended(&mut child).code(), Some(130), "{sampler}");
        let launches = campaigns.launches(sampler).unwrap();
        assert_eq!(launches.len(), campaigns.complete(sampler).len());
        campaigns.run("calibrate", file, sampler).unwrap().success().unwrap();
        assert_eq!(campaigns.launches(sampler).unwrap(), launches, "{sampler}: no run is made again");
    }
}
