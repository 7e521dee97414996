//! Columns in batches: who runs beside whom, and every batch on whatever thread is free.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use reterra_land::column::Column;
use reterra_land::lanes::WIDTH;

/// Cuts columns into batches of at most [`WIDTH`] that [are alike](Column::is_like): places in `columns`, in order of
/// their first. Which columns share a batch changes no result, only the time it takes.
#[must_use]
pub fn batches(columns: &[&Column]) -> Vec<Vec<usize>> {
    let mut open: Vec<Vec<usize>> = Vec::new();
    let mut full: Vec<Vec<usize>> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let place = open.iter().position(|batch| columns[batch[0]].is_like(column));
        let place = place.unwrap_or_else(|| {
            open.push(Vec::with_capacity(WIDTH));
            open.len() - 1
        });
        open[place].push(i);
        if open[place].len() == WIDTH {
            full.push(open.swap_remove(place));
        }
    }
    full.extend(open);
    full.sort_by_key(|batch| batch[0]);
    full
}

/// The member of a batch that a lane runs: lanes without one repeat the last.
#[must_use]
pub fn member(batch: &[usize], lane: usize) -> usize {
    batch[lane.min(batch.len() - 1)]
}

/// Runs every batch on all threads; `run` gives one result a member. The results, in the columns' order; a panic is a
/// failure of its batch.
pub fn run_batches<T: Send>(
    count: usize,
    batches: &[Vec<usize>],
    run: impl Fn(&[usize]) -> Vec<Result<T, String>> + Sync,
) -> Vec<Result<T, String>> {
    let caught = |batch: &Vec<usize>| {
        catch_unwind(AssertUnwindSafe(|| run(batch))).unwrap_or_else(|_| {
            batch.iter().map(|_| Err("the model stopped by a panic".to_owned())).collect()
        })
    };
    let results: Vec<Vec<Result<T, String>>> = batches.par_iter().map(caught).collect();
    let mut ordered: Vec<Option<Result<T, String>>> = (0..count).map(|_| None).collect();
    for (batch, results) in batches.iter().zip(results) {
        for (&place, result) in batch.iter().zip(results) {
            ordered[place] = Some(result);
        }
    }
    ordered.into_iter().map(|result| result.unwrap_or_else(|| Err("it was in no batch".to_owned()))).collect()
}
