//! What a plant holds: carbon and nitrogen pools and the memory of its phenology.

use crate::batched;
use crate::lanes::{PerColumn, Real};
use crate::parameters::Parameters;
use crate::plant::pft::LeafHabit;
use crate::plant::stoichiometry::Richness;
use serde::{Deserialize, Serialize};

/// Where a deciduous plant is in its year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Season {
    /// Without leaves, waiting for onset.
    Dormant {
        /// Soil degree-days above freezing since the counter started, K d.
        degree_days: f64,
        /// Days with wet soil.
        wet_days: f64,
        /// Days with frozen soil.
        cold_days: f64,
        /// Whether the plant waits for warmth too, not for water alone.
        needs_warmth: bool,
    },
    /// The transfer pool is being turned to display.
    Onset {
        /// Days left.
        days_left: f64,
    },
    /// Leaves are out; days of stress are counted.
    Growing {
        /// Days of drought.
        dry_days: f64,
        /// Days of frost.
        cold_days: f64,
    },
    /// Leaves are being shed.
    Offset {
        /// Days left.
        days_left: f64,
        /// Whether frost or short days, not drought, began it.
        by_cold: bool,
    },
}

impl Season {
    /// A plant without leaves at a cold start: a seasonal-deciduous one waits for spring, a stress-deciduous one for
    /// water alone, as in CLM, whose degree-days count only once frost has begun to (CLM5 technical note, section
    /// 20.3.3); else nothing would ever leaf out where no winter is.
    #[must_use]
    pub fn cold_start(habit: LeafHabit) -> Self {
        let needs_warmth = habit != LeafHabit::StressDeciduous;
        Self::Dormant { degree_days: 0.0, wet_days: 0.0, cold_days: 0.0, needs_warmth }
    }
}

batched! {
    /// State of the vegetation of a tile, per its own area; carbon in gC m⁻², nitrogen in gN m⁻². The C:N of tissues departs
    /// from the parameters' targets within the [bounds of their richness](crate::plant::stoichiometry::Richness).
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(bound(
        serialize = "T: Serialize, PerColumn<T, Season>: Serialize",
        deserialize = "T: Deserialize<'de>, PerColumn<T, Season>: Deserialize<'de>"
    ))]
    pub struct Vegetation {
        /// Leaf carbon.
        pub leaf: T,
        /// Fine-root carbon.
        pub froot: T,
        /// Live wood carbon (stem and coarse root).
        pub livewood: T,
        /// Dead wood carbon (stem and coarse root).
        pub deadwood: T,
        /// Stored leaf and fine-root carbon of coming years.
        pub storage: T,
        /// Leaf and fine-root carbon on its way from storage to display.
        pub transfer: T,
        /// Non-structural reserve that pays respiration when photosynthesis does not.
        pub reserve: T,
        /// Nitrogen of these but the reserve.
        pub nitrogen: TissueNitrogen<T>,
        /// Nitrogen withdrawn from senescing tissue.
        pub retrans_n: T,
        /// Phenological phase (evergreens ignore it).
        pub season: PerColumn<T, Season>,
        /// Acclimated temperature of the photosynthetic apparatus, °C.
        pub acclimation: T,
        /// Ten-day running mean of air temperature, K.
        pub t10: T,
        /// Running mean air temperature over a year, K.
        pub t_annual: T,
        /// Running mean net primary production, gC m⁻² d⁻¹.
        pub npp_mean: T,
        /// Water on the leaves, kg m⁻².
        pub intercepted: T,
        /// Snow on leaves and stems, kg m⁻².
        pub intercepted_snow: T,
    }
}

batched! {
    /// Nitrogen of the tissues, gN m⁻².
    #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct TissueNitrogen {
        /// Leaf.
        pub leaf: T,
        /// Fine root.
        pub froot: T,
        /// Live wood.
        pub livewood: T,
        /// Dead wood.
        pub deadwood: T,
        /// Storage.
        pub storage: T,
        /// Transfer.
        pub transfer: T,
    }
}

