//! Tables of posteriors beside known ones, as Markdown.

use std::fmt::Write as _;

use reterra_assimilation::acceptance::Reached;

use crate::{ValidationError, places};

/// Largest error of a mean, in standard deviations of the posterior, of what may be called one.
pub const MEAN_ERROR: f64 = 0.15;
/// Its standard deviations over the posterior's.
pub const SD_RATIO: (f64, f64) = (0.9, 1.1);

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The problem.
    pub problem: String,
    /// Who solved it.
    pub method: String,
    /// Seeds that ended in a posterior.
    pub seeds: u32,
    /// Error of the mean in standard deviations, larger component, mean over seeds.
    pub mean_error: f64,
    /// `tr(C⁻¹ C_sample) / p`, mean over seeds; none where it isn't known.
    pub covariance_ratio: Option<f64>,
    /// Standard deviations over the posterior's, means over seeds.
    pub sd_ratios: [f64; 2],
    /// Runs of the model, mean over seeds.
    pub runs: f64,
}

impl Row {
    /// What a method reached on a problem with a known posterior.
    #[must_use]
    pub fn of(method: &str, found: &Reached) -> Self {
        Self {
            problem: found.problem.clone(),
            method: method.to_owned(),
            seeds: found.seeds,
            mean_error: found.mean_error,
            covariance_ratio: Some(found.covariance_ratio),
            sd_ratios: found.sd_ratios,
            runs: found.runs,
        }
    }

    /// Whether its figures are those of a posterior.
    #[must_use]
    pub fn is_posterior(&self) -> bool {
        let within = |ratio: &f64| (SD_RATIO.0..=SD_RATIO.1).contains(ratio);
        self.seeds > 0 && self.mean_error <= MEAN_ERROR && self.sd_ratios.iter().all(within)
    }

    fn line(&self) -> String {
        let Self { problem, method, seeds, mean_error, sd_ratios: [first, second], runs, .. } = self;
        let covariance = self.covariance_ratio.map_or_else(String::new, |ratio| format!("{ratio:.3}"));
        let word = if self.is_posterior() { "yes" } else { "no" };
        format!(
            "| {problem} | {method} | {seeds} | {mean_error:.3} | {covariance} | {first:.3} | {second:.3} | {runs:.0} | \
             {word} |"
        )
    }
}

/// Writes rows to `out/validation/<name>.md`, and to the terminal.
///
/// # Errors
/// [`ValidationError::File`].
pub fn write(name: &str, rows: &[Row]) -> Result<(), ValidationError> {
    let folder = places::validation();
    std::fs::create_dir_all(&folder).map_err(ValidationError::file("create", &folder))?;
    let path = folder.join(format!("{name}.md"));
    let mut text = format!(
        "# Posteriors beside known ones\n\n\
         Mean error: error of the mean in posterior standard deviations, larger component, mean over seeds that have a \
         posterior. Covariance ratio: `tr(C⁻¹ C_sample) / p`. Lorenz-63: beside a long sample on the model itself. A \
         posterior: mean error at most {MEAN_ERROR}, ratios of standard deviations from {} to {}.\n\n\
         | problem | method | seeds | mean error | covariance ratio | sd ratio 1 | sd ratio 2 | runs | a posterior |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        SD_RATIO.0, SD_RATIO.1
    );
    for row in rows {
        let line = row.line();
        eprintln!("{line}");
        let _ = writeln!(text, "{line}");
    }
    std::fs::write(&path, text).map_err(ValidationError::file("write", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_posterior_by_all_its_figures() {
        let good = Row {
            problem: "linear".into(),
            method: "ETKI".into(),
            seeds: 30,
            mean_error: 0.1,
            covariance_ratio: None,
            sd_ratios: [0.95, 1.1],
            runs: 250.0,
        };
        assert!(good.is_posterior() && good.line().ends_with("| yes |"));
        for bad in [
            Row { seeds: 0, ..good.clone() },
            Row { mean_error: 0.16, ..good.clone() },
            Row { mean_error: f64::NAN, ..good.clone() },
            Row { sd_ratios: [0.95, 1.11], ..good.clone() },
        ] {
            assert!(!bad.is_posterior(), "{bad:?}");
        }
    }
}
