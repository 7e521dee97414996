//! Ensemble transform Kalman inversion: an ensemble of parameters moved from prior to posterior.
//!
//! The likelihood enters in steps Δt whose sum is T (tempering); each step is a deterministic symmetric
//! square-root update in parameter space (Huang et al. 2022, doi:10.1088/1361-6420/ac99fa). The data-misfit
//! controller sets Δt (Iglesias and Yang 2021, doi:10.1088/1361-6420/abd29b). At T = 1 the ensemble's mean
//! and covariance are the posterior's: exactly for a linear model and a prior ensemble with exact moments
//! ([`crate::prior_ensemble`]), approximately otherwise. Fewer members than parameters confine the update
//! to the span of the ensemble. Several groups of parameters are several `Etki` values.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use crate::AssimilationError;
use crate::ensemble::match_moments;
use crate::linear_algebra::{require_finite, require_finite_row};
use crate::model::{ForwardMap, MemberFailure, evaluate_members};
use crate::noise::{Noise, Whitening};
use crate::transform::{apply, column_means, transform};

/// How an inversion runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EtkiOptions {
    /// Pseudo-time to stop at, in (0, 1]: 1 gives the posterior; less leaves the rest of the information
    /// to a later analysis with error variances divided by `1 - target_t`.
    pub target_t: f64,
    /// Iterations allowed. The last one takes all that is left of T, and its report says so.
    pub max_iterations: u32,
    /// Members that must survive a step.
    pub min_members: usize,
    /// Factor in (0, 1] on the controller's Δt: smaller is more accurate for a nonlinear model and costs
    /// more iterations (sinusoid problem: at 1, 8 iterations and a mean error of 0.068 sd; at 0.25, 23 and 0.039).
    pub step_scale: f64,
    /// Seed of the streams that redraw failed members.
    pub seed: u64,
    /// Column of those streams: differs between groups inverted side by side.
    pub group: u32,
}

impl Default for EtkiOptions {
    fn default() -> Self {
        Self { target_t: 1.0, max_iterations: 30, min_members: 10, step_scale: 1.0, seed: 0, group: 0 }
    }
}

impl EtkiOptions {
    fn check(&self) -> Result<(), AssimilationError> {
        for (option, value) in [("target_t", self.target_t), ("step_scale", self.step_scale)] {
            if !(value > 0.0 && value <= 1.0) {
                return Err(AssimilationError::Option { option, value, range: "(0, 1]" });
            }
        }
        let counts =
            [("max_iterations", self.max_iterations as usize, 1), ("min_members", self.min_members, 2)];
        for (option, count, least) in counts {
            if count < least {
                let range = if least == 1 { "1 and above" } else { "2 and above" };
                return Err(AssimilationError::Option { option, value: count as f64, range });
            }
        }
        Ok(())
    }
}

/// A member that gave no output in a step and was drawn again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedMember {
    /// Its row.
    pub member: usize,
    /// Why.
    pub reason: String,
}

/// The members that gave an output: their rows and `Γ^(-1/2) (y - G)`, one row each.
struct Survivors {
    rows: Vec<usize>,
    white: Array2<f64>,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Number of the step, from 1.
    pub iteration: u32,
    /// The step Δt.
    pub dt: f64,
    /// Pseudo-time after it.
    pub t: f64,
    /// Misfit of the outputs told, mean over members of `|Γ^(-1/2) (y - G)|² / m`; about 1 where the
    /// model explains the data within their errors.
    pub misfit: f64,
    /// The same of the ensemble mean of the outputs.
    pub mean_misfit: f64,
    /// Members that failed.
    pub failed: Vec<FailedMember>,
    /// Whether the cap on iterations, not the controller, set Δt.
    pub capped: bool,
}

/// An inversion under way: ask for the ensemble, run the model, tell the outputs, until done.
/// Serialise it between iterations to checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Etki {
    ensemble: Array2<f64>,
    y_white: Vec<f64>,
    whitening: Whitening,
    options: EtkiOptions,
    t: f64,
    steps: Vec<Step>,
}

