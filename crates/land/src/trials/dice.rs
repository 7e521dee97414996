//! What draws are made with.

use reterra_statistics::random::Stream;

/// A stream and the distributions that trials need.
pub(super) struct Dice(pub Stream);

impl Dice {
    /// Uniform between two values.
    pub fn between(&mut self, lower: f64, upper: f64) -> f64 {
        lower + (upper - lower) * self.0.uniform()
    }

    /// Uniform in the logarithm, between two positive values.
    pub fn decades(&mut self, lower: f64, upper: f64) -> f64 {
        (self.between(lower.ln(), upper.ln())).exp().clamp(lower, upper)
    }

    /// Whether something happens that does once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.0.index(n) == 0
    }

    /// One of some values.
    pub fn of<V: Copy>(&mut self, values: &[V]) -> V {
        values[self.0.index(values.len())]
    }

    /// Anywhere between two bounds, often at one of them: in the logarithm where both are positive and decades apart.
    pub fn within(&mut self, lower: f64, upper: f64) -> f64 {
        match self.0.index(8) {
            0 => lower,
            1 => upper,
            2..=4 if lower > 0.0 && upper > 10.0 * lower => self.decades(lower, upper),
            _ => self.between(lower, upper),
        }
    }
}
