//! A gridded run as its author wrote it.

use serde::Deserialize;

use super::SurfaceSource;
use crate::config::written::{WrittenDomainKind, WrittenOutput, WrittenPeriod};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenGridWorkflow {
    pub version: u32,
    pub name: String,
    pub title: Option<String>,
    pub seed: Option<u64>,
    pub domain: WrittenGridDomain,
    #[serde(default)]
    pub forcing: WrittenGridForcing,
    pub period: WrittenPeriod,
    #[serde(default)]
    pub spinup: WrittenGridSpinup,
    pub product: WrittenGridProduct,
    #[serde(default)]
    pub output: WrittenOutput,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenGridDomain {
    #[allow(dead_code, reason = "it has chosen this format; here it may not be anything else")]
    pub kind: WrittenDomainKind,
    #[serde(default)]
    pub source: SurfaceSource,
    pub resolution: f64,
    pub region: Option<WrittenRegion>,
    pub tile: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenRegion {
    pub south: f64,
    pub north: f64,
    pub west: f64,
    pub east: f64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum WrittenGridForcingKind {
    #[default]
    Synthetic,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenGridForcing {
    #[serde(default)]
    #[allow(dead_code, reason = "there is one kind so far, and it is checked to be that")]
    pub kind: WrittenGridForcingKind,
    pub cycle_years: Option<u32>,
    pub co2_ppm: Option<f64>,
    pub scenario: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenGridSpinup {
    pub method: Option<crate::config::SpinupMethod>,
    pub max_cycles: Option<u32>,
    pub drift_limit: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct WrittenGridProduct {
    pub variables: Vec<String>,
    pub compression: Option<u8>,
}
