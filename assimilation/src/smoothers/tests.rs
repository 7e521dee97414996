//! Smoothers on models whose posterior is known.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, ArrayView2, array};
use reterra_statistics::{Stage, StreamKey};

use super::*;
use crate::analysis::{Departures, Observed, Transform, TransformFilter};
use crate::filters::{Etkf, StochasticEnkf};
use crate::transform::{apply, column_means};

const KEY: StreamKey = StreamKey { seed: 2, stage: Stage::Test, cycle: 0, member: 0, column: 0 };

fn ensemble(members: usize, n: usize) -> Array2<f64> {
    let mut stream = KEY.stream();
    Array2::from_shape_simple_fn((members, n), || stream.normal())
}

#[allow(clippy::unnecessary_wraps, reason = "a window's model may fail")]
fn linear(start: ArrayView2<'_, f64>) -> Result<Array2<f64>, AssimilationError> {
    Ok(start.dot(&array![[1.0, 0.5], [-1.0, 2.0], [0.3, 0.0]]))
}

/// The ETKF's transform for the linear window, observations (2, -1), variances (0.5, 1).
fn transform(e: &Array2<f64>) -> Transform {
    let he = linear(e.view()).unwrap();
    let seen = Observed { he: he.view(), y: &[2.0, -1.0], r: &[0.5, 1.0], key: KEY };
    Etkf.transform(&Departures::new(&seen).unwrap()).unwrap()
}

/// Its posterior.
fn etkf(e: &Array2<f64>) -> Array2<f64> {
    let found = transform(e);
    let mut e = e.clone();
    apply(&found.w, &found.t, 1.0, e.view_mut());
    e
}

#[test]
fn on_a_linear_window_one_iteration_is_the_etkf_and_more_change_nothing() {
    let e = ensemble(6, 3);
    for iterations in [1, 2, 7] {
        let smoother = Ienks { iterations, ..Ienks::default() };
        let found = smoother.smooth(&e, (&[2.0, -1.0], &[0.5, 1.0]), KEY, &mut linear).unwrap();
        assert_abs_diff_eq!(found.transform.chi2, transform(&e).chi2, epsilon = 1e-10);
        assert_abs_diff_eq!(found.transform.dfs, transform(&e).dfs, epsilon = 1e-10);
        let mut smoothed = e.clone();
        apply(&found.transform.w, &found.transform.t, 1.0, smoothed.view_mut());
        assert!((smoothed - etkf(&e)).iter().all(|x| x.abs() < 1e-10), "{iterations} iterations");
    }
}

/// Prior N(0, 0.1²), observation exp(x) = 1.4 with sd 0.01: the mode solves 100 x = 1e4 (1.4 - exp x) exp x.
#[test]
fn gauss_newton_finds_the_mode_of_a_nonlinear_window() {
    let mut x: f64 = 0.3;
    for _ in 0..50 {
        let gradient = 100.0 * x - 1e4 * (1.4 - x.exp()) * x.exp();
        x -= gradient / (100.0 + 1e4 * x.exp() * x.exp());
    }
    let mut e = ensemble(30, 1);
    let (mean, sd) = (column_means(e.view()), crate::transform::column_sds(e.view()));
    e = (e - &mean) / &sd * 0.1;
    let mut window = |start: ArrayView2<'_, f64>| Ok(start.mapv(f64::exp));
    let smoother = Ienks { tolerance: 1e-20, iterations: 50, ..Ienks::default() };
    let found = smoother.smooth(&e, (&[1.4], &[1e-4]), KEY, &mut window).unwrap();
    assert!(found.iterations < 20, "{} iterations", found.iterations);
    apply(&found.transform.w, &found.transform.t, 1.0, e.view_mut());
    // The mean of the exponentials is not the exponential of the mean: exp(x) (1 + s²/2) with s = 0.007.
    assert_abs_diff_eq!(column_means(e.view())[0], x, epsilon = 5e-5);
}

#[test]
fn data_taken_several_times_with_larger_errors_count_once() {
    let e = ensemble(6, 3);
    for mda in [Mda::equal(Etkf, 1), Mda::equal(Etkf, 4), Mda::new(Etkf, vec![8.0, 4.0, 1.6]).unwrap()] {
        let mut found = e.clone();
        mda.update(&mut found, (&[2.0, -1.0], &[0.5, 1.0]), KEY, &mut linear).unwrap();
        let (exact, mean) = (etkf(&e), column_means(found.view()));
        assert!((&mean - &column_means(exact.view())).iter().all(|x| x.abs() < 1e-10));
        let spread = |e: &Array2<f64>| {
            let a = e - &column_means(e.view());
            a.t().dot(&a)
        };
        assert!((spread(&found) - spread(&exact)).iter().all(|x| x.abs() < 1e-10));
    }
    let error = Mda::new(Etkf, vec![2.0, 3.0]).unwrap_err();
    assert!(matches!(error, AssimilationError::Option { .. }), "{error}");
}

/// ES-MDA in four steps on a linear window, 800 members: its mean is the Kalman filter's within sampling error.
#[test]
fn es_mda_meets_a_linear_posterior() {
    let e = ensemble(800, 3);
    let mut found = e.clone();
    let data = (&[2.0, -1.0][..], &[0.5, 1.0][..]);
    Mda::equal(StochasticEnkf, 4).update(&mut found, data, KEY, &mut linear).unwrap();
    let exact = column_means(etkf(&e).view());
    assert_abs_diff_eq!(column_means(found.view()).to_vec()[..], exact.to_vec()[..], epsilon = 0.1);
}
