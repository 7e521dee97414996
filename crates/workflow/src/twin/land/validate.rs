//! The file of a twin experiment with the land model, as written → validated.

use std::path::Path;

use reterra_assimilation::AssimilationError;
use reterra_assimilation::inflation::varying::{Form, Varying, VaryingOptions};
use reterra_assimilation::letkf::{Letkf, Relaxation};
use reterra_assimilation::localisation::metric::EARTH_RADIUS;
use reterra_assimilation::localisation::{Locality, Metric, Taper};
use reterra_land::parameters::NAMES;
use reterra_statistics::prior::{Bounds, Prior};

use super::LandTwin;
use crate::WorkflowError;
use crate::config::decode::Source;
use crate::config::paths::Bases;
use crate::config::validate::{Checked, Validator};
use crate::config::written::WrittenError;
use crate::config::{Mode, Parameter, Variable};
use crate::cycle::land::SpinUps;
use crate::cycle::twin::Sensor;
use crate::cycle::{Kind, Options, Sharing, Smoother};
use crate::experiment::ParameterSpace;
use crate::twin::written::{
    WrittenInflation, WrittenLandTwin, WrittenLocalisation, WrittenMethod, WrittenModel, WrittenRotation,
    WrittenSharing,
};

/// Unknown parameters where the file names none, multipliers on the vegetation type's defaults: what leaves assimilate,
/// what they are made of, and what they and roots turn into litter. Mean and standard deviation are those of the workflow
/// of European stations.
const PARAMETERS: [(&str, f64, f64); 4] =
    [("flnr", 1.4, 0.45), ("slatop", 1.0, 0.25), ("froot_leaf", 1.0, 0.4), ("leaf_long", 1.0, 0.3)];
/// Most cycles of a member's spin-up, where the file doesn't say.
const MEMBER_CYCLES: usize = 20;
const METRES: f64 = 1e3;

/// Validates such a file.
pub(in crate::twin) fn land(source: Source<'_>, w: &WrittenLandTwin) -> Result<LandTwin, WorkflowError> {
    let bases = Bases::new(source.file, None);
    let file = source.file;
    Rules { validator: Validator { source, bases, known_parameters: NAMES }, file }.twin(w)
}

struct Rules<'a> {
    validator: Validator<'a>,
    file: &'a Path,
}

