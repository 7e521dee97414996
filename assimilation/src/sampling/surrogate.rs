//! Trajectories on a likeness of the target, accepted by the target.
//!
//! A trajectory of the no-U-turn sampler is reversible, so a step from x to y that leaves the likeness `q` unchanged leaves
//! the target `p` unchanged where it is taken with the probability `min(1, p(y) q(x) / (p(x) q(y)))`.

use reterra_statistics::Stream;

use super::{Chain, Course, SmoothTarget, Target, log_likelihood, nuts};

pub(super) fn chain(
    (target, likeness): (&dyn Target, &dyn SmoothTarget),
    start: Vec<f64>,
    course: Course<'_>,
    stream: &mut Stream,
) -> Chain {
    // Both have the same prior, which cancels.
    let excess = |z: &[f64]| log_likelihood(target, z) - likeness.log_likelihood(z);
    let mut here = excess(&start);
    nuts::corrected(
        likeness,
        start,
        course,
        (stream, |to: &[f64], stream: &mut Stream| {
            let there = excess(to);
            let taken = stream.uniform().ln() < there - here;
            if taken {
                here = there;
            }
            Some(taken)
        }),
    )
}
