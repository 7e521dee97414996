//! As written → validated.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use reterra_assimilation::calibration::{Method, Problem, Schedule, TemperingOptions};
use reterra_assimilation::ces::{CesOptions, Sampler};
use reterra_assimilation::sampling::{self, Length};
use reterra_io::run_files::is_variable_name;
use reterra_io::sha256_file;
use reterra_statistics::{Bounds, Prior};

use super::land::Given;
use super::observations::Observations;
use super::settings::{Exchange, Executable, ModelSettings, Settings};
use super::written::{
    WrittenCalibrate, WrittenCampaign, WrittenModel, WrittenObservations, WrittenParameter, WrittenPrior,
    WrittenSample, WrittenSampler, WrittenTempering,
};
use crate::WorkflowError;
use crate::config::decode::Source;
use crate::config::{FORMAT_VERSION, Parameter};

pub(super) type Checked<T> = Result<T, WorkflowError>;

/// Stands for the folder of the campaign's file in a command.
const HERE: &str = "{here}";
/// Temperatures of tempering where they aren't given.
const TEMPERATURES: usize = 8;
/// Runs that may fail where it isn't said, as a share of the members.
const TOLERATED: f64 = 0.2;

/// Validates one file.
pub(super) struct Validator<'a> {
    pub source: Source<'a>,
    /// The folder of the file.
    folder: PathBuf,
    /// Where a workflow's input is looked for first.
    data: Option<&'a Path>,
}

impl<'a> Validator<'a> {
    pub fn new(source: Source<'a>, data: Option<&'a Path>) -> Self {
        let folder = source.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Self { source, folder, data }
    }

    pub fn settings(&self, w: WrittenCampaign) -> Checked<Settings> {
        let accepted = format!("{FORMAT_VERSION}, the format this reterra reads");
        self.require(w.version == FORMAT_VERSION, "version", &w.version, &accepted)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let named = !w.name.is_empty() && w.name.chars().all(plain);
        self.require(named, "name", &w.name, "letters, digits, `-`, `_` and `.`")?;
        let Modelled { model, priors, observations } =
            self.modelled(w.model, &w.parameters, w.observations.as_ref())?;
        let problem = Problem::new(priors, observations.y, observations.noise)
            .map_err(|e| self.source.invalid("observations", &e, "finite values and positive errors"))?;
        let members = w.runs.members.unwrap_or(CesOptions::default().members);
        self.require(members >= 2, "runs.members", &members, "2 and above")?;
        let seed = w.seed.unwrap_or(0);
        let method =
            self.method(w.calibrate.unwrap_or(WrittenCalibrate::Etki(WrittenTempering::default())))?;
        let started = method.start(&problem, (members, seed));
        started.map_err(|e| self.source.invalid("calibrate", &e, "options under which it can start"))?;
        let ces = self.ces(w.sample, (&method, members, seed))?;
        let at_once = w.runs.at_once.map(|n| {
            NonZeroUsize::new(n).ok_or_else(|| self.source.invalid("runs.at_once", &n, "1 and above"))
        });
        let tolerated = (TOLERATED * members as f64).ceil() as usize;
        let directory = w.output.directory.unwrap_or_else(|| format!("out/{}", w.name));
        Ok(Settings {
            directory: PathBuf::from(directory),
            model,
            problem,
            observed: observations.observed,
            method,
            members,
            ces,
            at_once: at_once.transpose()?,
            tolerated_failures: w.runs.tolerated_failures.unwrap_or(tolerated),
            seed,
            name: w.name,
        })
    }

