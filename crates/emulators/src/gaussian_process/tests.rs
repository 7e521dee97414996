//! Fits and predictions against formulas, other packages' figures, and differences.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array};

use super::*;

/// The function, and outputs with errors of standard deviation 0.5.
fn friedman1(n: usize, d: usize, part: u32) -> (Array2<f64>, Vec<f64>, Vec<f64>) {
    let (x, truth, mut stream) = crate::friedman::friedman1(n, d, part);
    let noisy = truth.iter().map(|y| y + 0.5 * stream.normal()).collect();
    (x, truth, noisy)
}

fn every_choice() -> impl Iterator<Item = GaussianProcessOptions> {
    [Kernel::Rbf, Kernel::Matern32, Kernel::Matern52].into_iter().flat_map(|kernel| {
        [Mean::Constant, Mean::Linear].map(|mean| GaussianProcessOptions {
            kernel,
            mean,
            starts: 2,
            ..Default::default()
        })
    })
}

#[test]
fn friedman1_is_learnt_with_its_noise_and_honest_bands() {
    let (x, _, y) = friedman1(300, 10, 0);
    let (test, truth, _) = friedman1(500, 10, 1);
    let options = GaussianProcessOptions { kernel: Kernel::Rbf, ..Default::default() };
    let process = GaussianProcess::fit(x.view(), &y, &options).unwrap();
    let hyper = process.hyperparameters();
    assert!((hyper.noise_sd - 0.5).abs() < 0.08, "{}", hyper.noise_sd);
    // Five inputs matter, five don't.
    let relevant = hyper.length_scales[..5].iter().copied().fold(0.0, f64::max);
    let other = hyper.length_scales[5..].iter().copied().fold(f64::INFINITY, f64::min);
    assert!(other > 2.0 * relevant, "{hyper:?}");
    let found = process.predict_with_variance(test.view()).unwrap();
    let gaps = || found.mean.iter().zip(&truth).map(|(mean, truth)| mean - truth);
    let rmse = (gaps().map(|gap| gap * gap).sum::<f64>() / 500.0).sqrt();
    assert!(rmse < 0.3, "{rmse}");
    let inside = gaps().zip(&found.variance).filter(|(gap, variance)| gap.abs() < 1.645 * variance.sqrt());
    let coverage = inside.count() as f64 / 500.0;
    assert!((0.82..0.97).contains(&coverage), "{coverage}");
}

#[test]
fn gradients_are_derivatives_of_predictions() {
    let (x, _, y) = friedman1(60, 5, 0);
    for options in every_choice() {
        let process = GaussianProcess::fit(x.view(), &y, &options).unwrap();
        let place = array![0.3, 0.6, 0.2, 0.7, 1.2];
        let gradient = process.gradient(place.view()).unwrap();
        for j in 0..5 {
            let moved = |h: f64| {
                let mut place = place.clone().insert_axis(ndarray::Axis(0));
                place[[0, j]] += h;
                let found = process.predict_with_variance(place.view()).unwrap();
                (found.mean[0], found.variance[0])
            };
            let (up, down) = (moved(1e-4), moved(-1e-4));
            assert_abs_diff_eq!(gradient.mean[j], (up.0 - down.0) / 2e-4, epsilon = 1e-4);
            assert_abs_diff_eq!(gradient.variance[j], (up.1 - down.1) / 2e-4, epsilon = 1e-4);
        }
    }
}

#[test]
fn leaving_one_out_is_refitting_without_it() {
    let (x, _, y) = friedman1(40, 5, 0);
    for options in every_choice() {
        let process = GaussianProcess::fit(x.view(), &y, &options).unwrap();
        let out = process.leave_one_out();
        let rows: Vec<usize> = (0..40).filter(|&i| i != 17).collect();
        let data = data(&process.scaling, x.view(), &y, (&process.stored.known, options.mean));
        let without = data.rows(&rows).factor(options.kernel, &process.stored.hyper).unwrap();
        let z = likelihood::scaled(data.x.view(), &process.stored.hyper.length_scales);
        let alone = GaussianProcess {
            stored: process.stored.clone(),
            scaling: process.scaling.clone(),
            z: z.select(ndarray::Axis(0), &rows),
            factor: without,
        };
        let found = alone.predict_with_variance(x.slice(ndarray::s![17..18, ..])).unwrap();
        let noise = process.hyperparameters().noise_sd.powi(2);
        assert_abs_diff_eq!(out.mean[17], found.mean[0], epsilon = 1e-6);
        assert_abs_diff_eq!(out.variance[17], found.variance[0] + noise, epsilon = 1e-5);
        assert_abs_diff_eq!(out.z[17], (y[17] - out.mean[17]) / out.variance[17].sqrt(), epsilon = 1e-9);
    }
}

#[test]
fn known_noise_is_kept_and_noiseless_outputs_are_met() {
    let x = Array2::from_shape_fn((12, 1), |(i, _)| i as f64);
    let y: Vec<f64> = x.iter().map(|x| (0.5 * x).sin()).collect();
    let exact = GaussianProcessOptions { noise: OutputNoise::Known(vec![0.0; 12]), ..Default::default() };
    let process = GaussianProcess::fit(x.view(), &y, &exact).unwrap();
    let found = process.predict_with_variance(x.view()).unwrap();
    for (k, y) in y.iter().enumerate() {
        assert_abs_diff_eq!(found.mean[k], y, epsilon = 1e-5);
        assert!(found.variance[k] < 1e-6);
    }
    // One row that is known to be bad is not followed.
    let mut variances = vec![1e-6; 12];
    variances[6] = 100.0;
    let mut spoilt = y.clone();
    spoilt[6] += 3.0;
    let options = GaussianProcessOptions { noise: OutputNoise::Known(variances), ..Default::default() };
    let process = GaussianProcess::fit(x.view(), &spoilt, &options).unwrap();
    let found = process.predict(x.view()).unwrap();
    assert!((found[6] - y[6]).abs() < 0.05, "{} {}", found[6], y[6]);
}

