//! What every ensemble filter has in common: an analysis is a pure function of the ensemble, its observed
//! part, the observations with their errors, and the localisation.
//!
//! A method that only needs observation space is a [`TransformFilter`]: it gives a [`Transform`], and becomes
//! a [`Filter`] by itself, globally or in local domains. Serial methods are [`Filter`]s directly. Random
//! numbers are named by the key of the cycle, so an analysis has no memory.

mod localisation;
mod unused;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};
use reterra_statistics::StreamKey;

use crate::AssimilationError;
use crate::linear_algebra::{require_finite, require_finite_row};
use crate::noise::standard_deviations;
pub use crate::transform::Transform;
use crate::transform::{apply, column_means};
pub use localisation::{CovarianceTaper, Domain, Localisation};
pub(crate) use unused::NO_SPREAD;
pub use unused::Unused;

/// What a cycle observed, with the ensemble's prediction of it.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The observed ensemble, N × m.
    pub he: ArrayView2<'a, f64>,
    /// The m observations.
    pub y: &'a [f64],
    /// Their m error variances.
    pub r: &'a [f64],
    /// Names the cycle's random numbers; methods set `member` and `column` themselves.
    pub key: StreamKey,
}

impl Observed<'_> {
    /// Checks shapes and values against an ensemble of `members` rows.
    pub(crate) fn check(&self, members: usize) -> Result<(), AssimilationError> {
        let (n, m) = self.he.dim();
        let lengths = [
            ("members of the observed ensemble", members, n),
            ("observations", m, self.y.len()),
            ("observation error variances", m, self.r.len()),
        ];
        for (what, expected, got) in lengths {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        if n < 2 {
            return Err(AssimilationError::NoEnsemble { members: n });
        }
        require_finite_row(self.y, "observation")?;
        require_finite(self.he, "predicted observation")
    }
}

/// What a transform is made from: everything in units of the observation error.
#[derive(Clone, Debug)]
pub struct Departures {
    /// `S = (H E - mean) √ρ R^(-1/2) / √(N - 1)`, N × m; its columns have no mean.
    pub s: Array2<f64>,
    /// `d = (y - mean) √ρ R^(-1/2)`, m.
    pub d: Array1<f64>,
    /// Number of each observation in the whole set: domains that share one draw the same perturbation.
    pub ids: Vec<usize>,
    /// Names the cycle's random numbers.
    pub key: StreamKey,
}

impl Departures {
    /// Departures of all observations.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, `NoEnsemble` below two members.
    pub fn new(seen: &Observed<'_>) -> Result<Self, AssimilationError> {
        seen.check(seen.he.nrows())?;
        let sd = Array1::from(standard_deviations(seen.r)?);
        let mean = column_means(seen.he);
        let scale = ((seen.he.nrows() - 1) as f64).sqrt();
        let s = (&seen.he - &mean) / &(&sd * scale);
        let d = (&ndarray::aview1(seen.y) - &mean) / &sd;
        Ok(Self { s, d, ids: (0..seen.y.len()).collect(), key: seen.key })
    }

    /// Those of a local domain: its observations, weighted by the root of their taper.
    #[must_use]
    pub fn of_domain(&self, domain: &Domain) -> Self {
        let ids: Vec<usize> = domain.observations.iter().map(|(j, _)| *j).collect();
        let root: Array1<f64> = domain.observations.iter().map(|(_, rho)| rho.sqrt()).collect();
        let mut s = self.s.select(Axis(1), &ids);
        s *= &root;
        Self { s, d: self.d.select(Axis(0), &ids) * root, ids, key: self.key }
    }

    /// Departure of each member from the observations in units of their errors, N × m: `d - √(N-1) s`.
    #[must_use]
    pub fn of_members(&self) -> Array2<f64> {
        let scale = ((self.s.nrows() - 1) as f64).sqrt();
        &self.d - &(&self.s * scale)
    }
}

