//! Anderson acceleration of a fixed-point iteration.
//!
//! From the last states `x` and what the map made of them, `g = G(x)`, the next state is the combination of the `g`
//! whose residuals `f = g − x` cancel best in least squares (Anderson 1965, doi:10.1145/321296.321305; Walker and Ni
//! 2011, doi:10.1137/10078356X; for spin-up: Khatiwala 2024, doi:10.1126/sciadv.adn2839). `G` is a black box. On a linear map
//! it is GMRES in disguise: exact after as many steps as the map has different eigenvalues.
//!
//! Safeguards: differences that depend on newer ones are left out; a step is bounded; a residual that grows starts the
//! history anew from a plain step.

use std::collections::VecDeque;

/// Share of its length that a difference must have beside the newer ones to count.
const INDEPENDENT: f64 = 1e-6;

/// The accelerator: what it was told, and what it remembers.
#[derive(Clone, Debug)]
pub struct Anderson {
    /// Largest number of differences remembered.
    pub window: usize,
    /// Largest step of a variable beyond what the map itself says.
    pub largest_step: f64,
    /// Growth of the residual's norm over the smallest so far that starts the history anew.
    pub growth: f64,
    history: VecDeque<Step>,
    smallest: f64,
}

/// A state, and its residual.
#[derive(Clone, Debug)]
struct Step {
    image: Vec<f64>,
    residual: Vec<f64>,
}

impl Default for Anderson {
    fn default() -> Self {
        Self::new(10, 1.0, 4.0)
    }
}

impl Anderson {
    /// With nothing to remember yet.
    #[must_use]
    pub fn new(window: usize, largest_step: f64, growth: f64) -> Self {
        Self { window, largest_step, growth, history: VecDeque::new(), smallest: f64::INFINITY }
    }

    /// The next state, given the last one and its image; both of the same length in every call.
    pub fn next(&mut self, state: &[f64], image: &[f64]) -> Vec<f64> {
        let residual: Vec<f64> = image.iter().zip(state).map(|(g, x)| g - x).collect();
        let norm = dot(&residual, &residual).sqrt();
        if !norm.is_finite() {
            self.forget();
            return image.to_vec();
        }
        if norm > self.growth * self.smallest {
            self.forget();
        }
        self.smallest = self.smallest.min(norm);
        let mixed = self.mix(image, &residual);
        self.history.push_front(Step { image: image.to_vec(), residual });
        self.history.truncate(self.window + 1);
        mixed
    }

    fn forget(&mut self) {
        self.history.clear();
        self.smallest = f64::INFINITY;
    }

    /// `g − ΔG γ` with the `γ` that makes `f − ΔF γ` smallest.
    fn mix(&self, image: &[f64], residual: &[f64]) -> Vec<f64> {
        let newer: Vec<(&[f64], &[f64])> = std::iter::once((image, residual))
            .chain(self.history.iter().map(|step| (&step.image[..], &step.residual[..])))
            .collect();
        let changes: Vec<Vec<f64>> = newer.windows(2).map(|pair| minus(pair[0].1, pair[1].1)).collect();
        let weights = least_squares(&changes, residual);
        let mut mixed = image.to_vec();
        for (pair, weight) in newer.windows(2).zip(weights) {
            for (m, change) in mixed.iter_mut().zip(minus(pair[0].0, pair[1].0)) {
                *m -= weight * change;
            }
        }
        for (m, g) in mixed.iter_mut().zip(image) {
            *m = m.clamp(g - self.largest_step, g + self.largest_step);
        }
        mixed
    }
}

