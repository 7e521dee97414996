//! Preconditioned Crank-Nicolson: `z' = √(1 - β²) z + β ξ`, accepted by the likelihood alone.

use reterra_statistics::Stream;

use super::{Chain, Course, Target, log_likelihood, normals, walk};

/// Acceptance that β is adapted to.
const ACCEPTANCE: f64 = 0.25;

pub(super) fn chain(target: &dyn Target, mut z: Vec<f64>, course: Course<'_>, stream: &mut Stream) -> Chain {
    let mut at = log_likelihood(target, &z);
    let mut log_beta = 0.2_f64.ln();
    let d = z.len();
    walk(course, d, |step, warming| {
        let beta = log_beta.exp();
        let keep = (1.0 - beta * beta).sqrt();
        let noise = normals(d, stream);
        let moved: Vec<f64> = z.iter().zip(&noise).map(|(z, x)| keep * z + beta * x).collect();
        let there = log_likelihood(target, &moved);
        let chance = (there - at).exp().min(1.0);
        let accepted = stream.uniform() < chance;
        if accepted {
            (z, at) = (moved, there);
        }
        if warming {
            log_beta = (log_beta + (chance - ACCEPTANCE) / (1.0 + step as f64).powf(0.6)).min(0.0);
        }
        (z.clone(), f64::from(u8::from(accepted)))
    })
}
