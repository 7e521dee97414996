//! Where things are: the workspace, what it writes, the shared test data.

use std::path::{Path, PathBuf};

use crate::ValidationError;

/// The environment variable that names the folder of shared test data.
pub const TEST_DATA: &str = "RETERRA_TEST_DATA";
/// Set, it turns a test that would skip for want of data into a failure.
pub const REQUIRE_TEST_DATA: &str = "RETERRA_REQUIRE_TEST_DATA";

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// A shipped workflow.
#[must_use]
pub fn workflow(name: &str) -> PathBuf {
    workspace().join("workflows").join(name)
}

/// Where records and long runs go.
#[must_use]
pub fn validation() -> PathBuf {
    workspace().join("out").join("validation")
}

/// The folder of shared test data, whether it exists or not.
#[must_use]
pub fn test_data() -> PathBuf {
    std::env::var_os(TEST_DATA).map_or_else(|| workspace().join("../shared/data"), PathBuf::from)
}

/// A file or folder below the shared test data.
///
/// # Errors
/// [`ValidationError::NoData`] where it doesn't exist.
pub fn shared(relative: &str) -> Result<PathBuf, ValidationError> {
    let path = test_data().join(relative);
    if path.exists() { Ok(path) } else { Err(ValidationError::NoData { path }) }
}

/// For a test: the same, or `None` after a line that says that the test skips.
///
/// # Panics
/// Where the data are required and not there.
#[must_use]
pub fn shared_or_skip(relative: &str) -> Option<PathBuf> {
    match shared(relative) {
        Ok(path) => Some(path),
        Err(e) => {
            assert!(std::env::var_os(REQUIRE_TEST_DATA).is_none_or(|v| v != "1"), "{e}");
            println!("skipped: {e}");
            None
        }
    }
}
