//! What observations see of the land model.

use reterra_assimilation::AssimilationError;
use reterra_assimilation::operators::{Field, Layers, Shown, Support};
use reterra_land::column::{Column, ColumnState, DayFluxes, MonthlyOutput};
use reterra_land::constants::DAY;
use reterra_land::soil::grid::THICKNESS;
use reterra_land::soil::{POOLS, Pool};

use crate::config::Variable;
use crate::experiment::member::observe;

/// Mass of a cubic metre of water, kg.
const WATER_DENSITY: f64 = 1_000.0;

/// A month of a column: its means, without soil or tiles.
#[derive(Clone, Copy, Debug)]
pub struct OfMonth<'a>(pub &'a MonthlyOutput);

impl Shown for OfMonth<'_> {
    fn value(&self, field: Field, layer: usize, support: Support) -> Option<f64> {
        match (field, layer, support) {
            (Field::Column(variable), 0, Support::Cell) => Some(observe(variable, self.0)),
            _ => None,
        }
    }
}

/// A day of a column: its flows, and the state at its end.
#[derive(Clone, Copy, Debug)]
pub struct OfDay<'a> {
    /// The column.
    pub column: &'a Column,
    /// Its layers above bedrock ([`soil_layers`]).
    pub layers: &'a Layers,
    /// Flows of the day.
    pub fluxes: &'a DayFluxes,
    /// State at its end.
    pub state: &'a ColumnState,
}

/// The layers of a column above bedrock.
///
/// # Errors
/// None for a column that could be made.
pub fn soil_layers(column: &Column) -> Result<Layers, AssimilationError> {
    Layers::new(&THICKNESS[..column.hydraulics.layers])
}

impl OfDay<'_> {
    /// Fluxes are those of the cell: the model tells none by tile.
    fn of_cell(&self, variable: Variable) -> f64 {
        let flow = self.fluxes;
        match variable {
            Variable::Gpp => flow.gpp / DAY,
            Variable::Nee => (flow.ra + flow.hr - flow.gpp) / DAY,
            Variable::Et => flow.et / DAY,
            Variable::Lai => flow.lai,
            Variable::Biomass => self.state.vegetation_carbon(self.column),
        }
    }

    fn of_tile(&self, variable: Variable, tile: usize) -> Option<f64> {
        let (plant, tile) = (self.state.plants.get(tile)?, self.column.tiles.get(tile)?);
        match variable {
            Variable::Lai => Some(plant.leaf * tile.parameters.slatop),
            Variable::Biomass => Some(plant.carbon()),
            Variable::Gpp | Variable::Nee | Variable::Et => None,
        }
    }
}

impl Shown for OfDay<'_> {
    fn layers(&self) -> Option<&Layers> {
        Some(self.layers)
    }

    /// Tiles share the soil: what it holds is the same under each.
    fn value(&self, field: Field, layer: usize, support: Support) -> Option<f64> {
        match (field, support) {
            (Field::Column(variable), Support::Cell) => Some(self.of_cell(variable)),
            (Field::Column(variable), Support::Tile(tile)) => self.of_tile(variable, tile),
            (Field::SoilCarbon, _) => {
                let pools = self.state.soil.carbon.get(layer)?;
                Some((Pool::ActiveSoil as usize..POOLS).map(|pool| pools[pool]).sum())
            }
            (Field::SoilWater, _) => {
                Some(self.state.water.liquid.get(layer)? / (WATER_DENSITY * THICKNESS.get(layer)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::land::fixtures::column;
    use reterra_assimilation::operators::{Quantity, Sensing};
    use reterra_land::column::simulate_days;
    use reterra_land::forcing::{Atmosphere, DailyWeather, UNKNOWN, WeatherSeries};

    /// Half a year from January on, 15 °C.
    fn weather() -> WeatherSeries {
        let day = DailyWeather {
            tmin: 283.0,
            tmax: 293.0,
            shortwave: 180.0,
            longwave: UNKNOWN,
            vpd: 600.0,
            precipitation: 2.0,
        };
        WeatherSeries { first_month: 0, air: vec![Atmosphere::with_co2(400.0); 6], days: vec![day; 181] }
    }

    #[test]
    fn a_day_is_observed_as_the_model_reports_it() {
        let column = column(2);
        let layers = soil_layers(&column).unwrap();
        let mut state = ColumnState::cold_start(&column, 283.0);
        let mut seen = Vec::new();
        let outcome = simulate_days(&column, &mut state, &[&weather()], None, |_, fluxes, state| {
            let shown = OfDay { column: &column, layers: &layers, fluxes, state };
            let see = |quantity: Quantity, support| quantity.observe(&shown, support).unwrap();
            let of = |variable, support| see(Quantity::Column(variable), support);
            let carbon = see(Quantity::SoilCarbon { depth: 10.0 }, Support::Cell);
            let pools = state.soil.carbon_by_pool();
            assert!((carbon - pools[4..].iter().sum::<f64>()).abs() < 1e-9);
            let tiles = [0, 1].map(|tile| of(Variable::Biomass, Support::Tile(tile)));
            let mean = 0.7 * tiles[0] + 0.3 * tiles[1];
            assert!((of(Variable::Biomass, Support::Cell) - mean).abs() < 1e-9 * mean);
            let water = see(Quantity::SoilMoisture(Sensing::At(0.16)), Support::Tile(1));
            // Node of the fourth layer.
            assert!((water - state.water.liquid[3] / 80.0).abs() < 1e-12);
            seen.push((of(Variable::Gpp, Support::Cell), fluxes.gpp));
        });
        assert!(outcome.failures[0].is_none() && seen.len() == 181);
        assert!(seen.iter().all(|(rate, day)| (rate * DAY - day).abs() < 1e-12) && seen[180].1 > 0.0);
    }

    #[test]
    fn tiles_have_no_fluxes_of_their_own_and_months_no_soil() {
        let column = column(1);
        let layers = soil_layers(&column).unwrap();
        let state = ColumnState::cold_start(&column, 283.0);
        let (fluxes, month) = (DayFluxes::default(), MonthlyOutput::default());
        let day = OfDay { column: &column, layers: &layers, fluxes: &fluxes, state: &state };
        let gpp = Quantity::Column(Variable::Gpp);
        assert!(gpp.observe(&day, Support::Tile(0)).is_err());
        assert!(Quantity::Column(Variable::Lai).observe(&day, Support::Tile(1)).is_err());
        assert!(gpp.observe(&OfMonth(&month), Support::Cell).is_ok());
        assert!(Quantity::SoilMoisture(Sensing::At(0.1)).observe(&OfMonth(&month), Support::Cell).is_err());
    }
}
