//! Splits that leave whole groups out, so that a score speaks of a station never seen.

use std::collections::BTreeSet;

use reterra_statistics::{Stage, StreamKey};

use crate::EmulatorError;

/// Rows to fit to and rows to score on, both ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to fit to.
    pub train: Vec<usize>,
    /// Rows to score on; their groups have no row in `train`.
    pub test: Vec<usize>,
}

/// Splits rows, given each row's group, into `folds` folds that keep groups whole. Groups are dealt out in an
/// order shuffled by `seed`; with as many folds as groups each is left out alone. Every row is tested once.
///
/// # Errors
/// `Folds` for fewer than two folds or more folds than groups.
pub fn leave_groups_out<G: Ord>(groups: &[G], folds: usize, seed: u64) -> Result<Vec<Fold>, EmulatorError> {
    let distinct: BTreeSet<&G> = groups.iter().collect();
    let mut order: Vec<&G> = distinct.into_iter().collect();
    if folds < 2 || folds > order.len() {
        return Err(EmulatorError::Folds { folds, groups: order.len() });
    }
    let key = StreamKey { seed, stage: Stage::Resample, cycle: 0, member: 0, column: 0 };
    key.stream().shuffle(&mut order);
    Ok((0..folds)
        .map(|fold| {
            let left_out: BTreeSet<&G> = order.iter().skip(fold).step_by(folds).copied().collect();
            let (test, train) = (0..groups.len()).partition(|&row| left_out.contains(&groups[row]));
            Fold { train, test }
        })
        .collect())
}

/// Splits rows that are groups of their own, in an order shuffled by the seed 0.
///
/// # Errors
/// As [`leave_groups_out`].
pub fn shuffled(rows: usize, folds: usize) -> Result<Vec<Fold>, EmulatorError> {
    leave_groups_out(&(0..rows).collect::<Vec<_>>(), folds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATIONS: [&str; 9] =
        ["FI-Hyy", "DE-Tha", "FI-Hyy", "DE-Hai", "DE-Tha", "IT-Ren", "IT-Ren", "DE-Hai", "CH-Dav"];

    #[test]
    fn groups_stay_whole_and_every_row_is_tested_once() {
        for folds in [2, 3, 5] {
            let split = leave_groups_out(&STATIONS, folds, 4).unwrap();
            assert_eq!(split.len(), folds);
            for fold in &split {
                assert_eq!(fold.train.len() + fold.test.len(), STATIONS.len());
                assert!(!fold.test.is_empty());
                assert!(fold.test.iter().all(|&i| fold.train.iter().all(|&j| STATIONS[i] != STATIONS[j])));
            }
            let mut tested: Vec<usize> = split.into_iter().flat_map(|fold| fold.test).collect();
            tested.sort_unstable();
            assert_eq!(tested, (0..STATIONS.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_split_depends_on_the_seed_alone() {
        let split = |seed| leave_groups_out(&STATIONS, 3, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert!((2..20).any(|seed| split(seed) != split(1)));
    }

    #[test]
    fn more_folds_than_groups_are_refused() {
        assert!(matches!(leave_groups_out(&STATIONS, 6, 0), Err(EmulatorError::Folds { groups: 5, .. })));
        assert!(leave_groups_out(&STATIONS, 1, 0).is_err());
    }
}
