//! A ring of variables with advection, damping and forcing (Lorenz 1996; Lorenz and Emanuel 1998,
//! doi:10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2).

use ndarray::ArrayViewMut2;

use super::Model;
use super::runge_kutta::{Tendency, advance};

/// The system; four variables or more.
#[derive(Clone, Copy, Debug)]
pub struct Lorenz96 {
    /// Number of variables.
    pub n: usize,
    /// Forcing, F.
    pub forcing: f64,
    /// Length of a step.
    pub dt: f64,
}

/// Adds `(x(i+1) - x(i-2)) x(i-1) - x(i) + F` on a ring.
pub(super) fn tendency(x: &[f64], forcing: f64, dx: &mut [f64]) {
    let n = x.len();
    for i in [0, 1, n - 1] {
        dx[i] = (x[(i + 1) % n] - x[(i + n - 2) % n]) * x[(i + n - 1) % n] - x[i] + forcing;
    }
    for (dx, x) in dx[2..n - 1].iter_mut().zip(x.windows(4)) {
        *dx = (x[3] - x[0]) * x[1] - x[2] + forcing;
    }
}

impl Tendency for Lorenz96 {
    fn tendency(&self, x: &[f64], dx: &mut [f64]) {
        tendency(x, self.forcing, dx);
    }
}

impl Model for Lorenz96 {
    fn dimension(&self) -> usize {
        self.n
    }

    fn step_length(&self) -> f64 {
        self.dt
    }

    fn advance(&self, states: ArrayViewMut2<'_, f64>, steps: usize) {
        advance(self, states, self.dt, steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::Array2;

    fn after_unit_time(dt: f64) -> Array2<f64> {
        let mut x = Array2::from_shape_fn((1, 40), |(_, i)| 8.0 + 0.01 * (i % 5) as f64);
        let model = Lorenz96 { n: 40, forcing: 8.0, dt };
        model.advance(x.view_mut(), (1.0 / dt).round() as usize);
        x
    }

    /// Halving the step divides the error by 16.
    #[test]
    fn the_scheme_is_of_order_four() {
        let exact = after_unit_time(1.0 / 2048.0);
        let error = |dt| (&after_unit_time(dt) - &exact).mapv(|x: f64| x * x).sum().sqrt();
        let order = (error(1.0 / 128.0) / error(1.0 / 256.0)).log2();
        assert_abs_diff_eq!(order, 4.0, epsilon = 0.15);
    }

    #[test]
    fn every_variable_sees_the_same_neighbours() {
        let x: Vec<f64> = (0..6).map(|i| f64::from(i * i)).collect();
        let mut dx = vec![0.0; 6];
        tendency(&x, 8.0, &mut dx);
        for shift in 1..6 {
            let rolled: Vec<f64> = (0..6).map(|i| x[(i + shift) % 6]).collect();
            let mut found = vec![0.0; 6];
            tendency(&rolled, 8.0, &mut found);
            (0..6).for_each(|i| assert_abs_diff_eq!(found[i], dx[(i + shift) % 6]));
        }
    }
}
