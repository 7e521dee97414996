//! Four small symmetric matrices brought to tridiagonal form side by side, one in each lane.
//!
//! `A = Q T Qᵀ` by Householder reflections from the last row up, as EISPACK's `tred2` does (Martin, Reinsch and
//! Wilkinson 1968, doi:10.1007/BF02161360). The update of one step and the product that the next step needs go through
//! the matrix together, so each step reads and writes it once. A matrix that is smaller than its neighbours is padded
//! with rows of zeros; they add nothing, so a lane has the same bits whoever its neighbours are.

use wide::f64x4;

/// Where row `i` of a packed lower triangle begins; row `i` has `i + 1` entries.
pub(crate) const fn row_start(i: usize) -> usize {
    i * (i + 1) / 2
}

/// Room for four matrices of up to some order and for what makes them tridiagonal.
#[derive(Debug, Default)]
pub(crate) struct Tridiagonal {
    order: usize,
    /// Lower triangle, rows one after another. Afterwards row `i` holds the reflection `v` of step `i` in `0..i`.
    pub packed: Vec<f64x4>,
    /// Diagonal of `T`.
    pub diagonal: Vec<f64x4>,
    /// `off[i]` couples `i` and `i + 1`.
    pub off: Vec<f64x4>,
    /// Factor of each reflection `1 - tau v vᵀ`; zero where nothing is reflected.
    tau: Vec<f64x4>,
    /// The present step's `v` and `w` of the update `A - v wᵀ - w vᵀ`, and the product that the next one needs.
    v: Vec<f64x4>,
    w: Vec<f64x4>,
    product: Vec<f64x4>,
}

impl Tridiagonal {
    /// Makes room for matrices of this order; `packed` is then to be filled.
    pub fn resize(&mut self, order: usize) {
        self.order = order;
        self.packed.resize(row_start(order), f64x4::ZERO);
        for part in
            [&mut self.diagonal, &mut self.off, &mut self.tau, &mut self.v, &mut self.w, &mut self.product]
        {
            part.clear();
            part.resize(order, f64x4::ZERO);
        }
    }

    /// Reduces what is in `packed`.
    pub fn reduce(&mut self) {
        // The update that is still to be applied: none before the first step.
        for i in (1..self.order).rev() {
            self.update_row(i);
            self.reflect(i);
            self.update_and_multiply(i);
            self.close_step(i);
        }
        if self.order > 0 {
            self.update_row(0);
        }
    }

    /// Applies the pending update to row `i` and takes its diagonal element.
    fn update_row(&mut self, i: usize) {
        let row = &mut self.packed[row_start(i)..][..=i];
        let (v, w) = (self.v[i], self.w[i]);
        for ((a, vj), wj) in row.iter_mut().zip(&self.v[..=i]).zip(&self.w[..=i]) {
            *a = v.mul_neg_add(*wj, w.mul_neg_add(*vj, *a));
        }
        self.diagonal[i] = row[i];
    }

    /// Replaces row `i` by the reflection that leaves of it the element before the diagonal only.
    fn reflect(&mut self, i: usize) {
        let row = &mut self.packed[row_start(i)..][..i];
        let (alpha, head) = (row[i - 1], &row[..i - 1]);
        let tail = sum_of_squares(head);
        let idle = tail.simd_eq(f64x4::ZERO);
        let norm = alpha.mul_add(alpha, tail).sqrt();
        let beta = alpha.simd_gt(f64x4::ZERO).bitselect(-norm, norm);
        let one = f64x4::splat(1.0);
        let scale = idle.bitselect(f64x4::ZERO, one / idle.bitselect(one, alpha - beta));
        self.tau[i] = idle.bitselect(f64x4::ZERO, (beta - alpha) / idle.bitselect(one, beta));
        self.off[i - 1] = idle.bitselect(alpha, beta);
        row[..i - 1].iter_mut().for_each(|x| *x *= scale);
        row[i - 1] = one;
    }

    /// Applies the pending update to rows `0..i` and multiplies what comes out by the new reflection's `v`.
    fn update_and_multiply(&mut self, i: usize) {
        let (rows, rest) = self.packed.split_at_mut(row_start(i));
        let (u, v, w) = (&rest[..i], &self.v[..i], &self.w[..i]);
        let product = &mut self.product[..i];
        product.fill(f64x4::ZERO);
        let mut r = 0;
        let mut rows = rows;
        while r + 1 < i {
            let (pair, left) = rows.split_at_mut(2 * r + 3);
            pair_of_rows(r, pair, (u, v, w), product);
            rows = left;
            r += 2;
        }
        if r < i {
            single_row(r, rows, (u, v, w), product);
        }
    }

