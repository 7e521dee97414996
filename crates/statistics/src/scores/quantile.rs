//! Sample quantiles, linear between order statistics.

/// The quantile of probability `p` of values in rising order: type 7 of Hyndman and Fan (1996),
/// doi:10.1080/00031305.1996.10473566, as R and `NumPy` do by default. NaN without values; `p` is clamped to [0, 1].
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let h = p.clamp(0.0, 1.0) * last as f64;
    let low = (h.floor() as usize).min(last);
    let high = (low + 1).min(last);
    sorted[low] + (h - low as f64) * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// R: quantile(c(1, 2, 4, 8), c(0, .1, .5, .9, 1)).
    #[test]
    fn quantile_agrees_with_r() {
        for (p, expected) in [(0.0, 1.0), (0.1, 1.3), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0), (2.0, 8.0)] {
            assert_relative_eq!(quantile(&[1.0, 2.0, 4.0, 8.0], p), expected, epsilon = 1e-14);
        }
        assert!(quantile(&[], 0.5).is_nan());
    }
}
