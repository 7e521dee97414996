//! A campaign's validated settings.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use reterra_assimilation::calibration::{Method, Problem};
use reterra_assimilation::ces::CesOptions;
use serde::{Deserialize, Serialize};

use super::land::LandSettings;

/// A campaign that can be run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Short name.
    pub name: String,
    /// Where it writes, relative to the current directory.
    pub directory: PathBuf,
    /// What is run.
    pub model: ModelSettings,
    /// Priors, observations and the covariance of their errors.
    pub problem: Problem,
    /// Which values of which output the observations are, in their order.
    pub observed: Vec<Observed>,
    /// What places runs.
    pub method: Method,
    /// Its members.
    pub members: usize,
    /// Emulators, chains and their checks.
    pub ces: CesOptions,
    /// Runs side by side; one for each thread where it isn't given.
    pub at_once: Option<NonZeroUsize>,
    /// Runs of the whole campaign that may fail.
    pub tolerated_failures: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// An output that is observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Its name.
    pub name: String,
    /// Its number of values.
    pub values: usize,
}

/// What is run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelSettings {
    /// A program.
    Executable(Executable),
    /// The embedded land model at the stations of a class.
    Land(Box<LandSettings>),
}

/// A program that reads parameters and writes outputs in its working directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Executable {
    /// Program and arguments as they are written; `{here}` is the folder of the campaign's file.
    pub written: Vec<String>,
    /// The same with that folder.
    #[serde(skip)]
    pub command: Vec<String>,
    /// SHA-256 of the files among them.
    pub files: BTreeMap<String, String>,
    /// Longest time of a run, s.
    pub time_limit: Option<f64>,
    /// Format of the files between it and us.
    #[serde(default, skip_serializing_if = "Exchange::is_usual")]
    pub exchange: Exchange,
}

/// Format of the files in which a program finds parameters and leaves outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exchange {
    /// `parameters.json` and `outputs.json`.
    #[default]
    #[serde(rename = "json")]
    Json,
    /// `parameters.nc` and `outputs.nc`.
    #[serde(rename = "netcdf")]
    NetCdf,
}

impl Exchange {
    /// Whether it is the one that needn't be named, and that campaigns had before there was another.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_usual(&self) -> bool {
        *self == Exchange::default()
    }
}
