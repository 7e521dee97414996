//! Linear Gaussian twins, where every expectation is known.

use approx::assert_relative_eq;
use ndarray::{Array2, array};
use reterra_statistics::{Stage, Stream, StreamKey};

use super::*;
use crate::etkf::analyse;
use crate::quality::Flag;

const KEY: StreamKey = StreamKey { seed: 5, stage: Stage::Test, cycle: 0, member: 0, column: 0 };

fn stream(cycle: u32, column: u32) -> Stream {
    StreamKey { cycle, column, ..KEY }.stream()
}

/// A twin: truth from N(0, 1), members from N(0, spread²), observed directly with error variance `error`, analysed as if
/// it were `assumed`. `observations` independent numbers a cycle.
#[derive(Clone, Copy)]
struct Twin {
    members: usize,
    observations: usize,
    spread: f64,
    error: f64,
    assumed: f64,
    seed: u32,
}

const TWIN: Twin = Twin { members: 19, observations: 4, spread: 1.0, error: 0.5, assumed: 0.5, seed: 0 };

impl Twin {
    fn statistics(&self, cycles: std::ops::Range<u32>) -> Statistics {
        let mut statistics = Statistics::default();
        for cycle in cycles {
            self.cycle(cycle, &mut statistics);
        }
        statistics
    }

    fn cycle(&self, cycle: u32, statistics: &mut Statistics) {
        let (n, m) = (self.members, self.observations);
        let mut draw = stream(cycle, self.seed);
        let prior = Array2::from_shape_simple_fn((n, m), || self.spread * draw.normal());
        let y: Vec<f64> = (0..m).map(|_| draw.normal() + self.error.sqrt() * draw.normal()).collect();
        let r = vec![self.assumed; m];
        let mut posterior = prior.clone();
        analyse(prior.view(), &y, &r, 1.0).unwrap().apply(posterior.view_mut()).unwrap();
        let seen = Seen {
            kinds: &vec![3; m],
            values: &y,
            errors: &r,
            variances: &r,
            flags: &vec![Flag::Used; m],
            prior: prior.view(),
            posterior: posterior.view(),
            key: StreamKey { cycle, column: self.seed, ..KEY },
        };
        statistics.add(&seen).unwrap();
    }
}

fn kind(statistics: &Statistics) -> &KindStatistics {
    &statistics.kinds()[&3]
}

#[test]
fn degrees_of_freedom_are_the_trace_of_the_gain() {
    let prior = array![[0.3, 1.0, -2.0], [1.1, 0.2, 0.4], [-0.7, 0.5, 1.9], [0.2, -1.4, 0.1]];
    let (y, r) = ([0.5, 0.1, -0.3], [0.4, 2.0, 0.7]);
    let analysis = analyse(prior.view(), &y, &r, 1.0).unwrap();
    let mut posterior = prior.clone();
    analysis.apply(posterior.view_mut()).unwrap();
    let flags = [Flag::Used, Flag::DownWeighted, Flag::Merged];
    let mut statistics = Statistics::default();
    let (prior, posterior) = (prior.view(), posterior.view());
    let kinds = [0, 1, 1];
    let seen = Seen {
        kinds: &kinds,
        values: &y,
        errors: &[1.0; 3],
        variances: &r,
        flags: &flags,
        prior,
        posterior,
        key: KEY,
    };
    statistics.add(&seen).unwrap();
    assert_relative_eq!(statistics.signal(), analysis.diagnostics.dfs, max_relative = 1e-12);
    assert!(statistics.kinds()[&0].signal.sum() > 0.0);
}

