//! Quality control and learnt inflation on the way: what they do, and that ranks and resumption don't matter to them.

use reterra_assimilation::inflation::varying::{Form, VaryingOptions};
use reterra_assimilation::localisation::Metric;
use reterra_assimilation::localisation::metric::EARTH_RADIUS;
use reterra_assimilation::quality::{Background, Check, Control, Flag};

use super::pools::{Fault, Pools};
use super::{MONTHS, observations, options, run, run_with};
use crate::cycle::{Flagged, Observed, Options, Smoother};

const MODEL: Pools = Pools { fault: Fault::Members };

fn controlled(limit: f64) -> Options {
    let metric = Metric::GreatCircle { radius: EARTH_RADIUS };
    let control = Control::new(metric, vec![Check::Background(Background { limit })]).unwrap();
    Options { control: Some(control), ..options(None) }
}

fn inflated() -> Options {
    Options { inflation: Some(VaryingOptions::default()), ..options(None) }
}

#[test]
fn an_outlier_is_flagged_and_leaves_no_trace_on_any_number_of_ranks() {
    let good = observations();
    let outlier = Observed { value: 1e3, ..good[7] };
    let mut spoilt = good.clone();
    spoilt.insert(0, outlier);
    let (members, report) = run_with(&good, (&MODEL, &options(None)), 1).unwrap();
    let control = controlled(20.0);
    let found = run_with(&spoilt, (&MODEL, &control), 1).unwrap();
    assert_eq!(found.1.flagged, [Flagged { number: 0, flag: Flag::Background }]);
    assert_eq!((found.1.used, &found.0), (report.used, &members), "as if it had never been there");
    let analysed = found.1.analyses.iter().find(|a| a.month == outlier.month).unwrap();
    assert_eq!(analysed.left_out, 1);
    for (size, groups) in [(2, 1), (4, 2), (3, 3)] {
        let on_ranks = run_with(&spoilt, (&MODEL, &Options { groups, ..control.clone() }), size).unwrap();
        assert_eq!(on_ranks, found, "{size} ranks in {groups} groups");
    }
}

#[test]
fn an_outlier_leaves_no_trace_in_the_smoothers_passes() {
    let smoother = Some(Smoother { passes: 2, share: 0.7 });
    let good = observations();
    let spoilt = [vec![Observed { value: 1e3, ..good[7] }], good.clone()].concat();
    let expected = run_with(&good, (&MODEL, &Options { smoother, ..options(None) }), 1).unwrap();
    for size in [1, 3] {
        let options = Options { smoother, ..controlled(20.0) };
        let (members, report) = run_with(&spoilt, (&MODEL, &options), size).unwrap();
        assert_eq!(report.flagged, [Flagged { number: 0, flag: Flag::Background }]);
        assert_eq!(members, expected.0, "{size} ranks");
    }
}

#[test]
fn a_run_whose_observations_are_all_refused_goes_on_as_an_open_loop() {
    let far: Vec<Observed> = observations().into_iter().map(|o| Observed { value: 1e4, ..o }).collect();
    let (members, report) = run_with(&far, (&MODEL, &controlled(5.0)), 2).unwrap();
    let free = run_with(&[], (&MODEL, &options(None)), 1).unwrap().0;
    assert_eq!((report.used, report.flagged.len()), (0, far.len()));
    assert_eq!(members, free);
}

#[test]
fn learnt_inflation_is_reported_and_the_same_on_ranks_and_after_a_stop() {
    let alone = run(&MODEL, &inflated(), 1).unwrap();
    let factors: Vec<_> = alone.1.analyses.iter().map(|analysed| analysed.factors.unwrap()).collect();
    assert!(factors.iter().all(|f| f.mean >= 1.0 && f.largest >= f.mean), "{factors:?}");
    assert!(factors.iter().any(|f| f.largest > 1.01), "{factors:?}");
    assert_ne!(alone.0, run(&MODEL, &options(None), 1).unwrap().0);
    for (size, groups) in [(2, 1), (2, 2), (4, 2), (3, 3)] {
        let on_ranks = run(&MODEL, &Options { groups, ..inflated() }, size).unwrap();
        assert_eq!(on_ranks, alone, "{size} ranks in {groups} groups");
    }
    let folder = tempfile::tempdir().unwrap();
    let until =
        |months| Options { months, checkpoints: options(Some(folder.path())).checkpoints, ..inflated() };
    run(&MODEL, &until(13), 2).unwrap();
    assert_eq!(run(&MODEL, &until(MONTHS), 3).unwrap(), alone, "killed on 2 ranks, resumed on 3");
}

#[test]
fn inflation_of_the_analysis_is_refused_here() {
    let options = VaryingOptions { form: Form::Posterior, ..VaryingOptions::default() };
    let error = run(&MODEL, &Options { inflation: Some(options), ..inflated() }, 1).unwrap_err();
    assert!(error.to_string().contains("form of inflation"), "{error}");
}
