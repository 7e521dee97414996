//! Fits against other libraries' figures, and what options promise.

use ndarray::{Array2, array};

use super::*;
use crate::friedman::friedman1;

fn noisy(truth: &[f64], stream: &mut reterra_statistics::Stream) -> Vec<f64> {
    truth.iter().map(|y| y + stream.normal()).collect()
}

fn rmse(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn friedman1_is_learnt_as_well_as_by_other_boosting_libraries() {
    // 5000 rows, 25 inputs of noise, noise sd 1, these options: XGBoost 3.2 reaches 0.751, LightGBM 4.7 0.733 against
    // the truth without noise.
    let (x, truth, mut stream) = friedman1(5000, 30, 0);
    let y = noisy(&truth, &mut stream);
    let model = Boosting::fit(x.view(), &y, &BoostingOptions::default()).unwrap();
    let (x, truth, _) = friedman1(10_000, 30, 1);
    let error = rmse(&model.predict(x.view()).unwrap(), &truth);
    assert!((0.70..0.77).contains(&error), "{error}");
    let importance = model.importance();
    let least = importance[..5].iter().map(|i| i.gain).fold(f64::INFINITY, f64::min);
    assert!(importance[5..].iter().all(|noise| noise.gain < 0.2 * least), "{importance:?}");
}

#[test]
fn quantiles_cover_what_they_say() {
    let (x, truth, mut stream) = friedman1(5000, 8, 0);
    let y = noisy(&truth, &mut stream);
    let (test, truth, mut stream) = friedman1(5000, 8, 1);
    let outputs = noisy(&truth, &mut stream);
    for probability in [0.1, 0.5, 0.9] {
        let options = BoostingOptions {
            loss: Loss::Quantile(probability),
            trees: 150,
            depth: 3,
            leaf_rows: 50,
            ..Default::default()
        };
        let model = Boosting::fit(x.view(), &y, &options).unwrap();
        let found = model.predict(test.view()).unwrap();
        let below = outputs.iter().zip(&found).filter(|(y, q)| y < q).count() as f64 / 5000.0;
        // Fitted residuals are smaller than new ones, by which tails are a little short.
        assert!((below - probability).abs() < 0.05, "{probability} {below}");
    }
}

#[test]
fn a_monotone_prediction_never_turns_back_whatever_the_loss() {
    // Falls and rises in the first input, and falls in the second by turns of the third.
    let (x, _, mut stream) = friedman1(1500, 5, 0);
    let bent = |x: ndarray::ArrayView1<'_, f64>| {
        (12.0 * x[0]).sin() - 3.0 * x[1] * x[2] + 4.0 * (x[0] - 0.5).powi(2)
    };
    let y: Vec<f64> = x.rows().into_iter().map(|x| bent(x) + 0.3 * stream.normal()).collect();
    for loss in [Loss::Squared, Loss::Quantile(0.1), Loss::Quantile(0.8)] {
        let options = BoostingOptions {
            loss,
            trees: 60,
            monotone: [&[Monotone::Rising, Monotone::Falling][..], &[Monotone::Free; 3]].concat(),
            ..Default::default()
        };
        let model = Boosting::fit(x.view(), &y, &options).unwrap();
        let (places, ..) = friedman1(200, 5, 2);
        for place in places.rows() {
            for (input, sign) in [(0, 1.0), (1, -1.0)] {
                let mut line = Array2::from_shape_fn((60, 5), |(_, j)| place[j]);
                line.column_mut(input).iter_mut().enumerate().for_each(|(i, x)| *x = i as f64 / 59.0);
                let found = model.predict(line.view()).unwrap();
                assert!(found.windows(2).all(|w| sign * (w[1] - w[0]) >= -1e-9), "{loss:?} {input}");
            }
        }
    }
}

