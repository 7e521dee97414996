//! Snow that a canopy catches: what it holds, sheds and gives back to the air.
//!
//! Interception, capacity and unloading as in CLM5 (technical note, section 2.7.1; unloading by wind and warmth after
//! Roesch et al. 2001, doi:10.1007/s003820100153); sublimation from a wetted share of 0.05 of leaves and stems.

use crate::constants::DAY;
use crate::energy::radiation::saturation_vapour_pressure;
use crate::lanes::Real;

/// Extinction of falling snow, per area of leaves and stems.
const EXTINCTION: f64 = 0.5;
/// Snow that leaves and stems hold, kg per m².
const CAPACITY: f64 = 6.0;
/// Metres of wind, and kelvins times seconds above the warmth where it begins, that unload a canopy.
const UNLOADING_WIND: f64 = 1.56e5;
const UNLOADING_WARMTH: f64 = 1.87e5;
const UNLOADING_BEGINS: f64 = 270.0;
/// Least rate of unloading, d⁻¹: a canopy empties in still frost too, if slowly.
const LEAST_RATE: f64 = 1e-3;
/// Least demand of the air, kg m⁻² d⁻¹, that is told from none.
const LEAST_DEMAND: f64 = 1e-9;
/// Largest share of leaves and stems that exchanges water of their surface with the air
/// (CLM5's `maximum_leaf_wetted_fraction`).
const WETTED: f64 = 0.05;
/// Transfer coefficient between leaves and canopy air, m s⁻⁰·⁵, and the width of a leaf, m.
const LEAF_TRANSFER: f64 = 0.01;
const LEAF_WIDTH: f64 = 0.04;
/// Decrease of the ratio of vapour pressures over ice and over water, per kelvin below freezing.
const ICE_RATIO: f64 = 0.009_72;

/// Where the snow that a canopy held in the morning is in the evening, kg m⁻².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depletion<T> {
    /// Still there.
    pub left: T,
    /// Gone to the air.
    pub sublimed: T,
    /// Fallen.
    pub unloaded: T,
}

/// Snow, kg m⁻², that leaves and stems of an area, m² m⁻², catch of a snowfall, holding some already.
#[must_use]
pub fn caught<T: Real>(snowfall: T, area: T, held: T) -> T {
    let room = (area * CAPACITY - held).max(0.0);
    (snowfall * (T::of(1.0) - (area * -EXTINCTION).exp())).min(room)
}

/// Rate of unloading, d⁻¹, at an air temperature, K, and a wind, m s⁻¹.
#[must_use]
pub fn unloading_rate<T: Real>(kelvin: T, wind: T) -> T {
    let by_warmth = (kelvin - UNLOADING_BEGINS).max(0.0) * (DAY / UNLOADING_WARMTH);
    (wind * (DAY / UNLOADING_WIND) + by_warmth).max(LEAST_RATE)
}

/// What a day makes of snow held, kg m⁻², that unloads at a rate, d⁻¹, and gives the air what it demands,
/// kg m⁻² d⁻¹, as long as there is any: dW/dt = −k W − e in closed form.
#[must_use]
pub fn deplete<T: Real>(held: T, rate: T, demand: T) -> Depletion<T> {
    let (one, demand) = (T::of(1.0), demand.max(LEAST_DEMAND));
    let emptied = (held * rate / demand).ln_1p() / rate;
    let sublimed = (demand * emptied.min(1.0)).min(held);
    let level = demand / rate;
    let rest = (held + level) * (-rate).exp() - level;
    let left = T::select(emptied.over(one), rest, 0.0).clamp(0.0, held - sublimed);
    Depletion { left, sublimed, unloaded: held - sublimed - left }
}

/// Vapour pressure deficit against ice, Pa, of air with a deficit against water at a temperature, °C.
#[must_use]
pub fn deficit_over_ice<T: Real>(vpd: T, celsius: T) -> T {
    let lower = T::of(1.0) - (celsius.min(0.0) * ICE_RATIO).exp();
    (vpd - saturation_vapour_pressure(celsius) * lower).max(0.0)
}

/// Conductance between leaves and the air of their canopy, m s⁻¹, at a friction velocity of 1 m s⁻¹;
/// it grows with the root of that velocity.
#[must_use]
pub fn leaf_conductance(friction_velocity: f64) -> f64 {
    LEAF_TRANSFER * (friction_velocity / LEAF_WIDTH).sqrt()
}

