//! Samplers on targets whose moments are known.

use std::sync::atomic::{AtomicUsize, Ordering};

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis, array};
use reterra_statistics::{Stage, StreamKey};

use super::diagnostics::{convergence, of};
use super::*;

/// A linear problem: one observation of `a z` with unit error, so precision `I + a aᵀ`.
struct Linear {
    a: Vec<f64>,
    y: f64,
}

impl Linear {
    fn gap(&self, z: &[f64]) -> f64 {
        self.y - self.a.iter().zip(z).map(|(a, z)| a * z).sum::<f64>()
    }

    /// Posterior mean; variance of each parameter.
    fn exact(&self) -> (Vec<f64>, Vec<f64>) {
        let whole = 1.0 + self.a.iter().map(|a| a * a).sum::<f64>();
        (
            self.a.iter().map(|a| a * self.y / whole).collect(),
            self.a.iter().map(|a| 1.0 - a * a / whole).collect(),
        )
    }
}

impl Target for Linear {
    fn dimension(&self) -> usize {
        self.a.len()
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        -0.5 * self.gap(z).powi(2)
    }
}

impl SmoothTarget for Linear {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        let gap = self.gap(z);
        gradient.iter_mut().zip(&self.a).for_each(|(g, a)| *g = gap * a);
        -0.5 * gap * gap
    }
}

const METHODS: [Method; 4] =
    [Method::Metropolis, Method::CrankNicolson, Method::Elliptical, Method::Tempering { temperatures: 4 }];

/// Errors of means and variances in units of what their effective sample sizes allow.
fn check(name: &str, sample: &Sample, mean: &[f64], variance: &[f64]) {
    let all = sample.all();
    for (k, found) in convergence(sample).iter().enumerate() {
        let column = all.column(k);
        assert!(found.rhat < 1.02 && found.bulk_ess > 200.0, "{name} {k}: {found:?}");
        let m = column.mean().unwrap();
        let v = column.mapv(|x| (x - m) * (x - m)).sum() / (column.len() - 1) as f64;
        let error = (m - mean[k]) / (variance[k] / found.bulk_ess).sqrt();
        // The variance of a normal sample's variance is 2 v² / n; squares decorrelate faster than values do.
        let spread = (v / variance[k] - 1.0) / (2.0 / found.bulk_ess.min(found.tail_ess)).sqrt();
        assert!(error.abs() < 4.0 && spread.abs() < 4.0, "{name} {k}: {error} {spread}");
    }
}

#[test]
fn every_method_finds_the_linear_posterior() {
    let target = Linear { a: vec![3.0, -1.0, 0.5, 0.0], y: 2.0 };
    let (mean, variance) = target.exact();
    let none = Array2::zeros((0, 0));
    for method in METHODS {
        let length = Length { warm_up: 2000, draws: 4000, thin: 4, ..Length::default() };
        let found = sample(&target, method, (length, 3), &none).unwrap();
        check(&format!("{method:?}"), &found, &mean, &variance);
    }
    let found = sample_nuts(&target, (Length::default(), 3), &none).unwrap();
    assert!(found.divergences.iter().all(|count| *count == 0));
    check("NUTS", &found, &mean, &variance);
}

/// `θ₁ ~ N(0, 1)`, `θ₂ ~ N(100, 1)`: heads of an elliptic equation at two places, posterior by quadrature
/// (`elliptic_gaussian_prior` of the acceptance problems).
struct Elliptic;

impl Elliptic {
    fn gaps(z: &[f64]) -> [f64; 2] {
        let head = |x: f64| (100.0 + z[1]) * x + (-z[0]).exp() * 0.5 * (x - x * x);
        [27.5 - head(0.25), 79.7 - head(0.75)]
    }
}

impl Target for Elliptic {
    fn dimension(&self) -> usize {
        2
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        let [a, b] = Self::gaps(z);
        -0.5 * (a * a + b * b) / 0.01
    }
}

impl SmoothTarget for Elliptic {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        let [a, b] = Self::gaps(z);
        let bend = -(-z[0]).exp() * 0.5 * 0.1875;
        gradient[0] = (a + b) * bend / 0.01;
        gradient[1] = (0.25 * a + 0.75 * b) / 0.01;
        self.log_likelihood(z)
    }
}

