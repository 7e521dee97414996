//! Method, inflation and localisation, as written → the method of the experiment.

use reterra_assimilation::analysis::{Filter, TransformFilter};
use reterra_assimilation::filters::{
    DEnkf, EnkfN, Estkf, Etkf, Lnetf, ParticleFilter, RankHistogramFilter, SerialEakf, StochasticEnkf,
};
use reterra_assimilation::inflation::posterior::Posterior;
use reterra_assimilation::inflation::varying::Varying;
use reterra_assimilation::smoothers::{Ienks, Mda};
use reterra_assimilation::twin::Method;
use reterra_assimilation::twin::methods::{
    Climatology, EnsembleFilter, EnsembleVariational, Interpolation, Iteration, IterativeSmoother,
    LaggedSmoother, Particles, Reach, Ring, Rotation, StaticVariational, Treatment,
};
use reterra_assimilation::variational::FourDEnVar;

use super::written::{
    WrittenInflation, WrittenLocalisation, WrittenMethod, WrittenModel, WrittenRotation, WrittenTransform,
    WrittenTwin,
};
use super::{Checked, Validator};
use crate::WorkflowError;

/// What a method can be combined with.
enum Takes {
    /// No ensemble.
    Nothing,
    /// Members without inflation or rotation.
    Members,
    /// Inflation and rotation.
    Treatment,
    /// Those, adaptive inflation, and local domains.
    Domains,
    /// Those, adaptive inflation, and covariance localisation.
    Covariance,
}

impl WrittenMethod {
    fn takes(&self) -> Takes {
        match self {
            Self::Climatology {} | Self::Interpolation {} | Self::ThreeDVar { .. } => Takes::Nothing,
            Self::Particle { .. } => Takes::Members,
            Self::Enks { .. } | Self::Ienks { .. } | Self::Mda { .. } | Self::FourDEnVar { .. } => {
                Takes::Treatment
            }
            Self::SerialEakf {} | Self::RankHistogram {} => Takes::Covariance,
            _ => Takes::Domains,
        }
    }
}

