//! Weights of at least zero and sum one that minimise a squared error.

/// Steps of the search; the problem is convex and small.
const STEPS: usize = 20_000;

/// Weights of predictions (each n) of outputs (n). Those below `least` are set to zero and the rest is found again.
pub(super) fn stacked(means: &[&[f64]], y: &[f64], least: f64) -> Vec<f64> {
    let mut weights = simplex(means, y);
    let kept: Vec<usize> = (0..means.len()).filter(|&k| weights[k] >= least).collect();
    let again = simplex(&kept.iter().map(|&k| means[k]).collect::<Vec<_>>(), y);
    weights.fill(0.0);
    for (&k, weight) in kept.iter().zip(again) {
        weights[k] = weight;
    }
    weights
}

/// Projected gradients; the products of errors are all that matters of the rows.
fn simplex(means: &[&[f64]], y: &[f64]) -> Vec<f64> {
    let k = means.len();
    let product =
        |a: &[f64], b: &[f64]| -> f64 { y.iter().zip(a).zip(b).map(|((y, a), b)| (y - a) * (y - b)).sum() };
    let products: Vec<Vec<f64>> =
        means.iter().map(|a| means.iter().map(|b| product(a, b)).collect()).collect();
    let trace: f64 = (0..k).map(|i| products[i][i]).sum();
    let mut weights = vec![1.0 / k.max(1) as f64; k];
    if trace <= 0.0 {
        return weights;
    }
    for _ in 0..STEPS {
        let slope = |i: usize| -> f64 { products[i].iter().zip(&weights).map(|(p, w)| p * w).sum() };
        let moved: Vec<f64> = (0..k).map(|i| weights[i] - slope(i) / trace).collect();
        weights = projected(&moved);
    }
    weights
}

/// The nearest weights of at least zero and sum one (Duchi et al. 2008, doi:10.1145/1390156.1390191).
fn projected(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (i, value) in sorted.iter().enumerate() {
        sum += value;
        let here = (sum - 1.0) / (i + 1) as f64;
        if value - here > 0.0 {
            shift = here;
        }
    }
    values.iter().map(|value| (value - shift).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn weights_are_those_of_the_least_squares_and_useless_ones_are_zero() {
        let y = [1.0, -2.0, 0.5, 3.0, -1.0, 0.0];
        // The middle of the first two is right, the third only adds error.
        let e = [0.3, -0.1, 0.2, 0.4, -0.5, 0.1];
        let off = |sign: f64| -> Vec<f64> { y.iter().zip(e).map(|(y, e)| y + sign * e).collect() };
        let (a, b, c) = (off(1.0), off(-1.0), off(7.0));
        let weights = stacked(&[&a, &b, &c], &y, 0.05);
        assert_abs_diff_eq!(weights[0], 0.5, epsilon = 1e-6);
        assert_abs_diff_eq!(weights[1], 0.5, epsilon = 1e-6);
        assert_abs_diff_eq!(weights[2], 0.0);
        assert_abs_diff_eq!(stacked(&[&c], &y, 0.05)[0], 1.0);
    }

    #[test]
    fn projections_lie_on_the_simplex() {
        for values in [[0.2, 0.3, 0.5], [3.0, -1.0, 0.1], [-5.0, -4.0, -4.5]] {
            let found = projected(&values);
            assert_abs_diff_eq!(found.iter().sum::<f64>(), 1.0, epsilon = 1e-12);
            assert!(found.iter().all(|w| *w >= 0.0));
        }
        assert_eq!(projected(&[0.25, 0.75]), [0.25, 0.75]);
    }
}
