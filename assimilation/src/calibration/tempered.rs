//! Inversion by a tempered likelihood: steps Δt of a filter whose sum is T.
//!
//! At T = 1 the ensemble is a sample of the posterior: exactly for a linear model, a prior ensemble with exact moments and
//! a deterministic filter, approximately otherwise. Fewer members than parameters confine the update to the span of the
//! ensemble, unless observations reach parameters one by one ([`Reach`]).

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::batches::Epoch;
use super::data::{Data, Told, require_members};
use super::population::{Length, Population};
use super::reach::{Reach, Scope};
use super::schedule::{Schedule, data_misfit_step};
use super::step::Step;
use super::{Calibrator, Claim};
use crate::analysis::{Departures, Domain, TransformFilter};
use crate::linear_algebra::require_finite;
use crate::transform::{apply, column_means};
use crate::{AssimilationError, MemberFailure, Noise};

/// How an inversion runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemperingOptions {
    /// Pseudo-time to stop at, in (0, 1]: 1 gives the posterior; less leaves the rest of the information
    /// to a later analysis with error variances divided by `1 - target_t`.
    pub target_t: f64,
    /// Iterations allowed. The last one takes all that is left of T, and its report says so. With batches: epochs.
    pub max_iterations: u32,
    /// Members that must survive a step.
    pub min_members: usize,
    /// Factor in (0, 1] on the controller's Δt: smaller is more accurate for a nonlinear model and costs
    /// more iterations (sinusoid problem: at 1, 8 iterations and a mean error of 0.068 sd; at 0.25, 23 and 0.039).
    pub step_scale: f64,
    /// Seed of the streams that redraw failed members.
    pub seed: u64,
    /// Column of those streams: differs between groups inverted side by side.
    pub group: u32,
}

impl Default for TemperingOptions {
    fn default() -> Self {
        Self { target_t: 1.0, max_iterations: 30, min_members: 10, step_scale: 1.0, seed: 0, group: 0 }
    }
}

impl TemperingOptions {
    fn check(&self) -> Result<(), AssimilationError> {
        for (option, value) in [("target_t", self.target_t), ("step_scale", self.step_scale)] {
            if !(value > 0.0 && value <= 1.0) {
                return Err(AssimilationError::Option { option, value, range: "(0, 1]" });
            }
        }
        let counts =
            [("max_iterations", self.max_iterations as usize, 1), ("min_members", self.min_members, 2)];
        for (option, count, least) in counts {
            if count < least {
                let range = if least == 1 { "1 and above" } else { "2 and above" };
                return Err(AssimilationError::Option { option, value: count as f64, range });
            }
        }
        Ok(())
    }
}

/// An inversion under way: ask for the ensemble, run the model, tell the outputs, until done.
/// Serialise it between iterations to checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tempered<F> {
    filter: F,
    data: Data,
    options: TemperingOptions,
    schedule: Schedule,
    reach: Reach,
    epoch: Epoch,
    population: Population,
}

