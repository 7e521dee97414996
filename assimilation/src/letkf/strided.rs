//! The analysis of a task's columns by transforms between anchors.

use ndarray::{ArrayViewMut3, Axis, s};

use super::Summary;
use super::anchors::Anchors;
use super::lanes::Update;
use super::row::Row;
use super::tasks::{Parts, Workspace};
use super::whole::Whole;
use crate::localisation::metric::Place;

/// Transforms of the anchors that a task needs, slice by slice, and room to mix them.
#[derive(Debug, Default)]
pub(super) struct Strided {
    /// Numbers of the anchors, ascending.
    needed: Vec<u32>,
    /// By anchor and slice; none where nothing is observed.
    transforms: Vec<Option<Whole>>,
    mixed: Whole,
    row: Row,
}

/// Updates columns `first..` of the anchors' grid, as many as `state` holds.
pub(super) fn chunk(
    work: &mut Workspace,
    parts: Parts<'_>,
    (anchors, first): (&Anchors, usize),
    state: &mut ArrayViewMut3<'_, f64>,
) -> Summary {
    let mut own = std::mem::take(&mut work.strided);
    let shares = &anchors.shares()[first..first + state.len_of(Axis(2))];
    let slices = parts.0.slices.len();
    let places = own.need(anchors, shares);
    own.transforms.clear();
    own.transforms.resize_with(places.len() * slices, || None);
    let summary = work.transforms(parts, &places, &mut own.transforms);
    for (column, shares) in shares.iter().enumerate() {
        for slice in 0..slices {
            own.apply(&parts.1, shares, (slice, slices), (column, state));
        }
    }
    work.strided = own;
    summary
}

impl Strided {
    /// Notes the anchors that some columns take a share of; their places.
    fn need(&mut self, anchors: &Anchors, shares: &[[(u32, f64); 4]]) -> Vec<Place> {
        let taken = shares.iter().flatten().filter(|(_, share)| *share > 0.0);
        self.needed.clear();
        self.needed.extend(taken.map(|(k, _)| *k));
        self.needed.sort_unstable();
        self.needed.dedup();
        self.needed.iter().map(|k| anchors.places()[*k as usize]).collect()
    }

    /// Updates the rows of one slice of one column.
    fn apply(
        &mut self,
        update: &Update<'_>,
        shares: &[(u32, f64); 4],
        (slice, slices): (usize, usize),
        (column, state): (usize, &mut ArrayViewMut3<'_, f64>),
    ) {
        let members = update.observations.members();
        let unchanged = update.forgetting.sqrt();
        let mut any = false;
        self.mixed.clear(members);
        for (anchor, share) in shares.iter().filter(|(_, share)| *share > 0.0) {
            let Ok(at) = self.needed.binary_search(anchor) else { continue };
            match &self.transforms[at * slices + slice] {
                Some(transform) => {
                    any = true;
                    self.mixed.add(*share, transform);
                }
                None => self.mixed.add_unit(*share * unchanged, members),
            }
        }
        if !any {
            return;
        }
        for at in update.rows[slice].clone() {
            self.row.read(state.slice(s![.., at, column]).iter());
            self.mixed.update(&mut self.row, update.finish(), state.slice_mut(s![.., at, column]));
        }
    }
}
