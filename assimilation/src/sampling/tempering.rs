//! Parallel tempering: replicas under the likelihood to the powers `0 = β₀ < … < β_K = 1` take elliptical slices and
//! exchange their states with neighbours, even and odd pairs in turn. The powers are set in the warm-up so that all
//! pairs exchange equally often (Syed et al. 2022, doi:10.1111/rssb.12464, algorithm 4).

use reterra_statistics::Stream;

use super::elliptical::State;
use super::{Chain, Course, Target, log_likelihood, normals, walk};

pub(super) fn chain(
    target: &dyn Target,
    start: Vec<f64>,
    (course, temperatures): (Course<'_>, usize),
    stream: &mut Stream,
) -> Chain {
    let d = start.len();
    let mut replicas = vec![State { at: log_likelihood(target, &start), z: start }];
    while replicas.len() < temperatures {
        let z = normals(d, stream);
        replicas.insert(0, State { at: log_likelihood(target, &z), z });
    }
    let mut ladder = Ladder::new(temperatures);
    // Looks at the rejections come ever later, each after as many steps as all before it.
    let mut look = (course.length.warm_up / 16).max(20);
    walk(course, d, |step, warming| {
        for (replica, &beta) in replicas.iter_mut().zip(&ladder.betas) {
            replica.slice(target, beta, stream);
        }
        let share = ladder.exchange(&mut replicas, step, stream);
        if warming && step == look {
            ladder.set();
            look *= 2;
        }
        (replicas[temperatures - 1].z.clone(), share)
    })
}

/// Powers of the likelihood, and how often neighbours refused to exchange.
struct Ladder {
    betas: Vec<f64>,
    refused: Vec<f64>,
    tried: Vec<f64>,
}

impl Ladder {
    fn new(temperatures: usize) -> Self {
        let last = (temperatures.max(2) - 1) as f64;
        // A likelihood is sharper by orders of magnitude near the posterior than near the prior.
        let betas = (0..temperatures).map(|k| (k as f64 / last).powi(4));
        let betas = if temperatures == 1 { vec![1.0] } else { betas.collect() };
        let pairs = temperatures.saturating_sub(1);
        Self { betas, refused: vec![0.0; pairs], tried: vec![0.0; pairs] }
    }

    /// Exchanges every second pair; the share that did.
    fn exchange(&mut self, replicas: &mut [State], step: usize, stream: &mut Stream) -> f64 {
        let (mut done, mut pairs) = (0.0, 0.0);
        for k in (step % 2..self.betas.len().saturating_sub(1)).step_by(2) {
            let gain = (self.betas[k + 1] - self.betas[k]) * (replicas[k].at - replicas[k + 1].at);
            // Two places without any likelihood may change as they please.
            let chance = if gain.is_nan() { 1.0 } else { gain.exp().min(1.0) };
            self.tried[k] += 1.0;
            self.refused[k] += 1.0 - chance;
            pairs += 1.0;
            if stream.uniform() < chance {
                replicas.swap(k, k + 1);
                done += 1.0;
            }
        }
        if pairs > 0.0 { done / pairs } else { 1.0 }
    }

    /// Moves the powers to where each pair would refuse equally often.
    fn set(&mut self) {
        let rates =
            self.refused.iter().zip(&self.tried).map(|(refused, tried)| refused / tried.max(1.0) + 1e-3);
        let mut barrier = vec![0.0];
        for rate in rates {
            barrier.push(barrier[barrier.len() - 1] + rate);
        }
        let (pairs, whole) = (barrier.len() - 1, barrier[barrier.len() - 1]);
        let old = self.betas.clone();
        for k in 1..pairs {
            let wanted = whole * k as f64 / pairs as f64;
            let right = barrier.partition_point(|b| *b < wanted).clamp(1, pairs);
            let share = (wanted - barrier[right - 1]) / (barrier[right] - barrier[right - 1]);
            self.betas[k] = old[right - 1] + share * (old[right] - old[right - 1]);
        }
        self.refused.fill(0.0);
        self.tried.fill(0.0);
    }
}
