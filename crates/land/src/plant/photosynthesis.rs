//! Leaf photosynthesis: Farquhar et al. (1980, doi:10.1007/BF00386231) with Medlyn's optimal stomata
//! (2011, doi:10.1111/j.1365-2486.2010.02375.x), constants and temperature responses as CLM5 uses them.
//!
//! Why not the P-model: its acclimated optimum has no leaf nitrogen, no Vcmax to calibrate and no CLM
//! parameter in it; the reanalysis estimates `medlynslope`, `flnr` and `slatop`, which CLM users can carry
//! over. Medlyn's relation gives ci/ca from humidity alone, so no iteration is needed.

use crate::constants::{FREEZING, GAS};
use crate::lanes::Real;

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
/// exp((S·T25 − D) / (R·T25)) of dark respiration, whose entropy S is 490 J mol⁻¹ K⁻¹.
const RESPIRATION_LOSS25: f64 = 3.5974500352501253e-10;
/// Curvature of the light response of electron transport, and of co-limitation (CLM5).
const THETA_PSII: f64 = 0.7;
const THETA_CJ: f64 = 0.98;
/// Electrons per absorbed photon: 0.5 × (1 − fnps 0.15).
const QUANTUM_YIELD: f64 = 0.425;

/// Temperature-adjusted capacities of a leaf with Vcmax25 = 1, and the chloroplast's constants.
#[derive(Clone, Copy, Debug)]
pub struct LeafBiochemistry<T: Real = f64> {
    /// Vcmax over Vcmax25.
    pub vcmax: T,
    /// Jmax over Vcmax25.
    pub jmax: T,
    /// Dark respiration over that at 25 °C.
    pub respiration: T,
    /// Effective Michaelis–Menten constant, µmol mol⁻¹.
    pub km: T,
    /// Compensation point, µmol mol⁻¹.
    pub gamma: T,
}

/// What temperature does to a leaf.
#[derive(Clone, Copy)]
struct Heat<T: Real> {
    /// 1 − T25 / T.
    warmth: T,
    /// Arrhenius response of the energy of deactivation, which all inhibitions share.
    deactivation: T,
}

impl<T: Real> Heat<T> {
    fn new(kelvin: T) -> Self {
        let warmth = T::of(1.0) - T::of(T25) / kelvin;
        Self { warmth, deactivation: arrhenius(warmth, DEACTIVATION) }
    }

    /// Response with an energy of activation, 1 at 25 °C.
    #[inline]
    fn arrhenius(&self, activation: f64) -> T {
        arrhenius(self.warmth, activation)
    }

    /// High-temperature inhibition, 1 at 25 °C, for `loss25` = exp((S·T25 − D) / (R·T25)): there (S·T − D) / (R·T) is
    /// the exponent at 25 °C and the Arrhenius exponent of D.
    #[inline]
    fn inhibition(&self, loss25: T) -> T {
        (loss25 + 1.0) / (loss25 * self.deactivation + 1.0)
    }

    /// Dark respiration over that at 25 °C.
    #[inline]
    fn respiration(&self) -> T {
        self.arrhenius(RESPIRATION_HA) * self.inhibition(T::of(RESPIRATION_LOSS25))
    }
}

#[inline]
fn arrhenius<T: Real>(warmth: T, activation: f64) -> T {
    (warmth * (activation / (GAS * T25))).exp()
}

/// exp((S·T25 − D) / (R·T25)) for an entropy S, J mol⁻¹ K⁻¹.
#[inline]
fn loss25<T: Real>(entropy: T) -> T {
    ((entropy * T25 - DEACTIVATION) / (GAS * T25)).exp()
}

