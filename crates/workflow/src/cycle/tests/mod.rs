//! One rank against many, members that fail, runs that stop and go on: the same bits.

mod controlled;
mod passes;
mod pools;

use std::path::Path;

use reterra_assimilation::letkf::{Letkf, Relaxation};
use reterra_assimilation::localisation::metric::EARTH_RADIUS;
use reterra_assimilation::localisation::{Locality, Metric, Taper};
use reterra_parallel::{Alone, Communicator, threads};

use super::{Checkpoints, CycleError, Cycles, Kind, Observed, Options, Report, Sharing, Smoother, Stored};
use pools::{COLUMNS, Fault, Pools, State};

const MEMBERS: usize = 8;
const MONTHS: usize = 30;

fn options(directory: Option<&Path>) -> Options {
    let metric = Metric::GreatCircle { radius: EARTH_RADIUS };
    let locality = Locality::new(metric, Taper::GaspariCohn, 300e3).unwrap();
    let relaxation = Relaxation::Spread(0.2);
    Options {
        members: MEMBERS,
        months: MONTHS,
        seed: 5,
        groups: 1,
        filter: Letkf::new(locality).with_relaxation(relaxation).unwrap(),
        inflation: None,
        control: None,
        kinds: vec![Kind { variable: 0, months: 1 }, Kind { variable: 1, months: 12 }],
        sharing: Sharing::Columns,
        smoother: None,
        checkpoints: directory.map(|directory| Checkpoints {
            directory: directory.to_owned(),
            every: 1,
            model: "pools".to_owned(),
        }),
    }
}

/// The flux of every other month, and the annual mean stock, of all columns but the last, which is far from the others.
fn observations() -> Vec<Observed> {
    let of = |kind, month: usize, column: usize, value: f64, variance: f64| Observed {
        column,
        kind,
        month,
        value: value * (1.0 + 0.01 * column as f64),
        variance,
    };
    let columns = 0..COLUMNS - 1;
    let fluxes = columns.clone().flat_map(|c| (0..MONTHS).step_by(2).map(move |m| (c, m)));
    let stocks = columns.flat_map(|c| [11, 23].map(|m| (c, m)));
    fluxes.map(|(c, m)| of(0, m, c, 1.3, 0.04)).chain(stocks.map(|(c, m)| of(1, m, c, 11.0, 0.5))).collect()
}

type End = (Vec<Stored<State>>, Report);

/// All members at the end, by column and member, and the report of every rank.
fn run(model: &Pools, options: &Options, size: usize) -> Result<End, CycleError> {
    run_with(&observations(), (model, options), size)
}

fn run_with(
    observations: &[Observed],
    (model, options): (&Pools, &Options),
    size: usize,
) -> Result<End, CycleError> {
    let on_rank = |ranks: &dyn Communicator| -> Result<End, CycleError> {
        let mut cycles = Cycles::new(model, options, observations, ranks)?;
        cycles.run()?;
        let members = cycles.members().iter().map(|member| member.stored.clone()).collect();
        Ok((members, cycles.report().clone()))
    };
    if size == 1 {
        return on_rank(&Alone);
    }
    let parts = threads::run(size, |ranks| on_rank(ranks)).into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(parts.iter().all(|(_, report)| *report == parts[0].1), "every rank has the same report");
    let report = parts[0].1.clone();
    let mut members: Vec<_> = parts.into_iter().flat_map(|(members, _)| members).collect();
    members.sort_by_key(|member| (member.column, member.member));
    Ok((members, report))
}

