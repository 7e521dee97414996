//! Assimilation point 5: a twin experiment with the land model at 48 stations.
//!
//! Every station has a truth of its own: four parameters drawn from their prior, spun up. Members are drawn from the same
//! prior and spun up alike, so that the truth is one more of them; they see its monthly GPP and LAI and its annual biomass,
//! with noise. Then the truth's rank among the members must be any rank equally often (Hamill 2001,
//! doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2), for what was observed and for what was not. Ranks of a station's
//! parameters depend on each other, for what is observed tells them apart only together, and those of its pools feed each
//! other; stations and truths are independent. Histograms over several rows are judged with that
//! ([`dependent`]), those of single rows by χ².

use std::fmt::Write as _;
use std::ops::Range;

use ndarray::{Array2, Axis, s};
use reterra_assimilation::diagnostics::dependent;
use reterra_parallel::Alone;
use reterra_statistics::random::{Stage, StreamKey};
use reterra_statistics::tail::chi_square_tail;
use reterra_workflow::config::Variable;
use reterra_workflow::cycle::{Sharing, Smoother};

use crate::cycles::{Experiment, FIGURES, Faults, Outcome, Run, Truths, Window};
use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Stations of the workflow.
const STATIONS: usize = 48;
const YEARS: usize = 5;
/// Unknown parameters: what leaves assimilate, what they are made of, and what they and roots turn into litter.
const PARAMETERS: [&str; 4] = ["flnr", "slatop", "froot_leaf", "leaf_long"];
/// Truths of every station, each with members and noise of its own. Draws of 144 are few enough to look uneven by
/// themselves, so they are stratified: together they have the prior's moments.
const TRUTHS: u64 = 3;
const SEED: u64 = 20_010_101;
/// Classes of ranks: 64 expected in each from 576 parameters.
const CLASSES: usize = 9;
/// Simulations of histograms over several rows.
const DRAWS: usize = 20_000;

/// The experiment.
///
/// Errors are those that the monthly workflow gives its towers' GPP, and half to a third of what it gives leaf area and
/// biomass, which it takes from satellites and inventories; as large as they would be for a typical draw of the prior.
#[must_use]
pub fn experiment(data: std::path::PathBuf) -> Run {
    let window = |months, error| Window { months, error };
    let day = 86_400.0;
    Run {
        workflow: "stations-monthly.toml".to_owned(),
        data: Some(data),
        stations: STATIONS,
        members: 96,
        months: 12 * YEARS,
        cycle_years: 1,
        member_cycles: 20,
        parameters: PARAMETERS.map(str::to_owned).to_vec(),
        sensors: vec![
            (Variable::Gpp, window(1, [1.0 / day, 0.1])),
            (Variable::Lai, window(1, [1.0, 0.2])),
            (Variable::Biomass, window(12, [250.0, 0.2])),
        ],
        // No two stations are as near as this, so that each has its own observations only.
        radius: 1.0,
        relaxation: 0.0,
        forgetting: 1.0,
        sharing: Sharing::Columns,
        smoother: Some(Smoother { passes: 4, share: 0.8 }),
        seed: SEED,
        truths: Truths::Stratified { number: 0, of: TRUTHS as usize, seed: SEED },
        groups: 1,
        checkpoints: None,
        faults: Faults::None,
    }
}

/// Flatness of the truths' ranks, the error of soil carbon against members without observations, and what updates added.
///
/// # Errors
/// [`ValidationError::NoData`], those of the cycles, a table that can't be written.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let first = experiment(places::shared("sites_monthly")?);
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (number, seed) in (SEED..SEED + TRUTHS).enumerate() {
        let truths = Truths::Stratified { number, of: TRUTHS as usize, seed: SEED };
        let run = Run { seed, truths, ..first.clone() };
        let [with, without] = Experiment::new(&run)?.with_open_loop(&Alone)?;
        found.push(with);
        open.push(without);
    }
    let width = first.parameters.len();
    let [parameters, states] = [0..width, width..width + FIGURES.len()].map(|rows| together(&found, &rows));
    // The least of so many probabilities is as small as this by chance.
    let number = width + FIGURES.len();
    let least = number as f64 * (0..number).map(|row| alone(&found, row)).fold(1.0, f64::min);
    write_ranks(&first, &found)?;
    let stations = found.iter().map(|outcome| outcome.truth.len_of(Axis(1))).min().unwrap_or(0);
    let text = table(&first, &found, &open);
    let path = places::validation().join("assimilation-5.md");
    std::fs::create_dir_all(places::validation()).map_err(ValidationError::file("create", &path))?;
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))?;
    let record = |what: &str, measured, goal, unit| {
        Record::new(format!("assimilation-5-{what}"), measured, goal, unit)
    };
    let ratio = rmse(&found, width) / rmse(&open, width);
    Ok(vec![
        record("stations", stations as f64, Goal::AtLeast(48.0), "stations"),
        record("parameters-flat", parameters, Goal::AtLeast(0.05), "probability"),
        record("states-flat", states, Goal::AtLeast(0.05), "probability"),
        record("least-flat-alone", least.min(1.0), Goal::AtLeast(0.05), "probability"),
        record("soil-carbon-rmse-ratio", ratio, Goal::AtMost(1.0 - 1e-6), "1"),
    ])
}

