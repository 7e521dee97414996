//! Net radiation of a day from short-wave radiation, temperature and humidity.
//!
//! Net long-wave radiation after FAO-56 (Allen et al. 1998, eq. 39), which needs no cloud or sky-temperature
//! observations; diffuse share after Spitters et al. (1986, doi:10.1016/0168-1923(86)90060-2) for daily values.

use crate::constants::STEFAN_BOLTZMANN;
use crate::lanes::Real;

/// Saturation vapour pressure over water, Pa, at a temperature in °C (Tetens; FAO-56 eq. 11).
#[must_use]
pub fn saturation_vapour_pressure<T: Real>(celsius: T) -> T {
    (celsius * 17.27 / (celsius + 237.3)).exp() * 610.8
}

/// Slope of the saturation curve, Pa K⁻¹, given the pressure at the same temperature.
#[must_use]
pub fn saturation_slope<T: Real>(celsius: T, saturation: T) -> T {
    saturation * 4098.0 / ((celsius + 237.3) * (celsius + 237.3))
}

/// Diffuse share of a day's short-wave radiation from its transmission (global over extraterrestrial).
#[must_use]
pub fn diffuse_share<T: Real>(transmission: T) -> T {
    let above = transmission - 0.07;
    let broken = T::of(1.0) - above * 2.3 * above;
    let fair = T::of(1.33) - transmission * 1.46;
    let clouded = T::select(transmission.under(0.35), broken, fair);
    let share = T::select(transmission.under(0.75), clouded, 0.23);
    T::select(transmission.under(0.07), 1.0, share)
}

/// Net long-wave loss of a surface near air temperature, W m⁻² (positive upward).
///
/// `kelvin`: air temperature; `vapour_pressure`: Pa; `transmission` as in [`diffuse_share`].
#[must_use]
pub fn net_longwave_loss<T: Real>(kelvin: T, vapour_pressure: T, transmission: T) -> T {
    let cloud = ((transmission / 0.75).clamp(0.3, 1.0) * 1.35 - 0.35).max(0.05);
    let emissivity = (T::of(0.34) - (vapour_pressure.max(0.0) / 1000.0).sqrt() * 0.14).max(0.05);
    let squared = kelvin * kelvin;
    squared * squared * STEFAN_BOLTZMANN * emissivity * cloud
}

/// Net long-wave loss of a surface at air temperature, K, under a sky that sends `incident` W m⁻².
#[must_use]
pub fn longwave_loss<T: Real>(kelvin: T, incident: T) -> T {
    /// Emissivity of leaves, soil and snow (CLM5: 0.96 to 1).
    const EMISSIVITY: f64 = 0.97;
    let squared = kelvin * kelvin;
    (squared * squared * STEFAN_BOLTZMANN - incident) * EMISSIVITY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Lanes;
    use crate::water::fixtures::assert_alike;

    #[test]
    fn saturation_is_fao56s() {
        // FAO-56 annex 2, table 2.3: 2.338 kPa at 20 °C; slope 0.1447 kPa/K (table 2.4).
        let es = saturation_vapour_pressure(20.0);
        assert!((es - 2338.0).abs() < 2.0, "{es}");
        assert!((saturation_slope(20.0, es) - 144.7).abs() < 0.5);
    }

    #[test]
    fn net_longwave_of_fao56_example_11() {
        // Rio de Janeiro, May: Tmax 25.1, Tmin 19.1, ea 2.1 kPa, Rs/Rso 14.5/18.8 -> 3.5 MJ m-2 d-1 (40.5 W m-2).
        let loss = net_longwave_loss(295.25, 2100.0, 0.75 * 14.5 / 18.8);
        assert!((loss * 0.0864 - 3.5).abs() < 0.1, "{}", loss * 0.0864);
    }

    #[test]
    fn diffuse_share_is_continuous() {
        for edge in [0.07, 0.35, 0.75] {
            assert!((diffuse_share(edge - 1e-9) - diffuse_share(edge + 1e-9)).abs() < 0.02);
        }
    }

    #[test]
    fn a_batch_gives_what_each_column_gives_alone() {
        let celsius = [-25.0, 0.0, 12.3, 38.0];
        let (pressure, transmission) = ([-30.0, 300.0, 1_400.0, 6_500.0], [0.03, 0.2, 0.6, 0.8]);
        let batch = |values: [f64; 4]| Lanes::from(values);
        let saturation = celsius.map(saturation_vapour_pressure);
        assert_alike(saturation_vapour_pressure(batch(celsius)), |k| saturation[k]);
        assert_alike(saturation_slope(batch(celsius), batch(saturation)), |k| {
            saturation_slope(celsius[k], saturation[k])
        });
        assert_alike(diffuse_share(batch(transmission)), |k| diffuse_share(transmission[k]));
        let kelvin = celsius.map(|t| t + 273.15);
        assert_alike(net_longwave_loss(batch(kelvin), batch(pressure), batch(transmission)), |k| {
            net_longwave_loss(kelvin[k], pressure[k], transmission[k])
        });
    }
}