/// Resistance of caught snow to sublimation, s m⁻¹, on leaves and stems of an area, m² m⁻², by the leaves' conductance.
#[must_use]
pub fn resistance<T: Real>(area: T, conductance: T) -> T {
    T::of(1.0) / (area * conductance * WETTED).max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use crate::water::fixtures::assert_alike;

    #[test]
    fn a_canopy_catches_up_to_what_it_holds() {
        assert!((caught(5.0, 5.0, 0.0) - 5.0 * (1.0 - (-2.5_f64).exp())).abs() < 1e-12);
        assert!((caught(100.0, 5.0, 25.0) - 5.0).abs() < 1e-12);
        assert!(caught(5.0, 0.0, 0.0).abs() < 1e-12 && caught(5.0, 1.0, 8.0).abs() < 1e-12);
    }

    #[test]
    fn unloading_is_that_of_roesch() {
        // Technical note, eqs. 2.7.11 and 2.7.12: 1 / 1.56e5 per m of wind, 1 / 1.87e5 per K and second over 270 K.
        assert!((unloading_rate(265.0, 2.0) / DAY - 2.0 / 1.56e5).abs() < 1e-12);
        assert!((unloading_rate(273.0, 2.0) / DAY - 2.0 / 1.56e5 - 3.0 / 1.87e5).abs() < 1e-12);
    }

    #[test]
    fn depletion_solves_its_equation() {
        for (held, rate, demand) in [(10.0, 1.4, 0.8), (0.3, 1.4, 0.8), (4.0, 1e-3, 0.5), (2.0, 0.2, 5.0)] {
            let (steps, mut held_now, mut sublimed) = (200_000, held, 0.0);
            for _ in 0..steps {
                let e = f64::min(demand / f64::from(steps), held_now);
                sublimed += e;
                held_now = (held_now - e) * (1.0 - rate / f64::from(steps));
            }
            let day = deplete(held, rate, demand);
            assert!((day.left - held_now).abs() < 1e-4 && (day.sublimed - sublimed).abs() < 1e-4, "{day:?}");
            assert!((day.left + day.sublimed + day.unloaded - held).abs() < 1e-14);
        }
    }

    #[test]
    fn nothing_held_and_nothing_asked_for_are_exact() {
        assert_eq!(deplete(0.0, 1.0, 0.5), Depletion { left: 0.0, sublimed: 0.0, unloaded: 0.0 });
        let day = deplete(3.0, 0.5, 0.0);
        assert!(day.sublimed < 2e-9 && (day.left - 3.0 * (-0.5_f64).exp()).abs() < 1e-8);
    }

    #[test]
    fn frost_air_is_moister_over_ice_than_over_water() {
        // Murphy and Koop (2005, doi:10.1256/qj.04.94): over ice 259.9, over supercooled water 286.5 Pa at -10 °C.
        let deficit = deficit_over_ice(100.0, -10.0);
        assert!((100.0 - deficit - (286.5 - 259.9)).abs() < 1.0, "{deficit}");
        assert!(
            (deficit_over_ice(100.0, 3.0) - 100.0).abs() < 1e-12
                && deficit_over_ice(5.0, -10.0).abs() < 1e-12
        );
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let (held, kelvin) = ([0.0, 4.0, 20.0, 0.02], [250.0, 274.0, 271.0, 262.0]);
        let (area, demand) = ([0.0, 1.0, 6.0, 4.0], [0.0, 0.7, 0.2, 3.0]);
        let batch = |values: [f64; 4]| Lanes::from(values);
        assert_alike(caught(Lanes::from(7.0), batch(area), batch(held)), |k| caught(7.0, area[k], held[k]));
        let rate = unloading_rate(batch(kelvin), Lanes::from(2.0));
        assert_alike(rate, |k| unloading_rate(kelvin[k], 2.0));
        let together = deplete(batch(held), rate, batch(demand));
        let alone = |k: usize| deplete(held[k], unloading_rate(kelvin[k], 2.0), demand[k]);
        assert_alike(together.left, |k| alone(k).left);
        assert_alike(together.sublimed, |k| alone(k).sublimed);
        assert_alike(together.unloaded, |k| alone(k).unloaded);
        assert_alike(deficit_over_ice(Lanes::from(90.0), batch(kelvin) - 273.15), |k| {
            deficit_over_ice(90.0, kelvin[k] - 273.15)
        });
        assert_alike(resistance(batch(area), Lanes::from(0.03)), |k| resistance(area[k], 0.03));
    }
}
