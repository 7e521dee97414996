//! What the soil of one column holds, what drives it, and what leaves it in a day.

use crate::batched;
use crate::lanes::Real;
use serde::{Deserialize, Serialize};

use super::grid::LAYERS;

/// Number of organic pools.
pub const POOLS: usize = 7;

/// Organic pools by layer, g m-2 (content of the layer per ground area).
pub type Pools<T = f64> = [[T; POOLS]; LAYERS];

/// The organic pools of CLM5 and their place in [`Pools`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pool {
    /// Metabolic litter, CLM's LITR1.
    MetabolicLitter = 0,
    /// Cellulose litter, LITR2.
    CelluloseLitter = 1,
    /// Lignin litter, LITR3.
    LigninLitter = 2,
    /// Coarse woody debris, CWD; not mixed.
    WoodyDebris = 3,
    /// Active soil organic matter, SOIL1.
    ActiveSoil = 4,
    /// Slow soil organic matter, SOIL2.
    SlowSoil = 5,
    /// Passive soil organic matter, SOIL3.
    PassiveSoil = 6,
}

impl Pool {
    /// All pools in the order of [`Pools`].
    pub const ALL: [Pool; POOLS] = [
        Pool::MetabolicLitter,
        Pool::CelluloseLitter,
        Pool::LigninLitter,
        Pool::WoodyDebris,
        Pool::ActiveSoil,
        Pool::SlowSoil,
        Pool::PassiveSoil,
    ];

    /// CLM's name of the pool.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Pool::MetabolicLitter => "LITR1",
            Pool::CelluloseLitter => "LITR2",
            Pool::LigninLitter => "LITR3",
            Pool::WoodyDebris => "CWD",
            Pool::ActiveSoil => "SOIL1",
            Pool::SlowSoil => "SOIL2",
            Pool::PassiveSoil => "SOIL3",
        }
    }
}

batched! {
    /// Carbon and nitrogen in the soil of one column.
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct SoilState {
        /// Organic carbon, gC m-2.
        pub carbon: Pools<T>,
        /// Organic nitrogen, gN m-2.
        pub nitrogen: Pools<T>,
        /// Ammonium, gN m-2 by layer.
        pub nh4: [T; LAYERS],
        /// Nitrate, gN m-2 by layer.
        pub no3: [T; LAYERS],
    }
}

impl<T: Real> Default for SoilState<T> {
    /// Bare mineral soil: nothing in it.
    fn default() -> Self {
        Self { carbon: empty(), nitrogen: empty(), nh4: [T::default(); LAYERS], no3: [T::default(); LAYERS] }
    }
}

impl<T: Real> SoilState<T> {
    /// Organic carbon of the column, gC m-2.
    #[must_use]
    pub fn total_carbon(&self) -> T {
        sum(self.carbon_by_pool())
    }

    /// Organic and mineral nitrogen of the column, gN m-2.
    #[must_use]
    pub fn total_nitrogen(&self) -> T {
        sum(column_totals(&self.nitrogen)) + self.mineral_nitrogen()
    }

    /// Mineral nitrogen of the column, gN m-2.
    #[must_use]
    pub fn mineral_nitrogen(&self) -> T {
        sum(self.nh4) + sum(self.no3)
    }

    /// Column totals of carbon by pool, gC m-2.
    #[must_use]
    pub fn carbon_by_pool(&self) -> [T; POOLS] {
        column_totals(&self.carbon)
    }
}

/// Pools without content.
#[must_use]
pub fn empty<T: Real>() -> Pools<T> {
    [[T::default(); POOLS]; LAYERS]
}

/// Sum over layers of each pool, g m-2.
#[must_use]
pub fn column_totals<T: Real>(pools: &Pools<T>) -> [T; POOLS] {
    let mut totals = [T::default(); POOLS];
    for layer in pools {
        add(&mut totals, layer);
    }
    totals
}

/// Adds pool by pool.
#[inline]
pub(super) fn add<T: Real>(pools: &mut [T; POOLS], more: &[T; POOLS]) {
    for i in 0..POOLS {
        pools[i] += more[i];
    }
}

fn sum<T: Real, const N: usize>(parts: [T; N]) -> T {
    let mut sum = T::default();
    for part in parts {
        sum += part;
    }
    sum
}

