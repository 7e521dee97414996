//! Maintenance respiration of roots and live wood (leaves respire in the canopy scheme).
//!
//! Rate × tissue nitrogen × Q10, reference 20 °C (CLM5 technical note, section 2.17.1; Atkin option off).

use crate::constants::{DAY, FREEZING};
use crate::lanes::Real;
use crate::parameters::Parameters;
use crate::plant::state::Vegetation;

/// Reference temperature, K.
const REFERENCE: f64 = FREEZING + 20.0;

/// Maintenance respiration of a day of live wood and fine roots, gC m⁻² d⁻¹, at air and root-zone soil
/// temperature (K).
#[must_use]
pub fn maintenance<T: Real>(plant: &Vegetation<T>, p: &Parameters<T>, air: T, soil: T) -> T {
    let ln_q10 = p.q10_mr.ln();
    let wood = p.br_mr * plant.nitrogen.livewood * (ln_q10 * (air - REFERENCE) / 10.0).exp();
    let root = p.br_mr_root * plant.nitrogen.froot * (ln_q10 * (soil - REFERENCE) / 10.0).exp();
    (wood + root) * DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Lanes, WIDTH};
    use crate::plant::fixtures::{columns, same, together};
    use crate::plant::pft::{LeafHabit, Pft};

    #[test]
    fn rate_and_q10_are_clms() {
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenBoreal);
        let mut plant = Vegetation::cold_start(&p, true, LeafHabit::Evergreen, 278.0);
        plant.nitrogen.livewood = 1.0;
        plant.nitrogen.froot = 0.0;
        let at20 = maintenance(&plant, &p, REFERENCE, REFERENCE);
        assert!((at20 - 2.525e-6 * 86_400.0).abs() < 1e-12);
        let at30 = maintenance(&plant, &p, REFERENCE + 10.0, REFERENCE);
        assert!((at30 / at20 - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_batch_is_its_columns() {
        let (parameters, plants) = columns(Pft::BroadleafDeciduousTemperate);
        let (air, soil) = ([262.0, 275.0, 290.0, 305.0], [271.0, 274.0, 284.0, 295.0]);
        let batch =
            maintenance::<Lanes>(&together(&plants), &together(&parameters), together(&air), together(&soil));
        for k in 0..WIDTH {
            same(&batch.at(k), &maintenance(&plants[k], &parameters[k], air[k], soil[k]));
        }
    }
}
