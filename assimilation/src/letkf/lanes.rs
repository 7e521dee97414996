//! Four local problems solved side by side, and the rows of their columns updated.

use ndarray::{ArrayViewMut3, s};
use wide::f64x4;

use super::Relaxation;
use super::block::{Block, Problem};
use super::products::{add_rows, outer, project};
use super::row::Row;
use super::solver::{Solver, Space};
use super::tridiagonal::row_start;
use super::whole::{Functions, Whole};
use crate::localisation::observations::{LANES, ObservationSet, vectors};

/// Room for four problems at a time.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    solver: Solver,
    order: usize,
    /// `(1 + T)⁻¹ Qᵀ` times what the innovations pull towards.
    pull: Vec<f64x4>,
    /// A row of each column's state in the basis of its tridiagonal matrix, and the function of the matrix times it.
    coordinates: Vec<f64x4>,
    root: Vec<f64x4>,
    rows: [Row; LANES],
    functions: Functions,
    whole: Whole,
    factors: Vec<f64>,
    square: Vec<f64x4>,
}

/// Rows of a slice from which on its transform is written out.
const WHOLE_FROM: usize = 28;

/// What all problems share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update<'a> {
    pub observations: &'a ObservationSet,
    /// Forgetting factor ρ.
    pub forgetting: f64,
    pub relaxation: Relaxation,
    /// Rows of the state that belong to each slice.
    pub rows: &'a [std::ops::Range<usize>],
}

impl Lanes {
    /// Solves up to four problems of one space and updates their rows of `state` (member, row, column).
    pub fn solve(
        &mut self,
        update: &Update<'_>,
        block: &Block,
        problems: &[Problem],
        state: &mut ArrayViewMut3<'_, f64>,
    ) {
        let Some(space) = problems.first().map(|p| p.space) else { return };
        self.load(space, update, block, problems);
        self.solver.reduce(space);
        self.pull(space, update, block, problems);
        let most = problems.iter().map(|p| update.rows[p.slice].len()).max().unwrap_or(0);
        if most < WHOLE_FROM {
            self.update_rows(space, update, block, (problems, state));
        } else {
            self.update_by_whole(update, block, (problems, state));
        }
    }

    /// Solves up to four problems of one space and hands over each one's transform, written out.
    pub fn transforms(
        &mut self,
        update: &Update<'_>,
        block: &Block,
        problems: &[Problem],
        mut take: impl FnMut(&Problem, &Whole),
    ) {
        let Some(space) = problems.first().map(|p| p.space) else { return };
        self.load(space, update, block, problems);
        self.solver.reduce(space);
        self.pull(space, update, block, problems);
        self.write_out(block, problems, |_, problem, whole| take(problem, whole));
    }

    /// The matrices.
    fn load(&mut self, space: Space, update: &Update<'_>, block: &Block, problems: &[Problem]) {
        match space {
            Space::Observation => self.load_products(block, problems),
            Space::Ensemble => self.load_outer(update, block, problems),
        }
    }

    /// `Z Zᵀ`: products of pairs of observations times the roots of their weights.
    fn load_products(&mut self, block: &Block, problems: &[Problem]) {
        self.order = problems.iter().map(|p| p.count).max().unwrap_or(0);
        self.solver.tridiagonal.resize(self.order);
        let leading = block.leading();
        let packed = &mut self.solver.tridiagonal.packed;
        if problems.len() < LANES {
            packed.fill(f64x4::ZERO);
        }
        for (lane, problem) in problems.iter().enumerate() {
            let (chosen, roots) = (block.chosen_by(problem), block.roots_of(problem));
            for (i, (k, root)) in chosen.iter().zip(roots).enumerate() {
                let products = &block.gram[*k as usize * leading..][..leading];
                let row = &mut packed[row_start(i)..][..=i];
                for ((out, l), other) in row.iter_mut().zip(chosen).zip(roots) {
                    out.as_mut_array()[lane] = root * other * products[*l as usize];
                }
            }
            for out in &mut packed[row_start(problem.count)..] {
                out.as_mut_array()[lane] = 0.0;
            }
        }
    }

    /// `Zᵀ Z`.
    fn load_outer(&mut self, update: &Update<'_>, block: &Block, problems: &[Problem]) {
        let (members, width) = (update.observations.members(), update.observations.width());
        self.order = members;
        self.solver.tridiagonal.resize(members);
        let packed = &mut self.solver.tridiagonal.packed;
        if problems.len() < LANES {
            packed.fill(f64x4::ZERO);
        }
        for (lane, problem) in problems.iter().enumerate() {
            self.factors.clear();
            self.factors.extend(block.roots_of(problem).iter().map(|r| r * r));
            outer(&block.rows, width, block.chosen_by(problem), &self.factors, &mut self.square);
            for i in 0..members {
                let row = self.square[i * width..][..width].iter().flat_map(|v| v.to_array());
                set_lane(&mut packed[row_start(i)..][..=i], lane, row);
            }
        }
    }

