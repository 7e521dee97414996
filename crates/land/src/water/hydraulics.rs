//! Hydraulic and thermal properties of soil from texture and organic matter, as CLM computes them.
//!
//! Clapp and Hornberger (1978) curves with the regressions of Cosby et al. (1984,
//! doi:10.1029/WR020i006p00682); thermal conductivity of the solid from Farouki (1981); organic matter after Lawrence
//! and Slater (2008, doi:10.1007/s00382-007-0278-1). CLM5 technical note, sections 2.7.3 and 2.6.3.

use crate::batched;
use crate::constants::{DAY, MEGAPASCAL_PER_MM};
use crate::lanes::Real;
use crate::soil::grid::{LAYERS, NODE, THICKNESS};

/// Carbon-rich soil that counts as wholly organic, kg m⁻³ (CLM's `organic_max`).
const ORGANIC_MAX: f64 = 130.0;
/// Depth below which organic matter is sapric, m.
const SAPRIC: f64 = 0.5;
/// Percolation threshold of organic matter and its exponent (Letts et al. 2000; Lawrence and Slater 2008,
/// doi:10.1007/s00382-007-0278-1).
const PERCOLATION: f64 = 0.5;
const PERCOLATION_EXPONENT: f64 = 0.139;
/// Conductivity of ice over that of water.
const ICE_OVER_WATER: f64 = 2.29 / 0.57;

batched! {
    /// Hydraulic and thermal properties of a column, by layer.
    #[derive(Clone, Debug)]
    pub struct Hydraulics {
        /// Porosity, m³ m⁻³.
        pub porosity: [T; LAYERS],
        /// Clapp–Hornberger exponent.
        pub exponent: [T; LAYERS],
        /// Saturated suction, mm (positive).
        pub suction: [T; LAYERS],
        /// Saturated conductivity, mm d⁻¹.
        pub conductivity: [T; LAYERS],
        /// Pore space, mm.
        pub capacity: [T; LAYERS],
        /// What [`Self::capacity`] is over porosity, mm: the layer's thickness.
        pub depth: [T; LAYERS],
        /// Diffusivity of water at saturation, mm² d⁻¹: b Kₛ ψₛ / φ.
        pub diffusivity: [T; LAYERS],
        /// Logarithm of [`Self::suction`].
        pub log_suction: [T; LAYERS],
        /// Layers above bedrock.
        pub layers: usize,
        /// How fast a water table above bedrock drains, d⁻¹: mm d⁻¹ per mm of its height; below 0 the bottom is open.
        pub baseflow: T,
        /// 1 where layers differ in what they are made of, else 0.
        pub layered: T,
        /// Thermal conductivity of dry and of saturated soil, W m⁻¹ K⁻¹.
        pub heat_dry: [T; LAYERS],
        /// See `heat_dry`.
        pub heat_saturated: [T; LAYERS],
        /// Logarithm of how much better saturated soil conducts when all its water is ice.
        pub heat_ice: [T; LAYERS],
        /// Heat capacity of the solids, J m⁻³ K⁻¹, already times their volume share.
        pub heat_solid: [T; LAYERS],
    }
}

/// What soil is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Material {
    /// Sand, percent of the minerals by mass.
    pub sand: f64,
    /// Clay, percent of the minerals by mass.
    pub clay: f64,
    /// Organic matter, kg m⁻³, by layer.
    pub organic: [f64; LAYERS],
}

/// Properties of a layer.
struct Layer {
    porosity: f64,
    exponent: f64,
    suction: f64,
    conductivity: f64,
    heat_dry: f64,
    heat_saturated: f64,
    heat_solid: f64,
}

impl Hydraulics {
    /// Properties of mineral soil from sand and clay (percent by mass), layers above bedrock and two multipliers.
    #[must_use]
    pub fn from_texture(
        sand: f64,
        clay: f64,
        layers: usize,
        porosity_scale: f64,
        conductivity_scale: f64,
    ) -> Self {
        let material = Material { sand, clay, organic: [0.0; LAYERS] };
        Self::new(&material, layers, porosity_scale, conductivity_scale)
    }

