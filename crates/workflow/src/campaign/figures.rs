//! A posterior's figures and page: `figures/*.svg`, `report.html`.

use std::ops::Range;

use ndarray::Array2;
use reterra_assimilation::Noise;
use reterra_assimilation::ces::{Emulation, Posterior, sensitivity};
use reterra_emulators::Sampling;
use reterra_io::replace;
use reterra_report::campaign::input::{Campaign, Fact, Output, Parameter, RING, Round};
use reterra_report::campaign::{figures, render};
use reterra_statistics::{Prior, normal};

use super::calibrate::ended;
use super::results::{CALIBRATION, CalibrationResult, DRAWS, SUMMARY, SampleResult, physical};
use super::sample::Judged;
use super::settings::Settings;
use crate::WorkflowError;

/// Folder of the figures.
const FIGURES: &str = "figures";
/// The page.
const PAGE: &str = "report.html";
/// Probability of the intervals that are drawn.
const INTERVAL: f64 = 0.9;
/// Standard scores to which priors are drawn, and points of their density.
const PRIOR: (f64, usize) = (3.6, 241);
/// Points of an output that are drawn at most.
const DRAWN: usize = 600;
/// How Sobol' indices are sampled.
const SAMPLING: Sampling = Sampling { points: 1024, samples: 4, seed: 1 };

/// What is known at the end of a campaign.
#[derive(Clone, Copy)]
pub(super) struct Ended<'a> {
    pub settings: &'a Settings,
    pub judged: &'a Judged,
    pub calibration: &'a CalibrationResult,
    pub result: &'a SampleResult,
}

/// Draws them.
pub(super) fn write_figures(ended: Ended<'_>) -> Result<(), WorkflowError> {
    let directory = &ended.settings.directory;
    let campaign = ended.input()?;
    let folder = directory.join(FIGURES);
    std::fs::create_dir_all(&folder).map_err(WorkflowError::io("create", &folder))?;
    for (name, svg) in figures(&campaign) {
        replace(&folder.join(format!("{name}.svg")), svg.as_bytes())?;
    }
    let page = directory.join(PAGE);
    let html = render(&campaign).map_err(WorkflowError::io("write", &page))?;
    Ok(replace(&page, html.as_bytes())?)
}

