//! Spread against skill: where the ensemble is wider its mean should be farther off.
//!
//! Bins are octaves of the prior spread in units of the observation's error, so variables of any unit share them and
//! statistics merge. The expected square of an innovation is `(1 + 1/N) s² + r` (Fortin et al. 2014,
//! doi:10.1175/JHM-D-14-0008.1): the mean of N members is uncertain itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Clustered;

/// Octaves beyond which bins are open: spreads of 1/16 of the error and of 16 errors.
const LAST_OCTAVE: i32 = 4;

/// Innovations by spread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpreadSkill {
    bins: BTreeMap<i32, Sums>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    spread: Clustered,
    expected: Clustered,
    found: Clustered,
}

/// One bin; all in units of the observation's error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Observations in it.
    pub count: u64,
    /// Root mean square of the spread.
    pub spread: f64,
    /// Root mean square that innovations should have.
    pub expected: f64,
    /// Root mean square that they have.
    pub found: f64,
}

impl SpreadSkill {
    /// Innovations of one analysis by an ensemble of `members`: innovation, prior variance and error variance of each.
    #[must_use]
    pub fn of(seen: &[(f64, f64, f64)], members: usize) -> Self {
        let factor = 1.0 + 1.0 / members as f64;
        let mut by_bin: BTreeMap<i32, Vec<[f64; 3]>> = BTreeMap::new();
        for (d, spread, error) in seen {
            let ratio = spread / error;
            by_bin.entry(octave(ratio)).or_default().push([ratio, factor * ratio + 1.0, d * d / error]);
        }
        let sums = |values: &[[f64; 3]]| {
            let of = |k: usize| Clustered::of(values.iter().map(|v| v[k]));
            Sums { spread: of(0), expected: of(1), found: of(2) }
        };
        Self { bins: by_bin.iter().map(|(bin, values)| (*bin, sums(values))).collect() }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        for (bin, sums) in &other.bins {
            let own = self.bins.entry(*bin).or_default();
            own.spread.merge(&sums.spread);
            own.expected.merge(&sums.expected);
            own.found.merge(&sums.found);
        }
    }

    /// The bins that hold something, from the least spread to the greatest.
    #[must_use]
    pub fn bins(&self) -> Vec<Bin> {
        let root = |c: &Clustered| c.mean().map(f64::sqrt);
        let bin = |s: &Sums| {
            Some(Bin {
                count: s.found.count(),
                spread: root(&s.spread)?,
                expected: root(&s.expected)?,
                found: root(&s.found)?,
            })
        };
        self.bins.values().filter_map(bin).collect()
    }
}

/// The octave of the spread from the ratio of variances.
fn octave(ratio: f64) -> i32 {
    let exponent = (0.5 * ratio.log2()).floor();
    exponent.clamp(-f64::from(LAST_OCTAVE) - 1.0, f64::from(LAST_OCTAVE)) as i32
}
