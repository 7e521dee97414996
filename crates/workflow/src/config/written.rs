//! The workflow file as its author wrote it: every key of the format, nothing checked but types.
//!
//! An unknown key anywhere is refused by serde; [`super::decode`] turns that refusal into an error with line and
//! nearest key. Keys left out stay `None` here, defaults are filled in by [`super::validate`].

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenWorkflow {
    pub version: u32,
    pub name: String,
    pub title: Option<String>,
    pub seed: Option<u64>,
    pub domain: WrittenDomain,
    pub forcing: WrittenForcing,
    pub period: WrittenPeriod,
    #[serde(default)]
    pub spinup: WrittenSpinup,
    pub observations: WrittenObservations,
    #[serde(default)]
    pub parameters: Vec<WrittenParameter>,
    #[serde(default)]
    pub station_parameters: Vec<WrittenParameter>,
    #[serde(default)]
    pub calibrate: WrittenCalibrate,
    #[serde(default)]
    pub assimilate: WrittenAssimilate,
    #[serde(default)]
    pub validation: WrittenValidation,
    #[serde(default)]
    pub product: WrittenProduct,
    #[serde(default)]
    pub output: WrittenOutput,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenDomain {
    pub kind: Option<WrittenDomainKind>,
    pub stations: String,
    pub include: Option<Vec<String>>,
    #[serde(default)]
    pub exclude: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WrittenDomainKind {
    Stations,
    Grid,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WrittenForcingKind {
    Normals,
    Monthly,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenForcing {
    pub kind: WrittenForcingKind,
    pub file: Option<String>,
    pub directory: Option<String>,
    pub cycle_years: Option<u32>,
    pub co2_ppm: Option<f64>,
    pub nitrogen_deposition: Option<f64>,
    pub scenario: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenPeriod {
    pub start: String,
    pub end: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSpinup {
    pub method: Option<super::SpinupMethod>,
    pub max_cycles: Option<u32>,
    pub drift_limit: Option<f64>,
    pub member_cycles: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenObservations {
    #[serde(rename = "use")]
    pub variables: Vec<super::Variable>,
    #[serde(default)]
    pub evaluate: Vec<super::Variable>,
    pub effective_months: Option<f64>,
    #[serde(default)]
    pub error: BTreeMap<super::Variable, WrittenError>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenError {
    pub floor: f64,
    pub relative: f64,
    pub unit: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenParameter {
    pub name: String,
    #[serde(default)]
    pub mode: super::Mode,
    pub mean: Option<f64>,
    pub sd: f64,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCalibrate {
    pub members: Option<usize>,
    pub max_iterations: Option<usize>,
    pub step_scale: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAssimilate {
    pub members: Option<usize>,
    pub smoother_share: Option<f64>,
    pub lag_months: Option<usize>,
    pub station_spread: Option<f64>,
    pub inflation: Option<toml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenValidation {
    pub folds: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenProduct {
    pub members: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOutput {
    pub directory: Option<String>,
}
