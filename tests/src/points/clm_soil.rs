//! Land point 1: decomposition of CLM5's own pools under CLM5's own scalars, against CLM5's own respiration.
//!
//! `small.nc` of the CLM5 perturbed-parameter ensemble holds the means of one northern winter month in 250 cells: pools
//! and scalars by layer, heterotrophic respiration. Each cell's respiration is worked out by this model's cascade and
//! divided by CLM's.
//!
//! Compared are the cells
//! - where natural vegetation covers more than half: a cell's figures are means over its columns (natural vegetation
//!   and each crop), and only within one column do mean pools and mean scalars belong together;
//! - and whose top 10 cm are above 0 °C: in soil that is frozen but for some hours, a month's mean pool times its mean
//!   scalar says nothing of what decomposed. With them the median is 0.988 and the quartiles are 0.946 and 1.035.
//!
//! Scarce nitrogen is taken over as CLM's column ratio of actual to potential immobilisation, which slows the paths
//! that immobilise. Sand isn't in the file and is taken as 45 % everywhere; it sets what active soil respires and
//! makes most of the spread: litter, which it doesn't touch, spreads by less than a third of what soil does.

use reterra_land::soil::{LAYERS, PeriodMeans, Pool, SoilParameters};
use reterra_statistics::scores::quantile;

use crate::ValidationError;
use crate::clm::Output;
use crate::record::{Goal, Record};

/// Percent, assumed.
const SAND: f64 = 45.0;
const FREEZING: f64 = 273.15;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// Fewer cells than this would not show a distribution.
const FEWEST_CELLS: f64 = 85.0;
/// The file's carbon and nitrogen are in single precision, each rounded by up to 6e-8 of itself.
const LARGEST_CN_DEVIATION: f64 = 1e-6;
/// gC m⁻³; CLM sets tiny densities of carbon and nitrogen to zero each for itself, which moves C:N near there.
const PRESENT: f64 = 1.0;

/// Ratios of respiration over the cells, and the largest deviation of a soil pool's C:N.
///
/// # Errors
/// [`ValidationError::NoData`], and where a variable is missing.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let file = Output::shared("clm5_ppe/small.nc")?;
    let [frozen_too, unfrozen] = respiration_ratios(&file)?;
    let show = |what: &str, ratios: &[f64]| {
        let [low, middle, high] = quartiles(ratios);
        eprintln!("{what}: {} cells, ratio {middle:.3}, quartiles {low:.3} and {high:.3}", ratios.len());
    };
    show("all vegetated cells", &frozen_too);
    show("unfrozen ones", &unfrozen);
    let [low, middle, high] = quartiles(&unfrozen);
    let name = |what: &str| format!("land-1-{what}");
    Ok(vec![
        Record::new(name("hr-ratio-median"), middle, Goal::Between(0.98, 1.02), "1"),
        Record::new(name("hr-ratio-q25"), low, Goal::Between(0.95, 1.05), "1"),
        Record::new(name("hr-ratio-q75"), high, Goal::Between(0.95, 1.05), "1"),
        Record::new(name("hr-ratio-cells"), unfrozen.len() as f64, Goal::AtLeast(FEWEST_CELLS), "cells"),
        Record::new(name("som-cn"), largest_cn_deviation(&file)?, Goal::AtMost(LARGEST_CN_DEVIATION), "1"),
    ])
}

/// Respiration of CLM's pools by this model over CLM's own, ascending: in all vegetated cells, and in unfrozen ones.
fn respiration_ratios(file: &Output) -> Result<[Vec<f64>; 2], ValidationError> {
    let p: SoilParameters = SoilParameters::default();
    let means = means(file)?;
    let expected = file.values("HR")?;
    let temperature = file.values("TSOI_10CM")?;
    let vegetated = vegetated_share(file)?;
    let mut ratios = [Vec::new(), Vec::new()];
    for (cell, means) in means.iter().enumerate() {
        if vegetated[cell] <= 0.5 || expected[cell] <= 0.0 {
            continue;
        }
        let found: f64 = means.respiration(SAND, &p).iter().sum();
        let ratio = found / (expected[cell] * SECONDS_PER_DAY);
        ratios[0].push(ratio);
        if temperature[cell] > FREEZING {
            ratios[1].push(ratio);
        }
    }
    for ratios in &mut ratios {
        ratios.sort_by(f64::total_cmp);
    }
    Ok(ratios)
}

