//! What does not change while a column runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::constants::{DAY, STANDARD_PRESSURE};
use crate::energy::solar::SolarTable;
use crate::lanes::{Batched, PerColumn, Real};
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

/// A site with its parameters, and all that follows from them alone; or a batch of sites that share plant functional
/// type and number of soil layers.
#[derive(Clone, Debug)]
pub struct Column<T: Real = f64> {
    /// The place.
    pub site: PerColumn<T, Site>,
    /// What grows there.
    pub pft: Pft,
    /// Its parameters.
    pub parameters: Parameters<T>,
    /// The sun over it.
    pub solar: Arc<SolarTable<T>>,
    /// Hydraulic and thermal properties.
    pub hydraulics: Hydraulics<T>,
    /// Soil of the biogeochemistry.
    pub soil: SoilColumn<T>,
    /// Air pressure, Pa.
    pub pressure: T,
    /// Aerodynamic conductance, m s⁻¹.
    pub aerodynamic: T,
    /// Nitrogen deposition, gN m⁻² d⁻¹.
    pub deposition: T,
}

impl Column {
    /// Works out a column. `solar` is shared between the members of a site.
    #[must_use]
    pub fn new(site: &Site, parameters: Parameters, solar: Arc<SolarTable>) -> Self {
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
            pft: site.pft,
            site: PerColumn::new(|_| site.clone()),
            parameters,
            solar,
            hydraulics,
            soil,
        }
    }

    /// Whether two columns can share a batch.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.pft == other.pft && self.hydraulics.layers == other.hydraulics.layers
    }
}

impl<T: Real> Column<T> {
    /// A batch of columns that [are alike](Column::is_like), one a lane.
    #[must_use]
    pub fn gather<'a>(column: &dyn Fn(usize) -> &'a Column) -> Self {
        Self::under(Arc::new(SolarTable::gather(&|k| &*column(k).solar)), column)
    }

    /// As [`Self::gather`], where the columns' suns were put together before.
    #[must_use]
    pub fn under<'a>(solar: Arc<SolarTable<T>>, column: &dyn Fn(usize) -> &'a Column) -> Self {
        debug_assert!((1..T::WIDTH).all(|k| column(k).is_like(column(0))));
        Self {
            site: PerColumn::gather(&|k| &column(k).site),
            pft: column(0).pft,
            parameters: Parameters::gather(&|k| &column(k).parameters),
            solar,
            hydraulics: Hydraulics::gather(&|k| &column(k).hydraulics),
            soil: SoilColumn::gather(&|k| &column(k).soil),
            pressure: T::gather(&|k| &column(k).pressure),
            aerodynamic: T::gather(&|k| &column(k).aerodynamic),
            deposition: T::gather(&|k| &column(k).deposition),
        }
    }

    /// Multiplier exp(Σ aₖ hₖ) of four harmonic amplitudes on a day.
    #[must_use]
    pub fn season(&self, amplitudes: [T; 4], day: usize) -> T {
        let h = &self.solar.harmonics[day];
        let sum = amplitudes[0] * h[0] + amplitudes[1] * h[1] + amplitudes[2] * h[2] + amplitudes[3] * h[3];
        sum.clamp(-5.0, 5.0).exp()
    }
}

/// Seconds of a day, for the per-second fluxes of outputs.
pub(crate) const SECONDS: f64 = DAY;
