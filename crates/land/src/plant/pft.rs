//! Plant functional types and their CLM5 defaults (parameter file c171117; CTSM technical note, chapter 2).

use serde::{Deserialize, Serialize};

/// CLM's natural plant functional types and its unmanaged C3 crop, in CLM's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pft {
    /// Needleleaf evergreen tree, temperate.
    NeedleleafEvergreenTemperate,
    /// Needleleaf evergreen tree, boreal.
    NeedleleafEvergreenBoreal,
    /// Needleleaf deciduous tree, boreal.
    NeedleleafDeciduousBoreal,
    /// Broadleaf evergreen tree, tropical.
    BroadleafEvergreenTropical,
    /// Broadleaf evergreen tree, temperate.
    BroadleafEvergreenTemperate,
    /// Broadleaf deciduous tree, tropical.
    BroadleafDeciduousTropical,
    /// Broadleaf deciduous tree, temperate.
    BroadleafDeciduousTemperate,
    /// Broadleaf deciduous tree, boreal.
    BroadleafDeciduousBoreal,
    /// Broadleaf evergreen shrub, temperate.
    EvergreenShrub,
    /// Broadleaf deciduous shrub, temperate.
    DeciduousShrubTemperate,
    /// Broadleaf deciduous shrub, boreal.
    DeciduousShrubBoreal,
    /// C3 arctic grass.
    ArcticGrass,
    /// C3 grass.
    C3Grass,
    /// C4 grass.
    C4Grass,
    /// Unmanaged rainfed C3 crop (CLM's type 15), harvested here.
    C3Crop,
}

/// When a type carries leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeafHabit {
    /// Leaves all year, background turnover.
    Evergreen,
    /// Onset by warmth in spring, offset by day length.
    SeasonalDeciduous,
    /// Onset by warmth and soil water, offset by drought, frost or short days.
    StressDeciduous,
}

impl Pft {
    /// All types, in CLM's order.
    pub const ALL: [Self; 15] = [
        Self::NeedleleafEvergreenTemperate,
        Self::NeedleleafEvergreenBoreal,
        Self::NeedleleafDeciduousBoreal,
        Self::BroadleafEvergreenTropical,
        Self::BroadleafEvergreenTemperate,
        Self::BroadleafDeciduousTropical,
        Self::BroadleafDeciduousTemperate,
        Self::BroadleafDeciduousBoreal,
        Self::EvergreenShrub,
        Self::DeciduousShrubTemperate,
        Self::DeciduousShrubBoreal,
        Self::ArcticGrass,
        Self::C3Grass,
        Self::C4Grass,
        Self::C3Crop,
    ];

    /// 0-based position in CLM's order (CLM's own index less one).
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// CLM's phenology class of the type (technical note, chapter 20).
    #[must_use]
    pub const fn leaf_habit(self) -> LeafHabit {
        match self {
            Self::NeedleleafEvergreenTemperate
            | Self::NeedleleafEvergreenBoreal
            | Self::BroadleafEvergreenTropical
            | Self::BroadleafEvergreenTemperate
            | Self::EvergreenShrub => LeafHabit::Evergreen,
            Self::NeedleleafDeciduousBoreal
            | Self::BroadleafDeciduousTemperate
            | Self::BroadleafDeciduousBoreal
            | Self::DeciduousShrubBoreal
            | Self::ArcticGrass => LeafHabit::SeasonalDeciduous,
            _ => LeafHabit::StressDeciduous,
        }
    }

    /// Whether the type builds wood.
    #[must_use]
    pub const fn is_woody(self) -> bool {
        !self.is_herbaceous()
    }

    /// Whether the type is grass or crop.
    #[must_use]
    pub const fn is_herbaceous(self) -> bool {
        matches!(self, Self::ArcticGrass | Self::C3Grass | Self::C4Grass | Self::C3Crop)
    }

    /// Whether the type is a tree.
    #[must_use]
    pub const fn is_tree(self) -> bool {
        self.index() < 8
    }

    /// Canopy top height, m (CLM5 surface data medians by type).
    #[must_use]
    pub const fn canopy_height(self) -> f64 {
        match self {
            Self::NeedleleafEvergreenTemperate
            | Self::NeedleleafEvergreenBoreal
            | Self::NeedleleafDeciduousBoreal => 17.0,
            Self::BroadleafDeciduousTropical => 18.0,
            _ if self.is_tree() => 20.0,
            _ => 0.5,
        }
    }

