//! The canopy over a day: two big leaves (sunlit and shaded) at three sun positions.
//!
//! Absorption after de Pury and Farquhar (1997, doi:10.1111/j.1365-3040.1997.00094.x) and Spitters (1986) for
//! spherical leaf angles; leaf nitrogen, and with it Vcmax, declines exponentially with the leaf area above.

use crate::constants::{CARBON_PER_MICROMOLE, DAY, PHOTONS_PER_JOULE};
use crate::energy::radiation::diffuse_share;
use crate::energy::solar::{POINTS, SolarDay, WEIGHTS};
use crate::lanes::Real;
use crate::plant::photosynthesis::{LeafBiochemistry, LeafRates};

/// Extinction of diffuse light, and of nitrogen, with leaf area.
const DIFFUSE_EXTINCTION: f64 = 0.72;
const NITROGEN_EXTINCTION: f64 = 0.30;
/// Leaf respiration in light over that in the dark (CLM5).
const IN_LIGHT: f64 = 0.67;
/// √(1 − σ) of black-leaf extinction for a leaf scattering of 0.15 in PAR, and 1 − canopy reflection.
const SCATTERING_ROOT: f64 = 0.922;
const ABSORBED: f64 = 0.94;

/// What the canopy sees in a day.
#[derive(Clone, Copy, Debug)]
pub struct CanopyLight<'a, T: Real = f64> {
    /// The sun.
    pub sun: &'a SolarDay<T>,
    /// Daily mean short-wave radiation, W m⁻².
    pub shortwave: T,
    /// Leaf area index, m² m⁻².
    pub lai: T,
}

/// Gross photosynthesis of a day, gC m⁻² d⁻¹, for a top-leaf Vcmax25 (µmol m⁻² s⁻¹) and an internal CO₂
/// (µmol mol⁻¹).
#[must_use]
pub fn gross_photosynthesis<T: Real>(
    light: &CanopyLight<T>,
    leaf: &LeafBiochemistry<T>,
    vcmax25: T,
    ci: T,
) -> T {
    let (sun, lai) = (light.sun, light.lai);
    let dark = lai.at_most(1e-6) | sun.day_length.under(60.0) | light.shortwave.at_most(0.0);
    if !T::any(!dark) {
        return T::of(0.0);
    }
    let one = T::of(1.0);
    let rates = LeafRates::new(leaf, ci);
    let diffuse = diffuse_share(light.shortwave / sun.top_of_atmosphere.max(1.0));
    let bottom_nitrogen = (lai * -NITROGEN_EXTINCTION).exp();
    let nitrogen_sum = (one - bottom_nitrogen) / NITROGEN_EXTINCTION;
    let diffuse_fraction = one - (lai * -DIFFUSE_EXTINCTION).exp();
    let per_leaf = one / lai;
    let mut rate = T::of(0.0);
    for k in 0..POINTS {
        let photons = light.shortwave * sun.shape[k] * PHOTONS_PER_JOULE;
        let height = sun.sin_elevation[k].max(0.05);
        let beam = T::of(0.5) / height;
        let depth = -beam * lai;
        let sunlit_exp = depth.exp();
        let sunlit = (one - sunlit_exp) * (height * 2.0);
        let sunlit_nitrogen = (one - sunlit_exp * bottom_nitrogen) / (beam + NITROGEN_EXTINCTION);
        // Scattered beam light is diffuse to the leaves: all leaves share the diffuse flux by area.
        let direct = photons * (one - diffuse) * ABSORBED;
        let beam_black = direct * (one - sunlit_exp) * (SCATTERING_ROOT * SCATTERING_ROOT);
        let beam_total = direct * (one - (depth * SCATTERING_ROOT).exp());
        let scattered = (beam_total - beam_black).max(0.0);
        let diffused = photons * diffuse * ABSORBED * diffuse_fraction + scattered;
        let share = sunlit * per_leaf;
        // Leaves in the sun sit higher and take more of the diffuse light than their share of area.
        let diffuse_share_sun = (share * 1.3).min(1.0).max(share);
        let sun_photons = beam_black + diffused * diffuse_share_sun;
        let shade_photons = diffused * (one - diffuse_share_sun);
        let shade_nitrogen = (nitrogen_sum - sunlit_nitrogen).max(0.0);
        let in_sun = rates.gross(vcmax25 * sunlit_nitrogen, sun_photons);
        let in_shade = rates.gross(vcmax25 * shade_nitrogen, shade_photons);
        rate += (in_sun + in_shade) * WEIGHTS[k];
    }
    T::select(dark, 0.0, rate * CARBON_PER_MICROMOLE * sun.day_length)
}