    /// What the mean's update needs of the innovations.
    fn pull(&mut self, space: Space, update: &Update<'_>, block: &Block, problems: &[Problem]) {
        self.pull.clear();
        self.pull.resize(self.order, f64x4::ZERO);
        for (lane, problem) in problems.iter().enumerate() {
            let (chosen, roots) = (block.chosen_by(problem), block.roots_of(problem));
            let innovation = |k: &u32| block.innovation(update.observations, *k);
            match space {
                Space::Observation => {
                    let pulls = chosen.iter().zip(roots).map(|(k, root)| root * innovation(k));
                    set_lane(&mut self.pull, lane, pulls);
                }
                Space::Ensemble => {
                    self.factors.clear();
                    self.factors
                        .extend(chosen.iter().zip(roots).map(|(k, root)| root * root * innovation(k)));
                    let sum = &mut self.rows[lane].anomalies;
                    sum.clear();
                    sum.resize(update.observations.width(), f64x4::ZERO);
                    add_rows(&block.rows, chosen, &self.factors, sum);
                    set_lane(&mut self.pull, lane, sum.iter().flat_map(|v| v.to_array()));
                }
            }
        }
        self.solver.tridiagonal.forward(&mut self.pull);
        self.solver.resolve(&mut self.pull);
    }

    /// Updates the rows one at a time by the function of the matrix times the row.
    fn update_rows(
        &mut self,
        space: Space,
        update: &Update<'_>,
        block: &Block,
        (problems, state): (&[Problem], &mut ArrayViewMut3<'_, f64>),
    ) {
        let rows = problems.iter().map(|p| update.rows[p.slice].len()).max().unwrap_or(0);
        self.root.resize(self.order, f64x4::ZERO);
        for row in 0..rows {
            self.coordinates.clear();
            self.coordinates.resize(self.order, f64x4::ZERO);
            for (lane, problem) in problems.iter().enumerate() {
                let Some(at) = update.rows[problem.slice].clone().nth(row) else { continue };
                self.rows[lane].read(state.slice(s![.., at, problem.column]).iter());
                enter(&mut self.rows[lane], space, (block, problem), (lane, &mut self.coordinates));
            }
            self.solver.tridiagonal.forward(&mut self.coordinates);
            let shift = self.coordinates.iter().zip(&self.pull);
            let shift = shift.fold(f64x4::ZERO, |sum, (a, b)| a.mul_add(*b, sum)).to_array();
            self.solver.root(&self.coordinates, &mut self.root);
            self.solver.tridiagonal.backward(&mut self.root);
            for (lane, problem) in problems.iter().enumerate() {
                let Some(at) = update.rows[problem.slice].clone().nth(row) else { continue };
                leave(&mut self.rows[lane], space, (block, problem), (lane, &self.root));
                let out = state.slice_mut(s![.., at, problem.column]);
                self.rows[lane].write(shift[lane], update.finish(), out);
            }
        }
    }

    /// Updates the rows by transforms that are written out first.
    fn update_by_whole(
        &mut self,
        update: &Update<'_>,
        block: &Block,
        (problems, state): (&[Problem], &mut ArrayViewMut3<'_, f64>),
    ) {
        self.write_out(block, problems, |row, problem, whole| {
            for at in update.rows[problem.slice].clone() {
                row.read(state.slice(s![.., at, problem.column]).iter());
                whole.update(row, update.finish(), state.slice_mut(s![.., at, problem.column]));
            }
        });
    }

    /// Writes the transform of each problem out, in turn.
    fn write_out(
        &mut self,
        block: &Block,
        problems: &[Problem],
        mut take: impl FnMut(&mut Row, &Problem, &Whole),
    ) {
        self.functions.compute(&mut self.solver, self.order);
        self.solver.tridiagonal.backward(&mut self.pull);
        for (lane, problem) in problems.iter().enumerate() {
            self.functions.write(block, problem, (lane, &self.pull), &mut self.whole);
            take(&mut self.rows[0], problem, &self.whole);
        }
    }
}

impl Update<'_> {
    /// The factor of the forgetting, and the relaxation.
    pub fn finish(&self) -> (f64, Relaxation) {
        (self.forgetting.sqrt().recip(), self.relaxation)
    }
}

type Local<'a> = (&'a Block, &'a Problem);

/// Writes a row's lane of the vector that the function of the matrix is applied to.
fn enter(row: &mut Row, space: Space, (block, problem): Local<'_>, (lane, out): (usize, &mut [f64x4])) {
    if space == Space::Ensemble {
        return set_lane(out, lane, row.anomalies.iter().flat_map(|v| v.to_array()));
    }
    let (chosen, roots) = (block.chosen_by(problem), block.roots_of(problem));
    project(&block.rows, chosen, roots, &row.anomalies, &mut row.projected);
    set_lane(out, lane, row.projected.iter().copied());
}

/// Makes a row's anomalies those of the analysis, but for the factor of the forgetting.
fn leave(row: &mut Row, space: Space, (block, problem): Local<'_>, (lane, root): (usize, &[f64x4])) {
    let numbers = root.iter().map(|x| x.to_array()[lane]);
    if space == Space::Ensemble {
        row.anomalies.clear();
        row.anomalies.extend(vectors(numbers));
        return;
    }
    let (chosen, roots) = (block.chosen_by(problem), block.roots_of(problem));
    row.projected.clear();
    row.projected.extend(numbers.zip(roots).map(|(x, root)| x * root));
    add_rows(&block.rows, chosen, &row.projected, &mut row.anomalies);
}

fn set_lane(out: &mut [f64x4], lane: usize, numbers: impl Iterator<Item = f64>) {
    for (out, x) in out.iter_mut().zip(numbers) {
        out.as_mut_array()[lane] = x;
    }
}
