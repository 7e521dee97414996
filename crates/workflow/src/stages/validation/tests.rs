//! Scores of an invented run whose errors are known.

use super::*;
use crate::results::read_json;
use crate::stages::fixture::Bench;

fn row(rows: &[SkillRow], run: Run, variable: Variable) -> SkillRow {
    rows.iter().find(|r| r.run == run && r.variable == variable).cloned().unwrap()
}

#[test]
fn withheld_months_of_surviving_stations_are_scored() {
    let bench = Bench::of_series();
    let note: SkillNote = read_json(&bench.run_until("validation").join(FILE)).unwrap();
    assert_eq!(note.kind, Against::Withheld);
    let assimilated = row(&note.pooled, Run::Assimilated, Variable::Gpp);
    // Two stations with twelve withheld months; the third lost all its members.
    assert_eq!(assimilated.n, 24);
    assert!(
        assimilated.r2.unwrap() > 0.95 && row(&note.pooled, Run::Prior, Variable::Gpp).r2 < assimilated.r2
    );
    // The invented noise is a third of the observation error that the workflow declares, so every value is inside.
    assert_eq!(assimilated.coverage, Some(1.0));
    let known_error = 0.6 / 86_400.0;
    let crps = assimilated.crps.unwrap();
    assert!(crps > 0.2 * known_error && crps < 0.5 * known_error, "{crps}");
    assert_eq!(row(&note.pooled, Run::Climatology, Variable::Et).n, 36);
    assert_eq!(row(&note.pooled, Run::Climatology, Variable::Et).coverage, None);
    assert!(note.pooled.iter().all(|r| r.variable != Variable::Lai), "no LAI is withheld");
    assert!(note.stations[2].rows.iter().all(|r| r.run != Run::Assimilated));
    let ilamb = note.stations[0].ilamb.iter().find(|r| r.run == Run::Assimilated).unwrap();
    assert!(ilamb.overall.unwrap() > 0.8 && ilamb.seasonal.unwrap() > 0.9, "{ilamb:?}");
}

/// The prior is 0.7 times the truth, and so is its bias known.
#[test]
fn bias_of_a_known_error_is_found() {
    let bench = Bench::of_series();
    let note: SkillNote = read_json(&bench.run_until("validation").join(FILE)).unwrap();
    let prior = row(&note.stations[0].rows, Run::Prior, Variable::Gpp);
    let cases = load_cases(bench.workflow()).unwrap();
    let observed: Vec<f64> = cases[0].withheld[&Variable::Gpp].iter().flatten().copied().collect();
    let mean = observed.iter().sum::<f64>() / observed.len() as f64;
    assert!((prior.bias.unwrap() / mean + 0.3).abs() < 0.05, "{:?} {mean}", prior.bias);
}

#[test]
fn table_agrees_with_the_stage_and_says_what_is_a_fit() {
    let bench = Bench::of_series();
    bench.run_until("validation");
    let note: SkillNote = read_json(&bench.directory().join("validation").join(FILE)).unwrap();
    let table = bench.finished(|context| skill_table(context).unwrap());
    assert_eq!(table, super::table::render(&note));
    assert!(table.starts_with("validation:") && table.contains("Station climatology"), "{table}");

    let bench = Bench::of_normals();
    bench.run_until("validation");
    let table = bench.finished(|context| skill_table(context).unwrap());
    assert!(table.starts_with("fit, not validation") && table.contains("LAI"), "{table}");
    assert!(!table.contains("climatology"));
}