impl Validator<'_> {
    pub(super) fn method(&self, w: &WrittenTwin) -> Checked<Box<dyn Method>> {
        self.combination(w)?;
        Ok(match w.method {
            WrittenMethod::Climatology {} => Box::new(Climatology),
            WrittenMethod::Interpolation {} => Box::new(Interpolation),
            WrittenMethod::ThreeDVar { background } => {
                self.positive("method.background", background)?;
                Box::new(StaticVariational { covariance_scale: background })
            }
            WrittenMethod::Particle { regularisation, resample_below } => {
                self.particles(w, regularisation, resample_below)?
            }
            WrittenMethod::Enks { filter, lag } => {
                self.range("method.lag", lag, 0..=100_000)?;
                let filter = transform(filter.unwrap_or(WrittenTransform::Etkf));
                let (members, treatment) = (self.members(w)?, self.treatment(w)?);
                Box::new(LaggedSmoother { filter, members, lag, treatment })
            }
            WrittenMethod::Ienks { lag, iterations } => {
                let iterations = iterations.unwrap_or(10);
                self.range("method.iterations", iterations, 1..=1000)?;
                self.iterative(w, Iteration::GaussNewton(Ienks { iterations, ..Ienks::default() }), lag)?
            }
            WrittenMethod::Mda { lag, steps } => {
                self.range("method.steps", steps, 1..=1000)?;
                self.iterative(w, Iteration::Mda(Mda::equal(Etkf, steps)), lag)?
            }
            WrittenMethod::FourDEnVar { window } => {
                self.range("method.window", window, 1..=100_000)?;
                let (members, treatment) = (self.members(w)?, self.treatment(w)?);
                Box::new(EnsembleVariational { analysis: FourDEnVar::default(), members, window, treatment })
            }
            _ => self.filter(w)?,
        })
    }

    fn particles(
        &self,
        w: &WrittenTwin,
        regularisation: f64,
        resample_below: f64,
    ) -> Checked<Box<dyn Method>> {
        self.share("method.resample_below", resample_below)?;
        let good = regularisation >= 0.0 && regularisation.is_finite();
        self.require(good, "method.regularisation", &regularisation, "0 or more")?;
        let filter = ParticleFilter { regularisation, resample_below, dimensions: None };
        Ok(Box::new(Particles { filter, members: self.members(w)? }))
    }

    fn iterative(&self, w: &WrittenTwin, iteration: Iteration, lag: usize) -> Checked<Box<dyn Method>> {
        self.range("method.lag", lag, 0..=100_000)?;
        let (members, treatment) = (self.members(w)?, self.treatment(w)?);
        Ok(Box::new(IterativeSmoother { iteration, members, lag, treatment }))
    }

    fn filter(&self, w: &WrittenTwin) -> Checked<Box<dyn Method>> {
        let filter: Box<dyn Filter + Send> = match w.method {
            WrittenMethod::Enkf {} => Box::new(StochasticEnkf),
            WrittenMethod::DEnkf {} => Box::new(DEnkf),
            WrittenMethod::Estkf {} => Box::new(Estkf),
            WrittenMethod::SerialEakf {} => Box::new(SerialEakf),
            WrittenMethod::RankHistogram {} => Box::new(RankHistogramFilter),
            WrittenMethod::EnkfN { certainty } => {
                let certainty = certainty.unwrap_or(1.0);
                self.positive("method.certainty", certainty)?;
                Box::new(EnkfN { certainty, ..EnkfN::default() })
            }
            WrittenMethod::Lnetf { error_scale } => {
                let error_scale = error_scale.unwrap_or(1.0);
                self.positive("method.error_scale", error_scale)?;
                Box::new(Lnetf { error_scale })
            }
            _ => Box::new(Etkf),
        };
        let varying = w.inflation.as_ref().and_then(WrittenInflation::varying);
        if let Some(options) = varying {
            // The options' own check says which is wrong.
            Varying::new(0, options)
                .map_err(|e| WorkflowError::Twin { file: self.source.file.to_owned(), source: e.into() })?;
        }
        let (members, treatment, reach) = (self.members(w)?, self.treatment(w)?, self.reach(w)?);
        Ok(Box::new(EnsembleFilter { filter, members, reach, varying, treatment }))
    }

    fn members(&self, w: &WrittenTwin) -> Checked<usize> {
        let ensemble = w.ensemble.as_ref().ok_or_else(|| self.source.missing("", "ensemble"))?;
        self.range("ensemble.members", ensemble.members, 2..=100_000)?;
        Ok(ensemble.members)
    }

    fn treatment(&self, w: &WrittenTwin) -> Checked<Treatment> {
        let inflation = match w.inflation {
            None | Some(WrittenInflation::None {} | WrittenInflation::Adaptive { .. }) => Posterior::None,
            Some(WrittenInflation::Multiplicative { factor }) => {
                self.positive("inflation.factor", factor)?;
                Posterior::Multiplicative(factor)
            }
            Some(WrittenInflation::Rtps { alpha }) => Posterior::Rtps(self.share("inflation.alpha", alpha)?),
            Some(WrittenInflation::Rtpp { alpha }) => Posterior::Rtpp(self.share("inflation.alpha", alpha)?),
        };
        let rotation = match w.ensemble.as_ref().map(|ensemble| ensemble.rotation) {
            Some(WrittenRotation::Random) => Rotation::Random,
            _ => Rotation::None,
        };
        Ok(Treatment { inflation, rotation })
    }

    fn share(&self, key: &str, value: f64) -> Checked<f64> {
        self.range(key, value, 0.0..=1.0)?;
        Ok(value)
    }

    fn reach(&self, w: &WrittenTwin) -> Checked<Reach> {
        let (radius, batch) = match w.localisation {
            WrittenLocalisation::None {} => return Ok(Reach::Global),
            WrittenLocalisation::Domains { radius, batch } => (radius, Some(batch.unwrap_or(1))),
            WrittenLocalisation::Covariance { radius } => (radius, None),
        };
        self.positive("localisation.radius", radius)?;
        if matches!(w.model, WrittenModel::Lorenz63 { .. } | WrittenModel::TwoScale { .. }) {
            let accepted = format!("\"none\": {}'s variables have no places on one ring", w.model.name());
            return Err(self.source.invalid("localisation.kind", &w.localisation.name(), &accepted));
        }
        let experiment = self.experiment(w)?;
        let ring = Ring { n: experiment.model.dimension(), observed: &experiment.observed, radius };
        let Some(batch) = batch else { return Ok(Reach::Covariance(ring.covariance())) };
        self.range("localisation.batch", batch, 1..=ring.n)?;
        Ok(Reach::Domains(ring.domains(batch)))
    }

    /// Refuses what a method has no use for, instead of going on without it.
    fn combination(&self, w: &WrittenTwin) -> Checked<()> {
        let (takes, method) = (w.method.takes(), w.method.name());
        let kind = w.localisation.name();
        let local = match takes {
            Takes::Domains => "domains",
            Takes::Covariance => "covariance",
            _ => "none",
        };
        let only_local = matches!(w.method, WrittenMethod::Letkf {});
        let good = kind == local || (kind == "none" && !only_local);
        let choice = if only_local || local == "none" {
            format!("\"{local}\" with method `{method}`")
        } else {
            format!("\"none\" or \"{local}\" with method `{method}`")
        };
        self.require(good, "localisation.kind", &kind, &choice)?;
        let inflation = w.inflation.as_ref().map_or("none", WrittenInflation::name);
        let (good, accepted) = match takes {
            Takes::Nothing | Takes::Members => (inflation == "none", "\"none\""),
            Takes::Treatment => {
                (inflation != "adaptive", "\"none\", \"multiplicative\", \"rtps\" or \"rtpp\"")
            }
            Takes::Domains | Takes::Covariance => (true, ""),
        };
        self.require(good, "inflation.kind", &inflation, &format!("{accepted} with method `{method}`"))?;
        let alone = matches!(takes, Takes::Nothing) && w.ensemble.is_some();
        self.require(!alone, "ensemble", &"there", &format!("no ensemble with method `{method}`"))
    }
}

fn transform(written: WrittenTransform) -> Box<dyn TransformFilter + Send> {
    match written {
        WrittenTransform::Enkf => Box::new(StochasticEnkf),
        WrittenTransform::Denkf => Box::new(DEnkf),
        WrittenTransform::Etkf => Box::new(Etkf),
        WrittenTransform::Estkf => Box::new(Estkf),
        WrittenTransform::EnkfN => Box::new(EnkfN::default()),
    }
}
