//! Members at one station: spin-up, site history, run; a batch of them at a time.

use reterra_land::column::{
    BatchOutcome, Column, ColumnState, DayFluxes, LargestImbalance, MonthlyOutput, simulate_batch,
    simulate_days,
};
use reterra_land::error::LandError;
use reterra_land::lanes::{Batched, Lanes, Real, WIDTH};
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

/// What a member left of every day.
#[derive(Clone, Debug)]
pub struct DailyRun {
    /// What was asked for, one value a day from the start of the run, per day.
    pub values: Vec<f64>,
    /// How its spin-up went.
    pub spinup: Report,
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
    in_batches(case, parameters, |columns| {
        let mut batch = Batch::spun_up(case, columns, from, options);
        let weather = case.weather.slice(0..months);
        let mut outputs: Vec<MonthlyOutput<Lanes>> = Vec::with_capacity(months);
        let outcome =
            simulate_batch(&batch.column, &mut batch.state, &[&weather; WIDTH], None, |_, month| {
                outputs.push(*month);
            });
        batch.finish(outcome, |lane, start, spinup, imbalance| {
            let outputs = outputs.iter().map(|month| month.lane(lane)).collect();
            MemberRun { outputs, spinup, start, imbalance }
        })
    })
}

/// As [`run_members`], but keeps what `of` sees of every day.
#[must_use]
pub fn run_members_by_day(
    case: &StationCase,
    parameters: Vec<Result<Parameters, LandError>>,
    from: &ColumnState,
    (options, months): (&spinup::Options, usize),
    of: fn(&DayFluxes<Lanes>) -> Lanes,
) -> Vec<Result<DailyRun, LandError>> {
    in_batches(case, parameters, |columns| {
        let mut batch = Batch::spun_up(case, columns, from, options);
        let weather = case.weather.slice(0..months);
        let mut days: Vec<Lanes> = Vec::with_capacity(weather.days.len());
        let outcome =
            simulate_days(&batch.column, &mut batch.state, &[&weather; WIDTH], None, |_, fluxes, _| {
                days.push(of(fluxes));
            });
        batch.finish(outcome, |lane, _, spinup, imbalance| {
            let values = days.iter().map(|day| day.at(lane)).collect();
            DailyRun { values, spinup, imbalance }
        })
    })
}

/// Runs the columns that can be made, [`WIDTH`] at a time; results in the order of the parameters.
fn in_batches<R>(
    case: &StationCase,
    parameters: Vec<Result<Parameters, LandError>>,
    run: impl Fn(&[&Column]) -> Vec<Result<R, LandError>>,
) -> Vec<Result<R, LandError>> {
    let columns: Vec<Result<Column, LandError>> =
        parameters.into_iter().map(|p| p.and_then(|p| case.column(p))).collect();
    let valid: Vec<&Column> = columns.iter().flatten().collect();
    let mut runs = valid.chunks(WIDTH).flat_map(run);
    let next = |column: &Result<Column, LandError>| match column {
        Ok(_) => runs.next(),
        Err(error) => Some(Err(error.clone())),
    };
    columns.iter().filter_map(next).collect()
}

/// Up to [`WIDTH`] members at the start of their run; lanes without one repeat the last.
struct Batch {
    column: Column<Lanes>,
    state: ColumnState<Lanes>,
    /// Where each member's spin-up and site history brought it.
    members: Vec<Result<(ColumnState, Report), LandError>>,
}

impl Batch {
    fn spun_up(
        case: &StationCase,
        columns: &[&Column],
        from: &ColumnState,
        options: &spinup::Options,
    ) -> Self {
        let member = |lane: usize| lane.min(columns.len() - 1);
        let states: Vec<ColumnState> = columns
            .iter()
            .map(|column| {
                let mut state = from.clone();
                state.bound_nitrogen(column);
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
        let members: Vec<_> =
            spun.into_iter().zip(columns).map(|(end, column)| with_history(end?, column)).collect();
        // Lanes of failed members run on from where all came from; nobody looks.
        let start = |lane: usize| members[member(lane)].as_ref().map_or(from, |(state, _)| state);
        let state = ColumnState::<Lanes>::gather(&start);
        Self { column: Column::<Lanes>::gather(&|lane| columns[member(lane)]), state, members }
    }

    /// What each member leaves, given its lane, its state at the start, its spin-up and its largest imbalance.
    fn finish<R>(
        self,
        outcome: BatchOutcome<Lanes>,
        leave: impl Fn(usize, ColumnState, Report, LargestImbalance) -> R,
    ) -> Vec<Result<R, LandError>> {
        let BatchOutcome { imbalance, failures } = outcome;
        self.members
            .into_iter()
            .zip(failures)
            .enumerate()
            .map(|(lane, (member, failure))| {
                let (start, spinup) = member?;
                failure.map_or(Ok(()), Err)?;
                let imbalance = imbalance.lane(lane).max(spinup.imbalance);
                Ok(leave(lane, start, spinup, imbalance))
            })
            .collect()
    }
}

/// A member's state after spin-up and site history, unless it ran away.
fn with_history(
    (mut state, spinup): (ColumnState, Report),
    column: &Column,
) -> Result<(ColumnState, Report), LandError> {
    if spinup.drift.abs() > LARGEST_DRIFT {
        let (drift, cycles) = (spinup.drift, spinup.cycles);
        return Err(LandError::Runaway { drift, cycles, limit: LARGEST_DRIFT });
    }
    apply_history(&mut state, column);
    Ok((state, spinup))
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

impl MemberRun {
    /// What an observation of a variable sees of a month of the run; none after its end.
    #[must_use]
    pub fn observe(&self, variable: Variable, month: usize) -> Option<f64> {
        self.outputs.get(month).map(|output| observe(variable, output))
    }
}
