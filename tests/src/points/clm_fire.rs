//! Land point 1, fire: what fires of CLM5 took of CLM5's own litter and woody debris, by this model's completeness of
//! combustion.
//!
//! `small.nc` of the CLM5 perturbed-parameter ensemble holds the means of one month in 250 cells: burned area, carbon and
//! nitrogen that burned in all and of plants alone, pools by layer. What burned in litter and debris is worked out from
//! burned area and pools, and divided by CLM's. Compared are the cells where fire passes more than a millionth of the
//! ground a day, natural vegetation has more than nine tenths of it, and crop fires a thousandth of the fires at most:
//! there a cell's means are those of one column.

use reterra_land::soil::{LAYERS, PeriodMeans};
use reterra_statistics::scores::quantile;

use crate::ValidationError;
use crate::clm::Output;
use crate::record::{Goal, Record};

const SECONDS_PER_DAY: f64 = 86_400.0;
/// Burned share of a day below which a cell says nothing, d⁻¹.
const LEAST_BURNED: f64 = 1e-6;
/// Percent of a cell.
const MOSTLY_NATURAL: f64 = 90.0;
const MOST_CROP_FIRE: f64 = 1e-3;
/// Fewer cells than this would not show a distribution.
const FEWEST_CELLS: f64 = 15.0;

/// Ratios of burned litter and debris over the cells: of carbon, and of nitrogen.
///
/// # Errors
/// [`ValidationError::NoData`], and where a variable is missing.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let file = Output::shared("clm5_ppe/small.nc")?;
    let [carbon, nitrogen] = ratios(&file)?;
    let name = |what: &str| format!("land-1-fire-{what}");
    let record = |what: &str, ratios: &[f64], p: f64| {
        Record::new(name(what), quantile(ratios, p), Goal::Between(0.95, 1.05), "1")
    };
    Ok(vec![
        record("carbon-ratio-q25", &carbon, 0.25),
        record("carbon-ratio-median", &carbon, 0.5),
        record("carbon-ratio-q75", &carbon, 0.75),
        record("nitrogen-ratio-median", &nitrogen, 0.5),
        Record::new(name("cells"), carbon.len() as f64, Goal::AtLeast(FEWEST_CELLS), "cells"),
    ])
}

/// What burns in this model over what burned in CLM, ascending: carbon, and nitrogen.
fn ratios(file: &Output) -> Result<[Vec<f64>; 2], ValidationError> {
    let carbon = file.pools(|pool| format!("{}C_vr", pool.name()))?;
    let nitrogen = file.pools(|pool| format!("{}N_vr", pool.name()))?;
    let burned = file.values("FAREA_BURNED")?;
    let (natural, crops) = (file.values("PCT_LANDUNIT")?, file.values("BAF_CROP")?);
    let of_plants = [file.values("PFT_FIRE_CLOSS")?, file.values("PFT_FIRE_NLOSS")?];
    let of_all = [file.values("COL_FIRE_CLOSS")?, file.values("COL_FIRE_NLOSS")?];
    let mut ratios = [Vec::new(), Vec::new()];
    let told = |cell: &usize| {
        burned[*cell] * SECONDS_PER_DAY > LEAST_BURNED
            && natural[*cell] > MOSTLY_NATURAL
            && crops[*cell] <= MOST_CROP_FIRE * burned[*cell]
    };
    for cell in (0..burned.len()).filter(told) {
        let means = PeriodMeans {
            carbon: carbon[cell],
            nitrogen: nitrogen[cell],
            scalar: [0.0; LAYERS],
            fpi: [1.0; LAYERS],
            burned: burned[cell] * SECONDS_PER_DAY,
        };
        for (element, ratios) in ratios.iter_mut().enumerate() {
            let found: f64 = means.fire().iter().map(|layer| layer[element]).sum();
            let clm = of_all[element][cell] - of_plants[element][cell];
            ratios.push(found / (clm * SECONDS_PER_DAY));
        }
    }
    for ratios in &mut ratios {
        ratios.sort_by(f64::total_cmp);
    }
    Ok(ratios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn litter_and_debris_burn_as_in_clm5() {
        if places::shared_or_skip("clm5_ppe/small.nc").is_none() {
            return;
        }
        for record in measure().unwrap() {
            eprintln!("{}", record.line());
            assert!(record.pass, "{}", record.line());
        }
    }
}
