//! The budgets of a step: carbon, nitrogen and water in less out is what the stocks changed by.

use super::output::DayFluxes;
use super::state::ColumnState;
use crate::error::LandError;

/// Largest error accepted, relative to the stock (with a floor of one unit).
const LIMIT: f64 = 1e-10;

/// Stocks before a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stocks {
    carbon: f64,
    nitrogen: f64,
    water: f64,
}

/// Largest relative budget error of any step so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LargestImbalance {
    /// Of carbon.
    pub carbon: f64,
    /// Of nitrogen.
    pub nitrogen: f64,
    /// Of water.
    pub water: f64,
}

impl LargestImbalance {
    /// The larger of the two, by quantity.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            carbon: self.carbon.max(other.carbon),
            nitrogen: self.nitrogen.max(other.nitrogen),
            water: self.water.max(other.water),
        }
    }
}

impl Stocks {
    pub(super) fn of(state: &ColumnState) -> Self {
        Self { carbon: state.total_carbon(), nitrogen: state.total_nitrogen(), water: state.water.total() }
    }

    /// Compares with the stocks after the step; relative errors, or the error that stops the run.
    pub(super) fn check(
        &self,
        after: &ColumnState,
        day: &DayFluxes,
        day_of_year: usize,
    ) -> Result<LargestImbalance, LandError> {
        let now = Self::of(after);
        let relative = |quantity, change: f64, flow: f64, stock: f64| {
            let error = (change - flow).abs();
            if !stock.is_finite() {
                return Err(LandError::NotFinite { variable: quantity, value: stock, day: day_of_year });
            }
            let ratio = error / stock.abs().max(1.0);
            if ratio > LIMIT {
                return Err(LandError::Balance { quantity, day: day_of_year, error, stock });
            }
            Ok(ratio)
        };
        Ok(LargestImbalance {
            carbon: relative(
                "carbon",
                now.carbon - self.carbon,
                day.gpp - day.ra - day.hr - day.harvest,
                now.carbon,
            )?,
            nitrogen: relative(
                "nitrogen",
                now.nitrogen - self.nitrogen,
                day.nitrogen_in - day.nitrogen_out - day.harvest_n,
                now.nitrogen,
            )?,
            water: relative(
                "water",
                now.water - self.water,
                day.precipitation - day.et - day.runoff,
                now.water,
            )?,
        })
    }
}
