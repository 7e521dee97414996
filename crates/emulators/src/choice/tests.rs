//! Choices that have a right answer.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, Axis};

use super::*;
use crate::friedman::friedman1;
use crate::groups::shuffled;
use crate::scores::Scores;

fn smooth(n: usize, part: u32) -> (Array2<f64>, Vec<f64>) {
    let (x, truth, mut stream) = friedman1(n, 6, part);
    (x, truth.iter().map(|y| 5.0 + y + 0.5 * stream.normal()).collect())
}

/// Steps, which no smooth kernel follows.
fn steps(n: usize, part: u32) -> (Array2<f64>, Vec<f64>) {
    let (x, _, mut stream) = friedman1(n, 6, part);
    let level = |x: ndarray::ArrayView1<'_, f64>| {
        f64::from(u8::from(x[0] > 0.3)) * 4.0 + f64::from(u8::from(x[1] > 0.6)) * 3.0
    };
    let y = x.rows().into_iter().map(|x| 5.0 + level(x) + 0.2 * stream.normal()).collect();
    (x, y)
}

fn candidates() -> Vec<Candidate> {
    Candidate::usual(0)
}

#[test]
fn processes_win_what_is_smooth_and_trees_what_is_not() {
    for (data, trees) in [(smooth as fn(usize, u32) -> _, 0.0..0.3), (steps, 0.7..1.01)] {
        let (x, y) = data(200, 0);
        let folds = shuffled(200, 5).unwrap();
        let (stack, report) = choose(Trial { x: x.view(), y: &y, folds: &folds }, &candidates()).unwrap();
        let weight = report.verdicts.last().unwrap().weight;
        assert!(trees.contains(&weight), "{report}");
        assert_abs_diff_eq!(report.verdicts.iter().map(|v| v.weight).sum::<f64>(), 1.0, epsilon = 1e-9);
        let best = report.verdicts.iter().filter_map(|v| v.scores.as_ref().ok()).map(|s| s.rmse);
        assert!(report.mixture.rmse <= 1.01 * best.fold(f64::INFINITY, f64::min), "{report}");
        let (test, truth) = data(2000, 1);
        let scores = Scores::of(&truth, &stack.distribution(test.view()).unwrap());
        assert!((0.85..0.95).contains(&scores.coverage), "{scores:?}");
        assert!((scores.r2 - report.mixture.r2).abs() < 0.05, "{scores:?} {report}");
    }
}

#[test]
fn a_stored_mixture_predicts_the_same_bits_and_its_derivatives_are_differences() {
    let (x, y) = smooth(80, 0);
    let folds = shuffled(80, 4).unwrap();
    let (stack, _) = choose(Trial { x: x.view(), y: &y, folds: &folds }, &candidates()[..3]).unwrap();
    let place = x.row(7).to_owned();
    let gradient = stack.derivatives(place.view()).unwrap().unwrap();
    for j in 0..6 {
        let moved = |h: f64| {
            let mut place = place.clone().insert_axis(Axis(0));
            place[[0, j]] += h;
            let found = stack.distribution(place.view()).unwrap();
            (found.mean[0], found.variance[0])
        };
        let (up, down) = (moved(1e-4), moved(-1e-4));
        assert_abs_diff_eq!(gradient.mean[j], (up.0 - down.0) / 2e-4, epsilon = 2e-4);
        assert_abs_diff_eq!(gradient.variance[j], (up.1 - down.1) / 2e-4, epsilon = 2e-4);
    }
    let before = stack.distribution(x.view()).unwrap();
    let fitted = Fitted::Stack(Box::new(stack));
    let stored = Fitted::from_json(&fitted.to_json().unwrap()).unwrap();
    assert_eq!(stored.distribution(x.view()).unwrap(), before);
    assert!(Fitted::from_json("{}").is_err());
}

#[test]
fn a_candidate_that_cannot_be_fitted_says_why_and_the_rest_goes_on() {
    let (x, mut y) = smooth(60, 0);
    y[3] = -1.0;
    let folds = shuffled(60, 3).unwrap();
    let all = candidates();
    let (_, report) = choose(Trial { x: x.view(), y: &y, folds: &folds }, &all).unwrap();
    let refused = report.verdicts.iter().find(|v| v.candidate.scale == Scale::Log).unwrap();
    assert!(refused.scores.as_ref().is_err_and(|reason| reason.contains("logarithm")));
    assert_abs_diff_eq!(refused.weight, 0.0);
    assert!(choose(Trial { x: x.view(), y: &y, folds: &folds }, &[]).is_err());
    assert!(choose(Trial { x: x.view(), y: &y, folds: &folds[..2] }, &all).is_err());
}