    /// The model with its priors and observations.
    fn modelled(
        &self,
        model: WrittenModel,
        parameters: &[WrittenParameter],
        observations: Option<&WrittenObservations>,
    ) -> Checked<Modelled> {
        let priors = self.priors(parameters)?;
        match model {
            WrittenModel::Executable { command, time_limit_s, exchange } => {
                let observations = observations.ok_or_else(|| self.source.missing("", "observations"))?;
                if let Some(i) = parameters.iter().position(|p| p.mode.is_some()) {
                    let key = format!("parameters[{i}].mode");
                    return Err(self.source.invalid(
                        &key,
                        &"given",
                        "nothing: only the land model has modes",
                    ));
                }
                let observations = self.observations(observations)?;
                let exchange = exchange.unwrap_or_default();
                self.exchanged(exchange, &priors)?;
                Ok(Modelled {
                    model: self.executable(command, (time_limit_s, exchange))?,
                    priors,
                    observations,
                })
            }
            WrittenModel::Land { workflow, class, only, structural_error } => {
                let none = "nothing: observations are those of the workflow";
                self.require(observations.is_none(), "observations", &"given", none)?;
                let modes = parameters.iter().map(|p| p.mode.unwrap_or_default());
                let file = &self.existing("model.workflow", &workflow)?;
                let given = Given { file, data: self.data, class, parameters: modes.zip(priors).collect() };
                let (mut land, mut observations) = given.settings()?;
                let lacking = structural_error.unwrap_or(0.0);
                let sound = lacking >= 0.0 && lacking.is_finite();
                self.require(sound, "model.structural_error", &lacking, "observation errors, 0 and above")?;
                observations.noise = observations.noise.scaled(1.0 + lacking * lacking);
                if let Some(only) = only {
                    self.restrict(&mut land.parameters, &only)?;
                }
                let some = "a class that has stations with observations and parameters in the workflow";
                let empty = land.parameters.is_empty() || observations.y.is_empty();
                self.require(!empty, "model.class", &format!("{class:?}"), some)?;
                let priors = land.parameters.iter().map(|p| p.prior.clone()).collect();
                Ok(Modelled { model: ModelSettings::Land(Box::new(land)), priors, observations })
            }
        }
    }

    /// Leaves but the parameters of these names.
    fn restrict(&self, parameters: &mut Vec<Parameter>, only: &[String]) -> Checked<()> {
        let known: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        let accepted = format!("some of the parameters that act on the class: {}", known.join(", "));
        for name in only {
            self.require(known.contains(&name.as_str()), "model.only", name, &accepted)?;
        }
        parameters.retain(|parameter| only.contains(&parameter.name));
        Ok(())
    }

    fn priors(&self, parameters: &[WrittenParameter]) -> Checked<Vec<Prior>> {
        let all: Checked<Vec<Prior>> =
            parameters.iter().enumerate().map(|(i, parameter)| self.prior(i, parameter)).collect();
        let all = all?;
        for (i, prior) in all.iter().enumerate() {
            let again = all[..i].iter().any(|other| other.name() == prior.name());
            let key = format!("parameters[{i}].name");
            self.require(!again, &key, &prior.name(), "a name that no other parameter has")?;
        }
        Ok(all)
    }

    fn prior(&self, i: usize, w: &WrittenParameter) -> Checked<Prior> {
        let section = format!("parameters[{i}]");
        let given = |key: &str, value: Option<f64>| value.ok_or_else(|| self.source.missing(&section, key));
        let none = |key: &str, value: Option<f64>, accepted: &str| match value {
            None => Ok(()),
            Some(value) => Err(self.source.invalid(&format!("{section}.{key}"), &value, accepted)),
        };
        if w.prior == WrittenPrior::Uniform {
            none("mean", w.mean, "nothing: a uniform prior has bounds only")?;
            none("sd", w.sd, "nothing: a uniform prior has bounds only")?;
            let found = Prior::uniform(&w.name, given("lower", w.lower)?, given("upper", w.upper)?);
            return found.map_err(|e| self.source.invalid(&section, &e, "a lower bound below the upper one"));
        }
        let bounds = match w.prior {
            WrittenPrior::Normal => {
                none(
                    "lower",
                    w.lower,
                    "nothing: a normal prior has no bounds; see log-normal and logit-normal",
                )?;
                none(
                    "upper",
                    w.upper,
                    "nothing: a normal prior has no bounds; see log-normal and logit-normal",
                )?;
                Bounds::None
            }
            WrittenPrior::LogNormal => match (w.lower, w.upper) {
                (lower, None) => Bounds::Below(lower.unwrap_or(0.0)),
                (None, Some(upper)) => Bounds::Above(upper),
                (Some(_), Some(upper)) => {
                    let accepted = "one bound; with two the prior is logit-normal";
                    return Err(self.source.invalid(&format!("{section}.upper"), &upper, accepted));
                }
            },
            WrittenPrior::LogitNormal | WrittenPrior::Uniform => {
                Bounds::Both(given("lower", w.lower)?, given("upper", w.upper)?)
            }
        };
        Prior::new(&w.name, given("mean", w.mean)?, given("sd", w.sd)?, bounds)
            .map_err(|e| self.source.invalid(&section, &e, "a mean within the bounds and a positive sd"))
    }

