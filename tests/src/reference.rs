//! Other people's emulators, run beside ours by a Python that has them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::time::{ClockId, clock_gettime};
use serde::de::DeserializeOwned;

use crate::program::collect;
use crate::{ValidationError, places};

/// The environment variable that names the Python.
const PYTHON: &str = "RETERRA_PYTHON";

/// `RETERRA_PYTHON`, or what `make reference` made, or the system's.
fn python() -> PathBuf {
    let made = places::workspace().join("out/python/bin/python3");
    let usual = || if made.exists() { made } else { PathBuf::from("python3") };
    std::env::var_os(PYTHON).map_or_else(usual, PathBuf::from)
}

/// Runs a job of `tests/scripts/reference_emulators.py`; what it says.
///
/// # Errors
/// [`ValidationError::Reference`] where Python or a package is missing, [`ValidationError::Command`] where it fails.
pub fn run(job: &str, arguments: &[&Path]) -> Result<String, ValidationError> {
    let script = places::workspace().join("tests/scripts/reference_emulators.py");
    let arguments = arguments.iter().map(|argument| argument.as_os_str());
    let words = [script.as_os_str(), OsStr::new(job)].into_iter().chain(arguments);
    let mut command = Command::new(python());
    let said = collect(command.args(words)).map_err(|error| match error {
        ValidationError::File { source, path, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ValidationError::Reference { missing: path.to_string_lossy().into_owned() }
        }
        other => other,
    })?;
    if said.code == Some(3) {
        return Err(ValidationError::Reference { missing: said.err.trim().to_owned() });
    }
    Ok(said.success()?.out)
}

/// The same, with an answer in JSON.
///
/// # Errors
/// As [`run`], and [`ValidationError::Json`].
pub fn answer<T: DeserializeOwned>(job: &str, folder: &Path) -> Result<T, ValidationError> {
    let text = run(job, &[folder])?;
    serde_json::from_str(&text).map_err(|source| ValidationError::Json { path: folder.to_owned(), source })
}

/// Processor seconds of this process so far, all threads together.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
