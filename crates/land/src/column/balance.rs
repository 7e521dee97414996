//! The budgets of a step: carbon, nitrogen and water in less out is what the stocks changed by.

use super::output::DayFluxes;
use super::setup::Column;
use super::state::ColumnState;
use crate::batched;
use crate::error::LandError;
use crate::lanes::{Batched, Real};

/// Largest error accepted, relative to the stock (with a floor of one unit).
const LIMIT: f64 = 1e-10;

/// The quantities that must balance.
const QUANTITIES: [&str; 3] = ["carbon", "nitrogen", "water"];

/// Stocks of carbon, nitrogen and water before a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stocks<T: Real>([T; 3]);

batched! {
    /// Largest relative budget error of any step so far.
    #[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    pub struct LargestImbalance {
        /// Of carbon.
        pub carbon: T,
        /// Of nitrogen.
        pub nitrogen: T,
        /// Of water.
        pub water: T,
    }
}

impl<T: Real> LargestImbalance<T> {
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

/// What the budgets of a step left unexplained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residual<T: Real> {
    error: [T; 3],
    stock: [T; 3],
}

impl<T: Real> Stocks<T> {
    pub(super) fn of(column: &Column<T>, state: &ColumnState<T>) -> Self {
        Self([state.total_carbon(column), state.total_nitrogen(column), state.total_water(column)])
    }

    /// Compares with the stocks after the step.
    pub(super) fn compare(
        &self,
        column: &Column<T>,
        after: &ColumnState<T>,
        day: &DayFluxes<T>,
    ) -> Residual<T> {
        let stock = Self::of(column, after).0;
        let flow = [
            day.gpp - day.ra - day.hr - day.harvest - day.fire,
            day.nitrogen_in - day.nitrogen_out - day.harvest_n - day.fire_n,
            day.precipitation - day.et - day.runoff,
        ];
        Residual { error: std::array::from_fn(|q| (stock[q] - self.0[q] - flow[q]).abs()), stock }
    }
}

impl<T: Real> Residual<T> {
    /// Errors relative to the stocks.
    pub(super) fn relative(&self) -> LargestImbalance<T> {
        let [carbon, nitrogen, water] = std::array::from_fn(|q| self.error[q] / self.stock[q].abs().max(1.0));
        LargestImbalance { carbon, nitrogen, water }
    }

    /// Whether some lane's budgets don't close, or hold something that is not a number.
    pub(super) fn fails(&self) -> bool {
        let LargestImbalance { carbon, nitrogen, water } = self.relative();
        T::any(!(carbon.at_most(LIMIT) & nitrogen.at_most(LIMIT) & water.at_most(LIMIT)))
    }

    /// The error that stops a lane on a day of the year, if there is one.
    pub(super) fn failure(&self, lane: usize, day: usize) -> Option<LandError> {
        let relative = self.relative().lane(lane);
        let ratios = [relative.carbon, relative.nitrogen, relative.water];
        (0..3).find_map(|q| {
            let (quantity, stock, error) = (QUANTITIES[q], self.stock[q].at(lane), self.error[q].at(lane));
            if !stock.is_finite() {
                return Some(LandError::NotFinite { variable: quantity, value: stock, day });
            }
            (ratios[q].is_nan() || ratios[q] > LIMIT).then_some(LandError::Balance {
                quantity,
                day,
                error,
                stock,
            })
        })
    }
}