#[test]
fn ranks_groups_and_threads_give_the_same_bits_whatever_fails() {
    let model = Pools { fault: Fault::Members };
    for sharing in [Sharing::Columns, Sharing::Types] {
        let options = Options { sharing, ..options(None) };
        let alone = run(&model, &options, 1).unwrap();
        for (size, groups) in [(2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (3, 3)] {
            let options = Options { groups, ..options.clone() };
            assert_eq!(run(&model, &options, size).unwrap(), alone, "{size} ranks in {groups} groups");
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(pool.install(|| run(&model, &options, 1)).unwrap(), alone, "one thread");
    }
}

#[test]
fn members_that_fail_are_reported_and_the_others_go_on() {
    let (members, report) = run(&Pools { fault: Fault::Members }, &options(None), 1).unwrap();
    let told: Vec<_> = report.failures.iter().map(|f| (f.month, f.column, f.member)).collect();
    // A column that can't be made, a spin-up without an end, an error, a panic, a value that isn't a number.
    let expected =
        [(None, 0, 2), (None, 1, 3), (Some(4), 1, 1), (Some(4), 1, 6), (Some(7), 2, 0), (Some(9), 3, 5)];
    assert_eq!(told, expected);
    assert!(report.failures.iter().all(|f| f.donor != f.member && !f.reason.is_empty()));
    assert!(report.failures[4].reason.contains("panic"), "{:?}", report.failures[4]);
    assert!(members.iter().all(|m| m.state.pools.iter().all(|pool| pool.is_finite() && *pool > 0.0)));
    let all = run(&Pools { fault: Fault::MostMembers }, &options(None), 2).unwrap_err();
    assert!(matches!(all, CycleError::TooFewMembers { alive: 3, column: 2, month: Some(3), .. }), "{all}");
}

#[test]
fn observations_move_states_and_parameters_and_the_carbon_is_counted() {
    let model = Pools { fault: Fault::None };
    for sharing in [Sharing::Columns, Sharing::Types] {
        let options = Options { sharing, ..options(None) };
        let (members, report) = run(&model, &options, 1).unwrap();
        let mut blind = Cycles::new(&model, &options, &[], &Alone).unwrap();
        blind.run().unwrap();
        let free: Vec<_> = blind.members().iter().map(|member| member.stored.clone()).collect();
        let spread = |members: &[Stored<State>], column: u32| {
            let of: Vec<f64> =
                members.iter().filter(|m| m.column == column).map(|m| m.parameters[0]).collect();
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            of.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
        };
        assert!(spread(&members, 0) < 0.5 * spread(&free, 0), "{sharing:?}");
        // The last column has no observation near it; its type has, where types share.
        let last = COLUMNS as u32 - 1;
        let alone = spread(&members, last).to_bits() == spread(&free, last).to_bits();
        assert_eq!(alone, sharing == Sharing::Columns);
        assert!(report.balances[0].moved[0] > 0.0);
        assert!(report.balances.iter().all(|b| b.net[0].abs() <= b.moved[0] * (1.0 + 1e-12)));
        assert_eq!((report.used, blind.report().used), (observations().len(), 0));
    }
}

#[test]
fn a_run_goes_on_from_its_last_complete_checkpoint_on_any_number_of_ranks() {
    let model = Pools { fault: Fault::Members };
    let through = run(&model, &options(None), 1).unwrap();
    for (first, second, groups) in [(1, 1, 1), (1, 4, 2), (4, 1, 1), (2, 3, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let until = |months, groups| Options { months, groups, ..options(Some(folder.path())) };
        run(&model, &until(13, 1), first).unwrap();
        // What a killed run leaves: files without a marker, and a file half written.
        let torn = folder.path().join("month-000014");
        std::fs::create_dir(&torn).unwrap();
        std::fs::write(torn.join(".members-0000-0008.columns-000000-000005.nc.partial"), b"half").unwrap();
        assert_eq!(
            run(&model, &until(MONTHS, groups), second).unwrap(),
            through,
            "{first} to {second} ranks"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "older checkpoints are gone");
    }
}

#[test]
fn another_runs_checkpoints_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = Pools { fault: Fault::None };
    let short = Options { months: 3, ..options(Some(folder.path())) };
    run(&model, &short, 2).unwrap();
    let other = Options { seed: 6, ..short.clone() };
    assert!(matches!(run(&model, &other, 1), Err(CycleError::OtherRun { .. })));
    let last = folder.path().join("month-000003");
    let file =
        std::fs::read_dir(&last).unwrap().flatten().find(|e| e.path().extension().is_some_and(|e| e == "nc"));
    let path = file.unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = run(&model, &Options { months: 4, ..short.clone() }, 1).unwrap_err();
    assert!(matches!(&error, CycleError::Damaged { .. }) && error.to_string().contains("delete"), "{error}");
    std::fs::remove_dir_all(last).unwrap();
    let again = run(&model, &short, 1).unwrap();
    assert_eq!(again, run(&model, &Options { months: 3, ..options(None) }, 1).unwrap());
}

#[test]
fn a_smoother_before_the_filter_uses_what_is_observed_once_and_ranks_agree() {
    let model = Pools { fault: Fault::Members };
    let smoother = Some(Smoother { passes: 3, share: 0.7 });
    for sharing in [Sharing::Columns, Sharing::Types] {
        let options = Options { sharing, smoother, ..options(None) };
        let alone = run(&model, &options, 1).unwrap();
        assert_eq!(run(&model, &Options { groups: 2, ..options.clone() }, 4).unwrap(), alone);
        // Members fail in the passes as they do in the filter; its own failures come last.
        let passes: Vec<_> = alone.1.failures.iter().map(|f| f.pass).collect();
        assert!(passes.contains(&Some(2)) && passes.last() == Some(&None), "{passes:?}");
    }
    for bad in [Smoother { passes: 0, share: 0.5 }, Smoother { passes: 2, share: 1.0 }] {
        let options = Options { smoother: Some(bad), ..options(None) };
        assert!(run(&model, &options, 1).is_err(), "{bad:?}");
    }
    let [passes, filter] = Smoother { passes: 4, share: 0.8 }.factors();
    assert!((1.0 / passes + 1.0 / filter - 1.0_f64).abs() < 1e-15);
}

#[test]
fn impossible_observations_say_which_one() {
    let good = Observed { column: 0, kind: 1, month: 11, value: 1.0, variance: 1.0 };
    let bad = [
        Observed { column: COLUMNS, ..good },
        Observed { kind: 2, ..good },
        Observed { month: 10, ..good },
        Observed { value: f64::NAN, ..good },
        Observed { variance: 0.0, ..good },
    ];
    for bad in bad {
        let error = Cycles::new(&Pools { fault: Fault::None }, &options(None), &[good, bad], &Alone).err();
        assert!(matches!(error, Some(CycleError::Observation { number: 1, .. })), "{bad:?}");
    }
}
