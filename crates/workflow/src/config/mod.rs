//! The workflow file: TOML → as written → validated [`Workflow`].
//!
//! One format serves every workflow. Unknown keys, wrong types, values out of range and unknown names are errors that
//! name file, line, key and what is accepted. Relative input paths are tried against `--data DIR`, then the workflow
//! file's directory, then its parent.

mod decode;
mod paths;
mod validate;
mod values;
mod variable;
mod written;

use std::path::Path;

pub use values::{
    Assimilate, Calibrate, Domain, ErrorModel, Forcing, ForcingSource, InflationChoice, InputPath, Mode,
    Observations, Parameter, Period, Product, Spinup, SpinupMethod, Validation, Workflow,
};
pub use variable::Variable;

use crate::WorkflowError;

/// The version of the workflow format that this code reads.
pub const FORMAT_VERSION: u32 = 1;

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
    let written = source.decode()?;
    let bases = paths::Bases::new(file, overrides.data);
    let mut workflow = validate::Validator { source, bases, known_parameters }.workflow(written)?;
    workflow.seed = overrides.seed.unwrap_or(workflow.seed);
    Ok(workflow)
}

#[cfg(test)]
mod tests;
