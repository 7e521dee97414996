//! Campaigns: parameters of any model from its runs (`reterra calibrate FILE`, `reterra sample FILE`).
//!
//! A model is an executable that reads `parameters.json` and writes `outputs.json` in a directory of its own (or the same in
//! NetCDF, [`Exchange`]), or the embedded [`land`] model. What is asked for by a calibration, or by calibrate-emulate-sample, is run once and kept:
//!
//! ```text
//! FILE ─► Settings ─► OUT/campaign.json        what must not change       settings.rs, written.rs, validate.rs, ledger.rs
//!             │
//! ask ─► OUT/runs/00017/parameters.json ─► the model ─► outputs.json ─► state.json        executable.rs, exchange.rs, store.rs
//!  ▲                                                                      │
//!  └───────────────────────────── tell ◄──────────────────────────────────┘               runs.rs, maker.rs
//! ```
//!
//! A run counts once its `state.json` is there, which is written last and at once. There is no other state: a campaign
//! that was killed begins anew, finds what it asks for among the runs, and so comes to the same bits. Ranks share the runs
//! of an ensemble (team.rs); emulators and chains are rank 0's.

mod calibrate;
mod exchange;
mod executable;
mod figures;
pub mod land;
mod ledger;
mod maker;
mod model;
mod observations;
mod results;
mod runs;
mod sample;
mod settings;
mod store;
mod team;
mod validate;
mod watchdog;
mod written;

use std::path::Path;

pub use calibrate::calibrate;
pub use model::{Found, Job, Model, Stop};
pub use results::{CalibrationResult, Estimate, SampleResult, SampledParameter};
pub use reterra_assimilation::calibration::Step;
pub use sample::sample;
pub use settings::{Exchange, Executable, ModelSettings, Observed, Settings};
pub use store::{RunState, Store};
pub use team::serve;

use reterra_parallel::Communicator;

use crate::WorkflowError;
use crate::config::decode::Source;
use crate::engine::{Interrupt, Progress, StageError};

/// What a campaign is told of the world around it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Whether the user asked to stop.
    pub interrupt: &'a Interrupt,
    /// Where progress goes.
    pub progress: &'a Progress,
    /// Ranks that share the runs; a campaign is [`calibrate()`]d or [`sample()`]d on rank 0 while the others [`serve`].
    pub ranks: &'a dyn Communicator,
}

/// Reads and validates the file of a campaign; `data` is where a land model's input is looked for first.
///
/// # Errors
/// [`WorkflowError`] for a file that can't be read and for everything in it that isn't accepted.
pub fn load(file: &Path, data: Option<&Path>) -> Result<Settings, WorkflowError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| WorkflowError::ReadWorkflow { file: file.to_owned(), source })?;
    parse(&text, file, data)
}

/// Validates the text of such a file; `file` names it in errors, and paths are relative to its folder.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, file: &Path, data: Option<&Path>) -> Result<Settings, WorkflowError> {
    let source = Source { file, text };
    let written = source.decode_kinds(&["model", "calibrate"])?;
    validate::Validator::new(source, data).settings(written)
}

/// For `map_err`: what of a workflow's stations can't be had.
pub(crate) fn stage_failed(
    action: &'static str,
    what: impl Into<std::path::PathBuf>,
) -> impl Fn(StageError) -> WorkflowError {
    let path = what.into();
    move |error| match error {
        StageError::Failed(source) => WorkflowError::Io { action, path: path.clone(), source },
        StageError::Interrupted => WorkflowError::CampaignInterrupted { directory: path.clone() },
    }
}