    /// Makes the product into the update that is pending from here on.
    fn close_step(&mut self, i: usize) {
        let tau = self.tau[i];
        let u = &self.packed[row_start(i)..][..i];
        let mut inner = f64x4::ZERO;
        for (p, u) in self.product[..i].iter_mut().zip(u) {
            *p *= tau;
            inner = p.mul_add(*u, inner);
        }
        let half = tau * inner * f64x4::splat(0.5);
        for (((w, v), p), u) in self.w.iter_mut().zip(&mut self.v).zip(&self.product[..i]).zip(u) {
            *w = half.mul_neg_add(*u, *p);
            *v = *u;
        }
    }

    /// `Qᵀ b` in place.
    pub fn forward(&self, b: &mut [f64x4]) {
        for i in (1..self.order).rev() {
            self.apply(i, b);
        }
    }

    /// `Q b` in place.
    pub fn backward(&self, b: &mut [f64x4]) {
        for i in 1..self.order {
            self.apply(i, b);
        }
    }

    fn apply(&self, i: usize, b: &mut [f64x4]) {
        let v = &self.packed[row_start(i)..][..i];
        let b = &mut b[..i];
        let inner = dot(v, b) * self.tau[i];
        for (b, v) in b.iter_mut().zip(v) {
            *b = inner.mul_neg_add(*v, *b);
        }
    }
}

type Vectors<'a> = (&'a [f64x4], &'a [f64x4], &'a [f64x4]);

/// Rows `r` and `r + 1` (`pair`): update by `v`, `w`; their part of the symmetric product with `u`.
#[inline]
fn pair_of_rows(r: usize, pair: &mut [f64x4], (u, v, w): Vectors<'_>, product: &mut [f64x4]) {
    let (first, second) = pair.split_at_mut(r + 1);
    let (v0, w0, u0) = (v[r], w[r], u[r]);
    let (v1, w1, u1) = (v[r + 1], w[r + 1], u[r + 1]);
    let (mut sum0, mut sum1) = (f64x4::ZERO, f64x4::ZERO);
    let columns = u[..r].iter().zip(&v[..r]).zip(&w[..r]).zip(&mut product[..r]);
    for ((((uj, vj), wj), pj), (a, b)) in columns.zip(first[..r].iter_mut().zip(&mut second[..r])) {
        let x = v0.mul_neg_add(*wj, w0.mul_neg_add(*vj, *a));
        let y = v1.mul_neg_add(*wj, w1.mul_neg_add(*vj, *b));
        *a = x;
        *b = y;
        sum0 = x.mul_add(*uj, sum0);
        sum1 = y.mul_add(*uj, sum1);
        *pj = y.mul_add(u1, x.mul_add(u0, *pj));
    }
    // The two rows' own corner: (r, r), (r + 1, r), (r + 1, r + 1).
    let a = v0.mul_neg_add(w0, w0.mul_neg_add(v0, first[r]));
    let b = v1.mul_neg_add(w0, w1.mul_neg_add(v0, second[r]));
    let c = v1.mul_neg_add(w1, w1.mul_neg_add(v1, second[r + 1]));
    (first[r], second[r], second[r + 1]) = (a, b, c);
    product[r] += b.mul_add(u1, a.mul_add(u0, sum0));
    product[r + 1] += c.mul_add(u1, b.mul_add(u0, sum1));
}

/// As [`pair_of_rows`] for a last row that is alone.
#[inline]
fn single_row(r: usize, row: &mut [f64x4], (u, v, w): Vectors<'_>, product: &mut [f64x4]) {
    let (v0, w0, u0) = (v[r], w[r], u[r]);
    let mut sum = f64x4::ZERO;
    for ((((uj, vj), wj), pj), a) in u.iter().zip(v).zip(w).zip(product.iter_mut()).zip(&mut row[..r]) {
        let x = v0.mul_neg_add(*wj, w0.mul_neg_add(*vj, *a));
        *a = x;
        sum = x.mul_add(*uj, sum);
        *pj = x.mul_add(u0, *pj);
    }
    row[r] = v0.mul_neg_add(w0, w0.mul_neg_add(v0, row[r]));
    product[r] += row[r].mul_add(u0, sum);
}