/// Biochemistry at a leaf temperature for a ten-day mean `t10` (both K), with the acclimation of Kattge and
/// Knorr (2007, doi:10.1111/j.1365-3040.2007.01690.x) that CLM uses, bounded to 11–35 °C.
#[must_use]
pub fn biochemistry<T: Real>(kelvin: T, t10: T) -> LeafBiochemistry<T> {
    let growth = (t10 - FREEZING).clamp(11.0, 35.0);
    let jv = T::of(2.59) - growth * 0.035;
    let heat = Heat::new(kelvin);
    let vcmax_loss = loss25(T::of(668.39) - growth * 1.07);
    let jmax_loss = loss25(T::of(659.70) - growth * 0.75);
    LeafBiochemistry {
        vcmax: heat.arrhenius(VCMAX_HA) * heat.inhibition(vcmax_loss),
        jmax: jv * heat.arrhenius(JMAX_HA) * heat.inhibition(jmax_loss),
        respiration: heat.respiration(),
        km: heat.arrhenius(KC_HA) * KC25 * (T::of(OXYGEN) / (heat.arrhenius(KO_HA) * KO25) + 1.0),
        gamma: heat.arrhenius(GAMMA_HA) * GAMMA25,
    }
}

/// Dark respiration over that at 25 °C at a leaf temperature, K: all that a night needs of [`biochemistry`].
#[must_use]
pub fn dark_respiration<T: Real>(kelvin: T) -> T {
    Heat::new(kelvin).respiration()
}

/// Smaller root of θx² − (a + b)x + ab = 0, the smooth minimum of two rates; none is negative, to rounding too.
#[inline]
fn smooth_minimum<T: Real>(a: T, b: T, theta: f64) -> T {
    let sum = a + b;
    ((sum - (sum * sum - a * b * (4.0 * theta)).max(0.0).sqrt()) * (0.5 / theta)).max(0.0)
}

/// Medlyn's internal over ambient CO₂ for a slope in kPa^½ and a vapour pressure deficit in Pa.
#[must_use]
pub fn internal_ratio<T: Real>(medlynslope: T, vpd: T) -> T {
    let root = (vpd.max(50.0) / 1000.0).sqrt();
    medlynslope / (medlynslope + root)
}

/// Rates of a leaf with Vcmax25 = 1 at an internal CO₂: a day has one, its leaves share it.
#[derive(Clone, Copy, Debug)]
pub struct LeafRates<T: Real = f64> {
    /// Rubisco-limited assimilation, µmol CO₂ m⁻² s⁻¹.
    rubisco: T,
    /// Jmax, µmol m⁻² s⁻¹.
    jmax: T,
    /// CO₂ assimilated per electron.
    per_electron: T,
}

impl<T: Real> LeafRates<T> {
    /// At an internal CO₂, µmol mol⁻¹.
    #[must_use]
    pub fn new(leaf: &LeafBiochemistry<T>, ci: T) -> Self {
        let above = (ci - leaf.gamma).max(0.0);
        Self {
            rubisco: leaf.vcmax * above / (ci + leaf.km),
            jmax: leaf.jmax,
            per_electron: above * 0.25 / (ci + leaf.gamma * 2.0),
        }
    }

    /// Gross assimilation of a leaf (or of a sunlit or shaded big leaf), µmol CO₂ m⁻² s⁻¹.
    ///
    /// `vcmax25`: its Vcmax at 25 °C; `photons`: absorbed PAR, µmol m⁻² s⁻¹.
    #[inline]
    #[must_use]
    pub fn gross(&self, vcmax25: T, photons: T) -> T {
        let electrons = smooth_minimum(photons * QUANTUM_YIELD, self.jmax * vcmax25, THETA_PSII);
        smooth_minimum(self.rubisco * vcmax25, self.per_electron * electrons, THETA_CJ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Lanes, WIDTH};
    use crate::plant::fixtures::{same, together};

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
        let rate = LeafRates::new(&leaf, 280.0).gross(50.0, 5_000.0);
        let rubisco: f64 = 50.0 * (280.0 - 42.75) / (280.0 + leaf.km);
        let (absorbed, jmax): (f64, f64) = (0.425 * 5_000.0, 50.0 * (2.59 - 0.035 * 25.0));
        let sum = absorbed + jmax;
        let electrons = (sum - (sum * sum - 4.0 * 0.7 * absorbed * jmax).sqrt()) / 1.4;
        let light = 0.25 * electrons * (280.0 - 42.75) / (280.0 + 2.0 * 42.75);
        let residual = 0.98 * rate * rate - (rubisco + light) * rate + rubisco * light;
        assert!(residual.abs() < 1e-9 && rate < rubisco.min(light), "{rate} {rubisco} {light}");
        assert!(LeafRates::new(&leaf, 280.0).gross(50.0, 0.0).abs() < 1e-12);
    }

