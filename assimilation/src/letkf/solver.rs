//! Functions of four small symmetric matrices, applied to vectors without eigenvectors.
//!
//! A matrix is made tridiagonal once; `(1 + M)⁻¹` and `(1 + M)^(-1/2)` of it are then solutions of tridiagonal systems,
//! one and about a dozen of them.

use wide::f64x4;

use super::inverse_root::poles_up_to;
use super::tridiagonal::Tridiagonal;

/// What a matrix is about, and what is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    /// Order p: `M = Z Zᵀ`; wanted is `g = ((1 + M)^(-1/2) - 1) / M`, because `(1 + Zᵀ Z)^(-1/2) = 1 + Zᵀ g Z`.
    Observation,
    /// Order N: `M = Zᵀ Z`; wanted is `(1 + M)^(-1/2)` itself.
    Ensemble,
}

/// Poles that go through the recursions together: one division follows another's result, four of them overlap.
const POLES: usize = 4;

type Batch = [f64x4; POLES];

/// Four matrices, one a lane, and room for their solutions.
#[derive(Debug, Default)]
pub(crate) struct Solver {
    /// To be filled before [`Solver::reduce`].
    pub tridiagonal: Tridiagonal,
    shifts: Vec<Batch>,
    coefficients: Vec<Batch>,
    inverse: Vec<Batch>,
    lower: Vec<Batch>,
    forward: Vec<Batch>,
}

impl Solver {
    /// Makes the matrices tridiagonal and finds the poles of the function that `space` wants.
    pub fn reduce(&mut self, space: Space) {
        self.tridiagonal.reduce();
        let largest = self.largest().to_array();
        let poles = largest.map(poles_up_to);
        let batches = poles.iter().map(|p| p.len()).max().unwrap_or(0).div_ceil(POLES);
        // Lanes with fewer poles get further ones without weight.
        let of = |k: usize, value: fn(Space, f64, f64) -> f64| {
            let lane = |l: usize| poles[l].get(k).map_or(0.0, |p| value(space, p.shift, p.coefficient));
            f64x4::new(std::array::from_fn(lane))
        };
        let shift = |_, shift, _| shift;
        let coefficient = |space, shift: f64, coefficient: f64| match space {
            Space::Observation => -coefficient / (1.0 + shift),
            Space::Ensemble => coefficient,
        };
        self.shifts.clear();
        self.coefficients.clear();
        for batch in 0..batches {
            self.shifts.push(std::array::from_fn(|k| of(batch * POLES + k, shift)));
            self.coefficients.push(std::array::from_fn(|k| of(batch * POLES + k, coefficient)));
        }
    }

    /// A bound of the eigenvalues, by Gershgorin's circles.
    fn largest(&self) -> f64x4 {
        let (diagonal, off) = (&self.tridiagonal.diagonal, &self.tridiagonal.off);
        let mut before = f64x4::ZERO;
        let mut largest = f64x4::ZERO;
        for (a, b) in diagonal.iter().zip(off) {
            let b = b.abs();
            largest = largest.fast_max(*a + before + b);
            before = b;
        }
        largest
    }

    /// `(1 + T)⁻¹ b` in place.
    pub fn resolve(&mut self, b: &mut [f64x4]) {
        let one = f64x4::splat(1.0);
        self.factorise([one; POLES]);
        let n = b.len();
        for i in 1..n {
            b[i] = self.lower[i - 1][0].mul_neg_add(b[i - 1], b[i]);
        }
        let mut next = f64x4::ZERO;
        for i in (0..n).rev() {
            next = self.lower[i][0].mul_neg_add(next, b[i] * self.inverse[i][0]);
            b[i] = next;
        }
    }

