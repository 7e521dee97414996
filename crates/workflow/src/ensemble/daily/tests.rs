//! A twin: a column whose porosity is known reads its soil water to probes; members that don't know it assimilate.

use super::*;
use crate::config::{Mode, Parameter};
use crate::engine::StageError;
use crate::experiment::Series;
use crate::experiment::case::CaseInput;
use reterra_assimilation::inflation::Adaptive;
use reterra_fields::station::{Igbp, Station};
use reterra_land::column::simulate_days;
use reterra_land::forcing::{Atmosphere, MonthlyWeather};
use reterra_land::spinup::spin_up;
use reterra_land::weather::disaggregate;
use reterra_statistics::random::{Stage, StreamKey};
use reterra_statistics::{Bounds, Prior};

const YEARS: usize = 2;
const DEPTHS: [f64; 2] = [0.1, 0.5];
/// What the truth has that members don't know: 15 % less pores, and a probe that reads a tenth too much.
const POROSITY: f64 = 0.85;
const GAIN: f64 = 1.1;
const NOISE: f64 = 0.01;

fn case() -> StationCase {
    let month = |m: usize| {
        let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
        MonthlyWeather {
            tmin: 279.0 - 6.0 * wave,
            tmax: 287.0 - 8.0 * wave,
            shortwave: 130.0 - 85.0 * wave,
            vpd: 500.0 - 300.0 * wave,
            precipitation: 2.0e-5 + 1e-5 * wave,
            air: Atmosphere::with_co2(390.0),
        }
    };
    let weather = disaggregate(&(0..12 * YEARS).map(month).collect::<Vec<_>>(), 0, 5, 0).unwrap();
    let station = Station {
        id: "XX-Twn".to_owned(),
        name: "Twin".to_owned(),
        latitude: 51.0,
        longitude: 10.0,
        elevation: Some(300.0),
        igbp: Igbp::ENF,
        country: None,
        soil: None,
        deims: None,
        network: None,
        nitrogen_deposition: None,
    };
    let input = CaseInput {
        station,
        start: "2001-01".parse().unwrap(),
        weather: weather.monthly(),
        assimilated: Series::new(),
        withheld: Series::new(),
    };
    StationCase::under(weather, input, (45.0, 15.0), 3e-8, 12)
}

fn parameter(name: &str, mean: f64, sd: f64, bounds: Bounds) -> Parameter {
    Parameter { name: name.to_owned(), mode: Mode::Value, prior: Prior::new(name, mean, sd, bounds).unwrap() }
}

/// Everything of the twin that isn't the ensemble.
struct Twin {
    case: StationCase,
    from: ColumnState,
    /// Water at the depths by day, as the probes would read it without noise.
    truth: Vec<Vec<f64>>,
}

impl Twin {
    fn new() -> Self {
        let case = case();
        let mut parameters = case.defaults();
        let column = case.column(parameters.clone()).unwrap();
        let cycle = case.weather.slice(0..12);
        let options = spinup::Options {
            max_cycles: 4,
            drift_limit: 1e3,
            distance_limit: 1e3,
            ..spinup::Options::default()
        };
        let from = spin_up(&column, &case.cold_start(&column), &cycle, &options)
            .map_or_else(|_| case.cold_start(&column), |(state, _)| state);
        parameters.watsat_scale = POROSITY;
        let column = case.column(parameters).unwrap();
        let mut state = from.clone();
        let mut truth = vec![Vec::new(); DEPTHS.len()];
        simulate_days(&column, &mut state, &[&case.weather], None, |_, _, state| {
            for (k, depth) in DEPTHS.iter().enumerate() {
                let gain = if k == 0 { GAIN } else { 1.0 };
                let water = std::array::from_fn(|i| state.water.liquid[i] + state.water.ice[i]);
                truth[k].push(gain * water_at(&water, *depth));
            }
        });
        Self { case, from, truth }
    }

    /// Probes that read two weeks of every four.
    fn sensors(&self) -> Vec<Sensor> {
        let sensor = |(k, depth): (usize, &f64)| {
            let key = StreamKey { seed: 9, stage: Stage::Observation, cycle: 0, member: 0, column: k as u32 };
            let mut stream = key.stream();
            let read = |(day, water): (usize, &f64)| {
                let reading = water + NOISE * stream.normal();
                (day / 14 % 2 == 0).then_some(reading)
            };
            let readings = self.truth[k].iter().enumerate().map(read).collect();
            Sensor {
                name: format!("probe-{k}"),
                depth: *depth,
                readings,
                error: NOISE,
                gain: 0.1,
                offset: 0.02,
            }
        };
        DEPTHS.iter().enumerate().map(sensor).collect()
    }

