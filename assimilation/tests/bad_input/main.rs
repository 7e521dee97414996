//! What an analysis does with input that it can't use: every method gives an error that says what, where and what to do,
//! or does without and says so. None goes on silently.

#![allow(clippy::unwrap_used, reason = "a test")]

mod methods;
mod scene;

use ndarray::Array2;
use reterra_assimilation::AssimilationError;
use reterra_assimilation::analysis::{Domain, Filter, Localisation, Unused};
use reterra_assimilation::filters::{Etkf, SerialEakf};
use reterra_assimilation::linear_algebra::cholesky;
use reterra_assimilation::{Etki, EtkiOptions, Noise};

use methods::{Duplicates, Method, Needs, Reach, all, by, domains_of, on_ranks, tapers_of};
use scene::{COLUMNS, RADIUS, Scene};

/// Runs the methods that `of` keeps.
fn each(of: impl Fn(&Method) -> bool, check: impl Fn(&Method)) {
    let chosen: Vec<_> = all().into_iter().filter(of).collect();
    assert!(!chosen.is_empty());
    chosen.iter().for_each(check);
}

/// Every method refuses the scene, and its message has all `words`.
fn refused(of: impl Fn(&Method) -> bool, scene: &Scene, words: &[&str]) {
    each(of, |method| match (method.run)(scene) {
        Ok(_) => panic!("{}: went on silently", method.name),
        Err(e) => {
            let text = e.to_string();
            for word in words {
                assert!(text.contains(word), "{}: {text} lacks {word}", method.name);
            }
        }
    });
}

fn gap(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a - b).iter().map(|x| x.abs()).fold(0.0, f64::max)
}

#[test]
fn good_input_moves_every_method_and_all_of_it_is_used() {
    let scene = Scene::new();
    each(
        |_| true,
        |method| {
            let done = (method.run)(&scene).unwrap();
            assert!(
                gap(&done.state, &scene.state) > 0.01 || method.name.contains("weights"),
                "{}",
                method.name
            );
            assert_eq!(done.unused.unwrap_or_default(), Unused::default(), "{}", method.name);
            assert!(done.left_out.is_empty(), "{}", method.name);
        },
    );
}

#[test]
fn an_error_variance_that_is_not_positive_is_named() {
    for bad in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        let mut scene = Scene::new();
        scene.r[2] = bad;
        refused(|_| true, &scene, &["observation error variance number 2 is", "must be positive"]);
    }
}

#[test]
fn a_covariance_of_errors_that_is_not_positive_definite_is_refused() {
    let mut r = Array2::eye(5);
    (r[[1, 3]], r[[3, 1]]) = (2.0, 2.0);
    let scene = Scene::new();
    let options = EtkiOptions { min_members: 2, ..EtkiOptions::default() };
    let error = Etki::new(scene.state, &scene.y, &Noise::Full(r.clone()), options).unwrap_err().to_string();
    assert!(error.contains("observation error covariance number 3 is -3"), "{error}");
    assert!(matches!(cholesky(r.view(), "r"), Err(AssimilationError::NotPositive { index: 3, .. })));
}

#[test]
fn an_observation_that_is_not_finite_is_named() {
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        let mut scene = Scene::new();
        scene.y[3] = bad;
        refused(|_| true, &scene, &["observation of row 0, column 3 is not finite", "leave"]);
    }
}

#[test]
fn a_member_with_nan_is_named_or_left_out_and_reported() {
    let mut state = Scene::new();
    state.state[[4, 8]] = f64::NAN;
    refused(|method| method.needs == Needs::Ensemble, &state, &["row 4, column 8 is not finite"]);
    refused(|method| method.needs == Needs::Climatology, &state, &["background", "column 8 is not finite"]);
    let mut scene = Scene::new();
    scene.he[[4, 2]] = f64::NAN;
    each(
        |method| method.needs == Needs::Ensemble,
        |method| match (method.run)(&scene) {
            Ok(done) => {
                assert_eq!(done.left_out, [4], "{}", method.name);
                assert!(done.state.iter().all(|x| x.is_finite()), "{}", method.name);
            }
            Err(e) => {
                let text = e.to_string();
                assert!(text.contains("predicted observation of row 4, column 2"), "{}: {text}", method.name);
            }
        },
    );
}

#[test]
fn one_member_is_no_ensemble() {
    let scene = Scene::new().of_one_member();
    let words = ["an ensemble of 1 has no spread", "two members or more"];
    refused(|method| method.needs == Needs::Ensemble, &scene, &words);
}

