//! The skill table as plain text, in readers' units.

use std::fmt::Write;

use reterra_report::input::{Run, Variable as Shown};

use super::{Against, SkillNote, SkillRow};
use crate::config::Variable;

/// The report's name of a variable, which knows its readers' unit.
pub(in crate::stages) fn shown(variable: Variable) -> Shown {
    match variable {
        Variable::Gpp => Shown::Gpp,
        Variable::Nee => Shown::Nee,
        Variable::Et => Shown::Et,
        Variable::Lai => Shown::Lai,
        Variable::Biomass => Shown::Biomass,
    }
}

fn caption(kind: Against) -> &'static str {
    match kind {
        Against::Withheld => {
            "validation: scores against withheld observations, pooled over stations and months"
        }
        Against::Assimilated => {
            "fit, not validation: no observations are withheld, scores are against the assimilated ones"
        }
    }
}

/// The pooled scores.
pub(super) fn render(note: &SkillNote) -> String {
    let mut text = format!("{}\n\n", caption(note.kind));
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:<9}{:<34}{:>6}{:>8}{:>9}{:>9}{:>7}{:>9}  unit",
        "variable", "run", "n", "R2", "RMSE", "bias", "90 %", "CRPS"
    );
    for row in &note.pooled {
        text.push_str(&line(row));
    }
    text.push_str("\n90 %: share of observations inside the band of ensemble and observation error\n");
    text
}

fn line(row: &SkillRow) -> String {
    let variable = shown(row.variable);
    let number =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    let in_unit = |value: Option<f64>| number(value.map(|v| variable.display(v)), 3);
    format!(
        "{:<9}{:<34}{:>6}{:>8}{:>9}{:>9}{:>7}{:>9}  {}\n",
        variable.label(),
        row.run.label(),
        row.n,
        number(row.r2, 3),
        in_unit(row.rmse),
        in_unit(row.bias),
        number(row.coverage, 2),
        in_unit(row.crps),
        variable.display_unit()
    )
}

/// One line a run for the end of the stage: R² by variable.
pub(in crate::stages) fn headlines(note: &SkillNote) -> Vec<String> {
    let of_run = |run: Run| {
        let rows = note.pooled.iter().filter(|row| row.run == run);
        let parts: Vec<String> =
            rows.filter_map(|row| Some(format!("{} {:.3}", row.variable.name(), row.r2?))).collect();
        (!parts.is_empty()).then(|| format!("R2 {}: {}", run.label(), parts.join(", ")))
    };
    std::iter::once(caption(note.kind).to_owned()).chain(Run::ALL.into_iter().filter_map(of_run)).collect()
}
