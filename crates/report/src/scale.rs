//! Axes: from values to pixels, and round ticks.

/// A linear axis from values to pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
}

impl Scale {
    /// An axis over `domain`, widened where it is empty or not finite.
    pub(crate) fn new(domain: (f64, f64), range: (f64, f64)) -> Self {
        let (low, high) = domain;
        let domain = match ((high - low).is_finite(), high > low) {
            (true, true) => domain,
            (true, false) => (low - 0.5, low + 0.5),
            _ => (0.0, 1.0),
        };
        Self { domain, range }
    }

    pub(crate) fn domain(&self) -> (f64, f64) {
        self.domain
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = (value - self.domain.0) / (self.domain.1 - self.domain.0);
        self.range.0 + share * (self.range.1 - self.range.0)
    }

    /// Like [`Scale::at`], held inside the axis.
    pub(crate) fn clamped(&self, value: f64) -> f64 {
        self.at(value.clamp(self.domain.0, self.domain.1))
    }

    /// About `count` round values inside the domain, and the step between them.
    pub(crate) fn ticks(&self, count: usize) -> (Vec<f64>, f64) {
        let (low, high) = self.domain;
        let step = round_step((high - low) / count.max(1) as f64);
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        ((first..=last).map(|i| i as f64 * step).collect(), step)
    }
}

/// The smallest of 1, 2, 5 × 10ᵏ that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

/// Smallest and largest finite value.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}

/// `range` widened by a share of its width on both sides.
pub(crate) fn padded(range: (f64, f64), share: f64) -> (f64, f64) {
    let pad = (range.1 - range.0) * share;
    (range.0 - pad, range.1 + pad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let (ticks, step) = Scale::new((-3.2, 11.0), (0.0, 1.0)).ticks(4);
        assert_eq!((ticks, step), (vec![0.0, 5.0, 10.0], 5.0));
        let (ticks, _) = Scale::new((0.0, 1.0), (0.0, 1.0)).ticks(5);
        assert_eq!(ticks.len(), 6);
    }

    #[test]
    fn an_empty_domain_still_maps_to_finite_pixels() {
        assert!((Scale::new((2.0, 2.0), (0.0, 10.0)).at(2.0) - 5.0).abs() < 1e-12);
        assert!(Scale::new((f64::NAN, 1.0), (0.0, 10.0)).at(0.5).is_finite());
    }

    #[test]
    fn extent_ignores_what_is_not_finite() {
        assert_eq!(extent([f64::NAN, 2.0, -1.0, f64::INFINITY]), Some((-1.0, 2.0)));
        assert_eq!(extent([f64::NAN]), None);
    }
}
