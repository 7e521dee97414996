//! Texture, organic matter and depth of the soil: correlated noise about the mean of the station table's soils.

use reterra_land::column::Base;
use reterra_land::soil::grid::{LAYERS, NODE};

use crate::climate::Bioclimate;
use crate::noise::{Field, Fractal, key};

/// Mean sand, silt and clay, percent, of the 48 soils in `data/stations.csv`, rounded.
const MEAN: [f64; 3] = [45.0, 37.0, 18.0];
/// Spread of the log-ratios.
const SPREAD: f64 = 0.45;
/// Sand of glacial tills and outwash north of this latitude, °N, as a shift of its logarithm.
const GLACIAL: f64 = 54.0;
const GLACIAL_SAND: f64 = 0.35;
const TEXTURE: Fractal = Fractal { longest: 500.0, shortest: 25.0, hurst: 0.4 };
/// Median depth to bedrock in plains, m, its spread, and the height at which it halves, m.
const DEPTH: f64 = 3.0;
const DEPTH_SPREAD: f64 = 0.5;
const THINNING: f64 = 800.0;
/// Depths that columns have: the soil's layers are whole, and columns of the same layers share a batch.
const CLASSES: [f64; 5] = [0.5, 1.0, 1.7, 2.9, 4.9];

/// Organic matter at the surface where it rots fast, kg m⁻³, what cold and wet add, and how deep it goes, m. CLM's
/// `ORGANIC` has 130 for peat; these are its order of magnitude, no map's.
const ORGANIC: f64 = 15.0;
const RAW: f64 = 60.0;
const ORGANIC_DEPTH: f64 = 0.25;
/// Soils thinner than this stand on bedrock, m; the slope of it by elevation, degrees m⁻¹, and at least.
const THIN: f64 = 2.0;
const STEEPENING: f64 = 0.008;
const LEAST_SLOPE: f64 = 1.0;

/// The fields of the soil.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SoilNoise {
    keys: [u64; 4],
}

/// Log-ratios of sand, silt and clay to their means, and of depth to its median.
pub(crate) type Draws = [f64; 4];

impl SoilNoise {
    pub fn new(seed: u64) -> Self {
        Self { keys: [Field::Sand, Field::Silt, Field::Clay, Field::Depth].map(|field| key(seed, field, 0)) }
    }

    pub fn at(&self, point: [f64; 3]) -> Draws {
        self.keys.map(|key| TEXTURE.at(point, key))
    }
}

/// Sand and clay, percent, of a place at a latitude.
pub(crate) fn texture(draws: &Draws, latitude: f64) -> (f64, f64) {
    let north = ((latitude - GLACIAL) / 3.0).clamp(0.0, 1.0) * GLACIAL_SAND;
    let shift = [north, 0.0, -north];
    let parts: [f64; 3] = std::array::from_fn(|i| MEAN[i] * (SPREAD * draws[i] + shift[i]).exp());
    let all: f64 = parts.iter().sum();
    (100.0 * parts[0] / all, 100.0 * parts[2] / all)
}

/// Depth to bedrock, m, of a place at an elevation, m: the nearest class by ratio.
pub(crate) fn depth(draws: &Draws, elevation: f64) -> f64 {
    let depth = DEPTH * (DEPTH_SPREAD * draws[3]).exp() / (1.0 + elevation / THINNING);
    let off = |class: &f64| (class / depth).ln().abs();
    CLASSES.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(CLASSES[0])
}

/// Organic matter by layer, kg m⁻³.
pub(crate) fn organic(climate: &Bioclimate) -> [f64; LAYERS] {
    let cold = ((283.0 - climate.mean) / 12.0).clamp(0.0, 1.0);
    let wet = ((climate.wetness - 0.7) / 1.3).clamp(0.0, 1.0);
    NODE.map(|depth| (ORGANIC + RAW * cold * wet) * (-depth / ORGANIC_DEPTH).exp())
}

/// What lies below a soil of a depth, m, at an elevation, m.
pub(crate) fn base(depth: f64, elevation: f64) -> Base {
    if depth < THIN { Base::Bedrock { slope: LEAST_SLOPE + STEEPENING * elevation } } else { Base::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texture_is_a_composition_and_depth_a_class() {
        for i in 0..1_000 {
            let draw = |k: i32| (f64::from((i * k) % 61) - 30.0) / 10.0;
            let draws = [draw(7), draw(11), draw(13), draw(17)];
            let (sand, clay) = texture(&draws, 60.0);
            assert!(sand > 0.0 && clay > 0.0 && sand + clay < 100.0);
            assert!(CLASSES.contains(&depth(&draws, 300.0)));
        }
        let (sand, clay) = texture(&[0.0; 4], 45.0);
        assert!((sand - 45.0).abs() < 1e-9 && (clay - 18.0).abs() < 1e-9);
        assert!(depth(&[0.0; 4], 2_400.0) < depth(&[0.0; 4], 0.0));
    }
}
