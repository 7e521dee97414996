//! Products of rows of anomalies: dot products in an order that is the same wherever a pair of rows meets.

use wide::f64x4;

/// Dot products of each pair of rows, lower triangle with `leading` numbers a row; `rows` has them one after another,
/// `width` vectors each, and their number is a multiple of four.
pub(crate) fn gram(rows: &[f64x4], width: usize, out: &mut Vec<f64>) {
    let count = rows.len() / width;
    out.resize(count * count, 0.0);
    for i in (0..count).step_by(2) {
        let pair = [row(rows, width, i), row(rows, width, i + 1)];
        for j in (0..=i).step_by(4) {
            let others = std::array::from_fn(|k| row(rows, width, j + k));
            let [first, second] = two_by_four(pair, others);
            out[i * count + j..][..4].copy_from_slice(&first.to_array());
            out[(i + 1) * count + j..][..4].copy_from_slice(&second.to_array());
        }
    }
}

#[inline]
fn row(rows: &[f64x4], width: usize, i: usize) -> &[f64x4] {
    &rows[i * width..][..width]
}

#[inline]
fn two_by_four(pair: [&[f64x4]; 2], others: [&[f64x4]; 4]) -> [f64x4; 2] {
    let mut sums = [[f64x4::ZERO; 4]; 2];
    let width = pair[0].len();
    let (a, b) = (pair[0], &pair[1][..width]);
    let others = others.map(|row| &row[..width]);
    for k in 0..width {
        for l in 0..4 {
            sums[0][l] = a[k].mul_add(others[l][k], sums[0][l]);
            sums[1][l] = b[k].mul_add(others[l][k], sums[1][l]);
        }
    }
    sums.map(across)
}

/// The sum of each vector's numbers.
#[inline]
fn across(sums: [f64x4; 4]) -> f64x4 {
    let [a, b, c, d] = f64x4::transpose(sums);
    (a + b) + (c + d)
}

/// Dot products of some rows with one vector, times a factor each.
pub(crate) fn project(rows: &[f64x4], chosen: &[u32], factors: &[f64], x: &[f64x4], out: &mut Vec<f64>) {
    out.clear();
    let width = x.len();
    for (four, factors) in chosen.chunks(4).zip(factors.chunks(4)) {
        let at = |k: usize| row(rows, width, four[k.min(four.len() - 1)] as usize);
        let others = std::array::from_fn::<_, 4, _>(at);
        let mut sums = [f64x4::ZERO; 4];
        for k in 0..width {
            for l in 0..4 {
                sums[l] = x[k].mul_add(others[l][k], sums[l]);
            }
        }
        let sums = across(sums).to_array();
        out.extend(sums.iter().zip(factors).map(|(sum, factor)| sum * factor));
    }
}

/// Adds some rows to `x`, each by its coefficient.
pub(crate) fn add_rows(rows: &[f64x4], chosen: &[u32], coefficients: &[f64], x: &mut [f64x4]) {
    let width = x.len();
    for (pair, c) in chosen.chunks(2).zip(coefficients.chunks(2)) {
        let first = row(rows, width, pair[0] as usize);
        let a = f64x4::splat(c[0]);
        if let ([_, second], [_, c]) = (pair, c) {
            let (second, b) = (row(rows, width, *second as usize), f64x4::splat(*c));
            for ((x, first), second) in x.iter_mut().zip(first).zip(second) {
                *x = second.mul_add(b, first.mul_add(a, *x));
            }
        } else {
            x.iter_mut().zip(first).for_each(|(x, first)| *x = first.mul_add(a, *x));
        }
    }
}

/// The sum over some rows of the row's outer product with itself, times a factor each: lower triangle and more of a
/// square of `4 width` numbers a side.
pub(crate) fn outer(rows: &[f64x4], width: usize, chosen: &[u32], factors: &[f64], out: &mut Vec<f64x4>) {
    let side = 4 * width;
    out.resize(side * width, f64x4::ZERO);
    for i in (0..side).step_by(4) {
        for j in (0..=i / 4).step_by(2) {
            let last = (j + 1).min(width - 1);
            let mut sums = [[f64x4::ZERO; 2]; 4];
            for (k, factor) in chosen.iter().zip(factors) {
                let row = row(rows, width, *k as usize);
                let scaled = (row[i / 4] * f64x4::splat(*factor)).to_array();
                for l in 0..4 {
                    let scaled = f64x4::splat(scaled[l]);
                    sums[l][0] = scaled.mul_add(row[j], sums[l][0]);
                    sums[l][1] = scaled.mul_add(row[last], sums[l][1]);
                }
            }
            for l in 0..4 {
                out[(i + l) * width + j] = sums[l][0];
                out[(i + l) * width + last] = sums[l][1];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    fn rows(count: usize, width: usize) -> Vec<f64x4> {
        let number = |k: usize| ((k * 7919 + 1) as f64).sin();
        (0..count * width).map(|k| f64x4::new(std::array::from_fn(|l| number(4 * k + l)))).collect()
    }

    fn dot(a: &[f64x4], b: &[f64x4]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (*a * *b).to_array().iter().sum::<f64>()).sum()
    }

    #[test]
    fn products_are_those_of_plain_sums() {
        let (count, width) = (8, 3);
        let rows = rows(count, width);
        let mut g = Vec::new();
        gram(&rows, width, &mut g);
        for i in 0..count {
            for j in 0..=i {
                let expected = dot(row(&rows, width, i), row(&rows, width, j));
                assert_abs_diff_eq!(g[i * count + j], expected, epsilon = 1e-13);
            }
        }
        let (chosen, factors) = ([1, 3, 4, 6, 7], [0.5, 2.0, 1.0, -1.0, 3.0]);
        let (mut z, x) = (Vec::new(), row(&rows, width, 5));
        project(&rows, &chosen, &factors, x, &mut z);
        let mut sum = vec![f64x4::ZERO; width];
        add_rows(&rows, &chosen, &z, &mut sum);
        let mut square = Vec::new();
        outer(&rows, width, &chosen, &factors, &mut square);
        let mut product = [0.0; 12];
        for (k, (c, f)) in chosen.iter().zip(factors).enumerate() {
            let own = row(&rows, width, *c as usize);
            assert_abs_diff_eq!(z[k], f * dot(own, x), epsilon = 1e-13);
            product
                .iter_mut()
                .enumerate()
                .for_each(|(i, p)| *p += own[i / 4].to_array()[i % 4] * f * dot(own, x));
        }
        for i in 0..12 {
            assert_abs_diff_eq!(sum[i / 4].to_array()[i % 4], product[i], epsilon = 1e-12);
            let lower = |j: usize| square[i * width + j / 4].to_array()[j % 4];
            let from: f64 = (0..=i)
                .map(|j| {
                    chosen
                        .iter()
                        .zip(factors)
                        .map(|(c, f)| {
                            let at = |k: usize| row(&rows, width, *c as usize)[k / 4].to_array()[k % 4];
                            f * at(i) * at(j)
                        })
                        .sum::<f64>()
                        - lower(j)
                })
                .map(f64::abs)
                .sum();
            assert!(from < 1e-12);
        }
    }

    #[test]
    fn a_pair_has_the_same_bits_in_every_company() {
        let width = 8;
        let rows = rows(12, width);
        let (mut all, mut some) = (Vec::new(), Vec::new());
        gram(&rows, width, &mut all);
        gram(&rows[3 * width..11 * width], width, &mut some);
        for i in 0..8 {
            for j in 0..=i {
                assert_eq!(some[i * 8 + j].to_bits(), all[(i + 3) * 12 + j + 3].to_bits());
            }
        }
    }
}
