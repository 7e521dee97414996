//! The file of a campaign as its author wrote it: every key of the format, nothing checked but types.

use reterra_assimilation::calibration::{EksOptions, GnkiOptions, IesOptions, TekiOptions, UkiOptions};
use reterra_assimilation::ces::{Discrepancy, EmulatorOptions, Limits};
use reterra_assimilation::sampling::Gate;
use reterra_land::plant::pft::VegetationClass;
use serde::Deserialize;

use super::settings::Exchange;
use crate::config::Mode;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCampaign {
    pub version: u32,
    pub name: String,
    pub seed: Option<u64>,
    pub model: WrittenModel,
    #[serde(default)]
    pub parameters: Vec<WrittenParameter>,
    pub observations: Option<WrittenObservations>,
    pub calibrate: Option<WrittenCalibrate>,
    #[serde(default)]
    pub sample: WrittenSample,
    #[serde(default)]
    pub runs: WrittenRuns,
    #[serde(default)]
    pub output: WrittenOutput,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum WrittenModel {
    #[serde(rename = "executable")]
    Executable { command: Vec<String>, time_limit_s: Option<f64>, exchange: Option<Exchange> },
    #[serde(rename = "land")]
    Land {
        workflow: String,
        class: VegetationClass,
        only: Option<Vec<String>>,
        structural_error: Option<f64>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenParameter {
    pub name: String,
    pub mode: Option<Mode>,
    pub prior: WrittenPrior,
    pub mean: Option<f64>,
    pub sd: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenPrior {
    Normal,
    LogNormal,
    Uniform,
    LogitNormal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenObservations {
    pub table: Option<String>,
    pub covariance: Option<String>,
    #[serde(default)]
    pub outputs: Vec<WrittenOutputValues>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOutputValues {
    pub name: String,
    pub values: OneOrMany,
    pub sd: Option<OneOrMany>,
}

/// A number, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(f64),
    Many(Vec<f64>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum WrittenCalibrate {
    #[serde(rename = "etki")]
    Etki(WrittenTempering),
    #[serde(rename = "eki")]
    Eki(WrittenTempering),
    #[serde(rename = "teki")]
    Teki(TekiOptions),
    #[serde(rename = "uki")]
    Uki(UkiOptions),
    #[serde(rename = "eks")]
    Eks(EksOptions),
    #[serde(rename = "gnki")]
    Gnki(GnkiOptions),
    #[serde(rename = "ies")]
    Ies(IesOptions),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTempering {
    pub max_iterations: Option<u32>,
    pub min_members: Option<usize>,
    pub step_scale: Option<f64>,
    pub fixed_steps: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSample {
    pub sampler: Option<WrittenSampler>,
    pub temperatures: Option<usize>,
    pub chains: Option<usize>,
    pub warm_up: Option<usize>,
    pub draws: Option<usize>,
    pub held_out: Option<usize>,
    pub rounds: Option<u32>,
    pub discrepancy: Option<Discrepancy>,
    pub emulators: Option<EmulatorOptions>,
    pub gate: Option<Gate>,
    pub limits: Option<Limits>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenSampler {
    Surrogate,
    Nuts,
    Metropolis,
    CrankNicolson,
    Elliptical,
    Tempering,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRuns {
    pub members: Option<usize>,
    pub at_once: Option<usize>,
    pub tolerated_failures: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOutput {
    pub directory: Option<String>,
}