    fn method(&self, w: WrittenCalibrate) -> Checked<Method> {
        Ok(match w {
            WrittenCalibrate::Etki(w) => {
                let (options, schedule) = self.tempering(&w)?;
                Method::Etki(options, schedule)
            }
            WrittenCalibrate::Eki(w) => {
                let (options, schedule) = self.tempering(&w)?;
                Method::Eki(options, schedule)
            }
            WrittenCalibrate::Teki(options) => Method::Teki(options),
            WrittenCalibrate::Uki(options) => Method::Uki(options),
            WrittenCalibrate::Eks(options) => Method::Eks(options),
            WrittenCalibrate::Gnki(options) => Method::Gnki(options),
            WrittenCalibrate::Ies(options) => Method::Ies(options),
        })
    }

    fn tempering(&self, w: &WrittenTempering) -> Checked<(TemperingOptions, Schedule)> {
        let usual = TemperingOptions::default();
        let options = TemperingOptions {
            max_iterations: w.max_iterations.unwrap_or(usual.max_iterations),
            min_members: w.min_members.unwrap_or(usual.min_members),
            step_scale: w.step_scale.unwrap_or(usual.step_scale),
            ..usual
        };
        let steps = w.fixed_steps.unwrap_or(1);
        self.require((1..=1000).contains(&steps), "calibrate.fixed_steps", &steps, "1 to 1000")?;
        let fixed = w.fixed_steps.map(|steps| Schedule::equal(steps, options.target_t));
        Ok((options, fixed.unwrap_or_default()))
    }

    fn ces(&self, w: WrittenSample, (method, members, seed): (&Method, usize, u64)) -> Checked<CesOptions> {
        let usual = CesOptions::default();
        let counts = [("chains", w.chains, 2), ("draws", w.draws, 4), ("held_out", w.held_out, 1)];
        for (key, count, least) in counts {
            let count = count.unwrap_or(least);
            self.require(count >= least, &format!("sample.{key}"), &count, &format!("{least} and above"))?;
        }
        let sampler = match w.sampler.unwrap_or(WrittenSampler::Surrogate) {
            WrittenSampler::Surrogate => Sampler::Surrogate,
            WrittenSampler::Nuts => Sampler::Nuts,
            WrittenSampler::Metropolis => Sampler::Plain(sampling::Method::Metropolis),
            WrittenSampler::CrankNicolson => Sampler::Plain(sampling::Method::CrankNicolson),
            WrittenSampler::Elliptical => Sampler::Plain(sampling::Method::Elliptical),
            WrittenSampler::Tempering => {
                let temperatures = w.temperatures.unwrap_or(TEMPERATURES);
                self.require(temperatures >= 2, "sample.temperatures", &temperatures, "2 and above")?;
                Sampler::Plain(sampling::Method::Tempering { temperatures })
            }
        };
        let tempered = matches!(w.sampler, Some(WrittenSampler::Tempering));
        if let (Some(n), false) = (w.temperatures, tempered) {
            return Err(self.source.invalid("sample.temperatures", &n, "nothing, but with `tempering`"));
        }
        Ok(CesOptions {
            calibration: method.clone(),
            members,
            emulators: w.emulators.unwrap_or(usual.emulators),
            discrepancy: w.discrepancy.unwrap_or_default(),
            sampler,
            length: Length {
                chains: w.chains.unwrap_or(usual.length.chains),
                warm_up: w.warm_up.unwrap_or(usual.length.warm_up),
                draws: w.draws.unwrap_or(usual.length.draws),
                thin: usual.length.thin,
            },
            gate: w.gate.unwrap_or_default(),
            held_out: w.held_out.unwrap_or(usual.held_out),
            rounds: w.rounds.unwrap_or(usual.rounds),
            limits: w.limits.unwrap_or_default(),
            seed,
        })
    }

