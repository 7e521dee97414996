//! Stations: facts, mean seasonal cycles, series.

use ndarray::{Array3, ArrayView2, Axis};
use reterra_report::input::{
    Monthly, Pools, Seasonal, Series as ShownSeries, Station as ShownStation, Variable as Shown, Vegetation,
};

use super::{Material, month, skill};
use crate::config::{ForcingSource, Variable, Workflow};
use crate::experiment::{Series, StationCase};
use crate::results::EnsembleOutput;
use crate::stages::product::output_name;
use crate::stages::product::statistics::{Moments, quantiles, survivors};
use crate::stages::validation::shown;

const SEASONAL: [Variable; 4] = [Variable::Gpp, Variable::Nee, Variable::Et, Variable::Lai];
const SERIES: [Variable; 2] = [Variable::Gpp, Variable::Nee];
/// Ends of the band.
const BAND: [f64; 2] = [0.05, 0.95];

/// Every station, in the order of all arrays.
pub(super) fn all(material: &Material, workflow: &Workflow) -> Vec<ShownStation> {
    let monthly = matches!(workflow.forcing.source, ForcingSource::Monthly { .. });
    material.cases.iter().enumerate().map(|(index, case)| station(material, case, index, monthly)).collect()
}

fn station(material: &Material, case: &StationCase, index: usize, monthly: bool) -> ShownStation {
    let facts = &case.station;
    let soil = facts.soil.map_or(String::new(), |s| format!("{:.0} % sand, {:.0} % clay", s.sand, s.clay));
    let scores = material.skill.stations.iter().find(|s| s.id == facts.id);
    let series = if monthly { SERIES.map(|v| series(material, case, index, v)).to_vec() } else { Vec::new() };
    let lost = material
        .analysis
        .array("GPP")
        .is_none_or(|a| a.index_axis(Axis(0), index).iter().all(|v| v.is_nan()));
    ShownStation {
        code: facts.id.clone(),
        name: facts.name.clone(),
        latitude: facts.latitude,
        longitude: facts.longitude,
        elevation: facts.elevation,
        vegetation: Vegetation::from_igbp(facts.igbp.code()),
        soil,
        pools: pools(&material.analysis, case, index),
        seasonal: SEASONAL.map(|v| seasonal(material, case, index, v)).to_vec(),
        series,
        skill: scores.map_or_else(Vec::new, |s| s.rows.iter().map(skill).collect()),
        failure: lost.then(|| "no member survived the assimilation".to_owned()),
    }
}

/// Ensemble means at the end of the period.
fn pools(ensemble: &EnsembleOutput, case: &StationCase, station: usize) -> Pools {
    let last = |name: &str| {
        let months = ensemble.array(name)?.dim().1;
        let members = survivors(ensemble.members(name, station, months.checked_sub(1)?)?);
        finite(Moments::of(&members).mean)
    };
    let observed = case.assimilated.get(&Variable::Biomass).map(|s| s.iter().flatten().copied().collect());
    Pools {
        vegetation_carbon: last("TOTVEGC"),
        soil_carbon: last("TOTLITC").zip(last("TOTSOMC")).map(|(litter, soil)| litter + soil),
        mineral_nitrogen: last("SMINN"),
        observed_biomass: observed.and_then(|values: Vec<f64>| finite(Moments::of(&values).mean)),
        ..Pools::default()
    }
}

fn seasonal(material: &Material, case: &StationCase, index: usize, variable: Variable) -> Seasonal {
    let first = usize::from(case.start.month) - 1;
    let cycles = |ensemble: &EnsembleOutput| {
        ensemble.array(output_name(variable)).map(|a| member_cycles(a, index, first))
    };
    let observed =
        |series: &Series| series.get(&variable).map_or([None; 12], |s| mean_year(s.iter().copied(), first));
    let over = |cycles: &Option<Vec<[f64; 12]>>, of: fn(&[f64]) -> f64| -> Monthly {
        let cycles = cycles.as_deref().unwrap_or_default();
        std::array::from_fn(|k| {
            finite(of(&cycles.iter().map(|c| c[k]).filter(|v| v.is_finite()).collect::<Vec<_>>()))
        })
    };
    let (prior, analysis) = (cycles(&material.prior), cycles(&material.analysis));
    Seasonal {
        variable: shown(variable),
        observed_train: observed(&case.assimilated),
        observed_withheld: observed(&case.withheld),
        prior: over(&prior, |m| Moments::of(m).mean),
        mean: over(&analysis, |m| Moments::of(m).mean),
        lower: over(&analysis, |m| quantiles(m, BAND)[0]),
        upper: over(&analysis, |m| quantiles(m, BAND)[1]),
    }
}

/// Each member's mean year at a station; NaN where a calendar month has no value.
fn member_cycles(array: &Array3<f64>, station: usize, first: usize) -> Vec<[f64; 12]> {
    let at_station: ArrayView2<'_, f64> = array.index_axis(Axis(0), station);
    let cycle = |months: ndarray::ArrayView1<'_, f64>| {
        let year = mean_year(months.iter().map(|v| finite(*v)), first);
        year.map(|v| v.unwrap_or(f64::NAN))
    };
    at_station.columns().into_iter().map(cycle).collect()
}

/// Means by calendar month, January first, of months that begin in `first` (0 = January).
fn mean_year(months: impl Iterator<Item = Option<f64>>, first: usize) -> Monthly {
    let (mut sums, mut counts) = ([0.0; 12], [0.0; 12]);
    for (m, value) in months.enumerate() {
        if let Some(value) = value {
            sums[(first + m) % 12] += value;
            counts[(first + m) % 12] += 1.0;
        }
    }
    std::array::from_fn(|k| (counts[k] > 0.0).then(|| sums[k] / counts[k]))
}

fn series(material: &Material, case: &StationCase, index: usize, variable: Variable) -> ShownSeries {
    let months = case.monthly.len();
    let observed = |series: &Series| series.get(&variable).map_or_else(|| vec![None; months], Clone::clone);
    let each = |of: fn(&[f64]) -> f64| -> Vec<Option<f64>> {
        let members = |m| material.analysis.members(output_name(variable), index, m).map(survivors);
        (0..months).map(|m| finite(of(&members(m)?))).collect()
    };
    let variable: Shown = shown(variable);
    ShownSeries {
        variable,
        start: month(case.start),
        observed_train: observed(&case.assimilated),
        observed_withheld: observed(&case.withheld),
        mean: each(|m| Moments::of(m).mean),
        lower: each(|m| quantiles(m, BAND)[0]),
        upper: each(|m| quantiles(m, BAND)[1]),
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
