//! `reterra plan FILE`.

use clap::Args;
use reterra_workflow::config::Document;
use reterra_workflow::engine::{Engine, Interrupt, PlannedStage, Progress, Run, Stage, StageState};
use reterra_workflow::{grid, stages};

use crate::Failure;
use crate::any_run::AnyRun;
use crate::output::print;
use crate::run::Which;
use crate::table::align;

/// Arguments of `plan`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
}

/// Prints the stages, their state and what would run.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let run = arguments.which.open()?;
    let plan = plan(&run)?;
    let open = || plan.iter().filter(|stage| stage.state != StageState::Done);
    let years: f64 = open().map(|stage| stage.model_years).sum();
    let stale = open().any(|stage| matches!(stage.state, StageState::Stale { .. }));
    let note = if stale { "; stale stages need `--rerun-stale`" } else { "" };
    print(&format!(
        "{} -> {}\n{}{} of {} stages to run, about {years:.0} model years{note}\n",
        run.name(),
        run.directory().display(),
        listing(&plan),
        open().count(),
        plan.len()
    ))
}

/// The state of every stage of a run.
pub fn plan(run: &AnyRun) -> Result<Vec<PlannedStage>, Failure> {
    match run {
        AnyRun::Stations(run) => plan_stages(run, &stages::stages(run.workflow())),
        AnyRun::Grid(run) => plan_stages(run, &grid::stages()),
    }
}

fn plan_stages<W: Document>(
    run: &Run<W>,
    stages: &[Box<dyn Stage<W>>],
) -> Result<Vec<PlannedStage>, Failure> {
    Ok(Engine::new(run, stages, &Interrupt::new(), &Progress::silent()).plan()?)
}

/// One line a stage, and what changed below those that are stale or damaged.
pub fn listing(plan: &[PlannedStage]) -> String {
    let row = |stage: &PlannedStage| {
        let years = if stage.model_years > 0.0 { format!("{:.0}", stage.model_years) } else { String::new() };
        vec![stage.name.to_owned(), stage.state.word().to_owned(), years, stage.title.to_owned()]
    };
    let header = ["stage", "state", "model years", ""].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(plan.iter().map(row)).collect();
    let details = plan.iter().flat_map(|stage| {
        stage.state.details().iter().map(|d| format!("{}: {}: {d}\n", stage.name, stage.state.word()))
    });
    align(&rows) + &details.collect::<String>()
}
