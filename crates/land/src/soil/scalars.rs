//! How temperature, moisture, oxygen and depth scale decomposition and nitrification.
//!
//! CLM5 `SoilBiogeochemDecompCascadeBGCMod` (Koven et al. 2013, doi:10.5194/bg-10-7109-2013). Oxygen differs: CLM
//! takes it from its methane model; here it falls linearly with the air-filled pore space.

use super::grid::LAYERS;
use super::{SoilBiology, SoilClimate, SoilColumn, SoilParameters};
use crate::lanes::Real;

/// Melting point of water, K.
pub(super) const FREEZING: f64 = 273.15;

/// Temperature where CLM normalises the Q10 function to CENTURY's, K.
const NORMALISED_AT: f64 = FREEZING + 15.0;

/// Logarithm of CENTURY's temperature function at 15 °C over that at 30 °C (0.5471):
/// `catanf(T) = 11.75 + 29.7/pi atan(0.031 pi (T - 15.4))`.
const LOG_CENTURY_15_TO_30: f64 = -0.6031906733819403;

/// Water-filled pore space where soil starts to hold anaerobic sites (Hénault and Germon 2000,
/// doi:10.1046/j.1365-2389.2000.00314.x).
const ANAEROBIC_ONSET: f64 = 0.62;

/// What scales the biology of each layer on one day.
pub(super) struct Scalars<T> {
    /// Temperature, water, oxygen and depth together; multiplies decomposition rates.
    pub decomposition: [T; LAYERS],
    /// Temperature (at most 1) and water, 0 in frozen soil; multiplies nitrification.
    pub nitrification: [T; LAYERS],
    /// Anaerobic share of the soil, 0 in frozen soil.
    pub anaerobic: [T; LAYERS],
    /// Water-filled pore space, 0 to 1.
    pub filled: [T; LAYERS],
}

/// Precomputed coefficients of the scalar functions: logarithms are linear in temperature and depth.
#[derive(Clone, Debug)]
pub(super) struct Response<T> {
    warm: T,
    frozen: T,
    frozen_offset: T,
    log_minpsi: T,
    per_log_psi: T,
    per_depth: T,
    per_air: T,
}

impl<T: Real> Response<T> {
    pub fn new(p: &SoilParameters<T>) -> Self {
        let warm = p.q10_hr.ln() * 0.1;
        let log_minpsi = (-p.minpsi_hr).ln();
        Self {
            warm,
            frozen: p.froz_q10.ln() * 0.1,
            frozen_offset: warm * (FREEZING - NORMALISED_AT),
            log_minpsi,
            per_log_psi: T::of(1.0) / (log_minpsi - (-p.maxpsi_hr).ln()),
            per_depth: T::of(-1.0) / p.decomp_depth_efolding,
            per_air: T::of(1.0) / p.o2_air_filled_limit,
        }
    }

    #[inline]
    fn temperature(&self, kelvin: T) -> T {
        let warm = self.warm * (kelvin - NORMALISED_AT);
        let frozen = self.frozen_offset + self.frozen * (kelvin - FREEZING);
        (T::select(kelvin.at_least(FREEZING), warm, frozen) + LOG_CENTURY_15_TO_30).exp()
    }

    #[inline]
    fn water(&self, psi: T) -> T {
        ((self.log_minpsi - (-psi).max(f64::MIN_POSITIVE).ln()) * self.per_log_psi).clamp(0.0, 1.0)
    }

    #[inline]
    pub fn depth(&self, depth: f64) -> T {
        (self.per_depth * depth).exp()
    }

    #[inline]
    fn oxygen(&self, air_filled: T, floor: T) -> T {
        (air_filled * self.per_air).clamp(floor, 1.0)
    }
}

/// Temperature scalar of decomposition at `kelvin`: CLM's Q10 function times its normalisation (0.8206 at Q10 = 1.5).
#[must_use]
pub fn temperature_scalar<T: Real>(kelvin: T, p: &SoilParameters<T>) -> T {
    Response::new(p).temperature(kelvin)
}

/// Moisture scalar of decomposition at the matric potential `psi` (MPa): 0 below `minpsi_hr`, 1 above `maxpsi_hr`
/// (Andrén and Paustian 1987, doi:10.2307/1939203).
#[must_use]
pub fn water_scalar<T: Real>(psi: T, p: &SoilParameters<T>) -> T {
    Response::new(p).water(psi)
}

/// Depth scalar of decomposition at `depth` (m).
#[must_use]
pub fn depth_scalar<T: Real>(depth: f64, p: &SoilParameters<T>) -> T {
    Response::new(p).depth(depth)
}

/// Oxygen scalar of decomposition at the air-filled pore space `air_filled` (m3 m-3; ice counts as air, temperature
/// and matric potential limit frozen soil).
#[must_use]
pub fn oxygen_scalar<T: Real>(air_filled: T, p: &SoilParameters<T>) -> T {
    Response::new(p).oxygen(air_filled, p.mino2lim)
}