#[test]
fn nuts_and_metropolis_find_the_elliptic_posterior() {
    let (mean, variance) =
        ([-2.7694827884012083, 4.16768003596172], [0.011028755294703197, 0.07585086080532864]);
    let none = Array2::zeros((0, 0));
    let found = sample_nuts(&Elliptic, (Length { draws: 2000, ..Length::default() }, 1), &none).unwrap();
    check("NUTS", &found, &mean, &variance);
    let all = found.all();
    let centred = &all - &all.mean_axis(Axis(0)).unwrap();
    let covariance = centred.column(0).dot(&centred.column(1)) / (all.nrows() - 1) as f64;
    assert!((covariance / 0.025672863840525327 - 1.0).abs() < 0.15, "{covariance}");
    let length = Length { warm_up: 5000, draws: 4000, thin: 5, ..Length::default() };
    let found = sample(&Elliptic, Method::Metropolis, (length, 1), &none).unwrap();
    check("Metropolis", &found, &mean, &variance);
}

/// The elliptic posterior with errors that are wrong by a quarter, and a slope that isn't there.
struct Likeness;

impl Target for Likeness {
    fn dimension(&self) -> usize {
        2
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        Elliptic.log_likelihood(z) / 1.25 + z[0]
    }
}

impl SmoothTarget for Likeness {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        Elliptic.with_gradient(z, gradient);
        gradient[0] = gradient[0] / 1.25 + 1.0;
        gradient[1] /= 1.25;
        self.log_likelihood(z)
    }
}

#[test]
fn a_likeness_that_is_wrong_samples_the_target_all_the_same() {
    let (mean, variance) =
        ([-2.7694827884012083, 4.16768003596172], [0.011028755294703197, 0.07585086080532864]);
    let none = Array2::zeros((0, 0));
    let length = Length { draws: 4000, ..Length::default() };
    let found = sample_by_surrogate(&Elliptic, &Likeness, (length, 1), &none).unwrap();
    check("surrogate", &found, &mean, &variance);
    assert!(found.acceptance.iter().all(|share| (0.6..0.98).contains(share)), "{:?}", found.acceptance);
    let other = Linear { a: vec![1.0; 3], y: 2.0 };
    assert!(sample_by_surrogate(&other, &Likeness, (length, 1), &none).is_err());
}

/// Two modes at ± 2 in the first parameter, the right one with thrice the weight, each of standard deviation about 0.1.
struct Modes;

impl Target for Modes {
    fn dimension(&self) -> usize {
        2
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        let peak = |middle: f64| (-0.5 * ((z[0] - middle) / 0.1).powi(2)).exp();
        (0.25 * peak(-2.0) + 0.75 * peak(2.0)).ln()
    }
}

#[test]
fn tempering_weighs_modes_that_one_chain_never_leaves() {
    let none = Array2::zeros((0, 0));
    let right = |sample: &Sample| {
        let all = sample.all();
        all.column(0).iter().filter(|x| **x > 0.0).count() as f64 / all.nrows() as f64
    };
    let length = Length { warm_up: 2000, draws: 5000, ..Length::default() };
    let tempered = Method::Tempering { temperatures: 8 };
    let found = sample(&Modes, tempered, (length, 2), &none).unwrap();
    assert!((right(&found) - 0.75).abs() < 0.05, "{}", right(&found));
    assert!(convergence(&found)[0].rhat < 1.05);
    // Without temperatures each chain stays where it began, and the gate says so.
    let starts = array![[-2.0, 0.0], [2.0, 0.0]];
    let stuck = sample(&Modes, Method::Metropolis, (length, 2), &starts).unwrap();
    let names = ["left or right".to_owned(), "free".to_owned()];
    let refused = Gate::default().pass(&stuck, &names).unwrap_err().to_string();
    assert!(refused.contains("left or right"), "{refused}");
}

#[test]
fn a_sample_is_the_same_on_any_number_of_threads() {
    let target = Linear { a: vec![1.0, 2.0], y: 0.3 };
    let length = Length { chains: 4, warm_up: 50, draws: 40, thin: 1 };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let none = Array2::zeros((0, 0));
        pool.install(|| {
            let plain = METHODS.map(|method| sample(&target, method, (length, 9), &none).unwrap());
            (plain, sample_nuts(&target, (length, 9), &none).unwrap())
        })
    };
    assert!(on(1) == on(3));
}

