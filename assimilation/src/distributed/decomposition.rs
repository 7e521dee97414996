//! Who holds which members and columns, while members run and in the analysis.

use std::ops::Range;

use ndarray::{Array3, ArrayView3, ArrayViewMut3, Axis, Slice as Part};
use reterra_parallel::{Communicator, Parts, block};

use crate::AssimilationError;

/// Members in blocks over groups of ranks, a member's columns in blocks over the ranks of its group; in the analysis
/// all members of a block of columns on each rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decomposition {
    members: usize,
    columns: usize,
    groups: usize,
    ranks: usize,
}

/// What a rank holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Members.
    pub members: Range<usize>,
    /// Columns of each of them.
    pub columns: Range<usize>,
}

impl Decomposition {
    /// `members` × `columns` over `ranks` in `groups`.
    ///
    /// # Errors
    /// `Option` where groups don't divide the ranks evenly, or there are more of them than members.
    pub fn new(
        (members, columns): (usize, usize),
        groups: usize,
        ranks: usize,
    ) -> Result<Self, AssimilationError> {
        if groups == 0 || groups > members || !ranks.is_multiple_of(groups) {
            return Err(AssimilationError::Option {
                option: "groups of ranks",
                value: groups as f64,
                range: "the divisors of the number of ranks, at most the number of members",
            });
        }
        Ok(Self { members, columns, groups, ranks })
    }

    /// Members, N.
    #[must_use]
    pub fn members(&self) -> usize {
        self.members
    }

    /// Columns of the whole state.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// What a rank holds while members run.
    #[must_use]
    pub fn forecast(&self, rank: usize) -> Share {
        let each = self.ranks / self.groups;
        Share {
            members: block(self.members, self.groups, rank / each),
            columns: block(self.columns, each, rank % each),
        }
    }

    /// The columns of which a rank holds all members in the analysis.
    #[must_use]
    pub fn analysis(&self, rank: usize) -> Range<usize> {
        block(self.columns, self.ranks, rank)
    }

    /// From the layout of the forecast (own members, rows, own columns) to that of the analysis (all members, rows, own
    /// columns): one exchange.
    ///
    /// # Errors
    /// `Shape`, `Parallel`.
    pub fn to_columns(
        &self,
        ranks: &dyn Communicator,
        forecast: ArrayView3<'_, f64>,
    ) -> Result<Array3<f64>, AssimilationError> {
        let own = self.forecast(ranks.rank());
        check("this rank's members and columns", &own, forecast.dim())?;
        let mut send = Parts::default();
        for rank in 0..self.ranks {
            let common = within(&common(&own.columns, &self.analysis(rank)), &own.columns);
            push(&mut send, forecast.slice_axis(Axis(2), common));
        }
        let received = ranks.exchange(send)?;
        let columns = self.analysis(ranks.rank());
        let mut state = Array3::zeros((self.members, forecast.len_of(Axis(1)), columns.len()));
        for (rank, part) in received.iter().enumerate() {
            let theirs = self.forecast(rank);
            let common = within(&common(&theirs.columns, &columns), &columns);
            let mut members = state.slice_axis_mut(Axis(0), Part::from(theirs.members));
            fill(members.slice_axis_mut(Axis(2), common), part);
        }
        Ok(state)
    }

    /// From the layout of the analysis back into that of the forecast.
    ///
    /// # Errors
    /// `Shape`, `Parallel`.
    pub fn to_members(
        &self,
        ranks: &dyn Communicator,
        state: ArrayView3<'_, f64>,
        mut forecast: ArrayViewMut3<'_, f64>,
    ) -> Result<(), AssimilationError> {
        let (own, columns) = (self.forecast(ranks.rank()), self.analysis(ranks.rank()));
        check("this rank's members and columns", &own, forecast.dim())?;
        let all = Share { members: 0..self.members, columns: columns.clone() };
        check("this rank's columns of the analysis", &all, state.dim())?;
        let mut send = Parts::default();
        for rank in 0..self.ranks {
            let theirs = self.forecast(rank);
            let common = within(&common(&theirs.columns, &columns), &columns);
            push(
                &mut send,
                state.slice_axis(Axis(0), Part::from(theirs.members)).slice_axis(Axis(2), common),
            );
        }
        let received = ranks.exchange(send)?;
        for (rank, part) in received.iter().enumerate() {
            let common = within(&common(&self.analysis(rank), &own.columns), &own.columns);
            fill(forecast.slice_axis_mut(Axis(2), common), part);
        }
        Ok(())
    }
}

fn check(
    what: &'static str,
    share: &Share,
    (members, _, columns): (usize, usize, usize),
) -> Result<(), AssimilationError> {
    for (expected, got) in [(share.members.len(), members), (share.columns.len(), columns)] {
        if expected != got {
            return Err(AssimilationError::Shape { what, expected, got });
        }
    }
    Ok(())
}

fn common(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// The same range counted from the start of another one that holds it; an empty one anywhere.
fn within(range: &Range<usize>, of: &Range<usize>) -> Part {
    if range.is_empty() {
        return Part::from(0..0);
    }
    Part::from(range.start - of.start..range.end - of.start)
}

fn push(parts: &mut Parts, view: ArrayView3<'_, f64>) {
    parts.counts.push(view.len());
    parts.numbers.extend(view.iter());
}

fn fill(view: ArrayViewMut3<'_, f64>, part: &[f64]) {
    view.into_iter().zip(part).for_each(|(x, value)| *x = *value);
}