/// Leaf dark respiration of a day, gC m⁻² d⁻¹: the whole canopy, from the top leaf's rate at 25 °C, µmol m⁻² s⁻¹. Light
/// inhibits a third of it (Lloyd et al. 2010, doi:10.5194/bg-7-1833-2010); `day` and `night`: rates over that at 25 °C.
#[must_use]
pub fn leaf_respiration<T: Real>(lai: T, at_25: T, day_share: T, day: T, night: T) -> T {
    let nitrogen_sum = (T::of(1.0) - (lai * -NITROGEN_EXTINCTION).exp()) / NITROGEN_EXTINCTION;
    let rate = day * IN_LIGHT * day_share + night * (T::of(1.0) - day_share);
    at_25 * nitrogen_sum * rate * CARBON_PER_MICROMOLE * DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::solar::SolarTable;
    use crate::lanes::{Lanes, WIDTH};
    use crate::plant::fixtures::{same, together};
    use crate::plant::photosynthesis::biochemistry;

    fn june_day(lai: f64, shortwave: f64) -> f64 {
        let table = SolarTable::new(51.0);
        let leaf = biochemistry(293.15, 290.15);
        let light = CanopyLight { sun: &table.days[171], shortwave, lai };
        gross_photosynthesis(&light, &leaf, 50.0, 280.0)
    }

    #[test]
    fn beech_forest_in_june_takes_up_what_towers_see() {
        // Hainich and Tharandt peak daily GPP: 10 to 16 gC m-2 d-1 on clear June days.
        let gpp = june_day(5.0, 260.0);
        assert!((10.0..18.0).contains(&gpp), "{gpp}");
    }

    #[test]
    fn more_leaves_or_light_never_give_less() {
        let by_leaf: Vec<f64> = (1..16).map(|i| june_day(0.5 * f64::from(i), 200.0)).collect();
        assert!(by_leaf.windows(2).all(|w| w[1] > w[0]), "{by_leaf:?}");
        let by_light: Vec<f64> = (1..10).map(|i| june_day(4.0, 10.0 * f64::from(i))).collect();
        assert!(by_light.windows(2).all(|w| w[1] > w[0]), "{by_light:?}");
    }

    #[test]
    fn absorbed_light_limits_a_dim_day() {
        // Light-limited: GPP <= quantum yield 0.425/4 per photon absorbed, ci -> C3 factor < 1.
        let gpp = june_day(6.0, 20.0);
        let ceiling = 20.0 * PHOTONS_PER_JOULE * 0.425 / 4.0 * CARBON_PER_MICROMOLE * DAY;
        assert!(gpp < ceiling && gpp > 0.3 * ceiling, "{gpp} {ceiling}");
    }

    #[test]
    fn a_batch_is_its_columns() {
        let table = SolarTable::new(69.0);
        // Spring, polar night, midsummer under cloud, autumn; then no leaves, and no light.
        let days = [80, 0, 171, 250].map(|d| table.days[d]);
        let sun = together(&days);
        for (shortwave, lai) in [
            ([150.0, 5.0, 20.0, 90.0], [0.3, 1.0, 7.0, 3.0]),
            ([0.0, 0.0, 300.0, 60.0], [2.0, 0.0, 0.0, 4.0]),
        ] {
            let (kelvin, t10) = ([278.0, 260.0, 312.0, 290.0], [276.0, 262.0, 300.0, 288.0]);
            let light = CanopyLight { sun: &sun, shortwave: together(&shortwave), lai: together(&lai) };
            let leaf = biochemistry(together(&kelvin), together(&t10));
            let gpp = gross_photosynthesis(
                &light,
                &leaf,
                Lanes::from(45.0),
                together(&[30.0, 250.0, 280.0, 310.0]),
            );
            let night = leaf_respiration(
                light.lai,
                Lanes::from(45.0),
                sun.day_length / DAY,
                leaf.respiration,
                leaf.vcmax,
            );
            for k in 0..WIDTH {
                let light = CanopyLight { sun: &days[k], shortwave: shortwave[k], lai: lai[k] };
                let leaf = biochemistry(kelvin[k], t10[k]);
                let ci = [30.0, 250.0, 280.0, 310.0][k];
                same(&gpp.at(k), &gross_photosynthesis(&light, &leaf, 45.0, ci));
                let share = days[k].day_length / DAY;
                same(&night.at(k), &leaf_respiration(lai[k], 45.0, share, leaf.respiration, leaf.vcmax));
            }
        }
    }
}
