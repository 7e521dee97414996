//! Effective draws a second of our sampler beside emcee's on the same emulator, in processor seconds of one thread, in one
//! run.
//!
//! Ours is the one that campaigns have: it starts in the design, and its likeness and its warm-up count. emcee starts in the
//! posterior, is asked for all walkers of a half at once, and the best of its forms counts.

use std::path::Path;

use ndarray::{Array2, ArrayView1, ArrayView3, Axis};
use rayon::ThreadPoolBuilder;
use reterra_assimilation::acceptance::beside;
use reterra_assimilation::calibration::Problem;
use reterra_assimilation::ces::{Campaign, CesOptions, Discrepancy, Emulation, Likelihood, chains};
use reterra_assimilation::model::evaluate_members;
use reterra_assimilation::sampling::diagnostics::of;
use reterra_assimilation::sampling::{Length, Target};
use reterra_assimilation::{AssimilationError, Noise};
use reterra_statistics::{Bounds, Prior};
use serde::Deserialize;

use crate::ValidationError;
use crate::record::{Goal, Record};
use crate::reference::{self, cpu_seconds};

const PARAMETERS: usize = 10;
const OUTPUTS: usize = 12;
/// Standard deviation of the errors of observations.
const ERROR: f64 = 0.3;
/// Of our sampler.
const LENGTH: Length = Length { chains: 4, warm_up: 400, draws: 2500, thin: 1 };
/// Places at which densities are compared.
const CHECKS: usize = 20;
/// Difference of the logarithms of densities that is rounding: covariances have a condition of up to 10⁹.
const ROUNDING: f64 = 1e-5;

/// What emcee did.
#[derive(Deserialize)]
struct Answer {
    /// At the places to check.
    log_density: Vec<f64>,
    forms: Vec<Form>,
}

/// One way to use it.
#[derive(Deserialize)]
struct Form {
    name: String,
    walkers: usize,
    seconds: f64,
    /// Steps of a walker over its autocorrelation time, by emcee's own measure.
    times: f64,
    /// Chains: walkers × steps × parameters.
    file: String,
}

/// Effective draws of the worst parameter's bulk a second, with the draws.
struct Rate {
    per_second: f64,
    draws: Array2<f64>,
}

/// The ratio of effective draws a second, and whether both sampled the same.
///
/// # Errors
/// Where Python or a package is missing, or a fit fails.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let pool = ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|e| ValidationError::Cases { reason: e.to_string() })?;
    let emulation = pool.install(emulation)?;
    let likelihood = Likelihood::new(&emulation, Discrepancy::None);
    let ours = pool.install(|| ours(&emulation, &likelihood))?;
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let checks = prepare(folder.path(), &emulation, &ours.draws)?;
    let answer: Answer = reference::answer("sampler", folder.path())?;
    let gap = checks.rows().into_iter().zip(&answer.log_density).map(|(z, theirs)| {
        let z = z.to_vec();
        (likelihood.log_likelihood(&z) - 0.5 * z.iter().map(|z| z * z).sum::<f64>() - theirs).abs()
    });
    let gap = gap.fold(0.0, f64::max);
    let mut best: Option<Rate> = None;
    for form in &answer.forms {
        let found = theirs(folder.path(), form)?;
        eprintln!(
            "emcee, {}: {:.1} effective draws a second in {:.2} s, chains of {:.0} autocorrelation times",
            form.name, found.per_second, form.seconds, form.times
        );
        best = best.filter(|best| best.per_second >= found.per_second).or(Some(found));
    }
    let best = best.ok_or_else(|| ValidationError::Cases { reason: "emcee has no form".into() })?;
    let (apart, _) = beside(&ours.draws, &best.draws);
    let ratio = ours.per_second / best.per_second;
    Ok(vec![
        Record::new("ces-4-sampler-speed", ratio, Goal::AtLeast(20.0), "1"),
        Record::new("ces-4-sampler-density", gap, Goal::AtMost(ROUNDING), "1"),
        Record::new("ces-4-sampler-mean", apart, Goal::AtMost(0.1), "posterior sd"),
    ])
}

/// A smooth model of many parameters, mildly nonlinear.
fn model(u: &[f64]) -> Vec<f64> {
    let output = |k: usize| {
        let weight = |j: usize, phase: f64| (1.7 * (k * PARAMETERS + j) as f64 + phase).sin();
        let linear: f64 = u.iter().enumerate().map(|(j, u)| weight(j, 0.3) * u).sum();
        let bent: f64 = u.iter().enumerate().map(|(j, u)| 0.5 * weight(j, 1.1) * u).sum();
        linear + 0.5 * bent.sin() + 0.1 * u[k % PARAMETERS] * u[(k + 1) % PARAMETERS]
    };
    (0..OUTPUTS).map(output).collect()
}

