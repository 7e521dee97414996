//! Three modes of convection (Lorenz 1963, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2).

use ndarray::ArrayViewMut2;

use super::Model;
use super::runge_kutta::{Tendency, advance};

/// The system with its classical parameters σ = 10, ρ = 28, β = 8/3.
#[derive(Clone, Copy, Debug)]
pub struct Lorenz63 {
    /// Length of a step.
    pub dt: f64,
}

const SIGMA: f64 = 10.0;
const RHO: f64 = 28.0;
const BETA: f64 = 8.0 / 3.0;

impl Tendency for Lorenz63 {
    fn tendency(&self, x: &[f64], dx: &mut [f64]) {
        let [x, y, z] = [x[0], x[1], x[2]];
        dx.copy_from_slice(&[SIGMA * (y - x), RHO * x - y - x * z, x * y - BETA * z]);
    }
}

impl Model for Lorenz63 {
    fn dimension(&self) -> usize {
        3
    }

    fn step_length(&self) -> f64 {
        self.dt
    }

    fn advance(&self, states: ArrayViewMut2<'_, f64>, steps: usize) {
        advance(self, states, self.dt, steps);
    }
}