    /// Properties of a soil of minerals and organic matter.
    #[must_use]
    pub fn new(material: &Material, layers: usize, porosity_scale: f64, conductivity_scale: f64) -> Self {
        let all: [Layer; LAYERS] = std::array::from_fn(|i| layer(material, i, porosity_scale));
        let by_layer = |of: &dyn Fn(&Layer) -> f64| std::array::from_fn(|i| of(&all[i]));
        let conductivity = by_layer(&|l| l.conductivity * conductivity_scale);
        let capacity: [f64; LAYERS] =
            std::array::from_fn(|i| if i < layers { all[i].porosity * THICKNESS[i] * 1_000.0 } else { 0.0 });
        Self {
            porosity: by_layer(&|l| l.porosity),
            exponent: by_layer(&|l| l.exponent),
            suction: by_layer(&|l| l.suction),
            depth: std::array::from_fn(|i| capacity[i] / all[i].porosity),
            diffusivity: std::array::from_fn(|i| {
                all[i].exponent * conductivity[i] * all[i].suction / all[i].porosity
            }),
            log_suction: by_layer(&|l| Real::ln(l.suction)),
            conductivity,
            capacity,
            layers,
            baseflow: OPEN,
            layered: if material.organic.iter().any(|&o| o > 0.0) { 1.0 } else { 0.0 },
            heat_dry: by_layer(&|l| l.heat_dry),
            heat_saturated: by_layer(&|l| l.heat_saturated),
            heat_ice: by_layer(&|l| l.porosity * ICE_OVER_WATER.ln()),
            heat_solid: by_layer(&|l| l.heat_solid),
        }
    }

    /// The same soil on bedrock that slopes by an angle, degrees: CLM5's lateral baseflow,
    /// 0.01 mm s⁻¹ · tan β per metre of water table (technical note, section 2.7.5).
    #[must_use]
    pub fn on_bedrock(self, slope: f64) -> Self {
        const BASEFLOW: f64 = 1e-2;
        Self { baseflow: BASEFLOW * slope.to_radians().tan() * DAY * 1e-3, ..self }
    }
}

/// Marks a bottom through which water drains freely.
const OPEN: f64 = -1.0;

fn layer(material: &Material, i: usize, porosity_scale: f64) -> Layer {
    let Material { sand, clay, organic } = *material;
    let share = (organic[i] / ORGANIC_MAX).min(1.0);
    let depth = NODE[i] / SAPRIC;
    let mix = |mineral: f64, organic: f64| (1.0 - share) * mineral + share * organic;
    // Neither regression knows silt: alone, it counts as clay.
    let (sandy, clayey) = if sand + clay > 0.0 { (sand, clay) } else { (0.0, 1.0) };
    let bare = ((0.489 - 0.001_26 * sand) * porosity_scale).clamp(0.1, 0.95);
    let porosity = mix(bare, (0.93 - 0.1 * depth).max(0.83));
    let bulk = (1.0 - bare) * 2_700.0;
    let solid = mix((8.80 * sandy + 2.92 * clayey) / (sandy + clayey), 0.25);
    let solid_heat = mix((2.128 * sandy + 2.385 * clayey) / (sandy + clayey), 2.5) * 1e6;
    Layer {
        porosity,
        exponent: mix(2.91 + 0.159 * clay, (2.7 + 9.3 * depth).min(12.0)),
        suction: mix(10.0 * 10f64.powf(1.88 - 0.0131 * sand), (10.3 - 0.2 * depth).min(10.1)),
        conductivity: mixed_conductivity(sand, share, depth) * DAY,
        heat_dry: mix((0.135 * bulk + 64.7) / (2_700.0 - 0.947 * bulk), 0.05),
        heat_saturated: solid.powf(1.0 - porosity) * 0.57f64.powf(porosity),
        heat_solid: solid_heat * (1.0 - porosity),
    }
}