impl Ended<'_> {
    fn input(&self) -> Result<Campaign, WorkflowError> {
        let (settings, posterior) = (self.settings, &self.judged.posterior);
        // The emulators behind the posterior, which had not seen the runs that judged it.
        let emulation = Emulation::fit(&settings.problem, &self.judged.design, &settings.ces);
        let emulation = emulation.map_err(ended(settings))?;
        let held_out = self.held_out(&emulation)?;
        let round = |held: &reterra_assimilation::ces::HeldOut| Round {
            runs: held.runs,
            coverage: held.coverage,
            rmse: held.rmse,
        };
        Ok(Campaign {
            name: settings.name.clone(),
            lead: self.lead(),
            parameters: self.parameters(posterior),
            outputs: self.outputs(&emulation, &held_out)?,
            calibration: coverage(&held_out),
            rounds: posterior.held_out.iter().map(round).collect(),
            wanted_coverage: settings.ces.limits.coverage,
            misfit: self.calibration.steps.iter().map(|step| (step.t, step.misfit)).collect(),
            facts: self.facts(posterior),
            files: files(),
        })
    }

    fn lead(&self) -> String {
        let (parameters, observations) = (self.settings.problem.parameters(), self.settings.problem.y.len());
        format!(
            "A posterior of {parameters} parameters from {observations} observations by {} runs of the model, checked by \
             runs that its emulators had not seen.",
            self.result.runs
        )
    }

    fn parameters(&self, posterior: &Posterior) -> Vec<Parameter> {
        let draws = physical(&self.settings.problem.priors, &posterior.draws);
        let length = posterior.sample.chains.first().map_or(1, Array2::nrows).max(1);
        let one = |(k, prior): (usize, &Prior)| {
            let found = &self.result.parameters[k];
            let at =
                |p: f64| found.quantiles.iter().find(|(q, _)| (q - p).abs() < 1e-9).map_or(f64::NAN, |q| q.1);
            let values = draws.column(k).to_vec();
            Parameter {
                name: prior.name().to_owned(),
                prior: density(prior),
                prior_moments: (prior.mean(), prior.sd()),
                ring: ring(prior),
                chains: values.chunks(length).map(<[f64]>::to_vec).collect(),
                moments: (found.estimate.mean, found.estimate.sd),
                interval: (at(0.05), at(0.95)),
                rhat: found.rhat,
                ess: found.bulk_ess.min(found.tail_ess),
            }
        };
        self.settings.problem.priors.iter().enumerate().map(one).collect()
    }

    /// What held-out runs gave of each observed value, the emulator's mean and standard deviation, and the observation's
    /// error times what counts as negligible.
    fn held_out(&self, emulation: &Emulation) -> Result<Vec<Vec<Held>>, WorkflowError> {
        let (mean, variance) =
            emulation.predict_outputs(&self.judged.held_out_at).map_err(ended(self.settings))?;
        let negligible = self.settings.ces.limits.negligible;
        let error = |k: usize| match &self.settings.problem.noise {
            Noise::Diagonal(variances) => variances[k].sqrt(),
            Noise::Full(matrix) => matrix[[k, k]].sqrt(),
        };
        let runs =
            || self.judged.held_out.iter().enumerate().filter_map(|(i, run)| Some((i, run.as_ref().ok()?)));
        let one = |k: usize| {
            let held = |(i, run): (usize, &Vec<f64>)| Held {
                run: run[k],
                mean: mean[[i, k]],
                sd: variance[[i, k]].max(0.0).sqrt(),
                room: negligible * error(k),
            };
            runs().map(held).collect()
        };
        Ok((0..self.settings.problem.y.len()).map(one).collect())
    }

    fn outputs(&self, emulation: &Emulation, held_out: &[Vec<Held>]) -> Result<Vec<Output>, WorkflowError> {
        let ranges = self.ranges();
        let indices = sensitivity(emulation, &ranges, SAMPLING).map_err(ended(self.settings))?;
        let pairs =
            |indices: &[reterra_emulators::Index]| indices.iter().map(|i| (i.value, i.error)).collect();
        let one = |((observed, range), indices): (
            (&super::Observed, &Range<usize>),
            &reterra_emulators::SobolIndices,
        )| {
            let all: Vec<&Held> = held_out[range.clone()].iter().flatten().collect();
            let every = all.len().div_ceil(DRAWN).max(1);
            let shown =
                all.iter().step_by(every).map(|held| (held.run, held.mean, held.half_width(INTERVAL)));
            Output {
                name: observed.name.clone(),
                held_out: shown.collect(),
                first: pairs(&indices.first),
                total: pairs(&indices.total),
            }
        };
        Ok(self.settings.observed.iter().zip(&ranges).zip(&indices).map(one).collect())
    }

    /// Places of each output's values among all observations.
    fn ranges(&self) -> Vec<Range<usize>> {
        let mut next = 0;
        let one = |observed: &super::Observed| {
            let start = next;
            next += observed.values;
            start..next
        };
        self.settings.observed.iter().map(one).collect()
    }

    fn facts(&self, posterior: &Posterior) -> Vec<Fact> {
        let (gate, limits) = (self.settings.ces.gate, self.settings.ces.limits);
        let parameters = &self.result.parameters;
        let rhat = parameters.iter().map(|p| p.rhat).fold(0.0, f64::max);
        let ess = parameters.iter().map(|p| p.bulk_ess.min(p.tail_ess)).fold(f64::INFINITY, f64::min);
        let coverage = posterior.held_out.last().map_or(f64::NAN, |held| held.coverage);
        let outside = posterior.checks.outside;
        let fact = |label: &str, value: String| Fact { label: label.to_owned(), value, wanted: None };
        let held = |label: &str, value: String, wanted: String, good: bool| Fact {
            wanted: Some((wanted, good)),
            ..fact(label, value)
        };
        vec![
            fact("runs", self.result.runs.to_string()),
            fact("failed", self.result.failed.to_string()),
            held("largest R̂", format!("{rhat:.3}"), format!("≤ {}", gate.rhat), rhat <= gate.rhat),
            held("least ESS", format!("{ess:.0}"), format!("≥ {}", gate.ess), ess >= gate.ess),
            held(
                "coverage of held-out runs",
                format!("{coverage:.3}"),
                format!("≥ {}", limits.coverage),
                coverage >= limits.coverage,
            ),
            held(
                "posterior outside the runs",
                format!("{outside:.3}"),
                format!("≤ {}", limits.outside),
                outside <= limits.outside,
            ),
        ]
    }
}

