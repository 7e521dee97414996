//! How a spin-up went, by CLM's measures.

use serde::{Deserialize, Serialize};

use super::Method;
use super::cycle::{Cycle, Measured};
use crate::column::LargestImbalance;
use crate::soil::POOLS;

/// How the spin-up of a column went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The way.
    pub method: Method,
    /// Whether the criterion was met.
    pub converged: bool,
    /// Cycles run.
    pub cycles: usize,
    /// Years simulated.
    pub years: f64,
    /// ΔTOTECOSYSC of the last cycle, gC m⁻² yr⁻¹.
    pub drift: f64,
    /// What else drifted in it.
    pub other_drifts: OtherDrifts,
    /// (equilibrium − mean) / equilibrium of each soil pool in the last cycle, where equilibrium is what its own
    /// inputs and rates sustain.
    pub distance: [f64; POOLS],
    /// The same of live and dead wood.
    pub wood_distance: [f64; 2],
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
}

/// Drifts over a whole forcing cycle beside that of TOTECOSYSC: of stocks from its start to its end, of fluxes and leaf
/// area from the mean of the cycle before (none in the first cycle).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OtherDrifts {
    /// ΔTOTSOMC, gC m⁻² yr⁻¹.
    pub soil_carbon: f64,
    /// ΔTOTVEGC, gC m⁻² yr⁻¹.
    pub vegetation_carbon: f64,
    /// ΔGPP, gC m⁻² yr⁻¹ per year.
    pub gpp: Option<f64>,
    /// ΔTLAI, m² m⁻² per year.
    pub lai: Option<f64>,
    /// ΔTWS, kg m⁻² yr⁻¹.
    pub water: f64,
}

/// A drift with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// CLM's name of what drifts.
    pub name: &'static str,
    /// How much it does; none where that takes a second cycle.
    pub value: Option<f64>,
    /// How much it may.
    pub limit: f64,
    /// Unit of both.
    pub unit: &'static str,
}

impl Measure {
    /// Whether it is within its limit.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.value.is_some_and(|value| value.abs() <= self.limit)
    }
}

/// Names, units and limits of the drifts of a column, `TOTECOSYSC` first. CLM's stability tools limit carbon and GPP of
/// a column to 1 gC m⁻² yr⁻¹, and leaf area and water to 0.02 m² m⁻² and 1 mm a year.
pub(super) const LIMITS: [(&str, f64, &str); 6] = [
    ("TOTECOSYSC", 1.0, "gC m-2 yr-1"),
    ("TOTSOMC", 1.0, "gC m-2 yr-1"),
    ("TOTVEGC", 1.0, "gC m-2 yr-1"),
    ("GPP", 1.0, "gC m-2 yr-2"),
    ("TLAI", 0.02, "m2 m-2 yr-1"),
    ("TWS", 1.0, "kg m-2 yr-1"),
];

impl Report {
    /// Of a spin-up that is to begin.
    #[must_use]
    pub fn new(method: Method) -> Self {
        Self {
            method,
            converged: false,
            cycles: 0,
            years: 0.0,
            drift: f64::INFINITY,
            other_drifts: OtherDrifts::default(),
            distance: [1.0; POOLS],
            wood_distance: [1.0; 2],
            imbalance: LargestImbalance::default(),
        }
    }

    pub(super) fn count(&mut self, cycle: &Cycle) {
        self.cycles = cycle.number;
        self.years += cycle.years;
        self.imbalance = self.imbalance.max(cycle.imbalance);
    }

    pub(super) fn note(&mut self, measured: &Measured) {
        self.drift = measured.drift;
        self.other_drifts = measured.others;
        self.distance = measured.distance;
        self.wood_distance = measured.wood_distance;
    }

    /// All drifts, in the order of [CLM's measures](Measure): TOTECOSYSC, TOTSOMC, TOTVEGC, GPP, TLAI, TWS.
    #[must_use]
    pub fn drifts(&self) -> [Option<f64>; 6] {
        let other = &self.other_drifts;
        let (soil, vegetation) = (other.soil_carbon, other.vegetation_carbon);
        [Some(self.drift), Some(soil), Some(vegetation), other.gpp, other.lai, Some(other.water)]
    }

    /// All drifts with their limits. Only that of TOTECOSYSC ends a spin-up; the others tell why it may not be over.
    #[must_use]
    pub fn measures(&self) -> [Measure; 6] {
        let drifts = self.drifts();
        std::array::from_fn(|i| {
            let (name, limit, unit) = LIMITS[i];
            Measure { name, value: drifts[i], limit, unit }
        })
    }

    /// Largest relative distance of a soil pool from its linear equilibrium.
    #[must_use]
    pub fn largest_distance(&self) -> f64 {
        self.distance.iter().fold(0.0, |a, d| d.abs().max(a))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_without_a_value_is_not_met_and_limits_include_their_ends() {
        let mut report = Report::new(Method::Matrix);
        assert!(report.measures().iter().filter(|m| m.is_met()).all(|m| !["GPP", "TLAI"].contains(&m.name)));
        report.drift = -1.0;
        report.other_drifts = OtherDrifts { gpp: Some(0.5), lai: Some(-0.021), ..OtherDrifts::default() };
        let met = report.measures().map(|m| m.is_met());
        assert_eq!(met, [true, true, true, true, false, true]);
    }
}
