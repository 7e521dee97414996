//! Inflation that varies in space and time: a factor for each column of the state, learnt from the observations that
//! reach it (Anderson 2009, doi:10.1111/j.1600-0870.2008.00361.x; Gharamti 2018, doi:10.1175/MWR-D-17-0187.1).
//!
//! Of the forecast (prior form), or of the analysis (posterior form), whose observations are then taken out of it again
//! one by one, so that each judges an ensemble that hasn't seen it (Gharamti et al. 2019, doi:10.1175/MWR-D-18-0389.1).
//!
//! Inflation is tied to what observations tell. A column that none reaches in a cycle isn't inflated, and its factor
//! decays. A column that they reach by correlations no larger than chance gives may get back what the analysis took from
//! its spread, and no more: what nothing observes can't grow, however long the cycle goes on.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use super::belief::{Belief, Distribution, Evidence};
use crate::AssimilationError;
use crate::analysis::{Localisation, Observed};
use crate::localisation::require_positive;
use crate::transform::{column_means, column_sds};

/// Which ensemble is inflated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The forecast.
    #[default]
    Prior,
    /// The analysis.
    Posterior,
}

/// How factors are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VaryingOptions {
    /// Which ensemble is inflated.
    pub form: Form,
    /// What is believed of a factor.
    pub distribution: Distribution,
    /// Standard deviation of a factor at the start: larger learns faster and is noisier.
    pub sd: f64,
    /// Least standard deviation, so that factors never stop to learn.
    pub least_sd: f64,
    /// Least factor on the variance.
    pub least: f64,
    /// Largest factor on the variance.
    pub largest: f64,
    /// What is kept of the excess over 1 from one cycle to the next, where observations reach a column.
    pub damping: f64,
    /// What is kept of it where none does.
    pub decay: f64,
}

impl Default for VaryingOptions {
    /// A standard deviation of 0.6 that stays, as in those papers. Their damping of 0.9 in every cycle is for networks
    /// that leave most columns alone most of the time: where each is observed in every cycle, it raises the error of
    /// Lorenz-96 with a wrong forcing by half. So factors are kept while observations come, and decay by it afterwards.
    fn default() -> Self {
        Self {
            form: Form::Prior,
            distribution: Distribution::InverseGamma,
            sd: 0.6,
            least_sd: 0.6,
            least: 1.0,
            largest: 100.0,
            damping: 1.0,
            decay: 0.9,
        }
    }
}

impl VaryingOptions {
    fn check(&self) -> Result<(), AssimilationError> {
        require_positive("sd of an inflation factor", self.sd)?;
        require_positive("least sd of an inflation factor", self.least_sd)?;
        require_positive("least inflation factor", self.least)?;
        require_positive("largest inflation factor", self.largest)?;
        let wrong = |option, value, range| Err(AssimilationError::Option { option, value, range });
        if self.least_sd > self.sd {
            return wrong("least sd of an inflation factor", self.least_sd, "(0, sd]");
        }
        if self.least > self.largest {
            return wrong("least inflation factor", self.least, "(0, largest factor]");
        }
        for (option, kept) in [("damping", self.damping), ("decay", self.decay)] {
            if !(0.0..=1.0).contains(&kept) {
                return wrong(option, kept, "[0, 1]");
            }
        }
        Ok(())
    }
}

/// The columns that each observation reaches, with their tapers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached(Vec<Vec<(usize, f64)>>);

impl Reached {
    /// Columns with their tapers by observation, as the caller found them: each column once a list.
    #[must_use]
    pub fn of(lists: Vec<Vec<(usize, f64)>>) -> Self {
        Self(lists)
    }

    /// Where the localisation lets m observations reach among n columns; a column that is in several domains with an
    /// observation gets its largest taper.
    #[must_use]
    pub fn new(localisation: Localisation<'_>, n: usize, m: usize) -> Self {
        Self(match localisation {
            Localisation::Global => vec![(0..n).map(|i| (i, 1.0)).collect(); m],
            Localisation::Covariance(taper) => taper.state.clone(),
            Localisation::Domains(domains) => {
                let mut lists = vec![Vec::new(); m];
                for domain in domains {
                    for &(j, taper) in domain.observations.iter().filter(|(j, _)| *j < m) {
                        lists[j].extend(domain.columns.iter().map(|&i| (i, taper)));
                    }
                }
                for list in &mut lists {
                    list.sort_by(|a: &(usize, f64), b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                    list.dedup_by_key(|(i, _)| *i);
                }
                lists
            }
        })
    }
}

/// Fisher's transform of a correlation that chance doesn't give, over its standard deviation `1 / √(N - 3)`.
const BEYOND_CHANCE: f64 = 5.0;

/// The factors of a state of n columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Varying {
    options: VaryingOptions,
    beliefs: Vec<Belief>,
    /// Of the present cycle, by column.
    seen: Vec<Seen>,
}

