//! What all methods have in common, on a linear problem whose posterior is known in closed form.

use approx::assert_abs_diff_eq;
use ndarray::array;
use reterra_statistics::{Bounds, Prior};

use super::*;
use crate::analysis::Domain;
use crate::transform::{column_means, column_sds};
use crate::{Noise, prior_ensemble};

/// Three parameters, four observations with unit errors.
const SLOPES: [[f64; 3]; 4] = [[1.0, 0.5, 0.0], [0.0, 1.0, -1.0], [2.0, 0.0, 0.3], [0.1, 0.2, 1.0]];
const Y: [f64; 4] = [1.2, -0.4, 2.0, 0.6];

struct Model;

impl ForwardMap for Model {
    fn evaluate(&self, _: usize, u: &[f64]) -> Result<Vec<f64>, MemberFailure> {
        Ok(SLOPES.iter().map(|row| row.iter().zip(u).map(|(a, u)| a * u).sum()).collect())
    }
}

fn problem() -> Problem {
    let prior = |(name, mean, sd)| Prior::new(name, mean, sd, Bounds::None).unwrap();
    let priors = [("a", 0.5, 1.0), ("b", 0.0, 2.0), ("c", -1.0, 0.5)].map(prior).to_vec();
    Problem::new(priors, Y.to_vec(), Noise::Diagonal(vec![1.0; 4])).unwrap()
}

/// Posterior mean and standard deviations by sequential scalar updates.
fn exact(problem: &Problem) -> (Vec<f64>, Vec<f64>) {
    let prior = problem.prior();
    let (mut mean, mut c) = (prior.mean.clone(), Array2::zeros((3, 3)));
    (0..3).for_each(|k| c[[k, k]] = prior.sd[k].powi(2));
    for (row, y) in SLOPES.iter().zip(&problem.y) {
        let ch: Vec<f64> = (0..3).map(|i| (0..3).map(|k| c[[i, k]] * row[k]).sum()).collect();
        let variance = 1.0 + (0..3).map(|k| row[k] * ch[k]).sum::<f64>();
        let gap = y - (0..3).map(|k| row[k] * mean[k]).sum::<f64>();
        (0..3).for_each(|i| mean[i] += ch[i] * gap / variance);
        (0..9).for_each(|n| c[[n / 3, n % 3]] -= ch[n / 3] * ch[n % 3] / variance);
    }
    (mean, (0..3).map(|k| f64::sqrt(c[[k, k]])).collect())
}

/// Every method, and how far from the posterior's mean (sd) and standard deviation (relative) it may end here.
fn methods() -> Vec<(Method, f64, f64)> {
    let tempering = TemperingOptions::default();
    let eks = EksOptions { dynamics: Langevin::Eks, ..EksOptions::default() };
    vec![
        (Method::default(), 1e-9, 1e-9),
        (Method::Etki(tempering, Schedule::Fixed(vec![0.1, 0.3, 0.6])), 1e-9, 1e-9),
        (Method::Eki(tempering, Schedule::equal(4, 1.0)), 0.4, 0.3),
        (Method::Uki(UkiOptions::default()), 1e-5, 1e-5),
        (Method::Eks(eks), 0.2, 0.15),
        (Method::Eks(EksOptions::default()), 0.2, 0.15),
        (Method::Gnki(GnkiOptions::default()), 0.2, 0.15),
        (Method::Ies(IesOptions::default()), 1e-4, 1e-4),
    ]
}

fn check(name: &str, sample: &Array2<f64>, (error, spread): (f64, f64)) {
    let (mean, sd) = exact(&problem());
    let (found, width) = (column_means(sample.view()), column_sds(sample.view()));
    for k in 0..3 {
        let gap = (found[k] - mean[k]).abs() / sd[k];
        assert!(gap <= error, "{name}, mean of {k}: {gap} sd");
        assert!((width[k] / sd[k] - 1.0).abs() <= spread, "{name}, sd of {k}: {} of {}", width[k], sd[k]);
    }
}

