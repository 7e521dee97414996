//! Invented runs for the tests of the later stages: the earlier ones are replaced by stages that write made-up
//! results in the true formats, so that nothing has to be simulated.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use reterra_assimilation::diagnostics::{Seen, Statistics};
use reterra_assimilation::etki::Step;
use reterra_assimilation::quality::Flag;
use reterra_land::column::{LargestImbalance, MonthlyOutput};
use reterra_land::constants::DAY;
use reterra_land::forcing::MONTH_DAYS;
use reterra_land::spinup::{Method, Report};
use reterra_statistics::{Stage as StreamStage, StreamKey};

use super::assimilate;
use super::baselines::Baselines;
use super::product::Reanalysis;
use super::report::HtmlReport;
use super::validation::Validation;
use crate::config::{Mode, Variable, Workflow};
use crate::engine::{
    Context, Engine, Inputs, Interrupt, OnStale, Progress, Request, Run, Stage, StageError, StageOutput,
};
use crate::experiment::{StationCase, load_cases};
use crate::results::{
    CalibrationNote, ClassCalibration, EnsembleOutput, Failure, OUTPUTS, ParameterEnsemble, SpinUpNote,
    StationAssimilation, StationSpinUp, write_json,
};

/// The station of [`Bench::of_series`] at which no member survived the assimilation.
pub const FAILED_EVERYWHERE: usize = 2;
const STATIONS: [&str; 3] = ["FI-Hyy", "DE-Tha", "CH-Dav"];
const MEMBERS: usize = 12;
const MONTHS: usize = 36;
/// Months of the invented series that are observed for learning; the others are withheld.
const TRAIN: usize = 24;

/// A run directory and its workflow.
pub struct Bench {
    directory: tempfile::TempDir,
    run: Run,
}

impl Bench {
    /// Three stations with three years of invented series: two years to learn from, one withheld.
    pub fn of_series() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        for (s, id) in STATIONS.iter().enumerate() {
            std::fs::write(directory.path().join(format!("{id}.csv")), series_csv(s)).unwrap();
        }
        Bench::new(
            directory,
            &toml(
                "kind = \"monthly\"\ndirectory = \".\"",
                "2003-12",
                false,
                "[\"FI-Hyy\", \"DE-Tha\", \"CH-Dav\"]",
            ),
            None,
        )
    }

    /// Three stations on the shipped normals, with every member in the product.
    pub fn of_normals() -> Bench {
        let source = "kind = \"normals\"\nfile = \"data/site_normals.csv\"\nco2_ppm = 390.0";
        let include = "[\"FI-Hyy\", \"DE-Tha\", \"CH-Dav\"]";
        Bench::new(tempfile::tempdir().unwrap(), &toml(source, "2002-12", true, include), None)
    }

    fn new(directory: tempfile::TempDir, toml: &str, data: Option<PathBuf>) -> Bench {
        let repository = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let data_copy = directory.path().join("data");
        std::fs::create_dir_all(&data_copy).unwrap();
        for name in ["stations.csv", "site_normals.csv"] {
            std::fs::copy(repository.join("data").join(name), data_copy.join(name)).unwrap();
        }
        let file = directory.path().join("invented.toml");
        std::fs::write(&file, toml).unwrap();
        let out = Some(directory.path().join("out"));
        let request = Request { file, out, data, seed: None };
        let run = Run::requested(&request, &["medlynslope", "slatop"]).unwrap();
        Bench { directory, run }
    }

    /// The validated workflow.
    pub fn workflow(&self) -> &Workflow {
        self.run.workflow()
    }

    /// The run directory.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().join("out")
    }

    /// Runs all stages up to one and returns its directory.
    pub fn run_until(&self, stage: &str) -> PathBuf {
        let (stages, interrupt, progress) = (stages(), Interrupt::new(), Progress::silent());
        Engine::new(&self.run, &stages, &interrupt, &progress).run(OnStale::Refuse, Some(stage)).unwrap();
        self.directory().join(stage)
    }

    /// A job on the run once every stage is done.
    pub fn finished<T>(&self, job: impl FnOnce(&Context<'_>) -> T) -> T {
        self.run_until("report");
        let (stages, interrupt, progress) = (stages(), Interrupt::new(), Progress::silent());
        let engine = Engine::new(&self.run, &stages, &interrupt, &progress);
        job(&engine.finished().unwrap())
    }
}

/// The 48 real stations, or none with a line that says so.
pub fn monthly_data() -> Option<Bench> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("RETERRA_TEST_DATA").unwrap_or_else(|| default.into());
    let data = PathBuf::from(root).join("sites_monthly");
    if !data.exists() {
        println!("skipped: no test data at {}; set RETERRA_TEST_DATA", data.display());
        return None;
    }
    let text = toml("kind = \"monthly\"\ndirectory = \".\"", "2016-12", false, "");
    let text = text.replace("include = \n", "");
    Some(Bench::new(tempfile::tempdir().unwrap(), &text, Some(data)))
}

