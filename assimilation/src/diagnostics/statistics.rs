//! Everything together, by kind of observation.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use reterra_statistics::scores::crps_fair;
use reterra_statistics::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use super::desroziers::Departure;
use super::ranks::with_error;
use super::{Clustered, Desroziers, Innovations, RankHistogram, SpreadSkill};
use crate::AssimilationError;
use crate::linear_algebra::{require_finite, require_finite_row};
use crate::noise::standard_deviations;
use crate::quality::Flag;
use crate::transform::{column_means, column_sds};

/// One analysis in observation space: m observations, N members before and after.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Number of each one's kind.
    pub kinds: &'a [usize],
    /// Values; those of used and evaluated observations must be finite.
    pub values: &'a [f64],
    /// Error variances as they came, by which the prior is judged.
    pub errors: &'a [f64],
    /// Error variances that the analysis used: larger for outliers, or for part of an observation's information.
    pub variances: &'a [f64],
    /// What quality control said.
    pub flags: &'a [Flag],
    /// Predictions before the analysis, N × m.
    pub prior: ArrayView2<'a, f64>,
    /// Predictions after it, N × m.
    pub posterior: ArrayView2<'a, f64>,
    /// Names the errors that members get for ranks and scores; stage and member are set here.
    pub key: StreamKey,
}

/// Diagnostics by kind, over as many analyses as were added.
///
/// They merge: those of parts, merged in a fixed order, have the same bits whoever computed which part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    kinds: BTreeMap<usize, KindStatistics>,
}

/// Diagnostics of one kind of observation. Statistics of the prior and ranks are over all observations that were used or
/// evaluated; what needs the analysis is over those used. What quality control refused is counted, no more: where it
/// refuses many, what is left looks better than it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindStatistics {
    /// Observations by flag.
    pub flags: BTreeMap<Flag, u64>,
    /// Observation minus prior mean.
    pub innovations: Innovations,
    /// Innovations by spread.
    pub spread_skill: SpreadSkill,
    /// Ranks among the prior's members.
    pub ranks: RankHistogram,
    /// Continuous ranked probability score of the prior, in the observation's unit.
    pub crps_prior: Clustered,
    /// That of the posterior: a score for what was evaluated only, a measure of fit for what was used.
    pub crps_posterior: Clustered,
    /// Degrees of freedom for signal of each observation used: `∂(H x̄a)_j / ∂y_j = (H K)_jj`, which is the posterior's
    /// variance over that of the error (Liu et al. 2009, doi:10.1002/qj.511). Exact for an analysis without
    /// localisation and without inflation after it.
    pub signal: Clustered,
    /// Variances as departures show them.
    pub desroziers: Desroziers,
}

impl Statistics {
    /// Adds an analysis.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, and `TooFewMembers` below two.
    pub fn add(&mut self, seen: &Seen<'_>) -> Result<(), AssimilationError> {
        let figures = Figures::of(seen)?;
        let mut kinds: Vec<usize> = seen.kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            let own: Vec<usize> = (0..seen.kinds.len()).filter(|&j| seen.kinds[j] == kind).collect();
            let found = figures.kind(seen, &own)?;
            self.kinds.entry(kind).or_default().merge(&found)?;
        }
        Ok(())
    }

    /// Adds another's analyses.
    ///
    /// # Errors
    /// `Shape` where ensembles differ in size.
    pub fn merge(&mut self, other: &Self) -> Result<(), AssimilationError> {
        other
            .kinds
            .iter()
            .try_for_each(|(kind, statistics)| self.kinds.entry(*kind).or_default().merge(statistics))
    }

    /// Diagnostics of the kinds that were seen, by their numbers.
    #[must_use]
    pub fn kinds(&self) -> &BTreeMap<usize, KindStatistics> {
        &self.kinds
    }

    /// Degrees of freedom for signal of all kinds together.
    #[must_use]
    pub fn signal(&self) -> f64 {
        self.kinds.values().map(|kind| kind.signal.sum()).sum()
    }
}

impl KindStatistics {
    fn merge(&mut self, other: &Self) -> Result<(), AssimilationError> {
        for (flag, count) in &other.flags {
            *self.flags.entry(*flag).or_default() += count;
        }
        self.innovations.merge(&other.innovations);
        self.spread_skill.merge(&other.spread_skill);
        self.crps_prior.merge(&other.crps_prior);
        self.crps_posterior.merge(&other.crps_posterior);
        self.signal.merge(&other.signal);
        self.desroziers.merge(&other.desroziers);
        self.ranks.merge(&other.ranks)
    }

    /// Observations whose flag is as asked for.
    #[must_use]
    pub fn count(&self, of: fn(Flag) -> bool) -> u64 {
        self.flags.iter().filter(|(flag, _)| of(**flag)).map(|(_, count)| count).sum()
    }
}

