//! The variables that a report compares with observations, and their units for readers.

use serde::{Deserialize, Serialize};

const SECONDS_PER_DAY: f64 = 86400.0;
const GRAMS_PER_KILOGRAM: f64 = 1000.0;

/// A modelled and observed variable. The code's unit is given with each; [`Variable::display`] converts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Variable {
    /// Gross primary production, gC m⁻² s⁻¹.
    #[serde(rename = "GPP")]
    Gpp,
    /// Net ecosystem exchange, gC m⁻² s⁻¹, positive to the atmosphere.
    #[serde(rename = "NEE")]
    Nee,
    /// Evapotranspiration, kg m⁻² s⁻¹.
    #[serde(rename = "ET")]
    Et,
    /// Leaf area index, m² m⁻².
    #[serde(rename = "LAI")]
    Lai,
    /// Above-ground biomass carbon, gC m⁻².
    #[serde(rename = "biomass")]
    Biomass,
}

impl Variable {
    /// All variables in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Gpp, Self::Nee, Self::Et, Self::Lai, Self::Biomass];

    /// Short name.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Gpp => "GPP",
            Self::Nee => "NEE",
            Self::Et => "ET",
            Self::Lai => "LAI",
            Self::Biomass => "Biomass",
        }
    }

    /// Full name.
    #[must_use]
    pub fn long_name(self) -> &'static str {
        match self {
            Self::Gpp => "gross primary production",
            Self::Nee => "net ecosystem exchange, positive to the atmosphere",
            Self::Et => "evapotranspiration",
            Self::Lai => "leaf area index",
            Self::Biomass => "above-ground biomass carbon",
        }
    }

    /// Unit that the report shows.
    #[must_use]
    pub fn display_unit(self) -> &'static str {
        match self {
            Self::Gpp | Self::Nee => "gC m⁻² d⁻¹",
            Self::Et => "mm d⁻¹",
            Self::Lai => "m² m⁻²",
            Self::Biomass => "kgC m⁻²",
        }
    }

    /// Converts a value from the code's unit to [`Variable::display_unit`].
    #[must_use]
    pub fn display(self, value: f64) -> f64 {
        match self {
            Self::Gpp | Self::Nee | Self::Et => value * SECONDS_PER_DAY,
            Self::Lai => value,
            Self::Biomass => value / GRAMS_PER_KILOGRAM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_second_fluxes_are_shown_per_day() {
        let shown = |variable: Variable, value| variable.display(value);
        assert!((shown(Variable::Gpp, 1e-4) - 8.64).abs() < 1e-12);
        assert!((shown(Variable::Et, 1.0 / 86400.0) - 1.0).abs() < 1e-12);
        assert!((shown(Variable::Lai, 3.0) - 3.0).abs() < 1e-12);
        assert!((shown(Variable::Biomass, 4500.0) - 4.5).abs() < 1e-12);
    }
}
