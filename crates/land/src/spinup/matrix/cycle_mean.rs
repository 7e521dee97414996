//! One element of a recorded cycle as daily means, and the sweeps down the column that solve for its pools.

use super::{CWD, FIRST_SOIL, SpinupError, TRACE_AMOUNT};
use crate::soil::grid::{LAYERS, THICKNESS};
use crate::soil::{POOLS, Pool, Pools};

/// Rate that holds a pool at its recorded mean where nothing else acts on it (frozen soil below the mixed zone), d-1.
/// It vanishes at the fixed point.
pub(super) const HOLD: f64 = 1e-12;

/// A solved pool beyond this content of a layer (g m-2) is not believed; the recorded mean stays (as in CTSM, with
/// 100 kg instead of 100 t: in soil that a cycle found dry or frozen throughout, input over rate means nothing).
const CAPACITY: f64 = 1e5;

/// Slack of the bound on seasonal departures: recorded losses are shares of a day, slightly below their exponents.
const BOUND_MARGIN: f64 = 1.1;

/// Solutions by layer and pool that are not believed.
pub(super) type Refused = [[bool; POOLS]; LAYERS];

/// One element (carbon or nitrogen) of a recorded cycle as daily means.
pub(super) struct CycleMean<'a> {
    pub days: f64,
    pub mean: Pools,
    pub first: &'a Pools,
    /// Loss on both paths and to fire over content, d-1.
    pub rate: Pools,
    pub source: Pools,
    /// Loss that the conditions and fires of the whole cycle allow, as the exponent of a decay.
    pub exposure: Pools,
    /// Mixing across the lower interface of each layer, m d-1.
    pub g: [f64; LAYERS],
}

