//! The local analysis has the same bits on any number of processes and threads: `mpirun` on this machine.
#![cfg(feature = "mpi")]
// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// The checksum over every number of an analysis of waves; none without a launcher.
fn bits(ranks: usize, threads: usize, groups: Option<usize>) -> Option<String> {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-n", &ranks.to_string()]);
    command.arg(env!("CARGO_BIN_EXE_waves")).args(["--nx", "90", "--ny", "70", "--members", "20"]);
    command.args(["--threads", &threads.to_string()]);
    if let Some(groups) = groups {
        command.args(["--groups", &groups.to_string()]);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: no mpirun");
            return None;
        }
        Err(e) => panic!("mpirun: {e}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    Some(outcome["bits"].as_str().unwrap().to_owned())
}

#[test]
fn an_analysis_has_the_same_bits_on_one_two_and_four_processes_and_on_two_threads() {
    let Some(alone) = bits(1, 1, None) else { return };
    for (ranks, threads, groups) in
        [(1, 2, None), (2, 1, None), (2, 2, Some(2)), (4, 1, None), (4, 1, Some(2)), (4, 2, Some(4))]
    {
        let found = bits(ranks, threads, groups).unwrap();
        assert_eq!(found, alone, "{ranks} ranks, {threads} threads, groups {groups:?}");
    }
}
