//! Time of fits beside scikit-learn's and `LightGBM`'s, in processor seconds of one thread each, taken in turns in one run.

use std::path::Path;

use ndarray::{Array2, s};
use rayon::ThreadPoolBuilder;
use reterra_emulators::gaussian_process::{GaussianProcessOptions, Kernel, LengthScales};
use reterra_emulators::{Boosting, BoostingOptions, Emulator, GaussianProcess, Scores};
use reterra_statistics::{Stage, StreamKey};
use serde::Deserialize;

use crate::ValidationError;
use crate::record::{Goal, Record};
use crate::reference::{self, cpu_seconds};

/// Data sets of which times and scores are averaged for trees: one fit's error varies by two percent between libraries.
const DATA_SETS: u32 = 3;
/// Scores of two methods that differ by less are equal: a percent of a root mean square error, a hundredth in the
/// logarithm of a density.
const EQUAL: f64 = 0.01;

/// A fit's time and its score on rows it didn't see.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Timed {
    /// Processor seconds.
    seconds: f64,
    /// Root mean square error, or mean negative logarithm of the density.
    score: f64,
}

/// Rows to fit to and to score on, the output last.
struct Table {
    train: Array2<f64>,
    test: Array2<f64>,
}

/// Ratios of times, theirs over ours, with scores.
///
/// # Errors
/// Where Python or a package is missing, or a fit fails.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let mut records = Vec::new();
    let table = |k| Table { train: friedman1((1000, 10), 0.5, k), test: friedman1((2000, 10), 0.5, k + 1) };
    let (ours, theirs) = in_turns("process", 1, table, process)?;
    records.push(Record::new("ces-4-process-speed", theirs.seconds / ours.seconds, Goal::AtLeast(15.0), "1"));
    let worse = ours.score - theirs.score;
    records.push(Record::new("ces-4-process-nlpd", worse, Goal::AtMost(EQUAL), "above scikit-learn"));
    for rows in [5000, 50_000] {
        let table =
            |k| Table { train: friedman1((rows, 30), 1.0, k), test: friedman1((20_000, 30), 0.0, k + 1) };
        let (ours, theirs) = in_turns("trees", DATA_SETS, table, trees)?;
        let name = |what| format!("ces-4-trees-{rows}-{what}");
        records.push(Record::new(name("speed"), theirs.seconds / ours.seconds, Goal::AtLeast(0.8), "1"));
        let ratio = ours.score / theirs.score;
        records.push(Record::new(name("rmse"), ratio, Goal::AtMost(1.0 + EQUAL), "1"));
    }
    Ok(records)
}

/// Our and their mean time and score over data sets, in turns.
fn in_turns(
    job: &str,
    data_sets: u32,
    table: impl Fn(u32) -> Table,
    fit: impl Fn(&Table) -> Result<Timed, ValidationError> + Sync,
) -> Result<(Timed, Timed), ValidationError> {
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let pool = ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|e| ValidationError::Cases { reason: e.to_string() })?;
    let (mut ours, mut theirs) = (Timed::default(), Timed::default());
    for k in 0..data_sets {
        let table = table(2 * k);
        write(&table.train, &folder.path().join("train.bin"))?;
        write(&table.test, &folder.path().join("test.bin"))?;
        let found = pool.install(|| fit(&table))?;
        let other: Timed = reference::answer(job, folder.path())?;
        eprintln!("{job}, {} rows: ours {found:?}, theirs {other:?}", table.train.nrows());
        ours.add(found, data_sets);
        theirs.add(other, data_sets);
    }
    Ok((ours, theirs))
}

impl Timed {
    /// Adds a part of a mean.
    fn add(&mut self, other: Self, of: u32) {
        self.seconds += other.seconds / f64::from(of);
        self.score += other.score / f64::from(of);
    }
}

fn process(table: &Table) -> Result<Timed, ValidationError> {
    let options = GaussianProcessOptions {
        kernel: Kernel::Rbf,
        length_scales: LengthScales::Free,
        starts: 5,
        ..Default::default()
    };
    let (x, y) = parts(&table.train);
    let start = cpu_seconds();
    let fitted = GaussianProcess::fit(x.view(), &y, &options)?;
    let seconds = cpu_seconds() - start;
    let (x, y) = parts(&table.test);
    Ok(Timed { seconds, score: Scores::of(&y, &fitted.distribution(x.view())?).nlpd })
}

fn trees(table: &Table) -> Result<Timed, ValidationError> {
    let (x, y) = parts(&table.train);
    let start = cpu_seconds();
    let fitted = Boosting::fit(x.view(), &y, &BoostingOptions::default())?;
    let seconds = cpu_seconds() - start;
    let (x, y) = parts(&table.test);
    let gaps = fitted.predict(x.view())?.into_iter().zip(&y).map(|(a, b)| (a - b) * (a - b));
    Ok(Timed { seconds, score: (gaps.sum::<f64>() / y.len() as f64).sqrt() })
}

fn parts(table: &Array2<f64>) -> (Array2<f64>, Vec<f64>) {
    let inputs = table.ncols() - 1;
    (table.slice(s![.., ..inputs]).to_owned(), table.column(inputs).to_vec())
}

fn write(table: &Array2<f64>, path: &Path) -> Result<(), ValidationError> {
    let bytes: Vec<u8> = table.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(path, bytes).map_err(ValidationError::file("write", path))
}

/// Friedman's first function (1991, doi:10.1214/aos/1176347963) of the first five inputs, with noise.
fn friedman1((rows, inputs): (usize, usize), noise: f64, part: u32) -> Array2<f64> {
    let mut stream = StreamKey { seed: 1, stage: Stage::Test, cycle: part, member: 0, column: 0 }.stream();
    let mut table = Array2::from_shape_fn((rows, inputs + 1), |_| stream.uniform());
    for mut x in table.rows_mut() {
        let truth = 10.0 * (std::f64::consts::PI * x[0] * x[1]).sin()
            + 20.0 * (x[2] - 0.5).powi(2)
            + 10.0 * x[3]
            + 5.0 * x[4];
        x[inputs] = truth + noise * stream.normal();
    }
    table
}