/// The information an analysis used; means over domains where there are several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Information {
    /// `dᵀ (H P Hᵀ + R)⁻¹ d`; its expectation is the number of observations.
    pub chi2: f64,
    /// Degrees of freedom for signal, `tr(K H)`.
    pub dfs: f64,
    /// Observations that told nothing.
    pub unused: Unused,
}

/// A filter whose analysis is a transform of the ensemble.
pub trait TransformFilter: Sync {
    /// Weights of the mean and transform of the anomalies.
    ///
    /// # Errors
    /// Those of the linear algebra, and `Option` for the method's own options.
    fn transform(&self, seen: &Departures) -> Result<Transform, AssimilationError>;
}

/// A filter: updates an ensemble.
pub trait Filter: Sync {
    /// Updates the ensemble `e` (N × n) in place. Without observations it is left as it is, bit by bit; two that are the
    /// same count as two, so duplicates belong to quality control.
    ///
    /// # Errors
    /// `Shape`, `NotFinite`, `NotPositive`, `NoEnsemble` for fewer than two members, `Localisation` where the method has
    /// no such form, and those of [`Localisation::unreached`]; the ensemble is then unchanged.
    fn analyse(
        &self,
        e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        localisation: Localisation<'_>,
    ) -> Result<Information, AssimilationError>;
}

impl<T: TransformFilter> Filter for T {
    fn analyse(
        &self,
        e: ArrayViewMut2<'_, f64>,
        seen: &Observed<'_>,
        localisation: Localisation<'_>,
    ) -> Result<Information, AssimilationError> {
        let unreached = require_all(e.view(), seen, localisation)?;
        let all = Departures::new(seen)?;
        let unused = Unused { unreached, without_spread: all.without_spread() };
        let information = match localisation {
            Localisation::Global if seen.y.is_empty() => Information::default(),
            Localisation::Global => {
                let found = self.transform(&all)?;
                apply(&found.w, &found.t, 1.0, e);
                Information { chi2: found.chi2, dfs: found.dfs, unused }
            }
            Localisation::Domains(domains) => in_domains(self, e, &all, domains)?,
            Localisation::Covariance(_) => {
                return Err(AssimilationError::Localisation {
                    method: "a transform filter",
                    form: "covariance localisation",
                    instead: "local domains or none",
                });
            }
        };
        Ok(Information { unused, ..information })
    }
}

/// Checks all that an analysis is given but its error variances; how many observations reach nothing.
pub(crate) fn require_all(
    e: ArrayView2<'_, f64>,
    seen: &Observed<'_>,
    localisation: Localisation<'_>,
) -> Result<usize, AssimilationError> {
    seen.check(e.nrows())?;
    require_finite(e, "state of a member")?;
    localisation.unreached(e.ncols(), seen.y.len())
}

/// Each domain by itself; what no observation reaches stays as it is.
fn in_domains<T: TransformFilter + ?Sized>(
    filter: &T,
    mut e: ArrayViewMut2<'_, f64>,
    all: &Departures,
    domains: &[Domain],
) -> Result<Information, AssimilationError> {
    let mut sum = Information::default();
    let reached = domains.iter().filter(|domain| !domain.observations.is_empty());
    let mut count = 0;
    for domain in reached {
        let found = filter.transform(&all.of_domain(domain))?;
        let mut columns = e.select(Axis(1), &domain.columns);
        apply(&found.w, &found.t, 1.0, columns.view_mut());
        for (column, &target) in columns.columns().into_iter().zip(&domain.columns) {
            e.column_mut(target).assign(&column);
        }
        (sum.chi2, sum.dfs) = (sum.chi2 + found.chi2, sum.dfs + found.dfs);
        count += 1;
    }
    let count = f64::from(count.max(1));
    Ok(Information { chi2: sum.chi2 / count, dfs: sum.dfs / count, ..sum })
}
