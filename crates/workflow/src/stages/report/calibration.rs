//! Parameters by vegetation class, and the inversions that found them.

use reterra_assimilation::etki::Step;
use reterra_land::plant::pft::VegetationClass;
use reterra_report::input::{Inversion, InversionIteration, Parameter, Quantiles, Vegetation};

use crate::config::Mode;
use crate::results::{CalibrationNote, ParameterEnsemble};
use crate::stages::product::statistics::quantiles;

/// Unit and meaning of the parameters that workflows calibrate most; others are shown by CLM's name alone.
const KNOWN: [(&str, &str, &str); 24] = [
    ("flnr", "", "fraction of leaf nitrogen in Rubisco"),
    ("medlynslope", "kPa^½", "slope of stomatal conductance"),
    ("slatop", "m² gC⁻¹", "specific leaf area"),
    ("leafcn", "gC gN⁻¹", "leaf carbon to nitrogen ratio"),
    ("leaf_long", "yr", "leaf longevity"),
    ("froot_leaf", "", "new fine root carbon per leaf carbon"),
    ("lmr_scale", "", "leaf respiration, multiplier"),
    ("br_mr_root", "gC gN⁻¹ s⁻¹", "maintenance respiration of fine roots"),
    ("q10_mr", "", "temperature sensitivity of maintenance respiration"),
    ("q10_hr", "", "temperature sensitivity of decomposition"),
    ("gddfunc_p1", "", "warmth needed for leaf onset, logarithm"),
    ("crit_dayl", "s", "day length that starts leaf fall"),
    ("t_acclim", "°C", "acclimated temperature of full photosynthesis"),
    ("soil_resistance", "s m⁻¹", "resistance of the soil surface to evaporation"),
    ("et_scale", "", "energy of evapotranspiration, multiplier"),
    ("init_som_scale", "", "soil organic matter over its equilibrium"),
    ("init_litter_scale", "", "litter over its equilibrium"),
    ("init_wood_scale", "", "wood over its equilibrium"),
    ("nfert", "gN m⁻² yr⁻¹", "nitrogen fertiliser"),
    ("laimx", "m² m⁻²", "leaf area at which allocation to leaves halves"),
    ("regrowth_days", "d", "days over which a cut meadow grows back from its stores"),
    ("harvest_day", "d", "day of the harvest or the first cut"),
    ("harvest_interval", "d", "days between the cuts of a meadow"),
    ("harvest_frac", "", "share of leaf and storage that a harvest takes"),
];

/// Prior and posterior of every class's parameters, by parameter, then class.
pub(super) fn parameters(note: &CalibrationNote) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = Vec::new();
    for class in &note.classes {
        all.extend(class.parameters.iter().map(|p| parameter(p, class.class)));
    }
    let order: Vec<String> = first_occurrences(&all);
    all.sort_by_key(|p| order.iter().position(|name| *name == p.name));
    all
}

fn first_occurrences(parameters: &[Parameter]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for parameter in parameters {
        if !names.contains(&parameter.name) {
            names.push(parameter.name.clone());
        }
    }
    names
}

fn parameter(parameter: &ParameterEnsemble, class: VegetationClass) -> Parameter {
    let known = KNOWN.iter().find(|(name, _, _)| *name == parameter.name);
    let own = known.map_or("", |k| k.1);
    let unit = match parameter.mode {
        Mode::Value => own.to_owned(),
        Mode::Scale => "× default".to_owned(),
        Mode::Shift => format!("{own} + default"),
    };
    let posterior = (!parameter.posterior.is_empty())
        .then(|| shown(quantiles(&parameter.posterior, [0.05, 0.25, 0.5, 0.75, 0.95])));
    Parameter {
        name: parameter.name.clone(),
        long_name: known.map_or("", |k| k.2).to_owned(),
        unit,
        group: label(class).to_owned(),
        prior: shown(parameter.prior),
        posterior,
    }
}

fn shown([p05, p25, p50, p75, p95]: [f64; 5]) -> Quantiles {
    Quantiles { p05, p25, p50, p75, p95 }
}

/// The iterations of every class. A step's misfit is that of the ensemble it started from.
pub(super) fn inversions(note: &CalibrationNote) -> Vec<Inversion> {
    let iteration = |step: &Step| InversionIteration { pseudo_time: step.t - step.dt, misfit: step.misfit };
    let of = |class: &crate::results::ClassCalibration| Inversion {
        group: label(class.class).to_owned(),
        converged: class.steps.last().is_some_and(|step| step.t >= 1.0 - 1e-9),
        iterations: class.steps.iter().map(iteration).collect(),
    };
    note.classes.iter().map(of).collect()
}

/// A class in the report's words.
pub(super) fn label(class: VegetationClass) -> &'static str {
    let vegetation = match class {
        VegetationClass::EvergreenNeedleleaf => Vegetation::EvergreenNeedleleaf,
        VegetationClass::EvergreenBroadleaf => Vegetation::EvergreenBroadleaf,
        VegetationClass::DeciduousNeedleleaf => Vegetation::DeciduousNeedleleaf,
        VegetationClass::DeciduousBroadleaf => Vegetation::DeciduousBroadleaf,
        VegetationClass::Mixed => Vegetation::MixedForest,
        VegetationClass::Shrub => Vegetation::Shrubland,
        VegetationClass::Grass => Vegetation::Grassland,
        VegetationClass::Wetland => Vegetation::Wetland,
        VegetationClass::Crop => Vegetation::Cropland,
    };
    vegetation.label()
}
