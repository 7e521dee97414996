//! A sample by emulators that passed its gates.

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use super::likeness::Likeness;
use super::{CesOptions, Checks, Discrepancy, Emulation, HeldOut, Likelihood, Refusal, Runs, Sampler};
use crate::AssimilationError;
use crate::calibration::Problem;
use crate::sampling::diagnostics::convergence;
use crate::sampling::{Convergence, Length, Sample, Target, sample, sample_by_surrogate, sample_nuts};
use crate::stop::Stop;

/// A posterior, and why it may be called one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// Unconstrained parameters, a draw a row, chain after chain.
    pub draws: Array2<f64>,
    /// Standard deviations of the model discrepancy in those of observation errors, one a draw; empty where it isn't
    /// inferred.
    pub discrepancy: Vec<f64>,
    /// Chains of whitened parameters.
    pub sample: Sample,
    /// Diagnostics of each parameter's chains.
    pub convergence: Vec<Convergence>,
    /// What is known of the emulators without further runs.
    pub checks: Checks,
    /// What runs at draws of the posterior said, round by round; empty where there were none.
    pub held_out: Vec<HeldOut>,
    /// Runs of the model in all.
    pub runs: usize,
}

/// Posterior from runs that are there already: whether emulators are right where it is, only the design can tell.
///
/// # Errors
/// `Refused` for a collapsed design, outputs that look like noise, or a posterior outside the design; `NotConverged` for
/// chains; those of the emulators.
pub fn posterior_of_runs(
    problem: &Problem,
    runs: &Runs,
    options: &CesOptions,
) -> Result<Posterior, AssimilationError> {
    let emulation = Emulation::fit(problem, runs, options)?;
    let (posterior, doubt) = draw(problem, &emulation, (runs.len(), options), (DOUBLINGS, Stop::never()))?;
    if let Some(doubt) = doubt {
        return Err(doubt);
    }
    let (share, allowed) = (posterior.checks.outside, options.limits.outside);
    if share > allowed {
        return Err(Refusal::OutsideDesign { share, allowed, rounds: 0 }.into());
    }
    Ok(posterior)
}

/// Times that chains are drawn anew at twice the length before a campaign gives up.
pub(super) const DOUBLINGS: usize = 3;
/// Share of trajectories on a likeness that the likelihood has to accept for longer chains to go by it, too.
const ALIKE: f64 = 0.3;

/// A sample that isn't judged yet, and what is against its chains (`NotConverged`); with the checks that need no runs.
pub(super) type Drawn = (Posterior, Option<AssimilationError>);

/// Draws chains, anew at twice the length up to so many times while they don't pass the gate.
pub(super) fn draw(
    problem: &Problem,
    emulation: &Emulation,
    (runs, options): (usize, &CesOptions),
    (doublings, stop): (usize, Stop<'_>),
) -> Result<Drawn, AssimilationError> {
    let likelihood = Likelihood::new(emulation, options.discrepancy);
    let mut names = problem.names();
    names.push("model discrepancy".to_owned());
    let sample = converged(&likelihood, &names, (options, doublings, stop))?;
    let doubt = options.gate.pass(&sample, &names).err();
    let all = sample.all();
    let (z, last) = all.view().split_at(Axis(1), emulation.parameters());
    let checks = Checks::new(&likelihood, all.view())?;
    let discrepancy = match options.discrepancy {
        Discrepancy::Inferred { median, log_sd } => {
            last.iter().map(|z| median * (log_sd * z).exp()).collect()
        }
        Discrepancy::None | Discrepancy::Known(_) => Vec::new(),
    };
    let draws = emulation.unconstrained(&z.to_owned());
    let convergence = convergence(&sample);
    let held_out = Vec::new();
    Ok((Posterior { draws, discrepancy, sample, convergence, checks, held_out, runs }, doubt))
}

/// Chains of a likelihood by the sampler and of the length of `options`, from the likeliest places of the design; nobody has
/// judged them.
///
/// # Errors
/// Those of the samplers and of the emulators.
pub fn chains(likelihood: &Likelihood<'_>, options: &CesOptions) -> Result<Sample, AssimilationError> {
    let starts = starts(likelihood.emulation(), likelihood, options.length.chains);
    drawn(likelihood, (options, Stop::never()), &starts, (1, true))
}

/// So many times as long; on a likeness first where the sampler has one and few parameters let it be `alike`.
fn drawn(
    likelihood: &Likelihood<'_>,
    (options, stop): (&CesOptions, Stop<'_>),
    starts: &Array2<f64>,
    (times, alike): (usize, bool),
) -> Result<Sample, AssimilationError> {
    let Length { warm_up, draws, .. } = options.length;
    let length = Length { warm_up: warm_up * times, draws: draws * times, ..options.length };
    let course = (length.until(stop), options.seed);
    match options.sampler {
        Sampler::Surrogate if alike && likelihood.dimension() <= Likeness::MOST => {
            let likeness = Likeness::new(*likelihood, (options.seed, stop), starts.row(0))?;
            sample_by_surrogate(likelihood, &likeness, course, starts)
        }
        Sampler::Surrogate | Sampler::Nuts => sample_nuts(likelihood, course, starts),
        Sampler::Plain(method) => sample(likelihood, method, course, starts),
    }
}

/// A sample that passes the gate, or the last that was tried.
fn converged(
    likelihood: &Likelihood<'_>,
    names: &[String],
    (options, doublings, stop): (&CesOptions, usize, Stop<'_>),
) -> Result<Sample, AssimilationError> {
    let starts = starts(likelihood.emulation(), likelihood, options.length.chains);
    let (mut alike, mut doubling) = (true, 0);
    loop {
        let sample = drawn(likelihood, (options, stop), &starts, (1 << doubling, alike))?;
        if doubling == doublings || options.gate.pass(&sample, names).is_ok() {
            return Ok(sample);
        }
        // A gate that wasn't passed may be the likeness's fault.
        alike &= sample.acceptance.iter().all(|share| *share >= ALIKE);
        doubling += 1;
    }
}

/// The likeliest places of the design, one for each chain; a discrepancy starts at its median.
fn starts(emulation: &Emulation, likelihood: &Likelihood<'_>, chains: usize) -> Array2<f64> {
    let (n, p) = emulation.design().dim();
    let mut places = Array2::zeros((n, likelihood.dimension()));
    for k in 0..p {
        places.column_mut(k).assign(&emulation.design().column(k));
    }
    let height: Vec<f64> =
        places.rows().into_iter().map(|z| likelihood.log_likelihood(&z.to_vec()) - 0.5 * z.dot(&z)).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| height[*b].total_cmp(&height[*a]));
    order.truncate(chains);
    places.select(Axis(0), &order)
}
