//! The size of the thread pool.

use crate::WorkflowError;

/// Sets the number of threads of the whole process, once. Results don't depend on it.
///
/// # Errors
/// [`WorkflowError::Setup`] where the pool exists already or threads can't be started.
pub fn set_threads(threads: usize) -> Result<(), WorkflowError> {
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    built.map_err(|e| WorkflowError::Setup { what: "the thread pool", source: Box::new(e) })
}
