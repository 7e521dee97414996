//! What truth and ensemble are drawn from.

use std::f64::consts::TAU;

use ndarray::{Array1, Axis};
use reterra_statistics::StreamKey;

/// The distribution of a state at the start.
#[derive(Clone, Debug, PartialEq)]
pub enum Prior {
    /// Independent normal components.
    Independent {
        /// The mean.
        mean: Vec<f64>,
        /// The variance of each component.
        variance: f64,
    },
    /// Sums of sine waves on a ring, of wave numbers 0 to `highest` with normal amplitudes and uniform phases, each
    /// state scaled to a standard deviation of its own and without mean (Sakov and Oke 2008,
    /// doi:10.1111/j.1600-0870.2007.00299.x, section 4).
    Waves {
        /// Points of the ring.
        points: usize,
        /// The highest wave number.
        highest: usize,
        /// Standard deviation of a state along the ring.
        amplitude: f64,
    },
}

impl Prior {
    /// The mean.
    #[must_use]
    pub fn mean(&self) -> Array1<f64> {
        match self {
            Self::Independent { mean, .. } => Array1::from(mean.clone()),
            Self::Waves { points, .. } => Array1::zeros(*points),
        }
    }

    /// A state.
    #[must_use]
    pub fn draw(&self, key: StreamKey) -> Array1<f64> {
        match self {
            Self::Independent { mean, variance } => {
                let (mut stream, sd) = (key.stream(), variance.sqrt());
                mean.iter().map(|x| x + sd * stream.normal()).collect()
            }
            Self::Waves { points, highest, amplitude } => waves(*points, *highest, *amplitude, key),
        }
    }
}

fn waves(points: usize, highest: usize, amplitude: f64, key: StreamKey) -> Array1<f64> {
    let mut stream = key.stream();
    let mut state = Array1::zeros(points);
    for number in 0..=highest {
        let (size, phase) = (stream.normal(), stream.uniform());
        let wave = |i: usize| size * (TAU * (number as f64 * i as f64 / points as f64 + phase)).sin();
        state += &(0..points).map(wave).collect::<Array1<f64>>();
    }
    state -= state.mean().unwrap_or(0.0);
    let sd = state.std_axis(Axis(0), 1.0).into_scalar();
    if sd > 0.0 { state * (amplitude / sd) } else { state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use reterra_statistics::Stage;

    /// Each state has its amplitude, no mean, and nothing above the highest wave number.
    #[test]
    fn waves_have_their_amplitude_and_no_shorter_wave() {
        let prior = Prior::Waves { points: 100, highest: 5, amplitude: 0.3 };
        let key = StreamKey { seed: 1, stage: Stage::Test, cycle: 0, member: 0, column: 0 };
        let state = prior.draw(key);
        assert_abs_diff_eq!(state.sum(), 0.0, epsilon = 1e-12);
        assert_abs_diff_eq!(state.std(1.0), 0.3, epsilon = 1e-12);
        let power = |number: f64| {
            let turn = |i: usize| TAU * number * i as f64 / 100.0;
            let cosine: f64 = state.iter().enumerate().map(|(i, x)| x * turn(i).cos()).sum();
            let sine: f64 = state.iter().enumerate().map(|(i, x)| x * turn(i).sin()).sum();
            cosine.hypot(sine)
        };
        assert!((1..=5).any(|k| power(f64::from(k)) > 1.0));
        (6..50).for_each(|k| assert_abs_diff_eq!(power(f64::from(k)), 0.0, epsilon = 1e-10));
    }
}
