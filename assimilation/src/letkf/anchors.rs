//! Transforms at some columns only, and between them interpolated (Yang et al. 2009, doi:10.1002/qj.353).
//!
//! Weights vary more smoothly than states do. What it costs in accuracy depends on the localisation radius in strides.

use crate::AssimilationError;
use crate::localisation::metric::Place;

/// Columns of a grid that get a transform of their own, and what every column takes of which of them.
#[derive(Clone, Debug)]
pub struct Anchors {
    places: Vec<Place>,
    shares: Vec<[(u32, f64); 4]>,
}

impl Anchors {
    /// Every `stride`-th line and row of a grid, the last ones included, with bilinear weights in between. Column
    /// `(j, i)` of `(lines, rows)` is number `j rows + i` of `places`.
    ///
    /// # Errors
    /// `Shape` where the places are not that many, `Option` for a stride of 0.
    pub fn of_grid(
        places: &[Place],
        (lines, rows): (usize, usize),
        stride: usize,
    ) -> Result<Self, AssimilationError> {
        if places.len() != lines * rows {
            let (what, expected) = ("places of the grid", lines * rows);
            return Err(AssimilationError::Shape { what, expected, got: places.len() });
        }
        if stride == 0 {
            return Err(AssimilationError::Option { option: "stride", value: 0.0, range: "[1, infinity)" });
        }
        let (of_lines, of_rows) = (anchored(lines, stride), anchored(rows, stride));
        let at = |j: usize, i: usize| (j * of_rows.len() + i) as u32;
        let anchors = of_lines.iter().flat_map(|j| of_rows.iter().map(move |i| places[j * rows + i]));
        let mut shares = Vec::with_capacity(places.len());
        for j in 0..lines {
            let [(j0, a0), (j1, a1)] = between(&of_lines, stride, j);
            for i in 0..rows {
                let [(i0, b0), (i1, b1)] = between(&of_rows, stride, i);
                shares.push([
                    (at(j0, i0), a0 * b0),
                    (at(j0, i1), a0 * b1),
                    (at(j1, i0), a1 * b0),
                    (at(j1, i1), a1 * b1),
                ]);
            }
        }
        Ok(Self { places: anchors.collect(), shares })
    }

    /// Where the transforms are computed.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What each column takes of four of them; the shares sum to 1.
    #[must_use]
    pub fn shares(&self) -> &[[(u32, f64); 4]] {
        &self.shares
    }
}

/// Every `stride`-th number below `count`, and the last one.
fn anchored(count: usize, stride: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).step_by(stride).collect();
    if numbers.last().is_some_and(|last| last + 1 < count) {
        numbers.push(count - 1);
    }
    numbers
}

/// The anchors (positions in their list) before and after a number, and the shares of both.
fn between(anchors: &[usize], stride: usize, k: usize) -> [(usize, f64); 2] {
    let before = (k / stride).min(anchors.len() - 1);
    let after = (before + 1).min(anchors.len() - 1);
    let gap = anchors[after] - anchors[before];
    let share = if gap == 0 { 0.0 } else { (k - anchors[before]) as f64 / gap as f64 };
    [(before, 1.0 - share), (after, share)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::localisation::Metric;
    use approx::assert_abs_diff_eq;

    #[test]
    fn shares_interpolate_coordinates_exactly() {
        for ((lines, rows), stride) in [((7, 10), 3), ((8, 9), 4), ((1, 5), 2), ((4, 4), 1), ((3, 3), 9)] {
            let point = |j: usize, i: usize| Metric::Plane.place(j as f64, i as f64);
            let places: Vec<_> = (0..lines * rows).map(|k| point(k / rows, k % rows)).collect();
            let anchors = Anchors::of_grid(&places, (lines, rows), stride).unwrap();
            for (place, shares) in places.iter().zip(anchors.shares()) {
                let of = |axis: usize| -> f64 {
                    shares.iter().map(|(k, share)| share * anchors.places()[*k as usize].0[axis]).sum()
                };
                assert_abs_diff_eq!(of(0), place.0[0], epsilon = 1e-13);
                assert_abs_diff_eq!(of(1), place.0[1], epsilon = 1e-13);
                assert_abs_diff_eq!(shares.iter().map(|(_, share)| share).sum::<f64>(), 1.0, epsilon = 1e-14);
            }
        }
        assert!(Anchors::of_grid(&[], (0, 0), 0).is_err());
        assert!(Anchors::of_grid(&[], (1, 1), 1).is_err());
    }
}
