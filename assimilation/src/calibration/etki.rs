//! Ensemble transform Kalman inversion: an ensemble of parameters moved from prior to posterior.
//!
//! The likelihood enters in steps Δt whose sum is T (tempering); each step is a deterministic symmetric
//! square-root update in parameter space (Huang et al. 2022, doi:10.1088/1361-6420/ac99fa). Claims the posterior, which is true of models that are nearly linear over the
//! *prior*: on the elliptic problem the mean is off by a quarter of a standard deviation, and under a bounded prior by 0.7
//! with a spread half too wide ([measured](super)); smaller steps mend little of it.
//! Several groups of parameters that share nothing are several `Etki` values; those that share observations are
//! [`Reach::Groups`](super::Reach).

use super::Tempered;
use crate::AssimilationError;
use crate::filters::Etkf;
use crate::model::ForwardMap;

pub use super::step::{FailedMember, Step};
pub use super::tempered::TemperingOptions as EtkiOptions;

/// Ensemble transform Kalman inversion.
pub type Etki = Tempered<Etkf>;

/// Runs an inversion to its end, members in parallel, and returns its steps.
///
/// # Errors
/// Those of [`Etki::tell`].
pub fn invert<M: ForwardMap + ?Sized>(map: &M, etki: &mut Etki) -> Result<Vec<Step>, AssimilationError> {
    super::run(map, etki)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array1, Array2, ArrayView2, array};
    use reterra_statistics::{Bounds, Prior};

    use crate::Noise;
    use crate::acceptance::Linear;
    use crate::ensemble::prior_ensemble;
    use crate::model::{MemberFailure, evaluate_members};
    use crate::transform::column_means;

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
