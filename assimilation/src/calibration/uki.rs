//! Unscented Kalman inversion: a normal distribution carried by 2 p + 1 sigma points (Huang et al. 2022,
//! doi:10.1088/1361-6420/ac99fa).
//!
//! Data are augmented by the prior, and each step forgets half of what it knew: with Δτ = 1/2 the covariance doubles, and
//! the augmented data come with doubled errors. So the fixed point has the likelihood and the prior once each, whatever
//! the start: `1/C ← (1/C) / 2 + (Gᵀ Γ⁻¹ G + 1/C₀) / 2`. (Without forgetting, or stopped early, the prior counts twice:
//! by the start and by the augmented data.) Claims the posterior, as a normal distribution; exact for linear models,
//! off by 0.15 to 0.2 standard deviations on the elliptic problems ([measured](super)).
//!
//! No m × m matrix is formed: m observations cost m p² operations.

use ndarray::{Array1, Array2, ArrayView2, s};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::data::{Data, Told};
use super::problem::NormalPrior;
use super::schedule::mean;
use super::step::Step;
use super::{Calibrator, Claim, Problem};
use crate::ensemble::match_moments;
use crate::linear_algebra::{cholesky, eigh, solve_each, solve_lower};
use crate::{AssimilationError, MemberFailure};

/// Share of what was known that a step forgets, and of the new information that it takes.
const FORGET: f64 = 0.5;

/// How it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UkiOptions {
    /// Change of the mean in standard deviations, and relative change of the inverse variance, in any direction, below which
    /// it has converged.
    pub tolerance: f64,
    /// Iterations allowed.
    pub max_iterations: u32,
    /// Draws of the final normal distribution that stand for it.
    pub draws: usize,
}

impl Default for UkiOptions {
    fn default() -> Self {
        Self { tolerance: 1e-6, max_iterations: 60, draws: 1000 }
    }
}

/// The process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uki {
    data: Data,
    prior: NormalPrior,
    options: UkiOptions,
    seed: u64,
    /// Of parameters in units of the prior, p and p × p.
    mean: Array1<f64>,
    covariance: Array2<f64>,
    /// Sigma points of the predicted distribution, 2 p + 1 rows, the centre first.
    points: Array2<f64>,
    steps: Vec<Step>,
    converged: bool,
}

impl Uki {
    /// Starts at the prior.
    ///
    /// # Errors
    /// Those of the data; `Option` for less than two draws.
    pub fn new(problem: &Problem, seed: u64, options: UkiOptions) -> Result<Self, AssimilationError> {
        if options.draws < 2 {
            let (option, range) = ("draws", "2 and above");
            return Err(AssimilationError::Option { option, value: options.draws as f64, range });
        }
        let p = problem.parameters();
        let mut uki = Self {
            data: Data::new(&problem.y, &problem.noise)?,
            prior: problem.prior(),
            options,
            seed,
            mean: Array1::zeros(p),
            covariance: Array2::eye(p),
            points: Array2::zeros((2 * p + 1, p)),
            steps: Vec::new(),
            converged: false,
        };
        uki.place()?;
        Ok(uki)
    }

    /// Sigma points of the predicted distribution: the mean, and the mean ± the scaled columns of the root of
    /// `C / (1 - Δτ)`.
    fn place(&mut self) -> Result<(), AssimilationError> {
        let p = self.mean.len();
        let root = cholesky((&self.covariance / (1.0 - FORGET)).view(), "covariance of the parameters")?;
        let mut z = Array2::zeros((2 * p + 1, p));
        z += &self.mean;
        let scale = spread(p);
        for k in 0..p {
            let offset = &root.column(k) * scale;
            z.row_mut(1 + 2 * k).scaled_add(1.0, &offset);
            z.row_mut(2 + 2 * k).scaled_add(-1.0, &offset);
        }
        self.points = self.prior.unwhiten(&z);
        Ok(())
    }

    /// Analysis of the predicted distribution by residuals at its sigma points (2 p + 1 × m).
    fn analyse(&mut self, residuals: &Array2<f64>) -> Result<f64, AssimilationError> {
        let p = self.mean.len();
        let predicted = &self.covariance / (1.0 - FORGET);
        let root = cholesky(predicted.view(), "covariance of the parameters")?;
        let Pairs { slopes, bends } = Pairs::of(residuals, root.view());
        let error = LowRank::new(bends * FORGET.sqrt())?;
        let weighted = error.solve_rows(&slopes);
        let gradient = weighted.dot(&residuals.row(0)) - &self.mean;
        let info = Array2::eye(p) + slopes.dot(&weighted.t());
        self.move_to(&predicted, (info, gradient))
    }