/// A value of a held-out run with what was expected of it.
struct Held {
    run: f64,
    mean: f64,
    sd: f64,
    room: f64,
}

impl Held {
    /// Of the interval of this probability.
    fn half_width(&self, probability: f64) -> f64 {
        normal::quantile(0.5 + 0.5 * probability) * self.sd + self.room
    }
}

/// Shares of held-out values within intervals of rising probability.
fn coverage(held_out: &[Vec<Held>]) -> Vec<(f64, f64)> {
    let all: Vec<&Held> = held_out.iter().flatten().collect();
    if all.is_empty() {
        return Vec::new();
    }
    let share = |p: f64| {
        let inside = all.iter().filter(|held| (held.run - held.mean).abs() <= held.half_width(p));
        inside.count() as f64 / all.len() as f64
    };
    (1..10).map(|k| f64::from(k) / 10.0).chain([0.95]).map(|p| (p, share(p))).collect()
}

/// Density of a prior in physical units, by the change of its values with their scores.
fn density(prior: &Prior) -> Vec<(f64, f64)> {
    let (furthest, count) = PRIOR;
    let at = |z: f64| prior.physical(prior.u_mean() + z * prior.u_sd());
    let step = 2.0 * furthest / (count - 1) as f64;
    let one = |k: usize| {
        let z = -furthest + k as f64 * step;
        let slope = (at(z + 0.5 * step) - at(z - 0.5 * step)) / step;
        (at(z), (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() / slope)
    };
    (0..count).map(one).filter(|(_, density)| density.is_finite()).collect()
}

/// Values at the scores of a circle that holds 90 % of two parameters' prior.
fn ring(prior: &Prior) -> Vec<f64> {
    let radius = (-2.0 * (1.0 - INTERVAL).ln()).sqrt();
    let turn = |k: usize| 2.0 * std::f64::consts::PI * k as f64 / RING as f64;
    (0..RING).map(|k| prior.physical(prior.u_mean() + radius * turn(k).cos() * prior.u_sd())).collect()
}

fn files() -> Vec<(String, String)> {
    [
        (
            SUMMARY,
            "mean, standard deviation, quantiles, R̂ and ESS of every parameter; checks of the emulators",
        ),
        (DRAWS, "every draw, in physical units"),
        (CALIBRATION, "the calibration that placed the runs: its ensemble, and its misfit step by step"),
        ("campaign.json", "the settings that the runs depend on"),
        ("runs/", "a directory for every run, with parameters, outputs, what it said, and its state"),
        ("figures/", "the figures of this page, as files of their own"),
    ]
    .map(|(file, what)| (file.to_owned(), what.to_owned()))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priors_density_has_unit_area_and_its_ring_turns_around_its_median() {
        for prior in [Prior::uniform("a", 1.0, 3.0).unwrap(), Prior::uniform("b", -1.0, 0.0).unwrap()] {
            let curve = density(&prior);
            let area: f64 = curve.windows(2).map(|w| 0.5 * (w[0].1 + w[1].1) * (w[1].0 - w[0].0)).sum();
            assert!((area - 1.0).abs() < 2e-3, "{area}");
            let ring = ring(&prior);
            assert_eq!(ring.len(), RING);
            assert!((ring[RING / 4] - prior.mean()).abs() < 1e-9 && ring[0] > ring[RING / 2]);
        }
    }
}