#[test]
fn every_method_that_claims_the_posterior_of_a_linear_model_finds_it() {
    for (method, error, spread) in methods() {
        let mut process = method.start(&problem(), (40, 1)).unwrap();
        run(&Model, &mut process).unwrap();
        assert_eq!(process.claim(), Claim::Posterior);
        check(&format!("{method:?}"), &process.sample(), (error, spread));
    }
}

#[test]
fn tikhonov_inversion_ends_at_the_mode_and_claims_no_more() {
    let mut process = Method::Teki(TekiOptions::default()).start(&problem(), (40, 1)).unwrap();
    let steps = run(&Model, &mut process).unwrap();
    let (mean, sd) = exact(&problem());
    assert_eq!(process.claim(), Claim::Point);
    assert!(!steps.last().unwrap().capped);
    for k in 0..3 {
        assert!((process.sample()[[0, k]] - mean[k]).abs() < 0.02 * sd[k], "{}", process.sample());
    }
}

#[test]
fn a_start_far_from_the_prior_is_forgotten_so_that_it_counts_once() {
    let usual = UkiOptions::default();
    let mut few = Uki::new(&problem(), 1, UkiOptions { max_iterations: 1, ..usual }).unwrap();
    let steps = run(&Model, &mut few).unwrap();
    assert!(steps[0].capped, "one step is not enough, and says so");
    let mut process = Uki::new(&problem(), 1, usual).unwrap();
    run(&Model, &mut process).unwrap();
    check("UKI", &process.sample(), (1e-5, 1e-5));
}

#[test]
fn failed_members_are_reported_and_do_little_harm_to_any_method() {
    let failing = |member: usize, u: &[f64]| match member {
        2 => Err(MemberFailure::new("no snow left")),
        5 => Ok(vec![f64::NAN; 4]),
        _ => Model.evaluate(member, u),
    };
    for (method, error, spread) in methods() {
        let mut process = method.start(&problem(), (40, 1)).unwrap();
        let steps = run(&failing, &mut process).unwrap();
        let failed: Vec<usize> = steps[0].failed.iter().map(|f| f.member).collect();
        assert_eq!(failed, [2, 5], "{method:?}");
        assert_eq!(steps[0].failed[0].reason, "no snow left");
        check(&format!("{method:?}"), &process.sample(), (error.max(0.15), spread.max(0.15)));
    }
}

#[test]
fn too_few_survivors_leave_every_process_as_it_was() {
    for (method, ..) in methods() {
        let mut process = method.start(&problem(), (40, 1)).unwrap();
        let before = process.clone();
        let outputs = vec![Err(MemberFailure::new("node lost")); process.ask().nrows()];
        let error = process.tell(&outputs).unwrap_err();
        assert!(error.to_string().contains("node lost"), "{method:?}: {error}");
        assert_eq!(process, before);
    }
}

#[test]
fn a_checkpoint_of_any_method_goes_on_with_the_same_bits() {
    for (method, ..) in methods() {
        let mut process = method.start(&problem(), (20, 3)).unwrap();
        process.tell(&evaluate_members(&Model, process.ask())).unwrap();
        let text = serde_json::to_string(&process).unwrap();
        let mut resumed: Process = serde_json::from_str(&text).unwrap();
        run(&Model, &mut process).unwrap();
        run(&Model, &mut resumed).unwrap();
        assert_eq!(process, resumed, "{method:?}");
    }
}

#[test]
fn a_finished_calibration_takes_no_more() {
    for (method, ..) in methods() {
        let mut process = method.start(&problem(), (20, 3)).unwrap();
        run(&Model, &mut process).unwrap();
        let outputs = evaluate_members(&Model, process.ask());
        assert!(matches!(process.tell(&outputs), Err(AssimilationError::Finished { .. })), "{method:?}");
    }
}

