//! The observed variables: names, the code's units, and the units accepted in a workflow file.

use serde::{Deserialize, Serialize};

const DAY: f64 = 86_400.0;
/// A mean Gregorian year, s.
pub(super) const YEAR: f64 = 365.2425 * DAY;
/// Molar mass of carbon, gC per micromole.
const CARBON: f64 = 12.011e-6;

/// A variable that stations observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Variable {
    /// Gross primary production, gC m-2 s-1.
    #[serde(rename = "GPP")]
    Gpp,
    /// Net ecosystem exchange, gC m-2 s-1, positive to the atmosphere.
    #[serde(rename = "NEE")]
    Nee,
    /// Evapotranspiration, kg m-2 s-1.
    #[serde(rename = "ET")]
    Et,
    /// Leaf area index, m2 m-2.
    #[serde(rename = "LAI")]
    Lai,
    /// Carbon in living vegetation, gC m-2.
    #[serde(rename = "biomass")]
    Biomass,
}

impl Variable {
    /// Every variable, in the order of tables and vectors.
    pub const ALL: [Variable; 5] =
        [Variable::Gpp, Variable::Nee, Variable::Et, Variable::Lai, Variable::Biomass];

    /// The name in workflow files, tables and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Variable::Gpp => "GPP",
            Variable::Nee => "NEE",
            Variable::Et => "ET",
            Variable::Lai => "LAI",
            Variable::Biomass => "biomass",
        }
    }

    /// The unit that the code keeps it in.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Variable::Gpp | Variable::Nee => "gC m-2 s-1",
            Variable::Et => "kg m-2 s-1",
            Variable::Lai => "m2 m-2",
            Variable::Biomass => "gC m-2",
        }
    }

    /// Accepted units, each with the factor to the code's.
    #[must_use]
    pub fn accepted_units(self) -> &'static [(&'static str, f64)] {
        match self {
            Variable::Gpp | Variable::Nee => &[
                ("gC m-2 d-1", 1.0 / DAY),
                ("gC m-2 s-1", 1.0),
                ("gC m-2 yr-1", 1.0 / YEAR),
                ("umol m-2 s-1", CARBON),
            ],
            Variable::Et => &[("mm d-1", 1.0 / DAY), ("kg m-2 s-1", 1.0), ("mm s-1", 1.0)],
            Variable::Lai => &[("m2 m-2", 1.0), ("1", 1.0)],
            Variable::Biomass => &[("gC m-2", 1.0), ("kgC m-2", 1000.0)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_accepts_its_own_unit_unchanged() {
        for variable in Variable::ALL {
            let own = variable.accepted_units().iter().find(|(unit, _)| *unit == variable.unit());
            assert_eq!(own.map(|(_, factor)| *factor), Some(1.0), "{}", variable.name());
        }
    }

    #[test]
    fn names_are_those_that_serde_reads() {
        for variable in Variable::ALL {
            let json = serde_json::to_string(&variable).unwrap();
            assert_eq!(json, format!("\"{}\"", variable.name()));
        }
    }
}