/// Where the truths lie among the members, stations and truths × rows: the share below, drawn within the truth's rank, which
/// is uniform if it is one of them.
fn shares(outcomes: &[Outcome], rows: &Range<usize>) -> Array2<f64> {
    let columns = outcomes.first().map_or(0, |outcome| outcome.truth.len_of(Axis(1)));
    Array2::from_shape_fn((outcomes.len() * columns, rows.len()), |(k, row)| {
        let (outcome, column, row) = (&outcomes[k / columns], k % columns, rows.start + row);
        let (member, place, seed) = (row as u32, column as u32, SEED + (k / columns) as u64);
        let key = StreamKey { seed, stage: Stage::Test, cycle: 0, member, column: place };
        let truth = outcome.truth[[row, column]];
        let below = outcome.members.slice(s![.., row, column]).iter().filter(|x| **x < truth).count();
        (below as f64 + key.stream().uniform()) / (outcome.members.len_of(Axis(0)) + 1) as f64
    })
}

/// Probability of shares of one row at least as uneven as these over [`CLASSES`] classes of equal width, by χ².
fn alone(outcomes: &[Outcome], row: usize) -> f64 {
    let shares = shares(outcomes, &(row..row + 1));
    chi_square_tail(dependent::unevenness(shares.iter().copied(), CLASSES), (CLASSES - 1) as f64)
}

/// The same of several rows, which depend on each other; NaN where nothing can be told.
fn together(outcomes: &[Outcome], rows: &Range<usize>) -> f64 {
    let found = dependent::flatness(shares(outcomes, rows).view(), CLASSES, (DRAWS, SEED));
    found.ok().flatten().unwrap_or(f64::NAN)
}

/// Of the members' mean, over stations and truths.
fn rmse(outcomes: &[Outcome], row: usize) -> f64 {
    let of_outcome = |outcome: &Outcome| -> Vec<f64> {
        let of = |column: usize| {
            let members = outcome.members.slice(s![.., row, column]);
            (members.iter().sum::<f64>() / members.len() as f64 - outcome.truth[[row, column]]).powi(2)
        };
        (0..outcome.truth.len_of(Axis(1))).map(of).collect()
    };
    root_mean(&outcomes.iter().flat_map(of_outcome).collect::<Vec<_>>())
}

/// Root mean variance of the members.
fn spread(outcomes: &[Outcome], row: usize) -> f64 {
    let of = |outcome: &Outcome| outcome.members.index_axis(Axis(1), row).var_axis(Axis(0), 1.0).to_vec();
    root_mean(&outcomes.iter().flat_map(of).collect::<Vec<_>>())
}

fn root_mean(squares: &[f64]) -> f64 {
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

/// Where every truth lies among its members, a line a station and truth.
fn write_ranks(run: &Run, found: &[Outcome]) -> Result<(), ValidationError> {
    let names: Vec<&str> = run.parameters.iter().map(String::as_str).chain(FIGURES).collect();
    let mut text = names.join(",") + "\n";
    for row in shares(found, &(0..names.len())).rows() {
        let shares: Vec<String> = row.iter().map(|share| format!("{share:.5}")).collect();
        text += &(shares.join(",") + "\n");
    }
    let path = places::validation().join("assimilation-5-ranks.csv");
    std::fs::create_dir_all(places::validation()).map_err(ValidationError::file("create", &path))?;
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
}

fn table(run: &Run, found: &[Outcome], open: &[Outcome]) -> String {
    let failures: usize = found.iter().map(|outcome| outcome.report.failures.len()).sum();
    let used: usize = found.iter().map(|outcome| outcome.report.used).sum();
    let mut text = format!(
        "# Twin experiments with the land model\n\n{} stations, {TRUTHS} truths each, {} members, {} months, {used} \
         observations; {failures} members failed and were replaced.\n\nRoot mean square error of the members' mean and \
         root mean variance of the members at the end (parameters: unconstrained), and the probability of ranks as uneven \
         as these.\n\n\
         | | error | spread | p | error, open loop | spread, open loop | p, open loop |\n\
         |---|---|---|---|---|---|---|\n",
        run.stations, run.members, run.months,
    );
    let names = run.parameters.iter().map(String::as_str).chain(FIGURES);
    for (row, name) in names.enumerate() {
        let of = |outcomes: &[Outcome]| {
            let p = alone(outcomes, row);
            format!("{:.4} | {:.4} | {p:.3}", rmse(outcomes, row), spread(outcomes, row))
        };
        // Writing to a string can't fail.
        let _ = writeln!(text, "| {name} | {} | {} |", of(found), of(open));
    }
    text + &added(run, found)
}

/// What the filter's updates added, a year, mean over members, stations and truths.
fn added(run: &Run, found: &[Outcome]) -> String {
    let mut text = "\nAdded by the filter's updates, per m² and year:\n\n\
         | | net | amounts added or removed |\n|---|---|---|\n"
        .to_owned();
    let balances: Vec<_> = found.iter().flat_map(|outcome| &outcome.report.balances).collect();
    let years = (balances.len() * run.months) as f64 / 12.0;
    for (k, name) in ["carbon, gC", "nitrogen, gN", "water, kg"].into_iter().enumerate() {
        let net = balances.iter().map(|b| b.net[k]).sum::<f64>() / years;
        let moved = balances.iter().map(|b| b.moved[k]).sum::<f64>() / years;
        let _ = writeln!(text, "| {name} | {net:.4} | {moved:.4} |");
    }
    text
}
