//! Sobol' indices of the Ishigami function from 300 runs of it.

use std::f64::consts::PI;

use ndarray::Array2;
use reterra_emulators::{Candidate, Sampling, Trial, choose, shuffled};
use reterra_statistics::design::{Design, Factor, LatinHypercube};

use crate::ValidationError;
use crate::record::{Goal, Record};

/// Runs of the function.
const RUNS: usize = 300;
/// What an index may be off.
const OFF: Goal = Goal::AtMost(0.02);

/// Largest error of the first-order and of the total indices.
///
/// # Errors
/// Where an emulator can't be fitted.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let factor =
        |name| Factor::uniform(name, -PI, PI).map_err(|e| ValidationError::Cases { reason: e.to_string() });
    let factors = [factor("x1")?, factor("x2")?, factor("x3")?];
    let design = LatinHypercube { size: RUNS, candidates: 20 }.sample(3, 1);
    let x = Array2::from_shape_fn((RUNS, 3), |(run, j)| factors[j].quantile(design.points[run][j]));
    let y: Vec<f64> = x.rows().into_iter().map(|x| ishigami([x[0], x[1], x[2]])).collect();
    let folds = shuffled(RUNS, 5)?;
    let (emulator, report) = choose(Trial { x: x.view(), y: &y, folds: &folds }, &Candidate::usual(0))?;
    eprint!("{report}");
    let found = Sampling::default().indices(&emulator, &factors)?;
    let off = |indices: &[reterra_emulators::Index], exact: [f64; 3]| {
        indices.iter().zip(exact).map(|(index, exact)| (index.value - exact).abs()).fold(0.0, f64::max)
    };
    let (first, total) = exact();
    Ok(vec![
        Record::new("ces-1-ishigami-first", off(&found.first, first), OFF, "1"),
        Record::new("ces-1-ishigami-total", off(&found.total, total), OFF, "1"),
    ])
}

/// Ishigami and Homma (1990, doi:10.1109/ISUMA.1990.151285) with a = 7 and b = 0.1.
fn ishigami(x: [f64; 3]) -> f64 {
    x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin()
}

/// First-order and total indices by integration.
fn exact() -> ([f64; 3], [f64; 3]) {
    let (a, b) = (7.0, 0.1);
    let one = 0.5 * (1.0 + b * PI.powi(4) / 5.0).powi(2);
    let two = a * a / 8.0;
    let both = b * b * PI.powi(8) * (1.0 / 18.0 - 1.0 / 50.0);
    let whole = one + two + both;
    ([one / whole, two / whole, 0.0], [(one + both) / whole, two / whole, both / whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_indices_are_the_published_ones() {
        let (first, total) = exact();
        for (found, published) in
            first.into_iter().chain(total).zip([0.3139, 0.4424, 0.0, 0.5576, 0.4424, 0.2437])
        {
            assert!((found - published).abs() < 1e-4, "{found} {published}");
        }
    }
}
