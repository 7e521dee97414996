//! A problem to measure local filters by, the same bits in any language: waves on a grid, a tenth of it observed.
//!
//! Point `(j, i)`, `j` from 1 to `nx` and `i` from 1 to `ny`, is state variable `(j - 1) ny + i`; distances are in
//! grid steps. Every number comes from a hash of 32 bits, so that the problem needs no file.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2, ArrayView2};

use crate::localisation::metric::{Metric, Place};

/// Size of the grid and of the ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// Grid points along the first coordinate.
    pub nx: usize,
    /// Grid points along the second one.
    pub ny: usize,
    /// Members, N.
    pub members: usize,
}

/// Localisation radius, grid steps.
pub const RADIUS: f64 = 10.0;
/// Forgetting factor.
pub const FORGETTING: f64 = 0.95;
/// Error variance of an observation.
pub const ERROR_VARIANCE: f64 = 0.25;
const DENSITY: f64 = 0.1;
const MODES: u64 = 40;

/// What is observed.
#[derive(Clone, Debug)]
pub struct Observed {
    /// State variables, from 0, ascending.
    pub points: Vec<usize>,
    /// Their places.
    pub places: Vec<Place>,
    /// Values.
    pub values: Vec<f64>,
    /// Error variances.
    pub variances: Vec<f64>,
}

impl Waves {
    /// State variables.
    #[must_use]
    pub fn points(&self) -> usize {
        self.nx * self.ny
    }

    /// The place of state variable `l`, from 0.
    #[must_use]
    pub fn place(&self, l: usize) -> Place {
        Metric::Plane.place((l / self.ny + 1) as f64, (l % self.ny + 1) as f64)
    }

    /// Places of all state variables.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        (0..self.points()).map(|l| self.place(l)).collect()
    }

    /// Field `k` at all state variables: 0 is the truth, 1 to N are the members.
    #[must_use]
    pub fn field(&self, k: u64) -> Vec<f64> {
        let mut field = vec![0.0; self.points()];
        self.write_field(k, 0, &mut field);
        field
    }

    /// Field `k` at the state variables from `first` on, as many as `field` holds.
    pub fn write_field(&self, k: u64, first: usize, field: &mut [f64]) {
        field.fill(0.0);
        let number = |m: u64, stream: u64| u01(1000 * k + m + stream);
        let wave = |m, stream| TAU * (1.0 + (12.0 * number(m, stream)).floor());
        let waves: Vec<_> = (1..=MODES)
            .map(|m| (wave(m, 1_000_000), wave(m, 2_000_000), TAU * number(m, 3_000_000)))
            .collect();
        for (kx, ky, phase) in waves {
            // sin(a + b) of the parts along each axis costs a sine a line, not one a point.
            let along: Vec<_> = (1..=self.ny).map(|i| (ky * i as f64 / self.ny as f64).sin_cos()).collect();
            let (mut l, mut left) = (first, &mut *field);
            while !left.is_empty() {
                let (j, i) = (l / self.ny, l % self.ny);
                let (line, rest) = left.split_at_mut((self.ny - i).min(left.len()));
                let (sin, cos) = (kx * (j + 1) as f64 / self.nx as f64 + phase).sin_cos();
                line.iter_mut().zip(&along[i..]).for_each(|(x, (s, c))| *x += sin * c + cos * s);
                (l, left) = (l + line.len(), rest);
            }
        }
        let amplitude = (2.0 / MODES as f64).sqrt();
        for x in field {
            *x *= amplitude;
        }
    }

    /// The prior ensemble (N × n).
    #[must_use]
    pub fn prior(&self) -> Array2<f64> {
        let mut e = Array2::zeros((self.members, self.points()));
        for (k, mut member) in e.rows_mut().into_iter().enumerate() {
            member.assign(&Array1::from(self.field(k as u64 + 1)));
        }
        e
    }

    /// The observations.
    #[must_use]
    pub fn observed(&self) -> Observed {
        let truth = self.field(0);
        let points: Vec<usize> =
            (0..self.points()).filter(|l| u01(*l as u64 + 1 + 50_000_000) < DENSITY).collect();
        let sd = ERROR_VARIANCE.sqrt();
        let value = |l: &usize| truth[*l] + sd * gauss(*l as u64 + 1 + 100_000_000);
        Observed {
            places: points.iter().map(|l| self.place(*l)).collect(),
            values: points.iter().map(value).collect(),
            variances: vec![ERROR_VARIANCE; points.len()],
            points,
        }
    }
}

