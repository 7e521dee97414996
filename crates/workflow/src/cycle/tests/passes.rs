//! A smoother that is stopped between two of its passes.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use reterra_parallel::Alone;

use super::pools::{COLUMNS, Fault, Pools, Stopping};
use super::{MEMBERS, observations, options, run};
use crate::cycle::{CycleError, Cycles, Options, Sharing, Smoother};

const PASSES: usize = 3;
/// Members started for every pass, and before the first.
const STARTS: usize = MEMBERS * COLUMNS;

fn stopping(starts_left: usize) -> Stopping {
    Stopping { pools: Pools { fault: Fault::None }, starts_left: AtomicUsize::new(starts_left) }
}

#[test]
fn a_smoother_goes_on_after_its_last_complete_pass_to_the_same_bits() {
    for sharing in [Sharing::Columns, Sharing::Types] {
        let smoother = Some(Smoother { passes: PASSES, share: 0.7 });
        let through =
            run(&Pools { fault: Fault::None }, &Options { sharing, smoother, ..options(None) }, 1).unwrap();
        for done in 0..PASSES {
            let folder = tempfile::tempdir().unwrap();
            let options = Options { sharing, smoother, ..options(Some(folder.path())) };
            // Members start once before the first pass and once after each: the last ones that may are those after `done`.
            let stopped =
                Cycles::new(&stopping((done + 1) * STARTS), &options, &observations(), &Alone).err();
            assert!(matches!(stopped, Some(CycleError::TooFewMembers { .. })), "{done}");
            let complete = folder.path().join(format!("pass-{done:06}")).join("complete.json");
            assert_eq!(complete.exists(), done > 0);
            // It must not start more members than the passes that are left need.
            let rest = stopping((PASSES - done) * STARTS + if done == 0 { STARTS } else { 0 });
            let observations = observations();
            let mut cycles = Cycles::new(&rest, &options, &observations, &Alone).unwrap();
            assert_eq!(rest.starts_left.load(Relaxed), 0, "passes that were done are not repeated");
            cycles.run().unwrap();
            let members: Vec<_> = cycles.members().iter().map(|member| member.stored.clone()).collect();
            assert_eq!((&members, cycles.report()), (&through.0, &through.1), "{sharing:?}, {done} passes");
        }
    }
}

#[test]
fn passes_count_for_less_than_months_when_checkpoints_are_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let smoother = Some(Smoother { passes: 12, share: 0.7 });
    let options = Options { smoother, months: 2, ..options(Some(folder.path())) };
    run(&Pools { fault: Fault::None }, &options, 2).unwrap();
    let mut left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["month-000001", "month-000002"]);
}
