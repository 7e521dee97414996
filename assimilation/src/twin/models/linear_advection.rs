//! A wave that moves along a ring, `u_t + u_x = 0` (Evensen 2004, doi:10.1007/s10236-003-0036-9; Sakov and Oke 2008,
//! doi:10.1111/j.1600-0870.2007.00299.x).

use ndarray::ArrayViewMut2;

use super::Model;

/// The equation on `n` points of distance 1, in steps of time 1, by the upwind scheme of first order.
#[derive(Clone, Copy, Debug)]
pub struct LinearAdvection {
    /// Number of points.
    pub n: usize,
    /// Points that the wave moves in a step, in (0, 1]; at 1 the scheme is exact, below it smooths.
    pub courant: f64,
}

impl Model for LinearAdvection {
    fn dimension(&self) -> usize {
        self.n
    }

    fn step_length(&self) -> f64 {
        1.0
    }

    fn advance(&self, mut states: ArrayViewMut2<'_, f64>, steps: usize) {
        let mut before = vec![0.0; self.n];
        for mut row in states.rows_mut() {
            for _ in 0..steps {
                before.iter_mut().zip(&row).for_each(|(old, x)| *old = *x);
                for i in 0..self.n {
                    let upwind = before[(i + self.n - 1) % self.n];
                    row[i] = (1.0 - self.courant) * before[i] + self.courant * upwind;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, array};

    #[test]
    fn at_courant_one_a_wave_comes_back_as_it_was() {
        let start = Array2::from_shape_fn((2, 50), |(member, i)| ((i * i + member) % 7) as f64);
        let model = LinearAdvection { n: 50, courant: 1.0 };
        let mut moved = start.clone();
        model.advance(moved.view_mut(), 1);
        assert_abs_diff_eq!(moved[[0, 4]], start[[0, 3]]);
        model.advance(moved.view_mut(), 49);
        assert_eq!(moved, start);
    }

    /// A wave of number k loses `|1 - C (1 - exp(-2πik/n))|` of its height in a step, and nothing is lost of the mean.
    #[test]
    fn below_one_waves_decay_as_the_scheme_has_it() {
        let (n, courant) = (64, 0.5);
        let angle = std::f64::consts::TAU * 4.0 / n as f64;
        let mut state = Array2::from_shape_fn((1, n), |(_, i)| 2.0 + (angle * i as f64).sin());
        LinearAdvection { n, courant }.advance(state.view_mut(), 10);
        let decay = (1.0 - 2.0 * courant * (1.0 - courant) * (1.0 - angle.cos())).sqrt();
        assert_abs_diff_eq!(state.sum(), 2.0 * n as f64, epsilon = 1e-10);
        let variance = state.var(0.0);
        assert_abs_diff_eq!(variance, 0.5 * decay.powi(20), epsilon = 1e-12);
    }

    #[test]
    fn the_smallest_ring_moves() {
        let mut state = array![[1.0, 2.0]];
        LinearAdvection { n: 2, courant: 1.0 }.advance(state.view_mut(), 1);
        assert_eq!(state, array![[2.0, 1.0]]);
    }
}
