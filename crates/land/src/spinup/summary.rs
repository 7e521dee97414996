//! Many columns at once: CLM's measures of a whole spin-up.

use serde::{Deserialize, Serialize};

use super::Report;
use super::report::LIMITS;

/// Largest |ΔTOTECOSYSC| of a column in equilibrium, gC m⁻² yr⁻¹.
const COLUMN_LIMIT: f64 = LIMITS[0].1;
/// Largest share of the area in disequilibrium (CLM's `SpinupStability` tools).
const AREA_LIMIT: f64 = 0.03;
/// Largest drift of carbon and GPP of CLM's land, gC yr⁻¹ (0.02 `PgC`), and the area of that land, m².
const GLOBAL_LIMIT: f64 = 0.02e15;
const GLOBAL_AREA: f64 = 1.49e14;
/// Largest mean drift of leaf area (m² m⁻² yr⁻¹) and water (kg m⁻² yr⁻¹).
const LEAF_LIMIT: f64 = 0.02;
const WATER_LIMIT: f64 = 1.0;

/// Drifts over an area, and how much of it is not in equilibrium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Columns.
    pub columns: usize,
    /// Their area, m².
    pub area: f64,
    /// Columns that met the stop rule.
    pub converged: usize,
    /// Area-weighted mean drifts of TOTECOSYSC, TOTSOMC, TOTVEGC, GPP, TLAI, TWS, in the units of [`super::Measure`];
    /// none where a column has none.
    pub mean_drifts: [Option<f64>; 6],
    /// ΔTOTECOSYSC of the area, gC yr⁻¹.
    pub total_drift: f64,
    /// Share of the area whose |ΔTOTECOSYSC| exceeds 1 gC m⁻² yr⁻¹.
    pub disequilibrium: f64,
    /// Largest relative distance of a soil pool of a column from its linear equilibrium.
    pub largest_distance: f64,
    /// Area-weighted mean of each column's largest distance.
    pub mean_distance: f64,
    /// Years simulated in all.
    pub years: f64,
}

impl Summary {
    /// Of columns with their areas, m²; none without any area.
    #[must_use]
    pub fn of<'a>(columns: impl IntoIterator<Item = (f64, &'a Report)>) -> Option<Self> {
        let columns: Vec<(f64, &Report)> = columns.into_iter().collect();
        let area: f64 = columns.iter().map(|(area, _)| area).sum();
        if area.is_nan() || area <= 0.0 {
            return None;
        }
        let mean = |of: &dyn Fn(&Report) -> f64| {
            columns.iter().map(|(part, report)| part / area * of(report)).sum::<f64>()
        };
        let mean_drift = |i: usize| {
            let all = columns.iter().all(|(_, report)| report.drifts()[i].is_some());
            all.then(|| mean(&|report| report.drifts()[i].unwrap_or(f64::NAN)))
        };
        Some(Self {
            columns: columns.len(),
            area,
            converged: columns.iter().filter(|(_, report)| report.converged).count(),
            mean_drifts: std::array::from_fn(mean_drift),
            total_drift: mean(&|report| report.drift) * area,
            disequilibrium: mean(&|report| {
                f64::from(u8::from(report.drift.is_nan() || report.drift.abs() > COLUMN_LIMIT))
            }),
            largest_distance: columns.iter().map(|(_, report)| report.largest_distance()).fold(0.0, f64::max),
            mean_distance: mean(&Report::largest_distance),
            years: columns.iter().map(|(_, report)| report.years).sum(),
        })
    }

    /// CLM's verdict: at most 3 % of the area in disequilibrium, and mean drifts below 0.02 `PgC` yr⁻¹ over the area of
    /// the land, 0.02 of leaf area and 1 mm of water a year.
    #[must_use]
    pub fn is_in_equilibrium(&self) -> bool {
        let carbon = GLOBAL_LIMIT / GLOBAL_AREA;
        let limits = [carbon, carbon, carbon, carbon, LEAF_LIMIT, WATER_LIMIT];
        let met = |(drift, limit): (&Option<f64>, f64)| drift.is_some_and(|drift| drift.abs() <= limit);
        self.disequilibrium <= AREA_LIMIT && self.mean_drifts.iter().zip(limits).all(met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spinup::{Method, OtherDrifts};

    fn report(drift: f64) -> Report {
        let other_drifts = OtherDrifts { gpp: Some(0.0), lai: Some(0.0), ..OtherDrifts::default() };
        Report { drift, other_drifts, distance: [drift / 100.0; 7], ..Report::new(Method::Matrix) }
    }

    #[test]
    fn a_few_columns_may_drift_but_not_much_of_the_area() {
        let (still, moving) = (report(0.02), report(-1.5));
        let summary = Summary::of([(98.0, &still), (2.0, &moving)]).unwrap();
        assert!((summary.disequilibrium - 0.02).abs() < 1e-12);
        assert!((summary.total_drift - (98.0 * 0.02 - 2.0 * 1.5)).abs() < 1e-9);
        assert!((summary.largest_distance - 0.015).abs() < 1e-12);
        assert!(summary.is_in_equilibrium());
        let summary = Summary::of([(96.0, &still), (4.0, &moving)]).unwrap();
        assert!(!summary.is_in_equilibrium());
    }

    #[test]
    fn what_was_not_measured_is_not_in_equilibrium() {
        let mut first_cycle = report(0.0);
        first_cycle.other_drifts.gpp = None;
        assert!(!Summary::of([(1.0, &first_cycle)]).unwrap().is_in_equilibrium());
        assert!(!Summary::of([(1.0, &report(f64::NAN))]).unwrap().is_in_equilibrium());
        assert!(Summary::of([]).is_none());
    }
}
