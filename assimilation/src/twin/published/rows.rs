//! The rows of the tables.

mod lorenz63;

use super::{Row, kuramoto_sivashinsky, lorenz96, two_scale};
use crate::analysis::Filter;
use crate::filters::{DEnkf, EnkfN, Etkf, SerialEakf, StochasticEnkf};
use crate::inflation::posterior::Posterior;
use crate::smoothers::Ienks;
use crate::taper::HALF_WIDTH;
use crate::twin::cycle::Method;
use crate::twin::experiment::Experiment;
use crate::twin::methods::{
    EnsembleFilter, Interpolation, Iteration, IterativeSmoother, Reach, Ring, Rotation, StaticVariational,
    Treatment,
};

/// Published score, rerun.
type Scores = (f64, f64);
/// Name, title.
type Titles = (&'static str, &'static str);

/// All rows, with at least `cycles` observation times after the burn-in of each experiment; three times as many on
/// Lorenz-63, whose few components make scores of short runs differ.
#[must_use]
pub fn rows(cycles: usize) -> Vec<Row> {
    let parts = [
        lorenz63::rows(3 * cycles),
        lorenz96_global(cycles + 400),
        lorenz96_local(cycles + 400),
        ring_rows(cycles + 2000),
        two_scale_rows(cycles + 120),
    ];
    parts.into_iter().flatten().collect()
}

fn lorenz96_row(titles: Titles, scores: Scores, cycles: usize, method: Box<dyn Method>) -> Row {
    row(titles, scores, 0.02, lorenz96(cycles, 1), method)
}

fn lorenz96_global(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| lorenz96_row((name, title), scores, cycles, method);
    let certain = EnkfN { certainty: 2.0, ..EnkfN::default() };
    vec![
        row("lorenz96-interpolation", "optimal interpolation", (0.95, 0.943), Box::new(Interpolation)),
        row("lorenz96-3dvar", "3D-Var xB 0.02", (0.41, 0.427), variational(0.02)),
        row(
            "lorenz96-enkf-40",
            "EnKF (perturbed obs) N 40, infl 1.06",
            (0.22, 0.219),
            ensemble(StochasticEnkf, 40, kept(1.06)),
        ),
        row("lorenz96-denkf-40", "DEnKF N 40, infl 1.01", (0.18, 0.18), ensemble(DEnkf, 40, kept(1.01))),
        row("lorenz96-etkf-20", "ETKF N 20, infl 1.04, rot", (0.20, 0.20), ensemble(Etkf, 20, turned(1.04))),
        row("lorenz96-etkf-28", "ETKF N 28, infl 1.02, rot", (0.18, 0.180), ensemble(Etkf, 28, turned(1.02))),
        row("lorenz96-enkf-n-24", "EnKF-N N 24, rot, xN 2", (0.18, 0.18), ensemble(certain, 24, turned(1.0))),
    ]
}

fn lorenz96_local(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| lorenz96_row((name, title), scores, cycles, method);
    let observed: Vec<usize> = (0..40).collect();
    let ring = |radius| Ring { n: 40, observed: &observed, radius };
    let domains = Reach::Domains(ring(4.0).domains(2));
    let tapers = Reach::Covariance(ring(6.0).covariance());
    vec![
        row(
            "lorenz96-letkf-7",
            "LETKF N 7, infl 1.04, rot, loc_rad 4",
            (0.22, 0.220),
            local(Etkf, 7, turned(1.04), domains),
        ),
        row(
            "lorenz96-serial-eakf-7",
            "serial EAKF N 7, infl 1.07, rot, loc_rad 6",
            (0.23, 0.229),
            local(SerialEakf, 7, turned(1.07), tapers),
        ),
        Row {
            experiment: lorenz96(cycles, 12),
            ..row(
                "lorenz96-ienks-25",
                "iEnKS N 25, infl 1.2, rot, Lag 1 (dko 12)",
                (0.46, 0.49),
                iterative(25, 1.2),
            )
        },
    ]
}

fn ring_rows(cycles: usize) -> Vec<Row> {
    let row =
        |name, title, scores, method| row((name, title), scores, 0.02, kuramoto_sivashinsky(cycles), method);
    let observed: Vec<usize> = (0..128).collect();
    let ring = Ring { n: 128, observed: &observed, radius: 15.0 / HALF_WIDTH };
    vec![
        row("kuramoto-interpolation", "optimal interpolation", (0.50, 0.52), Box::new(Interpolation)),
        row(
            "kuramoto-etkf-20",
            "ETKF N 20, infl 1.03, rot",
            (0.115, 0.116),
            ensemble(Etkf, 20, turned(1.03)),
        ),
        row(
            "kuramoto-letkf-4",
            "LETKF N 4, infl 1.11, rot, Gaspari-Cohn half-width 15",
            (0.18, 0.188),
            local(Etkf, 4, turned(1.11), Reach::Domains(ring.domains(4))),
        ),
    ]
}

fn two_scale_rows(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| row((name, title), scores, 0.02, two_scale(cycles), method);
    vec![
        row("two-scale-3dvar", "3D-Var xB 2", (0.39, 0.38), variational(2.0)),
        row("two-scale-enkf-n-20", "EnKF-N N 20", (0.27, 0.29), ensemble(EnkfN::default(), 20, kept(1.0))),
    ]
}

fn row(
    (name, title): Titles,
    (published, rerun): Scores,
    tolerance: f64,
    experiment: Experiment,
    method: Box<dyn Method>,
) -> Row {
    Row { name, title, published, rerun, tolerance, experiment, method }
}

/// Inflation without rotation.
fn kept(factor: f64) -> Treatment {
    Treatment { inflation: Posterior::Multiplicative(factor), rotation: Rotation::None }
}

/// Inflation and rotation.
fn turned(factor: f64) -> Treatment {
    Treatment { rotation: Rotation::Random, ..kept(factor) }
}

fn variational(covariance_scale: f64) -> Box<dyn Method> {
    Box::new(StaticVariational { covariance_scale })
}

fn ensemble(filter: impl Filter + Send + 'static, members: usize, treatment: Treatment) -> Box<dyn Method> {
    local(filter, members, treatment, Reach::Global)
}

fn local(
    filter: impl Filter + Send + 'static,
    members: usize,
    treatment: Treatment,
    reach: Reach,
) -> Box<dyn Method> {
    Box::new(EnsembleFilter { filter: Box::new(filter), members, reach, varying: None, treatment })
}

fn iterative(members: usize, inflation: f64) -> Box<dyn Method> {
    let iteration = Iteration::GaussNewton(Ienks::default());
    Box::new(IterativeSmoother { iteration, members, lag: 1, treatment: turned(inflation) })
}
