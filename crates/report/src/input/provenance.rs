//! Where a result comes from.

use serde::{Deserialize, Serialize};

/// What somebody needs to repeat the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// Source revision; empty if unknown.
    pub revision: String,
    /// Command line as it was given.
    pub command: String,
    /// Seed of all random streams.
    pub seed: u64,
    /// The workflow file's text, verbatim.
    pub configuration: String,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// Attribution and licence of the data, one entry per source.
    pub attributions: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Path as the configuration gives it.
    pub path: String,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Size, bytes.
    pub bytes: u64,
}
