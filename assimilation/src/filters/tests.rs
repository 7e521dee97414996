//! Every filter against the Kalman filter, and against exact posteriors where it isn't one.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, ArrayView2, Axis};
use reterra_statistics::{Stage, StreamKey};

use super::*;
use crate::AssimilationError;
use crate::analysis::{CovarianceTaper, Domain, Filter, Localisation, Observed, TransformFilter};
use crate::transform::column_means;
use crate::variational::ThreeDVar;

const KEY: StreamKey = StreamKey { seed: 11, stage: Stage::Test, cycle: 4, member: 0, column: 0 };
const OBSERVED: [usize; 3] = [0, 2, 3];
const Y: [f64; 3] = [1.5, -0.5, 2.0];
const R: [f64; 3] = [0.5, 1.0, 2.0];

fn normal_ensemble(members: usize, n: usize) -> Array2<f64> {
    let mut stream = KEY.stream();
    Array2::from_shape_simple_fn((members, n), || stream.normal())
}

fn analysed(filter: &dyn Filter, e: &Array2<f64>, localisation: Localisation<'_>) -> Array2<f64> {
    let mut e = e.clone();
    let he = e.select(Axis(1), &OBSERVED);
    let seen = Observed { he: he.view(), y: &Y, r: &R, key: KEY };
    filter.analyse(e.view_mut(), &seen, localisation).unwrap();
    e
}

fn covariance(e: ArrayView2<'_, f64>) -> Array2<f64> {
    let a = &e - &column_means(e);
    a.t().dot(&a) / (e.nrows() - 1) as f64
}

/// Mean and covariance of the Kalman filter, and `K H P`.
fn kalman(e: &Array2<f64>) -> (Array1<f64>, Array2<f64>, Array2<f64>) {
    let (mean, p) = (column_means(e.view()), covariance(e.view()));
    let h = Array2::eye(e.ncols()).select(Axis(0), &OBSERVED);
    let analysis = ThreeDVar::new(p.view(), h.clone(), &R).unwrap();
    let gain = |column: Array1<f64>| {
        analysis.analyse(Array1::zeros(e.ncols()).view(), h.dot(&column).as_slice().unwrap()).unwrap()
    };
    let mut khp = Array2::zeros(p.dim());
    for (j, mut column) in khp.columns_mut().into_iter().enumerate() {
        column.assign(&gain(p.column(j).to_owned()));
    }
    (analysis.analyse(mean.view(), &Y).unwrap(), &p - &khp, khp)
}

fn check(
    filter: &dyn Filter,
    members: usize,
    covariance_of: impl Fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>,
) {
    let e = normal_ensemble(members, 5);
    let (mean, exact, khp) = kalman(&e);
    let found = analysed(filter, &e, Localisation::Global);
    let distance = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let error = (column_means(found.view()) - mean).iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    assert!(error < 1e-12, "{members} members: the mean is off by {error}");
    let error = distance(&covariance(found.view()), &covariance_of(&exact, &khp));
    assert!(error < 1e-12, "{members} members: the covariance is off by {error}");
}

#[test]
fn square_root_filters_have_the_kalman_mean_and_covariance() {
    // More and fewer members than observations: both decompositions.
    for members in [2, 3, 4, 12] {
        check(&Etkf, members, |exact, _| exact.clone());
        check(&Estkf, members, |exact, _| exact.clone());
        check(&SerialEakf, members, |exact, _| exact.clone());
    }
}

/// `(I - KH/2) P (I - KH/2)ᵀ` exceeds `(I - KH) P` by a quarter of `K H P Hᵀ Kᵀ`.
#[test]
fn the_denkf_has_the_kalman_mean_and_its_known_excess_of_covariance() {
    let e = normal_ensemble(8, 5);
    let (_, p) = (column_means(e.view()), covariance(e.view()));
    check(&DEnkf, 8, |exact, khp| {
        // K H = (K H P) P⁻¹, and K H P Hᵀ Kᵀ = (K H P) P⁻¹ (K H P)ᵀ.
        let l = crate::linear_algebra::cholesky(p.view(), "p").unwrap();
        let mut solved = khp.t().to_owned();
        for mut column in solved.columns_mut() {
            let mut x = column.to_vec();
            crate::linear_algebra::solve_cholesky(l.view(), &mut x);
            column.assign(&Array1::from(x));
        }
        exact + &(khp.dot(&solved) * 0.25)
    });
}

#[test]
fn estkf_and_etkf_give_the_same_members() {
    let e = normal_ensemble(6, 5);
    let (a, b) = (analysed(&Etkf, &e, Localisation::Global), analysed(&Estkf, &e, Localisation::Global));
    assert!((a - b).iter().all(|x| x.abs() < 1e-12));
}

