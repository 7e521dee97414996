//! Model and observations, as written → the experiment.

use reterra_assimilation::twin::models::{
    FAST, KuramotoSivashinsky, LinearAdvection, Lorenz63, Lorenz96, SLOW, TwoScale,
};
use reterra_assimilation::twin::{Experiment, Model, Prior};

use super::written::{WrittenModel, WrittenObservation, WrittenTwin};
use super::{Checked, Validator};

/// Start of the published experiments on Lorenz-63 (Sakov et al. 2012, doi:10.1175/MWR-D-11-00176.1).
const LORENZ63_START: [f64; 3] = [1.509, -1.531, 25.46];
/// Variances of the published priors.
const LORENZ63_VARIANCE: f64 = 2.0;
const LORENZ96_VARIANCE: f64 = 0.001;
const TWO_SCALE_VARIANCE: f64 = 0.01;
const RING_VARIANCE: f64 = 0.001;
/// Longest step in the model's time that the schemes are meant for.
const LONGEST_STEP: f64 = 1.0;

/// Models with what truth and ensemble are drawn from.
struct Set {
    model: Box<dyn Model>,
    truth: Option<Box<dyn Model>>,
    prior: Prior,
}

impl Validator<'_> {
    pub(super) fn experiment(&self, w: &WrittenTwin) -> Checked<Experiment> {
        let Set { model, truth, prior } = self.model(&w.model)?;
        let observed = self.observed(&w.observation, model.dimension())?;
        self.range("observation.every", w.observation.every, 1..=1_000_000)?;
        self.positive("observation.error_variance", w.observation.error_variance)?;
        Ok(Experiment {
            every: w.observation.every,
            cycles: w.spin_up + w.cycles,
            burn_in: model.step_length() * (w.spin_up * w.observation.every) as f64,
            model,
            truth,
            prior,
            observed,
            error_variance: w.observation.error_variance,
        })
    }

    fn model(&self, w: &WrittenModel) -> Checked<Set> {
        match *w {
            WrittenModel::Lorenz63 { step } => {
                let prior = Prior::Independent { mean: LORENZ63_START.to_vec(), variance: LORENZ63_VARIANCE };
                Ok(Set { model: Box::new(Lorenz63 { dt: self.step(step, 0.01)? }), truth: None, prior })
            }
            WrittenModel::Lorenz96 { variables, forcing, truth_forcing, step } => {
                let n = self.count("model.variables", variables.unwrap_or(40), 4)?;
                let dt = self.step(step, 0.05)?;
                let forcing = self.finite("model.forcing", forcing.unwrap_or(8.0))?;
                let truth = truth_forcing.map(|f| self.finite("model.truth_forcing", f)).transpose()?;
                let model = |forcing| -> Box<dyn Model> { Box::new(Lorenz96 { n, forcing, dt }) };
                let prior = first_unit(n, LORENZ96_VARIANCE);
                Ok(Set { model: model(forcing), truth: truth.map(model), prior })
            }
            WrittenModel::TwoScale { step } => {
                let prior = first_unit(SLOW + SLOW * FAST, TWO_SCALE_VARIANCE);
                Ok(Set { model: Box::new(TwoScale { dt: self.step(step, 0.005)? }), truth: None, prior })
            }
            WrittenModel::KuramotoSivashinsky { points, length, step } => self.ring(points, length, step),
            WrittenModel::LinearAdvection { points, courant, waves, amplitude } => {
                let n = self.count("model.points", points.unwrap_or(1000), 2)?;
                let courant = courant.unwrap_or(1.0);
                let within = courant > 0.0 && courant <= 1.0;
                self.require(within, "model.courant", &courant, "above 0, at most 1")?;
                let highest = waves.unwrap_or(25);
                self.range("model.waves", highest, 1..=n / 2)?;
                let amplitude = amplitude.unwrap_or_else(|| 0.05_f64.sqrt());
                self.positive("model.amplitude", amplitude)?;
                let prior = Prior::Waves { points: n, highest, amplitude };
                Ok(Set { model: Box::new(LinearAdvection { n, courant }), truth: None, prior })
            }
            WrittenModel::Land { .. } => {
                Err(self.source.invalid("model.kind", &w.name(), "a model of one state; land has columns"))
            }
        }
    }

    fn ring(&self, points: Option<usize>, length: Option<f64>, step: Option<f64>) -> Checked<Set> {
        let n = self.count("model.points", points.unwrap_or(128), 8)?;
        self.require(n.is_multiple_of(2), "model.points", &n, "an even number")?;
        let length = length.unwrap_or(32.0);
        self.positive("model.length", length)?;
        let model = KuramotoSivashinsky::new(n, length, self.step(step, 0.5)?);
        let prior = Prior::Independent { mean: model.start(length), variance: RING_VARIANCE };
        Ok(Set { model: Box::new(model), truth: None, prior })
    }

    fn step(&self, written: Option<f64>, published: f64) -> Checked<f64> {
        let step = written.unwrap_or(published);
        let good = step > 0.0 && step <= LONGEST_STEP;
        self.require(good, "model.step", &step, &format!("above 0, at most {LONGEST_STEP}"))?;
        Ok(step)
    }

    fn finite(&self, key: &str, value: f64) -> Checked<f64> {
        self.require(value.is_finite(), key, &value, "a finite number")?;
        Ok(value)
    }

    fn count(&self, key: &str, value: usize, least: usize) -> Checked<usize> {
        self.range(key, value, least..=1_000_000)?;
        Ok(value)
    }

    /// The observed components: those listed, so many at equal distances, or all.
    fn observed(&self, w: &WrittenObservation, n: usize) -> Checked<Vec<usize>> {
        match (&w.components, w.count) {
            (Some(_), Some(count)) => {
                let accepted = "no `count` beside `components`";
                Err(self.source.invalid("observation.count", &count, accepted))
            }
            (None, None) => Ok((0..n).collect()),
            (None, Some(count)) => {
                self.range("observation.count", count, 1..=n)?;
                Ok((0..count).map(|k| k * n / count).collect())
            }
            (Some(components), None) => {
                let mut sorted = components.clone();
                sorted.sort_unstable();
                sorted.dedup();
                let within = sorted.last().is_some_and(|&last| last < n);
                let good = within && sorted.len() == components.len();
                let accepted = format!("one or more, each once, of 0 to {}", n - 1);
                self.require(good, "observation.components", &format!("{components:?}"), &accepted)?;
                Ok(sorted)
            }
        }
    }
}

/// Independent components, of mean one in the first and zero elsewhere.
fn first_unit(n: usize, variance: f64) -> Prior {
    Prior::Independent { mean: (0..n).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect(), variance }
}
