//! Known deficits of spread in space, and what is never observed.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Axis};
use reterra_statistics::{Stage, StreamKey};

use super::*;
use crate::analysis::{Domain, Filter};
use crate::filters::Etkf;

const COLUMNS: usize = 12;
const MEMBERS: usize = 40;
const ERROR: f64 = 0.25;

fn key(cycle: usize, member: u32) -> StreamKey {
    StreamKey { seed: 1, stage: Stage::Test, cycle: cycle as u32, member, column: 0 }
}

fn normals(cycle: usize, member: u32, count: usize) -> Vec<f64> {
    let mut stream = key(cycle, member).stream();
    (0..count).map(|_| stream.normal()).collect()
}

/// Every observation reaches its own column alone.
fn own() -> Reached {
    Reached((0..COLUMNS).map(|i| vec![(i, 1.0)]).collect())
}

/// Members of variance 1 everywhere; a truth of variance 4 in the left half and 1 in the right.
fn drawn(cycle: usize) -> (Array2<f64>, Vec<f64>) {
    let mut e = Array2::zeros((MEMBERS, COLUMNS));
    for (member, mut row) in e.rows_mut().into_iter().enumerate() {
        row.assign(&ndarray::aview1(&normals(cycle, member as u32, COLUMNS)));
    }
    let (truth, noise) = (normals(cycle, 1000, COLUMNS), normals(cycle, 1001, COLUMNS));
    let sd = |i: usize| if i < COLUMNS / 2 { 2.0 } else { 1.0 };
    (e, (0..COLUMNS).map(|i| sd(i) * truth[i] + ERROR.sqrt() * noise[i]).collect())
}

/// The exact analysis of independent columns.
fn analysed(e: &Array2<f64>, y: &[f64]) -> Array2<f64> {
    let (mean, spread) = (column_means(e.view()), column_sds(e.view()));
    let mut analysis = e.clone();
    for (i, mut column) in analysis.columns_mut().into_iter().enumerate() {
        let gain = spread[i].powi(2) / (spread[i].powi(2) + ERROR);
        let (centre, kept) = (mean[i] + gain * (y[i] - mean[i]), (1.0 - gain).sqrt());
        column.mapv_inplace(|x| centre + kept * (x - mean[i]));
    }
    analysis
}

/// Mean factors of the left and the right half, after learning.
fn learnt(form: Form, distribution: Distribution) -> (f64, f64) {
    let options =
        VaryingOptions { form, distribution, sd: 0.6, least_sd: 0.2, least: 0.05, ..Default::default() };
    let mut factors = Varying::new(COLUMNS, options).unwrap();
    let (mut sums, mut count) = ([0.0; 2], 0.0);
    let r = [ERROR; COLUMNS];
    for cycle in 0..4000 {
        let (mut e, y) = drawn(cycle);
        let mut analysis = analysed(&e, &y);
        let (he, after) = (e.clone(), analysis.clone());
        let seen = |he| Observed { he, y: &y, r: &r, key: key(cycle, 0) };
        factors.before(e.view_mut(), &seen(he.view()), &own()).unwrap();
        factors.after(analysis.view_mut(), &seen(after.view()), &own()).unwrap();
        if cycle >= 1500 {
            let half = |range: std::ops::Range<usize>| -> f64 {
                factors.beliefs()[range].iter().map(|belief| belief.factor).sum()
            };
            sums[0] += half(0..COLUMNS / 2);
            sums[1] += half(COLUMNS / 2..COLUMNS);
            count += COLUMNS as f64 / 2.0;
        }
    }
    (sums[0] / count, sums[1] / count)
}

/// The sampled mean of 40 members adds a fortieth of their variance to every departure. Modes of skewed distributions
/// don't average to the mean, so some percent stay.
#[test]
fn each_half_of_the_columns_finds_its_own_deficit() {
    for form in [Form::Prior, Form::Posterior] {
        for distribution in [Distribution::Normal, Distribution::InverseGamma] {
            let (left, right) = learnt(form, distribution);
            assert!((left / 4.025 - 1.0).abs() < 0.08, "{form:?} {distribution:?}: {left}");
            assert!((right / 1.025 - 1.0).abs() < 0.08, "{form:?} {distribution:?}: {right}");
        }
    }
}