/// Saturated conductivity, mm s⁻¹, of minerals and organic matter that percolates where it is more than half.
fn mixed_conductivity(sand: f64, share: f64, depth: f64) -> f64 {
    let mineral = 0.007_055_6 * 10f64.powf(-0.884 + 0.0153 * sand);
    let organic = (0.28 - 0.2799 * depth).max(mineral);
    let above = (share - PERCOLATION).max(0.0) / (1.0 - PERCOLATION);
    let connected = if above > 0.0 { above.powf(PERCOLATION_EXPONENT) } else { 0.0 };
    let apart = (1.0 - connected) * share;
    let unconnected = 1.0 - share + apart;
    let in_series =
        if unconnected > 0.0 { unconnected / ((1.0 - share) / mineral + apart / organic) } else { 0.0 };
    unconnected * in_series + connected * share * organic
}

impl<T: Real> Hydraulics<T> {
    /// Water potential, MPa, of a layer at a saturation.
    #[must_use]
    pub fn potential(&self, layer: usize, saturation: T) -> T {
        -self.suction[layer] * saturation.clamp(0.01, 1.0).powf(-self.exponent[layer]) * MEGAPASCAL_PER_MM
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
        assert!((loam.porosity[3] - 0.4348).abs() < 1e-3);
        assert!((loam.exponent[3] - 5.772).abs() < 1e-3);
        assert!((loam.suction[3] - 207.3).abs() < 1.0, "{}", loam.suction[3]);
        assert!((loam.conductivity[3] / DAY - 0.004_19).abs() < 1e-4, "{}", loam.conductivity[3] / DAY);
        assert!((loam.potential(3, 1.0) + 207.3 * 9.8e-6).abs() < 1e-5);
    }

    #[test]
    fn peaty_topsoil_has_what_eclm_has() {
        // eCLM's WATSAT, BSW, SUCSAT and HKSAT of an alpine grassland with 96.9 and 25.3 kg m-3 of organic matter in
        // its first and third layer, 72 and 71 % sand, 14 % clay.
        let mut organic = [0.0; LAYERS];
        (organic[0], organic[2]) = (96.905_395, 25.328_381);
        let soil = |sand| Hydraulics::new(&Material { sand, clay: 14.0, organic }, 8, 1.0, 1.0);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 2e-4, "{a} against {b}");
        let (top, third) = (soil(72.0), soil(71.0));
        close(top.porosity[0], 0.793_147);
        close(top.exponent[0], 3.458_79);
        close(top.suction[0], 29.538_5);
        close(top.conductivity[0] / DAY, 0.190_051);
        close(third.porosity[2], 0.499_384);
        close(third.exponent[2], 4.987_537);
        close(third.suction[2], 73.711_8);
        close(third.conductivity[2] / DAY, 0.013_798_6);
    }

    #[test]
    fn pure_silt_conducts_heat_as_clay_does() {
        let silt = Hydraulics::from_texture(0.0, 0.0, 20, 1.0, 1.0);
        let with_a_little_clay = Hydraulics::from_texture(0.0, 1e-9, 20, 1.0, 1.0);
        assert!((silt.heat_saturated[0] / with_a_little_clay.heat_saturated[0] - 1.0).abs() < 1e-6);
        assert!((silt.heat_solid[0] / with_a_little_clay.heat_solid[0] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let soils = [(80.0, 5.0), (43.0, 18.0), (20.0, 60.0), (10.0, 20.0)]
            .map(|(sand, clay)| Hydraulics::from_texture(sand, clay, 14, 1.1, 0.7));
        let saturation = [0.0, 0.3, 0.8, 1.4];
        let batch = Hydraulics::<Lanes>::gather(&|k| &soils[k]);
        assert_eq!(batch.layers, 14);
        assert_alike(batch.potential(5, Lanes::from(saturation)), |k| soils[k].potential(5, saturation[k]));
    }
}
