//! Encoders on data whose coordinates are known.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array};
use reterra_statistics::{Stage, StreamKey};

use super::*;

fn normal(rows: usize, columns: usize, member: u32) -> Array2<f64> {
    let mut stream = StreamKey { seed: 3, stage: Stage::Test, cycle: 0, member, column: 0 }.stream();
    Array2::from_shape_fn((rows, columns), |_| stream.normal())
}

/// Inputs (4), and outputs (6) that follow the first two and a little noise.
fn runs(rows: usize) -> (Array2<f64>, Array2<f64>) {
    let x = normal(rows, 4, 0);
    let loading =
        Array2::from_shape_fn((4, 6), |(i, j)| [2.0, 0.5, 0.0, 0.0][i] * ((1 + i) * (1 + j)) as f64);
    let y = x.dot(&loading.mapv(f64::sin)) + 0.05 * normal(rows, 6, 1) + 3.0;
    (x, y)
}

fn every_encoder(keep: Keep) -> Vec<Encoder> {
    vec![
        Encoder::Standardise,
        Encoder::PrincipalComponents(keep),
        Encoder::TruncatedSvd(keep),
        Encoder::LikelihoodInformed { noise: vec![0.1; 6], keep },
        Encoder::CanonicalCorrelation(keep),
    ]
}

fn largest(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn with_all_coordinates_nothing_is_lost() {
    let (x, y) = runs(200);
    let all = Keep::Count(99);
    for encoder in every_encoder(all) {
        // Four inputs give canonical variates and informed directions of at most four.
        let whole = matches!(
            encoder,
            Encoder::Standardise | Encoder::PrincipalComponents(_) | Encoder::TruncatedSvd(_)
        );
        let outputs =
            Encoding::fit(std::slice::from_ref(&encoder), Side::Outputs, y.view(), x.view()).unwrap();
        let back = outputs.decode(outputs.encode(y.view()).unwrap().view()).unwrap();
        assert!(largest(&back, &y) < if whole { 1e-9 } else { 0.3 }, "{encoder:?}");
        let inputs = Encoding::fit(std::slice::from_ref(&encoder), Side::Inputs, x.view(), y.view()).unwrap();
        let back = inputs.decode(inputs.encode(x.view()).unwrap().view()).unwrap();
        assert!(largest(&back, &x) < 1e-9, "{encoder:?}");
    }
}

#[test]
fn lists_run_in_order_and_shares_drop_what_is_noise() {
    let (x, y) = runs(300);
    let list = [Encoder::Standardise, Encoder::PrincipalComponents(Keep::Share(0.99))];
    let encoding = Encoding::fit(&list, Side::Outputs, y.view(), x.view()).unwrap();
    assert_eq!(encoding.coordinates(), 2);
    let z = encoding.encode(y.view()).unwrap();
    let covariance = z.t().dot(&z) / 300.0;
    assert!(largest(&covariance, &Array2::eye(2)) < 1e-9);
    let back = encoding.decode(z.view()).unwrap();
    // What was lost is what decoded values lack.
    let lost = encoding.decode_variance(Array2::zeros((1, 2)).view()).unwrap();
    for j in 0..6 {
        let gap = (&back.column(j) - &y.column(j)).mapv(|gap| gap * gap).sum() / 300.0;
        assert_abs_diff_eq!(lost[[0, j]], gap, epsilon = 1e-9);
    }
}

#[test]
fn variances_are_those_of_decoded_draws() {
    let (x, y) = runs(300);
    let list = [
        Encoder::Standardise,
        Encoder::PrincipalComponents(Keep::Count(5)),
        Encoder::CanonicalCorrelation(Keep::Count(3)),
    ];
    let encoding = Encoding::fit(&list, Side::Outputs, y.view(), x.view()).unwrap();
    let variances = array![[0.3, 1.0, 2.0]];
    let expected = encoding.decode_variance(variances.view()).unwrap();
    let covariance = encoding.decode_covariance(variances.row(0)).unwrap();
    let none = encoding.decode_variance(Array2::zeros((1, 3)).view()).unwrap();
    let draws = normal(40_000, 3, 5) * variances.mapv(f64::sqrt);
    let decoded = encoding.decode(draws.view()).unwrap();
    let center = encoding.decode(Array2::zeros((1, 3)).view()).unwrap();
    for j in 0..6 {
        let variance = decoded.column(j).mapv(|v| (v - center[[0, j]]).powi(2)).sum() / 40_000.0;
        assert_abs_diff_eq!(variance + none[[0, j]], expected[[0, j]], epsilon = 0.04 * expected[[0, j]]);
        assert_abs_diff_eq!(covariance[[j, j]], expected[[0, j]], epsilon = 1e-12);
    }
}

#[test]
fn informed_inputs_are_those_that_move_outputs() {
    let (x, y) = runs(400);
    let informed = Encoder::LikelihoodInformed { noise: vec![0.01; 6], keep: Keep::Share(0.999) };
    let encoding = Encoding::fit(&[informed], Side::Inputs, x.view(), y.view()).unwrap();
    assert_eq!(encoding.coordinates(), 2);
    let at = |x: Array2<f64>| encoding.encode(x.view()).unwrap();
    let origin = at(Array2::zeros((1, 4)));
    let moved = at(array![[0.0, 0.0, 1.0, 1.0]]);
    assert!(largest(&origin, &moved) < 0.02, "{moved}");
    assert!(largest(&origin, &at(array![[1.0, 0.0, 0.0, 0.0]])) > 0.5);
}

#[test]
fn first_canonical_variates_correlate_as_they_must() {
    // One output is the first input with noise of equal variance: a correlation of 1/√2.
    let x = normal(5000, 3, 0);
    let y = x.column(0).to_owned().insert_axis(ndarray::Axis(1)) + normal(5000, 1, 1);
    let keep = [Encoder::CanonicalCorrelation(Keep::Count(1))];
    let inputs = Encoding::fit(&keep, Side::Inputs, x.view(), y.view()).unwrap().encode(x.view()).unwrap();
    let outputs = Encoding::fit(&keep, Side::Outputs, y.view(), x.view()).unwrap().encode(y.view()).unwrap();
    let correlation = inputs.column(0).dot(&outputs.column(0)) / 5000.0;
    assert_abs_diff_eq!(correlation.abs(), 0.5_f64.sqrt(), epsilon = 0.03);
}

#[test]
fn bad_data_are_errors() {
    let (x, y) = runs(20);
    let fit =
        |encoder: Encoder, y: &Array2<f64>| Encoding::fit(&[encoder], Side::Outputs, y.view(), x.view());
    let pca = Encoder::PrincipalComponents(Keep::Count(2));
    assert!(matches!(fit(pca.clone(), &Array2::ones((20, 3))), Err(EmulatorError::Fit { .. })));
    assert!(matches!(fit(pca.clone(), &Array2::ones((19, 3))), Err(EmulatorError::Rows { .. })));
    let mut holed = y.clone();
    holed[[4, 2]] = f64::NAN;
    assert!(matches!(fit(pca.clone(), &holed), Err(EmulatorError::Missing { row: 4, column: 2 })));
    for noise in [vec![0.1; 5], vec![-1.0; 6]] {
        assert!(fit(Encoder::LikelihoodInformed { noise, keep: Keep::Count(1) }, &y).is_err());
    }
    let encoding = fit(pca, &y).unwrap();
    assert!(encoding.encode(x.view()).is_err() && encoding.decode(x.view()).is_err());
}
