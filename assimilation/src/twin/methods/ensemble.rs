//! Ensemble filters and the lagged smoother.

use ndarray::{Array2, ArrayViewMut2};

use crate::analysis::{CovarianceTaper, Departures, Domain, Filter, Localisation, TransformFilter};
use crate::inflation::posterior::Posterior;
use crate::rotation::rotate;
use crate::smoother::FixedLag;
use crate::transform::column_means;
use crate::twin::{Cycles, Method};
use crate::{Analysis, AssimilationError};

/// Whether members are rotated after each analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Not.
    None,
    /// By a random rotation that keeps mean and covariance.
    Random,
}

/// Localisation that owns its tapers.
#[derive(Clone, Debug)]
pub enum Reach {
    /// Everywhere.
    Global,
    /// Local domains.
    Domains(Vec<Domain>),
    /// Covariance localisation.
    Covariance(CovarianceTaper),
}

impl Reach {
    fn localisation(&self) -> Localisation<'_> {
        match self {
            Self::Global => Localisation::Global,
            Self::Domains(domains) => Localisation::Domains(domains),
            Self::Covariance(taper) => Localisation::Covariance(taper),
        }
    }
}

/// What happens to an ensemble between analysis and forecast.
#[derive(Clone, Copy, Debug)]
pub struct Treatment {
    /// Inflation.
    pub inflation: Posterior,
    /// Rotation, after inflation.
    pub rotation: Rotation,
}

impl Treatment {
    pub(super) fn apply(
        self,
        prior: &Array2<f64>,
        mut posterior: ArrayViewMut2<'_, f64>,
        cycles: &Cycles<'_>,
        cycle: usize,
    ) -> Result<(), AssimilationError> {
        self.inflation.inflate(prior.view(), posterior.view_mut())?;
        if self.rotation == Rotation::Random {
            rotate(posterior, cycles.key(cycle));
        }
        Ok(())
    }
}

/// A filter in its cycle.
pub struct EnsembleFilter {
    /// The analysis.
    pub filter: Box<dyn Filter + Send>,
    /// Members.
    pub members: usize,
    /// Localisation.
    pub reach: Reach,
    /// Inflation and rotation.
    pub treatment: Treatment,
}

impl Method for EnsembleFilter {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        for cycle in 0..experiment.cycles {
            experiment.model.advance(e.view_mut(), experiment.every);
            let prior = e.clone();
            let he = experiment.observe(prior.view());
            let seen = cycles.observed(cycle, he.view());
            self.filter.analyse(e.view_mut(), &seen, self.reach.localisation())?;
            self.treatment.apply(&prior, e.view_mut(), cycles, cycle)?;
            cycles.tell(cycle, column_means(e.view()).view());
        }
        Ok(())
    }
}

/// The ensemble Kalman smoother: later analyses also move the states of earlier cycles, which are told when they leave
/// the window.
pub struct LaggedSmoother {
    /// The analysis.
    pub filter: Box<dyn TransformFilter + Send>,
    /// Members.
    pub members: usize,
    /// Cycles that an observation reaches back.
    pub lag: usize,
    /// Inflation and rotation of the newest state.
    pub treatment: Treatment,
}

impl Method for LaggedSmoother {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        let mut past = FixedLag::new(self.lag);
        for cycle in 0..experiment.cycles {
            experiment.model.advance(e.view_mut(), experiment.every);
            if let Some((done, states)) = past.push(cycle, e.clone()) {
                cycles.tell(done, column_means(states.view()).view());
            }
            let he = experiment.observe(e.view());
            let seen = Departures::new(&cycles.observed(cycle, he.view()))?;
            let analysis = Analysis::from(self.filter.transform(&seen)?);
            past.update(&analysis)?;
            let prior = e.clone();
            analysis.apply(e.view_mut())?;
            self.treatment.apply(&prior, e.view_mut(), cycles, cycle)?;
            if self.treatment.rotation == Rotation::Random {
                past.rotate(cycles.key(cycle));
            }
        }
        past.finish().for_each(|(cycle, states)| cycles.tell(cycle, column_means(states.view()).view()));
        Ok(())
    }
}
