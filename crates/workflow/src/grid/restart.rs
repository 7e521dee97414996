//! Restart files: columns with all that a run needs to go on, bit for bit as if it had not stopped.

use std::path::Path;

use reterra_io::IoError;
use reterra_io::columns::{Layout, read_columns, write_columns};
use reterra_land::column::ColumnState;
use reterra_land::soil::POOLS;
use reterra_land::soil::grid::LAYERS;
use reterra_land::weather::Memory;
use serde::{Deserialize, Serialize};

/// A column between two months.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restart {
    /// Number of its cell in the whole grid.
    pub cell: u32,
    /// Months run since the start of the period.
    pub months: u32,
    /// What the weather generator remembers.
    pub weather: Memory,
    /// Everything that is prognostic.
    pub state: ColumnState,
}

/// Writes columns to a NetCDF file, atomically; its variables follow from the definition of [`Restart`].
///
/// # Errors
/// As [`write_columns`].
pub fn write_restart(path: &Path, columns: &[Restart]) -> Result<(), IoError> {
    let attributes = [
        ("title", "Restart of Reterra's land model"),
        (
            "comment",
            "carbon in gC m-2, nitrogen in gN m-2, water in kg m-2, temperature in K, as the state's definition",
        ),
    ];
    let dimensions = [(LAYERS, "layer"), (POOLS, "pool")];
    write_columns(path, columns, Layout { dimensions: &dimensions, attributes: &attributes })
}

/// Reads columns again.
///
/// # Errors
/// As [`read_columns`].
pub fn read_restart(path: &Path) -> Result<Vec<Restart>, IoError> {
    read_columns(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reterra_land::column::{
        Base, Column, Cover, MonthlyOutput, Site, USUAL_WIND, simulate, simulate_batch,
    };
    use reterra_land::energy::solar::SolarTable;
    use reterra_land::fire::Ignition;
    use reterra_land::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
    use reterra_land::lanes::{Batched, Lanes, WIDTH};
    use reterra_land::parameters::Parameters;
    use reterra_land::plant::pft::Pft;
    use reterra_land::weather::disaggregate_part;

    use super::*;

    /// One column of each leaf habit, two of them with several; frost, drought and mild winters.
    fn columns() -> Vec<Column> {
        let cover = |types: &[(Pft, f64)]| -> Vec<Cover> {
            types.iter().map(|&(pft, fraction)| Cover { pft, fraction }).collect()
        };
        let covers = [
            cover(&[(Pft::NeedleleafEvergreenBoreal, 0.9)]),
            cover(&[(Pft::BroadleafDeciduousTemperate, 1.0)]),
            cover(&[(Pft::C3Grass, 0.4), (Pft::C3Crop, 0.5)]),
            cover(&[(Pft::EvergreenShrub, 0.3), (Pft::ArcticGrass, 0.2), (Pft::C3Crop, 0.1)]),
        ];
        let column = |(i, cover): (usize, Vec<Cover>)| {
            let site = Site {
                latitude: 40.0 + 9.0 * i as f64,
                elevation: 300.0,
                cover,
                sand: 40.0,
                clay: 20.0,
                organic: [5.0; LAYERS],
                soil_depth: 2.0,
                base: if i == 1 { Base::Bedrock { slope: 3.0 } } else { Base::Open },
                wind: USUAL_WIND,
                nitrogen_deposition: 1.0,
                ignition: Ignition::usual(40.0 + 9.0 * i as f64),
            };
            let parameters = site.cover.iter().map(|c| Parameters::for_pft(c.pft)).collect();
            Column::new(&site, parameters, Arc::new(SolarTable::new(site.latitude))).unwrap()
        };
        covers.into_iter().enumerate().map(column).collect()
    }

    fn months(column: usize) -> Vec<MonthlyWeather> {
        let month = |m: usize| {
            let wave = (std::f64::consts::TAU * (m as f64 - 0.5) / 12.0).cos();
            let warmth = [270.0, 280.0, 286.0, 275.0][column];
            MonthlyWeather {
                tmin: warmth - 3.0 - 10.0 * wave,
                tmax: warmth + 4.0 - 11.0 * wave,
                shortwave: 130.0 - 95.0 * wave,
                vpd: 450.0 - 300.0 * wave,
                precipitation: 2.0e-5 * (1.0 + 0.9 * wave),
                air: Atmosphere::with_co2(390.0),
            }
        };
        (0..24).map(month).collect()
    }

    /// The second year, after the first, without a stop between.
    fn weather(column: usize, year: usize, memory: &mut Memory) -> WeatherSeries {
        let part = (0, 12 * year..12 * year + 12);
        disaggregate_part(&months(column), part, (5, column as u32), memory).unwrap()
    }

    fn run(column: &Column, restart: &mut Restart, place: usize) -> Vec<MonthlyOutput> {
        let weather = weather(place, restart.months as usize / 12, &mut restart.weather);
        restart.months += 12;
        let mut outputs = Vec::new();
        simulate(column, &mut restart.state, &weather, None, |_, month| outputs.push(*month)).unwrap();
        outputs
    }

    fn cold(column: &Column, place: usize) -> Restart {
        let state = ColumnState::cold_start(column, 281.0);
        Restart { cell: place as u32, months: 0, weather: Memory::default(), state }
    }

    /// Text tells 0 from −0.
    fn exact(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn two_years_are_one_year_a_restart_and_one_year_bit_for_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("restart.nc");
        let columns = columns();
        let mut through: Vec<Restart> = columns.iter().enumerate().map(|(i, c)| cold(c, i)).collect();
        let mut first = through.clone();
        let mut expected = Vec::new();
        for (i, column) in columns.iter().enumerate() {
            run(column, &mut through[i], i);
            expected.push(run(column, &mut through[i], i));
            run(column, &mut first[i], i);
        }
        write_restart(&path, &first).unwrap();
        let mut back = read_restart(&path).unwrap();
        assert_eq!(exact(&back), exact(&first));
        for (i, column) in columns.iter().enumerate() {
            let outputs = run(column, &mut back[i], i);
            assert_eq!(exact(&outputs), exact(&expected[i]));
        }
        assert_eq!(exact(&back), exact(&through));
    }

    #[test]
    fn a_restarted_batch_goes_on_as_its_columns_do_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("restart.nc");
        for (kind, column) in columns().iter().enumerate() {
            let mut alone: Vec<Restart> = (0..WIDTH).map(|k| cold(column, k)).collect();
            alone.iter_mut().enumerate().for_each(|(k, restart)| drop(run(column, restart, k)));
            write_restart(&path, &alone).unwrap();
            let back = read_restart(&path).unwrap();
            let mut state = ColumnState::<Lanes>::gather(&|k| &back[k].state);
            let mut memories: Vec<Memory> = back.iter().map(|restart| restart.weather).collect();
            let series: Vec<WeatherSeries> =
                memories.iter_mut().enumerate().map(|(k, memory)| weather(k, 1, memory)).collect();
            let batch = Column::<Lanes>::gather(&|_| column);
            let each: Vec<&WeatherSeries> = series.iter().collect();
            let outcome = simulate_batch(&batch, &mut state, &each, None, |_, _| {});
            assert!(outcome.failures.iter().all(Option::is_none));
            for (k, restart) in alone.iter_mut().enumerate() {
                run(column, restart, k);
                assert_eq!(exact(&state.lane(k)), exact(&restart.state), "column {kind}, lane {k}");
            }
        }
    }
}
