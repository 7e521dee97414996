//! Errors of a station's forcing, member by member.

use reterra_land::forcing::WeatherSeries;
use reterra_statistics::random::{Stage, StreamKey};

/// Correlation of the errors of radiation with those of precipitation (Reichle et al. 2007,
/// doi:10.1029/2006JD008033): a wetter day is a darker one.
const RADIATION_BY_RAIN: f64 = -0.8;

/// Multiplicative log-normal errors of mean 1 with a memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForcingError {
    /// Standard deviation of the logarithm of precipitation.
    pub precipitation: f64,
    /// Standard deviation of the logarithm of short-wave radiation.
    pub radiation: f64,
    /// Days in which an error falls to 1/e.
    pub memory: f64,
}

impl ForcingError {
    /// A member's weather. `key` names the seed, the member and the station.
    #[must_use]
    pub fn perturb(&self, weather: &WeatherSeries, key: StreamKey) -> WeatherSeries {
        let mut stream = StreamKey { stage: Stage::Perturbation, ..key }.stream();
        let kept = (-1.0 / self.memory).exp();
        let fresh = (1.0 - kept * kept).sqrt();
        let factor = |sd: f64, z: f64| (sd * z - 0.5 * sd * sd).exp();
        let (mut rain, mut own) = (stream.normal(), stream.normal());
        let mut perturbed = weather.clone();
        for day in &mut perturbed.days {
            rain = kept * rain + fresh * stream.normal();
            own = kept * own + fresh * stream.normal();
            let light = RADIATION_BY_RAIN * rain + (1.0 - RADIATION_BY_RAIN.powi(2)).sqrt() * own;
            day.precipitation *= factor(self.precipitation, rain);
            day.shortwave *= factor(self.radiation, light);
        }
        perturbed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reterra_land::forcing::{Atmosphere, DailyWeather, UNKNOWN};

    #[test]
    fn errors_have_mean_one_and_the_spread_and_memory_asked_for() {
        let day = DailyWeather {
            tmin: 280.0,
            tmax: 285.0,
            shortwave: 100.0,
            longwave: UNKNOWN,
            vpd: 300.0,
            precipitation: 2.0,
        };
        let air = vec![Atmosphere::with_co2(400.0); 12 * 60];
        let weather = WeatherSeries { first_month: 0, air, days: vec![day; 365 * 60] };
        let error = ForcingError { precipitation: 0.4, radiation: 0.1, memory: 3.0 };
        let key = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: 3, column: 0 };
        let days = error.perturb(&weather, key).days;
        let n = days.len() as f64;
        let mean = |of: &dyn Fn(usize) -> f64| (0..days.len()).map(of).sum::<f64>() / n;
        assert!((mean(&|d| days[d].precipitation) / 2.0 - 1.0).abs() < 0.02);
        assert!((mean(&|d| days[d].shortwave) / 100.0 - 1.0).abs() < 0.005);
        let log = |d: usize| (days[d].precipitation / 2.0).ln() + 0.08;
        let variance = mean(&|d| log(d).powi(2));
        assert!((variance.sqrt() - 0.4).abs() < 0.015, "{variance}");
        let lagged = mean(&|d| log(d) * log((d + 3) % days.len())) / variance;
        assert!((lagged - (-1.0_f64).exp()).abs() < 0.03, "{lagged}");
        let light = |d: usize| (days[d].shortwave / 100.0).ln() + 0.005;
        let together = mean(&|d| log(d) * light(d)) / (0.4 * 0.1);
        assert!((together + 0.8).abs() < 0.04, "{together}");
        assert_eq!(days, error.perturb(&weather, key).days);
        assert_ne!(days, error.perturb(&weather, StreamKey { member: 4, ..key }).days);
    }
}
