//! Rank histogram: how often an observation falls between which members. Where it might be one of them every rank is
//! equally likely (Hamill 2001, doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2); members get the observation's
//! error first, because it has one.
//!
//! Tests of flatness take ranks as independent: serial correlation of the observations makes small probabilities
//! smaller than they should be (Wilks 2004, doi:10.1175/1520-0493(2004)132<1329:TMRHAT>2.0.CO;2).

use reterra_statistics::Stream;
use reterra_statistics::tail::chi_square_tail;
use serde::{Deserialize, Serialize};

use crate::AssimilationError;

/// Counts by rank, N + 1 of them; empty before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankHistogram {
    counts: Vec<u64>,
}

/// How far a histogram is from flat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flatness {
    /// `Σ (count - expected)² / expected` over classes of ranks.
    pub chi2: f64,
    /// Classes less one.
    pub dof: usize,
    /// Probability of at least this χ² where all ranks are equally likely.
    pub p_value: f64,
    /// The part of χ² that a slope explains, as a signed standard normal number: above zero where observations lie above
    /// the members. Jolliffe and Primo 2008, doi:10.1175/2007MWR2219.1.
    pub slope: f64,
    /// The part that a V explains, likewise: above zero where the outer ranks are too full, that is, where the
    /// ensemble is too narrow.
    pub outer: f64,
}

impl RankHistogram {
    /// Adds the rank of an observation among members that have the observation's error; among equals it is drawn.
    ///
    /// # Errors
    /// `Shape` where an earlier ensemble had another size.
    pub fn push(&mut self, obs: f64, members: &[f64], draw: &mut Stream) -> Result<(), AssimilationError> {
        let below = members.iter().filter(|x| **x < obs).count();
        let equal = members.iter().filter(|x| (**x).total_cmp(&obs).is_eq()).count();
        let rank = below + draw.index(equal + 1);
        self.fit(members.len() + 1)?;
        self.counts[rank] += 1;
        Ok(())
    }

    /// Adds another's counts.
    ///
    /// # Errors
    /// `Shape` where its ensemble had another size.
    pub fn merge(&mut self, other: &Self) -> Result<(), AssimilationError> {
        if other.counts.is_empty() {
            return Ok(());
        }
        self.fit(other.counts.len())?;
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, count)| *own += count);
        Ok(())
    }

    fn fit(&mut self, ranks: usize) -> Result<(), AssimilationError> {
        if self.counts.is_empty() {
            self.counts = vec![0; ranks];
        }
        if self.counts.len() == ranks {
            return Ok(());
        }
        let what = "ranks of a rank histogram (members + 1)";
        Err(AssimilationError::Shape { what, expected: self.counts.len(), got: ranks })
    }

    /// Counts by rank, from below all members to above all.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Counts in `classes` runs of neighbouring ranks that are as even as they can be, each with its number of ranks.
    #[must_use]
    pub fn classes(&self, classes: usize) -> Vec<(u64, usize)> {
        let ranks = self.counts.len();
        let classes = classes.clamp(1, ranks.max(1));
        let first = |k: usize| k * ranks / classes;
        (0..classes)
            .map(|k| &self.counts[first(k)..first(k + 1)])
            .map(|run| (run.iter().sum(), run.len()))
            .collect()
    }

    /// Tests flatness over `classes` of ranks; none without counts or with less than three classes. χ² needs about five
    /// expected counts in each.
    #[must_use]
    pub fn flatness(&self, classes: usize) -> Option<Flatness> {
        let total: u64 = self.counts.iter().sum();
        let classes = self.classes(classes);
        if total == 0 || classes.len() < 3 {
            return None;
        }
        let expected = |width: usize| total as f64 * width as f64 / self.counts.len() as f64;
        let widths: Vec<f64> = classes.iter().map(|(_, w)| expected(*w)).collect();
        let excess: Vec<f64> = classes.iter().zip(&widths).map(|((c, _), e)| *c as f64 - e).collect();
        let chi2: f64 = excess.iter().zip(&widths).map(|(x, e)| x * x / e).sum();
        let middle = 0.5 * (classes.len() - 1) as f64;
        let linear: Vec<f64> = (0..classes.len()).map(|k| k as f64 - middle).collect();
        let vee: Vec<f64> = linear.iter().map(|x| x.abs()).collect();
        let dof = classes.len() - 1;
        Some(Flatness {
            chi2,
            dof,
            p_value: chi_square_tail(chi2, dof as f64),
            slope: component(&excess, &widths, &linear),
            outer: component(&excess, &widths, &vee),
        })
    }
}

/// The excess along a shape, in standard deviations: the shape's mean over expected counts comes off first.
fn component(excess: &[f64], expected: &[f64], shape: &[f64]) -> f64 {
    let total: f64 = expected.iter().sum();
    let mean = expected.iter().zip(shape).map(|(e, s)| e * s).sum::<f64>() / total;
    let along: f64 = excess.iter().zip(shape).map(|(x, s)| x * (s - mean)).sum();
    let variance: f64 = expected.iter().zip(shape).map(|(e, s)| e * (s - mean).powi(2)).sum();
    along / variance.sqrt()
}

/// Members with an error of this standard deviation added to each.
pub(super) fn with_error(members: &[f64], sd: f64, draw: &mut Stream) -> Vec<f64> {
    members.iter().map(|x| sd.mul_add(draw.normal(), *x)).collect()
}
