//! Land cycles that are killed, on ranks of one kind or the other: they go on, and the bits are the same.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use ndarray::{Array3, Axis};
use reterra_parallel::Alone;
use reterra_tests::cycles::faulty::told;
use reterra_tests::cycles::program::{Program, Ranks};
use reterra_tests::cycles::{Experiment, Faults, Run};
use reterra_workflow::cycle::Smoother;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_cycles"), cfg!(feature = "mpi"))
}

fn run(directory: &Path) -> Run {
    Run { checkpoints: Some(directory.to_owned()), ..Run::small() }
}

/// A run of these ranks, killed after the second and after the eighth month, against an undisturbed one.
fn killed_and_resumed(program: &Program, kinds: &[Ranks]) {
    let undisturbed = tempfile::tempdir().unwrap();
    let expected = program.run(&run(undisturbed.path()), Ranks::Threads(1), 2).unwrap();
    assert!(expected.report.used > 0 && expected.report.balances.iter().any(|b| b.moved[0] > 0.0));
    assert_eq!(told(&expected.report), 3, "{:?}", expected.report.failures);
    for &ranks in kinds {
        let folder = tempfile::tempdir().unwrap();
        let run = run(folder.path());
        for months in [2, 8] {
            let killed = program.kill(&run, ranks, months).unwrap();
            assert!(!killed.finished, "{ranks:?}: it was over before it could be killed");
            assert_ne!(killed.code, Some(0), "{ranks:?}");
            assert!(killed.time < Duration::from_secs(30), "{ranks:?}: it hung for {:?}", killed.time);
            if let Ranks::Processes(_) = ranks {
                assert!(killed.err.contains("signal 9"), "{}", killed.err);
            }
        }
        let resumed = program.run(&run, ranks, 1).unwrap();
        assert_eq!(resumed.bits, expected.bits, "{ranks:?}");
        assert_eq!(resumed.report, expected.report, "{ranks:?}");
    }
}

#[test]
fn a_killed_process_resumes_to_the_same_bits_whatever_members_failed() {
    killed_and_resumed(&program(), &[Ranks::Threads(1), Ranks::Threads(4)]);
}

#[test]
fn a_killed_rank_ends_all_and_they_resume_to_the_same_bits() {
    let program = program();
    if !program.has_processes() {
        println!("skipped: built without MPI");
        return;
    }
    killed_and_resumed(&program, &[Ranks::Processes(2), Ranks::Processes(4)]);
}

#[test]
fn a_run_of_two_ranks_goes_on_with_one() {
    let program = program();
    let (folder, undisturbed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = program.run(&run(undisturbed.path()), Ranks::Threads(1), 2).unwrap();
    let two = Run { groups: 2, ..run(folder.path()) };
    assert!(!program.kill(&two, Ranks::Threads(2), 5).unwrap().finished);
    let resumed = program.run(&run(folder.path()), Ranks::Threads(1), 2).unwrap();
    assert_eq!((resumed.bits, resumed.report), (expected.bits, expected.report));
    let calm = program.run(&Run { faults: Faults::None, ..run(undisturbed.path()) }, Ranks::Threads(1), 2);
    assert!(calm.is_err(), "another model doesn't take these checkpoints");
}

#[test]
fn an_open_loop_keeps_the_spread_of_the_prior() {
    let smoothed = Run { smoother: Some(Smoother { passes: 2, share: 0.5 }), ..Run::small() };
    let [with, without] = Experiment::new(&smoothed).unwrap().with_open_loop(&Alone).unwrap();
    let spread = |members: &Array3<f64>| members.index_axis(Axis(1), 0).var_axis(Axis(0), 1.0).sum();
    assert_eq!(without.report.used, 0);
    assert!(spread(&with.members) < 0.9 * spread(&without.members));
}