fn toml(forcing: &str, end: &str, members: bool, include: &str) -> String {
    format!(
        r#"version = 1
name = "invented"
title = "Three stations, invented"
seed = 11
[domain]
stations = "data/stations.csv"
include = {include}
[forcing]
{forcing}
[period]
start = "2001-01"
end = "{end}"
[observations]
use = ["GPP", "NEE", "ET", "LAI"]
error.GPP = {{ floor = 0.6, relative = 0.15, unit = "gC m-2 d-1" }}
error.NEE = {{ floor = 0.5, relative = 0.15, unit = "gC m-2 d-1" }}
error.ET = {{ floor = 0.25, relative = 0.15, unit = "mm d-1" }}
error.LAI = {{ floor = 1.2, relative = 0.3, unit = "m2 m-2" }}
[[parameters]]
name = "medlynslope"
mode = "scale"
mean = 1.0
sd = 0.3
lower = 0.0
[product]
members = {members}
"#
    )
}

/// The truth of the invented world, from -1 in winter to 1 in summer.
fn season(month: usize) -> f64 {
    -(std::f64::consts::TAU * (month as f64 + 0.5) / 12.0).cos()
}

/// True GPP, gC m⁻² d⁻¹.
fn true_gpp(station: usize, month: usize) -> f64 {
    (4.0 + station as f64) * (1.0 + season(month)) / 2.0 + 0.3
}

fn series_csv(station: usize) -> String {
    let mut text = "month,tmin_degC,tmax_degC,ssrd_MJ_m2_d,co2_ppm,vpd_hPa,precip_mm_d,train_GPP,train_NBE,\
                    train_ET,train_LAI,valid_GPP,valid_NEE,valid_ET\n"
        .to_owned();
    for m in 0..MONTHS {
        let s = season(m);
        let gpp = true_gpp(station, m) + 0.2 * noise(station, m, 0);
        let flux = format!("{gpp:.4},{:.4},{:.4}", -0.1 * gpp, 0.4 * gpp);
        let (train, valid) = if m < TRAIN {
            (format!("{flux},{:.3}", 2.0 + s), ",,".to_owned())
        } else {
            (",,,".to_owned(), flux)
        };
        let _ = writeln!(
            text,
            "{:04}-{:02},{:.2},{:.2},{:.2},380,{:.2},{:.2},{train},{valid}",
            2001 + m / 12,
            m % 12 + 1,
            3.0 + 9.0 * s,
            12.0 + 10.0 * s + 0.3 * noise(station, m, 1),
            10.0 + 8.0 * s,
            4.0 + 3.0 * s,
            2.0 + 0.5 * s
        );
    }
    text
}

fn noise(station: usize, month: usize, member: usize) -> f64 {
    let key = StreamKey {
        seed: 5,
        stage: StreamStage::Test,
        cycle: month as u32,
        member: member as u32,
        column: station as u32,
    };
    key.stream().normal()
}

/// Months of a member at a station: `factor` times the truth, with stocks that change by exactly the flows.
fn member_months(station: usize, months: usize, member: usize, factor: f64) -> Vec<MonthlyOutput> {
    let mut month = MonthlyOutput {
        vegetation_carbon: 8000.0,
        ecosystem_carbon: 20_000.0,
        ecosystem_nitrogen: 1000.0,
        water: 500.0,
        lai: 2.0,
        ..MonthlyOutput::default()
    };
    let scale = factor * (1.0 + 0.05 * noise(station, 999, member));
    (0..months)
        .map(|m| {
            let gpp = scale * true_gpp(station, m) / DAY;
            (month.gpp, month.ra, month.hr, month.harvest) = (gpp, 0.5 * gpp, 0.4 * gpp, 0.02 * gpp);
            (month.et, month.precipitation, month.runoff) = (0.4 * gpp, 2.0 / DAY, 2.0 / DAY - 0.4 * gpp);
            (month.nitrogen_in, month.nitrogen_out) = (1e-8, 0.5e-8);
            let seconds = MONTH_DAYS[m % 12] as f64 * DAY;
            month.ecosystem_carbon += 0.08 * gpp * seconds;
            month.ecosystem_nitrogen += 0.5e-8 * seconds;
            month
        })
        .collect()
}

fn ensemble(cases: &[StationCase], variables: usize, factor: f64, failed: Option<usize>) -> EnsembleOutput {
    let months = cases.iter().map(|c| c.monthly.len()).max().unwrap_or(0);
    let mut output = EnsembleOutput::missing(variables, (cases.len(), months, MEMBERS));
    for s in (0..cases.len()).filter(|s| Some(*s) != failed) {
        for member in 0..MEMBERS {
            for (m, values) in member_months(s, months, member, factor).iter().enumerate() {
                output.set((s, m, member), values);
            }
        }
    }
    output
}

fn stages() -> Vec<Box<dyn Stage>> {
    vec![
        Box::new(Invented("spinup")),
        Box::new(Invented("calibrate")),
        Box::new(Invented("assimilate")),
        Box::new(Baselines),
        Box::new(Reanalysis),
        Box::new(Validation),
        Box::new(HtmlReport),
    ]
}

