//! What the steps of a design tell of a model's output: elementary effects.

use super::{Sample, TAIL};

/// Effects of a parameter on an output: changes of the output, each extrapolated to a change of the parameter from 5 %
/// to 95 % of its distribution.
///
/// After Morris (1991, doi:10.1080/00401706.1991.10484804); the mean of the sizes is Campolongo et al.'s µ* (2007,
/// doi:10.1016/j.envsoft.2006.10.004), which effects of both signs don't cancel in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Steps that both runs of came through.
    pub count: usize,
    /// Mean.
    pub mean: f64,
    /// Mean of the absolute values.
    pub mean_size: f64,
    /// Standard deviation: the effect is not linear, or depends on other parameters. NaN of less than two.
    pub sd: f64,
    /// Smallest and largest output of the runs of these steps.
    pub range: [f64; 2],
}

/// The effects of each of so many parameters on an output, given by run; runs that failed have NaN.
#[must_use]
pub fn effects(sample: &Sample, parameters: usize, output: &[f64]) -> Vec<Effect> {
    (0..parameters).map(|parameter| effect(sample, parameter, output)).collect()
}

fn effect(sample: &Sample, parameter: usize, output: &[f64]) -> Effect {
    let of = |run: usize| output.get(run).copied().unwrap_or(f64::NAN);
    let pairs: Vec<([f64; 2], f64)> = sample
        .steps
        .iter()
        .filter(|step| step.parameter == parameter)
        .map(|step| (step.runs.map(of), step.change))
        .filter(|(ends, _)| ends.iter().all(|y| y.is_finite()))
        .collect();
    let all: Vec<f64> =
        pairs.iter().map(|([from, to], change)| (to - from) / change * (1.0 - 2.0 * TAIL)).collect();
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    let squares: f64 = all.iter().map(|e| (e - mean).powi(2)).sum();
    let outputs = || pairs.iter().flat_map(|(ends, _)| *ends);
    Effect {
        count: all.len(),
        mean,
        mean_size: all.iter().map(|e| e.abs()).sum::<f64>() / n,
        sd: if all.len() > 1 { (squares / (n - 1.0)).sqrt() } else { f64::NAN },
        range: [outputs().fold(f64::NAN, f64::min), outputs().fold(f64::NAN, f64::max)],
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Design, Morris, OneAtATime};
    use super::*;

    fn of(design: &impl Design, model: impl Fn(&[f64]) -> f64) -> Vec<Effect> {
        let sample = design.sample(3, 4);
        let output: Vec<f64> = sample.points.iter().map(|p| model(p)).collect();
        effects(&sample, 3, &output)
    }

    #[test]
    fn a_linear_model_has_its_slopes_and_no_spread() {
        let model = |x: &[f64]| 3.0 * x[0] - 2.0 * x[1];
        for found in [of(&OneAtATime { levels: 1 }, model), of(&Morris { trajectories: 8 }, model)] {
            for (effect, slope) in found.iter().zip([3.0, -2.0, 0.0]) {
                assert!((effect.mean - 0.9 * slope).abs() < 1e-12 && effect.sd < 1e-12, "{effect:?}");
                assert!((effect.mean_size - 0.9 * slope.abs()).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn opposite_effects_cancel_in_the_mean_but_not_in_the_mean_size() {
        let hill = of(&OneAtATime { levels: 1 }, |x| -(x[0] - 0.5).powi(2));
        assert!(hill[0].mean.abs() < 1e-12 && hill[0].mean_size > 0.1 && hill[0].sd > 0.1);
        let product = of(&Morris { trajectories: 40 }, |x| x[0] * (x[1] - 0.5));
        assert!(product[0].sd > 0.5 * product[0].mean_size && product[2].mean_size < 1e-12);
    }

    #[test]
    fn runs_that_failed_are_left_out() {
        let design = OneAtATime { levels: 1 };
        let found = of(&design, |x| if x[0] < 0.1 { f64::NAN } else { x[0] });
        assert_eq!((found[0].count, found[1].count), (1, 2));
        assert!((found[0].mean - 0.9).abs() < 1e-12 && found[0].sd.is_nan());
        let none = of(&design, |_| f64::NAN);
        assert!(none[0].count == 0 && none[0].mean.is_nan() && none[0].range[0].is_nan());
    }
}
