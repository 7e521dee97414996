//! Elliptical slice: a point of the ellipse through the state and a draw of the prior, above a random level of the
//! likelihood.

use reterra_statistics::Stream;

use super::{Chain, Course, Target, log_likelihood, normals, walk};

pub(super) fn chain(target: &dyn Target, z: Vec<f64>, course: Course<'_>, stream: &mut Stream) -> Chain {
    let d = z.len();
    let mut state = State { at: log_likelihood(target, &z), z };
    walk(course, d, |_, _| {
        state.slice(target, 1.0, stream);
        (state.z.clone(), 1.0)
    })
}

/// A place and the likelihood there.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub z: Vec<f64>,
    pub at: f64,
}

impl State {
    /// One step under the likelihood to the power `beta`.
    pub fn slice(&mut self, target: &dyn Target, beta: f64, stream: &mut Stream) {
        let noise = normals(self.z.len(), stream);
        let level = beta * self.at + stream.uniform().max(f64::MIN_POSITIVE).ln();
        let full = 2.0 * std::f64::consts::PI;
        let mut angle = full * stream.uniform();
        let (mut low, mut high) = (angle - full, angle);
        // The bracket shrinks to the state itself, which lies above the level; rounding ends it before.
        while high - low > 1e-12 {
            let (sin, cos) = angle.sin_cos();
            let moved: Vec<f64> = self.z.iter().zip(&noise).map(|(z, x)| z * cos + x * sin).collect();
            let there = log_likelihood(target, &moved);
            // The prior knows no likelihood: at β = 0 every place is as good.
            if beta == 0.0 || beta * there > level {
                *self = Self { z: moved, at: there };
                return;
            }
            if angle < 0.0 {
                low = angle;
            } else {
                high = angle;
            }
            angle = low + (high - low) * stream.uniform();
        }
    }
}
