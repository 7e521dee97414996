//! Twin experiments from files: a truth made by a model, observations made from it, and a method scored against it
//! (`reterra twin FILE`).
//!
//! The file says model, observations, method, members, inflation and localisation; conventions and scores are those of
//! [`reterra_assimilation::twin`]. Unknown keys, kinds and values out of range are refused as in workflow files. The land
//! model has stations, weather and priors, so its files have those sections of workflow files too ([`land`]).

pub mod land;
mod method;
mod model;
mod outcome;
#[cfg(test)]
mod tests;
mod written;

use std::fmt::Display;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};

use reterra_assimilation::twin::{Experiment, Method, Summary};

use crate::WorkflowError;
use crate::config::FORMAT_VERSION;
use crate::config::decode::Source;
use land::{LandOutcome, LandTwin};
pub use outcome::{Mean, Outcome, Seed};
use serde::Serialize;
use written::{WrittenHead, WrittenLandTwin, WrittenModel, WrittenTwin};

/// What a file describes.
pub enum Described {
    /// A twin experiment with a model of one state.
    State(Box<Twin>),
    /// One with the land model at stations.
    Land(Box<LandTwin>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// Of a model of one state.
    State(Outcome),
    /// Of the land model.
    Land(Box<LandOutcome>),
}

impl Described {
    /// Runs the experiment; the same bits on any number of threads.
    ///
    /// # Errors
    /// An error of the method that is no divergence, stations that can't be read or run.
    pub fn run(&self) -> Result<Found, WorkflowError> {
        match self {
            Self::State(twin) => twin.run().map(Found::State),
            Self::Land(twin) => twin.run().map(|outcome| Found::Land(Box::new(outcome))),
        }
    }
}

/// A twin experiment that can be run.
pub struct Twin {
    /// Short name.
    pub name: String,
    /// The model's kind, as the file says it.
    pub model: &'static str,
    /// The method's kind, as the file says it.
    pub method: &'static str,
    /// Nature runs, of seeds 1 to this.
    pub seeds: u64,
    /// Cycles that count.
    pub cycles: usize,
    /// Cycles before those.
    pub spin_up: usize,
    file: PathBuf,
    experiment: Experiment,
    runs: Box<dyn Method>,
}

/// Sections that are kinds with keys of their own.
const KINDS: [&str; 4] = ["model", "method", "inflation", "localisation"];

/// Reads and validates the file of a twin experiment.
///
/// # Errors
/// [`WorkflowError`] for a file that can't be read and for everything in it that isn't accepted.
pub fn load(file: &Path) -> Result<Described, WorkflowError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| WorkflowError::ReadWorkflow { file: file.to_owned(), source })?;
    parse(&text, file)
}

/// Validates the text of such a file, which `file` names in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, file: &Path) -> Result<Described, WorkflowError> {
    let source = Source { file, text };
    let head: WrittenHead = source.decode_kinds(&KINDS[..1])?;
    if let WrittenModel::Land { .. } = head.model {
        let written: WrittenLandTwin = source.decode_kinds(&KINDS)?;
        return Ok(Described::Land(Box::new(land::land(source, &written)?)));
    }
    let written: WrittenTwin = source.decode_kinds(&KINDS)?;
    Ok(Described::State(Box::new(Validator { source }.twin(&written)?)))
}

impl Twin {
    /// Runs the method on every nature run, in parallel; the same bits on any number of threads.
    ///
    /// # Errors
    /// An error of the method that is no divergence.
    pub fn run(&self) -> Result<Outcome, WorkflowError> {
        let summary = Summary::of(self.runs.as_ref(), &self.experiment, self.seeds)
            .map_err(|e| WorkflowError::Twin { file: self.file.clone(), source: e.into() })?;
        Ok(Outcome::new(self, &summary))
    }
}

/// As written → validated.
struct Validator<'a> {
    source: Source<'a>,
}

type Checked<T> = Result<T, WorkflowError>;

impl Validator<'_> {
    fn twin(&self, w: &WrittenTwin) -> Checked<Twin> {
        let accepted = format!("{FORMAT_VERSION}, the format this reterra reads");
        self.require(w.version == FORMAT_VERSION, "version", &w.version, &accepted)?;
        self.range("seeds", w.seeds, 1..=10_000)?;
        self.range("cycles", w.cycles, 1..=10_000_000)?;
        self.range("spin_up", w.spin_up, 0..=10_000_000)?;
        Ok(Twin {
            name: w.name.clone(),
            model: w.model.name(),
            method: w.method.name(),
            seeds: w.seeds,
            cycles: w.cycles,
            spin_up: w.spin_up,
            file: self.source.file.to_owned(),
            experiment: self.experiment(w)?,
            runs: self.method(w)?,
        })
    }

    fn require(&self, good: bool, key: &str, value: &dyn Display, accepted: &str) -> Checked<()> {
        if good { Ok(()) } else { Err(self.source.invalid(key, value, accepted)) }
    }

    fn range<T: Display + PartialOrd + Copy>(
        &self,
        key: &str,
        value: T,
        range: impl RangeBounds<T> + std::fmt::Debug,
    ) -> Checked<()> {
        self.require(range.contains(&value), key, &value, &format!("{range:?}").replace("..=", " to "))
    }

    fn positive(&self, key: &str, value: f64) -> Checked<()> {
        self.require(value > 0.0 && value.is_finite(), key, &value, "a number above 0")
    }
}
