//! Ranks as processes: `mpirun` on this machine.
#![cfg(feature = "mpi")]
// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Where there is no launcher the library can't be tried; CI has one.
fn launch(ranks: usize, arguments: &[&str]) -> Option<(Output, Duration)> {
    let start = Instant::now();
    there(command(ranks, arguments).output()).map(|output| (output, start.elapsed()))
}

fn command(ranks: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "-n", &ranks.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_reterra-ranks")).args(arguments);
    command
}

fn there<T>(launched: std::io::Result<T>) -> Option<T> {
    match launched {
        Ok(launched) => Some(launched),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no mpirun");
            None
        }
        Err(e) => panic!("mpirun: {e}"),
    }
}

/// Waits until `over` for so long at most.
fn within(limit: Duration, mut over: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !over() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// The processes of the ranks, by rank, as they tell.
fn processes(job: &mut Child, ranks: usize) -> Vec<u32> {
    let mut processes = vec![0; ranks];
    let told = BufReader::new(job.stdout.take().unwrap());
    for line in told.lines().take(ranks) {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        processes[words[1].parse::<usize>().unwrap()] = words[4].parse().unwrap();
    }
    processes
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

#[test]
fn a_rank_that_is_killed_ends_the_others_within_seconds() {
    let mut launched = command(3, &["forever"]);
    let Some(mut job) = there(launched.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()) else { return };
    let processes = processes(&mut job, 3);
    assert!(Command::new("kill").args(["-KILL", &processes[1].to_string()]).status().unwrap().success());
    let ended = within(Duration::from_secs(30), || job.try_wait().unwrap().is_some());
    if !ended {
        job.kill().unwrap();
    }
    let status = job.wait().unwrap();
    let mut err = String::new();
    job.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(ended && !status.success(), "{status} {err}");
    assert!(err.contains("signal 9") || err.contains("SIGNAL: 9"), "{err}");
    let gone = |id: &u32| !Path::new(&format!("/proc/{id}")).exists();
    assert!(within(Duration::from_secs(10), || processes.iter().all(gone)), "{processes:?}");
}
