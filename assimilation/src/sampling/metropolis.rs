//! Random-walk Metropolis whose proposal learns the covariance of the chain and the size of its steps in the warm-up.

use ndarray::Array2;
use reterra_statistics::Stream;

use super::{Chain, Course, Target, half_square, log_likelihood, normals, walk};
use crate::linear_algebra::cholesky;

/// Acceptance that the step is adapted to (Roberts et al. 1997, doi:10.1214/aoap/1034625254).
const ACCEPTANCE: f64 = 0.234;
/// Steps between two looks at the covariance.
const LOOK: usize = 50;

pub(super) fn chain(target: &dyn Target, mut z: Vec<f64>, course: Course<'_>, stream: &mut Stream) -> Chain {
    let d = z.len();
    let mut at = log_likelihood(target, &z) - half_square(&z);
    let mut proposal = Proposal::new(d);
    walk(course, d, |step, warming| {
        let moved = proposal.from(&z, stream);
        let there = log_likelihood(target, &moved) - half_square(&moved);
        let chance = (there - at).exp().min(1.0);
        let accepted = stream.uniform() < chance;
        if accepted {
            (z, at) = (moved, there);
        }
        if warming {
            proposal.learn(&z, chance, step);
        }
        (z.clone(), f64::from(u8::from(accepted)))
    })
}

/// Normal steps of covariance `scale² L Lᵀ`, and running moments of the chain.
struct Proposal {
    factor: Array2<f64>,
    log_scale: f64,
    count: f64,
    mean: Vec<f64>,
    products: Array2<f64>,
}

impl Proposal {
    fn new(d: usize) -> Self {
        Self {
            factor: Array2::eye(d),
            log_scale: (0.5 / (d as f64).sqrt()).ln(),
            count: 0.0,
            mean: vec![0.0; d],
            products: Array2::zeros((d, d)),
        }
    }

    fn from(&self, z: &[f64], stream: &mut Stream) -> Vec<f64> {
        let noise = normals(z.len(), stream);
        let scale = self.log_scale.exp();
        let moved = |i: usize| z[i] + scale * (0..=i).map(|k| self.factor[[i, k]] * noise[k]).sum::<f64>();
        (0..z.len()).map(moved).collect()
    }

    fn learn(&mut self, z: &[f64], chance: f64, step: usize) {
        self.log_scale += (chance - ACCEPTANCE) / (1.0 + step as f64).powf(0.6);
        self.count += 1.0;
        let before: Vec<f64> = z.iter().zip(&self.mean).map(|(z, mean)| z - mean).collect();
        self.mean.iter_mut().zip(&before).for_each(|(mean, gap)| *mean += gap / self.count);
        for i in 0..z.len() {
            for j in 0..z.len() {
                self.products[[i, j]] += before[i] * (z[j] - self.mean[j]);
            }
        }
        let d = z.len() as f64;
        if step > 0 && step.is_multiple_of(LOOK) && self.count > 10.0 * d {
            self.look();
        }
    }

    fn look(&mut self) {
        let mut covariance = &self.products / (self.count - 1.0);
        for i in 0..covariance.nrows() {
            covariance[[i, i]] += 1e-8;
        }
        // A chain that hasn't moved yet keeps its proposal.
        if let Ok(factor) = cholesky(covariance.view(), "covariance of the chain") {
            if self.factor == Array2::<f64>::eye(factor.nrows()) {
                self.log_scale = (2.38 / (factor.nrows() as f64).sqrt()).ln();
            }
            self.factor = factor;
        }
        // The first half of what was seen is forgotten: it tells of the way from the start.
        if self.count > 40.0 * self.mean.len() as f64 + 500.0 {
            let d = self.mean.len();
            let kept = std::mem::replace(self, Self::new(d));
            (self.factor, self.log_scale) = (kept.factor, kept.log_scale);
        }
    }
}
