//! The ensemble on its way: start, forecast, and what it shows.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;
use reterra_assimilation::{Inflation, prior_ensemble};
use reterra_land::column::{ColumnState, DayFluxes, simulate_span};
use reterra_land::energy::solar::SolarTable;
use reterra_land::error::LandError;
use reterra_land::forcing::WeatherSeries;
use reterra_land::lanes::{Batched, Lanes, Real, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::soil::LAYERS;
use reterra_land::water::WaterState;
use reterra_statistics::random::{Stage, StreamKey};
use reterra_statistics::{Bounds, Prior};

use super::course::place;
use super::{Course, Sensor, Setup, water_at};
use crate::engine::StageError;
use crate::ensemble::members::{Member, donor, forecast, settle};
use crate::experiment::run_members;

/// Members at one station, with all that distinguishes them.
#[derive(Clone, Debug)]
pub struct Ensemble<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) members: Vec<Member>,
    /// Unconstrained parameters, members × (updated, kept).
    pub(super) parameters: Array2<f64>,
    /// Logarithms of the probes' gains, then their offsets: members × twice the probes.
    pub(super) gains: Array2<f64>,
    pub(super) inflation: Inflation,
    pub(super) day: usize,
    /// Day of the last analysis.
    pub(super) analysed: usize,
    pub(super) course: Course,
    weather: Arc<Vec<WeatherSeries>>,
    solar: Arc<SolarTable<Lanes>>,
}

impl<'a> Ensemble<'a> {
    /// Draws the members and spins each up under the weather as it is.
    ///
    /// # Errors
    /// Fewer than half of the members that run, or a prior that can't be.
    pub fn start(setup: &'a Setup<'a>) -> Result<Self, StageError> {
        let options = &setup.options;
        let mut priors = setup.updated.priors();
        priors.extend(setup.kept.priors());
        for (name, sd) in relations(setup) {
            priors.push(Prior::new(name, 0.0, sd, Bounds::None)?);
        }
        let drawn = prior_ensemble(&priors, options.members, options.seed, options.column)?;
        let (parameters, gains) = drawn.view().split_at(Axis(1), setup.updated.len() + setup.kept.len());
        let (mut parameters, gains) = (parameters.to_owned(), gains.to_owned());
        let begun = begin(setup, &parameters);
        let settled = settle(&begun, key(setup, 0, 0))?;
        let mut course = Course::of(setup.sensors.len());
        for lost in &settled.lost {
            let row = parameters.row(lost.donor).to_owned();
            parameters.row_mut(lost.member).assign(&row);
            course.account.failures.push((0, lost.member, lost.reason.clone()));
        }
        let weather = |m: usize| options.forcing.perturb(&setup.case.weather, key(setup, 0, m));
        Ok(Self {
            setup,
            members: settled.members,
            parameters,
            gains,
            inflation: options.inflation,
            day: 0,
            analysed: 0,
            course,
            weather: Arc::new((0..options.members).map(weather).collect()),
            solar: Arc::new(SolarTable::gather(&|_| &*setup.case.solar)),
        })
    }

    /// What it did up to now.
    #[must_use]
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// Updated parameters with their names, mean and standard deviation, unconstrained.
    #[must_use]
    pub fn updated(&self) -> Vec<(String, f64, f64)> {
        let column = |(k, p): (usize, &crate::config::Parameter)| {
            let values = self.parameters.column(k);
            let mean = values.mean().unwrap_or(f64::NAN);
            (p.name.clone(), p.prior.physical(mean), values.std(1.0))
        };
        self.setup.updated.parameters().iter().enumerate().map(column).collect()
    }

    /// What probes read of what their layers hold: name, median gain and mean offset (m³ m⁻³).
    #[must_use]
    pub fn relations(&self) -> Vec<(String, f64, f64)> {
        let mean = |k: usize| self.gains.column(k).mean().unwrap_or(f64::NAN);
        let probes = self.setup.sensors.len();
        let of = |(k, sensor): (usize, &Sensor)| (sensor.name.clone(), mean(k).exp(), mean(probes + k));
        self.setup.sensors.iter().enumerate().map(of).collect()
    }

    /// Runs up to a day without looking at a reading.
    ///
    /// # Errors
    /// Too few members that survive.
    pub fn run_open(&mut self, until: usize) -> Result<(), StageError> {
        self.forecast(self.day..until)?;
        // Before the first reading there is nothing to forget.
        self.analysed = self.day;
        Ok(())
    }

    /// Runs up to a day, window by window, with an analysis after each.
    ///
    /// # Errors
    /// Too few members that survive, and those of the analysis.
    pub fn assimilate(&mut self, until: usize) -> Result<(), StageError> {
        while self.day < until {
            let window = self.day..(self.day + self.setup.options.window).min(until);
            let shown = self.forecast(window.clone())?;
            self.analyse(&window, &shown)?;
        }
        Ok(())
    }

