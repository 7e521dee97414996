//! The units of observed variables that a workflow file may give.

use reterra_assimilation::observation::Variable;

const DAY: f64 = 86_400.0;
/// A mean Gregorian year, s.
pub(super) const YEAR: f64 = 365.2425 * DAY;
/// Molar mass of carbon, gC per micromole.
const CARBON: f64 = 12.011e-6;

/// Accepted units of a variable, each with the factor to the code's ([`Variable::unit`]).
pub(super) fn accepted_units(variable: Variable) -> &'static [(&'static str, f64)] {
    match variable {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_accepts_its_own_unit_unchanged() {
        for variable in Variable::ALL {
            let own = accepted_units(variable).iter().find(|(unit, _)| *unit == variable.unit());
            assert_eq!(own.map(|(_, factor)| *factor), Some(1.0), "{}", variable.name());
        }
    }
}
