//! Whether chains agree and how many independent draws they are worth: rank-normalised split R̂, effective sample
//! sizes of bulk and tails (Vehtari et al. 2021, doi:10.1214/20-BA1221), and the gate that a posterior has to pass.

use ndarray::ArrayView1;
use reterra_statistics::normal;
use reterra_statistics::scores::quantile;
use serde::{Deserialize, Serialize};

use super::Sample;
use crate::AssimilationError;

/// Diagnostics of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Rank-normalised split R̂, the larger of that of values and of distances from the median.
    pub rhat: f64,
    /// Effective sample size of the bulk.
    pub bulk_ess: f64,
    /// Effective sample size of the 5 % and the 95 % quantile, the smaller of both.
    pub tail_ess: f64,
}

/// What every parameter has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Largest R̂.
    pub rhat: f64,
    /// Least effective sample size, of bulk and of tails.
    pub ess: f64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { rhat: 1.01, ess: 400.0 }
    }
}

impl Gate {
    /// Diagnostics of every parameter of a sample that passes.
    ///
    /// # Errors
    /// `NotConverged` with the first parameter that fails; `names` names it.
    pub fn pass(&self, sample: &Sample, names: &[String]) -> Result<Vec<Convergence>, AssimilationError> {
        let found = convergence(sample);
        let failed = found
            .iter()
            .position(|c| !(c.rhat <= self.rhat && c.bulk_ess >= self.ess && c.tail_ess >= self.ess));
        let Some(k) = failed else {
            return Ok(found);
        };
        Err(AssimilationError::NotConverged {
            parameter: names.get(k).cloned().unwrap_or_else(|| k.to_string()),
            rhat: found[k].rhat,
            ess: found[k].bulk_ess.min(found[k].tail_ess),
            wanted_rhat: self.rhat,
            wanted_ess: self.ess,
        })
    }
}

/// Diagnostics of every parameter.
#[must_use]
pub fn convergence(sample: &Sample) -> Vec<Convergence> {
    let d = sample.chains.first().map_or(0, ndarray::ArrayBase::ncols);
    (0..d).map(|k| of(&sample.chains.iter().map(|chain| chain.column(k)).collect::<Vec<_>>())).collect()
}

/// Diagnostics of one parameter from its chains, all of one length.
#[must_use]
pub fn of(chains: &[ArrayView1<'_, f64>]) -> Convergence {
    let halves = split(chains);
    let mut sorted: Vec<f64> = halves.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = quantile(&sorted, 0.5);
    let folded: Vec<Vec<f64>> =
        halves.iter().map(|half| half.iter().map(|x| (x - middle).abs()).collect()).collect();
    let below = |p: f64| {
        let limit = quantile(&sorted, p);
        let flags = |half: &Vec<f64>| half.iter().map(|x| f64::from(u8::from(*x <= limit))).collect();
        effective(&halves.iter().map(flags).collect::<Vec<Vec<f64>>>())
    };
    let normal_scores = ranked(&halves);
    Convergence {
        rhat: potential_scale(&normal_scores).max(potential_scale(&ranked(&folded))),
        bulk_ess: effective(&normal_scores),
        tail_ess: below(0.05).min(below(0.95)),
    }
}

/// Each chain as its first and its second half; the middle draw of an odd length is left out.
fn split(chains: &[ArrayView1<'_, f64>]) -> Vec<Vec<f64>> {
    let halves = |chain: &ArrayView1<'_, f64>| {
        let (n, half) = (chain.len(), chain.len() / 2);
        [chain.iter().take(half).copied().collect(), chain.iter().skip(n - half).copied().collect()]
    };
    chains.iter().flat_map(halves).collect()
}

/// Normal scores of the ranks among all draws; equal draws share the mean of their ranks.
fn ranked(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all: Vec<f64> = chains.iter().flatten().copied().collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[a].total_cmp(&all[b]));
    let mut scores = vec![0.0; all.len()];
    let mut start = 0;
    while start < order.len() {
        let same = order[start..].iter().take_while(|&&k| all[k] <= all[order[start]]).count().max(1);
        let rank = start as f64 + 0.5 * (same as f64 + 1.0);
        let score = normal::quantile((rank - 0.375) / (all.len() as f64 + 0.25));
        order[start..start + same].iter().for_each(|&k| scores[k] = score);
        start += same;
    }
    let mut scores = scores.into_iter();
    chains.iter().map(|chain| scores.by_ref().take(chain.len()).collect()).collect()
}

/// Split R̂: the root of total over within-chain variance.
fn potential_scale(chains: &[Vec<f64>]) -> f64 {
    let n = chains.first().map_or(0, Vec::len) as f64;
    let (within, between) = variances(chains);
    // Normal scores are of unit size, so this is rounding.
    let none = 1e-14;
    if within <= none {
        // Chains that never moved agree only where they stand at the same place.
        return if between <= none { 1.0 } else { f64::INFINITY };
    }
    (((n - 1.0) / n * within + between) / within).sqrt()
}

/// Mean variance of chains, and variance of their means.
fn variances(chains: &[Vec<f64>]) -> (f64, f64) {
    let within = chains.iter().map(|chain| variance(chain)).sum::<f64>() / chains.len() as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    (within, if chains.len() > 1 { variance(&means) } else { 0.0 })
}

/// Effective sample size by Geyer's initial monotone sequence over all chains.
fn effective(chains: &[Vec<f64>]) -> f64 {
    let n = chains.first().map_or(0, Vec::len);
    let total = (n * chains.len()) as f64;
    let (within, between) = variances(chains);
    let whole = (n as f64 - 1.0) / n as f64 * within + between;
    if n < 4 || whole <= 0.0 {
        return f64::NAN;
    }
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let m = mean(chain);
            chain.iter().map(|x| x - m).collect()
        })
        .collect();
    let covariance = |lag: usize| {
        let one =
            |chain: &Vec<f64>| chain.iter().zip(&chain[lag..]).map(|(a, b)| a * b).sum::<f64>() / n as f64;
        centred.iter().map(one).sum::<f64>() / chains.len() as f64
    };
    // The biased autocovariance at lag 0 is (n - 1) / n of the variance.
    let unbiased = n as f64 / (n as f64 - 1.0);
    let correlation = |lag: usize| 1.0 - (within - unbiased * covariance(lag)) / whole;
    let mut time = -1.0;
    let mut last = f64::INFINITY;
    for pair in 0..n / 2 - 1 {
        let sum = correlation(2 * pair) + correlation(2 * pair + 1);
        if sum < 0.0 {
            break;
        }
        last = last.min(sum);
        time += 2.0 * last;
    }
    total / time.max(1.0 / total.log10())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let m = mean(values);
    values.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (values.len() as f64 - 1.0)
}
