//! Columns that are close together: what they observe, and the local problems that follow.

use std::sync::atomic::{AtomicBool, Ordering};

use wide::f64x4;

use super::products::gram;
use super::solver::Space;
use crate::localisation::index::Bounds;
use crate::localisation::locality::{Locality, Slice};
use crate::localisation::metric::Place;
use crate::localisation::observations::ObservationSet;

/// The transform of one slice of one column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem {
    /// Number of the column in its chunk.
    pub column: usize,
    /// Number of the slice.
    pub slice: usize,
    /// Where its observations begin in [`Block::chosen_by`], and how many they are.
    pub start: usize,
    pub count: usize,
    pub space: Space,
}

/// What makes local problems of places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub locality: &'a Locality,
    pub observations: &'a ObservationSet,
    /// Slices of every column.
    pub slices: &'a [Slice],
    /// `ρ (N - 1)`.
    pub scale: f64,
    /// Observations that have had weight somewhere, in the order of the set.
    pub reached: &'a [AtomicBool],
}

/// Observations within reach of some columns, and which column uses which of them.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Positions in the observation set.
    near: Vec<u32>,
    coordinates: [Vec<f64>; 3],
    squared: Vec<f64>,
    /// Anomalies of `near`, rows one after another; rows of zeros at the end make their number a multiple of four.
    pub rows: Vec<f64x4>,
    width: usize,
    members: usize,
    /// Products of each pair of rows, lower triangle.
    pub gram: Vec<f64>,
    pub problems: Vec<Problem>,
    chosen: Vec<u32>,
    roots: Vec<f64>,
    within: Vec<u32>,
    weights: Vec<f64>,
}

/// Observations to members at which both ways cost the same: a matrix of order p costs its reduction, one of order N
/// also the products it is made of.
const OBSERVATIONS_TO_MEMBERS: f64 = 1.25;

impl Block {
    /// Sets the problems up for columns with these numbers and places.
    pub fn gather(&mut self, setting: &Setting<'_>, columns: &[(usize, Place)]) {
        self.problems.clear();
        self.chosen.clear();
        self.roots.clear();
        self.find(setting, columns);
        if self.near.is_empty() {
            return;
        }
        for (column, place) in columns {
            self.choose(setting, *column, place);
        }
        self.problems.sort_by_key(|problem| (problem.space, problem.count));
    }

    /// How much shared products would cost over those of each problem by itself.
    pub fn waste(&self) -> f64 {
        let own = |p: &&Problem| p.space == Space::Observation;
        let single: usize = self.problems.iter().filter(own).map(|p| p.count * p.count).sum();
        if single == 0 { 0.0 } else { (self.near.len() * self.near.len()) as f64 / single as f64 }
    }

    /// Copies the anomalies, and multiplies each pair of them where a problem wants it.
    pub fn multiply(&mut self, observations: &ObservationSet) {
        let width = observations.width();
        (self.width, self.members) = (width, observations.members());
        self.rows.clear();
        self.near.iter().for_each(|k| self.rows.extend_from_slice(observations.row(*k as usize)));
        self.rows.resize(self.near.len().next_multiple_of(4) * width, f64x4::ZERO);
        if self.problems.iter().any(|p| p.space == Space::Observation) {
            gram(&self.rows, width, &mut self.gram);
        }
    }

    /// Rows that a problem uses.
    pub fn chosen_by(&self, problem: &Problem) -> &[u32] {
        &self.chosen[problem.start..][..problem.count]
    }

    /// The roots of their weights over `ρ (N - 1)`.
    pub fn roots_of(&self, problem: &Problem) -> &[f64] {
        &self.roots[problem.start..][..problem.count]
    }

    /// Numbers in a row of [`Block::gram`].
    pub fn leading(&self) -> usize {
        self.near.len().next_multiple_of(4)
    }

    /// Anomalies of row `k`.
    pub fn row(&self, k: u32) -> &[f64x4] {
        &self.rows[k as usize * self.width..][..self.width]
    }

    /// Vectors of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Members of the ensemble.
    pub fn members(&self) -> usize {
        self.members
    }

    /// The departure from the ensemble's mean of row `k`.
    pub fn innovation(&self, observations: &ObservationSet, k: u32) -> f64 {
        observations.innovation(self.near[k as usize] as usize)
    }

    fn find(&mut self, setting: &Setting<'_>, columns: &[(usize, Place)]) {
        let bounds = columns.iter().fold(Bounds::EMPTY, |bounds, (_, place)| bounds.with(place));
        let reach = setting.locality.reach();
        let index = setting.observations.index();
        self.near.clear();
        let near = &mut self.near;
        index.near(&bounds, reach, |run| {
            let inside = run.filter(|k| bounds.squared_to(&index.places()[*k]) <= reach * reach);
            near.extend(inside.map(|k| k as u32));
        });
        for (axis, coordinates) in self.coordinates.iter_mut().enumerate() {
            coordinates.clear();
            coordinates.extend(self.near.iter().map(|k| index.places()[*k as usize].0[axis]));
        }
    }

    /// Weighs the observations for every slice of one column.
    fn choose(&mut self, setting: &Setting<'_>, column: usize, place: &Place) {
        self.keep_within(place, setting.locality.reach());
        setting.locality.weigh(&mut self.weights);
        for (number, slice) in setting.slices.iter().enumerate() {
            let start = self.chosen.len();
            for (row, weight) in self.within.iter().zip(&self.weights) {
                let position = self.near[*row as usize] as usize;
                let weight = weight * setting.locality.factor(*slice, setting.observations.slice(position));
                if weight > 0.0 {
                    setting.reached[position].store(true, Ordering::Relaxed);
                    self.chosen.push(*row);
                    self.roots.push((weight / setting.scale).sqrt());
                }
            }
            let count = self.chosen.len() - start;
            if count > 0 {
                let space = space(count, setting.observations.members());
                self.problems.push(Problem { column, slice: number, start, count, space });
            }
        }
    }

    /// Rows within reach of a place, and the squares of their straight lines in `weights`.
    fn keep_within(&mut self, place: &Place, reach: f64) {
        let count = self.near.len();
        self.squared.resize(count, 0.0);
        let [x, y, z] = &self.coordinates;
        let [x, y, z] = [&x[..count], &y[..count], &z[..count]];
        for (k, squared) in self.squared.iter_mut().enumerate() {
            let [dx, dy, dz] = [x[k] - place.0[0], y[k] - place.0[1], z[k] - place.0[2]];
            *squared = dx * dx + dy * dy + dz * dz;
        }
        self.within.clear();
        self.weights.clear();
        for (k, squared) in self.squared.iter().enumerate() {
            if *squared <= reach * reach {
                self.within.push(k as u32);
                self.weights.push(*squared);
            }
        }
    }
}

fn space(observations: usize, members: usize) -> Space {
    if observations as f64 <= OBSERVATIONS_TO_MEMBERS * members as f64 {
        Space::Observation
    } else {
        Space::Ensemble
    }
}