/// Means and variances before and after.
struct Figures {
    departures: Vec<Departure>,
    posterior_variance: Vec<f64>,
}

impl Figures {
    fn of(seen: &Seen<'_>) -> Result<Self, AssimilationError> {
        seen.check()?;
        let moments = |e: ArrayView2<'_, f64>| (column_means(e), column_sds(e).mapv(|sd| sd * sd));
        let ((prior, spread), (posterior, posterior_variance)) =
            (moments(seen.prior), moments(seen.posterior));
        let departure = |j: usize| Departure {
            prior: seen.values[j] - prior[j],
            posterior: seen.values[j] - posterior[j],
            spread: spread[j],
            error: seen.variances[j],
        };
        let departures = (0..seen.values.len()).map(departure).collect();
        Ok(Self { departures, posterior_variance: posterior_variance.to_vec() })
    }

    /// The statistics of one analysis and kind, whose observations are `own`.
    fn kind(&self, seen: &Seen<'_>, own: &[usize]) -> Result<KindStatistics, AssimilationError> {
        let mut statistics = KindStatistics::default();
        for &j in own {
            *statistics.flags.entry(seen.flags[j]).or_default() += 1;
        }
        let shown: Vec<usize> = own.iter().copied().filter(|&j| seen.shows(j)).collect();
        let used: Vec<usize> = own.iter().copied().filter(|&j| seen.flags[j].is_used()).collect();
        let triple = |&j: &usize| {
            let d = &self.departures[j];
            (d.prior, d.spread, seen.errors[j])
        };
        let triples: Vec<(f64, f64, f64)> = shown.iter().map(triple).collect();
        statistics.innovations = Innovations::of(&triples);
        statistics.spread_skill = SpreadSkill::of(&triples, seen.prior.nrows());
        statistics.signal =
            Clustered::of(used.iter().map(|&j| self.posterior_variance[j] / seen.variances[j]));
        statistics.desroziers = Desroziers::of(&used.iter().map(|&j| self.departures[j]).collect::<Vec<_>>());
        let mut scores = [Vec::new(), Vec::new()];
        for &j in &shown {
            let [prior, posterior] = seen.ranked(j, &mut statistics.ranks)?;
            scores[0].push(prior);
            scores[1].push(posterior);
        }
        let [prior, posterior] = scores.map(Clustered::of);
        (statistics.crps_prior, statistics.crps_posterior) = (prior, posterior);
        Ok(statistics)
    }
}

impl Seen<'_> {
    /// Whether an observation enters statistics of the prior.
    fn shows(&self, j: usize) -> bool {
        self.flags[j].is_used() || self.flags[j] == Flag::EvaluateOnly
    }

    /// Counts an observation's rank; gives the scores of prior and posterior.
    fn ranked(&self, j: usize, ranks: &mut RankHistogram) -> Result<[f64; 2], AssimilationError> {
        let key = StreamKey { stage: Stage::Observation, member: j as u32, ..self.key };
        let mut draw = key.stream();
        let sd = self.errors[j].sqrt();
        let mut perturbed =
            |e: ArrayView2<'_, f64>| with_error(&e.index_axis(Axis(1), j).to_vec(), sd, &mut draw);
        let (prior, posterior) = (perturbed(self.prior), perturbed(self.posterior));
        ranks.push(self.values[j], &prior, &mut draw)?;
        Ok([crps_fair(&prior, self.values[j]), crps_fair(&posterior, self.values[j])])
    }

    fn check(&self) -> Result<(), AssimilationError> {
        let (n, m) = self.prior.dim();
        let lengths = [
            ("kinds of observations", m, self.kinds.len()),
            ("observations", m, self.values.len()),
            ("observation error variances", m, self.errors.len()),
            ("observation error variances that were used", m, self.variances.len()),
            ("flags of observations", m, self.flags.len()),
            ("observations predicted after the analysis", m, self.posterior.ncols()),
            ("members after the analysis", n, self.posterior.nrows()),
        ];
        for (what, expected, got) in lengths {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        crate::calibration::data::require_members(n, n, 2, "none")?;
        standard_deviations(self.errors)?;
        standard_deviations(self.variances)?;
        let shown: Vec<usize> = (0..m).filter(|&j| self.shows(j)).collect();
        let values: Vec<f64> = shown.iter().map(|&j| self.values[j]).collect();
        require_finite_row(&values, "observation")?;
        for (e, what) in [(self.prior, "predicted observation"), (self.posterior, "predicted observation")] {
            require_finite(e.select(Axis(1), &shown).view(), what)?;
        }
        Ok(())
    }
}