    fn setup(&self) -> Setup<'_> {
        Setup {
            case: &self.case,
            from: &self.from,
            spinup: spinup::Options {
                max_cycles: 1,
                min_cycles: 1,
                drift_limit: 1e3,
                distance_limit: 1e3,
                ..spinup::Options::default()
            },
            updated: ParameterSpace::new(vec![
                parameter("watsat_scale", 1.0, 0.15, Bounds::Below(0.0)),
                parameter("hksat_scale", 1.2, 0.7, Bounds::Below(0.0)),
            ]),
            kept: ParameterSpace::new(vec![parameter("forc_rain_scale", 1.0, 0.05, Bounds::Below(0.0))]),
            sensors: self.sensors(),
            options: Options {
                members: 24,
                window: 2,
                seed: 3,
                column: 0,
                forcing: ForcingError { precipitation: 0.1, radiation: 0.05, memory: 3.0 },
                reach: 1.5,
                error_memory: 10.0,
                parameter_memory: 1e3,
                inflation: Inflation::Adaptive(Adaptive::default()),
                frost: 0.01,
                background_check: 4.0,
            },
        }
    }

    /// Root mean square error of what probes would read on the days that they didn't.
    fn error(&self, course: &Course) -> f64 {
        let withheld = |day: &usize| day / 14 % 2 == 1;
        let square = |k: usize, day: usize| (course.readings[k][day] - self.truth[k][day]).powi(2);
        let days: Vec<usize> = (0..course.gpp.len()).filter(withheld).collect();
        let sum: f64 = (0..DEPTHS.len()).flat_map(|k| days.iter().map(move |&d| square(k, d))).sum();
        (sum / (DEPTHS.len() * days.len()) as f64).sqrt()
    }
}

fn run(setup: &Setup<'_>, days: usize) -> Result<[Course; 2], StageError> {
    let mut open = Ensemble::start(setup)?;
    let mut filter = open.clone();
    open.run_open(days)?;
    filter.assimilate(days)?;
    Ok([open.course().clone(), filter.course().clone()])
}

#[test]
fn withheld_soil_water_comes_nearer_to_the_truth_and_so_does_porosity() {
    let twin = Twin::new();
    let setup = twin.setup();
    let mut filter = Ensemble::start(&setup).unwrap();
    let mut open = filter.clone();
    let carbon = |e: &Ensemble<'_>| -> Vec<f64> {
        e.members.iter().map(|m| m.state.total_carbon(&m.column)).collect()
    };
    let days = 365 * YEARS;
    open.run_open(days).unwrap();
    filter.assimilate(days).unwrap();
    let (before, after) = (twin.error(open.course()), twin.error(filter.course()));
    assert!(after < 0.4 * before, "{after} after {before}");
    let found = filter.updated()[0].1;
    assert!((found - POROSITY).abs() < 1.0 - POROSITY, "{found} is no nearer than the prior's 1");
    let relations = filter.relations();
    assert!(relations[0].1 > relations[1].1 + 0.03, "{relations:?}");
    let account = &filter.course().account;
    assert!(account.added.carbon.abs() < f64::MIN_POSITIVE);
    assert!(account.added.nitrogen.abs() < f64::MIN_POSITIVE);
    assert!(account.added.water != 0.0 && account.water_moved >= account.added.water.abs());
    assert!(carbon(&filter).iter().all(|c| c.is_finite()));
}

#[test]
fn bits_depend_on_no_thread_and_open_loop_is_the_same_ensemble() {
    let twin = Twin::new();
    let mut setup = twin.setup();
    setup.options.members = 10;
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&setup, 100).unwrap())
    };
    let (one, two) = (on(1), on(2));
    for (a, b) in one.iter().zip(&two) {
        assert_eq!((&a.readings, &a.gpp, &a.et), (&b.readings, &b.gpp, &b.et));
    }
    assert_eq!(one[0].readings[0][..2], one[1].readings[0][..2]);
    assert_ne!(one[0].readings[0][50].to_bits(), one[1].readings[0][50].to_bits());
}

#[test]
fn without_readings_nothing_is_updated() {
    let twin = Twin::new();
    let mut setup = twin.setup();
    setup.options.members = 6;
    setup.sensors.iter_mut().for_each(|s| s.readings.fill(None));
    let [open, filter] = run(&setup, 60).unwrap();
    assert_eq!((open.gpp, open.readings), (filter.gpp, filter.readings));
    assert_eq!(filter.account.added, crate::ensemble::Added::default());
}
