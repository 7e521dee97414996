//! The workflow file: TOML → as written → validated [`Workflow`].
//!
//! One format serves every workflow. Unknown keys, wrong types, values out of range and unknown names are errors that
//! name file, line, key and what is accepted. Relative input paths are tried against `--data DIR`, then the workflow
//! file's directory, then its parent.

pub(crate) mod decode;
pub mod grid;
pub(crate) mod paths;
mod units;
pub(crate) mod validate;
mod values;
pub(crate) mod written;

use std::path::{Path, PathBuf};

pub use reterra_assimilation::observation::{ErrorModel, Variable};
pub use values::{
    Assimilate, Calibrate, Domain, Forcing, ForcingSource, InflationChoice, InputPath, Mode, Observations,
    Parameter, Period, Product, ScenarioInput, Spinup, SpinupMethod, Validation, Workflow,
};

use crate::WorkflowError;
use serde::Serialize;

/// The version of the workflow format that this code reads.
pub const FORMAT_VERSION: u32 = 1;

/// What a workflow file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A reanalysis of stations ([`Workflow`]).
    Stations,
    /// A gridded run ([`grid::GridWorkflow`]): `[domain]` says `kind = "grid"`.
    Grid,
}

impl Kind {
    /// The kind of a workflow file's text; stations where the text doesn't say, or isn't TOML.
    #[must_use]
    pub fn of(text: &str) -> Kind {
        let table: toml::Table = text.parse().unwrap_or_default();
        let kind = table.get("domain").and_then(|domain| domain.get("kind"));
        if kind.and_then(toml::Value::as_str) == Some("grid") { Kind::Grid } else { Kind::Stations }
    }
}

/// A kind of workflow file that the engine can run.
pub trait Document: Serialize + Sync + Sized {
    /// Validates the text of a workflow file.
    ///
    /// # Errors
    /// As [`load`].
    fn parse(
        text: &str,
        file: &Path,
        overrides: Overrides<'_>,
        known_parameters: &[&str],
    ) -> Result<Self, WorkflowError>;

    /// Short name.
    fn name(&self) -> &str;

    /// The run directory, relative to the current one.
    fn output_directory(&self) -> PathBuf;
}

impl Document for Workflow {
    fn parse(
        text: &str,
        file: &Path,
        overrides: Overrides<'_>,
        known_parameters: &[&str],
    ) -> Result<Self, WorkflowError> {
        parse(text, file, overrides, known_parameters)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn output_directory(&self) -> PathBuf {
        Workflow::output_directory(self)
    }
}

/// What the command line adds to a workflow file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides<'a> {
    /// `--data DIR`: where relative input paths are looked for first.
    pub data: Option<&'a Path>,
    /// `--seed S`, instead of the file's.
    pub seed: Option<u64>,
}

/// Reads and validates a workflow file.
///
/// `known_parameters` are the parameter names that the model has.
///
/// # Errors
/// [`WorkflowError`] for a file that can't be read and for everything in it that isn't accepted.
pub fn load(
    file: &Path,
    overrides: Overrides<'_>,
    known_parameters: &[&str],
) -> Result<Workflow, WorkflowError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| WorkflowError::ReadWorkflow { file: file.to_owned(), source })?;
    parse(&text, file, overrides, known_parameters)
}

/// Validates the text of a workflow file; `file` names it in errors, and its directory is a base of relative paths.
///
/// # Errors
/// As [`load`].
pub fn parse(
    text: &str,
    file: &Path,
    overrides: Overrides<'_>,
    known_parameters: &[&str],
) -> Result<Workflow, WorkflowError> {
    let source = decode::Source { file, text };
    let written: written::WrittenWorkflow = source.decode()?;
    let bases = paths::Bases::new(file, overrides.data);
    let mut workflow = validate::Validator { source, bases, known_parameters }.workflow(written)?;
    workflow.seed = overrides.seed.unwrap_or(workflow.seed);
    Ok(workflow)
}

#[cfg(test)]
mod tests;
