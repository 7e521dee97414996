//! One member at one station: spin-up, site history, run.

use reterra_land::column::{ColumnState, LargestImbalance, MonthlyOutput, simulate};
use reterra_land::error::LandError;
use reterra_land::parameters::Parameters;
use reterra_land::spinup::{self, Report, apply_history, spin_up};

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

/// Spins a member up from `from` (an equilibrium nearby, or a cold start), sets the site's history and runs
/// `months` months.
///
/// # Errors
/// Those of a step.
pub fn run_member(
    case: &StationCase,
    parameters: Parameters,
    from: &ColumnState,
    options: &spinup::Options,
    months: usize,
) -> Result<MemberRun, LandError> {
    let column = case.column(parameters);
    let mut state = from.clone();
    state.plant.reset_nitrogen(&column.parameters);
    let cycle = case.weather.slice(0..case.cycle_months);
    let (mut state, spinup) = spin_up(&column, state, &cycle, options)?;
    if spinup.drift.abs() > LARGEST_DRIFT {
        let (drift, cycles) = (spinup.drift, spinup.cycles);
        return Err(LandError::Runaway { drift, cycles, limit: LARGEST_DRIFT });
    }
    apply_history(&mut state, &column);
    let start = state.clone();
    let mut outputs = Vec::with_capacity(months);
    let weather = case.weather.slice(0..months);
    let imbalance = simulate(&column, &mut state, &weather, None, |_, month| outputs.push(*month))?;
    Ok(MemberRun { outputs, imbalance: imbalance.max(spinup.imbalance), spinup, start })
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