#[test]
fn missing_inputs_cost_accuracy_and_their_own_direction_is_learnt() {
    let (mut x, truth, _) = friedman1(2000, 6, 0);
    x.column_mut(5).fill(3.0);
    let (mut test, test_truth, _) = friedman1(1000, 6, 1);
    let options = BoostingOptions { trees: 100, ..BoostingOptions::default() };
    let whole = Boosting::fit(x.view(), &truth, &options).unwrap();
    let whole = rmse(&whole.predict(test.view()).unwrap(), &test_truth);
    for data in [&mut x, &mut test] {
        data.column_mut(0).iter_mut().step_by(3).for_each(|x| *x = f64::NAN);
    }
    let holed = Boosting::fit(x.view(), &truth, &options).unwrap();
    let holed = rmse(&holed.predict(test.view()).unwrap(), &test_truth);
    let spread = rmse(&test_truth, &vec![14.4; 1000]);
    assert!(whole < holed && holed < 0.5 * spread, "{whole} {holed} {spread}");
    // Missing means high, though the highest values mean low.
    let x = Array2::from_shape_fn((200, 1), |(i, _)| if i % 4 == 0 { f64::NAN } else { i as f64 });
    let y: Vec<f64> = x.iter().map(|x| if x.is_nan() { 5.0 } else { -x / 100.0 }).collect();
    let model = Boosting::fit(x.view(), &y, &options).unwrap();
    let found = model.predict(array![[f64::NAN], [199.0]].view()).unwrap();
    assert!((found[0] - 5.0).abs() < 0.1 && (found[1] + 1.99).abs() < 0.1, "{found:?}");
}

#[test]
fn threads_and_storage_leave_every_bit() {
    let (x, truth, mut stream) = friedman1(20_000, 20, 0);
    let y = noisy(&truth, &mut stream);
    let options = BoostingOptions { trees: 5, row_share: 0.9, input_share: 0.7, ..Default::default() };
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Boosting::fit(x.view(), &y, &options).unwrap())
    };
    let text = fit(1).to_json().unwrap();
    for threads in [2, 4] {
        assert_eq!(text, fit(threads).to_json().unwrap());
    }
    let stored = Boosting::from_json(&text).unwrap();
    assert!(stored.predict(x.view()).unwrap() == fit(2).predict(x.view()).unwrap());
}

#[test]
fn folds_tell_when_to_stop() {
    let (x, truth, mut stream) = friedman1(300, 10, 0);
    let y: Vec<f64> = truth.iter().map(|y| y + 3.0 * stream.normal()).collect();
    let rows: Vec<usize> = (0..300).collect();
    let folds = crate::leave_groups_out(&rows, 5, 1).unwrap();
    let options = BoostingOptions { trees: 400, depth: 3, ..Default::default() };
    let (model, stopping) = Boosting::fit_with_stopping((x.view(), &y), &options, &folds, 30).unwrap();
    assert_eq!(model.trees(), stopping.trees);
    assert!((10..200).contains(&stopping.trees), "{}", stopping.trees);
    assert_eq!(stopping.losses.len(), stopping.trees + 30);
    let (test, truth, _) = friedman1(2000, 10, 1);
    let long = Boosting::fit(x.view(), &y, &options).unwrap();
    let error = |model: &Boosting| rmse(&model.predict(test.view()).unwrap(), &truth);
    assert!(error(&model) < error(&long));
    assert!(Boosting::fit_with_stopping((x.view(), &y), &options, &[], 30).is_err());
}

#[test]
fn bad_data_and_options_are_errors() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let refused = |x: &Array2<f64>, y: &[f64], options: &BoostingOptions| {
        Boosting::fit(x.view(), y, options).err().map(|e| e.to_string()).unwrap_or_default()
    };
    let plain = BoostingOptions::default();
    assert!(refused(&x, &[1.0], &plain).contains("2 rows"));
    assert!(refused(&x, &[1.0, f64::NAN], &plain).contains("output 1"));
    assert!(refused(&array![[1.0, f64::INFINITY]], &[1.0], &plain).contains("input 1 of row 0"));
    assert!(refused(&array![[1.0], [1.0]], &[1.0, 2.0], &plain).contains("none of the 1"));
    assert!(Boosting::from_json("{}").is_err());
    let wrong = [
        BoostingOptions { learning_rate: -1.0, ..Default::default() },
        BoostingOptions { bins: 256, ..Default::default() },
        BoostingOptions { loss: Loss::Quantile(1.0), ..Default::default() },
        BoostingOptions { monotone: vec![Monotone::Rising], ..Default::default() },
        BoostingOptions { row_share: 0.0, ..Default::default() },
    ];
    assert!(wrong.iter().all(|options| refused(&x, &[1.0, 2.0], options).contains("boosted trees")));
}
