//! Work whose panic is its own affair.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static ATTEMPTS: Cell<usize> = const { Cell::new(0) };
}

/// Runs work whose panic is this rank's own affair, such as one member of an ensemble: it doesn't end a job of MPI, as
/// any other panic does.
///
/// # Errors
/// What the work panicked with.
pub fn attempt<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    ATTEMPTS.with(|depth| depth.set(depth.get() + 1));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    ATTEMPTS.with(|depth| depth.set(depth.get() - 1));
    outcome
}

/// Whether this thread is in such work.
#[cfg_attr(not(feature = "mpi"), allow(dead_code))]
pub(crate) fn attempting() -> bool {
    ATTEMPTS.with(Cell::get) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_forgotten() {
        assert!(attempt(|| panic!("asked for and caught")).is_err());
        assert!(!attempting());
        assert!(attempt(attempting).is_ok_and(|within| within));
    }
}