impl Rules<'_> {
    fn twin(&self, w: &WrittenLandTwin) -> Checked<LandTwin> {
        let v = &self.validator;
        v.version(w.version)?;
        v.range("seeds", w.seeds, 1..=10_000)?;
        let WrittenModel::Land { member_cycles, sharing } = w.model else {
            return Err(v.source.invalid("model.kind", &w.model.name(), "\"land\""));
        };
        let member_cycles = member_cycles.unwrap_or(MEMBER_CYCLES);
        v.range("model.member_cycles", member_cycles, 1..=10_000)?;
        let period = v.period(&w.period)?;
        let months = period.months();
        let before = format!("0 to {}, below the {months} months of [period]", months - 1);
        v.require(w.spin_up < months, "spin_up", &w.spin_up, &before)?;
        let sensors = self.sensors(w, months)?;
        let options = self.options(w, (months, &sensors), sharing.unwrap_or_default())?;
        Ok(LandTwin {
            name: v.name(w.name.clone())?,
            method: w.method.name(),
            seeds: w.seeds,
            spin_up: w.spin_up,
            file: self.file.to_owned(),
            domain: v.domain(w.domain.clone())?,
            forcing: v.forcing(&w.forcing)?,
            period,
            space: ParameterSpace::new(self.parameters(w)?),
            spin_ups: SpinUps::with_member_cycles(member_cycles),
            sensors,
            options,
        })
    }

    fn parameters(&self, w: &WrittenLandTwin) -> Checked<Vec<Parameter>> {
        let v = &self.validator;
        if let Some(written) = &w.parameters {
            v.require(!written.is_empty(), "parameters", &"[]", "at least one, or no `parameters` at all")?;
            return v.parameters("parameters", written);
        }
        let usual = |(name, mean, sd): (&str, f64, f64)| {
            let prior = Prior::new(name, mean, sd, Bounds::Below(0.0)).map_err(|e| self.impossible(e))?;
            Ok(Parameter { name: name.to_owned(), mode: Mode::Scale, prior })
        };
        PARAMETERS.into_iter().map(usual).collect()
    }

    fn sensors(&self, w: &WrittenLandTwin, months: usize) -> Checked<Vec<Sensor>> {
        let v = &self.validator;
        v.require(!w.observation.is_empty(), "observation", &"{}", "at least one variable, such as GPP")?;
        let sensor = |(variable, written): (&Variable, &crate::twin::written::WrittenSensor)| {
            let section = format!("observation.{}", variable.name());
            let window = written.months.unwrap_or(1);
            v.range(&format!("{section}.months"), window, 1..=months)?;
            let (floor, relative, unit) = (written.floor, written.relative, written.unit.clone());
            let error = v.error_model(&section, *variable, &WrittenError { floor, relative, unit })?;
            let number = Variable::ALL.iter().position(|of| of == variable).unwrap_or(0);
            Ok(Sensor { kind: Kind { variable: number, months: window }, error })
        };
        w.observation.iter().map(sensor).collect()
    }

    fn options(
        &self,
        w: &WrittenLandTwin,
        (months, sensors): (usize, &[Sensor]),
        sharing: WrittenSharing,
    ) -> Checked<Options> {
        let v = &self.validator;
        v.range("ensemble.members", w.ensemble.members, 4..=10_000)?;
        let turned = matches!(w.ensemble.rotation, WrittenRotation::Random);
        v.require(!turned, "ensemble.rotation", &"random", "\"none\" with model `land`")?;
        Ok(Options {
            members: w.ensemble.members,
            months,
            // Every run has its own.
            seed: 0,
            groups: 1,
            filter: self.filter(w)?,
            inflation: self.adaptive(w.inflation.as_ref())?,
            control: None,
            kinds: sensors.iter().map(|sensor| sensor.kind).collect(),
            sharing: match sharing {
                WrittenSharing::Columns => Sharing::Columns,
                WrittenSharing::Types => Sharing::Types,
            },
            smoother: self.smoother(w)?,
            checkpoints: None,
        })
    }

    fn smoother(&self, w: &WrittenLandTwin) -> Checked<Option<Smoother>> {
        let v = &self.validator;
        let Some(written) = w.smoother else { return Ok(None) };
        v.range("smoother.passes", written.passes, 1..=1000)?;
        let within = written.share > 0.0 && written.share < 1.0;
        v.require(within, "smoother.share", &written.share, "above 0 and below 1")?;
        Ok(Some(Smoother { passes: written.passes, share: written.share }))
    }

    /// Method, localisation and inflation together make the filter.
    fn filter(&self, w: &WrittenLandTwin) -> Checked<Letkf> {
        let v = &self.validator;
        let local = matches!(w.method, WrittenMethod::Letkf {});
        v.require(local, "method.kind", &w.method.name(), "\"letkf\" with model `land`")?;
        let WrittenLocalisation::Domains { radius, batch } = w.localisation else {
            let accepted = "\"domains\" with model `land`, and a radius in km";
            return Err(v.source.invalid("localisation.kind", &w.localisation.name(), accepted));
        };
        let positive = radius > 0.0 && radius.is_finite();
        v.require(positive, "localisation.radius", &radius, "a number of km above 0")?;
        let alone = batch.is_none();
        v.require(
            alone,
            "localisation.batch",
            &"there",
            "no such key with model `land`: a station is a domain",
        )?;
        let metric = Metric::GreatCircle { radius: EARTH_RADIUS };
        let locality = Locality::new(metric, Taper::GaspariCohn, METRES * radius);
        let filter = Letkf::new(locality.map_err(|e| self.impossible(e))?);
        self.inflated(filter, w.inflation.as_ref())
    }

    fn inflated(&self, filter: Letkf, written: Option<&WrittenInflation>) -> Checked<Letkf> {
        let v = &self.validator;
        let impossible = |e: AssimilationError| self.impossible(e);
        let share = |alpha: f64| v.range("inflation.alpha", alpha, 0.0..=1.0).map(|()| alpha);
        match written {
            None | Some(WrittenInflation::None {} | WrittenInflation::Adaptive { .. }) => Ok(filter),
            Some(&WrittenInflation::Multiplicative { factor }) => {
                v.range("inflation.factor", factor, 1.0..=10.0)?;
                // On anomalies; the forgetting factor divides the covariance.
                filter.with_forgetting(1.0 / (factor * factor)).map_err(impossible)
            }
            Some(&WrittenInflation::Rtps { alpha }) => {
                filter.with_relaxation(Relaxation::Spread(share(alpha)?)).map_err(impossible)
            }
            Some(&WrittenInflation::Rtpp { alpha }) => {
                filter.with_relaxation(Relaxation::Perturbations(share(alpha)?)).map_err(impossible)
            }
        }
    }

    /// Factors that are learnt, which aren't the filter's.
    fn adaptive(&self, written: Option<&WrittenInflation>) -> Checked<Option<VaryingOptions>> {
        let Some(options) = written.and_then(WrittenInflation::varying) else { return Ok(None) };
        let source = &self.validator.source;
        if options.form == Form::Posterior {
            return Err(source.invalid("inflation.form", &"posterior", "\"prior\" with model `land`"));
        }
        // The options' own check says which is wrong.
        Varying::new(0, options).map_err(|e| self.impossible(e))?;
        Ok(Some(options))
    }

    fn impossible(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorkflowError {
        WorkflowError::Twin { file: self.file.to_owned(), source: error.into() }
    }
}
