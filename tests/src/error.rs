//! What keeps a figure from being measured.

use std::path::{Path, PathBuf};

use reterra_assimilation::AssimilationError;
use reterra_emulators::EmulatorError;
use reterra_io::IoError;
use reterra_land::error::LandError;
use reterra_land::spinup::SpinupError;
use reterra_workflow::WorkflowError;
use reterra_workflow::cycle::CycleError;
use reterra_workflow::engine::StageError;
use serde::de::DeserializeOwned;

/// Any reason for which a figure can't be measured. None of them is a pass.
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// JSON that isn't what was expected.
    #[error("{} is not what was expected: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A NetCDF file that can't be read.
    #[error("cannot read {}: {source}", path.display())]
    NetCdf {
        /// The file.
        path: PathBuf,
        /// Why.
        source: netcdf::Error,
    },
    /// Shared test data that isn't there.
    #[error(
        "{} is missing; set RETERRA_TEST_DATA to the folder that holds the shared test data",
        path.display()
    )]
    NoData {
        /// What was looked for.
        path: PathBuf,
    },
    /// A command ended with the wrong exit code.
    #[error("`{command}` ended with {}:\n{err}", code.map_or("a signal".to_owned(), |c| format!("exit code {c}")))]
    Command {
        /// The command line.
        command: String,
        /// Its exit code, none after a signal.
        code: Option<i32>,
        /// Its standard error.
        err: String,
    },
    /// Something that the figure is made from isn't in the results.
    #[error("{what} is not in {}", path.display())]
    Absent {
        /// What is missing.
        what: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A stage that was always done before the signal reached it.
    #[error(
        "stage `{stage}` was done before it could be killed, {attempts} times; its results prove nothing"
    )]
    TooQuick {
        /// The stage.
        stage: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// Python, or a package of it, that checks the product isn't there.
    #[error("{missing} is missing; install it with `pip install xarray netCDF4 compliance-checker`")]
    Checker {
        /// The program or package.
        missing: String,
    },
    /// Python, or a package of it, that ours is compared with isn't there.
    #[error(
        "{missing} is missing; `make reference` installs what ours is compared with, or name a Python that has it in RETERRA_PYTHON"
    )]
    Reference {
        /// The program or package.
        missing: String,
    },
    /// An error of an emulator.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// An error of the workflow.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// An error of the inversion.
    #[error(transparent)]
    Assimilation(#[from] AssimilationError),
    /// An error of the cycles.
    #[error(transparent)]
    Cycles(Box<CycleError>),
    /// A data file that can't be read.
    #[error(transparent)]
    Data(Box<IoError>),
    /// A recorded cycle that can't be solved for its equilibrium.
    #[error(transparent)]
    Equilibrium(#[from] SpinupError),
    /// An error of the land model.
    #[error("station {station}: {source}")]
    Land {
        /// The station.
        station: String,
        /// Why.
        source: LandError,
    },
    /// A station's case can't be made.
    #[error("{reason}")]
    Cases {
        /// Why.
        reason: String,
    },
}

impl From<CycleError> for ValidationError {
    fn from(source: CycleError) -> ValidationError {
        ValidationError::Cycles(Box::new(source))
    }
}

impl From<IoError> for ValidationError {
    fn from(source: IoError) -> ValidationError {
        ValidationError::Data(Box::new(source))
    }
}

/// For `map_err`: a case that can't be made or run.
#[must_use]
pub fn cases(error: StageError) -> ValidationError {
    let reason = match error {
        StageError::Failed(e) => e.to_string(),
        StageError::Interrupted => "interrupted".to_owned(),
    };
    ValidationError::Cases { reason }
}

impl ValidationError {
    /// For `map_err`: a refusal of the operating system.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ValidationError {
        let path = path.to_owned();
        move |source| ValidationError::File { action, path, source }
    }
}

/// Reads JSON from a file.
///
/// # Errors
/// [`ValidationError::File`] and [`ValidationError::Json`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ValidationError> {
    let text = std::fs::read_to_string(path).map_err(ValidationError::file("read", path))?;
    serde_json::from_str(&text).map_err(|source| ValidationError::Json { path: path.to_owned(), source })
}
