//! Domain check: an observation that stands too far from every column of the model is refused. Localisation would give it
//! no weight without a word, and a global analysis would let it move columns that have nothing to do with it: as a rule its
//! coordinates are wrong, or those of another table.

use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;
use crate::AssimilationError;
use crate::localisation::index::{Bounds, CellIndex};
use crate::localisation::{Metric, Place, require_positive};

/// What belongs to a domain: everything within some distance of one of its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Coordinates of the columns, as the metric has them: longitude and latitude on a sphere, degrees. One or more.
    pub columns: Vec<[f64; 2]>,
    /// Greatest distance, in the unit of the metric: the localisation radius where there is one.
    pub within: f64,
}

impl Domain {
    pub(super) fn validate(&self) -> Result<(), AssimilationError> {
        require_positive("distance of the domain check", self.within)?;
        let what = "place of a column of the domain check";
        if let Some(column) = self.columns.iter().position(|at| !at.iter().all(|x| x.is_finite())) {
            return Err(AssimilationError::NotFinite { what, row: 0, column });
        }
        if self.columns.is_empty() {
            let option = "number of columns of the domain check";
            return Err(AssimilationError::Option { option, value: 0.0, range: "[1, infinity)" });
        }
        Ok(())
    }

    pub(super) fn apply(&self, metric: Metric, sifting: &mut Sifting<'_>) {
        // As the local filter has it: what lies on the edge is within.
        let reach = metric.straight(self.within) * (1.0 + 1e-12);
        let columns: Vec<Place> = self.columns.iter().map(|[x, y]| metric.place(*x, *y)).collect();
        let index = CellIndex::new(&columns, reach);
        for j in sifting.open() {
            let place = &sifting.sample.places[j];
            let mut within = false;
            index.near(&Bounds::EMPTY.with(place), reach, |run| {
                within |= index.places()[run].iter().any(|column| column.squared_to(place) <= reach * reach);
            });
            if !within {
                sifting.outcome.flags[j] = Flag::OutsideDomain;
            }
        }
    }
}
