//! The file of a twin experiment as its author wrote it: every key of the format, nothing checked but types.

use std::collections::BTreeMap;

use reterra_assimilation::inflation::belief::Distribution;
use reterra_assimilation::inflation::varying::{Form, VaryingOptions};
use serde::Deserialize;

use crate::config::Variable;
use crate::config::written::{WrittenDomain, WrittenForcing, WrittenParameter, WrittenPeriod};

/// What tells which format a file has: the kind of its model.
#[derive(Debug, Deserialize)]
pub(super) struct WrittenHead {
    pub model: WrittenModel,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTwin {
    pub version: u32,
    pub name: String,
    pub seeds: u64,
    pub cycles: usize,
    #[serde(default)]
    pub spin_up: usize,
    pub model: WrittenModel,
    pub observation: WrittenObservation,
    pub method: WrittenMethod,
    pub ensemble: Option<WrittenEnsemble>,
    pub inflation: Option<WrittenInflation>,
    pub localisation: WrittenLocalisation,
}

/// A twin experiment with the land model: stations, weather, months and priors are written as in workflow files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLandTwin {
    pub version: u32,
    pub name: String,
    pub seeds: u64,
    #[serde(default)]
    pub spin_up: usize,
    pub model: WrittenModel,
    pub domain: WrittenDomain,
    pub forcing: WrittenForcing,
    pub period: WrittenPeriod,
    pub parameters: Option<Vec<WrittenParameter>>,
    pub observation: BTreeMap<Variable, WrittenSensor>,
    pub method: WrittenMethod,
    pub smoother: Option<WrittenSmoother>,
    pub ensemble: WrittenEnsemble,
    pub inflation: Option<WrittenInflation>,
    pub localisation: WrittenLocalisation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSensor {
    pub months: Option<usize>,
    pub floor: f64,
    pub relative: f64,
    pub unit: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSmoother {
    pub passes: usize,
    pub share: f64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenSharing {
    #[default]
    Columns,
    Types,
}

/// Declares an enum of kinds whose variants hold their keys, and the kinds' names.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($kind:literal => $variant:ident { $($(#[$key:meta])* $field:ident: $type:ty),* $(,)? }),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) enum $name {
            $(#[serde(rename = $kind)] $variant { $($(#[$key])* $field: $type),* }),*
        }

        impl $name {
            /// The kind as it is written.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind),*
                }
            }
        }
    };
}

kinds! {
    /// Models with the keys of their own; what is left out has the value of the published experiments.
    WrittenModel {
        "lorenz-63" => Lorenz63 { step: Option<f64> },
        "lorenz-96" => Lorenz96 {
            variables: Option<usize>,
            forcing: Option<f64>,
            truth_forcing: Option<f64>,
            step: Option<f64>,
        },
        "lorenz-96-two-scale" => TwoScale { step: Option<f64> },
        "kuramoto-sivashinsky" => KuramotoSivashinsky {
            points: Option<usize>,
            length: Option<f64>,
            step: Option<f64>,
        },
        "linear-advection" => LinearAdvection {
            points: Option<usize>,
            courant: Option<f64>,
            waves: Option<usize>,
            amplitude: Option<f64>,
        },
        "land" => Land { member_cycles: Option<usize>, sharing: Option<WrittenSharing> },
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenObservation {
    pub every: usize,
    pub error_variance: f64,
    pub components: Option<Vec<usize>>,
    pub count: Option<usize>,
}

kinds! {
    WrittenMethod {
        "climatology" => Climatology {},
        "optimal-interpolation" => Interpolation {},
        "3d-var" => ThreeDVar { background: f64 },
        "enkf" => Enkf {},
        "denkf" => DEnkf {},
        "etkf" => Etkf {},
        "estkf" => Estkf {},
        "letkf" => Letkf {},
        "enkf-n" => EnkfN { certainty: Option<f64> },
        "lnetf" => Lnetf { error_scale: Option<f64> },
        "serial-eakf" => SerialEakf {},
        "rank-histogram" => RankHistogram {},
        "particle" => Particle { regularisation: f64, resample_below: f64 },
        "enks" => Enks { filter: Option<WrittenTransform>, lag: usize },
        "ienks" => Ienks { lag: usize, iterations: Option<usize> },
        "es-mda" => Mda { lag: usize, steps: usize },
        "4d-envar" => FourDEnVar { window: usize },
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenTransform {
    Enkf,
    Denkf,
    Etkf,
    Estkf,
    EnkfN,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEnsemble {
    pub members: usize,
    #[serde(default)]
    pub rotation: WrittenRotation,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WrittenRotation {
    #[default]
    None,
    Random,
}

kinds! {
    WrittenInflation {
        "none" => None {},
        "multiplicative" => Multiplicative { factor: f64 },
        "rtps" => Rtps { alpha: f64 },
        "rtpp" => Rtpp { alpha: f64 },
        "adaptive" => Adaptive {
            form: Option<Form>,
            distribution: Option<Distribution>,
            sd: Option<f64>,
            least_sd: Option<f64>,
            least: Option<f64>,
            largest: Option<f64>,
            damping: Option<f64>,
            decay: Option<f64>,
        },
    }
}

kinds! {
    WrittenLocalisation {
        "none" => None {},
        "domains" => Domains { radius: f64, batch: Option<usize> },
        "covariance" => Covariance { radius: f64 },
    }
}

impl WrittenInflation {
    /// The options of adaptive inflation, with what is left out as Anderson and Gharamti have it.
    pub fn varying(&self) -> Option<VaryingOptions> {
        let &Self::Adaptive { form, distribution, sd, least_sd, least, largest, damping, decay } = self
        else {
            return None;
        };
        let usual = VaryingOptions::default();
        let sd = sd.unwrap_or(usual.sd);
        Some(VaryingOptions {
            form: form.unwrap_or(usual.form),
            distribution: distribution.unwrap_or(usual.distribution),
            sd,
            least_sd: least_sd.unwrap_or(sd),
            least: least.unwrap_or(usual.least),
            largest: largest.unwrap_or(usual.largest),
            damping: damping.unwrap_or(usual.damping),
            decay: decay.unwrap_or(usual.decay),
        })
    }
}
