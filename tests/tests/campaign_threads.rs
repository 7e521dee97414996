//! Campaigns whose runs are shared over ranks: the same bits on any number of them, and an end where one can't go on.
#![cfg(unix)]
// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use reterra_parallel::{Communicator, threads};
use reterra_workflow::WorkflowError;
use reterra_workflow::campaign::{self, Settings, Surroundings};
use reterra_workflow::engine::{Interrupt, Progress};

/// A pool that decays; every seventh run fails.
const MODEL: &str = r#"
run=$(basename "$PWD")
echo "$run" >> ../../launches.log
[ "$(expr "$run" % 7)" -ne 3 ] || { echo "no leaves left" >&2; exit 1; }
awk -F '[:,]' '/"start"/ { s = $2 } /"rate"/ { r = $2 }
    END { printf "{\"pool\": [%.17g, %.17g, %.17g], \"flux\": %.17g}\n", s, s * exp(-r), s * exp(-2 * r), r * s }' \
    parameters.json > outputs.json
"#;

const CAMPAIGN: &str = r#"
version = 1
name = "ranks"
seed = 5
[model]
kind = "executable"
command = ["/bin/sh", "{here}/model.sh"]
[[parameters]]
name = "start"
prior = "log-normal"
mean = 8.0
sd = 2.0
[[parameters]]
name = "rate"
prior = "uniform"
lower = 0.0
upper = 1.0
[[observations.outputs]]
name = "pool"
values = [10.3, 7.2, 5.8]
sd = 0.5
[[observations.outputs]]
name = "flux"
values = 2.8
sd = 0.6
[runs]
members = 15
at_once = 2
tolerated_failures = 20
"#;

fn settings(folder: &Path, out: &str) -> Settings {
    let file = folder.join("campaign.toml");
    std::fs::write(folder.join("model.sh"), MODEL).unwrap();
    let mut settings = campaign::parse(CAMPAIGN, &file, None).unwrap();
    settings.directory = folder.join(out);
    settings
}

/// Calibrates on so many ranks; what each of them says.
fn calibrate(settings: &Settings, ranks: usize) -> Vec<Result<(), WorkflowError>> {
    let (interrupt, progress) = (Interrupt::new(), Progress::silent());
    threads::run(ranks, |ranks| {
        let around = Surroundings { interrupt: &interrupt, progress: &progress, ranks };
        if ranks.rank() == 0 {
            campaign::calibrate(settings, around).map(|_| ())
        } else {
            campaign::serve(settings, around)
        }
    })
}

fn finished(ranks: &[Result<(), WorkflowError>]) {
    assert!(ranks.iter().all(Result::is_ok), "{ranks:?}");
}

fn launches(settings: &Settings) -> BTreeMap<String, usize> {
    let log = std::fs::read_to_string(settings.directory.join("launches.log")).unwrap();
    let mut counts = BTreeMap::new();
    log.lines().for_each(|run| *counts.entry(run.to_owned()).or_insert(0) += 1);
    counts
}

#[test]
fn a_calibration_has_the_same_bits_on_one_two_and_four_ranks_and_no_run_is_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let result =
        |settings: &Settings| std::fs::read_to_string(settings.directory.join("calibration.json")).unwrap();
    let alone = settings(folder.path(), "1");
    finished(&calibrate(&alone, 1));
    assert!(result(&alone).contains("no leaves left"), "a reason travels with its failure");
    for ranks in [2, 4] {
        let shared = settings(folder.path(), &ranks.to_string());
        finished(&calibrate(&shared, ranks));
        assert_eq!(result(&shared), result(&alone), "{ranks} ranks");
        let made = launches(&shared);
        assert!(made == launches(&alone) && made.values().all(|count| *count == 1), "{made:?}");
        // Whoever goes on from it, on another number of ranks, finds nothing left to run.
        finished(&calibrate(&shared, 6 - ranks));
        assert_eq!(launches(&shared), made);
    }
}

#[test]
fn a_rank_that_cannot_go_on_ends_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), "out");
    finished(&calibrate(&settings, 1));
    std::fs::remove_dir_all(settings.directory.join("runs")).unwrap();
    std::fs::create_dir(settings.directory.join("runs")).unwrap();
    // Run 1 is rank 1's, and can't have its directory.
    std::os::unix::fs::symlink("nowhere", settings.directory.join("runs/00001")).unwrap();
    let ended = calibrate(&settings, 2);
    let said = |rank: usize| ended[rank].as_ref().unwrap_err().to_string();
    assert!(said(1).contains("00001"), "{}", said(1));
    assert!(said(0).contains("hears nothing from rank 1"), "{}", said(0));
}