/// Scalar departures of an analysis with gain s/(s + r): `E[d_a d_b] = r (s + R) / (s + r)`, which leads to R.
#[test]
fn desroziers_recovers_the_error_from_a_wrong_start() {
    let (truth, spread) = (0.5, 1.0);
    let departures = |assumed: f64| {
        let mut all = Desroziers::default();
        let mut draw = stream(0, 77);
        for _ in 0..4000 {
            let of = |draw: &mut Stream| {
                let prior = spread_and_error(draw, spread, truth);
                let posterior = assumed / (spread + assumed) * prior;
                Departure { prior, posterior, spread, error: assumed }
            };
            all.merge(&Desroziers::of(&[of(&mut draw), of(&mut draw)]));
        }
        all
    };
    let mut assumed = 4.0;
    let first = departures(assumed).error().unwrap();
    let expected = assumed * (spread + truth) / (spread + assumed);
    assert!((first.found - expected).abs() < 4.0 * first.standard_error.unwrap());
    assert!(first.interval().unwrap()[1] < 1.0, "an error assumed too large shows");
    for _ in 0..60 {
        assumed = departures(assumed).error().unwrap().found;
    }
    let last = departures(assumed);
    let (error, background) = (last.error().unwrap(), last.background().unwrap());
    // The fixed point has the sampling error of the variance of d over that of d itself: 1.5 √(2/8000) is 0.024.
    assert!((error.found - truth).abs() < 4.0 * 0.024, "{error:?}");
    assert_relative_eq!(error.ratio(), 1.0, epsilon = 1e-6);
    assert!((background.ratio() - 1.0).abs() < 4.0 * background.standard_error.unwrap());
}

fn spread_and_error(draw: &mut Stream, spread: f64, error: f64) -> f64 {
    spread.sqrt() * draw.normal() + error.sqrt() * draw.normal()
}

#[test]
fn a_consistent_ensemble_passes_every_test_at_its_nominal_rate() {
    let seeds = 200;
    let (mut ranks, mut chi2) = (0, 0);
    for seed in 0..seeds {
        let statistics = Twin { members: 79, observations: 1, seed, ..TWIN }.statistics(0..80);
        ranks += u32::from(kind(&statistics).ranks.flatness(8).unwrap().p_value < 0.05);
        chi2 += u32::from(kind(&statistics).innovations.p_value().unwrap() < 0.05);
    }
    // 10 of 200 expected, 99.9 % of binomial draws below 21; a mean of 80 squares is a little more often off.
    assert!((2..21).contains(&ranks), "{ranks} of {seeds}");
    assert!((2..31).contains(&chi2), "{chi2} of {seeds}");
}

#[test]
fn a_narrow_ensemble_fails_and_the_shape_tells_why() {
    for seed in 0..20 {
        let narrow = Twin { spread: 0.5, seed, error: 0.1, assumed: 0.1, ..TWIN }.statistics(0..200);
        let flatness = kind(&narrow).ranks.flatness(20).unwrap();
        assert!(flatness.p_value < 0.05 && flatness.outer > 2.0, "{flatness:?}");
        assert!(kind(&narrow).innovations.chi2().0.unwrap() > 2.0);
        let wide = Twin { spread: 2.0, seed, error: 0.1, assumed: 0.1, ..TWIN }.statistics(0..200);
        let flatness = kind(&wide).ranks.flatness(20).unwrap();
        assert!(flatness.p_value < 0.05 && flatness.outer < -2.0, "{flatness:?}");
        assert!(kind(&wide).innovations.chi2().0.unwrap() < 0.5);
    }
}

/// The score of N(0, σ²) for its own draws is σ/√π; innovations have mean 0 and variance s² (1 + 1/N) + r.
#[test]
fn scores_and_moments_have_their_expectations() {
    let statistics = Twin { observations: 10, ..TWIN }.statistics(0..2000);
    let found = kind(&statistics);
    let near = |found: (Option<f64>, Option<f64>), expected: f64| {
        let (value, error) = (found.0.unwrap(), found.1.unwrap());
        assert!((value - expected).abs() < 4.0 * error, "{value} ± {error}, not {expected}");
    };
    let crps = (found.crps_prior.mean(), found.crps_prior.standard_error());
    near(crps, (1.5 / std::f64::consts::PI).sqrt());
    near(found.innovations.mean(), 0.0);
    assert_relative_eq!(found.innovations.sd().unwrap(), (1.5_f64 + 1.0 / 19.0).sqrt(), max_relative = 0.02);
    assert_eq!((found.innovations.count(), found.count(Flag::is_used)), (20_000, 20_000));
    assert!(found.crps_posterior.mean() < found.crps_prior.mean());
}

