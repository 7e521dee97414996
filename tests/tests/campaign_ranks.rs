//! Campaigns whose runs are shared over the processes of an MPI job: `mpirun` on this machine.
#![cfg(feature = "mpi")]
// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use reterra_tests::campaigns::Campaigns;
use reterra_tests::program::{Said, is_there};

/// A run that says which rank made it, and leaves the rest to the usual model.
const TELLING: &str = "echo $OMPI_COMM_WORLD_RANK >> ../../ranks.log\nexec \"$1\"\n";

/// Campaigns with such a model, unless there is no launcher.
fn campaigns() -> Option<Campaigns> {
    if !is_there("mpirun") {
        println!("skipped: no mpirun");
        return None;
    }
    let campaigns = Campaigns::of_other_models().unwrap();
    std::fs::write(campaigns.path("telling.sh"), TELLING).unwrap();
    let model = env!("CARGO_BIN_EXE_decay");
    let command = format!("[\"/bin/sh\", \"{{here}}/telling.sh\", \"{model}\"]\nexchange = \"netcdf\"");
    let changes = [("[\"python3\", \"{here}/decay.py\"]", command.as_str()), ("at_once = 2", "at_once = 1")];
    campaigns.variant("ranks.toml", &changes).unwrap();
    Some(campaigns)
}

fn on(campaigns: &Campaigns, ranks: usize, out: &str) -> Said {
    campaigns.run_on_ranks(ranks, "sample", "ranks.toml", out).unwrap()
}

#[test]
fn a_posterior_has_the_same_bits_on_one_two_and_four_processes() {
    let Some(campaigns) = campaigns() else { return };
    campaigns.run("sample", "ranks.toml", "alone").unwrap().success().unwrap();
    for ranks in [1, 2, 4] {
        let out = ranks.to_string();
        let said = on(&campaigns, ranks, &out).success().unwrap();
        assert_eq!(said.out.matches("R-hat").count(), 1, "rank 0 alone tells: {}", said.out);
        assert_eq!(campaigns.differing("alone", &out).unwrap(), Vec::<&str>::new(), "{ranks} ranks");
        let launches = campaigns.launches(&out).unwrap();
        assert!(launches.values().all(|count| *count == 1), "{launches:?}");
        let log = std::fs::read_to_string(campaigns.path(&out).join("ranks.log")).unwrap();
        assert_eq!(log.lines().collect::<BTreeSet<_>>().len(), ranks, "every rank makes runs");
    }
}

#[test]
fn a_rank_that_cannot_go_on_ends_the_job_with_its_message() {
    let Some(campaigns) = campaigns() else { return };
    campaigns.run("calibrate", "ranks.toml", "out").unwrap().success().unwrap();
    let runs = campaigns.path("out/runs");
    std::fs::remove_dir_all(&runs).unwrap();
    std::fs::create_dir(&runs).unwrap();
    // Run 1 is rank 1's, and can't have its directory.
    std::os::unix::fs::symlink("nowhere", runs.join("00001")).unwrap();
    let said = on(&campaigns, 2, "out");
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("00001") && said.err.contains("error on rank 1 of 2"), "{}", said.err);
    assert!(!campaigns.path("out/posterior.json").exists());
}
