//! The metric of Hamiltonian trajectories, learnt in the warm-up: the covariance of the chain where there is enough of it,
//! else variances alone.
//!
//! Data often know a combination of parameters far better than each of them. With variances alone a trajectory then takes
//! as many steps as the root of their correlation's condition.

use ndarray::{Array1, Array2, aview1};
use reterra_statistics::Stream;

use super::normals;
use crate::linear_algebra::cholesky;

/// States for each parameter from which a covariance is learnt.
const ENOUGH: f64 = 5.0;

/// Inverse mass of the parameters.
#[derive(Clone, Debug)]
pub(super) enum Metric {
    /// Variances.
    Diagonal(Vec<f64>),
    /// A covariance and its Cholesky factor.
    Dense(Array2<f64>, Array2<f64>),
}

impl Metric {
    /// That of uncorrelated parameters of unit variance.
    pub fn unit(d: usize) -> Self {
        Self::Diagonal(vec![1.0; d])
    }

    /// Velocity at a momentum, which is `Σ p`.
    pub fn velocity(&self, momentum: &[f64]) -> Vec<f64> {
        match self {
            Self::Diagonal(variances) => momentum.iter().zip(variances).map(|(p, v)| p * v).collect(),
            Self::Dense(covariance, _) => covariance.dot(&aview1(momentum)).to_vec(),
        }
    }

    /// A draw of the momentum, whose covariance is `Σ⁻¹`.
    pub fn momentum(&self, stream: &mut Stream) -> Vec<f64> {
        match self {
            Self::Diagonal(variances) => variances.iter().map(|v| stream.normal() / v.sqrt()).collect(),
            Self::Dense(covariance, factor) => {
                let mut p = normals(covariance.nrows(), stream);
                for i in (0..p.len()).rev() {
                    let known: f64 = (i + 1..p.len()).map(|j| factor[[j, i]] * p[j]).sum();
                    p[i] = (p[i] - known) / factor[[i, i]];
                }
                p
            }
        }
    }
}

/// Windows of the warm-up after each of which the metric is set, each twice as long as the one before (Stan's).
pub(super) struct Windows {
    /// Last steps of the windows.
    ends: Vec<usize>,
    first: usize,
    seen: Moments,
}

/// Running moments of states.
struct Moments {
    count: f64,
    mean: Array1<f64>,
    products: Array2<f64>,
}

impl Windows {
    pub fn new(warm_up: usize, d: usize) -> Self {
        let (first, last) = (warm_up * 15 / 200, warm_up - warm_up / 10);
        let mut ends = Vec::new();
        let (mut end, mut width) = (first, (warm_up / 40).max(10));
        while end + width <= last {
            // A window that leaves too little for a next one takes it all.
            end = if end + 3 * width > last { last } else { end + width };
            ends.push(end);
            width *= 2;
        }
        Self { ends, first, seen: Moments::new(d) }
    }

    /// Takes a state; the metric at the end of a window.
    pub fn see(&mut self, step: usize, z: &[f64]) -> Option<Metric> {
        if step < self.first || self.ends.last().is_none_or(|last| step > *last) {
            return None;
        }
        self.seen.add(z);
        if !self.ends.contains(&step) {
            return None;
        }
        let d = z.len();
        Some(std::mem::replace(&mut self.seen, Moments::new(d)).metric())
    }
}

impl Moments {
    fn new(d: usize) -> Self {
        Self { count: 0.0, mean: Array1::zeros(d), products: Array2::zeros((d, d)) }
    }

    fn add(&mut self, z: &[f64]) {
        self.count += 1.0;
        let before = &aview1(z) - &self.mean;
        self.mean.scaled_add(1.0 / self.count, &before);
        let after = &aview1(z) - &self.mean;
        for (mut row, gap) in self.products.rows_mut().into_iter().zip(&before) {
            row.scaled_add(*gap, &after);
        }
    }

    /// Shrunk towards a thousandth of the unit (Stan's).
    fn metric(self) -> Metric {
        let n = self.count;
        let mut covariance = self.products * (n / (n + 5.0) / (n - 1.0).max(1.0));
        covariance.diag_mut().mapv_inplace(|v| v + 1e-3 * 5.0 / (n + 5.0));
        let variances = covariance.diag().to_vec();
        if n < ENOUGH * variances.len() as f64 {
            return Metric::Diagonal(variances);
        }
        match cholesky(covariance.view(), "covariance of the chain") {
            Ok(factor) => Metric::Dense(covariance, factor),
            Err(_) => Metric::Diagonal(variances),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};
    use reterra_statistics::{Stage, StreamKey};

    fn near(found: &Array2<f64>, expected: &Array2<f64>) {
        assert!((found - expected).iter().all(|gap| gap.abs() < 0.04), "{found}");
    }

    fn stream() -> Stream {
        StreamKey { seed: 3, stage: Stage::Test, cycle: 0, member: 0, column: 0 }.stream()
    }

    #[test]
    fn momenta_have_the_inverse_of_the_metric_as_their_covariance() {
        let covariance = array![[2.0, 0.6], [0.6, 0.5]];
        let factor = cholesky(covariance.view(), "a").unwrap();
        let metric = Metric::Dense(covariance, factor);
        let (n, mut stream) = (40_000, stream());
        // So velocities have the metric itself.
        let rows: Vec<f64> = (0..n).flat_map(|_| metric.velocity(&metric.momentum(&mut stream))).collect();
        let v = Array2::from_shape_vec((n, 2), rows).unwrap();
        let found = v.t().dot(&v) / n as f64;
        near(&found, &array![[2.0, 0.6], [0.6, 0.5]]);
        assert!(v.mean_axis(Axis(0)).unwrap().iter().all(|m| m.abs() < 0.03));
    }

    #[test]
    fn a_covariance_is_learnt_where_states_are_many_and_variances_else() {
        let mut stream = stream();
        let mut draw = |n: usize| {
            let mut moments = Moments::new(2);
            for _ in 0..n {
                let (a, b) = (stream.normal(), stream.normal());
                moments.add(&[3.0 + a, a + 0.1 * b]);
            }
            moments.metric()
        };
        assert!(matches!(draw(9), Metric::Diagonal(_)));
        let Metric::Dense(covariance, _) = draw(20_000) else { panic!("no covariance") };
        near(&covariance, &array![[1.0, 1.0], [1.0, 1.01]]);
    }
}
