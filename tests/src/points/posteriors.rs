//! Calibrate, emulate, sample against exact posteriors, and every calibration that claims a posterior beside it.
//!
//! Goals are those of the whole chain; calibrations alone are reported in a table, `out/validation/ces-1.md`.

use std::fmt::Write as _;

use rayon::prelude::*;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::acceptance::{
    Known, Lorenz63Statistics, Problems, Reached, beside, reached, reached_by_sampling,
};
use reterra_assimilation::calibration::{
    EksOptions, GnkiOptions, IesOptions, Langevin, Method, Schedule, TemperingOptions, UkiOptions,
};
use reterra_assimilation::ces::{CesOptions, calibrate_emulate_sample};
use reterra_assimilation::sampling::Length;
use reterra_assimilation::sampling::diagnostics::convergence;
use reterra_statistics::Prior;

use crate::record::{Goal, Record};
use crate::{ValidationError, places};

const MEMBERS: usize = 50;
const SEEDS: u32 = 30;
/// Seeds of the chaotic problem.
const CHAOTIC_SEEDS: u32 = 5;
/// Length of the chains on the true chaotic model; each step runs it for a window of 1,000.
const REFERENCE: Length = Length { chains: 4, warm_up: 1000, draws: 4000, thin: 1 };
const TABLE: &str = "ces-1.md";

/// Mean errors and ratios of standard deviations of the chain; all figures go to the table.
///
/// # Errors
/// [`ValidationError::NoData`], and those of calibrations and of the reference.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let problems = Problems::read(&places::shared("../acceptance/inverse_problems.json")?)?;
    let mut table = Table::default();
    let mut records = Vec::new();
    for known in problems.known() {
        calibrations(known, &mut table)?;
        records.extend(whole_chain(known, &mut table)?);
    }
    records.extend(chaotic(&problems.lorenz63_statistics, &mut table)?);
    table.write()?;
    Ok(records)
}

/// Every method that claims a posterior.
fn methods() -> Vec<(&'static str, Method)> {
    let tempering = TemperingOptions::default();
    let finer = TemperingOptions { step_scale: 0.25, max_iterations: 200, ..tempering };
    let eks = EksOptions { dynamics: Langevin::Eks, ..EksOptions::default() };
    vec![
        ("ETKI", Method::default()),
        ("ETKI, steps of a quarter", Method::Etki(finer, Schedule::default())),
        ("EKI", Method::Eki(tempering, Schedule::default())),
        ("ES-MDA, 8 steps", Method::Eki(tempering, Schedule::equal(8, 1.0))),
        ("UKI", Method::Uki(UkiOptions::default())),
        ("EKS", Method::Eks(eks)),
        ("ALDI", Method::Eks(EksOptions::default())),
        ("GNKI", Method::Gnki(GnkiOptions::default())),
        ("iterative ensemble smoother", Method::Ies(IesOptions::default())),
    ]
}

fn calibrations(known: &dyn Known, table: &mut Table) -> Result<(), ValidationError> {
    for (name, method) in methods() {
        if let Some(found) = reached(known, &method, (MEMBERS, SEEDS))? {
            table.row(name, &found);
        }
    }
    Ok(())
}

fn whole_chain(known: &dyn Known, table: &mut Table) -> Result<Vec<Record>, ValidationError> {
    let options = CesOptions { members: MEMBERS, ..CesOptions::default() };
    let (found, refused) = reached_by_sampling(known, &options, SEEDS)?;
    for reason in &refused {
        eprintln!("{}: {reason}", known.name());
    }
    table.row("calibrate, emulate, sample", &found);
    let name = |what: &str| format!("ces-1-{}-{what}", known.name());
    let posteriors = f64::from(found.seeds) / f64::from(SEEDS);
    let [first, second] = found.sd_ratios;
    let ratio = Goal::Between(0.9, 1.1);
    // A mean over no seeds is no figure.
    let or_nan = |value: f64| if found.seeds == 0 { f64::NAN } else { value };
    Ok(vec![
        Record::new(name("posteriors"), posteriors, Goal::AtLeast(1.0), "1"),
        Record::new(name("mean-error"), or_nan(found.mean_error), Goal::AtMost(0.15), "posterior sd"),
        Record::new(name("sd-ratio-1"), or_nan(first), ratio, "1"),
        Record::new(name("sd-ratio-2"), or_nan(second), ratio, "1"),
    ])
}

