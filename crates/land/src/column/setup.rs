//! What does not change while a column runs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::constants::{DAY, STANDARD_PRESSURE};
use crate::energy::solar::SolarTable;
use crate::error::LandError;
use crate::fire::{FireRegime, Ignition};
use crate::lanes::{Batched, PerColumn, Real};
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::soil::grid::{LAYERS, layers_above};
use crate::soil::{SoilColumn, root_profile, surface_litter_profile};
use crate::water::canopy_snow::leaf_conductance;
pub use crate::water::evapotranspiration::USUAL_WIND;
use crate::water::evapotranspiration::{aerodynamic_conductance, friction_velocity};
use crate::water::hydraulics::{Hydraulics, Material};
use crate::water::snow_wind::WindPacking;

/// Largest number of tiles on a column.
pub const MOST_TILES: usize = 8;

/// Height of the roughness elements of bare ground, m.
const BARE_HEIGHT: f64 = 0.05;
/// Density of soil minerals, kg m⁻³.
const MINERAL_DENSITY: f64 = 2_700.0;

/// A plant functional type and the share of the ground it has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cover {
    /// Plant functional type.
    pub pft: Pft,
    /// Share of the column's area, above 0.
    pub fraction: f64,
}

impl Cover {
    /// One type on all of the ground.
    #[must_use]
    pub fn whole(pft: Pft) -> Vec<Self> {
        vec![Self { pft, fraction: 1.0 }]
    }
}

/// How water leaves a soil at its bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// It drains freely into what lies below.
    #[default]
    Open,
    /// It stands on bedrock and flows down the slope.
    Bedrock {
        /// Slope, degrees.
        slope: f64,
    },
}

/// A place: where it is, what grows there and on what soil.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Elevation, m.
    pub elevation: f64,
    /// What grows there; the rest is bare.
    pub cover: Vec<Cover>,
    /// Sand, percent by mass.
    pub sand: f64,
    /// Clay, percent by mass.
    pub clay: f64,
    /// Organic matter by layer, kg m⁻³ (CLM's `ORGANIC`).
    pub organic: [f64; LAYERS],
    /// Depth to bedrock, m.
    pub soil_depth: f64,
    /// What lies below the soil.
    pub base: Base,
    /// Mean wind above the canopy by calendar month, m s⁻¹ ([`USUAL_WIND`] where none is known).
    pub wind: [f64; 12],
    /// Nitrogen deposition, gN m⁻² yr⁻¹.
    pub nitrogen_deposition: f64,
    /// What sets vegetation on fire ([`Ignition::usual`] where that is not known).
    pub ignition: Ignition,
}

impl Site {
    /// The type that has most of the ground; bare ground counts as grass that doesn't grow.
    #[must_use]
    pub fn dominant(&self) -> Pft {
        let largest = |a: Cover, b: &Cover| if b.fraction > a.fraction { *b } else { a };
        self.cover.iter().fold(Cover { pft: Pft::C3Grass, fraction: 0.0 }, largest).pft
    }
}

/// What grows on a share of a column: one plant functional type with its parameters.
#[derive(Clone, Debug)]
pub struct Tile<T: Real = f64> {
    /// Plant functional type.
    pub pft: Pft,
    /// Share of the column's area.
    pub fraction: T,
    /// Parameters of the plants.
    pub parameters: Parameters<T>,
    /// Share of roots by layer.
    pub root_fraction: [T; LAYERS],
    /// Aerodynamic conductance over wind.
    pub aerodynamic: T,
    /// Conductance between leaves and the air around them over the root of wind, m⁰·⁵ s⁻⁰·⁵.
    pub leaf_conductance: T,
}

/// A site with its parameters, and all that follows from them alone; or a batch of sites that have the same plant
/// functional types and number of soil layers.
///
/// Tiles share soil, snow and weather; each has its own plants, leaves' water and energy.
#[derive(Clone, Debug)]
pub struct Column<T: Real = f64> {
    /// The place.
    pub site: PerColumn<T, Site>,
    /// What grows there.
    pub tiles: Vec<Tile<T>>,
    /// Share of the area without plants.
    pub bare: T,
    /// Aerodynamic conductance of bare ground over wind.
    pub bare_aerodynamic: T,
    /// Mean wind by month, m s⁻¹.
    pub wind: [T; 12],
    /// What it does to snow.
    pub wind_packing: [WindPacking<T>; 12],
    /// Parameters of what tiles share: those of the tile with most of the ground.
    pub parameters: Parameters<T>,
    /// The sun over it.
    pub solar: Arc<SolarTable<T>>,
    /// Hydraulic and thermal properties.
    pub hydraulics: Hydraulics<T>,
    /// Soil of the biogeochemistry; its roots are those of all tiles.
    pub soil: SoilColumn<T>,
    /// Air pressure, Pa.
    pub pressure: T,
    /// Nitrogen deposition, gN m⁻² d⁻¹.
    pub deposition: T,
    /// How it burns.
    pub fire: FireRegime<T>,
}

