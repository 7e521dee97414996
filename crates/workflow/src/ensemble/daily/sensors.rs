//! Probes of soil water, and what a column shows them.

use std::ops::Range;

use reterra_land::lanes::Real;
use reterra_land::soil::LAYERS;
use reterra_land::soil::grid::{NODE, THICKNESS};

/// Mass of a cubic metre of water, kg.
const DENSITY: f64 = 1_000.0;

/// A probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Its name in the record.
    pub name: String,
    /// Depth below the surface, m.
    pub depth: f64,
    /// Water that it read and that may be assimilated, m³ m⁻³, by day of the case's weather.
    pub readings: Vec<Option<f64>>,
    /// Standard deviation of its error, representativeness included, m³ m⁻³.
    pub error: f64,
    /// Standard deviation of the logarithm of what it reads over what the layer holds: its calibration, stones and
    /// roots around it, pores other than the column's. The logarithm is estimated with the state; its prior mean is 0.
    pub gain: f64,
    /// Standard deviation of what it reads beyond that, m³ m⁻³, estimated likewise: with the gain, a linear relation
    /// between the water of two soils.
    pub offset: f64,
}

impl Sensor {
    /// Days of a window on which it read something, from the window's start.
    pub(super) fn days(&self, window: &Range<usize>) -> Vec<usize> {
        let read = |day: &usize| self.readings.get(*day).is_some_and(Option::is_some);
        window.clone().filter(read).map(|day| day - window.start).collect()
    }

    /// Its mean over those days of a window.
    pub(super) fn mean(&self, window: &Range<usize>, days: &[usize]) -> f64 {
        days.iter().filter_map(|day| self.readings[window.start + day]).sum::<f64>() / days.len() as f64
    }
}

/// Water content at a depth, m³ m⁻³: linear between the middles of layers that hold `mass` kg m⁻².
#[must_use]
pub fn water_at<T: Real>(mass: &[T; LAYERS], depth: f64) -> T {
    let below = NODE.iter().position(|&z| z >= depth).unwrap_or(LAYERS - 1).max(1);
    let share = ((depth - NODE[below - 1]) / (NODE[below] - NODE[below - 1])).clamp(0.0, 1.0);
    let content = |layer: usize| mass[layer] / (DENSITY * THICKNESS[layer]);
    content(below - 1) * (1.0 - share) + content(below) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_depth_between_two_layers_gets_the_mixture_of_both() {
        let profile: [f64; LAYERS] = std::array::from_fn(|i| DENSITY * THICKNESS[i] * NODE[i]);
        for depth in [0.05, 0.2, 0.6, 2.0] {
            assert!((water_at(&profile, depth) - depth).abs() < 1e-12, "{depth}");
        }
        assert!((water_at(&profile, 0.001) - NODE[0]).abs() < 1e-12);
    }

    #[test]
    fn a_window_is_compared_over_the_days_that_were_read() {
        let readings = vec![Some(0.1), None, Some(0.3), None, Some(0.5)];
        let sensor =
            Sensor { name: "a".to_owned(), depth: 0.1, readings, error: 0.03, gain: 0.2, offset: 0.0 };
        let window = 2..6;
        let days = sensor.days(&window);
        assert_eq!(days, [0, 2]);
        assert!((sensor.mean(&window, &days) - 0.4).abs() < 1e-15);
        assert!(sensor.days(&(1..2)).is_empty());
    }
}