#[test]
fn spread_tells_skill_bin_by_bin() {
    let mut calibrated = SpreadSkill::default();
    let mut narrow = SpreadSkill::default();
    let (mut draw, members) = (stream(1, 1), 16);
    for k in 0..4000 {
        let spread = 4.0_f64.powi(k % 4 - 2);
        let d = spread_and_error(&mut draw, spread * (1.0 + 1.0 / f64::from(members)), 1.0);
        calibrated.merge(&SpreadSkill::of(&[(d, spread, 1.0)], members as usize));
        narrow.merge(&SpreadSkill::of(&[(d, spread / 4.0, 1.0)], members as usize));
    }
    let bins = calibrated.bins();
    assert_eq!(bins.len(), 4);
    for (bin, k) in bins.iter().zip(-2..) {
        assert_eq!(bin.count, 1000);
        assert_relative_eq!(bin.spread, 2.0_f64.powi(k), max_relative = 1e-12);
        // The root of a mean of 1000 squares has a relative error of 2.2 %.
        assert_relative_eq!(bin.found, bin.expected, max_relative = 0.09);
    }
    let widest = narrow.bins()[3];
    assert!(widest.found > 1.3 * widest.expected, "{widest:?}");
}

#[test]
fn ties_are_drawn_evenly_and_ranks_fall_into_even_classes() {
    let mut histogram = RankHistogram::default();
    let mut draw = stream(2, 2);
    for _ in 0..6000 {
        histogram.push(0.0, &[0.0, 0.0, 0.0, 1.0, -1.0], &mut draw).unwrap();
    }
    assert_eq!((histogram.counts()[0], histogram.counts()[5]), (0, 0));
    assert!(histogram.counts()[1..5].iter().all(|c| c.abs_diff(1500) < 150), "{histogram:?}");
    let widths: Vec<usize> = histogram.classes(4).iter().map(|(_, width)| *width).collect();
    assert_eq!(widths, [1, 2, 1, 2]);
    assert!(histogram.push(0.0, &[1.0], &mut draw).is_err());
    assert_eq!(RankHistogram::default().flatness(5), None);
}

#[test]
fn records_of_parts_have_the_same_bits_on_any_number_of_threads() {
    use rayon::prelude::*;
    let merged = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let parts: Vec<Statistics> = pool
            .install(|| (0..12_u32).into_par_iter().map(|k| TWIN.statistics(10 * k..10 * k + 10)).collect());
        let mut all = Statistics::default();
        for part in &parts {
            all.merge(part).unwrap();
        }
        serde_json::to_string(&all).unwrap()
    };
    let one = merged(1);
    assert_eq!((one.clone(), one.clone()), (merged(2), merged(4)));
    let back: Statistics = serde_json::from_str(&one).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), one);
    let whole = TWIN.statistics(0..120);
    assert_eq!(kind(&back).ranks, kind(&whole).ranks);
    let mean = |r: &Statistics| kind(r).crps_prior.mean().unwrap();
    assert_relative_eq!(mean(&back), mean(&whole), max_relative = 1e-13);
}

#[test]
fn what_was_refused_is_counted_and_looked_at_no_further() {
    let prior = array![[0.0, f64::NAN, 1.0], [1.0, f64::NAN, 2.0]];
    let flags = [Flag::EvaluateOnly, Flag::NoPrediction, Flag::Background];
    let seen = Seen {
        kinds: &[0; 3],
        values: &[0.5, 0.0, f64::NAN],
        errors: &[1.0; 3],
        variances: &[1.0; 3],
        flags: &flags,
        prior: prior.view(),
        posterior: prior.view(),
        key: KEY,
    };
    let mut statistics = Statistics::default();
    statistics.add(&seen).unwrap();
    let found = &statistics.kinds()[&0];
    assert_eq!((found.count(Flag::is_refused), found.innovations.count()), (2, 1));
    assert_eq!((found.desroziers.error(), found.signal.mean()), (None, None));
    assert!(Statistics::default().add(&Seen { flags: &[Flag::Used; 3], ..seen }).is_err());
}
