//! Vegetation types as the report groups and colours stations: the IGBP classes, related ones together.

use serde::{Deserialize, Serialize};

/// Vegetation type of a station (after the IGBP classes, Loveland & Belward 1997, doi:10.1080/014311697217099).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vegetation {
    /// Evergreen needleleaf forest (ENF).
    EvergreenNeedleleaf,
    /// Deciduous needleleaf forest (DNF).
    DeciduousNeedleleaf,
    /// Evergreen broadleaf forest (EBF).
    EvergreenBroadleaf,
    /// Deciduous broadleaf forest (DBF).
    DeciduousBroadleaf,
    /// Mixed forest (MF).
    MixedForest,
    /// Closed or open shrubland (CSH, OSH).
    Shrubland,
    /// Savanna or woody savanna (SAV, WSA).
    Savanna,
    /// Grassland (GRA).
    Grassland,
    /// Cropland, with or without natural vegetation (CRO, CVM).
    Cropland,
    /// Wetland (WET).
    Wetland,
    /// Tundra, snow, ice or barren (SNO, BSV).
    Tundra,
    /// Anything else.
    #[default]
    Other,
}

impl Vegetation {
    /// All types in the order of the legend.
    pub const ALL: [Self; 12] = [
        Self::EvergreenNeedleleaf,
        Self::DeciduousNeedleleaf,
        Self::EvergreenBroadleaf,
        Self::DeciduousBroadleaf,
        Self::MixedForest,
        Self::Shrubland,
        Self::Savanna,
        Self::Grassland,
        Self::Cropland,
        Self::Wetland,
        Self::Tundra,
        Self::Other,
    ];

    /// The type of an IGBP class code such as `ENF`; [`Vegetation::Other`] for an unknown code.
    #[must_use]
    pub fn from_igbp(code: &str) -> Self {
        match code {
            "ENF" => Self::EvergreenNeedleleaf,
            "DNF" => Self::DeciduousNeedleleaf,
            "EBF" => Self::EvergreenBroadleaf,
            "DBF" => Self::DeciduousBroadleaf,
            "MF" => Self::MixedForest,
            "CSH" | "OSH" => Self::Shrubland,
            "SAV" | "WSA" => Self::Savanna,
            "GRA" => Self::Grassland,
            "CRO" | "CVM" => Self::Cropland,
            "WET" => Self::Wetland,
            "SNO" | "BSV" => Self::Tundra,
            _ => Self::Other,
        }
    }

    /// Name in plain words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::EvergreenNeedleleaf => "Evergreen needleleaf forest",
            Self::DeciduousNeedleleaf => "Deciduous needleleaf forest",
            Self::EvergreenBroadleaf => "Evergreen broadleaf forest",
            Self::DeciduousBroadleaf => "Deciduous broadleaf forest",
            Self::MixedForest => "Mixed forest",
            Self::Shrubland => "Shrubland",
            Self::Savanna => "Savanna",
            Self::Grassland => "Grassland",
            Self::Cropland => "Cropland",
            Self::Wetland => "Wetland",
            Self::Tundra => "Tundra, snow, barren",
            Self::Other => "Other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn igbp_codes_map_and_unknown_ones_are_other() {
        assert_eq!(Vegetation::from_igbp("OSH"), Vegetation::Shrubland);
        assert_eq!(Vegetation::from_igbp("ENF"), Vegetation::EvergreenNeedleleaf);
        assert_eq!(Vegetation::from_igbp("enf?"), Vegetation::Other);
    }
}