impl CycleMean<'_> {
    pub fn check_finite(&self) -> Result<(), SpinupError> {
        for j in 0..LAYERS {
            for pool in Pool::ALL {
                let i = pool as usize;
                if !(self.mean[j][i] + self.source[j][i] + self.rate[j][i]).is_finite() {
                    return Err(SpinupError::NotFinite { pool: pool.name(), layer: j });
                }
            }
        }
        Ok(())
    }

    pub fn solve_debris(&self, solved: &mut Pools) {
        for j in 0..LAYERS {
            solved[j][CWD] = self.source[j][CWD] / (self.rate[j][CWD] + HOLD);
        }
    }

    /// Thickness times loss plus what mixing takes from layer `j`, m d-1; the unknowns of the sweeps are g m-3.
    fn pivot(&self, j: usize, i: usize) -> f64 {
        let above = if j == 0 { 0.0 } else { self.g[j - 1] };
        THICKNESS[j] * (self.rate[j][i] + HOLD) + self.g[j] + above
    }

    /// Tridiagonal sweep for the litter pools.
    pub fn solve_litter(&self, source: &Pools, solved: &mut Pools) {
        for i in 0..CWD {
            let mut back = [0.0; LAYERS];
            let (mut carried, mut mixed_above) = (0.0, 0.0);
            for j in 0..LAYERS {
                let above = if j == 0 { 0.0 } else { self.g[j - 1] };
                let pivot = self.pivot(j, i) - mixed_above;
                carried = (source[j][i] + above * carried) / pivot;
                solved[j][i] = carried;
                back[j] = self.g[j] / pivot;
                mixed_above = self.g[j] * back[j];
            }
            let mut below = 0.0;
            for j in (0..LAYERS).rev() {
                below = solved[j][i] + back[j] * below;
                solved[j][i] = below * THICKNESS[j];
            }
        }
    }

    /// Block tridiagonal sweep for active, slow and passive soil; `transfers[j][to][from]` in d-1.
    pub fn solve_soil(&self, transfers: &[[[f64; 3]; 3]; LAYERS], source: &Pools, solved: &mut Pools) {
        let mut inverse = [[[0.0; 3]; 3]; LAYERS];
        let mut sweep = [[0.0; 3]; LAYERS];
        for j in 0..LAYERS {
            let above = if j == 0 { 0.0 } else { self.g[j - 1] };
            let mut block = [[0.0; 3]; 3];
            let mut right = [0.0; 3];
            for a in 0..3 {
                for b in 0..3 {
                    let eliminated = if j == 0 { 0.0 } else { above * above * inverse[j - 1][a][b] };
                    block[a][b] = -THICKNESS[j] * transfers[j][a][b] - eliminated;
                }
                block[a][a] += self.pivot(j, FIRST_SOIL + a);
                right[a] = source[j][FIRST_SOIL + a] + if j == 0 { 0.0 } else { above * sweep[j - 1][a] };
            }
            inverse[j] = inverted(block);
            sweep[j] = apply(&inverse[j], right);
        }
        let mut below = [0.0; 3];
        for j in (0..LAYERS).rev() {
            let fed = apply(&inverse[j], below.map(|c| self.g[j] * c));
            below = std::array::from_fn(|a| sweep[j][a] + fed[a]);
            (0..3).for_each(|a| solved[j][FIRST_SOIL + a] = below[a] * THICKNESS[j]);
        }
    }

    /// Negative solutions become 0; what is not finite or too large is [held](Self::hold) at the recorded mean.
    pub fn guard(&self, solved: &mut Pools) -> Refused {
        let refused = solved.map(|layer| layer.map(|value| !value.is_finite() || value > CAPACITY));
        self.hold(&refused, solved);
        for value in solved.iter_mut().flatten() {
            *value = value.max(0.0);
        }
        refused
    }

    /// Gives what was refused its recorded mean.
    pub fn hold(&self, refused: &Refused, solved: &mut Pools) {
        for j in 0..LAYERS {
            for i in (0..POOLS).filter(|&i| refused[j][i]) {
                solved[j][i] = self.mean[j][i];
            }
        }
    }

    /// Turns solved means into contents at the end of the cycle: the recorded ratio of end to mean, freed from drift.
    ///
    /// A pool that relaxes at the rate `k` over a cycle of `n` days has its undisturbed level at
    /// `w first + (1 - w) last` with `w = 1/(kn) - 1/(exp(kn) - 1)`. A pool in balance cannot leave its mean by more
    /// than it could lose in a cycle, which bounds the ratio while pools still build up.
    pub fn rescale(&self, solved: &Pools, last: &mut Pools) {
        for j in 0..LAYERS {
            for i in 0..POOLS {
                let w = start_weight(self.rate[j][i] * self.days);
                let level = w * self.first[j][i] + (1.0 - w) * last[j][i];
                let above = if j == 0 { 0.0 } else { self.g[j - 1] };
                let mixed = (self.g[j] + above) / THICKNESS[j] * self.days;
                let bound = (BOUND_MARGIN * (self.exposure[j][i] + mixed)).exp();
                let ratio = if self.mean[j][i] > TRACE_AMOUNT { level / self.mean[j][i] } else { 1.0 };
                last[j][i] = solved[j][i] * ratio.clamp(1.0 / bound, bound);
            }
        }
    }
}

fn start_weight(relaxation: f64) -> f64 {
    if relaxation < 1e-3 { 0.5 - relaxation / 12.0 } else { 1.0 / relaxation - 1.0 / relaxation.exp_m1() }
}

/// Inverse by Gauss-Jordan without pivoting: losses exceed transfers, so the columns are diagonally dominant.
fn inverted(mut a: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut inverse = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for k in 0..3 {
        let scale = 1.0 / a[k][k];
        a[k] = a[k].map(|x| x * scale);
        inverse[k] = inverse[k].map(|x| x * scale);
        for row in (0..3).filter(|&row| row != k) {
            let factor = a[row][k];
            for column in 0..3 {
                a[row][column] -= factor * a[k][column];
                inverse[row][column] -= factor * inverse[k][column];
            }
        }
    }
    inverse
}

fn apply(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|a| matrix[a][0] * vector[0] + matrix[a][1] * vector[1] + matrix[a][2] * vector[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_times_block_is_identity() {
        let block = [[3.0, -0.5, -0.2], [-1.0, 2.0, 0.0], [-0.1, -0.3, 1.0]];
        let inverse = inverted(block);
        for column in 0..3 {
            let product = apply(&block, [inverse[0][column], inverse[1][column], inverse[2][column]]);
            for row in 0..3 {
                assert!((product[row] - f64::from(u8::from(row == column))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn start_weight_joins_its_series() {
        assert!((start_weight(1.001e-3) - (0.5 - 1.001e-3 / 12.0)).abs() < 1e-9);
        assert!((start_weight(50.0) - 0.02).abs() < 1e-12);
    }
}
