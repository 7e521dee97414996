//! Posteriors that are right, refusals, and the pieces in between.

use approx::assert_abs_diff_eq;
use ndarray::{Array2, array};
use reterra_statistics::{Bounds, Prior};

use super::*;
use crate::acceptance::{Collapsed, Known, Sinusoid, compare, of_collapsed_design, of_noise};
use crate::calibration::Problem;
use crate::model::{ForwardMap, MemberFailure, evaluate_members};
use crate::sampling::{Length, SmoothTarget, Target};
use crate::{AssimilationError, Noise};

fn sinusoid() -> Sinusoid {
    Sinusoid {
        y: [6.01, 7.11],
        u_mean: [1.0965622621817614, 7.053571428571435],
        u_sd: [0.07408510106431385, 0.44543540318735253],
    }
}

/// Small enough for a test.
fn small() -> CesOptions {
    let emulators = EmulatorOptions { runs: 100, starts: 1, ..EmulatorOptions::default() };
    CesOptions { members: 20, emulators, ..CesOptions::default() }
}

#[test]
fn the_sinusoid_posterior_is_right_and_says_why() {
    let known = sinusoid();
    let found = calibrate_emulate_sample(&known, known.problem().unwrap(), small()).unwrap();
    let outcome = compare(&known, &found.draws);
    for k in 0..2 {
        assert!(outcome.errors[k].abs() < 0.15, "{outcome:?}");
        assert!((0.9..1.1).contains(&outcome.sd_ratios[k]), "{outcome:?}");
    }
    assert!(found.convergence.iter().all(|c| c.rhat <= 1.01 && c.bulk_ess >= 400.0 && c.tail_ess >= 400.0));
    assert!(found.held_out[0].coverage >= 0.85 && found.checks.outside <= 0.05, "{found:?}");
    assert!(found.discrepancy.is_empty());
}

#[test]
fn a_campaign_that_is_stored_between_runs_gives_the_same_posterior() {
    let (known, options) = (sinusoid(), small());
    let mut campaign = Campaign::new(known.problem().unwrap(), options.clone()).unwrap();
    while campaign.posterior().is_none() {
        let text = serde_json::to_string(&campaign).unwrap();
        campaign = serde_json::from_str(&text).unwrap();
        let outputs = evaluate_members(&known, campaign.ask().view());
        campaign.tell(&outputs).unwrap();
    }
    let direct = calibrate_emulate_sample(&known, known.problem().unwrap(), options).unwrap();
    assert_eq!(campaign.posterior(), Some(&direct));
    assert_eq!(campaign.ask().nrows(), 0);
    assert!(matches!(campaign.tell(&[]), Err(AssimilationError::Finished { .. })));
}

#[test]
fn a_collapsed_design_is_refused() {
    let refused = |design| match of_collapsed_design(&sinusoid(), design, &small()) {
        Err(AssimilationError::Refused(refusal)) => refusal,
        other => panic!("{design:?}: {other:?}"),
    };
    let point = refused(Collapsed::Point);
    assert!(matches!(point, Refusal::NoContrast { runs: 60, variance } if variance < 0.01), "{point}");
    let corner = refused(Collapsed::Corner);
    assert!(matches!(corner, Refusal::OutsideDesign { share, .. } if share > 0.5), "{corner}");
    let line = refused(Collapsed::Line);
    assert_eq!(line, Refusal::Collapsed { runs: 60, spanned: 1, parameters: 2 });
    assert!(line.to_string().contains("spread runs over the prior"));
}

#[test]
fn a_thousand_outputs_of_pure_noise_are_refused() {
    match of_noise(1000, small()) {
        Err(AssimilationError::Refused(Refusal::NothingLearnt { skill, wanted })) => assert!(skill < wanted),
        other => panic!("{other:?}"),
    }
}