impl Vegetation {
    /// A small cold-start plant: CLM's 100 gC of leaf (or leaf storage), fine roots and stem alike.
    #[must_use]
    pub fn cold_start(p: &Parameters, woody: bool, habit: LeafHabit, t_annual: f64) -> Self {
        let seed = 100.0;
        let evergreen = habit == LeafHabit::Evergreen;
        let (leaf, storage) = if evergreen { (seed, 0.0) } else { (0.0, seed * (1.0 + p.froot_leaf)) };
        let froot = if evergreen { seed * p.froot_leaf } else { 0.0 };
        let (livewood, deadwood) = if woody { (20.0, 1_000.0) } else { (0.0, 0.0) };
        let mut plant = Self {
            leaf,
            froot,
            livewood,
            deadwood,
            storage,
            transfer: 0.0,
            reserve: 30.0,
            nitrogen: TissueNitrogen::default(),
            retrans_n: 0.5,
            season: PerColumn::new(|_| Season::cold_start(habit)),
            acclimation: t_annual - crate::constants::FREEZING,
            t10: t_annual,
            t_annual,
            npp_mean: 1.0,
            intercepted: 0.0,
            intercepted_snow: 0.0,
        };
        plant.reset_nitrogen(p);
        plant
    }
}

impl<T: Real> Vegetation<T> {
    /// Gives every tissue the nitrogen of its target C:N.
    pub fn reset_nitrogen(&mut self, p: &Parameters<T>) {
        self.nitrogen = self.target_nitrogen(p);
    }

    /// Gives tissues whose nitrogen is out of bounds, because parameters or carbon were moved, that of the bound.
    pub fn bound_nitrogen(&mut self, p: &Parameters<T>) {
        let (target, Richness { poorest, richest }) = (self.target_nitrogen(p), Richness::bounds(p));
        let bounded = |n: T, target: T| n.clamp(target * poorest, target * richest);
        let n = &self.nitrogen;
        self.nitrogen = TissueNitrogen {
            leaf: bounded(n.leaf, target.leaf),
            froot: bounded(n.froot, target.froot),
            livewood: bounded(n.livewood, target.livewood),
            deadwood: bounded(n.deadwood, target.deadwood),
            storage: bounded(n.storage, target.storage),
            transfer: bounded(n.transfer, target.transfer),
        };
    }

    fn target_nitrogen(&self, p: &Parameters<T>) -> TissueNitrogen<T> {
        let stored = storage_nitrogen_share(p);
        TissueNitrogen {
            leaf: self.leaf / p.leafcn,
            froot: self.froot / p.frootcn,
            livewood: self.livewood / p.livewdcn,
            deadwood: self.deadwood / p.deadwdcn,
            storage: self.storage * stored,
            transfer: self.transfer * stored,
        }
    }

    /// Leaf and fine-root carbon that is not displayed: storage and transfer, gC m⁻².
    #[must_use]
    pub fn stored(&self) -> T {
        self.storage + self.transfer
    }

    /// Carbon of the whole plant, gC m⁻².
    #[must_use]
    pub fn carbon(&self) -> T {
        self.leaf + self.froot + self.livewood + self.deadwood + self.stored() + self.reserve
    }

    /// Nitrogen of the whole plant, gN m⁻².
    #[must_use]
    pub fn total_nitrogen(&self) -> T {
        let n = &self.nitrogen;
        n.leaf + n.froot + n.livewood + n.deadwood + (n.storage + n.transfer) + self.retrans_n
    }
}

/// Nitrogen per carbon of storage and transfer: leaf and fine root in their allocation ratio, gN gC⁻¹.
#[must_use]
pub fn storage_nitrogen_share<T: Real>(p: &Parameters<T>) -> T {
    (T::of(1.0) / p.leafcn + p.froot_leaf / p.frootcn) / (p.froot_leaf + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::Pft;

    #[test]
    fn a_batch_is_its_columns() {
        let (parameters, mut plants) = columns(Pft::DeciduousShrubTemperate);
        plants[1].season = PerColumn::new(|_| Season::Growing { dry_days: 3.0, cold_days: 0.0 });
        let mut batch: Vegetation<Lanes> = together(&plants);
        batch.leaf *= Lanes::from(1.1);
        batch.reset_nitrogen(&together(&parameters));
        for (k, plant) in plants.iter_mut().enumerate() {
            plant.leaf *= 1.1;
            plant.reset_nitrogen(&parameters[k]);
            same(&batch.lane(k), plant);
            same(&batch.carbon().at(k), &plant.carbon());
            same(&batch.total_nitrogen().at(k), &plant.total_nitrogen());
        }
    }
}
