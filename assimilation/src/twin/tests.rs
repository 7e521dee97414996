//! Experiments that are cheap enough for every test run.

use ndarray::{ArrayViewMut2, s};

use super::methods::{
    EnsembleFilter, EnsembleVariational, Iteration, IterativeSmoother, LaggedSmoother, Reach, Ring, Rotation,
    Treatment,
};
use super::models::Lorenz96;
use super::published::{Row, lorenz63, lorenz96, rows};
use super::{Experiment, Method, Model, Summary};
use crate::filters::Etkf;
use crate::inflation::posterior::Posterior;
use crate::inflation::varying::{Form, VaryingOptions};
use crate::smoothers::{Ienks, Mda};
use crate::variational::FourDEnVar;

const SEEDS: u64 = 10;

fn row(name: &str) -> Row {
    rows(400).into_iter().find(|row| row.name == name).unwrap()
}

fn check(name: &str) {
    let row = row(name);
    let found = Summary::of(row.method.as_ref(), &row.experiment, SEEDS).unwrap();
    let (least, largest) = row.gate(found.error().standard_error);
    let mean = found.error().mean;
    assert!((least..=largest).contains(&mean), "{name}: {mean}, wanted {least} to {largest}: {found:?}");
    assert!(found.diverged() < 0.2, "{name}: {found:?}");
}

#[test]
fn lorenz63_with_three_members_of_the_finite_size_filter_has_its_published_score() {
    check("lorenz63-enkf-n-3");
}

#[test]
fn lorenz63_with_3dvar_has_its_published_score() {
    check("lorenz63-3dvar");
}

#[test]
fn lorenz96_with_optimal_interpolation_has_its_published_score() {
    check("lorenz96-interpolation");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let row = row("lorenz63-enkf-10");
    let experiment = lorenz63(80);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Summary::of(row.method.as_ref(), &experiment, 5).unwrap())
    };
    let bits = |found: Summary| found.trials.iter().map(|t| t.rmse.to_bits()).collect::<Vec<_>>();
    let alone = bits(on(1));
    assert_eq!(alone, bits(on(2)));
    assert_eq!(alone, bits(on(4)));
}

fn score(method: &dyn Method, experiment: &Experiment) -> f64 {
    let found = Summary::of(method, experiment, SEEDS).unwrap();
    assert!(found.diverged() < 0.2, "{found:?}");
    found.error().mean
}

const TURNED: Treatment =
    Treatment { inflation: Posterior::Multiplicative(1.02), rotation: Rotation::Random };

/// A smoother without lag is the filter; with a lag it is better by what later observations tell.
#[test]
fn later_observations_improve_the_smoothed_state() {
    let experiment = lorenz63(300);
    let smoother = |lag| LaggedSmoother { filter: Box::new(Etkf), members: 10, lag, treatment: TURNED };
    let (filtered, smoothed) = (score(&smoother(0), &experiment), score(&smoother(2), &experiment));
    assert!(smoothed < 0.75 * filtered, "{smoothed} against {filtered}");
}

/// Multiple data assimilation in the window comes close to Gauss-Newton's 0.31; the filter has 0.60.
#[test]
fn multiple_data_assimilation_iterates_as_well_as_gauss_newton() {
    let experiment = lorenz63(300);
    let smoother = |iteration| IterativeSmoother { iteration, members: 10, lag: 1, treatment: TURNED };
    let newton = score(&smoother(Iteration::GaussNewton(Ienks::default())), &experiment);
    let mda = score(&smoother(Iteration::Mda(Mda::equal(Etkf, 4))), &experiment);
    assert!((mda - newton).abs() < 0.08, "{mda} against {newton}");
}

/// With a window of one cycle 4DEnVar's mean is the ETKF's.
#[test]
fn ensemble_variational_analysis_of_one_cycle_is_the_etkf() {
    let experiment = lorenz63(100);
    let variational =
        EnsembleVariational { analysis: FourDEnVar::default(), members: 10, window: 1, treatment: TURNED };
    let filter = LaggedSmoother { filter: Box::new(Etkf), members: 10, lag: 0, treatment: TURNED };
    let scores = |method: &dyn Method| {
        let experiment = Experiment { burn_in: 0.0, ..lorenz63(3) };
        Summary::of(method, &experiment, 3).unwrap().trials
    };
    let (a, b) = (scores(&variational), scores(&filter));
    a.iter().zip(&b).for_each(|(a, b)| assert!((a.rmse - b.rmse).abs() < 1e-5, "{a:?} {b:?}"));
    assert!(score(&variational, &experiment) < 0.8);
}

/// Lorenz-96 with a push on some variables after each step.
struct Pushed {
    model: Lorenz96,
    variables: std::ops::Range<usize>,
    push: f64,
}

impl Model for Pushed {
    fn dimension(&self) -> usize {
        self.model.dimension()
    }

    fn step_length(&self) -> f64 {
        self.model.step_length()
    }

    fn advance(&self, mut states: ArrayViewMut2<'_, f64>, steps: usize) {
        for _ in 0..steps {
            self.model.advance(states.view_mut(), 1);
            let mut pushed = states.slice_mut(s![.., self.variables.clone()]);
            pushed += self.push;
        }
    }
}

/// Where the forcing is right in one half of the ring and 10 for 8 in the other, no constant serves both halves.
#[test]
fn inflation_that_varies_beats_every_constant_where_half_of_the_model_is_wrong() {
    let model = Lorenz96 { n: 40, forcing: 8.0, dt: 0.05 };
    let wrong = Pushed { model, variables: 0..20, push: 2.0 * model.dt };
    let right = lorenz96(600, 1);
    let experiment = Experiment { truth: Some(right.model), model: Box::new(wrong), burn_in: 10.0, ..right };
    let domains = Ring { n: 40, observed: &experiment.observed, radius: 4.0 }.domains(1);
    let error = |inflation, varying| {
        let (filter, reach) = (Box::new(Etkf), Reach::Domains(domains.clone()));
        let treatment = Treatment { inflation, rotation: Rotation::Random };
        let method = EnsembleFilter { filter, members: 10, reach, varying, treatment };
        let found = Summary::of(&method, &experiment, 4).unwrap();
        assert!(found.diverged() == 0.0, "{found:?}");
        found.error()
    };
    let constant =
        [1.15, 1.2, 1.25, 1.3, 1.4].map(|factor| error(Posterior::Multiplicative(factor), None).mean);
    let best = constant.into_iter().fold(f64::INFINITY, f64::min);
    for form in [Form::Prior, Form::Posterior] {
        let varying = VaryingOptions { form, sd: 0.2, least_sd: 0.2, ..VaryingOptions::default() };
        let found = error(Posterior::None, Some(varying));
        assert!(found.mean + found.standard_error < best, "{form:?}: {found:?} against {constant:?}");
    }
}
