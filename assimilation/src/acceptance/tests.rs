use std::path::{Path, PathBuf};

use super::*;
use crate::calibration::{
    EksOptions, GnkiOptions, IesOptions, Langevin, TekiOptions, TemperingOptions, UkiOptions,
};

fn shared() -> Option<PathBuf> {
    let data = std::env::var_os("RETERRA_TEST_DATA").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).to_owned(),
        PathBuf::from,
    );
    let path = data.join("../acceptance/inverse_problems.json");
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
    }
    path.exists().then_some(path)
}

/// Posterior by quadrature of the density (uniform grid, 12 digits).
fn sinusoid() -> Sinusoid {
    Sinusoid {
        y: [6.01, 7.11],
        u_mean: [1.0965622621817614, 7.053571428571435],
        u_sd: [0.07408510106431385, 0.44543540318735253],
    }
}

#[test]
fn the_sinusoid_posterior_is_met_over_a_hundred_seeds() {
    let solve = |options| {
        let method = Method::Etki(options, Schedule::default());
        reached(&sinusoid(), &method, (50, 100)).unwrap().unwrap()
    };
    let usual = solve(EtkiOptions::default());
    println!("{usual:?}");
    assert!(usual.mean_error <= 0.1, "{usual:?}");
    assert!((0.95..=1.12).contains(&usual.covariance_ratio), "{usual:?}");
    let finer = solve(EtkiOptions { step_scale: 0.25, max_iterations: 200, ..EtkiOptions::default() });
    println!("{finer:?}");
    assert!(finer.mean_error < usual.mean_error, "{finer:?}");
}

#[test]
fn the_shared_problems_are_solved_where_they_are_at_hand() {
    let Some(path) = shared() else { return };
    let records = etki_records(&path, 50, 100, EtkiOptions::default()).unwrap();
    println!("{records:#?}");
    let (linear, sinusoid) = (&records[0], &records[1]);
    assert!(linear.worst_mean_error < 1e-9, "{linear:?}");
    assert!((linear.covariance_ratio - 1.0).abs() < 1e-9, "{linear:?}");
    assert!(sinusoid.mean_error <= 0.1, "{sinusoid:?}");
}

/// Every method, and the mean error (posterior sd) and distance of the covariance ratio from 1 that it stays within on
/// the linear problem.
fn methods() -> Vec<(&'static str, Method, [f64; 2])> {
    let tempering = TemperingOptions::default();
    let eks = EksOptions { dynamics: Langevin::Eks, ..EksOptions::default() };
    vec![
        ("ETKI", Method::default(), [1e-9, 1e-9]),
        ("EKI", Method::Eki(tempering, Schedule::default()), [0.5, 0.2]),
        ("ES-MDA", Method::Eki(tempering, Schedule::equal(8, 1.0)), [0.5, 0.2]),
        ("UKI", Method::Uki(UkiOptions::default()), [1e-5, 1e-5]),
        ("EKS", Method::Eks(eks), [0.2, 0.2]),
        ("ALDI", Method::Eks(EksOptions::default()), [0.2, 0.2]),
        ("GNKI", Method::Gnki(GnkiOptions::default()), [0.2, 0.2]),
        ("IES", Method::Ies(IesOptions::default()), [1e-3, 1e-3]),
    ]
}

#[test]
fn every_posterior_of_the_linear_problem_is_right() {
    let Some(path) = shared() else { return };
    let problems = Problems::read(&path).unwrap();
    for (name, method, [error, spread]) in methods() {
        let found = reached(&problems.linear, &method, (50, 30)).unwrap().unwrap();
        println!("{name}: {found:?}");
        assert!(found.mean_error <= error, "{name}: {found:?}");
        assert!((found.covariance_ratio - 1.0).abs() <= spread, "{name}: {found:?}");
    }
}

#[test]
fn a_method_that_finds_a_point_claims_no_posterior() {
    let method = Method::Teki(TekiOptions::default());
    assert!(reached(&sinusoid(), &method, (50, 2)).unwrap().is_none());
}

#[test]
fn a_missing_file_is_named() {
    let error = etki_records(Path::new("no/such.json"), 50, 1, EtkiOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot read no/such.json"), "{error}");
}
