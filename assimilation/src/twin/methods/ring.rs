//! Localisation by distance on a ring.

use crate::analysis::{CovarianceTaper, Domain};
use crate::taper::{CUT_OFF, by_radius};

/// Points on a ring, some of them observed.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    /// Number of points.
    pub n: usize,
    /// The observed ones.
    pub observed: &'a [usize],
    /// Localisation radius, points: see [`by_radius`].
    pub radius: f64,
}

impl Ring<'_> {
    fn distance(&self, a: usize, b: usize) -> f64 {
        let d = a.abs_diff(b);
        d.min(self.n - d) as f64
    }

    /// What has a taper above the cut-off among places at the given distances.
    fn reached(&self, distances: impl Iterator<Item = f64>) -> Vec<(usize, f64)> {
        let tapers = distances.map(|d| by_radius(d, self.radius)).enumerate();
        tapers.filter(|(_, taper)| *taper > CUT_OFF).collect()
    }

    /// Domains of `batch` points; an observation's distance is the mean over them.
    #[must_use]
    pub fn domains(&self, batch: usize) -> Vec<Domain> {
        let points: Vec<usize> = (0..self.n).collect();
        let domain = |columns: &[usize]| {
            let mean =
                |&j: &usize| columns.iter().map(|&i| self.distance(i, j)).sum::<f64>() / columns.len() as f64;
            Domain { columns: columns.to_vec(), observations: self.reached(self.observed.iter().map(mean)) }
        };
        points.chunks(batch).map(domain).collect()
    }

    /// Tapers around each observation.
    #[must_use]
    pub fn covariance(&self) -> CovarianceTaper {
        let around = |places: &[usize]| {
            let one = |&j: &usize| self.reached(places.iter().map(|&i| self.distance(i, j)));
            self.observed.iter().map(one).collect()
        };
        let points: Vec<usize> = (0..self.n).collect();
        CovarianceTaper { state: around(&points), observed: around(self.observed) }
    }
}
