//! One station of the report: facts, mean seasonal cycles, monthly series.

use serde::{Deserialize, Serialize};

use super::{Month, Skill, Variable, Vegetation};

/// Twelve values, January to December, in the variable's code units; `None` where there is none.
pub type Monthly = [Option<f64>; 12];

/// A station and what was observed and modelled there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Unique code, such as `FI-Hyy`.
    pub code: String,
    /// Name in plain words; may be empty.
    pub name: String,
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Longitude, degrees east.
    pub longitude: f64,
    /// Height above sea level, m.
    pub elevation: Option<f64>,
    /// Vegetation type, which colours the station.
    pub vegetation: Vegetation,
    /// Soil in a few words, such as `sandy loam, 62 % sand, 11 % clay`; may be empty.
    pub soil: String,
    /// Pools at the end of the period.
    pub pools: Pools,
    /// Mean seasonal cycles, one per variable.
    pub seasonal: Vec<Seasonal>,
    /// Monthly series over the period, one per variable; empty for a run on climate normals.
    pub series: Vec<Series>,
    /// Scores at this station alone; may be empty.
    pub skill: Vec<Skill>,
    /// Why the station has no result, if it has none.
    pub failure: Option<String>,
}

/// Pools of a station's ecosystem, ensemble mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Pools {
    /// Vegetation carbon, gC m⁻².
    pub vegetation_carbon: Option<f64>,
    /// Litter, woody debris and soil carbon, gC m⁻².
    pub soil_carbon: Option<f64>,
    /// Vegetation nitrogen, gN m⁻².
    pub vegetation_nitrogen: Option<f64>,
    /// Organic soil nitrogen, gN m⁻².
    pub soil_nitrogen: Option<f64>,
    /// Mineral nitrogen, gN m⁻².
    pub mineral_nitrogen: Option<f64>,
    /// Observed above-ground biomass carbon, gC m⁻².
    pub observed_biomass: Option<f64>,
}

/// Mean seasonal cycle of a variable, code units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seasonal {
    /// The variable.
    pub variable: Variable,
    /// Mean of the observations that calibration and assimilation saw.
    pub observed_train: Monthly,
    /// Mean of the withheld observations.
    pub observed_withheld: Monthly,
    /// Ensemble mean of the prior run; all `None` where it was not kept.
    pub prior: Monthly,
    /// Ensemble mean of the final run.
    pub mean: Monthly,
    /// 5 % quantile of the final run.
    pub lower: Monthly,
    /// 95 % quantile of the final run.
    pub upper: Monthly,
}

impl Seasonal {
    /// A cycle with no values.
    #[must_use]
    pub fn empty(variable: Variable) -> Self {
        let none = [None; 12];
        Self {
            variable,
            observed_train: none,
            observed_withheld: none,
            prior: none,
            mean: none,
            lower: none,
            upper: none,
        }
    }
}

/// Monthly series of a variable, code units. All lists have the same length, one entry per month from `start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The variable.
    pub variable: Variable,
    /// Month of the first entry.
    pub start: Month,
    /// Observations that calibration and assimilation saw.
    pub observed_train: Vec<Option<f64>>,
    /// Withheld observations.
    pub observed_withheld: Vec<Option<f64>>,
    /// Ensemble mean of the final run.
    pub mean: Vec<Option<f64>>,
    /// 5 % quantile of the final run.
    pub lower: Vec<Option<f64>>,
    /// 95 % quantile of the final run.
    pub upper: Vec<Option<f64>>,
}
