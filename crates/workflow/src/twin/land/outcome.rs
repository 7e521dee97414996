//! What a twin experiment with the land model found, as it is written to JSON.

use std::ops::Range;

use reterra_assimilation::diagnostics::RankHistogram;
use reterra_assimilation::twin::Estimate;
use serde::Serialize;

use super::figures::STATES;
use super::score::{Ended, Trial};
use super::{LandTwin, Mean};
use crate::cycle::Report;

/// Scores over seeds, and each seed's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LandOutcome {
    /// Name of the experiment.
    pub name: String,
    /// Kind of the model.
    pub model: &'static str,
    /// Kind of the method.
    pub method: &'static str,
    /// Truths of every station.
    pub seeds: u64,
    /// Months that count.
    pub cycles: usize,
    /// Months before those.
    pub spin_up: usize,
    /// Members N.
    pub members: usize,
    /// Ids of the stations.
    pub stations: Vec<String>,
    /// States, of the seeds that didn't diverge.
    pub states: Vec<Scored>,
    /// Parameters, unconstrained, of the same seeds.
    pub parameters: Vec<Scored>,
    /// Ranks of all states together, which aren't independent of each other.
    pub states_flat: Option<Flatness>,
    /// Ranks of all parameters together.
    pub parameters_flat: Option<Flatness>,
    /// What analyses added, a year, mean over stations and members.
    pub added: Added,
    /// Members that failed and were replaced, with observations, a seed.
    pub failed_members: Mean,
    /// Share of the seeds that diverged.
    pub divergence_rate: f64,
    /// What counts as divergence.
    pub divergence: &'static str,
    /// In order.
    pub per_seed: Vec<LandSeed>,
}

/// What counts as divergence, in words.
const DIVERGENCE: &str =
    "too few members of a station left, or no number; such seeds enter no mean and no rank";

/// Scores of one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// Error of the analysis: mean over months of the root of the mean over stations of the squared error of the
    /// members' mean.
    pub rmse: Mean,
    /// Spread of the analysis: mean over months of the root of the mean variance over stations.
    pub spread: Mean,
    /// Error of the same members without observations.
    pub open_loop_rmse: Mean,
    /// Their spread.
    pub open_loop_spread: Mean,
    /// Ranks of the truths among the members at the end of the run.
    pub flat: Option<Flatness>,
}

/// How far ranks of truths among members are from uniform; absent where there are too few for three classes of five.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flatness {
    /// Ranks counted.
    pub ranks: u64,
    /// Classes of neighbouring ranks.
    pub classes: usize,
    /// χ² of the classes' counts.
    pub chi2: f64,
    /// Probability of counts at least as uneven, were all ranks equally likely.
    pub p: f64,
}

/// What analyses added, per m² and year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Added {
    /// Carbon, gC m⁻² yr⁻¹.
    pub carbon: Moved,
    /// Nitrogen, gN m⁻² yr⁻¹.
    pub nitrogen: Moved,
    /// Water, kg m⁻² yr⁻¹.
    pub water: Moved,
}

/// Net and gross.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// Sum.
    pub net: Mean,
    /// Sum of amounts, added or removed.
    pub moved: Mean,
}

/// One seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LandSeed {
    /// The seed.
    pub seed: u64,
    /// Observations made.
    pub observations: usize,
    /// Error of soil organic carbon, gC m⁻², and that of the open loop; `null` where the seed diverged.
    pub soil_organic_carbon_rmse: [f64; 2],
    /// Members that failed, with observations.
    pub failed_members: usize,
    /// Parameter vectors that analyses pushed out of the model's range; they kept their values.
    pub kept_parameters: usize,
    /// Whether the seed diverged.
    pub diverged: bool,
    /// Why the cycles stopped, where they did.
    pub reason: Option<String>,
}

/// Expected counts of a class, at least.
const EXPECTED: u64 = 5;
/// Classes at most.
const CLASSES: u64 = 9;

/// The two runs of a seed that didn't diverge.
struct Kept<'a> {
    seed: u64,
    found: &'a Ended,
    open: &'a Ended,
}

fn kept(trial: &Trial) -> Option<Kept<'_>> {
    let (found, open) = (trial.found.as_ref().ok()?, trial.open.as_ref().ok()?);
    (found.is_finite() && open.is_finite()).then_some(Kept { seed: trial.seed, found, open })
}

