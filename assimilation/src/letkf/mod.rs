//! The local ensemble transform Kalman filter, many columns at a time.
//!
//! Hunt et al. 2007, doi:10.1016/j.physd.2006.11.008, with the symmetric square root. For a column with local observed
//! anomalies `Z` (p × N, in standard deviations of the errors, times the roots of the weights over `ρ (N - 1)`) and
//! innovations `δ` alike, the analysis is
//!
//! ```text
//! x̄ᵃ = x̄ + X' w,      w = Zᵀ (1 + Z Zᵀ)⁻¹ δ
//! X'ᵃ = X' T,          T = ρ^(-1/2) (1 + Zᵀ Z)^(-1/2)
//! ```
//!
//! A column has few variables, so what is wanted is `X' T`, not `T`. Where there are not many more observations than
//! members, `(1 + Zᵀ Z)^(-1/2) = 1 + Zᵀ g(Z Zᵀ) Z` needs a matrix of order p only, and neighbours
//! share the products it is made of. It is made tridiagonal (`tridiagonal`) and its function applied by a dozen
//! tridiagonal solutions (`solver`, `inverse_root`): no eigenvector is ever computed. Four columns go side by side.

mod anchors;
mod block;
mod inverse_root;
mod lanes;
mod products;
mod row;
mod solver;
mod strided;
mod tasks;
#[cfg(test)]
mod tests;
mod tridiagonal;
pub mod waves;
mod whole;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayViewMut3, Axis};
use rayon::prelude::*;

use crate::AssimilationError;
use crate::analysis::Unused;
use crate::linear_algebra::all_finite;
use crate::localisation::locality::{Locality, Side, Slice};
use crate::localisation::metric::Place;
use crate::localisation::observations::{ObservationSet, require_places};
pub use anchors::Anchors;
use block::Setting;
use lanes::Update;
use tasks::{Parts, Workspace};

/// A local ensemble transform Kalman filter.
#[derive(Clone, Debug)]
pub struct Letkf {
    locality: Locality,
    forgetting: f64,
    relaxation: Relaxation,
}

/// What the analysis keeps of the prior's spread.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Relaxation {
    /// Nothing.
    #[default]
    None,
    /// This share of the prior anomalies themselves (Zhang et al. 2004,
    /// doi:10.1175/1520-0493(2004)132<1238:IOIEAO>2.0.CO;2).
    Perturbations(f64),
    /// This share of the prior spread (Whitaker and Hamill 2012, doi:10.1175/MWR-D-11-00276.1).
    Spread(f64),
}

/// Columns of a state: where they are, and which rows of each share a transform.
#[derive(Clone, Debug)]
pub struct Columns {
    places: Vec<Place>,
    slices: Vec<Slice>,
    rows: Vec<Range<usize>>,
}

/// What an analysis did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Transforms computed: slices of columns that have local observations.
    pub transforms: usize,
    /// Local observations, summed over transforms.
    pub observations: usize,
    /// Local observations of the transform that has most of them.
    pub most: usize,
    /// Observations of the set that told nothing: without weight for any of the columns, or predicted alike by all members.
    pub unused: Unused,
}

impl Columns {
    /// Columns whose variables all share one transform: `rows` of them.
    #[must_use]
    pub fn uniform(places: Vec<Place>, rows: usize) -> Self {
        Self { places, slices: vec![Slice::default()], rows: std::iter::once(0..rows).collect() }
    }

    /// Columns with several slices: rows of the state that share a transform, by kind and depth. Rows of no slice are
    /// left as they are.
    ///
    /// # Errors
    /// `Shape` where slices overlap or do not ascend.
    pub fn sliced(places: Vec<Place>, slices: Vec<(Range<usize>, Slice)>) -> Result<Self, AssimilationError> {
        let (rows, slices): (Vec<_>, Vec<_>) = slices.into_iter().unzip();
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].end > pair[1].start) {
            let what = "first row of a slice after another one";
            return Err(AssimilationError::Shape { what, expected: pair[0].end, got: pair[1].start });
        }
        Ok(Self { places, slices, rows })
    }

    /// How many columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where they are.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }
}

/// Columns of a task: enough that its cells hold whole blocks, few enough that threads end together. A thread takes one
/// task after another, because a thread that others keep from the processor gets fewer of them done.
const CHUNK: usize = 4096;

impl Letkf {
    /// A filter with the given localisation, without inflation.
    #[must_use]
    pub fn new(locality: Locality) -> Self {
        Self { locality, forgetting: 1.0, relaxation: Relaxation::None }
    }

    /// Divides the prior covariance by a forgetting factor ρ (Pham 2001): `T` is that of `ρ (N - 1)`. Columns without
    /// local observations are left as they are.
    ///
    /// # Errors
    /// `Option` where it is not in (0, 1].
    pub fn with_forgetting(mut self, forgetting: f64) -> Result<Self, AssimilationError> {
        if !(forgetting > 0.0 && forgetting <= 1.0) {
            let option = "forgetting factor";
            return Err(AssimilationError::Option { option, value: forgetting, range: "(0, 1]" });
        }
        self.forgetting = forgetting;
        Ok(self)
    }

    /// Relaxes the analysis towards the prior.
    ///
    /// # Errors
    /// `Option` where the share is not in [0, 1].
    pub fn with_relaxation(mut self, relaxation: Relaxation) -> Result<Self, AssimilationError> {
        if let Relaxation::Perturbations(value) | Relaxation::Spread(value) = relaxation
            && !(0.0..=1.0).contains(&value)
        {
            return Err(AssimilationError::Option { option: "relaxation", value, range: "[0, 1]" });
        }
        self.relaxation = relaxation;
        Ok(self)
    }

