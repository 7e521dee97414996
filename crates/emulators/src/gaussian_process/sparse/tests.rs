//! A sparse process beside the exact one.

use approx::assert_abs_diff_eq;

use super::*;
use crate::friedman::friedman1;
use crate::scores::Scores;

fn noisy(n: usize, part: u32) -> (Array2<f64>, Vec<f64>) {
    let (x, truth, mut stream) = friedman1(n, 6, part);
    (x, truth.iter().map(|y| y + 0.5 * stream.normal()).collect())
}

#[test]
fn it_predicts_nearly_as_well_as_the_exact_process_with_bands_that_cover() {
    let (x, y) = noisy(600, 0);
    let (test, truth) = noisy(1000, 1);
    let options = SparseOptions { inducing: 150, first: 200, ..Default::default() };
    let sparse = SparseProcess::fit(x.view(), &y, &options).unwrap();
    let exact = GaussianProcess::fit(x.view(), &y, &GaussianProcessOptions::default()).unwrap();
    let [sparse_scores, exact_scores] = [&sparse as &dyn Emulator, &exact]
        .map(|emulator| Scores::of(&truth, &emulator.distribution(test.view()).unwrap()));
    assert!(sparse_scores.rmse < 1.05 * exact_scores.rmse, "{sparse_scores:?} {exact_scores:?}");
    assert!((sparse_scores.coverage - 0.9).abs() < 0.04, "{sparse_scores:?}");
    assert!((sparse.hyperparameters().noise_sd - 0.5).abs() < 0.08);
    assert!(sparse.bound() < exact.log_likelihood() + 5.0);
    let left_out = sparse.left_out();
    let square = left_out.z.iter().map(|z| z * z).sum::<f64>() / 600.0;
    assert!((square - 1.0).abs() < 0.2, "{square}");
}

#[test]
fn derivatives_are_differences_and_storage_keeps_every_bit() {
    let (x, y) = noisy(150, 0);
    let options = SparseOptions { inducing: 40, first: 100, ..Default::default() };
    let sparse = SparseProcess::fit(x.view(), &y, &options).unwrap();
    let place = x.row(3).to_owned();
    let gradient = sparse.derivatives(place.view()).unwrap().unwrap();
    for j in 0..6 {
        let moved = |h: f64| {
            let mut place = place.clone().insert_axis(Axis(0));
            place[[0, j]] += h;
            let found = sparse.distribution(place.view()).unwrap();
            (found.mean[0], found.variance[0])
        };
        let (up, down) = (moved(1e-4), moved(-1e-4));
        assert_abs_diff_eq!(gradient.mean[j], (up.0 - down.0) / 2e-4, epsilon = 1e-4);
        assert_abs_diff_eq!(gradient.variance[j], (up.1 - down.1) / 2e-4, epsilon = 1e-4);
    }
    let text = serde_json::to_string(&sparse).unwrap();
    let stored: SparseProcess = serde_json::from_str(&text).unwrap();
    assert_eq!(stored.distribution(x.view()).unwrap(), sparse.distribution(x.view()).unwrap());
    assert!(sparse.predict(x.slice(ndarray::s![.., ..2])).is_err());
}