#[test]
fn what_cannot_be_sampled_is_an_error() {
    struct Nowhere;
    impl Target for Nowhere {
        fn dimension(&self) -> usize {
            1
        }

        fn log_likelihood(&self, _: &[f64]) -> f64 {
            f64::NAN
        }
    }
    let none = Array2::zeros((0, 0));
    let refused = sample(&Nowhere, Method::Elliptical, (Length::default(), 0), &none).unwrap_err();
    assert!(matches!(refused, AssimilationError::Start { .. }), "{refused}");
    let target = Linear { a: vec![1.0], y: 0.0 };
    let no_draws = Length { draws: 0, ..Length::default() };
    assert!(sample(&target, Method::Elliptical, (no_draws, 0), &none).is_err());
    assert!(sample(&target, Method::Tempering { temperatures: 0 }, (Length::default(), 0), &none).is_err());
    assert!(sample(&target, Method::Elliptical, (Length::default(), 0), &Array2::zeros((1, 2))).is_err());
}

/// A target that counts its evaluations.
struct Counted<'a>(Linear, &'a AtomicUsize);

impl Target for Counted<'_> {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn log_likelihood(&self, z: &[f64]) -> f64 {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.log_likelihood(z)
    }
}

impl SmoothTarget for Counted<'_> {
    fn with_gradient(&self, z: &[f64], gradient: &mut [f64]) -> f64 {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.with_gradient(z, gradient)
    }
}

#[test]
fn chains_that_somebody_stops_end_within_a_draw_and_give_no_sample() {
    let evaluations = AtomicUsize::new(0);
    let target = Counted(Linear { a: vec![1.0, 2.0], y: 0.3 }, &evaluations);
    let asked = || evaluations.load(Ordering::Relaxed) >= 1000;
    let none = Array2::zeros((0, 0));
    let ended = |found: Result<Sample, AssimilationError>| {
        assert!(matches!(found, Err(AssimilationError::Stopped)), "{found:?}");
        assert!((1000..5000).contains(&evaluations.swap(0, Ordering::Relaxed)));
    };
    // A warm-up, and draws, that would take days.
    for (warm_up, draws) in [(1 << 40, 1), (0, 1 << 20)] {
        let length = Length { chains: 2, warm_up, draws, thin: 1 << 20 };
        let course = || (length.until(Stop::when(&asked)), 1);
        for method in METHODS {
            ended(sample(&target, method, course(), &none));
        }
        ended(sample_nuts(&target, course(), &none));
        ended(sample_by_surrogate(&target, &target, course(), &none));
    }
}

/// An autoregressive chain of the first order with unit variance.
fn autoregressive(n: usize, phi: f64, chain: u32) -> Array1<f64> {
    let mut stream = StreamKey { seed: 5, stage: Stage::Test, cycle: 0, member: chain, column: 0 }.stream();
    let mut x = stream.normal();
    Array1::from_shape_simple_fn(n, || {
        x = phi * x + (1.0 - phi * phi).sqrt() * stream.normal();
        x
    })
}

#[test]
fn effective_sizes_are_those_of_autoregressive_chains() {
    for phi in [0.0, 0.5, 0.9] {
        let chains: Vec<Array1<f64>> = (0..4).map(|k| autoregressive(20_000, phi, k)).collect();
        let found = of(&chains.iter().map(|chain| chain.view()).collect::<Vec<_>>());
        let expected = 80_000.0 * (1.0 - phi) / (1.0 + phi);
        assert!((found.bulk_ess / expected - 1.0).abs() < 0.1, "{phi}: {} {expected}", found.bulk_ess);
        assert!(found.rhat < 1.01 && found.tail_ess > 0.9 * expected, "{phi}: {found:?}");
    }
}

#[test]
fn chains_apart_in_place_or_in_width_are_seen() {
    let chains: Vec<Array1<f64>> = (0..4).map(|k| autoregressive(1000, 0.0, k)).collect();
    let with = |change: fn(f64) -> f64| {
        let mut chains = chains.clone();
        chains[3].mapv_inplace(change);
        of(&chains.iter().map(|chain| chain.view()).collect::<Vec<_>>()).rhat
    };
    assert_abs_diff_eq!(with(|x| x), 1.0, epsilon = 0.01);
    assert!(with(|x| x + 1.0) > 1.05);
    // The same mean, four times the spread: only distances from the median tell.
    assert!(with(|x| 4.0 * x) > 1.05);
    let stuck: Vec<Array1<f64>> = vec![Array1::zeros(100), Array1::ones(100)];
    assert!(of(&stuck.iter().map(|chain| chain.view()).collect::<Vec<_>>()).rhat.is_infinite());
}