/// The chain on windows of the chaotic model, beside long chains on the model itself with long windows.
fn chaotic(model: &Lorenz63Statistics, table: &mut Table) -> Result<Vec<Record>, ValidationError> {
    let problem = model.problem()?;
    let reference = model.reference(REFERENCE, 1)?;
    let rhat = convergence(&reference).iter().map(|c| c.rhat).fold(0.0, f64::max);
    let reference = reference.all() * &ndarray::Array1::from_iter(problem.priors.iter().map(Prior::u_sd))
        + &ndarray::Array1::from_iter(problem.priors.iter().map(Prior::u_mean));
    let solve = |seed: u32| {
        let options = CesOptions { seed: u64::from(seed), members: MEMBERS, ..CesOptions::default() };
        let found = calibrate_emulate_sample(model, problem.clone(), options)?;
        let (error, ratios) = beside(&found.draws, &reference);
        Ok([error, ratios[0], ratios[1], found.runs as f64])
    };
    let all: Vec<Result<[f64; 4], AssimilationError>> =
        (0..CHAOTIC_SEEDS).into_par_iter().map(solve).collect();
    for error in all.iter().filter_map(|found| found.as_ref().err()) {
        eprintln!("lorenz63: {error}");
    }
    let found: Vec<[f64; 4]> = all.into_iter().filter_map(Result::ok).collect();
    let count = found.len() as f64;
    let [error, first, second, runs] =
        [0, 1, 2, 3].map(|k| found.iter().map(|figures| figures[k]).sum::<f64>() / count);
    let line = format!(
        "| lorenz63 | calibrate, emulate, sample | {count} | {error:.3} | | {first:.3} | {second:.3} | {runs:.0} |"
    );
    eprintln!("{line}");
    let _ = writeln!(table.text, "{line}");
    let posteriors = count / f64::from(CHAOTIC_SEEDS);
    Ok(vec![
        Record::new("ces-1-lorenz63-reference-rhat", rhat, Goal::AtMost(1.01), "1"),
        Record::new("ces-1-lorenz63-posteriors", posteriors, Goal::AtLeast(1.0), "1"),
        Record::new("ces-1-lorenz63-mean-error", error, Goal::AtMost(0.3), "posterior sd"),
    ])
}

/// The figures of all methods in Markdown.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn row(&mut self, method: &str, found: &Reached) {
        let [first, second] = found.sd_ratios;
        let line = format!(
            "| {} | {method} | {} | {:.3} | {:.3} | {first:.3} | {second:.3} | {:.0} |",
            found.problem, found.seeds, found.mean_error, found.covariance_ratio, found.runs
        );
        eprintln!("{line}");
        let _ = writeln!(self.text, "{line}");
    }

    fn write(&self) -> Result<(), ValidationError> {
        let folder = places::validation();
        std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
        let path = folder.join(TABLE);
        let head = "# Posteriors beside exact ones\n\n\
            Mean error: error of the mean in posterior standard deviations, larger component, mean over seeds that have a \
            posterior. Covariance ratio: `tr(C⁻¹ C_sample) / p`. Lorenz-63: beside a long sample on the model itself.\n\n\
            | problem | method | seeds | mean error | covariance ratio | sd ratio 1 | sd ratio 2 | runs |\n\
            |---|---|---|---|---|---|---|---|\n";
        std::fs::write(&path, format!("{head}{}", self.text)).map_err(ValidationError::file("write", &path))
    }
}
