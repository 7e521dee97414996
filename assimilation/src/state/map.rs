//! Maps from physical values to those that an analysis updates, one variable at a time.
//!
//! Logarithm and logit make what is positive or bounded additive. The rank map is Gaussian anamorphosis (Simon and
//! Bertino 2009, doi:10.5194/os-5-495-2009), see [`super::rank`]. A member that its update does not move comes back
//! with its own value to the bit if that lay where a map cuts off, and to rounding elsewhere.

use ndarray::ArrayViewMut1;

use super::rank::{Knots, Quantiles};
use crate::BlockProblem;

/// Nearest that a logit comes to its bounds, as a share of the range: ±13.8 after the map.
const MARGIN: f64 = 1e-6;

/// How a variable's physical values become those an analysis updates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Map {
    /// As they are.
    Identity,
    /// Logarithms. Contents below the floor count as the floor: their logarithm means nothing.
    Log {
        /// In the variable's unit, above 0.
        floor: f64,
    },
    /// `ln((x - lower) / (upper - x))`.
    Logit {
        /// Finite lower bound, in the variable's unit.
        lower: f64,
        /// Finite upper bound.
        upper: f64,
    },
    /// Normal quantiles of the members' ranks; back between the prior members, with tails that end at the bounds.
    Rank {
        /// Lower bound, in the variable's unit; may be minus infinity.
        lower: f64,
        /// Upper bound; may be infinity.
        upper: f64,
    },
}

/// What must be kept of the members of a row to lead their update back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Members beyond a cut-off: position, mapped value, physical value.
    cut: Vec<(usize, f64, f64)>,
    /// The members of a rank map.
    knots: Option<Knots>,
}

impl Map {
    /// Whether the map can be: bounds in order, a floor above 0.
    pub(super) fn check(&self) -> Result<(), BlockProblem> {
        match *self {
            Map::Log { floor } if !(floor > 0.0 && floor.is_finite()) => Err(BlockProblem::Floor(floor)),
            Map::Logit { lower, upper } if !(lower < upper && (upper - lower).is_finite()) => {
                Err(BlockProblem::Bounds { lower, upper })
            }
            Map::Rank { lower, upper } if lower.partial_cmp(&upper) != Some(std::cmp::Ordering::Less) => {
                Err(BlockProblem::Bounds { lower, upper })
            }
            _ => Ok(()),
        }
    }

    /// Bounds of the physical values.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        match *self {
            Map::Identity => (f64::NEG_INFINITY, f64::INFINITY),
            Map::Log { .. } => (0.0, f64::INFINITY),
            Map::Logit { lower, upper } | Map::Rank { lower, upper } => (lower, upper),
        }
    }

    /// Maps the members of a row in place; physical values out of bounds count as the bound.
    pub(super) fn forward(&self, mut members: ArrayViewMut1<'_, f64>, quantiles: &Quantiles) -> Row {
        let (lower, upper) = self.bounds();
        members.mapv_inplace(|x| x.clamp(lower, upper));
        if let Map::Rank { .. } = self {
            let knots = Knots::of(members.view(), quantiles);
            knots.forward(members);
            return Row { cut: Vec::new(), knots: Some(knots) };
        }
        let mut cut = Vec::new();
        for (member, x) in members.iter_mut().enumerate() {
            let inside = self.inside(*x);
            let mapped = self.mapped(inside);
            if inside.to_bits() != x.to_bits() {
                cut.push((member, mapped, *x));
            }
            *x = mapped;
        }
        Row { cut, knots: None }
    }

    /// Leads the members of a row back in place.
    pub(super) fn back(&self, row: &Row, mut members: ArrayViewMut1<'_, f64>) {
        let bounds = self.bounds();
        let mut cut = row.cut.iter().peekable();
        for (member, u) in members.iter_mut().enumerate() {
            let unmoved =
                cut.next_if(|(k, _, _)| *k == member).filter(|(_, at, _)| at.to_bits() == u.to_bits());
            *u = match (unmoved, &row.knots) {
                (Some((_, _, x)), _) => *x,
                (None, Some(knots)) => knots.back(*u, bounds),
                (None, None) => self.physical(*u),
            };
        }
    }

    /// The nearest value that has an image.
    fn inside(&self, x: f64) -> f64 {
        match *self {
            Map::Identity | Map::Rank { .. } => x,
            Map::Log { floor } => x.max(floor),
            Map::Logit { lower, upper } => {
                let margin = MARGIN * (upper - lower);
                x.clamp(lower + margin, upper - margin)
            }
        }
    }

    fn mapped(&self, x: f64) -> f64 {
        match *self {
            Map::Identity | Map::Rank { .. } => x,
            Map::Log { .. } => x.ln(),
            Map::Logit { lower, upper } => ((x - lower) / (upper - x)).ln(),
        }
    }

    fn physical(&self, u: f64) -> f64 {
        match *self {
            Map::Identity | Map::Rank { .. } => u,
            // What would overflow stays finite; no update of a content means it.
            Map::Log { .. } => u.exp().min(f64::MAX),
            Map::Logit { lower, upper } => {
                // From the nearer bound, so that nothing cancels there.
                let share = 1.0 / (1.0 + u.abs().exp());
                let x =
                    if u < 0.0 { lower + (upper - lower) * share } else { upper - (upper - lower) * share };
                x.clamp(lower, upper)
            }
        }
    }
}