    #[test]
    fn gross_assimilation_is_never_negative() {
        // Below the compensation point; photons that rounding left just below none; hardly any leaf.
        for kelvin in [253.0, 288.0, 318.0] {
            let leaf = biochemistry(kelvin, 290.0);
            for ci in [1.0, leaf.gamma, leaf.gamma * (1.0 + 1e-15), 280.0] {
                let rates = LeafRates::new(&leaf, ci);
                for (vcmax, photons) in [(50.0, 900.0), (50.0, -1e-13), (1e-9, 1e-9), (1e-200, 900.0)] {
                    let gross = rates.gross(vcmax, photons);
                    assert!(gross >= 0.0, "{kelvin} K, ci {ci}, {vcmax}, {photons}: {gross:e}");
                }
            }
            assert!(LeafRates::new(&leaf, 0.9 * leaf.gamma).gross(50.0, 900.0).abs() < 1e-300);
        }
    }

    #[test]
    fn medlyn_ratio_matches_the_paper() {
        // g1 = 4.12 at 1 kPa: 4.12 / 5.12.
        assert!((internal_ratio(4.12, 1000.0) - 4.12 / 5.12).abs() < 1e-12);
    }

    #[test]
    fn inhibition_is_kattge_and_knorrs() {
        let paper = |kelvin: f64, entropy: f64| {
            let at = |t: f64| 1.0 + ((entropy * t - DEACTIVATION) / (GAS * t)).exp();
            at(T25) / at(kelvin)
        };
        for kelvin in [243.0, 273.0, 298.15, 308.0, 318.0, 330.0] {
            let heat = Heat::new(kelvin);
            for entropy in [490.0, 630.0, 650.0] {
                let found = heat.inhibition(loss25(entropy));
                assert!((found / paper(kelvin, entropy) - 1.0).abs() < 1e-12, "{kelvin} {entropy}");
            }
            let respiration = biochemistry(kelvin, 290.0).respiration;
            assert!((dark_respiration(kelvin) / respiration - 1.0).abs() < 1e-15);
        }
        assert!((loss25(490.0) / RESPIRATION_LOSS25 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn a_batch_is_its_columns() {
        // Beyond both bounds of acclimation, and internal CO2 below and above the compensation point.
        let (kelvin, t10) = ([255.0, 283.0, 301.0, 321.0], [270.0, 286.0, 299.0, 312.0]);
        let (ci, photons) = ([20.0, 200.0, 280.0, 300.0], [300.0, 0.0, 900.0, 2_500.0]);
        let leaf = biochemistry::<Lanes>(together(&kelvin), together(&t10));
        let gross = LeafRates::new(&leaf, together(&ci)).gross(Lanes::from(60.0), together(&photons));
        let night = dark_respiration::<Lanes>(together(&kelvin));
        let slope = internal_ratio::<Lanes>(Lanes::from(4.1), together(&photons));
        for k in 0..WIDTH {
            let alone = biochemistry(kelvin[k], t10[k]);
            same(&leaf.km.at(k), &alone.km);
            same(&leaf.jmax.at(k), &alone.jmax);
            same(&gross.at(k), &LeafRates::new(&alone, ci[k]).gross(60.0, photons[k]));
            same(&night.at(k), &dark_respiration(kelvin[k]));
            same(&slope.at(k), &internal_ratio(4.1, photons[k]));
        }
    }
}