/// The sampling error of a covariance of 1,000 members is 1/√500 of it: limit at four of them.
#[test]
fn the_stochastic_filter_has_the_kalman_mean_and_its_covariance_on_average() {
    let e = normal_ensemble(1000, 5);
    let (mean, exact, _) = kalman(&e);
    let found = analysed(&StochasticEnkf, &e, Localisation::Global);
    assert_abs_diff_eq!(column_means(found.view()).to_vec()[..], mean.to_vec()[..], epsilon = 1e-12);
    assert!((covariance(found.view()) - exact).iter().all(|x| x.abs() < 0.18));
}

/// A hyper-prior that is certain is the ETKF's; an agnostic one inflates where the innovation is large.
#[test]
fn the_finite_size_filter_inflates_by_what_the_innovation_asks() {
    let e = normal_ensemble(6, 5);
    let certain = EnkfN { certainty: 1e9, ..EnkfN::default() };
    let spread = |filter: &dyn Filter, shift: f64| {
        let mut e = e.clone();
        let he = e.select(Axis(1), &OBSERVED);
        let y = Y.map(|y| y + shift);
        let seen = Observed { he: he.view(), y: &y, r: &R, key: KEY };
        filter.analyse(e.view_mut(), &seen, Localisation::Global).unwrap();
        covariance(e.view()).diag().sum()
    };
    let etkf = spread(&Etkf, 0.0);
    // eN / cL < 1 remains of the certain prior's mode: (N + 1)(N - 1) / N² to the power of what isn't observed.
    assert!((spread(&certain, 0.0) / etkf - 1.0).abs() < 0.03);
    assert!(spread(&EnkfN::default(), 20.0) > 1.5 * spread(&EnkfN::default(), 0.0));
}

/// Two modes at ∓1, prior weights equal, observation 1 with variance r: posterior weight of the right is
/// 1 / (1 + exp(-2/r)).
#[test]
fn weights_follow_bayes_rule_where_the_prior_has_two_modes() {
    let members = 400;
    let e = Array2::from_shape_fn((members, 1), |(i, _)| if i < members / 2 { 1.0 } else { -1.0 });
    let seen = Observed { he: e.view(), y: &[1.0], r: &[2.0], key: KEY };
    let right = 1.0 / (1.0 + (-1.0_f64).exp());
    let filter = ParticleFilter { regularisation: 0.0, resample_below: 1.0, dimensions: None };
    for (filter, name) in
        [(&Lnetf::default() as &dyn Filter, "LNETF"), (&filter as &dyn Filter, "particle filter")]
    {
        let mut found = e.clone();
        filter.analyse(found.view_mut(), &seen, Localisation::Global).unwrap();
        let (mean, spread) = (column_means(found.view())[0], covariance(found.view())[[0, 0]]);
        assert!((mean - (2.0 * right - 1.0)).abs() < 2.0 / members as f64, "{name}: mean {mean}");
        assert!((spread - 4.0 * right * (1.0 - right)).abs() < 0.01, "{name}: variance {spread}");
    }
}

/// 2,000 equal quantiles of N(0, 1), observed as 1 with variance 1: posterior N(1/2, 1/2). The ends of the ensemble cut
/// its tails.
#[test]
fn the_rank_histogram_filter_finds_a_normal_posterior() {
    let members = 2000;
    let mut e = Array2::from_shape_fn((members, 1), |(i, _)| {
        reterra_statistics::normal::quantile((i as f64 + 0.5) / members as f64)
    });
    let he = e.clone();
    let seen = Observed { he: he.view(), y: &[1.0], r: &[1.0], key: KEY };
    RankHistogramFilter.analyse(e.view_mut(), &seen, Localisation::Global).unwrap();
    assert_abs_diff_eq!(column_means(e.view())[0], 0.5, epsilon = 5e-3);
    assert_abs_diff_eq!(covariance(e.view())[[0, 0]], 0.5, epsilon = 5e-3);
}

#[test]
fn particles_are_resampled_where_few_of_them_count_and_keep_the_weighted_moments() {
    let members = 5000;
    let start = normal_ensemble(members, 2);
    let filter = ParticleFilter { regularisation: 0.0, resample_below: 0.5, dimensions: None };
    let (mut e, mut weights) = (start.clone(), vec![1.0 / members as f64; members]);
    filter.resample(e.view_mut(), &mut weights, KEY).unwrap();
    assert_eq!(e, start, "equal weights need no resampling");
    let he = start.select(Axis(1), &[0]);
    let seen = Observed { he: he.view(), y: &[1.0], r: &[0.1], key: KEY };
    filter.weigh(&mut weights, &seen).unwrap();
    let weighted = Array1::from(weights.clone()).dot(&start);
    filter.resample(e.view_mut(), &mut weights, KEY).unwrap();
    assert!(weights.iter().all(|w| (w * members as f64 - 1.0).abs() < 1e-12));
    let mean = column_means(e.view());
    // Counts are off by at most one: four standard errors of spreads 0.3 and 1 over 5,000 halves.
    assert_abs_diff_eq!(mean[0], weighted[0], epsilon = 0.0085);
    assert_abs_diff_eq!(mean[1], weighted[1], epsilon = 0.03);
}

