//! The baselines on invented and on real stations.

use reterra_statistics::scores::Pairwise;

use super::*;
use crate::stages::fixture::{Bench, monthly_data};

fn pooled(predicted: &Array2<f64>, cases: &[StationCase], variable: Variable) -> Pairwise {
    let mut pairs = Pairwise::default();
    for (row, case) in predicted.rows().into_iter().zip(cases) {
        for (value, observed) in row.iter().zip(&case.withheld[&variable]) {
            if let (Some(observed), true) = (observed, value.is_finite()) {
                pairs.push(*observed, *value);
            }
        }
    }
    pairs
}

/// The published figures of these baselines on the 48 stations: climatology 0.770, 0.686, 0.761; trees 0.743,
/// 0.652, 0.773; with the station left out 0.589, 0.364, 0.647. The trees must not fall behind theirs.
#[test]
fn baselines_reach_their_known_scores_on_the_monthly_stations() {
    let Some(bench) = monthly_data() else { return };
    let path = bench.run_until("baselines").join(PREDICTIONS);
    let (predictions, cases) = (read(&path).unwrap(), load_cases(bench.workflow()).unwrap());
    let score = |run, variable| {
        let pairs = pooled(&predictions[&(run, variable)], &cases, variable);
        println!("{run:?} {} {} {:.3}", variable.name(), pairs.n(), pairs.r2().unwrap());
        (pairs.n(), pairs.r2().unwrap())
    };
    let climatology = VARIABLES.map(|v| score(Run::Climatology, v));
    for ((n, r2), (months, expected)) in climatology.iter().zip([(1831, 0.770), (1831, 0.686), (1784, 0.761)])
    {
        assert!(n.abs_diff(months) <= 2, "{n} months, expected about {months}");
        assert!((r2 - expected).abs() < 0.0006, "{r2} {expected}");
    }
    for (variable, least) in VARIABLES.into_iter().zip([0.743, 0.64, 0.773]) {
        assert!(score(Run::BoostedTrees, variable).1 >= least, "{}", variable.name());
    }
    for (variable, least) in VARIABLES.into_iter().zip([0.55, 0.34, 0.62]) {
        assert!(score(Run::BoostedTreesLeaveOut, variable).1 >= least, "{}", variable.name());
    }
}

#[test]
fn without_withheld_observations_there_is_nothing_to_score() {
    let bench = Bench::of_normals();
    let path = bench.run_until("baselines").join(PREDICTIONS);
    assert!(read(&path).unwrap().is_empty());
}