fn etki() -> Etki {
    let problem = problem();
    Etki::new(problem.ensemble(40, 1, 0).unwrap(), &problem.y, &problem.noise, TemperingOptions::default())
        .unwrap()
}

#[test]
fn batches_of_observations_give_the_posterior_of_all() {
    let mut process = etki().with_batches(2).unwrap();
    assert_eq!(process.wanted().len(), 2);
    let steps = run(&Model, &mut process).unwrap();
    check("ETKI in batches", &process.sample(), (1e-9, 1e-9));
    assert!(steps.len().is_multiple_of(2) && steps[0].t < 1e-12 && steps[1].t > 0.0, "{steps:?}");
}

#[test]
fn update_groups_of_independent_parameters_give_the_same_as_all_together() {
    // Two parameters, each seen by an observation of its own.
    let prior = |name| Prior::new(name, 0.0, 1.0, Bounds::None).unwrap();
    let ensemble = prior_ensemble(&[prior("a"), prior("b")], 30, 1, 0).unwrap();
    let noise = Noise::Diagonal(vec![0.5, 2.0]);
    let identity = |_: usize, u: &[f64]| Ok(u.to_vec());
    let start = || Etki::new(ensemble.clone(), &[1.0, 2.0], &noise, TemperingOptions::default()).unwrap();
    let own = |k: usize, weight| Domain { columns: vec![k], observations: vec![(k, weight)] };
    let mut all = start();
    run(&identity, &mut all).unwrap();
    let mut grouped = start().with_reach(Reach::Groups(vec![own(0, 1.0), own(1, 1.0)])).unwrap();
    run(&identity, &mut grouped).unwrap();
    let (a, b) = (column_means(all.ensemble()), column_means(grouped.ensemble()));
    assert_abs_diff_eq!(a[0], b[0], epsilon = 1e-12);
    assert_abs_diff_eq!(a[1], b[1], epsilon = 1e-12);
    // A taper of 1/2 doubles the error variance: precision 1 + 1/4, mean (2 / 4) / (5 / 4).
    let mut tapered = start().with_reach(Reach::Groups(vec![own(1, 0.5)])).unwrap();
    run(&identity, &mut tapered).unwrap();
    assert_abs_diff_eq!(column_means(tapered.ensemble())[1], 0.4, epsilon = 1e-12);
    assert_eq!(tapered.ensemble().column(0), ensemble.column(0), "a parameter in no group stays as it is");
}

#[test]
fn tikhonov_inversion_finds_the_same_mode_in_batches_and_by_groups() {
    let (mean, sd) = exact(&problem());
    let teki = Method::Teki(TekiOptions { max_iterations: 200, ..TekiOptions::default() });
    let everywhere = Domain { columns: vec![0, 1, 2], observations: (0..4).map(|k| (k, 1.0)).collect() };
    let grouped = Scope { reach: Reach::Groups(vec![everywhere]), batches: 1 };
    for scope in [Scope { batches: 2, ..Scope::default() }, grouped] {
        let mut process = teki.start_within(&problem(), (40, 1), scope.clone()).unwrap();
        run(&Model, &mut process).unwrap();
        for k in 0..3 {
            let gap = (process.sample()[[0, k]] - mean[k]).abs() / sd[k];
            assert!(gap < 0.05, "{scope:?}: {gap} sd");
        }
    }
    // A parameter that no observation reaches goes to its prior's mean.
    let first = Domain { columns: vec![0], observations: vec![] };
    let scope = Scope { reach: Reach::Groups(vec![first]), batches: 1 };
    let mut process = teki.start_within(&problem(), (40, 1), scope).unwrap();
    run(&Model, &mut process).unwrap();
    assert_abs_diff_eq!(process.sample()[[0, 0]], 0.5, epsilon = 1e-9);
}