/// Emulators from the runs of a whole campaign.
fn emulation() -> Result<Emulation, ValidationError> {
    let prior = |k: usize| Prior::new(&format!("p{k}"), 0.0, 1.0, Bounds::None);
    let priors =
        (0..PARAMETERS).map(prior).collect::<Result<Vec<_>, _>>().map_err(AssimilationError::from)?;
    let truth: Vec<f64> = (0..PARAMETERS).map(|j| (j as f64).cos()).collect();
    let problem = Problem::new(priors, model(&truth), Noise::Diagonal(vec![ERROR * ERROR; OUTPUTS]))?;
    let options = CesOptions::default();
    let mut campaign = Campaign::new(problem.clone(), options.clone())?;
    while campaign.posterior().is_none() {
        let outputs = evaluate_members(&|_: usize, u: &[f64]| Ok(model(u)), campaign.ask().view());
        campaign.tell(&outputs)?;
    }
    Ok(Emulation::fit(&problem, campaign.runs(), &options)?)
}

fn ours(emulation: &Emulation, likelihood: &Likelihood<'_>) -> Result<Rate, ValidationError> {
    let options = CesOptions { length: LENGTH, ..CesOptions::default() };
    let start = cpu_seconds();
    let sample = chains(likelihood, &options)?;
    let seconds = cpu_seconds() - start;
    let chains: Vec<_> = sample.chains.iter().map(|chain| chain.view()).collect();
    let stacked =
        ndarray::stack(Axis(0), &chains).map_err(|e| ValidationError::Cases { reason: e.to_string() })?;
    let per_second = effective(&stacked.view()) / seconds;
    eprintln!(
        "ours: {per_second:.1} effective draws a second in {seconds:.2} s, {} components, {} runs, acceptance {:.3?}, {} \
         divergences",
        emulation.encoder.components(),
        emulation.design().nrows(),
        sample.acceptance,
        sample.divergences.iter().sum::<usize>()
    );
    Ok(Rate { per_second, draws: sample.all() })
}

/// Bulk effective sample size of the worst parameter of chains × steps × parameters.
fn effective(chains: &ArrayView3<'_, f64>) -> f64 {
    let one = |parameter: usize| {
        let views: Vec<ArrayView1<'_, f64>> =
            chains.axis_iter(Axis(0)).map(|chain| chain.index_axis_move(Axis(1), parameter)).collect();
        of(&views).bulk_ess
    };
    (0..chains.dim().2).map(one).fold(f64::INFINITY, f64::min)
}

/// Writes what emcee needs; the places to check: half of them draws, half twice as far from the centre.
fn prepare(
    folder: &Path,
    emulation: &Emulation,
    draws: &Array2<f64>,
) -> Result<Array2<f64>, ValidationError> {
    let (data, rest) = emulation.data();
    let text = serde_json::json!({"components": emulation.singly(), "data": data, "rest": rest});
    let path = folder.join("emulator.json");
    std::fs::write(&path, text.to_string()).map_err(ValidationError::file("write", &path))?;
    let spaced = |count: usize| -> Vec<usize> { (0..count).map(|k| k * draws.nrows() / count).collect() };
    let mut checks = draws.select(Axis(0), &spaced(CHECKS));
    checks.rows_mut().into_iter().step_by(2).for_each(|mut row| row *= 2.0);
    for (name, rows) in [("checks", &checks), ("starts", &draws.select(Axis(0), &spaced(128)))] {
        let path = folder.join(format!("{name}.bin"));
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&path, bytes).map_err(ValidationError::file("write", &path))?;
    }
    Ok(checks)
}

fn theirs(folder: &Path, form: &Form) -> Result<Rate, ValidationError> {
    let path = folder.join(&form.file);
    let bytes = std::fs::read(&path).map_err(ValidationError::file("read", &path))?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let steps = values.len() / (form.walkers * PARAMETERS);
    let wrong = |e: ndarray::ShapeError| ValidationError::Cases { reason: e.to_string() };
    let chains = ArrayView3::from_shape((form.walkers, steps, PARAMETERS), &values).map_err(wrong)?;
    let draws = Array2::from_shape_vec((form.walkers * steps, PARAMETERS), values.clone()).map_err(wrong)?;
    Ok(Rate { per_second: effective(&chains) / form.seconds, draws })
}
