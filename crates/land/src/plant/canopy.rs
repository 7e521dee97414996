//! The canopy over a day: two big leaves (sunlit and shaded) at three sun positions.
//!
//! Absorption after de Pury and Farquhar (1997, doi:10.1111/j.1365-3040.1997.00094.x) and Spitters (1986) for
//! spherical leaf angles; leaf nitrogen, and with it Vcmax, declines exponentially with the leaf area above.

use crate::constants::{CARBON_PER_MICROMOLE, DAY, PHOTONS_PER_JOULE};
use crate::energy::radiation::diffuse_share;
use crate::energy::solar::{POINTS, SolarDay, WEIGHTS};
use crate::plant::photosynthesis::{LeafBiochemistry, gross_assimilation};

/// Extinction of diffuse light, and of nitrogen, with leaf area.
const DIFFUSE_EXTINCTION: f64 = 0.72;
const NITROGEN_EXTINCTION: f64 = 0.30;
/// √(1 − σ) of black-leaf extinction for a leaf scattering of 0.15 in PAR, and 1 − canopy reflection.
const SCATTERING_ROOT: f64 = 0.922;
const ABSORBED: f64 = 0.94;

/// What the canopy sees in a day.
#[derive(Clone, Copy, Debug)]
pub struct CanopyLight<'a> {
    /// The sun.
    pub sun: &'a SolarDay,
    /// Daily mean short-wave radiation, W m⁻².
    pub shortwave: f64,
    /// Leaf area index, m² m⁻².
    pub lai: f64,
}

/// Gross photosynthesis of a day, gC m⁻² d⁻¹, for a top-leaf Vcmax25 (µmol m⁻² s⁻¹) and an internal CO₂
/// (µmol mol⁻¹).
#[must_use]
pub fn gross_photosynthesis(light: &CanopyLight, leaf: &LeafBiochemistry, vcmax25: f64, ci: f64) -> f64 {
    let sun = light.sun;
    if light.lai <= 1e-6 || sun.day_length < 60.0 || light.shortwave <= 0.0 {
        return 0.0;
    }
    let diffuse = diffuse_share(light.shortwave / sun.top_of_atmosphere.max(1.0));
    let nitrogen_sum = (1.0 - (-NITROGEN_EXTINCTION * light.lai).exp()) / NITROGEN_EXTINCTION;
    let diffuse_fraction = 1.0 - (-DIFFUSE_EXTINCTION * light.lai).exp();
    let mut rate = 0.0;
    for k in 0..POINTS {
        let photons = light.shortwave * sun.shape[k] * PHOTONS_PER_JOULE;
        if photons <= 0.0 {
            continue;
        }
        let beam = 0.5 / sun.sin_elevation[k].max(0.05);
        let sunlit_exp = (-beam * light.lai).exp();
        let sunlit = (1.0 - sunlit_exp) / beam;
        let sunlit_nitrogen =
            (1.0 - sunlit_exp * (-NITROGEN_EXTINCTION * light.lai).exp()) / (NITROGEN_EXTINCTION + beam);
        // Scattered beam light is diffuse to the leaves: all leaves share the diffuse flux by area.
        let direct = photons * (1.0 - diffuse) * ABSORBED;
        let beam_black = direct * (1.0 - sunlit_exp) * (SCATTERING_ROOT * SCATTERING_ROOT);
        let beam_total = direct * (1.0 - (-SCATTERING_ROOT * beam * light.lai).exp());
        let scattered = (beam_total - beam_black).max(0.0);
        let diffused = photons * diffuse * ABSORBED * diffuse_fraction + scattered;
        let share = sunlit / light.lai;
        // Leaves in the sun sit higher and take more of the diffuse light than their share of area.
        let diffuse_share_sun = (1.3 * share).min(1.0).max(share);
        let sun_photons = beam_black + diffused * diffuse_share_sun;
        let shade_photons = diffused * (1.0 - diffuse_share_sun);
        rate += WEIGHTS[k]
            * (gross_assimilation(leaf, vcmax25 * sunlit_nitrogen, sun_photons, ci)
                + gross_assimilation(
                    leaf,
                    vcmax25 * (nitrogen_sum - sunlit_nitrogen).max(0.0),
                    shade_photons,
                    ci,
                ));
    }
    rate * CARBON_PER_MICROMOLE * sun.day_length
}

/// Leaf dark respiration of a day, gC m⁻² d⁻¹: the whole canopy, half of it inhibited by light in the day
/// (Brooks and Farquhar 1985), at the night temperature's biochemistry outside of it.
#[must_use]
pub fn leaf_respiration(
    lai: f64,
    vcmax25: f64,
    day_share: f64,
    day: &LeafBiochemistry,
    night: &LeafBiochemistry,
) -> f64 {
    let nitrogen_sum = (1.0 - (-NITROGEN_EXTINCTION * lai).exp()) / NITROGEN_EXTINCTION;
    let rate = 0.5 * day.respiration * day_share + night.respiration * (1.0 - day_share);
    vcmax25 * nitrogen_sum * rate * CARBON_PER_MICROMOLE * DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::solar::SolarTable;
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
}
