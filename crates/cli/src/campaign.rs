//! `reterra calibrate FILE` and `reterra sample FILE`, alone or on ranks.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use reterra_workflow::campaign::{self, CalibrationResult, SampleResult, Settings, Surroundings};
use reterra_workflow::engine::{Interrupt, Progress, set_threads};

use crate::Failure;
use crate::output::print;
use crate::ranks::on_ranks;
use crate::table::align;

/// Arguments of both.
#[derive(Args)]
pub struct Arguments {
    /// The campaign's file, such as workflows/campaign/decay.toml
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write there instead of where the file says; what is there is continued
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the input of a land model's workflow is looked for first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Threads of emulators and chains, and runs at once where the file doesn't say; results don't depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Calibrates.
pub fn calibrate(arguments: Arguments) -> Result<(), Failure> {
    shared(arguments, |settings, around| {
        let found = campaign::calibrate(settings, around);
        around.progress.end();
        print(&calibrated(settings, &found?))
    })
}

/// Samples.
pub fn sample(arguments: Arguments) -> Result<(), Failure> {
    shared(arguments, |settings, around| {
        let found = campaign::sample(settings, around);
        around.progress.end();
        print(&sampled(settings, &found?))
    })
}

/// Does a job on rank 0 while the other ranks make its runs.
fn shared(
    arguments: Arguments,
    job: impl FnOnce(&Settings, Surroundings<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    on_ranks(|ranks| {
        let (settings, interrupt) = prepare(arguments)?;
        let first = ranks.rank() == 0;
        let progress = if first { Progress::for_standard_error() } else { Progress::silent() };
        let around = Surroundings { interrupt: &interrupt, progress: &progress, ranks };
        if first { job(&settings, around) } else { Ok(campaign::serve(&settings, around)?) }
    })
}

fn prepare(arguments: Arguments) -> Result<(Settings, Interrupt), Failure> {
    let mut settings = campaign::load(&arguments.file, arguments.data.as_deref())?;
    if let Some(out) = arguments.out {
        settings.directory = out;
    }
    if let Some(threads) = arguments.threads {
        set_threads(threads.get())?;
    }
    Ok((settings, Interrupt::install()?))
}

fn calibrated(settings: &Settings, found: &CalibrationResult) -> String {
    let header = ["parameter", "mean", "sd", "prior mean", "prior sd"].map(str::to_owned).to_vec();
    let line = |e: &campaign::Estimate| {
        let numbers = [e.mean, e.sd, e.prior_mean, e.prior_sd].map(short);
        std::iter::once(e.name.clone()).chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(found.parameters.iter().map(line)).collect();
    let misfit = |step: Option<&campaign::Step>| step.map_or(f64::NAN, |s| s.misfit);
    format!(
        "{} runs, {} failed; misfit {:.3} to {:.3} in {} iterations\n\n{}\nresults: {}\n",
        found.runs,
        found.failed,
        misfit(found.steps.first()),
        misfit(found.steps.last()),
        found.steps.len(),
        align(&rows),
        settings.directory.display()
    )
}

fn sampled(settings: &Settings, found: &SampleResult) -> String {
    let header = ["parameter", "mean", "sd", "5 %", "95 %", "R-hat", "ESS"].map(str::to_owned).to_vec();
    let line = |p: &campaign::SampledParameter| {
        let at =
            |q: f64| p.quantiles.iter().find(|(p, _)| (p - q).abs() < 1e-9).map_or(f64::NAN, |(_, x)| *x);
        let numbers = [p.estimate.mean, p.estimate.sd, at(0.05), at(0.95)].map(short);
        let name = std::iter::once(p.estimate.name.clone());
        let ess = p.bulk_ess.min(p.tail_ess);
        name.chain(numbers).chain([format!("{:.3}", p.rhat), format!("{ess:.0}")]).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(found.parameters.iter().map(line)).collect();
    let coverage = found.held_out.last().map_or(f64::NAN, |held| held.coverage);
    format!(
        "{} runs, {} failed; {} draws of {} chains; 90 % intervals of the emulators cover {coverage:.3} of runs at \
         draws of the posterior\n\n{}\nresults: {}\n",
        found.runs,
        found.failed,
        found.draws,
        found.chains,
        align(&rows),
        settings.directory.display()
    )
}

/// Four significant digits.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = if size == 0.0 { 0 } else { (3 - size.log10().floor() as i32).max(0) as usize };
    format!("{value:.digits$}")
}
