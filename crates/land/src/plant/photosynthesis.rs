//! Leaf photosynthesis: Farquhar et al. (1980, doi:10.1007/BF00386231) with Medlyn's optimal stomata
//! (2011, doi:10.1111/j.1365-2486.2010.02375.x), constants and temperature responses as CLM5 uses them.
//!
//! Why not the P-model: its acclimated optimum has no leaf nitrogen, no Vcmax to calibrate and no CLM
//! parameter in it; the reanalysis estimates `medlynslope`, `flnr` and `slatop`, which CLM users can carry
//! over. Medlyn's relation gives ci/ca from humidity alone, so no iteration is needed.

use crate::constants::{FREEZING, GAS};

/// Reference temperature, K.
const T25: f64 = 298.15;
/// Michaelis–Menten constants at 25 °C: CO₂ (µmol mol⁻¹) and O₂ (mmol mol⁻¹); CLM5, Bernacchi et al. 2001.
const KC25: f64 = 404.9;
const KO25: f64 = 278.4;
/// CO₂ compensation point at 25 °C, µmol mol⁻¹.
const GAMMA25: f64 = 42.75;
/// O₂ mole fraction, mmol mol⁻¹.
const OXYGEN: f64 = 209.0;
/// Activation energies, J mol⁻¹.
const VCMAX_HA: f64 = 72_000.0;
const JMAX_HA: f64 = 50_000.0;
const KC_HA: f64 = 79_430.0;
const KO_HA: f64 = 36_380.0;
const GAMMA_HA: f64 = 37_830.0;
const RESPIRATION_HA: f64 = 46_390.0;
/// Deactivation energy of Vcmax and Jmax, J mol⁻¹.
const DEACTIVATION: f64 = 200_000.0;
/// Leaf dark respiration over Vcmax at 25 °C for C3 (Collatz et al. 1991).
const RESPIRATION_RATIO: f64 = 0.015;
/// Curvature of the light response of electron transport, and of co-limitation (CLM5).
const THETA_PSII: f64 = 0.7;
const THETA_CJ: f64 = 0.98;
/// Electrons per absorbed photon: 0.5 × (1 − fnps 0.15).
const QUANTUM_YIELD: f64 = 0.425;

/// Temperature-adjusted capacities of a leaf with Vcmax25 = 1, and the chloroplast's constants.
#[derive(Clone, Copy, Debug)]
pub struct LeafBiochemistry {
    /// Vcmax over Vcmax25.
    pub vcmax: f64,
    /// Jmax over Vcmax25.
    pub jmax: f64,
    /// Dark respiration over Vcmax25.
    pub respiration: f64,
    /// Effective Michaelis–Menten constant, µmol mol⁻¹.
    pub km: f64,
    /// Compensation point, µmol mol⁻¹.
    pub gamma: f64,
}

fn arrhenius(kelvin: f64, activation: f64) -> f64 {
    (activation / (GAS * T25) * (1.0 - T25 / kelvin)).exp()
}

/// High-temperature inhibition, 1 at 25 °C.
fn inhibition(kelvin: f64, entropy: f64) -> f64 {
    let at = |t: f64| 1.0 + ((entropy * t - DEACTIVATION) / (GAS * t)).exp();
    at(T25) / at(kelvin)
}

/// Biochemistry at a leaf temperature for a ten-day mean `t10` (both K), with the acclimation of Kattge and
/// Knorr (2007, doi:10.1111/j.1365-3040.2007.01690.x) that CLM uses, bounded to 11–35 °C.
#[must_use]
pub fn biochemistry(kelvin: f64, t10: f64) -> LeafBiochemistry {
    let growth = (t10 - FREEZING).clamp(11.0, 35.0);
    let jv = 2.59 - 0.035 * growth;
    LeafBiochemistry {
        vcmax: arrhenius(kelvin, VCMAX_HA) * inhibition(kelvin, 668.39 - 1.07 * growth),
        jmax: jv * arrhenius(kelvin, JMAX_HA) * inhibition(kelvin, 659.70 - 0.75 * growth),
        respiration: RESPIRATION_RATIO * arrhenius(kelvin, RESPIRATION_HA) * inhibition(kelvin, 490.0),
        km: KC25 * arrhenius(kelvin, KC_HA) * (1.0 + OXYGEN / (KO25 * arrhenius(kelvin, KO_HA))),
        gamma: GAMMA25 * arrhenius(kelvin, GAMMA_HA),
    }
}

