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
    use crate::plant::pft::Pft;

    #[test]
    fn rate_and_q10_are_clms() {
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenBoreal);
        let mut plant = Vegetation::cold_start(&p, true, true, 278.0);
        plant.nitrogen.livewood = 1.0;
        plant.nitrogen.froot = 0.0;
        let at20 = maintenance(&plant, &p, REFERENCE, REFERENCE);
        assert!((at20 - 2.525e-6 * 86_400.0).abs() < 1e-12);
        let at30 = maintenance(&plant, &p, REFERENCE + 10.0, REFERENCE);
        assert!((at30 / at20 - 1.5).abs() < 1e-12);
    }
}