    /// Takes the share of new information; returns the largest change over all directions, of the mean (sd) and of the
    /// inverse variance (relative).
    fn move_to(
        &mut self,
        predicted: &Array2<f64>,
        (info, gradient): (Array2<f64>, Array1<f64>),
    ) -> Result<f64, AssimilationError> {
        let precision = inverse(predicted)? + info * FORGET;
        let covariance = inverse(&precision)?;
        let step = covariance.dot(&(gradient * FORGET));
        let moved = step.dot(&precision.dot(&step)).max(0.0).sqrt();
        // In every direction: what is known well in a combination of parameters hardly shows in the variance of each.
        let root = cholesky(self.covariance.view(), "covariance of the parameters")?;
        let (resized, _) = eigh(root.t().dot(&precision.dot(&root)).view(), "change of the covariance")?;
        let change = resized.iter().map(|ratio| (ratio - 1.0).abs()).fold(moved, f64::max);
        self.mean += &step;
        self.covariance = covariance;
        Ok(change)
    }

    fn record(&mut self, told: Told, (iteration, capped): (u32, bool)) -> Step {
        let m = self.data.len().max(1) as f64;
        let centre = told.white.row(0);
        let step = Step {
            iteration,
            dt: FORGET,
            t: f64::from(iteration) * FORGET,
            misfit: 2.0 * mean(&told.misfits()) / m,
            mean_misfit: centre.dot(&centre) / m,
            failed: told.failed,
            capped,
        };
        self.steps.push(step.clone());
        step
    }
}

/// What pairs of sigma points tell: statistical linearisation, and what it leaves.
struct Pairs {
    /// Slopes of the predictions by the parameters, p × m, of whitened predictions.
    slopes: Array2<f64>,
    /// What is the same on both sides of a pair, p × m, scaled: the error of the linearisation has the covariance
    /// `bendsᵀ bends`.
    bends: Array2<f64>,
}

impl Pairs {
    /// Of residuals (2 p + 1 × m) at sigma points placed by the `root` of a covariance.
    ///
    /// The points' scatter of predictions is `(oᵀ o + eᵀ e) / c²` with odd parts `o` and even parts `e` of pairs at the
    /// distance c; the linear part explains `oᵀ o / c²` of it.
    fn of(residuals: &Array2<f64>, root: ArrayView2<'_, f64>) -> Self {
        let p = root.nrows();
        let scale = 0.5 / spread(p);
        let plus = residuals.slice(s![1..;2, ..]).to_owned() - residuals.row(0);
        let minus = residuals.slice(s![2..;2, ..]).to_owned() - residuals.row(0);
        // Residuals fall as predictions rise.
        let odd = (&minus - &plus) * scale;
        let bends = (plus + minus) * scale;
        let mut inverse = Array2::eye(p);
        for mut column in inverse.columns_mut() {
            let mut values = column.to_vec();
            solve_lower(root, &mut values);
            column.assign(&Array1::from(values));
        }
        Self { slopes: inverse.t().dot(&odd), bends }
    }
}

/// `I + Vᵀ V` for V of few rows, p × m. Its inverse is `I - Vᵀ (I + V Vᵀ)⁻¹ V` (Woodbury): m p² operations, not m³.
struct LowRank {
    v: Array2<f64>,
    /// Factor of `I + V Vᵀ`, p × p.
    factor: Array2<f64>,
}

impl LowRank {
    fn new(v: Array2<f64>) -> Result<Self, AssimilationError> {
        let small = Array2::<f64>::eye(v.nrows()) + v.dot(&v.t());
        Ok(Self { factor: cholesky(small.view(), "error of the linearised predictions")?, v })
    }

    /// The inverse times each row (of m).
    fn solve_rows(&self, rows: &Array2<f64>) -> Array2<f64> {
        let mut seen = rows.dot(&self.v.t());
        solve_each(self.factor.view(), seen.rows_mut());
        rows - &seen.dot(&self.v)
    }
}

/// Distance of sigma points in standard deviations, `√p` but at most 2 (the smaller scale of Huang et al. keeps them near).
fn spread(p: usize) -> f64 {
    (p as f64).sqrt().min(2.0)
}

fn inverse(a: &Array2<f64>) -> Result<Array2<f64>, AssimilationError> {
    let factor = cholesky(a.view(), "covariance of the parameters")?;
    let mut inverse = Array2::eye(a.nrows());
    solve_each(factor.view(), inverse.rows_mut());
    Ok((&inverse + &inverse.t()) * 0.5)
}

