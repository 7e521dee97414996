//! Ranks as processes: `mpirun` on this machine.
#![cfg(feature = "mpi")]

use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Where there is no launcher the library can't be tried; CI has one.
fn launch(ranks: usize, arguments: &[&str]) -> Option<(Output, Duration)> {
    let start = Instant::now();
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "-n", &ranks.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_reterra-ranks")).args(arguments);
    match command.output() {
        Ok(output) => Some((output, start.elapsed())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no mpirun");
            None
        }
        Err(e) => panic!("mpirun: {e}"),
    }
}

#[test]
fn parts_and_sums_arrive_on_one_two_and_four_ranks() {
    for ranks in [1, 2, 4] {
        let Some((output, _)) = launch(ranks, &[]) else { return };
        assert!(output.status.success(), "{ranks} ranks: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_panic_ends_the_job_with_its_message_instead_of_a_hang() {
    let Some((output, time)) = launch(4, &["panic"]) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("asked for") && err.contains("rank 1 of 4 has panicked"), "{err}");
    assert_eq!(output.status.code(), Some(101), "{err}");
    assert!(time < Duration::from_mins(1), "{time:?}");
}

#[test]
fn a_rank_that_gives_up_ends_the_job() {
    let Some((output, _)) = launch(2, &["error"]) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("error on rank 1 of 2: asked to give up"), "{err}");
    assert_eq!(output.status.code(), Some(3), "{err}");
}

#[test]
fn a_panic_that_is_caught_does_not_end_the_job() {
    let Some((output, _)) = launch(2, &["attempt"]) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.contains("asked for and caught"), "{err}");
}
