//! Means of numbers that come in clusters: those of one analysis depend on each other, analyses don't.
//!
//! The mean is a ratio estimator, sum over count; its standard error follows from the clusters' sums (Cochran 1977,
//! Sampling Techniques, section 9.4): `se² = C/(C - 1) Σ (s_c - n_c mean)² / n²` over C clusters.

use serde::{Deserialize, Serialize};

/// Running sums over clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clustered {
    clusters: u64,
    count: u64,
    sum: f64,
    /// Over clusters: squares of their sums, sums times counts, squares of their counts.
    square: f64,
    product: f64,
    square_count: f64,
}

impl Clustered {
    /// One cluster; none where there are no numbers.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let (count, sum) = numbers.into_iter().fold((0, 0.0), |(n, sum), x| (n + 1, sum + x));
        if count == 0 {
            return Self::default();
        }
        let n = count as f64;
        Self { clusters: 1, count, sum, square: sum * sum, product: sum * n, square_count: n * n }
    }

    /// Adds another's clusters.
    pub fn merge(&mut self, other: &Self) {
        self.clusters += other.clusters;
        self.count += other.count;
        self.sum += other.sum;
        self.square += other.square;
        self.product += other.product;
        self.square_count += other.square_count;
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Their mean; none without numbers.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The standard error of the mean; none with less than two clusters.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let mean = self.mean().filter(|_| self.clusters > 1)?;
        let squares = self.square - 2.0 * mean * self.product + mean * mean * self.square_count;
        let clusters = self.clusters as f64;
        Some((clusters / (clusters - 1.0) * squares.max(0.0)).sqrt() / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Clusters of one number have the textbook's standard error; a cluster of equal numbers counts once.
    #[test]
    fn clusters_decide_the_error_of_a_mean() {
        let numbers = [1.0, 2.0, 4.0, 9.0];
        let merged = |copies: usize| {
            let mut all = Clustered::default();
            for x in numbers {
                all.merge(&Clustered::of(std::iter::repeat_n(x, copies)));
            }
            all
        };
        // Mean 4, squares 9 + 4 + 0 + 25 = 38, variance 38/3, over 4.
        for copies in [1, 5] {
            assert_eq!(merged(copies).mean(), Some(4.0));
            let error = merged(copies).standard_error().unwrap();
            assert_relative_eq!(error, (38.0_f64 / 12.0).sqrt(), max_relative = 1e-14);
        }
        assert_eq!((merged(5).count(), merged(0)), (20, Clustered::default()));
        assert_eq!(Clustered::of([1.0, 2.0]).standard_error(), None);
        assert_eq!(Clustered::default().mean(), None);
    }
}