#[test]
fn methods_that_move_everything_at_once_refuse_groups_and_batches() {
    for method in methods().into_iter().map(|(method, ..)| method) {
        let start = |scope| method.start_within(&problem(), (40, 1), scope);
        let tempered = matches!(method, Method::Etki(..) | Method::Eki(..));
        for scope in
            [Scope { batches: 2, ..Scope::default() }, Scope { reach: Reach::Correlated, ..Scope::default() }]
        {
            match start(scope) {
                Ok(_) => assert!(tempered, "{method:?}"),
                Err(error) => {
                    assert!(
                        !tempered && error.to_string().contains("ETKI, EKI or TEKI"),
                        "{method:?}: {error}"
                    );
                }
            }
        }
        assert!(start(Scope::default()).is_ok());
    }
}

/// 40 parameters, each seen by itself, and 15 members: without localisation they can't meet 40 observations, and spurious
/// correlations eat their spread.
#[test]
fn localisation_by_correlation_keeps_the_spread_of_a_small_ensemble() {
    let names: Vec<String> = (0..40).map(|k| format!("p{k}")).collect();
    let priors: Vec<Prior> = names.iter().map(|n| Prior::new(n, 0.0, 1.0, Bounds::None).unwrap()).collect();
    let ensemble = prior_ensemble(&priors, 15, 1, 0).unwrap();
    let y: Vec<f64> = (0..40).map(|k| if k % 2 == 0 { 0.8 } else { -0.8 }).collect();
    let noise = Noise::Diagonal(vec![0.5; 40]);
    let identity = |_: usize, u: &[f64]| Ok(u.to_vec());
    let start = || Etki::new(ensemble.clone(), &y, &noise, TemperingOptions::default()).unwrap();
    let solve = |mut etki: Etki| {
        run(&identity, &mut etki).unwrap();
        let variance = column_sds(etki.ensemble()).mapv(|sd| sd * sd).mean().unwrap();
        let mean = column_means(etki.ensemble());
        // Each parameter alone: precision 1 + 2, mean 2/3 of the observation.
        let error = mean.iter().zip(&y).map(|(m, y)| (m - y / 1.5).powi(2)).sum::<f64>() / 40.0;
        (variance * 3.0, error.sqrt())
    };
    let (free, local) = (solve(start()), solve(start().with_reach(Reach::Correlated).unwrap()));
    assert!(free.0 < 0.5, "without localisation: {free:?}");
    assert!((0.7..1.3).contains(&local.0) && local.1 < 0.6 * free.1, "{free:?} {local:?}");
}

#[test]
fn what_cannot_be_taken_apart_or_does_not_add_up_is_refused() {
    let ensemble = problem().ensemble(40, 1, 0).unwrap();
    let noise = Noise::Full(array![[2.0, 1.0], [1.0, 3.0]]);
    let start = || Etki::new(ensemble.clone(), &[1.0, 2.0], &noise, TemperingOptions::default()).unwrap();
    assert!(start().with_batches(2).is_err() && start().with_batches(0).is_err());
    assert!(start().with_reach(Reach::Correlated).is_err());
    assert!(etki().with_schedule(Schedule::Fixed(vec![0.5, 0.4])).is_err());
    let group = Domain { columns: vec![3], observations: vec![(0, 1.0)] };
    assert!(etki().with_reach(Reach::Groups(vec![group])).is_err());
    assert!(Method::Ies(IesOptions::default()).start(&problem(), (3, 1)).is_err());
    assert!(
        Method::Gnki(GnkiOptions { step: 0.0, ..GnkiOptions::default() }).start(&problem(), (40, 1)).is_err()
    );
}

#[test]
fn the_number_of_threads_changes_no_bit_of_any_method() {
    for (method, ..) in methods() {
        let solve = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut process = method.start(&problem(), (20, 3)).unwrap();
            pool.install(|| run(&Model, &mut process)).unwrap();
            process
        };
        assert_eq!(solve(1), solve(4), "{method:?}");
    }
}