#[test]
fn a_stored_process_predicts_the_same_bits_and_fitting_repeats() {
    let (x, _, y) = friedman1(80, 5, 0);
    let fit = || GaussianProcess::fit(x.view(), &y, &GaussianProcessOptions::default()).unwrap();
    let process = fit();
    let text = process.to_json().unwrap();
    assert_eq!(text, fit().to_json().unwrap());
    let stored = GaussianProcess::from_json(&text).unwrap();
    let (test, ..) = friedman1(600, 5, 1);
    assert_eq!(
        stored.predict_with_variance(test.view()).unwrap(),
        process.predict_with_variance(test.view()).unwrap()
    );
}

#[test]
fn a_part_of_the_data_finds_the_same_hyperparameters_from_those_of_all() {
    let (x, _, y) = friedman1(200, 5, 0);
    let options = GaussianProcessOptions::default();
    let whole = GaussianProcess::fit(x.view(), &y, &options).unwrap();
    let (part, outputs) = (x.slice(ndarray::s![40.., ..]), &y[40..]);
    let anew = GaussianProcess::fit(part, outputs, &options).unwrap();
    let near = whole.refit(part, outputs, &options).unwrap();
    assert!((anew.log_likelihood() - near.log_likelihood()).abs() < 0.2);
    let noise = |process: &GaussianProcess| process.hyperparameters().noise_sd;
    assert_abs_diff_eq!(noise(&anew), noise(&near), epsilon = 0.02);
    assert!(whole.refit(x.slice(ndarray::s![.., ..3]), &y, &options).is_err());
}

#[test]
fn bad_data_are_errors() {
    let (x, _, y) = friedman1(20, 5, 0);
    let refused = |x: &Array2<f64>, y: &[f64], options: &GaussianProcessOptions| {
        GaussianProcess::fit(x.view(), y, options).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let plain = GaussianProcessOptions::default();
    assert!(refused(&x, &y[1..], &plain).contains("20 rows"));
    let mut holed = x.clone();
    holed[[3, 1]] = f64::NAN;
    assert!(refused(&holed, &y, &plain).contains("input 1 of row 3"));
    let noise = GaussianProcessOptions { noise: OutputNoise::Known(vec![-1.0; 20]), ..Default::default() };
    assert!(refused(&x, &y, &noise).contains("row 0"));
    let few = array![[1.0], [2.0], [3.0]];
    let linear = GaussianProcessOptions { mean: Mean::Linear, ..Default::default() };
    assert!(refused(&few, &[1.0, 2.0, 3.0], &linear).contains("at least 4"));
    let process = GaussianProcess::fit(x.view(), &y, &plain).unwrap();
    assert!(process.predict(few.view()).is_err());
    assert!(GaussianProcess::from_json("{}").is_err());
}

#[test]
fn an_input_that_never_varies_and_equal_outputs_are_survived() {
    let (mut x, _, y) = friedman1(40, 5, 0);
    x.column_mut(4).fill(2.0);
    let process = GaussianProcess::fit(x.view(), &y, &GaussianProcessOptions::default()).unwrap();
    assert!(process.predict(x.view()).unwrap().iter().all(|y| y.is_finite()));
    let process = GaussianProcess::fit(x.view(), &[3.0; 40], &GaussianProcessOptions::default()).unwrap();
    assert!(process.predict(x.view()).unwrap().iter().all(|y| (y - 3.0).abs() < 1e-6));
}

#[test]
fn a_place_by_itself_is_predicted_as_among_others() {
    let (x, truth, _) = friedman1(60, 5, 0);
    let places = [[0.3, 0.6, 0.2, 0.7, 1.2], [-0.4, 0.5, 0.5, 0.1, 0.9], [0.31, 0.6, 0.2, 0.7, 0.5]];
    for options in every_choice() {
        // Outputs without noise: covariances are as close to singular as they get.
        let process = GaussianProcess::fit(x.view(), &truth, &options).unwrap();
        let single = Pointwise::new(&process);
        for place in places {
            let found = process.predict_with_variance(ndarray::aview2(&[place])).unwrap();
            let slopes = process.gradient(ndarray::aview1(&place)).unwrap();
            let (at, gradient) = single.with_gradient(&place).unwrap();
            assert_eq!(single.moments(&place).unwrap(), at);
            assert_eq!(single.mean_with_gradient(&place).unwrap(), (at.mean, gradient.mean.clone()));
            let close = |a: f64, b: f64| assert_abs_diff_eq!(a, b, epsilon = 1e-6 * (1e-2 + a.abs()));
            close(found.mean[0], at.mean);
            close(found.variance[0], at.variance);
            slopes.mean.iter().zip(&gradient.mean).for_each(|(a, b)| close(*a, *b));
            slopes.variance.iter().zip(&gradient.variance).for_each(|(a, b)| close(*a, *b));
        }
        assert!(single.moments(&places[0][..4]).is_err() && single.moments(&[f64::NAN; 5]).is_err());
    }
}