/// Sum over entries of the products, in an order that leading entries alone decide.
fn dot(a: &[f64x4], b: &[f64x4]) -> f64x4 {
    let mut sums = [f64x4::ZERO; 4];
    let (fours, rest) = a.as_chunks::<4>();
    let (others, others_rest) = b.as_chunks::<4>();
    for (a, b) in fours.iter().zip(others) {
        for k in 0..4 {
            sums[k] = a[k].mul_add(b[k], sums[k]);
        }
    }
    for (k, (a, b)) in rest.iter().zip(others_rest).enumerate() {
        sums[k] = a.mul_add(*b, sums[k]);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn sum_of_squares(a: &[f64x4]) -> f64x4 {
    dot(a, a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    use crate::linear_algebra::eigh;

    /// A positive semidefinite matrix of the given order and rank.
    fn matrix(order: usize, rank: usize, seed: usize) -> Array2<f64> {
        let z = Array2::from_shape_fn((order, rank), |(i, j)| {
            ((i * 7919 + j * 104_729 + seed * 31 + 1) as f64).sin()
        });
        z.dot(&z.t())
    }

    fn load(work: &mut Tridiagonal, order: usize, matrices: &[Array2<f64>; 4]) {
        work.resize(order);
        for i in 0..order {
            for j in 0..=i {
                let at = |k: usize| matrices[k].get((i, j)).copied().unwrap_or(0.0);
                work.packed[row_start(i) + j] = f64x4::new(std::array::from_fn(at));
            }
        }
        work.reduce();
    }

    #[test]
    fn the_reduction_keeps_the_eigenvalues_and_its_vectors_lead_back() {
        for order in [1, 2, 3, 4, 7, 8, 31] {
            let matrices: [_; 4] = std::array::from_fn(|k| matrix(order, order.div_ceil(1 + k % 2), k));
            let mut work = Tridiagonal::default();
            load(&mut work, order, &matrices);
            for lane in 0..4 {
                let get = |x: f64x4| x.to_array()[lane];
                let mut t = Array2::zeros((order, order));
                for i in 0..order {
                    t[[i, i]] = get(work.diagonal[i]);
                    if i + 1 < order {
                        t[[i, i + 1]] = get(work.off[i]);
                        t[[i + 1, i]] = get(work.off[i]);
                    }
                }
                let (expected, _) = eigh(matrices[lane].view(), "a").unwrap();
                let (found, _) = eigh(t.view(), "t").unwrap();
                let size = expected[order - 1];
                assert!(
                    (&expected - &found).iter().all(|x| x.abs() < 1e-14 * size * order as f64),
                    "{order} {lane}"
                );
                // Q T Qᵀ e0 is the first column of A.
                let mut b: Vec<f64x4> =
                    (0..order).map(|i| f64x4::splat(f64::from(u8::from(i == 0)))).collect();
                work.forward(&mut b);
                let qt: ndarray::Array1<f64> = b.iter().map(|x| get(*x)).collect();
                let mut c: Vec<f64x4> = t.dot(&qt).iter().map(|x| f64x4::splat(*x)).collect();
                work.backward(&mut c);
                for i in 0..order {
                    assert!((get(c[i]) - matrices[lane][[i, 0]]).abs() < 1e-14 * size * order as f64);
                }
            }
        }
    }

    #[test]
    fn a_lane_does_not_feel_its_neighbours_nor_its_padding() {
        let matrices = [matrix(9, 9, 0), matrix(4, 3, 1), matrix(6, 6, 2), matrix(9, 2, 3)];
        let mut work = Tridiagonal::default();
        load(&mut work, 9, &matrices);
        let together = (work.diagonal.clone(), work.off.clone());
        for lane in 0..4 {
            let order = matrices[lane].nrows();
            load(&mut work, order, &std::array::from_fn(|_| matrices[lane].clone()));
            for i in 0..order {
                let bits = |x: f64x4| x.to_array()[lane].to_bits();
                assert_eq!(bits(work.diagonal[i]), bits(together.0[i]), "{lane} {i}");
                assert_eq!(bits(work.off[i]), bits(together.1[i]), "{lane} {i}");
            }
        }
    }
}
