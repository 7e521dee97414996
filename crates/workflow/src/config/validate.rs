//! As written → validated: defaults, ranges, units, names and paths.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeBounds;

use reterra_fields::calendar::Month;
use reterra_io::scenario::read_scenario;
use reterra_statistics::prior::{Bounds, Prior};

use super::decode::{Source, nearest};
use super::paths::Bases;
use super::units::{YEAR, accepted_units};
use super::values::{
    Assimilate, Calibrate, Domain, Forcing, ForcingSource, InflationChoice, Mode, Observations, Parameter,
    Period, Product, ScenarioInput, Spinup, SpinupMethod, Validation, Workflow,
};
use super::written::{
    WrittenAssimilate, WrittenCalibrate, WrittenDomain, WrittenDomainKind, WrittenError, WrittenForcing,
    WrittenForcingKind, WrittenObservations, WrittenParameter, WrittenPeriod, WrittenSpinup,
    WrittenValidation, WrittenWorkflow,
};
use super::{ErrorModel, FORMAT_VERSION, Variable};
use crate::WorkflowError;

/// Seed where the file gives none.
pub(super) const DEFAULT_SEED: u64 = 1;
pub(super) const DEFAULT_CYCLE_YEARS: u32 = 4;
/// Mean atmospheric CO2 of 2005, ppm.
pub(super) const DEFAULT_CO2_PPM: f64 = 380.0;
/// Deposition, gN m-2 yr-1, about the European mean of the 2000s.
const DEFAULT_NITROGEN_DEPOSITION: f64 = 1.0;
const DEFAULT_MATRIX_CYCLES: u32 = 200;
const DEFAULT_ANDERSON_CYCLES: u32 = 1000;
const DEFAULT_BRUTE_FORCE_CYCLES: u32 = 5000;
/// CLM's criterion, gC m-2 yr-1.
const DEFAULT_DRIFT_LIMIT: f64 = 1.0;

pub(crate) struct Validator<'a> {
    pub source: Source<'a>,
    pub bases: Bases,
    pub known_parameters: &'a [&'a str],
}

pub(crate) type Checked<T> = Result<T, WorkflowError>;