impl Calibrator for Uki {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.points.view()
    }

    fn wanted(&self) -> Vec<usize> {
        (0..self.data.len()).collect()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        let iteration = self.steps.len() as u32 + 1;
        if self.done() {
            return Err(AssimilationError::Finished { t: f64::from(iteration - 1) * FORGET });
        }
        let (n, p) = self.points.dim();
        let told = self.data.sort_out(outputs, (n, p + 1))?;
        let residuals = told.filled(&self.points)?;
        let mut next = self.clone();
        let change = next.analyse(&residuals)?;
        next.converged = change <= self.options.tolerance;
        next.place()?;
        *self = next;
        let capped = !self.converged && iteration >= self.options.max_iterations;
        Ok(self.record(told, (iteration, capped)))
    }

    fn done(&self) -> bool {
        self.converged || self.steps.len() as u32 >= self.options.max_iterations
    }

    fn steps(&self) -> &[Step] {
        &self.steps
    }

    fn claim(&self) -> Claim {
        Claim::Posterior
    }

    fn sample(&self) -> Array2<f64> {
        let mut z = Array2::zeros((self.options.draws, self.mean.len()));
        for (member, mut row) in z.rows_mut().into_iter().enumerate() {
            let key = StreamKey {
                seed: self.seed,
                stage: Stage::Sample,
                cycle: 0,
                member: member as u32,
                column: 0,
            };
            let mut stream = key.stream();
            row.mapv_inplace(|_| stream.normal());
        }
        match_moments(&mut z, &self.mean, self.covariance.view());
        self.prior.unwhiten(&z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// Predictions that bend, whitened, of two parameters.
    fn predictions(z: &Array2<f64>, m: usize) -> Array2<f64> {
        Array2::from_shape_fn((z.nrows(), m), |(i, k)| {
            let (a, b) = (z[[i, 0]], z[[i, 1]]);
            a + 0.3 * k as f64 * b + 0.2 * (a * b + k as f64 * 0.1 * a * a) + (0.5 * b).sin()
        })
    }

    #[test]
    fn the_gain_of_few_pairs_is_that_of_the_whole_matrix() {
        let (m, c) = (7, spread(2));
        let covariance = ndarray::array![[0.9, 0.3], [0.3, 1.4]];
        let root = cholesky(covariance.view(), "c").unwrap();
        let mut z = Array2::zeros((5, 2));
        for k in 0..2 {
            z.row_mut(1 + 2 * k).scaled_add(c, &root.column(k));
            z.row_mut(2 + 2 * k).scaled_add(-c, &root.column(k));
        }
        let g = predictions(&z, m);
        let Pairs { slopes, bends } = Pairs::of(&(-&g), root.view());
        // The formulas of the statistical linearisation, with m × m matrices.
        let (a, r) = (z.slice(s![1.., ..]), &g.slice(s![1.., ..]) - &g.row(0));
        let weight = 0.5 / (c * c);
        let cross = a.t().dot(&r) * weight;
        assert!((covariance.dot(&slopes) - cross).iter().all(|gap| gap.abs() < 1e-12));
        let scatter = r.t().dot(&r) * weight;
        let error = (scatter - slopes.t().dot(&covariance).dot(&slopes)) * FORGET + Array2::<f64>::eye(m);
        let mut direct = slopes.clone();
        solve_each(cholesky(error.view(), "e").unwrap().view(), direct.rows_mut());
        let found = LowRank::new(bends * FORGET.sqrt()).unwrap().solve_rows(&slopes);
        for (a, b) in found.iter().zip(&direct) {
            assert_abs_diff_eq!(a, b, epsilon = 1e-12);
        }
    }

    #[test]
    fn ten_thousand_observations_are_no_burden() {
        // An m × m matrix would take 800 megabytes. Each observation sees the sum: precision 1/2 + m of it.
        let m = 10_000;
        let prior = |name| reterra_statistics::Prior::new(name, 0.0, 1.0, reterra_statistics::Bounds::None);
        let priors = vec![prior("a").unwrap(), prior("b").unwrap()];
        let problem = Problem::new(priors, vec![1.0; m], crate::Noise::Diagonal(vec![1.0; m])).unwrap();
        let mut process = Uki::new(&problem, 1, UkiOptions::default()).unwrap();
        let model = |_: usize, u: &[f64]| Ok(vec![u[0] + u[1]; m]);
        super::super::run(&model, &mut process).unwrap();
        let sums: Vec<f64> = process.sample().rows().into_iter().map(|u| u.sum()).collect();
        let mean = sums.iter().sum::<f64>() / sums.len() as f64;
        let variance = sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (sums.len() - 1) as f64;
        assert_abs_diff_eq!(mean, m as f64 / (m as f64 + 0.5), epsilon = 1e-6);
        assert_abs_diff_eq!(variance * (m as f64 + 0.5), 1.0, epsilon = 1e-4);
    }
}
