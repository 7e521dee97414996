//! Runs stages in order, skips what is done, says what is stale, and survives being killed at any point.
//!
//! A stage is done when `<run dir>/<stage>/stage.json` names the stage's present key and every output has the checksum
//! written there. The key is the SHA-256 of the stage's name, the code's version, its part of the configuration, the
//! checksums of its input files and the keys of the stages before it that it names. `stage.json` is written last, so
//! a stage that was killed is simply not done, and runs again from its own checkpoints.

mod context;
mod execute;
mod interrupt;
mod key;
mod lock;
mod manifest;
mod progress;
mod run;
mod stage;
mod state;
mod threads;

use std::path::{Path, PathBuf};

pub use context::Context;
pub use execute::{Engine, OnStale, PlannedStage, Summary};
pub use interrupt::Interrupt;
pub use lock::running_process;
pub(crate) use lock::{Lock, has_lock};
pub use manifest::{Key, MANIFEST, Manifest};
pub use progress::Progress;
pub use run::{Request, Run, kind_of_run};
pub use stage::{Code, InputFile, Inputs, Stage, StageError, StageOutput};
pub use state::StageState;
pub use threads::set_threads;

/// Where stages keep checkpoints, in their own directories.
const CHECKPOINTS: &str = ".checkpoint";

/// Checkpoints carry the key in their path, so one of another configuration is never found.
fn checkpoint_directory(stage_directory: &Path, key: &str) -> PathBuf {
    stage_directory.join(CHECKPOINTS).join(key.get(..16).unwrap_or(key))
}

#[cfg(test)]
mod tests;