impl Observed {
    /// What an ensemble (N × n) predicts for them (N × m).
    #[must_use]
    pub fn predicted(&self, e: ArrayView2<'_, f64>) -> Array2<f64> {
        Array2::from_shape_fn((e.nrows(), self.points.len()), |(k, j)| e[[k, self.points[j]]])
    }
}

/// A number in [0, 1) from a 32-bit hash.
fn u01(n: u64) -> f64 {
    const MASK: u64 = 0xFFFF_FFFF;
    let mut h = n.wrapping_mul(2_654_435_761) & MASK;
    h ^= h >> 16;
    h = (h * 1_597_334_677) & MASK;
    h ^= h >> 15;
    h = (h * 747_796_405) & MASK;
    h ^= h >> 16;
    h as f64 / 4_294_967_296.0
}

/// A standard normal number.
fn gauss(n: u64) -> f64 {
    (-2.0 * (u01(2 * n + 1) + 1e-12).ln()).sqrt() * (TAU * u01(2 * n + 2)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::{ArrayView1, Axis};

    use crate::letkf::{Columns, Letkf, Summary};
    use crate::localisation::{Locality, Network, ObservationSet, Taper};
    use crate::transform::column_means;

    fn rms<'a>(x: impl IntoIterator<Item = &'a f64>) -> f64 {
        let (sum, count) = x.into_iter().fold((0.0, 0.0), |(sum, count), x| (sum + x * x, count + 1.0));
        f64::sqrt(sum / count)
    }

    fn rmse(mean: ArrayView1<'_, f64>, truth: &[f64]) -> f64 {
        rms(mean.iter().zip(truth).map(|(a, b)| a - b).collect::<Vec<_>>().iter())
    }

    fn spread(e: &Array2<f64>) -> f64 {
        let anomalies = e - &column_means(e.view());
        rms(anomalies.iter()) * (e.nrows() as f64 / (e.nrows() - 1) as f64).sqrt()
    }

    #[test]
    fn the_analysis_has_the_published_check_values() {
        let waves = Waves { nx: 400, ny: 250, members: 32 };
        let (truth, mut e, observed) = (waves.field(0), waves.prior(), waves.observed());
        assert_eq!(observed.points.len(), 9917);
        assert_abs_diff_eq!(rmse(column_means(e.view()).view(), &truth), 0.998045853353398, epsilon = 1e-11);
        assert_abs_diff_eq!(spread(&e), 0.998955806484746, epsilon = 1e-11);
        let locality = Locality::new(Metric::Plane, Taper::GaspariCohn, RADIUS).unwrap();
        let network = Network {
            places: &observed.places,
            slices: None,
            values: &observed.values,
            variances: &observed.variances,
        };
        let set = ObservationSet::new(&locality, &network, observed.predicted(e.view()).view()).unwrap();
        let filter = Letkf::new(locality).with_forgetting(FORGETTING).unwrap();
        let columns = Columns::uniform(waves.places(), 1);
        let summary: Summary = filter.analyse(&set, &columns, e.view_mut().insert_axis(Axis(1))).unwrap();
        assert_eq!(summary.transforms, 100_000);
        let mean = column_means(e.view());
        assert_abs_diff_eq!(rmse(mean.view(), &truth), 0.239928603815043, epsilon = 1e-11);
        assert_abs_diff_eq!(spread(&e), 0.296541133785686, epsilon = 1e-11);
        assert_abs_diff_eq!(rms(mean.iter()), 0.932828975117495, epsilon = 1e-11);
        assert_abs_diff_eq!(rms(e.row(0).iter()), 0.978751039970376, epsilon = 1e-11);
        let three = [(0, -0.604929174317339), (999, -1.00746981804474), (50_000, -1.08914350843295)];
        for (l, expected) in three {
            assert_abs_diff_eq!(mean[l], expected, epsilon = 1e-11);
        }
    }
}