/// Writes what the stage of that name leaves.
struct Invented(&'static str);

impl Stage for Invented {
    fn name(&self) -> &'static str {
        self.0
    }

    fn title(&self) -> &'static str {
        "invented"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        crate::experiment::domain::add_inputs(Inputs::new(), workflow)
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let cases = load_cases(context.workflow())?;
        let at = |file: &str| context.directory().join(file);
        match self.0 {
            "spinup" => write_json(&at("spinup.json"), &spinup_note(&cases))?,
            "calibrate" => {
                write_json(&at("calibrate.json"), &calibration_note(&cases))?;
                ensemble(&cases, Variable::ALL.len(), 0.7, None).write(&at("prior.bundle"))?;
                ensemble(&cases, Variable::ALL.len(), 0.9, None).write(&at("calibrated.bundle"))?;
            }
            _ => {
                let failed = (!context.workflow().product.members).then_some(FAILED_EVERYWHERE);
                write_json(&at("assimilate.json"), &assimilation_notes(&cases))?;
                write_json(&at(assimilate::DIAGNOSTICS), &diagnostics(&cases)?)?;
                ensemble(&cases, OUTPUTS.len(), 1.0, failed).write(&at("assimilated.bundle"))?;
            }
        }
        Ok(StageOutput::new())
    }
}

const IMBALANCE: LargestImbalance = LargestImbalance { carbon: 1e-14, nitrogen: 2e-14, water: 3e-14 };

fn spinup_note(cases: &[StationCase]) -> SpinUpNote {
    let report = Report {
        converged: true,
        cycles: 7,
        years: 35.0,
        drift: -0.2,
        distance: [1e-4; 7],
        imbalance: IMBALANCE,
        ..Report::new(Method::Matrix)
    };
    let of = |c: &StationCase| StationSpinUp {
        id: c.station.id.clone(),
        pft: c.site.dominant(),
        report: report.clone(),
    };
    SpinUpNote { drift_limit: 1.0, stations: cases.iter().map(of).collect() }
}

fn step(iteration: u32, dt: f64, t: f64, misfit: f64) -> Step {
    Step { iteration, dt, t, misfit, mean_misfit: misfit, failed: Vec::new(), capped: false }
}

fn calibration_note(cases: &[StationCase]) -> CalibrationNote {
    let class = ClassCalibration {
        class: cases[0].class,
        stations: cases.iter().map(|c| c.station.id.clone()).collect(),
        steps: vec![step(1, 0.1, 0.1, 9.0), step(2, 0.9, 1.0, 2.0)],
        parameters: vec![ParameterEnsemble {
            name: "medlynslope".to_owned(),
            mode: Mode::Scale,
            prior: [0.6, 0.8, 1.0, 1.2, 1.5],
            posterior: (0..MEMBERS).map(|m| 1.1 + 0.02 * m as f64).collect(),
        }],
        posterior: vec![vec![0.0]; MEMBERS],
    };
    CalibrationNote { classes: vec![class], imbalance: LargestImbalance { nitrogen: 5e-14, ..IMBALANCE } }
}

/// GPP of every month to learn from, predicted by the members of the calibrated model.
fn diagnostics(cases: &[StationCase]) -> Result<Statistics, StageError> {
    let mut statistics = Statistics::default();
    for station in 0..cases.len() {
        let members: Vec<_> = (0..MEMBERS).map(|m| member_months(station, TRAIN, m, 0.9)).collect();
        for month in 0..TRAIN {
            let prior = Array2::from_shape_fn((MEMBERS, 1), |(m, _)| members[m][month].gpp);
            let posterior = &prior * 0.5 + 0.5 * true_gpp(station, month) / DAY;
            let error = [(0.6 / DAY).powi(2)];
            statistics.add(&Seen {
                kinds: &[Variable::Gpp as usize],
                values: &[true_gpp(station, month) / DAY],
                errors: &error,
                variances: &error,
                flags: &[if month == 5 { Flag::Background } else { Flag::Used }],
                prior: prior.view(),
                posterior: posterior.view(),
                key: StreamKey {
                    seed: 5,
                    stage: StreamStage::Test,
                    cycle: month as u32,
                    member: 0,
                    column: station as u32,
                },
            })?;
        }
    }
    Ok(statistics)
}

fn assimilation_notes(cases: &[StationCase]) -> Vec<StationAssimilation> {
    let of = |case: &StationCase| StationAssimilation {
        id: case.station.id.clone(),
        steps: vec![step(1, 1.0, 1.0, 1.5)],
        parameters: Vec::new(),
        increments: [0.0; 3],
        inflation: vec![(3, 1.21), (4, 1.44)],
        used: 90,
        refused: 2,
        failures: vec![Failure { member: 4, month: Some(7), reason: "no leaves left".to_owned() }],
        imbalance: IMBALANCE,
    };
    cases.iter().map(of).collect()
}
