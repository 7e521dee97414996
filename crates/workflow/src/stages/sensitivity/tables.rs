//! Two small tables: how far outputs range, and what each parameter does to them.

use std::fmt::Write;
use std::path::Path;

use reterra_io::replace;
use reterra_statistics::design::{Sample, effects};

use super::EnsembleRuns;
use super::outputs::outputs;
use crate::engine::StageError;

/// Lowest, mean and highest of every output over the runs at a station, with their standard deviation.
pub(super) fn write_ranges(path: &Path, stations: &[&str], runs: &EnsembleRuns) -> Result<(), StageError> {
    let mut text = "station,output,unit,runs,lowest,mean,highest,sd\n".to_owned();
    for (s, station) in stations.iter().enumerate() {
        for (i, output) in outputs().enumerate() {
            let values: Vec<f64> = runs.means(s, i).into_iter().filter(|v| v.is_finite()).collect();
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            let lowest = values.iter().copied().fold(f64::NAN, f64::min);
            let highest = values.iter().copied().fold(f64::NAN, f64::max);
            let sd = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { f64::NAN };
            let figures = cells(&[lowest, mean, highest, sd]);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{station},{},{},{}{figures}", output.name, output.unit, values.len());
        }
    }
    Ok(replace(path, text.as_bytes())?)
}

/// Elementary effects of every parameter that acts at a station: change of the output when the parameter goes from 5 %
/// to 95 % of its prior, its size, its standard deviation, and the outputs between which the parameter moves it.
pub(super) fn write_effects(
    path: &Path,
    stations: &[&str],
    runs: &EnsembleRuns,
    sample: &Sample,
) -> Result<(), StageError> {
    let mut text =
        "station,output,unit,parameter,steps,effect,effect_size,effect_sd,lowest,highest\n".to_owned();
    for (s, station) in stations.iter().enumerate() {
        for (i, output) in outputs().enumerate() {
            let effects = effects(sample, runs.parameters.len(), &runs.means(s, i));
            for (p, effect) in effects.iter().enumerate().filter(|(p, _)| runs.acts(s, *p)) {
                let [lowest, highest] = effect.range;
                let figures = cells(&[effect.mean, effect.mean_size, effect.sd, lowest, highest]);
                let (name, unit, steps) = (output.name, output.unit, effect.count);
                let _ = writeln!(text, "{station},{name},{unit},{},{steps}{figures}", runs.parameters[p]);
            }
        }
    }
    Ok(replace(path, text.as_bytes())?)
}

/// Seven figures each, after a comma; what is no number is left empty.
fn cells(values: &[f64]) -> String {
    let cell = |v: &f64| if v.is_finite() { format!(",{v:.6e}") } else { ",".to_owned() };
    values.iter().map(cell).collect()
}