impl Etki {
    /// An inversion of observations `y` (m) with error covariance `gamma` that starts from the prior
    /// ensemble `priors_u` (N × p, unconstrained).
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive` for the data, `Option`, `NoEnsemble` below two members, and `TooFewMembers`
    /// where N is below the minimum.
    pub fn new(
        priors_u: Array2<f64>,
        y: &[f64],
        gamma: &Noise,
        options: EtkiOptions,
    ) -> Result<Self, AssimilationError> {
        options.check()?;
        require_finite(priors_u.view(), "prior ensemble")?;
        require_finite_row(y, "observation")?;
        let n = priors_u.nrows();
        if n < 2 {
            return Err(AssimilationError::NoEnsemble { members: n });
        }
        require_members(n, n, options.min_members, "the ensemble is too small")?;
        let whitening = gamma.whitening(y.len())?;
        let y_white = whitening.vector(y);
        Ok(Self { ensemble: priors_u, y_white, whitening, options, t: 0.0, steps: Vec::new() })
    }

    /// The ensemble to run next, or the posterior one when done (N × p).
    #[must_use]
    pub fn ensemble(&self) -> ArrayView2<'_, f64> {
        self.ensemble.view()
    }

    /// Pseudo-time so far.
    #[must_use]
    pub fn t(&self) -> f64 {
        self.t
    }

    /// Whether the target pseudo-time is reached.
    #[must_use]
    pub fn done(&self) -> bool {
        self.t >= self.options.target_t
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Updates the ensemble with the outputs (m each) of its members, in order. An output that is not
    /// finite counts as a failure. Failed members are drawn again from the mean and covariance of the
    /// updated survivors, which the whole ensemble then keeps exactly.
    ///
    /// # Errors
    /// `Finished`, `Shape`, or `TooFewMembers`; the inversion is then unchanged and can be told again.
    pub fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        if self.done() {
            return Err(AssimilationError::Finished { t: self.t });
        }
        let (Survivors { rows: alive, white }, failed) = self.sort_out(outputs)?;
        let misfits: Vec<f64> = white.rows().into_iter().map(|r| 0.5 * r.dot(&r)).collect();
        let (dt, capped) = self.next_step(&misfits);
        let mut survivors = self.ensemble.select(Axis(0), &alive);
        let residual = column_means(white.view());
        update(&white, &residual, dt, &mut survivors)?;
        self.put_back(&survivors, &alive, &failed);

        let m = self.y_white.len().max(1) as f64;
        let target = self.options.target_t;
        self.t = if dt >= target - self.t { target } else { self.t + dt };
        let step = Step {
            iteration: self.steps.len() as u32 + 1,
            dt,
            t: self.t,
            misfit: 2.0 * mean(&misfits) / m,
            mean_misfit: residual.dot(&residual) / m,
            failed,
            capped,
        };
        self.steps.push(step.clone());
        Ok(step)
    }

    /// Separates the outputs: the survivors' rows with their whitened residuals, and the failed members.
    fn sort_out(
        &self,
        outputs: &[Result<Vec<f64>, MemberFailure>],
    ) -> Result<(Survivors, Vec<FailedMember>), AssimilationError> {
        let (n, m) = (self.ensemble.nrows(), self.y_white.len());
        require_length("outputs of members", n, outputs.len())?;
        let (mut rows, mut residuals, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (member, output) in outputs.iter().enumerate() {
            if let Ok(values) = output {
                require_length("predicted observations", m, values.len())?;
            }
            match output.as_deref().map_err(|e| e.reason.clone()).and_then(|values| self.residual(values)) {
                Ok(residual) => {
                    rows.push(member);
                    residuals.extend(residual);
                }
                Err(reason) => failed.push(FailedMember { member, reason }),
            }
        }
        let first = failed.first().map_or("none", |f| f.reason.as_str());
        require_members(rows.len(), n, self.options.min_members, first)?;
        let white = Array2::from_shape_fn((rows.len(), m), |(i, k)| residuals[i * m + k]);
        Ok((Survivors { rows, white }, failed))
    }

    /// `Γ^(-1/2) (y - G)`, or why this output cannot be used.
    fn residual(&self, values: &[f64]) -> Result<Vec<f64>, String> {
        if let Some(k) = values.iter().position(|x| !x.is_finite()) {
            return Err(format!("predicted observation {k} is {}", values[k]));
        }
        let g = self.whitening.vector(values);
        let residual: Vec<f64> = self.y_white.iter().zip(g).map(|(y, g)| y - g).collect();
        if residual.iter().map(|r| r * r).sum::<f64>().is_finite() {
            Ok(residual)
        } else {
            Err("predicted observations are beyond all bounds".into())
        }
    }

    /// Δt by the data-misfit controller, cut where T would pass its target; and whether the cap on
    /// iterations took all that was left.
    fn next_step(&self, misfits: &[f64]) -> (f64, bool) {
        let left = self.options.target_t - self.t;
        let dt = data_misfit_step(misfits, self.y_white.len()) * self.options.step_scale;
        if dt >= left * (1.0 - 1e-9) {
            return (left, false);
        }
        let last = self.steps.len() as u32 + 1 >= self.options.max_iterations;
        if last { (left, true) } else { (dt, false) }
    }

    fn put_back(&mut self, survivors: &Array2<f64>, alive: &[usize], failed: &[FailedMember]) {
        for (row, &member) in survivors.rows().into_iter().zip(alive) {
            self.ensemble.row_mut(member).assign(&row);
        }
        if failed.is_empty() {
            return;
        }
        let mean = column_means(survivors.view());
        let anomalies = survivors - &mean;
        let covariance = anomalies.t().dot(&anomalies) / (alive.len() - 1) as f64;
        let scale = 1.0 / ((alive.len() - 1) as f64).sqrt();
        for lost in failed {
            let mut stream = StreamKey {
                seed: self.options.seed,
                stage: Stage::Calibrate,
                cycle: self.steps.len() as u32,
                member: lost.member as u32,
                column: self.options.group,
            }
            .stream();
            let z: Array1<f64> = (0..alive.len()).map(|_| stream.normal() * scale).collect();
            self.ensemble.row_mut(lost.member).assign(&(&mean + &z.dot(&anomalies)));
        }
        match_moments(&mut self.ensemble, &mean, covariance.view());
    }
}

/// One tempered update of the parameters from whitened residuals (N × m) with mean `residual`.
fn update(
    white: &Array2<f64>,
    residual: &Array1<f64>,
    dt: f64,
    parameters: &mut Array2<f64>,
) -> Result<(), AssimilationError> {
    let scale = dt.sqrt() / ((white.nrows() - 1) as f64).sqrt();
    // The residual falls as the prediction rises, hence the sign.
    let s = (residual - white) * scale;
    let update = transform(s.view(), &(residual * dt.sqrt()))?;
    apply(&update.w, &update.t, 1.0, parameters.view_mut());
    Ok(())
}

/// The controller's Δt for misfits `Φ = |Γ^(-1/2) (y - G)|² / 2` of m observations:
/// `max(m / (2 mean Φ), sqrt(m / (2 var Φ)))`.
fn data_misfit_step(misfits: &[f64], m: usize) -> f64 {
    let average = mean(misfits);
    let variance =
        misfits.iter().map(|phi| (phi - average) * (phi - average)).sum::<f64>() / misfits.len() as f64;
    let m = m as f64;
    let dt = (m / (2.0 * average)).max((m / (2.0 * variance)).sqrt());
    // No observation or a perfect fit: nothing limits the step.
    if dt.is_finite() { dt } else { 1.0 }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn require_length(what: &'static str, expected: usize, got: usize) -> Result<(), AssimilationError> {
    if expected == got { Ok(()) } else { Err(AssimilationError::Shape { what, expected, got }) }
}

pub(crate) fn require_members(
    surviving: usize,
    members: usize,
    needed: usize,
    first: &str,
) -> Result<(), AssimilationError> {
    if surviving >= needed.max(2) {
        return Ok(());
    }
    Err(AssimilationError::TooFewMembers {
        surviving,
        members,
        needed: needed.max(2),
        first: first.to_owned(),
    })
}

/// Runs an inversion to its end, members in parallel, and returns its steps.
///
/// # Errors
/// Those of [`Etki::tell`].
pub fn invert<M: ForwardMap + ?Sized>(map: &M, etki: &mut Etki) -> Result<Vec<Step>, AssimilationError> {
    while !etki.done() {
        let outputs = evaluate_members(map, etki.ensemble());
        etki.tell(&outputs)?;
    }
    Ok(etki.steps().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;
    use reterra_statistics::{Bounds, Prior};

    use crate::acceptance::Linear;
    use crate::ensemble::prior_ensemble;

    fn standard_priors() -> Vec<Prior> {
        ["theta1", "theta2"].map(|name| Prior::new(name, 0.0, 1.0, Bounds::None).unwrap()).to_vec()
    }

    /// `G = theta1 + c theta2`, `Γ = 0.1 I`, prior `N(0, I)`; the posterior is known in closed form.
    fn linear() -> Linear {
        Linear {
            c: vec![
                3.2486907273264833,
                -1.2235128273001508,
                -1.0563435045269114,
                -2.145937244312341,
                1.730815258649357,
                -4.603077393760565,
                3.48962352843296,
                -1.5224138017902056,
                0.6380781921141971,
                -0.4987407509548202,
            ],
            y: vec![
                5.959740581260187,
                -4.098499348845088,
                -3.2146442812044094,
                -5.4133231392305134,
                2.8201598952266056,
                -10.553970945845276,
                5.924720469993958,
                -4.322430809958762,
                0.28950554304746684,
                -1.81317914887566,
            ],
            post_mean: [-1.0271059514550325, 2.0836493474288096],
            post_cov: [
                [0.009966095713839856, 0.00033846030457713316],
                [0.00033846030457713316, 0.0017595314639704685],
            ],
        }
    }

    fn start(options: EtkiOptions) -> Etki {
        let prior = prior_ensemble(&standard_priors(), 50, 1, 0).unwrap();
        Etki::new(prior, &linear().y, &Noise::Diagonal(vec![0.1; 10]), options).unwrap()
    }

    fn moments(e: ArrayView2<'_, f64>) -> (Array1<f64>, Array2<f64>) {
        let mean = column_means(e);
        let a = &e - &mean;
        (mean, a.t().dot(&a) / (e.nrows() - 1) as f64)
    }

    fn check_posterior(e: ArrayView2<'_, f64>, tolerance: f64) {
        let (problem, (mean, covariance)) = (linear(), moments(e));
        for i in 0..2 {
            assert_abs_diff_eq!(mean[i], problem.post_mean[i], epsilon = tolerance);
            for j in 0..2 {
                assert_abs_diff_eq!(covariance[[i, j]], problem.post_cov[i][j], epsilon = tolerance);
            }
        }
    }

    #[test]
    fn a_linear_problem_is_solved_exactly_and_in_several_steps() {
        let mut etki = start(EtkiOptions::default());
        let steps = invert(&linear(), &mut etki).unwrap();
        check_posterior(etki.ensemble(), 1e-10);
        assert!(steps.len() > 3);
        assert_abs_diff_eq!(steps.iter().map(|s| s.dt).sum::<f64>(), 1.0, epsilon = 1e-12);
        assert!(steps.iter().all(|s| !s.capped && s.failed.is_empty()));
    }

    #[test]
    fn the_cap_takes_all_that_is_left_and_says_so() {
        let mut etki = start(EtkiOptions { max_iterations: 2, ..EtkiOptions::default() });
        let steps = invert(&linear(), &mut etki).unwrap();
        check_posterior(etki.ensemble(), 1e-10);
        assert_eq!(steps.iter().map(|s| s.capped).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn stopping_early_and_filtering_the_rest_gives_the_same_posterior() {
        let mut etki = start(EtkiOptions { target_t: 0.3, ..EtkiOptions::default() });
        invert(&linear(), &mut etki).unwrap();
        assert_abs_diff_eq!(etki.t(), 0.3);
        let mut e = etki.ensemble().to_owned();
        let he = linear().predict_all(e.view());
        let r = vec![0.1 / 0.7; 10];
        crate::analyse(he.view(), &linear().y, &r, 1.0).unwrap().apply(e.view_mut()).unwrap();
        check_posterior(e.view(), 1e-10);
    }

    #[test]
    fn failed_members_are_reported_and_drawn_again_without_harm() {
        let problem = linear();
        let failing = |member: usize, u: &[f64]| match member {
            3 => Err(MemberFailure::new("no leaves left")),
            7 => Ok(vec![f64::NAN; 10]),
            11 => panic!("a model's own panic"),
            _ => problem.evaluate(member, u),
        };
        let mut etki = start(EtkiOptions::default());
        let steps = invert(&failing, &mut etki).unwrap();
        for step in &steps {
            let members: Vec<usize> = step.failed.iter().map(|f| f.member).collect();
            assert_eq!(members, [3, 7, 11]);
            assert_eq!(step.failed[0].reason, "no leaves left");
            assert_eq!(step.failed[2].reason, "the model panicked: a model's own panic");
        }
        assert!(etki.ensemble().iter().all(|x| x.is_finite()));
        // Without three members the prior's moments are not exact any more: a tenth of its spread.
        let (mean, _) = moments(etki.ensemble());
        let sd = [problem.post_cov[0][0].sqrt(), problem.post_cov[1][1].sqrt()];
        for i in 0..2 {
            assert!((mean[i] - problem.post_mean[i]).abs() < 0.1 * sd[i], "{mean}");
        }
    }

    #[test]
    fn too_few_survivors_leave_the_inversion_as_it_was() {
        let mut etki = start(EtkiOptions::default());
        let before = etki.clone();
        let outputs = vec![Err(MemberFailure::new("node lost")); 50];
        let error = etki.tell(&outputs).unwrap_err();
        assert!(error.to_string().contains("node lost"), "{error}");
        assert_eq!(etki, before);
    }

    #[test]
    fn a_checkpoint_continues_with_the_same_bits() {
        let mut etki = start(EtkiOptions::default());
        etki.tell(&evaluate_members(&linear(), etki.ensemble())).unwrap();
        let text = serde_json::to_string(&etki).unwrap();
        let mut resumed: Etki = serde_json::from_str(&text).unwrap();
        assert_eq!(resumed, etki);
        invert(&linear(), &mut etki).unwrap();
        invert(&linear(), &mut resumed).unwrap();
        assert_eq!(resumed, etki);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut etki = start(EtkiOptions::default());
            pool.install(|| invert(&linear(), &mut etki)).unwrap();
            etki
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn correlated_errors_count_as_their_covariance_says() {
        // Two observations of one parameter, prior N(0, 1), Γ = [[2, 1], [1, 3]]:
        // precision 1 + 1ᵀ Γ⁻¹ 1 = 8/5; 1ᵀ Γ⁻¹ y = 4/5 for y = (1, 2); mean 1/2.
        let prior = prior_ensemble(&standard_priors()[..1], 20, 1, 0).unwrap();
        let gamma = Noise::Full(array![[2.0, 1.0], [1.0, 3.0]]);
        let mut etki = Etki::new(prior, &[1.0, 2.0], &gamma, EtkiOptions::default()).unwrap();
        invert(&|_: usize, u: &[f64]| Ok(vec![u[0], u[0]]), &mut etki).unwrap();
        let (mean, covariance) = moments(etki.ensemble());
        assert_abs_diff_eq!(mean[0], 0.5, epsilon = 1e-12);
        assert_abs_diff_eq!(covariance[[0, 0]], 0.625, epsilon = 1e-12);
    }

    #[test]
    fn options_outside_their_range_are_refused() {
        let prior = prior_ensemble(&standard_priors(), 50, 1, 0).unwrap();
        let gamma = Noise::Diagonal(vec![0.1; 10]);
        for options in [
            EtkiOptions { target_t: 1.5, ..EtkiOptions::default() },
            EtkiOptions { step_scale: 0.0, ..EtkiOptions::default() },
            EtkiOptions { max_iterations: 0, ..EtkiOptions::default() },
            EtkiOptions { min_members: 51, ..EtkiOptions::default() },
        ] {
            assert!(Etki::new(prior.clone(), &linear().y, &gamma, options).is_err(), "{options:?}");
        }
    }
}
