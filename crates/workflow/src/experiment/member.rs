//! Members at one station: spin-up, site history, run; a batch of them at a time.

use reterra_land::column::{Column, ColumnState, LargestImbalance, MonthlyOutput, simulate_batch};
use reterra_land::error::LandError;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::spinup::{self, Report, apply_history, spin_up_batch};

use super::case::StationCase;
use crate::config::Variable;

/// Drift beyond which a member's short spin-up counts as failed, gC m⁻² yr⁻¹: more than any undisturbed
/// ecosystem gains or loses.
const LARGEST_DRIFT: f64 = 150.0;

/// What a member left.
#[derive(Clone, Debug)]
pub struct MemberRun {
    /// Output by month from the start of the run.
    pub outputs: Vec<MonthlyOutput>,
    /// How its spin-up went.
    pub spinup: Report,
    /// Its state at the start of the run.
    pub start: ColumnState,
    /// Largest budget error of any step.
    pub imbalance: LargestImbalance,
}

/// Spins members up from `from` (an equilibrium nearby, or a cold start), sets each one's site history and runs
/// `months` months. A member that fails leaves the others alone.
#[must_use]
pub fn run_members(
    case: &StationCase,
    parameters: Vec<Result<Parameters, LandError>>,
    from: &ColumnState,
    options: &spinup::Options,
    months: usize,
) -> Vec<Result<MemberRun, LandError>> {
    let columns: Vec<Result<Column, LandError>> =
        parameters.into_iter().map(|p| p.and_then(|p| case.column(p))).collect();
    let valid: Vec<&Column> = columns.iter().flatten().collect();
    let mut runs = valid.chunks(WIDTH).flat_map(|batch| run_batch(case, batch, from, options, months));
    let run = |column: &Result<Column, LandError>| match column {
        Ok(_) => runs.next(),
        Err(error) => Some(Err(error.clone())),
    };
    columns.iter().filter_map(run).collect()
}

/// Up to [`WIDTH`] members; lanes without one repeat the last.
fn run_batch(
    case: &StationCase,
    columns: &[&Column],
    from: &ColumnState,
    options: &spinup::Options,
    months: usize,
) -> Vec<Result<MemberRun, LandError>> {
    let member = |lane: usize| lane.min(columns.len() - 1);
    let states: Vec<ColumnState> = columns
        .iter()
        .map(|column| {
            let mut state = from.clone();
            state.reset_nitrogen(column);
            state
        })
        .collect();
    let cycle = case.weather.slice(0..case.cycle_months);
    let lanes: [usize; WIDTH] = std::array::from_fn(member);
    let spun = spin_up_batch::<Lanes>(
        &lanes.map(|k| columns[k]),
        &lanes.map(|k| &states[k]),
        &[&cycle; WIDTH],
        options,
    );
    let spun: Vec<Result<(ColumnState, Report), LandError>> = spun
        .into_iter()
        .take(columns.len())
        .zip(columns)
        .map(|(end, column)| {
            let (mut state, spinup) = end?;
            if spinup.drift.abs() > LARGEST_DRIFT {
                let (drift, cycles) = (spinup.drift, spinup.cycles);
                return Err(LandError::Runaway { drift, cycles, limit: LARGEST_DRIFT });
            }
            apply_history(&mut state, column);
            Ok((state, spinup))
        })
        .collect();
    // Lanes of failed members run on from where all came from; nobody looks.
    let start = |lane: usize| spun[member(lane)].as_ref().map_or(from, |(state, _)| state);
    let mut state = ColumnState::<Lanes>::gather(&start);
    let batch = Column::<Lanes>::gather(&|lane| columns[member(lane)]);
    let weather = case.weather.slice(0..months);
    let mut outputs: Vec<MonthlyOutput<Lanes>> = Vec::with_capacity(months);
    let outcome =
        simulate_batch(&batch, &mut state, &[&weather; WIDTH], None, |_, month| outputs.push(*month));
    spun.into_iter()
        .zip(outcome.failures)
        .enumerate()
        .map(|(lane, (spun, failure))| {
            let (start, spinup) = spun?;
            if let Some(failure) = failure {
                return Err(failure);
            }
            let outputs = outputs.iter().map(|month| month.lane(lane)).collect();
            let imbalance = outcome.imbalance.lane(lane).max(spinup.imbalance);
            Ok(MemberRun { outputs, spinup, start, imbalance })
        })
        .collect()
}

/// What an observation of a variable sees of a month.
#[must_use]
pub fn observe(variable: Variable, month: &MonthlyOutput) -> f64 {
    match variable {
        Variable::Gpp => month.gpp,
        Variable::Nee => month.nee(),
        Variable::Et => month.et,
        Variable::Lai => month.lai,
        Variable::Biomass => month.vegetation_carbon,
    }
}