    /// Snow-free short-wave albedo of the closed canopy (from CLM5's leaf optics, two-stream, LAI 4).
    #[must_use]
    pub const fn albedo(self) -> f64 {
        match self {
            Self::NeedleleafEvergreenTemperate | Self::NeedleleafEvergreenBoreal => 0.10,
            Self::NeedleleafDeciduousBoreal | Self::BroadleafEvergreenTropical => 0.12,
            Self::BroadleafEvergreenTemperate => 0.13,
            _ if self.is_tree() => 0.15,
            Self::EvergreenShrub | Self::DeciduousShrubTemperate | Self::DeciduousShrubBoreal => 0.16,
            _ => 0.20,
        }
    }

    /// The type CLM would use for an IGBP class at a site of this climate: thresholds of the mean
    /// temperature of the coldest month (−19 °C boreal/temperate in CLM's surface data; raised to −2 °C with
    /// an annual mean below 5.5 °C, so that European taiga and subalpine forest are boreal).
    #[must_use]
    pub fn from_climate(class: VegetationClass, annual_mean: f64, coldest_month: f64) -> Self {
        let boreal = coldest_month < 271.15 && annual_mean < 278.65;
        match class {
            VegetationClass::EvergreenNeedleleaf | VegetationClass::Mixed if boreal => {
                Self::NeedleleafEvergreenBoreal
            }
            VegetationClass::EvergreenNeedleleaf | VegetationClass::Mixed => {
                Self::NeedleleafEvergreenTemperate
            }
            VegetationClass::EvergreenBroadleaf => Self::BroadleafEvergreenTemperate,
            VegetationClass::DeciduousNeedleleaf => Self::NeedleleafDeciduousBoreal,
            VegetationClass::DeciduousBroadleaf if boreal => Self::BroadleafDeciduousBoreal,
            VegetationClass::DeciduousBroadleaf => Self::BroadleafDeciduousTemperate,
            VegetationClass::Shrub if boreal => Self::DeciduousShrubBoreal,
            VegetationClass::Shrub => Self::EvergreenShrub,
            VegetationClass::Grass | VegetationClass::Wetland if annual_mean < 273.15 => Self::ArcticGrass,
            VegetationClass::Grass | VegetationClass::Wetland => Self::C3Grass,
            VegetationClass::Crop => Self::C3Crop,
        }
    }
}

/// Vegetation classes as stations report them, coarser than plant functional types; parameters are
/// calibrated by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum VegetationClass {
    /// Evergreen needleleaf forest (IGBP ENF).
    EvergreenNeedleleaf,
    /// Evergreen broadleaf forest (EBF).
    EvergreenBroadleaf,
    /// Deciduous needleleaf forest (DNF).
    DeciduousNeedleleaf,
    /// Deciduous broadleaf forest (DBF).
    DeciduousBroadleaf,
    /// Mixed forest (MF).
    Mixed,
    /// Closed and open shrubland, savanna (CSH, OSH, SAV, WSA).
    Shrub,
    /// Grassland (GRA).
    Grass,
    /// Wetland, and sparse arctic vegetation (WET, SNO, BSV).
    Wetland,
    /// Cropland (CRO, CVM).
    Crop,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_habits_are_those_of_clm() {
        // CLM phenology flags: evergreen 1 2 4 5 9, season-deciduous 3 7 8 11 12, the rest stress-deciduous.
        let habits: Vec<_> = Pft::ALL.iter().map(|p| p.leaf_habit()).collect();
        for evergreen in [1, 2, 4, 5, 9] {
            assert_eq!(habits[evergreen - 1], LeafHabit::Evergreen);
        }
        for seasonal in [3, 7, 8, 11, 12] {
            assert_eq!(habits[seasonal - 1], LeafHabit::SeasonalDeciduous);
        }
        assert_eq!(Pft::C3Crop.index(), 14);
    }

    #[test]
    fn hyytiala_is_boreal_and_tharandt_temperate() {
        let class = VegetationClass::EvergreenNeedleleaf;
        assert_eq!(Pft::from_climate(class, 277.0, 265.5), Pft::NeedleleafEvergreenBoreal);
        assert_eq!(Pft::from_climate(class, 282.4, 272.6), Pft::NeedleleafEvergreenTemperate);
    }
}
