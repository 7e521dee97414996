//! Fitting.

use std::collections::BTreeSet;
use std::path::Path;

use ndarray::ArrayView2;
use reterra_emulators::choice::{Learner, Report, Scale};
use reterra_emulators::gaussian_process::SparseOptions;
use reterra_emulators::{Candidate, EmulatorError, Fitted, Fold, Trial, choose, leave_groups_out};
use reterra_io::NumberTable;

use super::columns::{BadSplit, Split, matrix};
use super::store::{Emulators, OutputEmulator, row_keys};
use crate::WorkflowError;

/// Folds of the choice, fewer where there are fewer blocks.
const FOLDS: usize = 5;

/// Rows above which exact Gaussian processes, whose cost grows with the cube of rows, give way to sparse ones.
const MOST_EXACT_ROWS: usize = 2_000;

/// How emulators are fitted.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Columns that are inputs and outputs.
    pub split: Split,
    /// The column whose equal values are left out together, such as a station.
    pub blocks: Option<String>,
    /// Seed of folds, searches and trees.
    pub seed: u64,
}

/// Fits an emulator to each output of a table, with the report of each choice.
///
/// # Errors
/// A table or cell that can't be used, columns that can't be split so, and an output that no candidate can be fitted to.
pub fn fit(path: &Path, options: &FitOptions) -> Result<(Emulators, Vec<Report>), WorkflowError> {
    let table = NumberTable::read(path)?;
    let bad = |split| WorkflowError::EmulatedColumns { file: path.to_owned(), split };
    let (inputs, outputs) = options.split.resolve(table.header(), options.blocks.as_deref()).map_err(bad)?;
    let (x, y) = (matrix(&table, &inputs)?, matrix(&table, &outputs)?);
    let failed = |outputs: &str| {
        let (file, outputs) = (path.to_owned(), format!("`{outputs}`"));
        move |source| WorkflowError::Emulator { file, outputs, source }
    };
    let folds = folds(&table, options)?.map_err(failed(&outputs.join("`, `")))?;
    let mut fitted = Vec::new();
    let mut reports = Vec::new();
    for (name, y) in outputs.into_iter().zip(y.columns()) {
        if y.iter().all(|value| value.total_cmp(&y[0]).is_eq()) {
            return Err(bad(BadSplit::Constant(name)));
        }
        let (emulator, report) = one((x.view(), &y.to_vec()), &folds, options.seed).map_err(failed(&name))?;
        fitted.push(OutputEmulator { name, emulator });
        reports.push(report);
    }
    let seen = row_keys(x.view());
    let emulators =
        Emulators { inputs, blocks: options.blocks.clone(), seed: options.seed, seen, outputs: fitted };
    Ok((emulators, reports))
}

fn one(
    (x, y): (ArrayView2<'_, f64>, &[f64]),
    folds: &[Fold],
    seed: u64,
) -> Result<(Fitted, Report), EmulatorError> {
    let (stack, report) = choose(Trial { x, y, folds }, &candidates(y.len(), seed))?;
    Ok((Fitted::Stack(Box::new(stack)), report))
}

fn folds(
    table: &NumberTable,
    options: &FitOptions,
) -> Result<Result<Vec<Fold>, EmulatorError>, WorkflowError> {
    let Some(column) = &options.blocks else {
        let rows: Vec<usize> = (0..table.rows()).collect();
        return Ok(leave_groups_out(&rows, FOLDS, options.seed));
    };
    let blocks = table.texts(column)?;
    let distinct = blocks.iter().collect::<BTreeSet<_>>().len();
    Ok(leave_groups_out(&blocks, FOLDS.min(distinct).max(2), options.seed))
}

fn candidates(rows: usize, seed: u64) -> Vec<Candidate> {
    let usual = Candidate::usual(seed);
    if rows <= MOST_EXACT_ROWS {
        return usual;
    }
    let sparse = Learner::Sparse(SparseOptions { seed, ..SparseOptions::default() });
    let dear = |candidate: &Candidate| matches!(candidate.learner, Learner::GaussianProcess(_));
    let cheap = usual.into_iter().filter(|candidate| !dear(candidate));
    std::iter::once(Candidate { learner: sparse, scale: Scale::Plain }).chain(cheap).collect()
}
