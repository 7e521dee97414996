//! What a column tells of a day and of a month.

use crate::batched;
use serde::{Deserialize, Serialize};

use super::setup::{Column, SECONDS};
use super::state::ColumnState;
use crate::lanes::Real;

batched! {
    /// Flows of one day, per m² and day: carbon in gC, nitrogen in gN, water in kg.
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub struct DayFluxes {
        /// Gross primary production.
        pub gpp: T,
        /// Autotrophic respiration.
        pub ra: T,
        /// Heterotrophic respiration.
        pub hr: T,
        /// Carbon carried away by harvest.
        pub harvest: T,
        /// Nitrogen carried away by harvest.
        pub harvest_n: T,
        /// Carbon that burned.
        pub fire: T,
        /// Nitrogen that burned.
        pub fire_n: T,
        /// Share of the column that burned.
        pub burned: T,
        /// Nitrogen deposited and fixed.
        pub nitrogen_in: T,
        /// Nitrogen lost as gas and by leaching.
        pub nitrogen_out: T,
        /// Precipitation after correction.
        pub precipitation: T,
        /// Evapotranspiration.
        pub et: T,
        /// Transpiration, part of it.
        pub transpiration: T,
        /// Runoff and drainage.
        pub runoff: T,
        /// Leaf area index, m² m⁻².
        pub lai: T,
        /// Net radiation, W m⁻².
        pub net_radiation: T,
        /// Plant water stress, 1 = none.
        pub btran: T,
        /// Nitrogen supply of growth over what it wants at its target C:N, 1 = no limitation.
        pub nitrogen_supply: T,
    }
}

batched! {
    /// Means of a month (fluxes per second) and the stocks at its end.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct MonthlyOutput {
        /// Gross primary production, gC m⁻² s⁻¹.
        pub gpp: T,
        /// Autotrophic respiration, gC m⁻² s⁻¹.
        pub ra: T,
        /// Heterotrophic respiration, gC m⁻² s⁻¹.
        pub hr: T,
        /// Carbon harvested, gC m⁻² s⁻¹.
        pub harvest: T,
        /// Carbon that burned, gC m⁻² s⁻¹ (CLM's `COL_FIRE_CLOSS`).
        pub fire: T,
        /// Share of the column that burned, s⁻¹ (CLM's `FAREA_BURNED`).
        pub burned: T,
        /// Evapotranspiration, kg m⁻² s⁻¹.
        pub et: T,
        /// Transpiration, kg m⁻² s⁻¹.
        pub transpiration: T,
        /// Precipitation, kg m⁻² s⁻¹.
        pub precipitation: T,
        /// Runoff and drainage, kg m⁻² s⁻¹.
        pub runoff: T,
        /// Nitrogen deposited and fixed, gN m⁻² s⁻¹.
        pub nitrogen_in: T,
        /// Nitrogen lost as gas, by leaching, by harvest and by fire, gN m⁻² s⁻¹.
        pub nitrogen_out: T,
        /// Leaf area index, m² m⁻².
        pub lai: T,
        /// Plant water stress.
        pub btran: T,
        /// Nitrogen supply over demand.
        pub nitrogen_supply: T,
        /// Carbon of plants at the end, gC m⁻².
        pub vegetation_carbon: T,
        /// Carbon of litter and woody debris at the end, gC m⁻².
        pub litter_carbon: T,
        /// Soil organic carbon at the end, gC m⁻².
        pub soil_carbon: T,
        /// Carbon of plants, litter and soil at the end, gC m⁻².
        pub ecosystem_carbon: T,
        /// Nitrogen of plants and soil at the end, gN m⁻².
        pub ecosystem_nitrogen: T,
        /// Mineral nitrogen at the end, gN m⁻².
        pub mineral_nitrogen: T,
        /// All water of the column at the end, kg m⁻².
        pub water: T,
        /// Snow at the end, kg m⁻².
        pub snow: T,
        /// Liquid water and ice of the top half metre at the end, as a share of volume.
        pub soil_moisture: T,
        /// Soil temperature at 0.2 m at the end, K.
        pub soil_temperature: T,
    }
}

impl<T: Real> MonthlyOutput<T> {
    /// Net ecosystem exchange, gC m⁻² s⁻¹, positive to the air (as towers measure it: what is harvested or
    /// burned is told by itself).
    #[must_use]
    pub fn nee(&self) -> T {
        self.ra + self.hr - self.gpp
    }

    pub(super) fn add(&mut self, day: &DayFluxes<T>) {
        self.gpp += day.gpp;
        self.ra += day.ra;
        self.hr += day.hr;
        self.harvest += day.harvest;
        self.fire += day.fire;
        self.burned += day.burned;
        self.et += day.et;
        self.transpiration += day.transpiration;
        self.precipitation += day.precipitation;
        self.runoff += day.runoff;
        self.nitrogen_in += day.nitrogen_in;
        self.nitrogen_out += day.nitrogen_out + day.harvest_n + day.fire_n;
        self.lai += day.lai;
        self.btran += day.btran;
        self.nitrogen_supply += day.nitrogen_supply;
    }

    pub(super) fn finish(&mut self, days: usize, column: &Column<T>, state: &ColumnState<T>) {
        let days = days as f64;
        for flux in [
            &mut self.gpp,
            &mut self.ra,
            &mut self.hr,
            &mut self.harvest,
            &mut self.fire,
            &mut self.burned,
            &mut self.et,
            &mut self.transpiration,
            &mut self.precipitation,
            &mut self.runoff,
            &mut self.nitrogen_in,
            &mut self.nitrogen_out,
        ] {
            *flux /= T::of(days * SECONDS);
        }
        for mean in [&mut self.lai, &mut self.btran, &mut self.nitrogen_supply] {
            *mean /= T::of(days);
        }
        let pools = state.soil.carbon_by_pool();
        self.vegetation_carbon = state.vegetation_carbon(column);
        self.litter_carbon = pools[..4].iter().fold(T::default(), |a, &b| a + b);
        self.soil_carbon = pools[4..].iter().fold(T::default(), |a, &b| a + b);
        self.ecosystem_carbon = state.total_carbon(column);
        self.ecosystem_nitrogen = state.total_nitrogen(column);
        self.mineral_nitrogen = state.soil.mineral_nitrogen();
        self.water = state.total_water(column);
        self.snow = state.water.snow.total();
        // Layers 1 to 6 end at 0.48 m.
        let wet = (0..6).fold(T::default(), |a, i| a + (state.water.liquid[i] + state.water.ice[i]));
        self.soil_moisture = wet / 480.0;
        self.soil_temperature = state.temperature[3];
    }
}