/// The weights of `columns` that come nearest to `target`, by modified Gram–Schmidt from the first column on; columns
/// that depend on those before get none.
fn least_squares(columns: &[Vec<f64>], target: &[f64]) -> Vec<f64> {
    let mut rest = target.to_vec();
    // Orthonormal directions, each with the combination of columns that it is.
    let mut basis: Vec<(Vec<f64>, Vec<f64>)> = Vec::with_capacity(columns.len());
    let mut weights = vec![0.0; columns.len()];
    for (k, column) in columns.iter().enumerate() {
        let (mut direction, mut made_of) = (column.clone(), vec![0.0; columns.len()]);
        made_of[k] = 1.0;
        for (earlier, of) in &basis {
            let along = dot(earlier, &direction);
            subtract(&mut direction, along, earlier);
            subtract(&mut made_of, along, of);
        }
        let length = dot(&direction, &direction).sqrt();
        if length <= INDEPENDENT * dot(column, column).sqrt() {
            continue;
        }
        for value in direction.iter_mut().chain(&mut made_of) {
            *value /= length;
        }
        let along = dot(&direction, &rest);
        subtract(&mut rest, along, &direction);
        subtract(&mut weights, -along, &made_of);
        basis.push((direction, made_of));
    }
    weights
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn subtract(from: &mut [f64], factor: f64, what: &[f64]) {
    for (value, part) in from.iter_mut().zip(what) {
        *value -= factor * part;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps until `map` changes nothing by more than 1e-9, with and without acceleration, and where it ends.
    fn steps(map: impl Fn(&[f64]) -> Vec<f64>, start: &[f64], accelerated: bool) -> (usize, Vec<f64>) {
        let mut anderson = Anderson::default();
        let mut x = start.to_vec();
        for step in 1..100_000 {
            let image = map(&x);
            if image.iter().zip(&x).all(|(g, x)| (g - x).abs() < 1e-10) {
                return (step, x);
            }
            x = if accelerated { anderson.next(&x, &image) } else { image };
        }
        panic!("no fixed point found");
    }

    fn check(map: impl Fn(&[f64]) -> Vec<f64>, fixed: &[f64], most: usize) {
        let start = vec![0.0; fixed.len()];
        let (steps_accelerated, found) = steps(&map, &start, true);
        let (steps_plain, _) = steps(&map, &start, false);
        let off = found.iter().zip(fixed).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-6, "{found:?}");
        assert!(
            steps_accelerated <= most && steps_plain > 20 * steps_accelerated,
            "{steps_accelerated}, {steps_plain}"
        );
    }

    /// A chain of pools with turnover of 1 to 1,000 cycles: `x ← x + (input − rate x)`.
    #[test]
    fn a_linear_map_is_solved_in_as_many_steps_as_it_has_rates() {
        let rates = [0.8, 0.1, 0.02, 0.004, 0.001];
        let map = |x: &[f64]| -> Vec<f64> {
            let input = |i: usize| if i == 0 { 0.4 } else { 0.5 * rates[i - 1] * x[i - 1] };
            (0..5).map(|i| x[i] + input(i) - rates[i] * x[i]).collect()
        };
        let mut fixed = [0.4 / rates[0]; 5];
        (1..5).for_each(|i| fixed[i] = 0.5 * rates[i - 1] * fixed[i - 1] / rates[i]);
        let scale = fixed;
        // In units of the solution, as pools are.
        let scaled = |y: &[f64]| -> Vec<f64> {
            let x: Vec<f64> = y.iter().zip(scale).map(|(y, s)| y * s).collect();
            map(&x).iter().zip(scale).map(|(x, s)| x / s).collect()
        };
        check(scaled, &[1.0; 5], 9);
    }

    /// Two pools that feed back on each other's input, mildly.
    #[test]
    fn a_mildly_nonlinear_map_converges_to_its_fixed_point() {
        let map = |x: &[f64]| -> Vec<f64> {
            let [a, b] = [x[0].max(0.0), x[1]];
            vec![a + 0.01 * (1.0 + 0.2 * (b - 1.0) - a.powf(1.2)), b + 0.002 * (a.sqrt() - b)]
        };
        check(map, &[1.0; 2], 30);
    }

    #[test]
    fn a_step_is_bounded_and_growth_starts_anew() {
        let mut anderson = Anderson::new(3, 0.5, 2.0);
        assert_eq!(anderson.next(&[0.0], &[1.0]), [1.0]);
        // Residuals 1 and 0.9 say 10; the map says 1.9.
        assert_eq!(anderson.next(&[1.0], &[1.9]), [2.4]);
        assert_eq!(anderson.next(&[2.4], &[5.4]), [5.4]);
        assert!(anderson.next(&[5.4], &[f64::NAN])[0].is_nan());
        assert_eq!(anderson.next(&[5.4], &[6.0]), [6.0]);
    }

    #[test]
    fn columns_that_depend_on_newer_ones_have_no_weight() {
        let columns = [vec![1.0, 0.0, 0.0], vec![2.0, 0.0, 0.0], vec![1.0, 1.0, 0.0]];
        assert_eq!(least_squares(&columns, &[3.0, 2.0, 5.0]), [1.0, 0.0, 2.0]);
    }
}
