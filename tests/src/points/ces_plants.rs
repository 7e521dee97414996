//! Emulators of CLM5 from its own parameter ensemble, 500 members in 32 parameters: shuffled folds of 100 predicted by what
//! the other 400 teach, beside scikit-learn's Gaussian process and `LightGBM`.

use std::fmt::Write;

use ndarray::{Array2, Axis};
use reterra_emulators::gaussian_process::{GaussianProcessOptions, Kernel, LengthScales};
use reterra_emulators::{
    Candidate, ConformalOptions, Emulator, EmulatorError, Prediction, Scores, Trial, choose, shuffled,
};
use serde::Deserialize;

use crate::record::{Goal, Record};
use crate::{ValidationError, places, reference};

/// Folds within the 400 members, on which emulators are chosen.
const INNER: usize = 5;
/// The band that is asked for; 90 % bands of 500 members vary by 0.013 themselves.
const COVERAGE: Goal = Goal::Between(0.87, 0.93);

/// What the script says.
#[derive(Deserialize)]
struct Answer {
    x: Vec<Vec<f64>>,
    folds: Vec<Vec<usize>>,
    outputs: Vec<Output>,
}

/// One output with what others predict, their means and standard deviations.
#[derive(Deserialize)]
struct Output {
    name: String,
    y: Vec<f64>,
    process: [Vec<f64>; 2],
    trees: [Vec<f64>; 2],
}

/// R² and coverage of automatic choice on the global leaf area index and GPP, and how far it is ahead of others.
///
/// # Errors
/// Where the data, Python or a package is missing, or a fit fails.
pub fn globe() -> Result<Vec<Record>, ValidationError> {
    measure("global")
}

/// The same for each biome.
///
/// # Errors
/// As [`globe`].
pub fn biomes() -> Result<Vec<Record>, ValidationError> {
    measure("biomes")
}

fn measure(job: &str) -> Result<Vec<Record>, ValidationError> {
    let data = places::shared("clm5_ppe")?;
    let folder = tempfile::tempdir().map_err(ValidationError::file("create", &std::env::temp_dir()))?;
    let out = folder.path().join("answer.json");
    reference::run(job, &[&data, &out])?;
    let answer: Answer = crate::read_json(&out)?;
    let x = Array2::from_shape_fn((answer.x.len(), answer.x[0].len()), |(i, j)| answer.x[i][j]);
    let mut table = String::from("| output | emulator | R2 | RMSE | 90 % band |\n|---|---|---|---|---|\n");
    let mut records = Vec::new();
    for output in &answer.outputs {
        let scores = scores(&x, output, &answer.folds)?;
        for (name, scores) in &scores {
            let Scores { r2, rmse, coverage, .. } = scores;
            let _ = writeln!(table, "| {} | {name} | {r2:.4} | {rmse:.4e} | {coverage:.3} |", output.name);
        }
        let name = format!("ces-2-{job}-{}", output.name.to_lowercase());
        records.extend(compared(&name, &scores));
    }
    eprint!("{table}");
    let path = places::validation().join(format!("ces-2-{job}.md"));
    std::fs::create_dir_all(places::validation()).map_err(ValidationError::file("create", &path))?;
    std::fs::write(&path, table).map_err(ValidationError::file("write", &path))?;
    Ok(records)
}

/// Scores by emulator: automatic choice first, then ours, then others.
fn scores(
    x: &Array2<f64>,
    output: &Output,
    folds: &[Vec<usize>],
) -> Result<Vec<(&'static str, Scores)>, ValidationError> {
    let y = &output.y;
    let process = GaussianProcessOptions {
        kernel: Kernel::Rbf,
        length_scales: LengthScales::Free,
        starts: 2,
        ..Default::default()
    };
    let single = |learner| Candidate { learner, scale: reterra_emulators::choice::Scale::Plain };
    let process = single(reterra_emulators::choice::Learner::GaussianProcess(process));
    let trees = single(reterra_emulators::choice::Learner::Trees(ConformalOptions::default()));
    let one = |candidate: &Candidate| {
        held_out((x, y), folds, |trial| {
            candidate.fit((trial.x, trial.y), trial.folds).map(|fitted| Box::new(fitted) as Box<dyn Emulator>)
        })
    };
    let automatic = held_out((x, y), folds, |trial| {
        let (stack, report) = choose(trial, &Candidate::usual(0))?;
        eprintln!("{}\n{report}", output.name);
        Ok(Box::new(stack) as Box<dyn Emulator>)
    })?;
    let theirs = |[mean, sd]: &[Vec<f64>; 2]| Prediction {
        mean: mean.clone(),
        variance: sd.iter().map(|sd| sd * sd).collect(),
    };
    Ok(vec![
        ("automatic", Scores::of(y, &automatic)),
        ("Gaussian process", Scores::of(y, &one(&process)?)),
        ("boosting", Scores::of(y, &one(&trees)?)),
        ("scikit-learn's Gaussian process", Scores::of(y, &theirs(&output.process))),
        ("LightGBM", Scores::of(y, &theirs(&output.trees))),
    ])
}

/// What emulators predict of each fold without it.
fn held_out(
    (x, y): (&Array2<f64>, &[f64]),
    folds: &[Vec<usize>],
    fit: impl Fn(Trial<'_>) -> Result<Box<dyn Emulator>, EmulatorError>,
) -> Result<Prediction, ValidationError> {
    let mut found = Prediction { mean: vec![0.0; y.len()], variance: vec![0.0; y.len()] };
    for test in folds {
        let train: Vec<usize> = (0..y.len()).filter(|row| !test.contains(row)).collect();
        let (inputs, outputs) =
            (x.select(Axis(0), &train), train.iter().map(|&row| y[row]).collect::<Vec<_>>());
        let inner = shuffled(train.len(), INNER)?;
        let emulator = fit(Trial { x: inputs.view(), y: &outputs, folds: &inner })?;
        let predicted = emulator.distribution(x.select(Axis(0), test).view())?;
        for (k, &row) in test.iter().enumerate() {
            (found.mean[row], found.variance[row]) = (predicted.mean[k], predicted.variance[k]);
        }
    }
    Ok(found)
}

/// Records of one output: figures of automatic choice, and its lead over each of the others, the last two.
fn compared(name: &str, scores: &[(&str, Scores)]) -> Vec<Record> {
    let (ours, others) = (scores[0].1, &scores[scores.len() - 2..]);
    let off = |scores: &Scores| (scores.coverage - 0.9).abs();
    let mut records = vec![Record::new(format!("{name}-coverage"), ours.coverage, COVERAGE, "1")];
    for (whose, (_, theirs)) in ["scikit-learn", "lightgbm"].into_iter().zip(others) {
        let lead =
            |what, value| Record::new(format!("{name}-{what}-above-{whose}"), value, Goal::AtLeast(0.0), "1");
        records.push(lead("r2", ours.r2 - theirs.r2));
        records.push(lead("coverage", off(theirs) - off(&ours)));
    }
    records
}
