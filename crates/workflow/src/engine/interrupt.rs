//! Ctrl-C: the first asks the running stage to stop at its next checkpoint, the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::WorkflowError;

/// Exit code after Ctrl-C, as shells have it.
const EXIT_INTERRUPTED: i32 = 130;

/// Whether the user asked to stop. Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    requested: Arc<AtomicBool>,
}

impl Interrupt {
    /// One that only [`Interrupt::request`] sets.
    #[must_use]
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// One that SIGINT, SIGTERM and SIGHUP set; a second signal exits at once with code 130.
    ///
    /// # Errors
    /// [`WorkflowError::Setup`] where the process has such a handler already.
    pub fn install() -> Result<Interrupt, WorkflowError> {
        let interrupt = Interrupt::new();
        let shared = interrupt.clone();
        let handler = move || {
            if shared.requested.swap(true, Ordering::SeqCst) {
                std::process::exit(EXIT_INTERRUPTED);
            }
            eprintln!("stopping at the next checkpoint; Ctrl-C again stops at once");
        };
        ctrlc::set_handler(handler)
            .map_err(|e| WorkflowError::Setup { what: "the Ctrl-C handler", source: Box::new(e) })?;
        Ok(interrupt)
    }

    /// Asks to stop.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}
