//! Slow variables coupled to fast ones (Lorenz 1996; parameters of Wilks 2005, doi:10.1256/qj.04.03).

use ndarray::ArrayViewMut2;

use super::Model;
use super::runge_kutta::{Tendency, advance};

/// The system: 8 slow variables `U`, then 32 fast ones `V` for each of them.
#[derive(Clone, Copy, Debug)]
pub struct TwoScale {
    /// Length of a step.
    pub dt: f64,
}

/// Slow variables.
pub const SLOW: usize = 8;
/// Fast variables of each.
pub const FAST: usize = 32;
const FORCING: f64 = 20.0;
/// Coupling `h`, and the ratios of amplitudes `b` and of times `c`.
const COUPLING: f64 = 1.0;
const AMPLITUDE: f64 = 10.0;
const TIME: f64 = 10.0;

impl Tendency for TwoScale {
    fn tendency(&self, x: &[f64], dx: &mut [f64]) {
        let (slow, fast) = x.split_at(SLOW);
        let (dslow, dfast) = dx.split_at_mut(SLOW);
        super::lorenz96::tendency(slow, FORCING, dslow);
        let coupling = COUPLING * TIME / AMPLITUDE;
        advect_backwards(fast, dfast);
        for k in 0..SLOW {
            let own = k * FAST..(k + 1) * FAST;
            dslow[k] -= coupling * fast[own.clone()].iter().sum::<f64>();
            dfast[own].iter_mut().for_each(|dv| *dv += coupling * slow[k]);
        }
    }
}

/// `c b (v(i-1) - v(i+2)) v(i+1) - c v(i)` on the ring of all fast variables.
fn advect_backwards(v: &[f64], dv: &mut [f64]) {
    let n = v.len();
    let formula =
        |left: f64, own: f64, right: f64, second: f64| TIME * (AMPLITUDE * (left - second) * right - own);
    for i in [0, n - 2, n - 1] {
        dv[i] = formula(v[(i + n - 1) % n], v[i], v[(i + 1) % n], v[(i + 2) % n]);
    }
    for (dv, v) in dv[1..n - 2].iter_mut().zip(v.windows(4)) {
        *dv = formula(v[0], v[1], v[2], v[3]);
    }
}

impl Model for TwoScale {
    fn dimension(&self) -> usize {
        SLOW + SLOW * FAST
    }

    fn step_length(&self) -> f64 {
        self.dt
    }

    fn advance(&self, states: ArrayViewMut2<'_, f64>, steps: usize) {
        advance(self, states, self.dt, steps);
    }
}
