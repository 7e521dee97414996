//! Rank histogram filter (Anderson 2010, doi:10.1175/2010MWR3253.1): each observation moves the observed ensemble to the
//! quantiles of its posterior, whatever its shape; the state follows by regression.

use ndarray::ArrayViewMut2;

use super::serial::take_in_turn;
use crate::AssimilationError;
use crate::analysis::{Filter, Information, Localisation, Observed};

/// Least likelihood of a member, over the sum: quantiles need a cumulated weight that grows.
const LEAST_WEIGHT: f64 = 1e-10;

/// The filter with weights at the members and linear interpolation between them; its tails end with the ensemble.
/// The order of observations is random.
#[derive(Clone, Copy, Debug, Default)]
pub struct RankHistogramFilter;

impl Filter for RankHistogramFilter {
    fn analyse(
        &self,
        e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        localisation: Localisation<'_>,
    ) -> Result<Information, AssimilationError> {
        take_in_turn(e, seen, localisation, increments)
    }
}

/// Moves of the members' predictions: the member of rank k goes to quantile (k + 1/2) / N of the posterior.
fn increments(anomalies: &[f64], d: f64, out: &mut [f64]) {
    let n = anomalies.len();
    let size = n as f64;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| anomalies[i].total_cmp(&anomalies[j]));
    let sorted: Vec<f64> = order.iter().map(|&i| anomalies[i]).collect();
    let cumulated = cumulated_likelihood(&sorted, d);
    for (rank, &member) in order.iter().enumerate() {
        let quantile = (rank as f64 + 0.5) / size;
        out[member] = interpolate(quantile, &cumulated, &sorted) - sorted[rank];
    }
}

/// Cumulated likelihoods, from the first member's to `(N - 1) / N`.
fn cumulated_likelihood(sorted: &[f64], d: f64) -> Vec<f64> {
    let log = |x: &f64| -0.5 * (d - x) * (d - x);
    let largest = sorted.iter().map(log).fold(f64::NEG_INFINITY, f64::max);
    let likelihood: Vec<f64> = sorted.iter().map(|x| (log(x) - largest).exp()).collect();
    let sum: f64 = likelihood.iter().sum();
    let mut total = 0.0;
    let mut cumulated: Vec<f64> = likelihood
        .iter()
        .map(|l| {
            total += (l / sum).max(LEAST_WEIGHT);
            total
        })
        .collect();
    let n = sorted.len() as f64;
    for c in &mut cumulated {
        *c *= (n - 1.0) / n / total;
    }
    cumulated
}

/// `values` at `x` between ascending `nodes`; constant outside.
fn interpolate(x: f64, nodes: &[f64], values: &[f64]) -> f64 {
    let above = nodes.partition_point(|node| *node < x);
    if above == 0 {
        return values[0];
    }
    if above == nodes.len() {
        return values[above - 1];
    }
    let share = (x - nodes[above - 1]) / (nodes[above] - nodes[above - 1]);
    values[above - 1] + share * (values[above] - values[above - 1])
}
