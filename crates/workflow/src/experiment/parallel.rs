//! Runs tasks on all threads with progress, and stops them on Ctrl-C.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use reterra_assimilation::MemberFailure;

use crate::engine::{Context, StageError};

/// Results of `work` for 0 … `count`, in order, whatever the number of threads. A panic is a failure of its task.
///
/// # Errors
/// [`StageError::Interrupted`] after Ctrl-C; tasks not begun are left out.
pub fn run_tasks<T: Send, W: Sync>(
    context: &Context<'_, W>,
    message: &str,
    count: usize,
    work: impl Fn(usize) -> Result<T, MemberFailure> + Sync,
) -> Result<Vec<Result<T, MemberFailure>>, StageError> {
    let done = AtomicU64::new(0);
    let results = (0..count)
        .into_par_iter()
        .map(|task| {
            if context.interrupted() {
                return Err(MemberFailure::new("interrupted"));
            }
            let result = catch_unwind(AssertUnwindSafe(|| work(task)))
                .unwrap_or_else(|_| Err(MemberFailure::new("the model stopped by a panic")));
            context.progress(message, done.fetch_add(1, Ordering::Relaxed) + 1, count as u64);
            result
        })
        .collect();
    context.check_interrupt()?;
    Ok(results)
}