    /// How it localises.
    #[must_use]
    pub fn locality(&self) -> &Locality {
        &self.locality
    }

    /// Updates `state` (member, row, column) in place by observations sorted for this filter's locality. Tasks of
    /// columns run on the threads of the present rayon pool; the result has the same bits on any number of them, and
    /// for a column alone. Columns that no observation reaches keep their bits; [`Summary::unused`] counts observations
    /// that reach no column. Two that are the same count as two: duplicates belong to quality control.
    ///
    /// # Errors
    /// `Shape`, and `NotFinite` for a state that has such a number before anything is changed.
    pub fn analyse(
        &self,
        observations: &ObservationSet,
        columns: &Columns,
        mut state: ArrayViewMut3<'_, f64>,
    ) -> Result<Summary, AssimilationError> {
        self.check(observations, columns, &state)?;
        let tasks = columns.places.chunks(CHUNK).zip(state.axis_chunks_iter_mut(Axis(2), CHUNK));
        let reached = unreached(observations);
        let parts = self.parts(observations, columns, &reached);
        let summaries = tasks
            .par_bridge()
            .map_init(Workspace::default, |work, (places, mut state)| work.chunk(parts, places, &mut state));
        Ok(summaries.reduce(Summary::default, Summary::with).of(observations, &reached))
    }

    /// As [`Letkf::analyse`], with transforms at the anchors only and interpolated ones elsewhere: not the same analysis,
    /// and quicker where columns have tens of rows. To mix a column's N × N numbers costs more than the few rows of a
    /// small one (benches/letkf.rs). A summary counts a transform once for each task of columns that needs it.
    ///
    /// # Errors
    /// As there, and `Shape` for anchors of another grid.
    pub fn analyse_between(
        &self,
        anchors: &Anchors,
        observations: &ObservationSet,
        columns: &Columns,
        mut state: ArrayViewMut3<'_, f64>,
    ) -> Result<Summary, AssimilationError> {
        self.check(observations, columns, &state)?;
        if anchors.shares().len() != columns.len() {
            let (what, expected) = ("columns of the anchors' grid", columns.len());
            return Err(AssimilationError::Shape { what, expected, got: anchors.shares().len() });
        }
        let tasks = state.axis_chunks_iter_mut(Axis(2), CHUNK).enumerate();
        let reached = unreached(observations);
        let parts = self.parts(observations, columns, &reached);
        let summaries = tasks.par_bridge().map_init(Workspace::default, |work, (task, mut state)| {
            strided::chunk(work, parts, (anchors, task * CHUNK), &mut state)
        });
        Ok(summaries.reduce(Summary::default, Summary::with).of(observations, &reached))
    }

    fn parts<'a>(
        &'a self,
        observations: &'a ObservationSet,
        columns: &'a Columns,
        reached: &'a [AtomicBool],
    ) -> Parts<'a> {
        let setting = Setting {
            locality: &self.locality,
            observations,
            slices: &columns.slices,
            scale: self.forgetting * (observations.members() - 1) as f64,
            reached,
        };
        let rows = &columns.rows;
        let (forgetting, relaxation) = (self.forgetting, self.relaxation);
        (setting, Update { observations, forgetting, relaxation, rows })
    }

    fn check(
        &self,
        observations: &ObservationSet,
        columns: &Columns,
        state: &ArrayViewMut3<'_, f64>,
    ) -> Result<(), AssimilationError> {
        let rows = columns.rows.iter().map(|rows| rows.end).max().unwrap_or(0);
        let lengths = [
            ("members of the state", observations.members(), state.len_of(Axis(0))),
            ("columns of the state", columns.len(), state.len_of(Axis(2))),
            ("rows of the state", rows.max(state.len_of(Axis(1))), state.len_of(Axis(1))),
        ];
        for (what, expected, got) in lengths {
            if expected != got {
                return Err(AssimilationError::Shape { what, expected, got });
            }
        }
        require_places(&columns.places, "place of a column")?;
        columns.slices.iter().try_for_each(|s| self.locality.check_kind(s.kind, Side::State))?;
        require_finite_state(state)
    }
}

/// Refuses a state with a number that is not finite, members side by side: the pass over a large state is felt.
fn require_finite_state(state: &ArrayViewMut3<'_, f64>) -> Result<(), AssimilationError> {
    let of_member = |row: usize| {
        let member = state.index_axis(Axis(0), row);
        if member.as_slice().is_some_and(all_finite) {
            return None;
        }
        let lost = member.indexed_iter().find(|(_, x)| !x.is_finite());
        lost.map(|((_, column), _)| AssimilationError::NotFinite { what: "state of a member", row, column })
    };
    (0..state.len_of(Axis(0))).into_par_iter().find_map_first(of_member).map_or(Ok(()), Err)
}

fn unreached(observations: &ObservationSet) -> Vec<AtomicBool> {
    std::iter::repeat_with(AtomicBool::default).take(observations.len()).collect()
}

impl Summary {
    fn of(mut self, observations: &ObservationSet, reached: &[AtomicBool]) -> Self {
        self.unused.unreached = reached.iter().filter(|reached| !reached.load(Ordering::Relaxed)).count();
        self.unused.without_spread = observations.without_spread();
        self
    }

    fn with(self, other: Self) -> Self {
        Self {
            transforms: self.transforms + other.transforms,
            observations: self.observations + other.observations,
            most: self.most.max(other.most),
            unused: Unused::default(),
        }
    }
}
