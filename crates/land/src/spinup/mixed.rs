//! Ways that mix states by [Anderson acceleration](super::anderson): of the cycle itself, and of the semi-analytic step.

use super::anderson::{Mixer, Next, Settings};
use super::coordinates::Coordinates;
use super::cycle::Cycle;
use super::semi_analytic::SemiAnalytic;
use super::way::{Onward, Way};
use crate::column::{Column, ColumnState};
use crate::error::LandError;

/// Black box. It has many slow pools, so mixing extrapolates far: steps of ln 1.4 only, and a cycle after each in which
/// plants and litter settle. Results depend on these figures more than one would like: with steps of ln 2, or without
/// the cycles between, one or two of ten stations lose their way.
const CYCLES: Settings = Settings { window: 5, penalty: 1e-8, largest_step: 0.35, growth: 2.0, relaxed: 1 };
/// Semi-analytic steps are large by themselves; ln 2.
const SOLUTIONS: Settings = Settings { window: 4, penalty: 1e-8, largest_step: 0.7, growth: 2.0, relaxed: 0 };

/// A way whose steps are mixed.
pub(super) struct Mixed<W> {
    /// What gives the image of a state.
    inner: W,
    mixer: Mixer,
    coordinates: Coordinates,
    /// The first cycle that is mixed.
    first: usize,
    /// Image of the best point.
    best: Option<ColumnState>,
}

/// Mixes what cycles make of states; nothing is known of the model.
///
/// Mixing begins when the seedlings of a cold start have grown up. Mineral nitrogen, which follows the rest within
/// weeks, would only add what is not linear.
pub(super) fn cycles() -> Mixed<Onward> {
    let (mixer, coordinates) = (Mixer::new(CYCLES), Coordinates::Organic);
    Mixed { inner: Onward, mixer, coordinates, first: 8, best: None }
}

/// Mixes what the semi-analytic way makes of states: what it leaves to iterate is nitrogen and what plants make of it.
///
/// Mixing begins after the solution of a bare soil, which isn't that of the following ones.
pub(super) fn solutions(start: &ColumnState) -> Mixed<SemiAnalytic> {
    let (mixer, coordinates) = (Mixer::new(SOLUTIONS), Coordinates::WithMineral);
    Mixed { inner: SemiAnalytic::new(start), mixer, coordinates, first: 2, best: None }
}

impl<W: Way> Way for Mixed<W> {
    fn next(&mut self, column: &Column, cycle: &Cycle) -> Result<ColumnState, LandError> {
        let mut state = self.inner.next(column, cycle)?;
        if cycle.number < self.first {
            return Ok(state);
        }
        let moved = self.coordinates.distance(&cycle.before, &state);
        let next = self.mixer.next(&self.coordinates.of(&cycle.before), self.coordinates.of(&state), moved);
        if self.mixer.is_best() {
            self.best = Some(state.clone());
        }
        match next {
            Next::At(point) => self.coordinates.put(&point, &mut state, column),
            Next::BackToBest => state = self.best.clone().unwrap_or(state),
        }
        Ok(state)
    }
}