/// Smaller root of θx² − (a + b)x + ab = 0, the smooth minimum of two rates.
fn smooth_minimum(a: f64, b: f64, theta: f64) -> f64 {
    let sum = a + b;
    (sum - (sum * sum - 4.0 * theta * a * b).max(0.0).sqrt()) / (2.0 * theta)
}

/// Medlyn's internal over ambient CO₂ for a slope in kPa^½ and a vapour pressure deficit in Pa.
#[must_use]
pub fn internal_ratio(medlynslope: f64, vpd: f64) -> f64 {
    let root = (vpd.max(50.0) / 1000.0).sqrt();
    medlynslope / (medlynslope + root)
}

/// Gross assimilation of a leaf (or of a sunlit or shaded big leaf), µmol CO₂ m⁻² s⁻¹.
///
/// `vcmax25`: its Vcmax at 25 °C; `photons`: absorbed PAR, µmol m⁻² s⁻¹; `ci`: µmol mol⁻¹.
#[must_use]
pub fn gross_assimilation(leaf: &LeafBiochemistry, vcmax25: f64, photons: f64, ci: f64) -> f64 {
    let electrons = smooth_minimum(QUANTUM_YIELD * photons, leaf.jmax * vcmax25, THETA_PSII);
    let above = (ci - leaf.gamma).max(0.0);
    let rubisco = leaf.vcmax * vcmax25 * above / (ci + leaf.km);
    let light = 0.25 * electrons * above / (ci + 2.0 * leaf.gamma);
    smooth_minimum(rubisco, light, THETA_CJ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_one_at_25_degrees() {
        let leaf = biochemistry(T25, 298.15);
        assert!((leaf.vcmax - 1.0).abs() < 1e-12);
        assert!((leaf.jmax - (2.59 - 0.035 * 25.0)).abs() < 1e-12);
        // Km at 25 °C: 404.9 (1 + 209/278.4) = 708.9 umol/mol.
        assert!((leaf.km - 708.86).abs() < 0.1, "{}", leaf.km);
    }

    #[test]
    fn vcmax_falls_beyond_its_optimum() {
        let at = |celsius: f64| biochemistry(celsius + FREEZING, 293.15).vcmax;
        assert!(at(35.0) > at(25.0) && at(50.0) < at(40.0));
    }

    #[test]
    fn the_rate_co_limits_rubisco_and_light_as_collatz_has_it() {
        // Collatz et al. 1991: θ A² − (Ac + Aj) A + Ac Aj = 0, with 0.7 J² − (0.425 I + Jmax) J + 0.425 I Jmax = 0.
        let leaf = biochemistry(T25, 298.15);
        let rate = gross_assimilation(&leaf, 50.0, 5_000.0, 280.0);
        let rubisco: f64 = 50.0 * (280.0 - 42.75) / (280.0 + leaf.km);
        let (absorbed, jmax): (f64, f64) = (0.425 * 5_000.0, 50.0 * (2.59 - 0.035 * 25.0));
        let sum = absorbed + jmax;
        let electrons = (sum - (sum * sum - 4.0 * 0.7 * absorbed * jmax).sqrt()) / 1.4;
        let light = 0.25 * electrons * (280.0 - 42.75) / (280.0 + 2.0 * 42.75);
        let residual = 0.98 * rate * rate - (rubisco + light) * rate + rubisco * light;
        assert!(residual.abs() < 1e-9 && rate < rubisco.min(light), "{rate} {rubisco} {light}");
        assert!(gross_assimilation(&leaf, 50.0, 0.0, 280.0).abs() < 1e-12);
    }

    #[test]
    fn medlyn_ratio_matches_the_paper() {
        // g1 = 4.12 at 1 kPa: 4.12 / 5.12.
        assert!((internal_ratio(4.12, 1000.0) - 4.12 / 5.12).abs() < 1e-12);
    }
}