#[test]
fn emulators_that_claim_more_than_they_know_are_refused() {
    // A spike between the runs that emulators never see, but every run at a draw of the posterior meets.
    let known = sinusoid();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let model = |member: usize, u: &[f64]| {
        let mut g: Vec<f64> = known.evaluate(member, u)?;
        let late = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 180;
        if late {
            g = g.iter().map(|g| g + 3.0 * (1e4 * u[0]).sin().signum()).collect();
        }
        Ok(g)
    };
    let schedule = crate::calibration::Schedule::equal(8, 1.0);
    let calibration = crate::calibration::Method::Etki(crate::EtkiOptions::default(), schedule);
    // All runs, so that the design holds the posterior.
    let emulators = EmulatorOptions { runs: 200, ..small().emulators };
    let options = CesOptions { rounds: 0, calibration, emulators, ..small() };
    match calibrate_emulate_sample(&model, known.problem().unwrap(), options) {
        Err(AssimilationError::Refused(Refusal::Coverage { coverage, rounds, .. })) => {
            assert!(coverage < 0.5 && rounds == 1, "{coverage} {rounds}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn runs_that_fail_where_the_posterior_is_are_named() {
    let known = sinusoid();
    let mut campaign = Campaign::new(known.problem().unwrap(), small()).unwrap();
    while campaign.tell(&evaluate_members(&known, campaign.ask().view())).unwrap() != Progress::Checking {}
    let before = campaign.clone();
    let outputs = vec![Err(MemberFailure::new("node lost")); campaign.ask().nrows()];
    let error = campaign.tell(&outputs).unwrap_err().to_string();
    assert!(error.contains("25 of 25") && error.contains("node lost"), "{error}");
    assert_eq!(campaign, before);
}

/// Emulators of the sinusoid from 40 runs around its posterior.
fn emulation() -> (Problem, Emulation) {
    let (known, problem) = (sinusoid(), sinusoid().problem().unwrap());
    let mut u = problem.ensemble(40, 1, 0).unwrap();
    u.column_mut(0).mapv_inplace(|u| 1.1 + 0.3 * (u - 1.27));
    let mut runs = Runs::default();
    runs.add(u.view(), &evaluate_members(&known, u.view())).unwrap();
    let found = Emulation::fit(&problem, &runs, &small()).unwrap();
    (problem, found)
}

#[test]
fn gradients_of_the_likelihood_are_its_slopes() {
    let (_, emulation) = emulation();
    for discrepancy in
        [Discrepancy::None, Discrepancy::Known(0.7), Discrepancy::Inferred { median: 0.5, log_sd: 0.8 }]
    {
        let likelihood = Likelihood::new(&emulation, discrepancy);
        let z: Vec<f64> = [-0.3, 1.2, 0.4][..likelihood.dimension()].to_vec();
        let mut gradient = vec![0.0; z.len()];
        let value = likelihood.with_gradient(&z, &mut gradient);
        assert_abs_diff_eq!(value, likelihood.log_likelihood(&z), epsilon = 1e-12);
        for k in 0..z.len() {
            let at = |h: f64| {
                let mut z = z.clone();
                z[k] += h;
                likelihood.log_likelihood(&z)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert_abs_diff_eq!(gradient[k], slope, epsilon = 1e-4 * (1.0 + slope.abs()));
        }
    }
}

#[test]
fn the_likelihood_has_its_variance_and_its_log_determinant() {
    let (_, emulation) = emulation();
    // Far from all runs, where the emulator's variance counts.
    let z = [2.5, -1.5];
    let (mean, variance) = emulation.predict(array![[z[0], z[1]]].view()).unwrap();
    let (data, _) = emulation.data();
    let expected: f64 = (0..data.len())
        .map(|k| {
            let v = 1.0 + variance[[0, k]];
            -0.5 * ((data[k] - mean[[0, k]]).powi(2) / v + v.ln())
        })
        .sum();
    let found = Likelihood::new(&emulation, Discrepancy::None).log_likelihood(&z);
    assert!(variance.iter().any(|v| *v > 1e-3), "{variance}");
    // Single places go by the inverse of the kernel's factor, which costs some digits.
    assert_abs_diff_eq!(found, expected, epsilon = 1e-7 * expected.abs());
}

/// One parameter seen `m` times with unit errors; the data scatter three times as widely as that.
struct Repeated;

impl ForwardMap for Repeated {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(vec![u[0]; 40])
    }
}

#[test]
fn a_discrepancy_that_is_inferred_widens_the_posterior_as_the_data_scatter() {
    let y: Vec<f64> = (0..40).map(|k| 1.0 + if k % 2 == 0 { 3.0 } else { -3.0 }).collect();
    let priors = vec![Prior::new("level", 0.0, 10.0, Bounds::None).unwrap()];
    let problem = Problem::new(priors, y, Noise::Diagonal(vec![1.0; 40])).unwrap();
    let solve = |discrepancy| {
        let options = CesOptions { discrepancy, ..small() };
        calibrate_emulate_sample(&Repeated, problem.clone(), options).unwrap()
    };
    let sd = |found: &Posterior| crate::transform::column_sds(found.draws.view())[0];
    let exact = |variance: f64| (40.0 / variance + 0.01_f64).powf(-0.5);
    let none = solve(Discrepancy::None);
    assert!((sd(&none) / exact(1.0) - 1.0).abs() < 0.1, "{}", sd(&none));
    let known = solve(Discrepancy::Known(2.0));
    assert!((sd(&known) / exact(5.0) - 1.0).abs() < 0.1, "{}", sd(&known));
    let inferred = solve(Discrepancy::Inferred { median: 1.0, log_sd: 1.0 });
    let mean = inferred.discrepancy.iter().sum::<f64>() / inferred.discrepancy.len() as f64;
    // Variance 9 of the data is 1 of the observations and 8 of the model.
    assert!((mean / 8.0_f64.sqrt() - 1.0).abs() < 0.15, "{mean}");
    assert!((sd(&inferred) / exact(9.0) - 1.0).abs() < 0.15, "{}", sd(&inferred));
}

#[test]
fn components_keep_distances_and_leave_little_out() {
    let outputs = Array2::from_shape_fn((30, 6), |(i, k)| {
        let x = i as f64 / 10.0;
        x * (k as f64 + 1.0) + 1e-3 * ((7 * i + 3 * k) as f64).sin()
    });
    let noise = Noise::Diagonal(vec![0.25; 6]);
    let encoder = Encoder::new(outputs.view(), &noise, &EmulatorOptions::default()).unwrap();
    assert_eq!(encoder.components(), 1);
    assert!(encoder.explained > 0.999);
    let encoded = encoder.encode(outputs.view());
    let gap = (&outputs.row(0) - &outputs.row(29)).mapv(|x| x * 2.0);
    assert_abs_diff_eq!((encoded[[0, 0]] - encoded[[29, 0]]).abs(), gap.dot(&gap).sqrt(), epsilon = 1e-3);
    assert!(encoder.rest(&outputs.row(3).to_vec()) < 1e-4);
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let known = sinusoid();
    let length = Length { warm_up: 150, draws: 400, ..Length::default() };
    let options = CesOptions { length, ..small() };
    let solve = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| calibrate_emulate_sample(&known, known.problem().unwrap(), options.clone())).unwrap()
    };
    assert_eq!(solve(1), solve(4));
}

#[test]
fn the_gate_speaks_where_chains_are_too_short() {
    let known = sinusoid();
    let length = Length { warm_up: 10, draws: 5, ..Length::default() };
    let error = calibrate_emulate_sample(&known, known.problem().unwrap(), CesOptions { length, ..small() });
    assert!(matches!(error, Err(AssimilationError::NotConverged { .. })), "{error:?}");
}
