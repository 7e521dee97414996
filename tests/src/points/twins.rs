//! Assimilation point 1: filters, smoothers and variational methods against the published scores of twin experiments.
//!
//! `assimilation-1.md` holds the whole table.

use std::fmt::Write;

use reterra_assimilation::twin::Summary;
use reterra_assimilation::twin::published::{Row, rows};

use crate::record::{Goal, Record};
use crate::{ValidationError, places};

/// Nature runs of each row.
const SEEDS: u64 = 12;
/// Observation times of each that count.
const CYCLES: usize = 2000;
/// Share of seeds that may diverge: DAPPER itself lost 2 of 7 in the least stable of its settings.
const LOST: f64 = 0.3;

/// Mean score of every row; a row's gate holds the published score and DAPPER's rerun, widened by the larger of the
/// experiment's tolerance and three standard errors.
///
/// # Errors
/// Those of the methods, and of the table's file.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let mut records = Vec::new();
    let mut lines = String::new();
    let mut lost: f64 = 0.0;
    for row in rows(CYCLES) {
        let found = Summary::of(row.method.as_ref(), &row.experiment, SEEDS)?;
        let (least, largest) = row.gate(found.standard_error());
        let record = Record::new(
            format!("assimilation-1-{}", row.name),
            found.mean(),
            Goal::Between(least, largest),
            "rmse",
        );
        let line = line(&row, &found, record.pass);
        eprint!("{line}");
        lines += &line;
        lost = lost.max(found.diverged());
        records.push(record);
    }
    records.push(Record::new("assimilation-1-diverged", lost, Goal::AtMost(LOST), "share of seeds"));
    write(&lines)?;
    Ok(records)
}

fn line(row: &Row, found: &Summary, pass: bool) -> String {
    let experiment = row.name.split('-').next().unwrap_or_default();
    format!(
        "| {experiment} | {} | {:.3} ± {:.3} | {} | {} | {:+.3} | {:.2} | {} |\n",
        row.title,
        found.mean(),
        found.sd(),
        row.published,
        row.rerun,
        found.mean() - row.published,
        found.diverged(),
        if pass { "pass" } else { "FAIL" }
    )
}

fn write(lines: &str) -> Result<(), ValidationError> {
    let mut text = format!(
        "# Twin experiments\n\n{SEEDS} nature runs of {CYCLES} counted cycles; `ours` is the mean and the standard \
         deviation over seeds that didn't diverge (error above half of climatology's). Published scores are those of \
         DAPPER's experiment files, reruns are DAPPER 1.7.1.\n\n"
    );
    let head = ["experiment", "method", "ours", "published", "rerun", "difference", "diverged", "gate"];
    // Writing to a string can't fail.
    let _ = writeln!(text, "| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    text += lines;
    let folder = places::validation();
    let path = folder.join("assimilation-1.md");
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
}
