//! The table of all ways at all stations, for programs (CSV) and for people (Markdown).

use std::fmt::Write;

use reterra_land::spinup::Method;

use super::Outcome;
use super::truth::{LAST, YEARS};
use crate::{ValidationError, places};

/// Name of the files, without their endings.
const NAME: &str = "land-4-ways";
/// Columns of the CSV file; a truth's difference is its own change in the last thousand years.
const HEADER: &str =
    "station,way,at_rest,years,seconds,drift_gC_m-2_yr-1,largest_distance_1,largest_difference_1,pool";

/// A row.
struct Row {
    station: String,
    way: String,
    at_rest: &'static str,
    years: f64,
    seconds: f64,
    drift: f64,
    distance: Option<f64>,
    difference: (f64, String),
}

/// Writes both files beside the records.
///
/// # Errors
/// [`ValidationError::File`].
pub fn write(outcomes: &[Outcome]) -> Result<(), ValidationError> {
    let rows: Vec<Row> = outcomes.iter().flat_map(rows).collect();
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    for (ending, text) in [("csv", csv(&rows)), ("md", markdown(&rows))] {
        let path = folder.join(format!("{NAME}.{ending}"));
        std::fs::write(&path, text).map_err(ValidationError::file("write", &path))?;
    }
    Ok(())
}

fn rows(outcome: &Outcome) -> Vec<Row> {
    let truth = &outcome.truth;
    let mut rows = vec![Row {
        station: outcome.id.clone(),
        way: "the model alone".to_owned(),
        at_rest: "truth",
        years: YEARS as f64,
        seconds: truth.seconds,
        drift: truth.drift,
        distance: None,
        difference: truth.change(),
    }];
    rows.extend(outcome.runs.iter().map(|run| Row {
        station: outcome.id.clone(),
        way: run.report.method.name().to_owned(),
        at_rest: if run.report.converged { "yes" } else { "no" },
        years: run.report.years,
        seconds: run.seconds,
        drift: run.report.drift,
        distance: Some(run.report.largest_distance()),
        difference: run.difference.clone(),
    }));
    rows
}

fn csv(rows: &[Row]) -> String {
    let mut text = format!("{HEADER}\n");
    for row in rows {
        let distance = row.distance.map_or_else(String::new, |d| format!("{d:e}"));
        let (difference, pool) = &row.difference;
        let start = format!("{},{},{},{},{:.3}", row.station, row.way, row.at_rest, row.years, row.seconds);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{start},{:e},{distance},{difference:e},{pool}", row.drift);
    }
    text
}

/// One row a way: stations at rest, years (median and largest), largest difference.
fn summary(rows: &[Row]) -> String {
    let mut text = "| way | at rest | years, median | years, most | largest difference, % |\n|---|---:|---:|---:|---:|\n"
        .to_owned();
    for method in Method::ALL {
        let of_way: Vec<&Row> = rows.iter().filter(|row| row.way == method.name()).collect();
        let mut years: Vec<f64> = of_way.iter().map(|row| row.years).collect();
        years.sort_by(f64::total_cmp);
        let (Some(median), Some(most)) = (years.get(years.len() / 2), years.last()) else { continue };
        let rest = of_way.iter().filter(|row| row.at_rest == "yes").count();
        let worst = of_way.iter().map(|row| 100.0 * row.difference.0).fold(0.0, f64::max);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {rest} of {} | {median:.0} | {most:.0} | {worst:.3} |",
            method.name(),
            of_way.len()
        );
    }
    text
}

fn markdown(rows: &[Row]) -> String {
    let mut text = format!(
        "Ways to equilibrium against {YEARS} years of the model itself. Its own rows tell, as difference, the change of \
         its pools in the last {LAST} years; `continue` goes on for a hundred years from pools that are given 5 % too \
         large in the soil and 3 % too small in plants.\n\n{}\n\
         | station | way | at rest | years | s | drift, gC m⁻² yr⁻¹ | distance, % | difference, % | of pool |\n\
         |---|---|---|---:|---:|---:|---:|---:|---|\n",
        summary(rows)
    );
    for row in rows {
        let distance = row.distance.map_or_else(String::new, |d| format!("{:.3}", 100.0 * d));
        let (difference, pool) = &row.difference;
        let start = format!("| {} | {} | {} | {:.0}", row.station, row.way, row.at_rest, row.years);
        let (seconds, drift, difference) = (row.seconds, row.drift, 100.0 * difference);
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "{start} | {seconds:.2} | {drift:.1e} | {distance} | {difference:.3} | {pool} |");
    }
    text
}