/// Each cell's month.
fn means(file: &Output) -> Result<Vec<PeriodMeans>, ValidationError> {
    let carbon = file.pools(|pool| format!("{}C_vr", pool.name()))?;
    let nitrogen = file.pools(|pool| format!("{}N_vr", pool.name()))?;
    let scalars = file.decomposition_scalars()?;
    let (actual, potential) = (file.values("ACTUAL_IMMOB")?, file.values("POTENTIAL_IMMOB")?);
    let fpi = |cell: usize| if potential[cell] > 0.0 { actual[cell] / potential[cell] } else { 1.0 };
    let cell = |(cell, scalar)| PeriodMeans {
        carbon: carbon[cell],
        nitrogen: nitrogen[cell],
        scalar,
        fpi: [fpi(cell); LAYERS],
        burned: 0.0,
    };
    Ok(scalars.into_iter().enumerate().map(cell).collect())
}

/// Share of each cell under natural vegetation. The first landunit is the natural one, its first type bare ground.
fn vegetated_share(file: &Output) -> Result<Vec<f64>, ValidationError> {
    let (landunits, types) = (file.values("PCT_LANDUNIT")?, file.values("PCT_NAT_PFT")?);
    let cells = file.values("HR")?.len();
    Ok((0..cells).map(|cell| landunits[cell] / 100.0 * (1.0 - types[cell] / 100.0)).collect())
}

/// Largest relative deviation from this model's C:N of any soil pool in any layer of any cell.
fn largest_cn_deviation(file: &Output) -> Result<f64, ValidationError> {
    let p: SoilParameters = SoilParameters::default();
    let mut deviations = Vec::new();
    for (pool, expected) in
        [(Pool::ActiveSoil, p.cn_s1), (Pool::SlowSoil, p.cn_s2), (Pool::PassiveSoil, p.cn_s3)]
    {
        let carbon = file.profiles(&format!("{}C_vr", pool.name()))?;
        let nitrogen = file.profiles(&format!("{}N_vr", pool.name()))?;
        let pairs = carbon.iter().flatten().zip(nitrogen.iter().flatten());
        let present = pairs.filter(|(carbon, _)| **carbon > PRESENT);
        deviations.extend(present.map(|(carbon, nitrogen)| (carbon / nitrogen / expected - 1.0).abs()));
    }
    deviations.sort_by(f64::total_cmp);
    Ok(deviations.last().copied().unwrap_or(f64::NAN))
}

/// Quartiles of values in rising order, where all of them are numbers.
fn quartiles(ascending: &[f64]) -> [f64; 3] {
    let broken = ascending.iter().any(|value| !value.is_finite());
    [0.25, 0.5, 0.75].map(|p| if broken { f64::NAN } else { quantile(ascending, p) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places;

    #[test]
    fn the_cascade_respires_what_clm5_does() {
        if places::shared_or_skip("clm5_ppe/small.nc").is_none() {
            return;
        }
        for record in measure().unwrap() {
            assert!(record.pass, "{}", record.line());
        }
    }

    #[test]
    fn quartiles_of_what_is_no_number_are_none() {
        assert_eq!(
            quartiles(&[1.0, 2.0, 3.0, 4.0, 5.0]).map(f64::to_bits),
            [2.0_f64, 3.0, 4.0].map(f64::to_bits)
        );
        assert!(quartiles(&[1.0, f64::NAN]).iter().all(|q| q.is_nan()));
        assert!(quartiles(&[]).iter().all(|q| q.is_nan()));
    }
}
