//! What does not change while a column runs.

use serde::{Deserialize, Serialize};

use crate::constants::{DAY, STANDARD_PRESSURE};
use crate::energy::solar::SolarTable;
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::soil::grid::{LAYERS, layers_above};
use crate::soil::{SoilColumn, root_profile, surface_litter_profile};
use crate::water::evapotranspiration::aerodynamic_conductance;
use crate::water::hydraulics::Hydraulics;

/// Density of soil minerals, kg m⁻³.
const MINERAL_DENSITY: f64 = 2_700.0;

/// A place: where it is, what grows there and on what soil.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Elevation, m.
    pub elevation: f64,
    /// Plant functional type.
    pub pft: Pft,
    /// Sand, percent by mass.
    pub sand: f64,
    /// Clay, percent by mass.
    pub clay: f64,
    /// Depth to bedrock, m.
    pub soil_depth: f64,
    /// Nitrogen deposition, gN m⁻² yr⁻¹.
    pub nitrogen_deposition: f64,
}

/// A site with its parameters, and all that follows from them alone.
#[derive(Clone, Debug)]
pub struct Column {
    /// The place.
    pub site: Site,
    /// Its parameters.
    pub parameters: Parameters,
    /// The sun over it.
    pub solar: std::sync::Arc<SolarTable>,
    /// Hydraulic and thermal properties.
    pub hydraulics: Hydraulics,
    /// Soil of the biogeochemistry.
    pub soil: SoilColumn,
    /// Air pressure, Pa.
    pub pressure: f64,
    /// Aerodynamic conductance, m s⁻¹.
    pub aerodynamic: f64,
    /// Nitrogen deposition, gN m⁻² d⁻¹.
    pub deposition: f64,
}

impl Column {
    /// Works out a column. `solar` is shared between the members of a site.
    #[must_use]
    pub fn new(site: Site, parameters: Parameters, solar: std::sync::Arc<SolarTable>) -> Self {
        let layers = layers_above(site.soil_depth);
        let hydraulics = Hydraulics::from_texture(
            site.sand,
            site.clay,
            layers,
            parameters.watsat_scale,
            parameters.hksat_scale,
        );
        let soil = SoilColumn {
            sand: site.sand,
            clay: site.clay,
            active_layers: layers,
            bulk_density: [(1.0 - hydraulics.porosity) * MINERAL_DENSITY; LAYERS],
            porosity: [hydraulics.porosity; LAYERS],
            root_fraction: root_profile(parameters.rootprof_beta, layers),
            litter_profile: surface_litter_profile(layers),
        };
        Self {
            pressure: STANDARD_PRESSURE * (1.0 - 2.255_77e-5 * site.elevation).powf(5.255_88),
            aerodynamic: aerodynamic_conductance(site.pft.canopy_height()),
            deposition: site.nitrogen_deposition / crate::constants::YEAR_DAYS,
            site,
            parameters,
            solar,
            hydraulics,
            soil,
        }
    }

    /// Multiplier exp(Σ aₖ hₖ) of four harmonic amplitudes on a day.
    #[must_use]
    pub fn season(&self, amplitudes: [f64; 4], day: usize) -> f64 {
        let h = &self.solar.harmonics[day];
        let sum = amplitudes[0] * h[0] + amplitudes[1] * h[1] + amplitudes[2] * h[2] + amplitudes[3] * h[3];
        if sum == 0.0 { 1.0 } else { sum.clamp(-5.0, 5.0).exp() }
    }
}

/// Seconds of a day, for the per-second fluxes of outputs.
pub(crate) const SECONDS: f64 = DAY;