    /// Takes all members through days; one that fails goes on as a copy of another. Gives what they show, members ×
    /// days × (fluxes, contents by probe).
    fn forecast(&mut self, days: Range<usize>) -> Result<Array3<f64>, StageError> {
        let (weather, sensors) = (&self.weather, &self.setup.sensors);
        let done = forecast(&mut self.members, &self.solar, |batch| {
            let of_lanes = batch.members.map(|m| &weather[m]);
            let mut seen: Vec<Lanes> = Vec::new();
            let see = |fluxes: &DayFluxes<Lanes>, state: &ColumnState<Lanes>| {
                seen.extend([fluxes.gpp, fluxes.et]);
                let WaterState { liquid, ice, .. } = &state.water;
                let water: [Lanes; LAYERS] = std::array::from_fn(|i| liquid[i] + ice[i]);
                let of_probe = |sensor: &Sensor| [&water, ice].map(|layers| water_at(layers, sensor.depth));
                seen.extend(sensors.iter().flat_map(of_probe));
            };
            let outcome = watch(batch, &of_lanes, days.clone(), see);
            (seen, outcome)
        });
        let width = place(sensors.len());
        let value = |(m, d, v): (usize, usize, usize)| {
            done.outputs[m / WIDTH].get(d * width + v).map_or(f64::NAN, |lanes| lanes.at(m % WIDTH))
        };
        let mut shown = Array3::from_shape_fn((self.members.len(), days.len(), width), value);
        let account = &mut self.course.account;
        account.imbalance = account.imbalance.max(done.imbalance);
        let lost: Vec<usize> = done.failures.iter().map(|(m, _)| *m).collect();
        for (m, reason) in done.failures {
            let from = donor(key(self.setup, days.start, m), self.members.len(), &lost)?;
            self.replace(m, from);
            let copy = shown.index_axis(Axis(0), from).to_owned();
            shown.index_axis_mut(Axis(0), m).assign(&copy);
            self.course.account.failures.push((days.start, m, reason.to_string()));
        }
        self.day = days.end;
        self.course.extend(&shown, &self.gains);
        Ok(shown)
    }

    fn replace(&mut self, member: usize, from: usize) {
        self.members[member] = self.members[from].clone();
        for table in [&mut self.parameters, &mut self.gains] {
            let row = table.row(from).to_owned();
            table.row_mut(member).assign(&row);
        }
    }
}

/// Names of the probes with the standard deviations of their gains' logarithms, then of their offsets. Means are 0.
pub(super) fn relations<'a>(setup: &'a Setup<'_>) -> impl Iterator<Item = (&'a str, f64)> {
    let gains = setup.sensors.iter().map(|sensor| (sensor.name.as_str(), sensor.gain));
    gains.chain(setup.sensors.iter().map(|sensor| (sensor.name.as_str(), sensor.offset)))
}

/// Runs a batch and shows every day to `see`.
fn watch(
    batch: &mut crate::ensemble::members::Batch,
    weather: &[&WeatherSeries],
    days: Range<usize>,
    mut see: impl FnMut(&DayFluxes<Lanes>, &ColumnState<Lanes>),
) -> reterra_land::column::BatchOutcome<Lanes> {
    simulate_span(&batch.column, &mut batch.state, (weather, days), None, |_, fluxes, state| {
        see(fluxes, state);
    })
}

/// Names the random numbers of a day and a member.
pub(super) fn key(setup: &Setup<'_>, day: usize, member: usize) -> StreamKey {
    StreamKey {
        seed: setup.options.seed,
        stage: Stage::Filter,
        cycle: day as u32,
        member: member as u32,
        column: setup.options.column,
    }
}

/// The parameters of a member.
pub(super) fn parameters_of(setup: &Setup<'_>, u: &[f64]) -> Result<Parameters, LandError> {
    let mut parameters = setup.case.defaults();
    let (updated, kept) = u.split_at(setup.updated.len());
    setup.updated.apply(updated, &mut parameters)?;
    setup.kept.apply(kept, &mut parameters)?;
    Ok(parameters)
}

/// Every member after its spin-up, or why it has none.
fn begin(setup: &Setup<'_>, u: &Array2<f64>) -> Vec<Result<Member, String>> {
    let of_batch = |rows: ndarray::ArrayView2<'_, f64>| {
        let parameters: Vec<_> =
            rows.rows().into_iter().map(|row| parameters_of(setup, &row.to_vec())).collect();
        let runs = run_members(setup.case, parameters.clone(), setup.from, &setup.spinup, 0);
        let member = |(run, parameters): (Result<crate::experiment::MemberRun, LandError>, _)| {
            let column = setup.case.column(parameters?)?;
            Ok(Member { column, state: run?.start })
        };
        runs.into_iter().zip(parameters).map(member).collect::<Vec<Result<Member, LandError>>>()
    };
    let batches: Vec<_> = u.axis_chunks_iter(Axis(0), WIDTH).collect();
    let begun: Vec<_> = batches.into_par_iter().map(of_batch).collect();
    begun.into_iter().flatten().map(|member| member.map_err(|e| e.to_string())).collect()
}