fn mean(values: impl Iterator<Item = f64>) -> Mean {
    Estimate::of(&values.collect::<Vec<_>>()).into()
}

impl LandOutcome {
    pub(super) fn new(twin: &LandTwin, stations: Vec<String>, trials: &[Trial]) -> Self {
        let kept: Vec<Kept<'_>> = trials.iter().filter_map(kept).collect();
        let names = twin.space.parameters().iter().map(|p| (p.name.clone(), "1"));
        let width = names.len();
        let all = names.chain(STATES.iter().map(|state| (state.name.to_owned(), state.unit)));
        let mut parameters: Vec<Scored> =
            all.enumerate().map(|(k, name)| Scored::new(&kept, k, name)).collect();
        let states = parameters.split_off(width);
        Self {
            name: twin.name.clone(),
            model: "land",
            method: twin.method,
            seeds: twin.seeds,
            cycles: twin.months() - twin.spin_up,
            spin_up: twin.spin_up,
            members: twin.options.members,
            stations,
            states,
            parameters,
            states_flat: Flatness::new(&kept, width..width + STATES.len()),
            parameters_flat: Flatness::new(&kept, 0..width),
            added: Added::new(&kept, twin.months()),
            failed_members: mean(kept.iter().map(|k| k.found.report.failures.len() as f64)),
            divergence_rate: 1.0 - kept.len() as f64 / trials.len() as f64,
            divergence: DIVERGENCE,
            per_seed: trials.iter().map(|trial| LandSeed::new(trial, width)).collect(),
        }
    }
}

impl Scored {
    fn new(kept: &[Kept<'_>], figure: usize, (name, unit): (String, &'static str)) -> Self {
        let found = |k: usize| mean(kept.iter().map(|kept| kept.found.errors.of(figure)[k]));
        let open = |k: usize| mean(kept.iter().map(|kept| kept.open.errors.of(figure)[k]));
        Self {
            name,
            unit,
            rmse: found(0),
            spread: found(1),
            open_loop_rmse: open(0),
            open_loop_spread: open(1),
            flat: Flatness::new(kept, figure..figure + 1),
        }
    }
}

impl Flatness {
    fn new(kept: &[Kept<'_>], figures: Range<usize>) -> Option<Self> {
        let mut histogram = RankHistogram::default();
        for Kept { seed, found, .. } in kept {
            found.rank(figures.clone(), *seed, &mut histogram).ok()?;
        }
        let ranks: u64 = histogram.counts().iter().sum();
        let classes = (ranks / EXPECTED).min(CLASSES) as usize;
        let flatness = histogram.flatness(classes)?;
        Some(Self { ranks, classes: flatness.dof + 1, chi2: flatness.chi2, p: flatness.p_value })
    }
}

impl Added {
    fn new(kept: &[Kept<'_>], months: usize) -> Self {
        let of = |element: usize| Moved {
            net: mean(kept.iter().map(|k| a_year(&k.found.report, months, |b| b.net[element]))),
            moved: mean(kept.iter().map(|k| a_year(&k.found.report, months, |b| b.moved[element]))),
        };
        Self { carbon: of(0), nitrogen: of(1), water: of(2) }
    }
}

/// Mean over stations, a year.
fn a_year(report: &Report, months: usize, of: impl Fn(&crate::cycle::Balance) -> f64) -> f64 {
    let station_years = (report.balances.len() * months) as f64 / 12.0;
    report.balances.iter().map(of).sum::<f64>() / station_years
}

impl LandSeed {
    fn new(trial: &Trial, soil: usize) -> Self {
        let both = kept(trial);
        let report = trial.found.as_ref().ok().map(|ended| &ended.report);
        let rmse = both.as_ref().map(|k| [k.found.errors.of(soil)[0], k.open.errors.of(soil)[0]]);
        Self {
            seed: trial.seed,
            observations: trial.observations,
            soil_organic_carbon_rmse: rmse.unwrap_or([f64::NAN; 2]),
            failed_members: report.map_or(0, |report| report.failures.len()),
            kept_parameters: report.map_or(0, |report| report.kept),
            diverged: both.is_none(),
            reason: trial.found.as_ref().err().or(trial.open.as_ref().err()).cloned(),
        }
    }
}
