//! Hydraulic and thermal properties of mineral soil from texture, as CLM computes them.
//!
//! Clapp and Hornberger (1978) curves with the regressions of Cosby et al. (1984,
//! doi:10.1029/WR020i006p00682); thermal conductivity of the solid from Farouki (1981). CLM5 technical note,
//! sections 2.7.3 and 2.6.3.

use crate::batched;
use crate::constants::{DAY, MEGAPASCAL_PER_MM};
use crate::lanes::Real;
use crate::soil::grid::{LAYERS, THICKNESS};

batched! {
    /// Hydraulic and thermal properties of a column of one texture.
    #[derive(Clone, Debug)]
    pub struct Hydraulics {
        /// Porosity, m³ m⁻³.
        pub porosity: T,
        /// Clapp–Hornberger exponent.
        pub exponent: T,
        /// Saturated suction, mm (positive).
        pub suction: T,
        /// Saturated conductivity, mm d⁻¹.
        pub conductivity: T,
        /// Pore space by layer, mm.
        pub capacity: [T; LAYERS],
        /// Layers above bedrock.
        pub layers: usize,
        /// Thermal conductivity of dry and of saturated soil, W m⁻¹ K⁻¹.
        pub heat_dry: T,
        /// See `heat_dry`.
        pub heat_saturated: T,
        /// Heat capacity of the solids, J m⁻³ K⁻¹, already times their volume share.
        pub heat_solid: T,
    }
}

impl Hydraulics {
    /// Properties from sand and clay (percent by mass), layers above bedrock and two multipliers.
    #[must_use]
    pub fn from_texture(
        sand: f64,
        clay: f64,
        layers: usize,
        porosity_scale: f64,
        conductivity_scale: f64,
    ) -> Self {
        let porosity = ((0.489 - 0.001_26 * sand) * porosity_scale).clamp(0.1, 0.95);
        let bulk = (1.0 - porosity) * 2_700.0;
        // Neither regression knows silt: alone, it counts as clay.
        let (sandy, clayey) = if sand + clay > 0.0 { (sand, clay) } else { (0.0, 1.0) };
        let solid = (8.80 * sandy + 2.92 * clayey) / (sandy + clayey);
        let solid_heat = (2.128 * sandy + 2.385 * clayey) / (sandy + clayey) * 1e6;
        let mut capacity = [0.0; LAYERS];
        for i in 0..layers {
            capacity[i] = porosity * THICKNESS[i] * 1_000.0;
        }
        Self {
            porosity,
            exponent: 2.91 + 0.159 * clay,
            suction: 10.0 * 10f64.powf(1.88 - 0.0131 * sand),
            conductivity: 0.007_055_6 * 10f64.powf(-0.884 + 0.0153 * sand) * DAY * conductivity_scale,
            capacity,
            layers,
            heat_dry: (0.135 * bulk + 64.7) / (2_700.0 - 0.947 * bulk),
            heat_saturated: solid.powf(1.0 - porosity) * 0.57f64.powf(porosity),
            heat_solid: solid_heat * (1.0 - porosity),
        }
    }
}

impl<T: Real> Hydraulics<T> {
    /// Water potential, MPa, at a saturation.
    #[must_use]
    pub fn potential(&self, saturation: T) -> T {
        -self.suction * saturation.clamp(0.01, 1.0).powf(-self.exponent) * MEGAPASCAL_PER_MM
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes};
    use crate::water::fixtures::assert_alike;

    #[test]
    fn loam_has_cosbys_properties() {
        // 43 % sand, 18 % clay: porosity 0.435, b 5.77, suction 207 mm, 0.0042 mm/s.
        let loam = Hydraulics::from_texture(43.0, 18.0, 20, 1.0, 1.0);
        assert!((loam.porosity - 0.4348).abs() < 1e-3);
        assert!((loam.exponent - 5.772).abs() < 1e-3);
        assert!((loam.suction - 207.3).abs() < 1.0, "{}", loam.suction);
        assert!((loam.conductivity / DAY - 0.004_19).abs() < 1e-4, "{}", loam.conductivity / DAY);
        assert!((loam.potential(1.0) + 207.3 * 9.8e-6).abs() < 1e-5);
    }

    #[test]
    fn pure_silt_conducts_heat_as_clay_does() {
        let silt = Hydraulics::from_texture(0.0, 0.0, 20, 1.0, 1.0);
        let with_a_little_clay = Hydraulics::from_texture(0.0, 1e-9, 20, 1.0, 1.0);
        assert!((silt.heat_saturated / with_a_little_clay.heat_saturated - 1.0).abs() < 1e-6);
        assert!((silt.heat_solid / with_a_little_clay.heat_solid - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let soils = [(80.0, 5.0), (43.0, 18.0), (20.0, 60.0), (10.0, 20.0)]
            .map(|(sand, clay)| Hydraulics::from_texture(sand, clay, 14, 1.1, 0.7));
        let saturation = [0.0, 0.3, 0.8, 1.4];
        let batch = Hydraulics::<Lanes>::gather(&|k| &soils[k]);
        assert_eq!(batch.layers, 14);
        assert_alike(batch.potential(Lanes::from(saturation)), |k| soils[k].potential(saturation[k]));
    }
}
