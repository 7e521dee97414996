//! Lorenz-63.

use super::{Scores, Titles, ensemble, iterative, kept, row, turned, variational};
use crate::filters::{EnkfN, Etkf, ParticleFilter, RankHistogramFilter, StochasticEnkf};
use crate::twin::cycle::Method;
use crate::twin::methods::{Climatology, Interpolation, Particles};
use crate::twin::published::{Row, lorenz63, lorenz63_rare};

/// All rows, with so many observation times.
pub(super) fn rows(cycles: usize) -> Vec<Row> {
    [baselines(cycles), filters(cycles), nonlinear(cycles)].into_iter().flatten().collect()
}

fn scored(titles: Titles, scores: Scores, cycles: usize, method: Box<dyn Method>) -> Row {
    row(titles, scores, 0.05, lorenz63(cycles), method)
}

fn baselines(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| scored((name, title), scores, cycles, method);
    vec![
        row("lorenz63-climatology", "climatology", (7.6, 7.59), Box::new(Climatology)),
        row("lorenz63-interpolation", "optimal interpolation", (1.25, 1.24), Box::new(Interpolation)),
        row("lorenz63-3dvar", "3D-Var xB 0.1", (1.04, 1.021), variational(0.1)),
    ]
}

fn filters(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| scored((name, title), scores, cycles, method);
    vec![
        row("lorenz63-etkf-3", "ETKF N 3, infl 1.30", (0.80, 0.81), ensemble(Etkf, 3, kept(1.30))),
        row("lorenz63-etkf-10", "ETKF N 10, infl 1.02, rot", (0.60, 0.563), ensemble(Etkf, 10, turned(1.02))),
        row(
            "lorenz63-enkf-10",
            "EnKF (perturbed obs) N 10, infl 1.04",
            (0.65, 0.64),
            ensemble(StochasticEnkf, 10, kept(1.04)),
        ),
        row("lorenz63-enkf-n-3", "EnKF-N N 3", (0.60, 0.59), ensemble(EnkfN::default(), 3, kept(1.0))),
        row(
            "lorenz63-enkf-n-10",
            "EnKF-N N 10, rot",
            (0.54, 0.550),
            ensemble(EnkfN::default(), 10, turned(1.0)),
        ),
    ]
}

fn nonlinear(cycles: usize) -> Vec<Row> {
    let row = |name, title, scores, method| scored((name, title), scores, cycles, method);
    let filter = ParticleFilter { regularisation: 0.9, resample_below: 0.2, dimensions: None };
    vec![
        row("lorenz63-ienks-10", "iEnKS N 10, infl 1.02, rot, Lag 1", (0.31, 0.316), iterative(10, 1.02)),
        Row {
            // Eight hundred particles cost most of the table's time.
            experiment: lorenz63(cycles.div_ceil(2)),
            ..row(
                "lorenz63-particles-800",
                "particle filter N 800, reg 0.9, NER 0.2",
                (0.28, 0.277),
                Box::new(Particles { filter, members: 800 }),
            )
        },
        Row {
            experiment: lorenz63_rare(cycles),
            ..row(
                "lorenz63-rank-histogram-50",
                "rank-histogram filter N 50, infl 0.95, rot (dko 12, R = 8I)",
                (0.94, 0.91),
                ensemble(RankHistogramFilter, 50, turned(0.95)),
            )
        },
    ]
}
