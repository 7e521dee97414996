//! Ensemble filters.

use ndarray::{Array2, ArrayViewMut2};

use crate::AssimilationError;
use crate::analysis::{CovarianceTaper, Domain, Filter, Localisation, Observed};
use crate::inflation::posterior::Posterior;
use crate::inflation::varying::{self, Varying, VaryingOptions};
use crate::rotation::rotate;
use crate::twin::{Cycles, Experiment, Method};

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
    /// Inflation that varies in space, beside that of the treatment.
    pub varying: Option<VaryingOptions>,
    /// Inflation and rotation.
    pub treatment: Treatment,
}

impl Method for EnsembleFilter {
    fn run(&self, cycles: &mut Cycles<'_>) -> Result<(), AssimilationError> {
        let experiment = cycles.experiment;
        let mut e = experiment.ensemble(cycles.seed, self.members);
        let mut learning =
            self.varying.map(|options| Learning::new(self, experiment, options)).transpose()?;
        for cycle in 0..experiment.cycles {
            experiment.model.advance(e.view_mut(), experiment.every);
            if let Some(learning) = &mut learning {
                learning.turn(Varying::before, &mut e, cycles, cycle)?;
            }
            let prior = e.clone();
            let he = experiment.observe(prior.view());
            let seen = cycles.observed(cycle, he.view());
            self.filter.analyse(e.view_mut(), &seen, self.reach.localisation())?;
            if let Some(learning) = &mut learning {
                learning.turn(Varying::after, &mut e, cycles, cycle)?;
            }
            self.treatment.apply(&prior, e.view_mut(), cycles, cycle)?;
            cycles.tell_ensemble(cycle, e.view());
        }
        Ok(())
    }
}

/// Factors of inflation with the observations they learn from.
struct Learning {
    factors: Varying,
    reach: varying::Reached,
}

/// [`Varying::before`] or [`Varying::after`].
type Turn = fn(
    &mut Varying,
    ArrayViewMut2<'_, f64>,
    &Observed<'_>,
    &varying::Reached,
) -> Result<(), AssimilationError>;

impl Learning {
    fn new(
        filter: &EnsembleFilter,
        experiment: &Experiment,
        options: VaryingOptions,
    ) -> Result<Self, AssimilationError> {
        let (n, m) = (experiment.model.dimension(), experiment.observed.len());
        let reach = varying::Reached::new(filter.reach.localisation(), n, m);
        Ok(Self { factors: Varying::new(n, options)?, reach })
    }

    fn turn(
        &mut self,
        turn: Turn,
        e: &mut Array2<f64>,
        cycles: &Cycles<'_>,
        cycle: usize,
    ) -> Result<(), AssimilationError> {
        let he = cycles.experiment.observe(e.view());
        turn(&mut self.factors, e.view_mut(), &cycles.observed(cycle, he.view()), &self.reach)
    }
}