    /// Refuses names that the format of exchange can't have.
    fn exchanged(&self, exchange: Exchange, priors: &[Prior]) -> Checked<()> {
        let accepted = "a letter and then letters, digits and `_`, which is what NetCDF and CF take";
        for (i, prior) in priors.iter().enumerate().filter(|_| exchange == Exchange::NetCdf) {
            let key = format!("parameters[{i}].name");
            self.require(is_variable_name(prior.name()), &key, &prior.name(), accepted)?;
        }
        Ok(())
    }

    fn executable(
        &self,
        written: Vec<String>,
        (time_limit, exchange): (Option<f64>, Exchange),
    ) -> Checked<ModelSettings> {
        let limit = time_limit.unwrap_or(1.0);
        self.require(limit > 0.0 && limit.is_finite(), "model.time_limit_s", &limit, "a number above 0")?;
        let here = self.folder.to_string_lossy();
        let mut command: Vec<String> = written.iter().map(|word| word.replace(HERE, &here)).collect();
        let Some(program) = command.first_mut() else {
            return Err(self.source.invalid("model.command", &"empty", "a program and its arguments"));
        };
        *program = self.program(program)?.to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        for (word, path) in written.iter().zip(&command) {
            let path = Path::new(path);
            let own = word.contains(HERE) || path.starts_with(&self.folder);
            if own && path.is_file() {
                files.insert(word.clone(), sha256_file(path)?);
            } else if word.contains(HERE) && !path.exists() {
                return Err(self.source.invalid("model.command", word, "files that are there"));
            }
        }
        Ok(ModelSettings::Executable(Executable { written, command, files, time_limit, exchange }))
    }

    /// The program's file: a path relative to the folder of the campaign's file where it has a slash, else on `PATH`.
    fn program(&self, name: &str) -> Checked<PathBuf> {
        let folders: Vec<PathBuf> = if name.contains('/') {
            vec![self.folder.clone()]
        } else {
            std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect()
        };
        let found = folders.iter().map(|folder| folder.join(name)).find(|path| executable(path));
        let accepted = "an executable file, relative to the folder of this file or on PATH";
        found.ok_or_else(|| self.source.invalid("model.command", &name, accepted))
    }

    /// A file relative to the folder of the campaign's file.
    pub fn existing(&self, key: &str, written: &str) -> Checked<PathBuf> {
        let path = self.folder.join(written);
        if path.is_file() {
            return Ok(path);
        }
        let (file, line) = (self.source.file.to_owned(), self.source.line_of(key));
        let (key, written) = (key.to_owned(), written.to_owned());
        Err(WorkflowError::MissingInput { file, line, key, written, tried: vec![path] })
    }

    pub fn require(&self, good: bool, key: &str, value: &dyn Display, accepted: &str) -> Checked<()> {
        if good { Ok(()) } else { Err(self.source.invalid(key, value, accepted)) }
    }
}

/// A model with what is unknown and what is observed.
struct Modelled {
    model: ModelSettings,
    priors: Vec<Prior>,
    observations: Observations,
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(path: &Path) -> bool {
    path.is_file()
}