batched! {
    /// What does not change in time in the soil of a column.
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct SoilColumn {
        /// Sand, percent of mass, mean of the column.
        pub sand: T,
        /// Clay, percent of mass, mean of the column.
        pub clay: T,
        /// Number of layers above bedrock, 1 to [`LAYERS`]; nothing happens below.
        pub active_layers: usize,
        /// Dry bulk density, kg m-3.
        pub bulk_density: [T; LAYERS],
        /// Porosity, m3 m-3.
        pub porosity: [T; LAYERS],
        /// Share of roots, sums to one (or to zero without plants), see [`super::root_profile`].
        pub root_fraction: [T; LAYERS],
        /// Share of surface litter, sums to one, see [`super::surface_litter_profile`].
        pub litter_profile: [T; LAYERS],
    }
}

batched! {
    /// Physical state of the soil on one day.
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct SoilClimate {
        /// Temperature, K.
        pub temperature: [T; LAYERS],
        /// Matric potential, `MPa`, negative.
        pub psi: [T; LAYERS],
        /// Liquid water, m3 m-3.
        pub water: [T; LAYERS],
        /// Largest thaw depth of this and the last year, m (soil that never freezes: its full depth; never thaws: 0).
        pub frozen_depth_limit: T,
        /// Water that leaves the column below, kg m-2 d-1.
        pub drainage: T,
        /// Water that leaves over the surface, kg m-2 d-1.
        pub surface_runoff: T,
        /// Running annual evapotranspiration, mm yr-1.
        pub et_annual: T,
        /// What the season multiplies all decomposition by: 1 where it doesn't.
        pub activity: T,
    }
}

batched! {
    /// What one day brings to the soil, g m-2 d-1.
    ///
    /// Litter below the active layers enters the deepest active layer.
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct SoilInput {
        /// Litter carbon by layer and pool, gC m-2 d-1.
        pub litter_carbon: Pools<T>,
        /// Litter nitrogen by layer and pool, gN m-2 d-1.
        pub litter_nitrogen: Pools<T>,
        /// Deposited nitrogen, gN m-2 d-1; enters the ammonium of the top layer.
        pub nitrogen_deposition: T,
        /// Symbiotic fixation, gN m-2 d-1; enters the ammonium in proportion to roots.
        pub nitrogen_fixation: T,
        /// Mineral nitrogen that plants ask for, gN m-2 d-1.
        pub plant_nitrogen_demand: T,
        /// Share of the column that fire passes, d-1.
        pub burned: T,
    }
}

impl<T: Real> Default for SoilInput<T> {
    fn default() -> Self {
        Self {
            litter_carbon: empty(),
            litter_nitrogen: empty(),
            nitrogen_deposition: T::default(),
            nitrogen_fixation: T::default(),
            plant_nitrogen_demand: T::default(),
            burned: T::default(),
        }
    }
}

batched! {
    /// What happened in one day, g m-2 d-1 of the column.
    ///
    /// Carbon: change = litter - `heterotrophic_respiration` - `fire`. Nitrogen: change = litter + deposition + fixation +
    /// `free_fixation` - `plant_nitrogen_uptake` - `denitrification` - `leaching` - `fire_nitrogen`.
    #[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
    pub struct SoilFluxes {
        /// Carbon respired by decomposers, gC m-2 d-1.
        pub heterotrophic_respiration: T,
        /// Mineral nitrogen taken up by plants, gN m-2 d-1, at most their demand.
        pub plant_nitrogen_uptake: T,
        /// Nitrogen released by decomposition, gN m-2 d-1.
        pub gross_mineralisation: T,
        /// Nitrogen taken up by decomposers, gN m-2 d-1.
        pub immobilisation: T,
        /// Actual over potential immobilisation, 0 to 1; 1 where nothing is immobilised.
        pub fpi: T,
        /// Fixation by free-living microbes, gN m-2 d-1.
        pub free_fixation: T,
        /// Ammonium oxidised, gN m-2 d-1 (the part lost as N2O included).
        pub nitrification: T,
        /// Nitrogen lost as gas, gN m-2 d-1: N2 and N2O of denitrification and N2O of nitrification.
        pub denitrification: T,
        /// N2O lost, gN m-2 d-1; part of `denitrification`.
        pub n2o: T,
        /// Nitrate lost with drainage and runoff, gN m-2 d-1.
        pub leaching: T,
        /// Carbon of litter and woody debris that burned, gC m-2 d-1.
        pub fire: T,
        /// Nitrogen that burned with it, gN m-2 d-1.
        pub fire_nitrogen: T,
    }
}