impl Validator<'_> {
    pub(super) fn workflow(&self, w: WrittenWorkflow) -> Checked<Workflow> {
        self.version(w.version)?;
        let name = self.name(w.name)?;
        if w.parameters.is_empty() {
            return Err(self.source.missing("", "parameters"));
        }
        Ok(Workflow {
            title: w.title.unwrap_or_else(|| name.clone()),
            name,
            seed: w.seed.unwrap_or(DEFAULT_SEED),
            domain: self.domain(w.domain)?,
            forcing: self.forcing(&w.forcing)?,
            period: self.period(&w.period)?,
            spinup: self.spinup(&w.spinup)?,
            observations: self.observations(&w.observations)?,
            parameters: self.parameters("parameters", &w.parameters)?,
            station_parameters: self.parameters("station_parameters", &w.station_parameters)?,
            calibrate: self.calibrate(&w.calibrate)?,
            assimilate: self.assimilate(&w.assimilate)?,
            validation: self.validation(&w.validation)?,
            product: Product { members: w.product.members.unwrap_or(true) },
            output: w.output.directory.map(Into::into),
        })
    }

    pub fn version(&self, version: u32) -> Checked<()> {
        let accepted = format!("{FORMAT_VERSION}, the format this reterra reads");
        self.require(version == FORMAT_VERSION, "version", &version, &accepted)
    }

    pub fn name(&self, name: String) -> Checked<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let good = !name.is_empty() && name.len() <= 64 && name.chars().all(plain);
        self.require(good, "name", &name, "1 to 64 ASCII letters, digits, `-` and `_`")?;
        Ok(name)
    }

    pub fn domain(&self, w: WrittenDomain) -> Checked<Domain> {
        let stations = w.kind != Some(WrittenDomainKind::Grid);
        let accepted = "\"stations\"; a gridded run has no stations, parameters or observations";
        self.require(stations, "domain.kind", &"grid", accepted)?;
        let empty = w.include.as_ref().is_some_and(Vec::is_empty);
        self.require(!empty, "domain.include", &"[]", "at least one station id, or no `include` at all")?;
        let stations = self.bases.resolve(&self.source, "domain.stations", &w.stations)?;
        Ok(Domain { stations, include: w.include, exclude: w.exclude })
    }

    pub fn forcing(&self, w: &WrittenForcing) -> Checked<Forcing> {
        let cycle_years = w.cycle_years.unwrap_or(DEFAULT_CYCLE_YEARS);
        self.range("forcing.cycle_years", cycle_years, 1..=200)?;
        let nitrogen_deposition = w.nitrogen_deposition.unwrap_or(DEFAULT_NITROGEN_DEPOSITION);
        self.range("forcing.nitrogen_deposition", nitrogen_deposition, 0.0..=20.0)?;
        let source = match w.kind {
            WrittenForcingKind::Normals => self.normals(w)?,
            WrittenForcingKind::Monthly => self.monthly(w)?,
        };
        let scenario = self.scenario(w.scenario.as_ref())?;
        Ok(Forcing { source, cycle_years, nitrogen_deposition: nitrogen_deposition / YEAR, scenario })
    }

    pub(super) fn scenario(&self, written: Option<&String>) -> Checked<Option<ScenarioInput>> {
        let Some(written) = written else { return Ok(None) };
        let file = self.bases.resolve(&self.source, "forcing.scenario", written)?;
        let scenario = read_scenario(&file.path)?;
        Ok(Some(ScenarioInput { file, scenario }))
    }

    fn normals(&self, w: &WrittenForcing) -> Checked<ForcingSource> {
        let other = "no such key with kind = \"normals\"; name the table by `file`";
        self.require(w.directory.is_none(), "forcing.directory", &text(w.directory.as_ref()), other)?;
        let file = w.file.as_ref().ok_or_else(|| self.source.missing("forcing", "file"))?;
        let co2_ppm = w.co2_ppm.unwrap_or(DEFAULT_CO2_PPM);
        self.range("forcing.co2_ppm", co2_ppm, 100.0..=2000.0)?;
        Ok(ForcingSource::Normals { file: self.bases.resolve(&self.source, "forcing.file", file)?, co2_ppm })
    }

    fn monthly(&self, w: &WrittenForcing) -> Checked<ForcingSource> {
        let no_file = "no such key with kind = \"monthly\"; name the folder of station files by `directory`";
        self.require(w.file.is_none(), "forcing.file", &text(w.file.as_ref()), no_file)?;
        let no_co2 = "no such key with kind = \"monthly\"; CO2 comes with the series";
        self.require(w.co2_ppm.is_none(), "forcing.co2_ppm", &text(w.co2_ppm.as_ref()), no_co2)?;
        let written = w.directory.as_ref().ok_or_else(|| self.source.missing("forcing", "directory"))?;
        let directory = self.bases.resolve(&self.source, "forcing.directory", written)?;
        self.require(directory.path.is_dir(), "forcing.directory", written, "a directory")?;
        Ok(ForcingSource::Monthly { directory })
    }

    pub fn period(&self, w: &WrittenPeriod) -> Checked<Period> {
        let period =
            Period { start: self.month("period.start", &w.start)?, end: self.month("period.end", &w.end)? };
        let accepted = format!("a month not before period.start ({})", w.start);
        self.require(period.months() > 0, "period.end", &w.end, &accepted)?;
        Ok(period)
    }

    fn month(&self, key: &str, written: &str) -> Checked<Month> {
        written.parse().map_err(|_| self.source.invalid(key, &written, "a month as YYYY-MM, such as 2001-01"))
    }

    pub(super) fn spinup(&self, w: &WrittenSpinup) -> Checked<Spinup> {
        let method = w.method.unwrap_or(SpinupMethod::Matrix);
        let default = match method {
            SpinupMethod::Matrix | SpinupMethod::MatrixAnderson => DEFAULT_MATRIX_CYCLES,
            SpinupMethod::Anderson => DEFAULT_ANDERSON_CYCLES,
            SpinupMethod::BruteForce | SpinupMethod::AcceleratedDecomposition => DEFAULT_BRUTE_FORCE_CYCLES,
        };
        let max_cycles = w.max_cycles.unwrap_or(default);
        self.range("spinup.max_cycles", max_cycles, 1..=100_000)?;
        let drift_limit = w.drift_limit.unwrap_or(DEFAULT_DRIFT_LIMIT);
        self.range("spinup.drift_limit", drift_limit, 1e-6..=100.0)?;
        let member_cycles = w.member_cycles.unwrap_or(6);
        self.range("spinup.member_cycles", member_cycles, 1..=10_000)?;
        Ok(Spinup { method, max_cycles, drift_limit, member_cycles })
    }

    fn observations(&self, w: &WrittenObservations) -> Checked<Observations> {
        let variables: Vec<Variable> =
            Variable::ALL.into_iter().filter(|v| w.variables.contains(v)).collect();
        let accepted = "at least one variable, each once";
        let given = names(&w.variables);
        let good = !variables.is_empty() && variables.len() == w.variables.len();
        self.require(good, "observations.use", &given, accepted)?;
        let evaluate: Vec<Variable> = Variable::ALL.into_iter().filter(|v| w.evaluate.contains(v)).collect();
        let apart = evaluate.len() == w.evaluate.len() && evaluate.iter().all(|v| !variables.contains(v));
        let accepted = "variables that observations.use does not have, each once";
        self.require(apart, "observations.evaluate", &names(&w.evaluate), accepted)?;
        let mut errors = BTreeMap::new();
        for variable in variables.iter().chain(&evaluate) {
            let written = w.error.get(variable);
            let written =
                written.ok_or_else(|| self.source.missing("observations.error", variable.name()))?;
            errors.insert(
                *variable,
                self.error_model(&format!("observations.error.{}", variable.name()), *variable, written)?,
            );
        }
        let effective_months = w.effective_months.unwrap_or(12.0);
        self.range("observations.effective_months", effective_months, 1.0..=1e6)?;
        Ok(Observations { variables, evaluate, effective_months, errors })
    }

    /// The error model of a variable; `section` is the dotted key that `w` is written under.
    pub fn error_model(&self, section: &str, variable: Variable, w: &WrittenError) -> Checked<ErrorModel> {
        let key = |name: &str| format!("{section}.{name}");
        let accepted = accepted_units(variable);
        let unit = accepted.iter().find(|(unit, _)| *unit == w.unit);
        let (_, factor) = unit.ok_or_else(|| {
            let units: Vec<&str> = accepted.iter().map(|(unit, _)| *unit).collect();
            self.source.invalid(&key("unit"), &w.unit, &format!("one of: {}", units.join(", ")))
        })?;
        self.range(&key("relative"), w.relative, 0.0..=10.0)?;
        let positive = w.floor.is_finite() && w.floor > 0.0;
        self.require(positive, &key("floor"), &w.floor, "a number above 0")?;
        Ok(ErrorModel { floor: w.floor * factor, relative: w.relative })
    }

    pub fn parameters(&self, section: &str, written: &[WrittenParameter]) -> Checked<Vec<Parameter>> {
        let mut parameters: Vec<Parameter> = Vec::with_capacity(written.len());
        for (i, w) in written.iter().enumerate() {
            let key = format!("{section}[{i}]");
            let first = parameters.iter().all(|p| p.name != w.name);
            self.require(first, &format!("{key}.name"), &w.name, "every parameter once in a list")?;
            parameters.push(self.parameter(&key, w)?);
        }
        Ok(parameters)
    }

    fn parameter(&self, key: &str, w: &WrittenParameter) -> Checked<Parameter> {
        self.known_parameter(key, &w.name)?;
        let mean = match (w.mean, w.mode) {
            (Some(mean), _) => mean,
            (None, Mode::Scale) => 1.0,
            (None, Mode::Shift) => 0.0,
            (None, Mode::Value) => return Err(self.source.missing(key, "mean")),
        };
        let lower = w.lower.or((w.mode == Mode::Scale).then_some(0.0));
        let bounds = match (lower, w.upper) {
            (None, None) => Bounds::None,
            (Some(a), None) => Bounds::Below(a),
            (None, Some(b)) => Bounds::Above(b),
            (Some(a), Some(b)) => Bounds::Both(a, b),
        };
        let prior = Prior::new(&w.name, mean, w.sd, bounds).map_err(|e| {
            let value = format!("mean {mean}, sd {}, bounds {bounds:?}", w.sd);
            self.source.invalid(key, &value, &e.to_string())
        })?;
        Ok(Parameter { name: w.name.clone(), mode: w.mode, prior })
    }

    fn known_parameter(&self, key: &str, name: &str) -> Checked<()> {
        if self.known_parameters.contains(&name) {
            return Ok(());
        }
        let accepted: Vec<String> = self.known_parameters.iter().map(ToString::to_string).collect();
        let key = format!("{key}.name");
        Err(WorkflowError::UnknownValue {
            file: self.source.file.to_owned(),
            line: self.source.line_of(&key),
            key,
            value: name.to_owned(),
            nearest: nearest(name, &accepted),
            accepted: accepted.into(),
        })
    }

    fn calibrate(&self, w: &WrittenCalibrate) -> Checked<Calibrate> {
        let members = w.members.unwrap_or(48);
        self.range("calibrate.members", members, 4..=10_000)?;
        let max_iterations = w.max_iterations.unwrap_or(8);
        self.range("calibrate.max_iterations", max_iterations, 1..=1000)?;
        let step_scale = w.step_scale.unwrap_or(0.5);
        self.range("calibrate.step_scale", step_scale, 0.01..=1.0)?;
        Ok(Calibrate { members, max_iterations, step_scale })
    }

    fn assimilate(&self, w: &WrittenAssimilate) -> Checked<Assimilate> {
        let members = w.members.unwrap_or(64);
        self.range("assimilate.members", members, 4..=10_000)?;
        let smoother_share = w.smoother_share.unwrap_or(0.5);
        self.range("assimilate.smoother_share", smoother_share, 0.0..=1.0)?;
        let lag_months = w.lag_months.unwrap_or(3);
        self.range("assimilate.lag_months", lag_months, 0..=120)?;
        let inflation = self.inflation(w.inflation.as_ref())?;
        let station_spread = w.station_spread.unwrap_or(0.5);
        self.range("assimilate.station_spread", station_spread, 0.0..=10.0)?;
        Ok(Assimilate { members, smoother_share, station_spread, lag_months, inflation })
    }

    fn validation(&self, w: &WrittenValidation) -> Checked<Validation> {
        let folds = w.folds;
        folds.map_or(Ok(()), |n| self.range("validation.folds", n, 2..=1000))?;
        Ok(Validation { folds })
    }

    fn inflation(&self, written: Option<&toml::Value>) -> Checked<InflationChoice> {
        let factor = match written {
            None => return Ok(InflationChoice::Adaptive),
            Some(toml::Value::String(s)) if s == "adaptive" => return Ok(InflationChoice::Adaptive),
            Some(toml::Value::String(s)) if s == "none" => return Ok(InflationChoice::None),
            Some(toml::Value::Float(f)) => *f,
            Some(toml::Value::Integer(i)) => *i as f64,
            Some(_) => f64::NAN,
        };
        let accepted = "\"adaptive\", \"none\" or a factor from 1 to 2";
        let shown = written.map(ToString::to_string).unwrap_or_default();
        self.require((1.0..=2.0).contains(&factor), "assimilate.inflation", &shown, accepted)?;
        Ok(InflationChoice::Fixed(factor))
    }

    pub fn require(&self, good: bool, key: &str, value: &dyn Display, accepted: &str) -> Checked<()> {
        if good { Ok(()) } else { Err(self.source.invalid(key, value, accepted)) }
    }

    pub fn range<T>(&self, key: &str, value: T, range: std::ops::RangeInclusive<T>) -> Checked<()>
    where
        T: PartialOrd + Display + Copy,
    {
        let accepted = format!("{} to {}", range.start(), range.end());
        self.require(RangeBounds::contains(&range, &value), key, &value, &accepted)
    }
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn names(variables: &[Variable]) -> String {
    variables.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ")
}