/// A persistent state of two columns, of which the first is observed with errors that its spread can't explain.
fn cycled(form: Form, localisation: Localisation<'_>, mut watch: impl FnMut(&Array2<f64>, &Varying)) {
    let members = 10;
    let mut factors = Varying::new(2, VaryingOptions { form, ..VaryingOptions::default() }).unwrap();
    let reach = Reached::new(localisation, 2, 1);
    let mut e = Array2::from_shape_fn((members, 2), |(k, i)| normals(0, 7 + k as u32, 2)[i]);
    for cycle in 1..=10_000 {
        let y = [5.0 * normals(cycle, 3, 1)[0]];
        let seen = |he| Observed { he, y: &y, r: &[1.0], key: key(cycle, 0) };
        let first = |e: &Array2<f64>| e.select(Axis(1), &[0]);
        let he = first(&e);
        factors.before(e.view_mut(), &seen(he.view()), &reach).unwrap();
        let he = first(&e);
        Etkf.analyse(e.view_mut(), &seen(he.view()), localisation).unwrap();
        let he = first(&e);
        factors.after(e.view_mut(), &seen(he.view()), &reach).unwrap();
        watch(&e, &factors);
    }
}

#[test]
fn what_no_observation_reaches_keeps_its_bits_and_a_factor_of_one() {
    let domains = [
        Domain { columns: vec![0], observations: vec![(0, 1.0)] },
        Domain { columns: vec![1], observations: vec![] },
    ];
    for form in [Form::Prior, Form::Posterior] {
        let mut first: Option<Vec<f64>> = None;
        cycled(form, Localisation::Domains(&domains), |e, factors| {
            let column = e.column(1).to_vec();
            assert_eq!(first.get_or_insert(column.clone()), &column);
            assert_abs_diff_eq!(factors.beliefs()[1].factor, 1.0);
        });
    }
}

/// Without localisation chance relates the second column to the observation of the first in every cycle.
#[test]
fn what_only_chance_relates_to_observations_never_grows() {
    for form in [Form::Prior, Form::Posterior] {
        let mut largest_factor: f64 = 0.0;
        let mut before = f64::INFINITY;
        cycled(form, Localisation::Global, |e, factors| {
            let spread = column_sds(e.view());
            assert!(spread[1] <= before * (1.0 + 1e-12), "{form:?}: {} after {before}", spread[1]);
            before = spread[1];
            assert!(spread[0] > 0.1, "the observed column keeps its spread");
            largest_factor = largest_factor.max(factors.beliefs()[1].factor);
        });
        assert!(largest_factor > 1.1, "{form:?}: the factor would have made it grow");
    }
}

#[test]
fn a_factor_decays_where_observations_stop() {
    let mut factors = Varying::new(COLUMNS, VaryingOptions::default()).unwrap();
    let r = [ERROR; COLUMNS];
    for cycle in 0..30 {
        let (mut e, y) = drawn(cycle);
        let he = e.clone();
        let seen = Observed { he: he.view(), y: &y, r: &r, key: key(cycle, 0) };
        factors.before(e.view_mut(), &seen, &own()).unwrap();
    }
    let learnt = factors.beliefs()[0].factor;
    assert!(learnt > 1.5, "{learnt}");
    let (mut e, _) = drawn(31);
    let (unchanged, he) = (e.clone(), Array2::zeros((MEMBERS, 0)));
    let nothing = Observed { he: he.view(), y: &[], r: &[], key: key(31, 0) };
    for cycle in 1..=10 {
        factors.before(e.view_mut(), &nothing, &Reached(vec![])).unwrap();
        assert_eq!(e, unchanged);
        let expected = 1.0 + 0.9_f64.powi(cycle) * (learnt - 1.0);
        assert_abs_diff_eq!(factors.beliefs()[0].factor, expected, epsilon = 1e-12);
    }
}

#[test]
fn options_and_shapes_that_dont_fit_are_refused() {
    let good = VaryingOptions::default();
    for bad in [
        VaryingOptions { sd: 0.0, ..good },
        VaryingOptions { least_sd: 0.7, ..good },
        VaryingOptions { least: -1.0, ..good },
        VaryingOptions { least: 3.0, largest: 2.0, ..good },
        VaryingOptions { damping: 1.1, ..good },
        VaryingOptions { decay: -0.1, ..good },
    ] {
        assert!(matches!(Varying::new(3, bad), Err(AssimilationError::Option { .. })), "{bad:?}");
    }
    let mut factors = Varying::new(3, good).unwrap();
    let (mut e, he) = (Array2::zeros((5, 2)), Array2::zeros((5, 1)));
    let seen = Observed { he: he.view(), y: &[0.0], r: &[1.0], key: key(0, 0) };
    assert!(factors.before(e.view_mut(), &seen, &Reached(vec![vec![]])).is_err());
}
