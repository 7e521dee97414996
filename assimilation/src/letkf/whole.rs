//! Transforms written out (N × N), for columns with many variables: dearer than the function of a matrix times a few
//! vectors, cheaper for many.

use ndarray::ArrayViewMut1;
use wide::f64x4;

use super::Relaxation;
use super::block::{Block, Problem};
use super::products::add_rows;
use super::row::Row;
use super::solver::{Solver, Space};
use crate::localisation::observations::{LANES, vectors};

/// `T` but for the factor of the forgetting, and the weights `w` of the mean.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    transform: Vec<f64x4>,
    weights: Vec<f64x4>,
}

/// Room for the function of four matrices, by rows.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    function: Vec<f64x4>,
    vectors: Vec<f64x4>,
    coefficients: Vec<f64>,
    product: Vec<f64x4>,
}

impl Functions {
    /// The wanted function of each matrix itself.
    pub fn compute(&mut self, solver: &mut Solver, order: usize) {
        self.vectors.clear();
        self.vectors.resize(order * order, f64x4::ZERO);
        self.function.resize(order * order, f64x4::ZERO);
        for i in 0..order {
            self.vectors[i * order + i] = f64x4::splat(1.0);
        }
        solver.root(&self.vectors, &mut self.function);
        for half in 0..2 {
            for row in self.function.chunks_exact_mut(order.max(1)) {
                solver.tridiagonal.backward(row);
            }
            if half == 0 {
                self.transpose(order);
            }
        }
    }

    fn transpose(&mut self, order: usize) {
        for i in 0..order {
            for j in 0..i {
                self.function.swap(i * order + j, j * order + i);
            }
        }
    }

    /// Writes the transform of one lane; `pull` is what innovations pull towards, in the matrix' own basis.
    pub fn write(
        &mut self,
        block: &Block,
        problem: &Problem,
        (lane, pull): (usize, &[f64x4]),
        whole: &mut Whole,
    ) {
        let order = pull.len();
        let of_lane = |v: &f64x4| v.to_array()[lane];
        let width = block.width();
        whole.weights.clear();
        whole.transform.clear();
        if problem.space == Space::Ensemble {
            whole.weights.extend(vectors(pull.iter().map(of_lane)));
            for row in self.function.chunks_exact(order) {
                whole.transform.extend(vectors(row.iter().map(of_lane)));
            }
            return;
        }
        let (chosen, roots) = (block.chosen_by(problem), block.roots_of(problem));
        whole.weights.resize(width, f64x4::ZERO);
        self.combine(roots, pull.iter().map(of_lane));
        add_rows(&block.rows, chosen, &self.coefficients, &mut whole.weights);
        whole.unit(block.members());
        for (i, row) in chosen.iter().enumerate() {
            let function = self.function[i * order..][..order].iter().map(of_lane);
            self.coefficients.clear();
            self.coefficients.extend(function.zip(roots).map(|(g, root)| g * root * roots[i]));
            self.product.clear();
            self.product.resize(width, f64x4::ZERO);
            add_rows(&block.rows, chosen, &self.coefficients, &mut self.product);
            whole.add_outer(block.row(*row), &self.product);
        }
    }

    fn combine(&mut self, roots: &[f64], numbers: impl Iterator<Item = f64>) {
        self.coefficients.clear();
        self.coefficients.extend(numbers.zip(roots).map(|(x, root)| x * root));
    }
}

impl Whole {
    /// Nothing, to add to.
    pub fn clear(&mut self, members: usize) {
        let width = members.div_ceil(LANES);
        for (part, length) in [(&mut self.transform, members * width), (&mut self.weights, width)] {
            part.clear();
            part.resize(length, f64x4::ZERO);
        }
    }

    /// Adds a share of another transform.
    pub fn add(&mut self, share: f64, other: &Self) {
        let share = f64x4::splat(share);
        let numbers = self.transform.iter_mut().chain(&mut self.weights);
        for (x, y) in numbers.zip(other.transform.iter().chain(&other.weights)) {
            *x = share.mul_add(*y, *x);
        }
    }

    /// Adds a multiple of the transform that changes nothing.
    pub fn add_unit(&mut self, share: f64, members: usize) {
        let width = members.div_ceil(LANES);
        for i in 0..members {
            self.transform[i * width + i / LANES].as_mut_array()[i % LANES] += share;
        }
    }

    fn unit(&mut self, members: usize) {
        for i in 0..members {
            self.transform.extend(vectors((0..members).map(|j| f64::from(u8::from(i == j)))));
        }
    }

    fn add_outer(&mut self, left: &[f64x4], right: &[f64x4]) {
        let left = left.iter().flat_map(|v| v.to_array());
        for (row, a) in self.transform.chunks_exact_mut(right.len()).zip(left) {
            let a = f64x4::splat(a);
            row.iter_mut().zip(right).for_each(|(t, b)| *t = a.mul_add(*b, *t));
        }
    }

    /// `x T` for anomalies `x`, into `out`, and how far the mean moves.
    fn apply(&self, x: &[f64x4], out: &mut [f64x4]) -> f64 {
        out.fill(f64x4::ZERO);
        let numbers = x.iter().flat_map(|v| v.to_array());
        for (row, a) in self.transform.chunks_exact(out.len()).zip(numbers) {
            let a = f64x4::splat(a);
            out.iter_mut().zip(row).for_each(|(out, t)| *out = a.mul_add(*t, *out));
        }
        let shift = x.iter().zip(&self.weights).fold(f64x4::ZERO, |sum, (x, w)| x.mul_add(*w, sum));
        shift.to_array().iter().sum()
    }

    /// Updates a row that has been read.
    pub fn update(&self, row: &mut Row, finish: (f64, Relaxation), out: ArrayViewMut1<'_, f64>) {
        let mut anomalies = std::mem::take(&mut row.anomalies);
        let shift = self.apply(row.prior(), &mut anomalies);
        row.anomalies = anomalies;
        row.write(shift, finish, out);
    }
}
