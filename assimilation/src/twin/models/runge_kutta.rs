//! The classical Runge-Kutta scheme of order four.

use ndarray::ArrayViewMut2;

/// The right-hand side of an autonomous system.
pub(super) trait Tendency {
    /// Writes `dx/dt` at `x`.
    fn tendency(&self, x: &[f64], dx: &mut [f64]);
}

/// Takes every row so many steps of length `dt` forward.
pub(super) fn advance<T: Tendency>(system: &T, mut states: ArrayViewMut2<'_, f64>, dt: f64, steps: usize) {
    let n = states.ncols();
    let mut room = vec![0.0; 3 * n];
    let mut x = vec![0.0; n];
    for mut row in states.rows_mut() {
        x.iter_mut().zip(&row).for_each(|(x, value)| *x = *value);
        (0..steps).for_each(|_| step(system, &mut x, dt, &mut room));
        row.iter_mut().zip(&x).for_each(|(value, x)| *value = *x);
    }
}

fn step<T: Tendency>(system: &T, x: &mut [f64], dt: f64, room: &mut [f64]) {
    let n = x.len();
    let (slope, rest) = room.split_at_mut(n);
    let (stage, sum) = rest.split_at_mut(n);
    system.tendency(x, slope);
    sum.copy_from_slice(slope);
    for (length, weight) in [(0.5, 2.0), (0.5, 2.0), (1.0, 1.0)] {
        for i in 0..n {
            stage[i] = x[i] + length * dt * slope[i];
        }
        system.tendency(stage, slope);
        for i in 0..n {
            sum[i] += weight * slope[i];
        }
    }
    for i in 0..n {
        x[i] += dt / 6.0 * sum[i];
    }
}
