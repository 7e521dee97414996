//! What a scenario does to the weather of a place.

use reterra_fields::Month;
use reterra_io::scenario::Change;
use reterra_land::constants::FREEZING;
use reterra_land::energy::radiation::saturation_vapour_pressure;
use reterra_land::forcing::MonthlyWeather;

use crate::config::ScenarioInput;

/// Changes the months from `start` on as a scenario says; leaves them alone where there is none. The air keeps its
/// relative humidity when it warms, so its deficit grows with the saturation pressure.
pub fn apply(scenario: Option<&ScenarioInput>, start: Month, months: &mut [MonthlyWeather]) {
    let Some(input) = scenario else { return };
    let calendar = std::iter::successors(Some(start), |month| Some(month.next()));
    for (month, weather) in calendar.zip(months) {
        change(weather, &input.scenario.at(month));
    }
}

fn change(weather: &mut MonthlyWeather, by: &Change) {
    let saturation = |w: &MonthlyWeather| saturation_vapour_pressure(0.5 * (w.tmin + w.tmax) - FREEZING);
    let before = saturation(weather);
    weather.tmin += by.temperature;
    weather.tmax += by.temperature;
    weather.vpd *= saturation(weather) / before;
    weather.precipitation *= by.precipitation;
    weather.air.deposition *= by.nitrogen_deposition;
    weather.air.co2 = by.co2.unwrap_or(weather.air.co2);
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use reterra_land::forcing::Atmosphere;

    #[test]
    fn seven_per_cent_more_deficit_a_kelvin() {
        let mut weather = MonthlyWeather {
            tmin: 278.15,
            tmax: 288.15,
            shortwave: 150.0,
            vpd: 500.0,
            precipitation: 1e-5,
            air: Atmosphere::with_co2(380.0),
        };
        let by = Change { co2: None, nitrogen_deposition: 2.0, temperature: 1.0, precipitation: 0.9 };
        change(&mut weather, &by);
        // Clausius-Clapeyron at 10 C.
        assert_relative_eq!(weather.vpd / 500.0, 1.069, epsilon = 0.002);
        assert_relative_eq!(weather.air.co2, 380.0);
        assert_relative_eq!(weather.air.deposition, 2.0);
        assert_relative_eq!(weather.precipitation, 9e-6);
    }
}