#[test]
fn without_observations_nothing_changes() {
    let scene = Scene::without_observations();
    each(
        |_| true,
        |method| {
            let done = (method.run)(&scene).unwrap();
            assert!(gap(&done.state, &scene.state) < 1e-13, "{}", method.name);
            assert_eq!(done.unused.unwrap_or_default(), Unused::default(), "{}", method.name);
        },
    );
}

#[test]
fn observations_that_all_members_predict_alike_change_nothing_and_are_counted() {
    for scene in [Scene::new().predicted_alike(), Scene::new().all_alike()] {
        each(
            |method| method.needs == Needs::Ensemble,
            |method| {
                let done = (method.run)(&scene).unwrap();
                let gap = gap(&done.state, &scene.state);
                assert!(gap < 1e-12, "{}: {gap}", method.name);
                let counted = done.unused.map(|unused| unused.without_spread >= scene.y.len());
                assert_ne!(counted, Some(false), "{}", method.name);
            },
        );
    }
}

#[test]
fn an_observation_outside_the_domain_changes_nothing_and_is_counted() {
    let (inside, outside) = (Scene::new(), Scene::new().with_one_outside());
    each(
        |method| method.reach == Reach::Local,
        |method| {
            let [expected, done] = [&inside, &outside].map(|scene| (method.run)(scene).unwrap());
            assert_eq!(done.unused.map(|unused| unused.unreached), Some(1), "{}", method.name);
            if method.duplicates == Duplicates::CountOnce {
                assert!(gap(&done.state, &expected.state) < 1e-6, "{}", method.name);
            }
        },
    );
}

#[test]
fn an_observation_given_twice_counts_as_two_independent_ones() {
    let (once, twice) = (Scene::new(), Scene::new().with_duplicate());
    each(
        |_| true,
        |method| {
            let [expected, done] = [&once, &twice].map(|scene| (method.run)(scene).unwrap());
            assert!(done.state.iter().all(|x| x.is_finite()), "{}", method.name);
            let gap = gap(&done.state, &expected.state);
            assert!(method.duplicates == Duplicates::Roughly || gap < 1e-6, "{}: {gap}", method.name);
        },
    );
}

#[test]
fn a_form_of_localisation_that_a_method_lacks_is_refused_whatever_is_observed() {
    for scene in [Scene::new(), Scene::without_observations(), Scene::new().predicted_alike()] {
        let (domains, tapers) = (domains_of(&scene), tapers_of(&scene));
        let (domains, tapers) = (Localisation::Domains(&domains), Localisation::Covariance(&tapers));
        for (filter, form) in [(&Etkf as &dyn Filter, tapers), (&SerialEakf as &dyn Filter, domains)] {
            let error = by(filter, &scene, form).unwrap_err();
            assert!(matches!(error, AssimilationError::Localisation { .. }), "{error}");
        }
    }
}

#[test]
fn lists_of_another_state_or_of_other_observations_are_refused() {
    let scene = Scene::new();
    let good = domains_of(&scene);
    let spoilt = |spoil: &dyn Fn(&mut Vec<Domain>)| {
        let mut domains = good.clone();
        spoil(&mut domains);
        by(&Etkf, &scene, Localisation::Domains(&domains)).unwrap_err().to_string()
    };
    let texts = [
        (spoilt(&|d| d[0].columns[0] = COLUMNS), "column of the state in local domains: number 12 of 12"),
        (spoilt(&|d| d[0].observations[0].0 = 5), "observation in a local domain: number 5 of 5"),
        (spoilt(&|d| d[1] = d[0].clone()), "comes twice"),
        (spoilt(&|d| d[0].observations[0].1 = f64::NAN), "taper of an observation is NaN"),
    ];
    for (text, words) in texts {
        assert!(text.contains(words), "{text} lacks {words}");
    }
    let mut tapers = tapers_of(&scene);
    tapers.state.pop();
    let error = by(&SerialEakf, &scene, Localisation::Covariance(&tapers)).unwrap_err().to_string();
    assert!(error.contains("lists of tapers, one for each observation: expected 5 values, got 4"), "{error}");
}

#[test]
fn ranks_refuse_a_narrow_halo_and_stations_in_columns_that_are_not_there() {
    let error = on_ranks(&Scene::new(), RADIUS - 0.1).unwrap_err().to_string();
    assert!(error.contains("the halo of 2.9 is narrower than the localisation radius of 3"), "{error}");
    let mut lost = Scene::new();
    lost.columns[1] = COLUMNS;
    let error = on_ranks(&lost, RADIUS).unwrap_err().to_string();
    assert!(error.contains("column in which a station is predicted: number 12 of 12"), "{error}");
    assert!(on_ranks(&Scene::new(), RADIUS).is_ok());
}