#[test]
fn a_domain_of_everything_is_no_localisation_and_an_unobserved_one_stays() {
    let e = normal_ensemble(6, 5);
    let all = (0..OBSERVED.len()).map(|j| (j, 1.0)).collect();
    let domains = [
        Domain { columns: vec![0, 1, 2, 4], observations: all },
        Domain { columns: vec![3], observations: Vec::new() },
    ];
    let filters: [&dyn Filter; 3] = [&Etkf, &StochasticEnkf, &EnkfN::default()];
    for filter in filters {
        let global = analysed(filter, &e, Localisation::Global);
        let local = analysed(filter, &e, Localisation::Domains(&domains));
        for column in [0, 1, 2, 4] {
            assert_eq!(local.column(column), global.column(column));
        }
        assert_eq!(local.column(3), e.column(3));
    }
}

#[test]
fn tapers_of_one_are_no_localisation_and_tapers_of_zero_keep_the_state() {
    let e = normal_ensemble(6, 5);
    let ones = |n: usize| vec![(0..n).map(|i| (i, 1.0)).collect::<Vec<_>>(); OBSERVED.len()];
    let taper = CovarianceTaper { state: ones(5), observed: ones(OBSERVED.len()) };
    for filter in [&SerialEakf as &dyn Filter, &RankHistogramFilter] {
        let global = analysed(filter, &e, Localisation::Global);
        assert_eq!(analysed(filter, &e, Localisation::Covariance(&taper)), global);
        let none = CovarianceTaper { state: vec![Vec::new(); OBSERVED.len()], ..taper.clone() };
        assert_eq!(analysed(filter, &e, Localisation::Covariance(&none)), e);
    }
}

#[test]
fn a_form_of_localisation_that_a_method_lacks_is_an_error() {
    let e = normal_ensemble(4, 5);
    let he = e.select(Axis(1), &OBSERVED);
    let seen = Observed { he: he.view(), y: &Y, r: &R, key: KEY };
    let taper = CovarianceTaper { state: vec![Vec::new(); 3], observed: vec![Vec::new(); 3] };
    let refused = |filter: &dyn Filter, localisation: Localisation<'_>| {
        let error = filter.analyse(e.clone().view_mut(), &seen, localisation).unwrap_err();
        assert!(matches!(error, AssimilationError::Localisation { .. }), "{error}");
    };
    refused(&Etkf, Localisation::Covariance(&taper));
    refused(&SerialEakf, Localisation::Domains(&[]));
}

/// Perturbations belong to an observation, not to its place in a domain.
#[test]
fn domains_that_share_an_observation_share_its_perturbations() {
    let e = normal_ensemble(5, 5);
    let alone = |j| [Domain { columns: vec![OBSERVED[j]], observations: vec![(j, 1.0)] }];
    let found = analysed(&StochasticEnkf, &e, Localisation::Domains(&alone(2)));
    let mut stream = StreamKey { stage: Stage::Filter, column: 2, ..KEY }.stream();
    let draws: Array1<f64> = (0..5).map(|_| stream.normal()).collect();
    let perturbed = (&draws - draws.mean().unwrap()) * 1.25_f64.sqrt();
    let prior = e.column(3).to_owned();
    let variance = covariance(e.view())[[3, 3]];
    let gain = variance / (variance + R[2]);
    for i in 0..5 {
        let own = Y[2] - R[2].sqrt() * perturbed[i];
        assert_abs_diff_eq!(found[[i, 3]], prior[i] + gain * (own - prior[i]), epsilon = 1e-12);
    }
}

#[test]
fn every_transform_keeps_the_sum_of_anomalies_at_zero() {
    let e = normal_ensemble(7, 5);
    let he = e.select(Axis(1), &OBSERVED);
    let seen = crate::analysis::Departures::new(&Observed { he: he.view(), y: &Y, r: &R, key: KEY }).unwrap();
    let anomalies = &e - &column_means(e.view());
    let particles = ParticleFilter { regularisation: 1.0, resample_below: 1.0, dimensions: None };
    let filters: [&dyn TransformFilter; 7] =
        [&Etkf, &Estkf, &DEnkf, &StochasticEnkf, &EnkfN::default(), &Lnetf::default(), &particles];
    for (k, filter) in filters.iter().enumerate() {
        let t = filter.transform(&seen).unwrap().t;
        let sum = t.dot(&anomalies).sum_axis(Axis(0));
        assert!(sum.iter().all(|x| x.abs() < 1e-12), "filter {k}: {sum}");
    }
}
