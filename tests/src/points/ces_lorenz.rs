//! Calibrate, emulate, sample, and calibrations alone, on time means of a chaotic model, beside long chains on the model
//! itself with long windows.

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::acceptance::{Lorenz63Statistics, Problems, beside};
use reterra_assimilation::calibration::{Calibrator, Method, Problem, run};
use reterra_assimilation::ces::{CesOptions, calibrate_emulate_sample};
use reterra_assimilation::sampling::diagnostics::{Convergence, convergence};
use reterra_assimilation::sampling::{Gate, Length};
use reterra_statistics::Prior;

use super::ces_calibrators::{MEMBERS, SEEDS, claimants};
use crate::posterior_table::{self, Row};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Length of the chains on the model itself; each step runs it for a window of 1,000.
const REFERENCE: Length = Length { chains: 4, warm_up: 1000, draws: 4000, thin: 1 };
const PROBLEM: &str = "lorenz63";

/// The reference's convergence, and how far the chain is from it; calibrations go to the table.
///
/// # Errors
/// [`ValidationError::NoData`], those of the reference and of calibrations.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let problems = Problems::read(&places::shared("../acceptance/inverse_problems.json")?)?;
    let model = &problems.lorenz63_statistics;
    let problem = model.problem()?;
    let (reference, found) = reference(model, &problem)?;
    let mut rows = Vec::new();
    for claimant in claimants() {
        let solved = seeds(|seed| calibrated(model, &problem, (&claimant.method, seed)));
        rows.push(row(claimant.name, &solved, &reference));
    }
    let chain = row("calibrate, emulate, sample", &seeds(|seed| sampled(model, &problem, seed)), &reference);
    let gate = Gate::default();
    let worst = |of: fn(&Convergence) -> f64| found.iter().map(of);
    let rhat = worst(|c| c.rhat).fold(0.0, f64::max);
    let ess = worst(|c| c.bulk_ess.min(c.tail_ess)).fold(f64::INFINITY, f64::min);
    let name = |what: &str| format!("ces-1-{PROBLEM}-{what}");
    let records = vec![
        Record::new(name("reference-rhat"), rhat, Goal::AtMost(gate.rhat), "1"),
        Record::new(name("reference-ess"), ess, Goal::AtLeast(gate.ess), "draws"),
        Record::new(name("posteriors"), f64::from(chain.seeds) / f64::from(SEEDS), Goal::AtLeast(1.0), "1"),
        Record::new(name("mean-error"), chain.mean_error, Goal::AtMost(0.3), "posterior sd"),
    ];
    rows.push(chain);
    posterior_table::write(&format!("ces-1-{PROBLEM}"), &rows)?;
    Ok(records)
}

/// Unconstrained parameters by the model itself, and how well its chains agree.
fn reference(
    model: &Lorenz63Statistics,
    problem: &Problem,
) -> Result<(Array2<f64>, Vec<Convergence>), ValidationError> {
    let sample = model.reference(REFERENCE, 1)?;
    let column = |of: fn(&Prior) -> f64| Array1::from_iter(problem.priors.iter().map(of));
    Ok((sample.all() * &column(Prior::u_sd) + &column(Prior::u_mean), convergence(&sample)))
}

/// A sample, and the runs of the model that it took.
type Solved = Result<(Array2<f64>, usize), AssimilationError>;

fn seeds(solve: impl Fn(u64) -> Solved + Send + Sync) -> Vec<Solved> {
    (0..u64::from(SEEDS)).into_par_iter().map(solve).collect()
}

fn calibrated(model: &Lorenz63Statistics, problem: &Problem, (method, seed): (&Method, u64)) -> Solved {
    let mut process = method.start(problem, (MEMBERS, seed))?;
    let steps = run(model, &mut process)?;
    Ok((process.sample(), steps.len() * process.ask().nrows()))
}

fn sampled(model: &Lorenz63Statistics, problem: &Problem, seed: u64) -> Solved {
    let options = CesOptions { seed, members: MEMBERS, ..CesOptions::default() };
    let found = calibrate_emulate_sample(model, problem.clone(), options)?;
    Ok((found.draws, found.runs))
}

/// Means over the seeds that ended in a sample.
fn row(method: &str, solved: &[Solved], reference: &Array2<f64>) -> Row {
    for error in solved.iter().filter_map(|found| found.as_ref().err()) {
        eprintln!("{PROBLEM}, {method}: {error}");
    }
    let figures = |(draws, runs): &(Array2<f64>, usize)| {
        let (error, ratios) = beside(draws, reference);
        [error, ratios[0], ratios[1], *runs as f64]
    };
    let all: Vec<[f64; 4]> = solved.iter().flatten().map(figures).collect();
    let [mean_error, first, second, runs] =
        [0, 1, 2, 3].map(|k| all.iter().map(|figures| figures[k]).sum::<f64>() / all.len() as f64);
    Row {
        problem: PROBLEM.into(),
        method: method.into(),
        seeds: all.len() as u32,
        mean_error,
        covariance_ratio: None,
        sd_ratios: [first, second],
        runs,
    }
}
