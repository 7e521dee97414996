//! Gaussian anamorphosis of a bounded variable by the ranks of its members.
//!
//! The member of rank k of N (from 0) goes to the normal quantile of (k + 1/2) / N; members that are equal share the mean
//! of their ranks. Back, values between members are interpolated linearly. Beyond the outermost members, a tail is
//! uniform in probability up to the bound (as in the bounded rank histogram filter, Anderson 2010,
//! doi:10.1175/2010MWR3253.1); without a bound it is normal with the members' standard deviation.

use ndarray::{ArrayView1, ArrayViewMut1};
use reterra_statistics::normal::{cumulative, quantile};

/// Normal quantiles of the ranks of N members, in steps of half a rank.
#[derive(Clone, Debug)]
pub(super) struct Quantiles(Vec<f64>);

impl Quantiles {
    /// Those of N members.
    pub fn of(members: usize) -> Self {
        let probability = |twice: usize| (twice as f64 + 1.0) / (2 * members) as f64;
        let half: Vec<f64> = (0..members).map(|twice| quantile(probability(twice))).collect();
        // Mirrored, so that they sum to zero exactly.
        let upper = half.iter().rev().skip(1).map(|z| -z).collect::<Vec<_>>();
        Self(half.into_iter().chain(upper).collect())
    }

    fn at(&self, twice: usize) -> f64 {
        self.0.get(twice).copied().unwrap_or(0.0)
    }
}

/// The distinct members, ascending.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Knots {
    /// Their physical values.
    x: Vec<f64>,
    /// Their normal quantiles.
    z: Vec<f64>,
    /// Standard deviation of all members (n - 1).
    sd: f64,
}

impl Knots {
    /// Those of finite members.
    pub fn of(members: ArrayView1<'_, f64>, quantiles: &Quantiles) -> Self {
        // Zero of either sign is one value.
        let mut sorted: Vec<f64> = members.iter().map(|x| x + 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        let (mut x, mut z, mut rank) = (Vec::new(), Vec::new(), 0);
        for equal in sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            x.push(equal[0]);
            z.push(quantiles.at(2 * rank + equal.len() - 1));
            rank += equal.len();
        }
        Self { x, z, sd: standard_deviation(&sorted) }
    }

    /// Gives every member its quantile.
    pub fn forward(&self, mut members: ArrayViewMut1<'_, f64>) {
        members.mapv_inplace(|x| {
            let at = self.x.partition_point(|knot| *knot < x);
            self.z.get(at).copied().unwrap_or(0.0)
        });
    }

    /// The physical value of a quantile that an update moved.
    pub fn back(&self, z: f64, (lower, upper): (f64, f64)) -> f64 {
        let above = self.z.partition_point(|knot| *knot < z);
        let end = self.z.len() - 1;
        if above > end {
            let share = cumulative(-z) / cumulative(-self.z[end]);
            return tail(self.x[end], upper, share, self.sd * (z - self.z[end])).clamp(self.x[end], upper);
        }
        if above == 0 {
            let share = cumulative(z) / cumulative(self.z[0]);
            return tail(self.x[0], lower, share, self.sd * (z - self.z[0])).clamp(lower, self.x[0]);
        }
        let (a, b) = (above - 1, above);
        let share = (z - self.z[a]) / (self.z[b] - self.z[a]);
        ((1.0 - share) * self.x[a] + share * self.x[b]).clamp(self.x[a], self.x[b])
    }
}

/// Beyond the outermost member: `share` of the way that is left to a bound, or the distance `away` where there is none.
fn tail(outermost: f64, bound: f64, share: f64, away: f64) -> f64 {
    if bound.is_finite() { bound + (outermost - bound) * share } else { outermost + away }
}

fn standard_deviation(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let squares: f64 = x.iter().map(|v| (v - mean) * (v - mean)).sum();
    (squares / x.len().saturating_sub(1).max(1) as f64).sqrt()
}