    /// The wanted function of `T` times each vector of `b` (vectors one after another); `out` is overwritten.
    pub fn root(&mut self, b: &[f64x4], out: &mut [f64x4]) {
        out.fill(f64x4::ZERO);
        let n = self.tridiagonal.diagonal.len();
        if n == 0 {
            return;
        }
        for k in 0..self.shifts.len() {
            let one = f64x4::splat(1.0);
            self.factorise(self.shifts[k].map(|s| s + one));
            for (b, out) in b.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
                self.accumulate(&self.coefficients[k].clone(), b, out);
            }
        }
    }

    /// Factors of `T + shift` for four shifts: `lower` and the inverse of the pivots.
    fn factorise(&mut self, shifts: Batch) {
        let (diagonal, off) = (&self.tridiagonal.diagonal, &self.tridiagonal.off);
        self.inverse.resize(diagonal.len(), Batch::default());
        self.lower.resize(diagonal.len(), Batch::default());
        let one = f64x4::splat(1.0);
        let (mut before, mut coupling) = (Batch::default(), f64x4::ZERO);
        for (((a, b), inverse), lower) in diagonal.iter().zip(off).zip(&mut self.inverse).zip(&mut self.lower)
        {
            for k in 0..POLES {
                let pivot = before[k].mul_neg_add(coupling, *a + shifts[k]);
                inverse[k] = one / pivot;
                lower[k] = *b * inverse[k];
            }
            (before, coupling) = (*lower, *b);
        }
    }

    /// Adds the solutions for one vector, by their coefficients.
    fn accumulate(&mut self, coefficients: &Batch, b: &[f64x4], out: &mut [f64x4]) {
        self.forward.resize(b.len(), Batch::default());
        let mut last = Batch::default();
        let mut lower = Batch::default();
        for (((b, forward), inverse), next) in
            b.iter().zip(&mut self.forward).zip(&self.inverse).zip(&self.lower)
        {
            for k in 0..POLES {
                last[k] = lower[k].mul_neg_add(last[k], *b);
                forward[k] = last[k] * inverse[k];
            }
            lower = *next;
        }
        let mut next = Batch::default();
        for ((out, forward), lower) in out.iter_mut().zip(&self.forward).zip(&self.lower).rev() {
            for k in 0..POLES {
                next[k] = lower[k].mul_neg_add(next[k], forward[k]);
                *out = coefficients[k].mul_add(next[k], *out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letkf::tridiagonal::row_start;
    use crate::linear_algebra::eigh;
    use ndarray::{Array1, Array2};

    /// Functions of a matrix by its eigenvectors: the inverse and the wanted root of `1 + M`, times `b`.
    fn expected(m: &Array2<f64>, space: Space, b: &Array1<f64>) -> (Array1<f64>, Array1<f64>) {
        let (values, v) = eigh(m.view(), "m").unwrap();
        let function = |f: &dyn Fn(f64) -> f64| v.dot(&(v.t().dot(b) * values.mapv(|x| f(x.max(0.0)))));
        let root = |x: f64| match space {
            Space::Observation => -1.0 / ((1.0 + x).sqrt() * (1.0 + (1.0 + x).sqrt())),
            Space::Ensemble => (1.0 + x).sqrt().recip(),
        };
        (function(&|x| 1.0 / (1.0 + x)), function(&root))
    }

    #[test]
    fn functions_are_those_that_eigenvectors_give() {
        for (order, scale) in [(1, 1.0), (2, 100.0), (5, 1e-8), (20, 1.0), (33, 10.0), (64, 1000.0)] {
            let matrices: [Array2<f64>; 4] = std::array::from_fn(|lane| {
                let own = order - (lane % 2).min(order - 1);
                let z = Array2::from_shape_fn((own, 1 + order / (lane + 1)), |(i, j)| {
                    ((i * 7919 + j * 104_729 + lane * 31 + 1) as f64).sin()
                });
                z.dot(&z.t()) * scale
            });
            for space in [Space::Observation, Space::Ensemble] {
                let mut solver = Solver::default();
                solver.tridiagonal.resize(order);
                for i in 0..order {
                    for j in 0..=i {
                        let at = |k: usize| matrices[k].get((i, j)).copied().unwrap_or(0.0);
                        solver.tridiagonal.packed[row_start(i) + j] = f64x4::new(std::array::from_fn(at));
                    }
                }
                solver.reduce(space);
                let b: Vec<f64x4> = (0..order).map(|i| f64x4::splat((i as f64 + 0.3).cos())).collect();
                let mut q = b.clone();
                for lane in 0..4 {
                    // Padding of a smaller matrix carries nothing.
                    (matrices[lane].nrows()..order).for_each(|i| q[i].as_mut_array()[lane] = 0.0);
                }
                solver.tridiagonal.forward(&mut q);
                let mut root = vec![f64x4::ZERO; order];
                solver.root(&q, &mut root);
                solver.resolve(&mut q);
                solver.tridiagonal.backward(&mut root);
                solver.tridiagonal.backward(&mut q);
                for lane in 0..4 {
                    let b: Array1<f64> =
                        b.iter().take(matrices[lane].nrows()).map(|x| x.to_array()[lane]).collect();
                    let (inverse, wanted) = expected(&matrices[lane], space, &b);
                    // The poles have 8e-15, and each way knows small eigenvalues to rounding of the largest one only.
                    let rounding = 1e-14 + 4.0 * order as f64 * f64::EPSILON * matrices[lane].diag().sum();
                    let of = |x: &[f64x4]| -> Array1<f64> {
                        x.iter().take(b.len()).map(|x| x.to_array()[lane]).collect()
                    };
                    let mut gaps = [of(&q) - inverse, of(&root) - wanted];
                    if space == Space::Observation {
                        // What enters a transform is `Zᵀ g Z`, which has the eigenvalues of `M g`.
                        gaps[1] = matrices[lane].dot(&gaps[1]);
                    }
                    let gap = gaps.iter().flatten().fold(0.0, |most: f64, gap| most.max(gap.abs()));
                    assert!(gap < rounding, "{space:?}, order {order}, scale {scale}: {gap}");
                }
            }
        }
    }
}