/// What a cycle's observations have to do with a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// Spread of the forecast before inflation.
    spread: f64,
    /// Whether one of them reaches it.
    reached: bool,
    /// Whether one of them correlates with it beyond chance.
    related: bool,
    /// The factor that its variance got.
    applied: f64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { spread: 0.0, reached: false, related: false, applied: 1.0 }
    }
}

impl Varying {
    /// Factors of 1.
    ///
    /// # Errors
    /// `Option` for an option outside its range.
    pub fn new(columns: usize, options: VaryingOptions) -> Result<Self, AssimilationError> {
        options.check()?;
        let beliefs = vec![Belief { factor: 1.0, sd: options.sd }; columns];
        Ok(Self { options, beliefs, seen: vec![Seen::default(); columns] })
    }

    /// Factors that were learnt before.
    ///
    /// # Errors
    /// As [`Varying::new`].
    pub fn resumed(beliefs: Vec<Belief>, options: VaryingOptions) -> Result<Self, AssimilationError> {
        let seen = vec![Seen::default(); beliefs.len()];
        Ok(Self { beliefs, seen, ..Self::new(0, options)? })
    }

    /// The factor that the variance of a column got in the last cycle: 1 where no observation reached it.
    #[must_use]
    pub fn applied(&self, column: usize) -> f64 {
        self.seen[column].applied
    }

    /// The present factors on the variance, with their uncertainty.
    #[must_use]
    pub fn beliefs(&self) -> &[Belief] {
        &self.beliefs
    }

    /// Between forecast and analysis: `e` (N × n) with what it predicts. Call it in both forms.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `TooFewMembers`.
    pub fn before(
        &mut self,
        mut e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        reach: &Reached,
    ) -> Result<(), AssimilationError> {
        self.check(e.view(), seen, reach)?;
        self.look(e.view(), seen, reach);
        for (belief, seen) in self.beliefs.iter_mut().zip(&self.seen) {
            *belief = belief.damped(if seen.reached { self.options.damping } else { self.options.decay });
        }
        if self.options.form == Form::Prior {
            self.inflate_and_learn(e.view_mut(), seen, reach);
        }
        Ok(())
    }

    /// Between analysis and forecast: the analysis `e` (N × n) with what it would predict. Call it in both forms.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `TooFewMembers`.
    pub fn after(
        &mut self,
        mut e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        reach: &Reached,
    ) -> Result<(), AssimilationError> {
        self.check(e.view(), seen, reach)?;
        if self.options.form == Form::Posterior {
            self.inflate_and_learn(e.view_mut(), seen, reach);
        }
        self.hold(e);
        Ok(())
    }