impl Column {
    /// Works out a column with one set of parameters a tile, in the order of the site's cover. `solar` is shared
    /// between the members of a site.
    ///
    /// # Errors
    /// [`LandError::Cover`] where shares aren't shares or there aren't as many sets of parameters as tiles.
    pub fn new(site: &Site, parameters: Vec<Parameters>, solar: Arc<SolarTable>) -> Result<Self, LandError> {
        let covered: f64 = site.cover.iter().map(|c| c.fraction).sum();
        let sound = site.cover.iter().all(|c| c.fraction > 0.0) && covered <= 1.0 + 1e-9;
        if !sound || parameters.len() != site.cover.len() || parameters.len() > MOST_TILES {
            return Err(LandError::Cover { tiles: site.cover.len(), parameters: parameters.len(), covered });
        }
        let dominant = site.dominant();
        let shared = site
            .cover
            .iter()
            .position(|c| c.pft == dominant)
            .map_or_else(|| Parameters::for_pft(dominant), |i| parameters[i].clone());
        let layers = layers_above(site.soil_depth);
        let material = Material { sand: site.sand, clay: site.clay, organic: site.organic };
        let open = Hydraulics::new(&material, layers, shared.watsat_scale, shared.hksat_scale);
        let hydraulics = match site.base {
            Base::Open => open,
            Base::Bedrock { slope } => open.on_bedrock(slope),
        };
        let tiles: Vec<Tile> = site
            .cover
            .iter()
            .zip(parameters)
            .map(|(cover, parameters)| Tile {
                pft: cover.pft,
                // Shares that rounding lets sum to more than the ground would give away more water than there is.
                fraction: cover.fraction / covered.max(1.0),
                root_fraction: root_profile(parameters.rootprof_beta, layers),
                parameters,
                aerodynamic: aerodynamic_conductance(cover.pft.canopy_height(), 1.0),
                leaf_conductance: leaf_conductance(friction_velocity(cover.pft.canopy_height(), 1.0)),
            })
            .collect();
        let roots = |layer: usize| tiles.iter().map(|t| t.fraction * t.root_fraction[layer]).sum::<f64>();
        let soil = SoilColumn {
            sand: site.sand,
            clay: site.clay,
            active_layers: layers,
            bulk_density: hydraulics.porosity.map(|porosity| (1.0 - porosity) * MINERAL_DENSITY),
            porosity: hydraulics.porosity,
            root_fraction: std::array::from_fn(|i| roots(i) / covered.clamp(f64::MIN_POSITIVE, 1.0)),
            litter_profile: surface_litter_profile(layers),
        };
        let shares: Vec<(Pft, f64)> = tiles.iter().map(|tile| (tile.pft, tile.fraction)).collect();
        Ok(Self {
            fire: FireRegime::new(&shares, &site.ignition, site.latitude, &site.wind),
            pressure: STANDARD_PRESSURE * (1.0 - 2.255_77e-5 * site.elevation).powf(5.255_88),
            deposition: site.nitrogen_deposition / crate::constants::YEAR_DAYS,
            bare: (1.0 - covered).max(0.0),
            bare_aerodynamic: aerodynamic_conductance(BARE_HEIGHT, 1.0),
            wind: site.wind,
            wind_packing: site.wind.map(WindPacking::of),
            site: PerColumn::new(|_| site.clone()),
            tiles,
            parameters: shared,
            solar,
            hydraulics,
            soil,
        })
    }

    /// Whether two columns can share a batch.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let types = |column: &Self| column.tiles.iter().map(|t| t.pft).collect::<Vec<_>>();
        types(self) == types(other) && self.hydraulics.layers == other.hydraulics.layers
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
        let tile = |i: usize| Tile {
            pft: column(0).tiles[i].pft,
            fraction: T::gather(&|k| &column(k).tiles[i].fraction),
            parameters: Parameters::gather(&|k| &column(k).tiles[i].parameters),
            root_fraction: <[T; LAYERS]>::gather(&|k| &column(k).tiles[i].root_fraction),
            aerodynamic: T::gather(&|k| &column(k).tiles[i].aerodynamic),
            leaf_conductance: T::gather(&|k| &column(k).tiles[i].leaf_conductance),
        };
        Self {
            site: PerColumn::gather(&|k| &column(k).site),
            tiles: (0..column(0).tiles.len()).map(tile).collect(),
            bare: T::gather(&|k| &column(k).bare),
            bare_aerodynamic: T::gather(&|k| &column(k).bare_aerodynamic),
            wind: <[T; 12]>::gather(&|k| &column(k).wind),
            wind_packing: <[WindPacking<T>; 12]>::gather(&|k| &column(k).wind_packing),
            parameters: Parameters::gather(&|k| &column(k).parameters),
            solar,
            hydraulics: Hydraulics::gather(&|k| &column(k).hydraulics),
            soil: SoilColumn::gather(&|k| &column(k).soil),
            pressure: T::gather(&|k| &column(k).pressure),
            deposition: T::gather(&|k| &column(k).deposition),
            fire: FireRegime::gather(&|k| &column(k).fire),
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
