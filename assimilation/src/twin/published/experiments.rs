//! Set-ups.

use crate::twin::models::{KuramotoSivashinsky, Lorenz63, Lorenz96, TwoScale};
use crate::twin::{Experiment, Prior};

/// Start of the Lorenz-63 experiments.
const LORENZ63_START: [f64; 3] = [1.509, -1.531, 25.46];
/// Length of the ring over π.
const RING: f64 = 32.0;

/// One in the first component, zero elsewhere.
fn first_unit(n: usize) -> Vec<f64> {
    (0..n).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect()
}

/// Lorenz-63 after Sakov et al. 2012: all observed every 0.25, error variance 2.
#[must_use]
pub fn lorenz63(cycles: usize) -> Experiment {
    Experiment {
        model: Box::new(Lorenz63 { dt: 0.01 }),
        truth: None,
        every: 25,
        cycles,
        burn_in: 16.0,
        prior: Prior::Independent { mean: LORENZ63_START.to_vec(), variance: 2.0 },
        observed: vec![0, 1, 2],
        error_variance: 2.0,
    }
}

/// Lorenz-63 after Anderson 2010: all observed every 0.12, error variance 8.
#[must_use]
pub fn lorenz63_rare(cycles: usize) -> Experiment {
    Experiment { every: 12, error_variance: 8.0, ..lorenz63(cycles) }
}

/// Lorenz-96 after Sakov and Oke 2008: 40 variables, all observed every `every` steps of 0.05, error variance 1.
#[must_use]
pub fn lorenz96(cycles: usize, every: usize) -> Experiment {
    let n = 40;
    Experiment {
        model: Box::new(Lorenz96 { n, forcing: 8.0, dt: 0.05 }),
        truth: None,
        every,
        cycles,
        burn_in: 20.0,
        prior: Prior::Independent { mean: first_unit(n), variance: 0.001 },
        observed: (0..n).collect(),
        error_variance: 1.0,
    }
}

/// Kuramoto-Sivashinsky after Bocquet and Farchi 2019: 128 points, all observed every unit of time, error variance 1.
#[must_use]
pub fn kuramoto_sivashinsky(cycles: usize) -> Experiment {
    let n = 128;
    let model = KuramotoSivashinsky::new(n, RING, 0.5);
    let mean = model.start(RING);
    Experiment {
        model: Box::new(model),
        truth: None,
        every: 2,
        cycles,
        burn_in: 2000.0,
        prior: Prior::Independent { mean, variance: 0.001 },
        observed: (0..n).collect(),
        error_variance: 1.0,
    }
}

/// Two-scale Lorenz-96 after Wilks 2005: the 8 slow variables observed every 0.05, error variance 0.1.
#[must_use]
pub fn two_scale(cycles: usize) -> Experiment {
    let n = 264;
    Experiment {
        model: Box::new(TwoScale { dt: 0.005 }),
        truth: None,
        every: 10,
        cycles,
        burn_in: 6.0,
        prior: Prior::Independent { mean: first_unit(n), variance: 0.01 },
        observed: (0..8).collect(),
        error_variance: 0.1,
    }
}