/// Anaerobic share of soil at the water-filled pore space `filled`: `((filled - 0.62)/0.38)^1.75`
/// (Hénault and Germon 2000 have 1.74; 1.75 needs square roots only).
#[must_use]
#[inline]
pub fn anaerobic_share<T: Real>(filled: T) -> T {
    let x = ((filled - ANAEROBIC_ONSET) * (1.0 / (1.0 - ANAEROBIC_ONSET))).clamp(0.0, 1.0);
    let root = x.sqrt();
    x * root * root.sqrt()
}

impl<T: Real> Scalars<T> {
    pub fn compute(soil: &SoilColumn<T>, climate: &SoilClimate<T>, biology: &SoilBiology<T>) -> Self {
        let response = &biology.response;
        let none = [T::default(); LAYERS];
        let mut scalars = Self { decomposition: none, nitrification: none, anaerobic: none, filled: none };
        for j in 0..soil.active_layers.clamp(1, LAYERS) {
            let filled = (climate.water[j] / soil.porosity[j]).clamp(0.0, 1.0);
            let unfrozen = T::select(climate.temperature[j].over(FREEZING), 1.0, 0.0);
            let temperature = response.temperature(climate.temperature[j]);
            let water = response.water(climate.psi[j]);
            let oxygen = response.oxygen(soil.porosity[j] - climate.water[j], biology.parameters.mino2lim);
            scalars.decomposition[j] = temperature * water * oxygen * biology.depth[j];
            scalars.nitrification[j] = temperature.min(1.0) * water * unfrozen;
            scalars.anaerobic[j] = anaerobic_share(filled) * unfrozen;
            scalars.filled[j] = filled;
        }
        scalars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::soil::fixtures::{column, seasonal};

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    #[test]
    fn temperature_follows_clm_with_its_normalisation() {
        let p = SoilParameters::default();
        let catanf =
            |t: f64| 11.75 + 29.7 / std::f64::consts::PI * (0.031 * std::f64::consts::PI * (t - 15.4)).atan();
        let factor = catanf(15.0) / catanf(30.0) * 1.5;
        assert!((factor - 0.8206).abs() < 5e-5);
        check(temperature_scalar(FREEZING + 25.0, &p), factor);
        check(temperature_scalar(FREEZING + 35.0, &p), 1.5 * factor);
        check(temperature_scalar(FREEZING, &p), 1.5_f64.powf(-2.5) * factor);
        let frozen = SoilParameters { froz_q10: 3.0, ..p };
        check(temperature_scalar(FREEZING - 10.0, &frozen), 1.5_f64.powf(-2.5) / 3.0 * factor);
    }

    #[test]
    fn water_runs_from_0_at_minpsi_to_1_at_maxpsi() {
        let p = SoilParameters::default();
        check(water_scalar(-2.0, &p), 0.0);
        check(water_scalar(-5.0, &p), 0.0);
        check(water_scalar(-0.002, &p), 1.0);
        check(water_scalar(0.0, &p), 1.0);
        check(water_scalar(-(0.002_f64 * 2.0).sqrt(), &p), 0.5);
    }

    #[test]
    fn depth_and_oxygen_have_their_limits() {
        let p = SoilParameters::default();
        check(depth_scalar(10.0, &p), (-1.0_f64).exp());
        check(oxygen_scalar(0.3, &p), 1.0);
        check(oxygen_scalar(0.05, &p), 0.5);
        check(oxygen_scalar(0.0, &p), 0.2);
        check(anaerobic_share(0.62), 0.0);
        check(anaerobic_share(0.81), 0.5_f64.powf(1.75));
        check(anaerobic_share(1.0), 1.0);
    }

    #[test]
    fn a_batch_scales_as_its_columns_do() {
        let parameters = [1.2, 1.5, 2.0, 3.0].map(|q10_hr| SoilParameters {
            q10_hr,
            froz_q10: 2.0 * q10_hr,
            decomp_depth_efolding: q10_hr,
            ..SoilParameters::default()
        });
        let soil = column(12);
        // Frozen and dry, at the edge, wet, saturated.
        let climates: [SoilClimate; WIDTH] = std::array::from_fn(|k| SoilClimate {
            temperature: std::array::from_fn(|j| [260.0, FREEZING, 290.0, 272.0][k] + 0.2 * j as f64),
            psi: std::array::from_fn(|j| [-3.0, -0.002, 0.0, -0.3][k] * (1.0 - 0.04 * j as f64)),
            water: [[0.0, 0.279, 0.4, 0.5][k]; LAYERS],
            ..seasonal(0)
        });
        let batch = Scalars::<Lanes>::compute(
            &SoilColumn::gather(&|_| &soil),
            &SoilClimate::gather(&|k| &climates[k]),
            &SoilBiology::new(&SoilParameters::gather(&|k| &parameters[k])),
        );
        for k in 0..WIDTH {
            let alone = Scalars::compute(&soil, &climates[k], &SoilBiology::new(&parameters[k]));
            for (lanes, column) in [
                (&batch.decomposition, &alone.decomposition),
                (&batch.nitrification, &alone.nitrification),
                (&batch.anaerobic, &alone.anaerobic),
                (&batch.filled, &alone.filled),
            ] {
                assert_eq!(lanes.lane(k).map(f64::to_bits), column.map(f64::to_bits));
            }
        }
    }
}