impl<F: TransformFilter + Default> Tempered<F> {
    /// An inversion of observations `y` (m) with error covariance `gamma` that starts from the prior
    /// ensemble `priors_u` (N × p, unconstrained).
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive` for the data, `Option`, `NoEnsemble` below two members, and `TooFewMembers`
    /// where N is below the minimum.
    pub fn new(
        priors_u: Array2<f64>,
        y: &[f64],
        gamma: &Noise,
        options: TemperingOptions,
    ) -> Result<Self, AssimilationError> {
        options.check()?;
        require_finite(priors_u.view(), "prior ensemble")?;
        let n = priors_u.nrows();
        let data = Data::new(y, gamma)?;
        if n < 2 {
            return Err(AssimilationError::NoEnsemble { members: n });
        }
        require_members(n, n, options.min_members, "the ensemble is too small")?;
        let TemperingOptions { min_members, seed, group, .. } = options;
        let population =
            Population { ensemble: priors_u, steps: Vec::new(), t: 0.0, min_members, seed, group };
        let epoch = Epoch::new(1, data.len());
        let (filter, schedule, reach) = (F::default(), Schedule::default(), Reach::default());
        Ok(Self { filter, data, options, schedule, reach, epoch, population })
    }
}

impl<F: TransformFilter> Tempered<F> {
    /// Takes the steps of a schedule.
    ///
    /// # Errors
    /// `Option` for fixed steps that don't add up to the target.
    pub fn with_schedule(mut self, schedule: Schedule) -> Result<Self, AssimilationError> {
        schedule.check(self.options.target_t)?;
        self.schedule = schedule;
        Ok(self)
    }

    /// Confines observations to the parameters they reach, and takes them in so many random batches.
    ///
    /// # Errors
    /// `Number`, `Twice` and `Option` for groups that are not of these arrays and for no batches, `Localisation` for
    /// correlated errors.
    pub fn within(mut self, scope: Scope) -> Result<Self, AssimilationError> {
        scope.check((self.population.ensemble.ncols(), &self.data))?;
        self.epoch = Epoch::new(scope.batches, self.data.len());
        self.reach = scope.reach;
        Ok(self)
    }

    /// Confines observations to the parameters they reach.
    ///
    /// # Errors
    /// As [`Self::within`].
    pub fn with_reach(self, reach: Reach) -> Result<Self, AssimilationError> {
        let batches = self.epoch.batches();
        self.within(Scope { reach, batches })
    }

    /// Takes the observations in so many random batches.
    ///
    /// # Errors
    /// As [`Self::within`].
    pub fn with_batches(self, batches: usize) -> Result<Self, AssimilationError> {
        let reach = self.reach.clone();
        self.within(Scope { reach, batches })
    }

    /// The ensemble to run next, or the posterior one when done (N × p).
    #[must_use]
    pub fn ensemble(&self) -> ArrayView2<'_, f64> {
        self.population.ensemble.view()
    }

    /// Pseudo-time so far.
    #[must_use]
    pub fn t(&self) -> f64 {
        self.population.t
    }

    /// Whether the target pseudo-time is reached.
    #[must_use]
    pub fn done(&self) -> bool {
        self.population.t >= self.options.target_t
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.population.steps
    }

    /// Observations that the next step wants predictions of, ascending; all but with batches.
    #[must_use]
    pub fn wanted(&self) -> Vec<usize> {
        self.epoch.batch(self.options.seed, self.options.group)
    }

    /// Updates the ensemble with the outputs (of the wanted observations) of its members, in order. An output that is not
    /// finite counts as a failure. Failed members are drawn again from the mean and covariance of the
    /// updated survivors, which the whole ensemble then keeps exactly.
    ///
    /// # Errors
    /// `Finished`, `Shape`, or `TooFewMembers`; the inversion is then unchanged and can be told again.
    pub fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        if self.done() {
            return Err(AssimilationError::Finished { t: self.t() });
        }
        let ids = self.wanted();
        let data = self.data.part(&ids);
        let told = data.hear(outputs, &self.population)?;
        let (dt, capped) = self.epoch.step.unwrap_or_else(|| self.next_step(&told.misfits(), data.len()));
        let mut survivors = self.population.survivors(&told);
        self.update(&told, (dt, &ids), &mut survivors)?;
        self.population.put_back(&survivors, &told);
        self.epoch.step = Some((dt, capped));
        let t = if self.epoch.advance() { self.after(dt) } else { self.t() };
        Ok(self.population.record(told, Length { dt, t, capped }, data.len()))
    }

    fn after(&self, dt: f64) -> f64 {
        let target = self.options.target_t;
        if dt >= target - self.t() { target } else { self.t() + dt }
    }

    /// One tempered update of survivors' parameters.
    fn update(
        &self,
        told: &Told,
        (dt, ids): (f64, &[usize]),
        parameters: &mut Array2<f64>,
    ) -> Result<(), AssimilationError> {
        let seen = departures(&told.white, dt, self.population.key(0));
        let groups = self.reach.groups(parameters, &told.white, ids)?;
        moved(&self.filter, &seen, (parameters, groups))
    }

    /// Δt by the schedule, cut where T would pass its target; and whether the cap on
    /// iterations took all that was left.
    fn next_step(&self, misfits: &[f64], m: usize) -> (f64, bool) {
        let left = self.options.target_t - self.t();
        let done = self.epoch.number() as usize;
        let dt = match &self.schedule {
            Schedule::DataMisfit => data_misfit_step(misfits, m) * self.options.step_scale,
            Schedule::Fixed(steps) => steps.get(done).copied().unwrap_or(left),
        };
        if dt >= left * (1.0 - 1e-9) {
            return (left, false);
        }
        let last = self.schedule == Schedule::DataMisfit && done as u32 + 1 >= self.options.max_iterations;
        if last { (left, true) } else { (dt, false) }
    }
}

/// Updates parameters (N × p): all by everything, or each group by its own observations.
pub(super) fn moved(
    filter: &impl TransformFilter,
    seen: &Departures,
    (parameters, groups): (&mut Array2<f64>, Option<Vec<Domain>>),
) -> Result<(), AssimilationError> {
    let Some(groups) = groups else {
        let found = filter.transform(seen)?;
        apply(&found.w, &found.t, 1.0, parameters.view_mut());
        return Ok(());
    };
    for group in groups.iter().filter(|group| !group.observations.is_empty()) {
        let found = filter.transform(&seen.of_domain(group))?;
        let mut own = parameters.select(ndarray::Axis(1), &group.columns);
        apply(&found.w, &found.t, 1.0, own.view_mut());
        for (column, &target) in own.columns().into_iter().zip(&group.columns) {
            parameters.column_mut(target).assign(&column);
        }
    }
    Ok(())
}

/// Departures of a likelihood to the power `dt` from whitened residuals (N × m).
pub(super) fn departures(white: &Array2<f64>, dt: f64, key: reterra_statistics::StreamKey) -> Departures {
    let residual = column_means(white.view());
    let scale = dt.sqrt() / ((white.nrows() - 1) as f64).sqrt();
    // The residual falls as the prediction rises, hence the sign.
    let s = (&residual - white) * scale;
    Departures { s, d: residual * dt.sqrt(), ids: (0..white.ncols()).collect(), key }
}

impl<F: TransformFilter> Calibrator for Tempered<F> {
    fn ask(&self) -> ArrayView2<'_, f64> {
        self.ensemble()
    }

    fn wanted(&self) -> Vec<usize> {
        self.wanted()
    }

    fn tell(&mut self, outputs: &[Result<Vec<f64>, MemberFailure>]) -> Result<Step, AssimilationError> {
        self.tell(outputs)
    }

    fn done(&self) -> bool {
        self.done()
    }

    fn steps(&self) -> &[Step] {
        self.steps()
    }

    fn claim(&self) -> Claim {
        Claim::Posterior
    }

    fn sample(&self) -> Array2<f64> {
        self.ensemble().to_owned()
    }
}