    fn check(
        &self,
        e: ArrayView2<'_, f64>,
        seen: &Observed<'_>,
        reach: &Reached,
    ) -> Result<(), AssimilationError> {
        seen.check(e.nrows())?;
        crate::linear_algebra::require_finite(e, "ensemble")?;
        let lengths = [
            ("columns with an inflation factor", self.beliefs.len(), e.ncols()),
            ("observations with a reach", seen.y.len(), reach.0.len()),
        ];
        for (what, expected, got) in lengths {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        Ok(())
    }

    /// Notes what this cycle's observations have to do with each column of the forecast.
    fn look(&mut self, e: ArrayView2<'_, f64>, observed: &Observed<'_>, reach: &Reached) {
        let spreads = column_sds(e);
        self.seen = spreads.iter().map(|&spread| Seen { spread, ..Seen::default() }).collect();
        let beyond = beyond_chance(e.nrows());
        let correlations = Correlations::new(e, observed.he);
        for (j, columns) in reach.0.iter().enumerate() {
            for &(i, _) in columns {
                self.seen[i].reached = true;
                self.seen[i].related |= correlations.between(i, j) >= beyond;
            }
        }
    }

    /// The ensemble gets the present factors; the next ones are learnt from what it was without them.
    fn inflate_and_learn(&mut self, mut e: ArrayViewMut2<'_, f64>, seen: &Observed<'_>, reach: &Reached) {
        let before = e.to_owned();
        self.inflate(e.view_mut());
        self.learn(before.view(), seen, reach);
    }

    fn inflate(&mut self, mut e: ArrayViewMut2<'_, f64>) {
        for (i, mut column) in e.columns_mut().into_iter().enumerate() {
            if self.seen[i].reached {
                self.seen[i].applied = self.beliefs[i].factor;
                scale(&mut column, self.beliefs[i].factor.sqrt());
            }
        }
    }

    /// Takes the observations in turn; every one of them sees the ensemble without inflation.
    fn learn(&mut self, e: ArrayView2<'_, f64>, observed: &Observed<'_>, reach: &Reached) {
        let correlations = Correlations::new(e, observed.he);
        let (means, sds) = (column_means(observed.he), column_sds(observed.he));
        for (j, columns) in reach.0.iter().enumerate() {
            let (y, error) = (observed.y[j], observed.r[j]);
            let Some((mean, variance)) = self.unseen(means[j], sds[j] * sds[j], (y, error)) else { continue };
            for &(i, taper) in columns {
                let correlation = (taper * correlations.between(i, j)).min(1.0);
                let evidence = Evidence { departure2: (y - mean).powi(2), variance, error, correlation };
                let found = self.beliefs[i].learn(self.options.distribution, &evidence);
                self.beliefs[i] = self.bounded(found);
            }
        }
    }

    /// Mean and variance of a prediction that hasn't seen the observation; none from an ensemble without spread.
    fn unseen(&self, mean: f64, variance: f64, (y, error): (f64, f64)) -> Option<(f64, f64)> {
        let known = match self.options.form {
            Form::Prior => (mean, variance),
            Form::Posterior => {
                let without = 1.0 / (1.0 / variance - 1.0 / error);
                (without * (mean / variance - y / error), without)
            }
        };
        (known.1 > 0.0 && known.1.is_finite()).then_some(known)
    }

    fn bounded(&self, belief: Belief) -> Belief {
        let VaryingOptions { least, largest, least_sd, .. } = self.options;
        Belief { factor: belief.factor.max(least).min(largest), sd: belief.sd.max(least_sd) }
    }

    /// Takes back what would leave an unrelated column with more spread than its forecast had.
    fn hold(&self, mut e: ArrayViewMut2<'_, f64>) {
        let after = column_sds(e.view());
        for (i, mut column) in e.columns_mut().into_iter().enumerate() {
            let Seen { spread, reached, related, .. } = self.seen[i];
            if reached && !related && after[i] > spread {
                scale(&mut column, spread / after[i]);
            }
        }
    }
}

/// The correlation that chance doesn't give; three members or fewer show none.
fn beyond_chance(members: usize) -> f64 {
    if members > 3 { (BEYOND_CHANCE / ((members - 3) as f64).sqrt()).tanh().min(ONE) } else { f64::INFINITY }
}

/// What rounding leaves of a correlation of one.
const ONE: f64 = 1.0 - 1e-9;

/// Multiplies anomalies.
fn scale(column: &mut ndarray::ArrayViewMut1<'_, f64>, factor: f64) {
    let mean = column.sum() / column.len() as f64;
    column.mapv_inplace(|x| mean + factor * (x - mean));
}

/// Sample correlations between columns of the state and predictions.
struct Correlations {
    state: Vec<Vec<f64>>,
    observed: Vec<Vec<f64>>,
}

impl Correlations {
    fn new(e: ArrayView2<'_, f64>, he: ArrayView2<'_, f64>) -> Self {
        let all = |x: ArrayView2<'_, f64>| x.columns().into_iter().map(standardised).collect();
        Self { state: all(e), observed: all(he) }
    }

    /// Without sign.
    fn between(&self, i: usize, j: usize) -> f64 {
        self.state[i].iter().zip(&self.observed[j]).map(|(a, b)| a * b).sum::<f64>().abs()
    }
}

/// Anomalies of length one; zeros where there are none.
fn standardised(column: ArrayView1<'_, f64>) -> Vec<f64> {
    let mean = column.sum() / column.len() as f64;
    let length = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    column.iter().map(|x| scale * (x - mean)).collect()
}

#[cfg(test)]
mod tests;
