//! Batches of columns that the measurements run.

use std::sync::Arc;

use reterra_domain::SyntheticEurope;
use reterra_fields::{Month, RotatedGrid, Window};
use reterra_land::column::{Base, Column, ColumnState, Cover, Site, USUAL_WIND, simulate_batch};
use reterra_land::energy::solar::SolarTable;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::Pft;
use reterra_land::soil::grid::LAYERS;
use reterra_land::weather::disaggregate;
use reterra_workflow::grid::batch::{batches, member};
use reterra_workflow::grid::cells::CellColumn;

use crate::ValidationError;

/// Years of a pass.
const YEARS: usize = 5;

/// Four columns, their states and their weather.
pub(super) struct Batch {
    pub column: Column<Lanes>,
    pub state: ColumnState<Lanes>,
    pub weather: Vec<WeatherSeries>,
}

impl Batch {
    /// Runs its years once more; column-years run.
    pub fn pass(&self) -> f64 {
        let mut state = self.state.clone();
        let weather: [&WeatherSeries; WIDTH] = std::array::from_fn(|k| &self.weather[k]);
        let outcome = simulate_batch(&self.column, &mut state, &weather, None, |_, _| {});
        let lanes = outcome.failures.iter().filter(|failure| failure.is_none()).count();
        lanes as f64 * self.weather[0].months() as f64 / 12.0
    }
}

fn land(source: reterra_land::error::LandError) -> ValidationError {
    ValidationError::Land { station: "of the speed test".to_owned(), source }
}

/// A column of temperate needleleaf forest, four members of it.
pub(super) fn one_type() -> Result<Batch, ValidationError> {
    let pft = Pft::NeedleleafEvergreenTemperate;
    let site = Site {
        latitude: 51.0,
        elevation: 300.0,
        cover: Cover::whole(pft),
        sand: 40.0,
        clay: 20.0,
        organic: [0.0; LAYERS],
        soil_depth: 8.6,
        base: Base::Open,
        wind: USUAL_WIND,
        nitrogen_deposition: 1.0,
        ignition: Ignition::usual(51.0),
    };
    let months: Vec<MonthlyWeather> = (0..12 * YEARS)
        .map(|m| {
            let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
            MonthlyWeather {
                tmin: 278.0 - 8.0 * wave,
                tmax: 287.0 - 10.0 * wave,
                shortwave: 130.0 - 95.0 * wave,
                vpd: 400.0 - 250.0 * wave,
                precipitation: 2.2e-5,
                air: Atmosphere::with_co2(390.0),
            }
        })
        .collect();
    let weather = disaggregate(&months, 0, 1, 0).map_err(land)?;
    let solar = Arc::new(SolarTable::new(site.latitude));
    let columns: Vec<Column> = (0..WIDTH)
        .map(|k| {
            let mut parameters = Parameters::for_pft(pft);
            parameters.flnr *= 0.8 + 0.1 * k as f64;
            Column::new(&site, vec![parameters], Arc::clone(&solar)).map_err(land)
        })
        .collect::<Result<_, _>>()?;
    Ok(gather(&columns, &|k| ColumnState::cold_start(&columns[k], 282.0), vec![weather; WIDTH]))
}

fn gather(columns: &[Column], state: &dyn Fn(usize) -> ColumnState, weather: Vec<WeatherSeries>) -> Batch {
    let states: Vec<ColumnState> = (0..WIDTH).map(state).collect();
    let mut batch = Batch {
        column: Column::gather(&|k| &columns[k]),
        state: ColumnState::gather(&|k| &states[k]),
        weather,
    };
    // The seeds of a cold start grow up first.
    let lanes: [&WeatherSeries; WIDTH] = std::array::from_fn(|k| &batch.weather[k]);
    simulate_batch(&batch.column, &mut batch.state, &lanes, None, |_, _| {});
    batch
}

/// Full batches of synthetic Europe's columns.
pub(super) fn europe() -> Result<Vec<Batch>, ValidationError> {
    const CO2: f64 = 380.0;
    let europe = SyntheticEurope::new(RotatedGrid::cordex_europe(0.44), 1);
    let window = Window { rows: 40..64, columns: 40..64 };
    let cells = window.cells().filter_map(|cell| europe.land_cell(cell));
    let columns: Vec<CellColumn> =
        cells.map(|c| CellColumn::new(c).map_err(land)).collect::<Result<_, _>>()?;
    let each: Vec<&Column> = columns.iter().map(|c| &c.column).collect();
    let full = batches(&each).into_iter().filter(|batch| batch.len() == WIDTH);
    let start = Month { year: 2001, month: 1 };
    full.step_by(8)
        .map(|batch| {
            let of = |k: usize| &columns[member(&batch, k)];
            let weather = (0..WIDTH)
                .map(|k| {
                    let months = europe.weather(&of(k).cell, (start, 12 * YEARS), CO2);
                    disaggregate(&months, 0, 1, of(k).cell.number).map_err(land)
                })
                .collect::<Result<_, _>>()?;
            let columns: Vec<Column> = (0..WIDTH).map(|k| of(k).column.clone()).collect();
            Ok(gather(&columns, &|k| of(k).cold_start(), weather))
        })
        .collect()
}
