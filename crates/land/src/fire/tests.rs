//! Fire in whole columns.

use std::sync::Arc;

use super::Ignition;
use crate::column::{
    Base, Column, ColumnState, Cover, Day, DayFluxes, Site, USUAL_WIND, simulate_batch, simulate_days,
};
use crate::constants::{DAY, FREEZING};
use crate::energy::solar::SolarTable;
use crate::forcing::{Atmosphere, MonthlyWeather, WeatherSeries};
use crate::lanes::{Batched, Lanes, WIDTH};
use crate::parameters::Parameters;
use crate::plant::pft::Pft;
use crate::soil::LAYERS;
use crate::spinup::{Options, spin_up};
use crate::weather::disaggregate;

/// A place with its mean year: by month, minimum and maximum temperature, °C, radiation, MJ m⁻² d⁻¹, vapour pressure
/// deficit, hPa, and precipitation, mm d⁻¹ (`data/site_normals.csv`).
pub(crate) struct Place {
    latitude: f64,
    pft: Pft,
    year: [[f64; 5]; 12],
}

/// Evergreen oak at Castelporziano (IT-Cpz).
pub(crate) const MEDITERRANEAN: Place = Place {
    latitude: 41.7,
    pft: Pft::BroadleafEvergreenTemperate,
    year: [
        [6.6, 11.2, 6.4, 4.2, 2.4],
        [6.4, 11.8, 9.9, 5.1, 2.5],
        [8.5, 14.6, 14.9, 6.3, 2.3],
        [11.7, 17.9, 19.8, 8.0, 1.8],
        [15.3, 21.9, 23.6, 10.9, 1.6],
        [19.2, 26.2, 25.6, 14.7, 1.1],
        [22.1, 29.3, 25.5, 19.1, 0.6],
        [22.2, 29.4, 22.4, 19.1, 0.6],
        [18.3, 25.4, 16.2, 13.9, 1.7],
        [15.0, 21.3, 11.3, 9.1, 2.7],
        [11.3, 16.4, 7.2, 6.0, 3.3],
        [7.6, 12.3, 5.6, 4.7, 2.5],
    ],
};

/// Pine at Hyytiälä (FI-Hyy).
const BOREAL: Place = Place {
    latitude: 61.8,
    pft: Pft::NeedleleafEvergreenBoreal,
    year: [
        [-7.8, -6.5, 0.6, 0.4, 1.6],
        [-8.3, -4.7, 2.4, 0.8, 1.3],
        [-5.4, 1.1, 7.7, 2.5, 1.0],
        [0.3, 8.0, 13.6, 5.2, 1.2],
        [5.8, 14.4, 18.7, 8.3, 1.7],
        [9.6, 17.6, 19.6, 9.1, 2.7],
        [13.4, 21.2, 18.7, 10.2, 3.1],
        [11.8, 19.4, 14.1, 8.4, 2.5],
        [8.0, 14.0, 8.3, 5.1, 2.0],
        [2.9, 6.4, 3.5, 2.0, 2.0],
        [-0.4, 0.9, 0.8, 0.6, 2.0],
        [-4.3, -3.5, 0.3, 0.4, 1.8],
    ],
};

impl Place {
    /// Weather of so many years.
    pub(crate) fn weather(&self, years: usize) -> WeatherSeries {
        let month = |m: usize| {
            let [tmin, tmax, shortwave, vpd, precipitation] = self.year[m % 12];
            MonthlyWeather {
                tmin: tmin + FREEZING,
                tmax: tmax + FREEZING,
                shortwave: shortwave * 1e6 / DAY,
                vpd: 100.0 * vpd,
                precipitation: precipitation / DAY,
                air: Atmosphere::with_co2(390.0),
            }
        };
        disaggregate(&(0..12 * years).map(month).collect::<Vec<_>>(), 0, 3, 0).unwrap()
    }

    pub(crate) fn cold_start(&self, column: &Column) -> ColumnState {
        let mean = self.year.iter().map(|month| 0.5 * (month[0] + month[1])).sum::<f64>() / 12.0;
        ColumnState::cold_start(column, mean + FREEZING)
    }

    /// The column with its parameters changed.
    pub(crate) fn column(&self, change: impl Fn(&mut Parameters)) -> Column {
        let site = Site {
            latitude: self.latitude,
            elevation: 100.0,
            cover: Cover::whole(self.pft),
            sand: 45.0,
            clay: 15.0,
            organic: [0.0; LAYERS],
            soil_depth: 1.5,
            base: Base::Open,
            wind: USUAL_WIND,
            nitrogen_deposition: 0.8,
            ignition: Ignition::usual(self.latitude),
        };
        let mut parameters = Parameters::for_pft(self.pft);
        change(&mut parameters);
        Column::new(&site, vec![parameters], Arc::new(SolarTable::new(self.latitude))).unwrap()
    }

    /// Burned share of the ground and carbon that burns, gC m⁻², a year, at equilibrium.
    fn yearly(&self) -> [f64; 2] {
        const YEARS: usize = 10;
        let (column, weather) = (self.column(|_| {}), self.weather(YEARS));
        let options = Options { max_cycles: 40, ..Options::default() };
        let (mut state, report) = spin_up(&column, &self.cold_start(&column), &weather, &options).unwrap();
        assert!(report.converged, "{report:?}");
        let mut sums = [0.0; 2];
        let see = |_: Day, day: &DayFluxes, _: &ColumnState| {
            sums = [sums[0] + day.burned, sums[1] + day.fire];
        };
        let outcome = simulate_days(&column, &mut state, &[&weather], None, see);
        assert!(outcome.imbalance.carbon.max(outcome.imbalance.nitrogen) < 1e-12, "{:?}", outcome.imbalance);
        sums.map(|sum| sum / YEARS as f64)
    }
}

#[test]
fn mediterranean_forest_burns_by_the_half_percent_and_boreal_by_the_ten_thousandth() {
    // Portugal, Spain, France, Italy and Greece lose 0.4 to 0.5 million of their 60 million hectares of forest and scrub
    // a year, Finland and Sweden a few thousand of 45 million (JRC, Forest Fires in Europe).
    let [[burned, carbon], [boreal, _]] = [MEDITERRANEAN, BOREAL].map(|place| place.yearly());
    assert!((0.002..0.015).contains(&burned), "{burned}");
    assert!((1e-5..1e-3).contains(&boreal), "{boreal}");
    // Fires of temperate forest emit 1 to 5 kgC per burned m² (van der Werf et al. 2017, doi:10.5194/essd-9-697-2017).
    assert!((1_000.0..5_000.0).contains(&(carbon / burned)), "{}", carbon / burned);
}

#[test]
fn no_frozen_and_no_wet_day_burns() {
    let column = BOREAL.column(|p| p.fire_scale = 100.0);
    let mut state = BOREAL.cold_start(&column);
    let (mut burned, mut days) = (0.0, 0);
    let see = |_: Day, day: &DayFluxes, state: &ColumnState| {
        let frozen = state.temperature[..4].iter().all(|t| *t <= FREEZING);
        assert!(!(frozen || day.btran >= 0.98) || (day.burned == 0.0 && day.fire == 0.0));
        burned += day.burned;
        days += usize::from(frozen || day.btran >= 0.98);
    };
    let outcome = simulate_days(&column, &mut state, &[&BOREAL.weather(5)], None, see);
    assert!(outcome.failures[0].is_none() && outcome.imbalance.carbon < 1e-12);
    assert!(burned > 0.0 && days > 365, "{burned} {days}");
}

#[test]
fn a_batch_burns_as_its_columns_do_and_not_at_all_at_a_scale_of_zero() {
    let weather = MEDITERRANEAN.weather(4);
    let columns = [0.0, 1.0, 20.0, 100.0].map(|scale| MEDITERRANEAN.column(|p| p.fire_scale = scale));
    let starts: Vec<ColumnState> = columns.iter().map(|c| MEDITERRANEAN.cold_start(c)).collect();
    let batch = Column::<Lanes>::gather(&|k| &columns[k]);
    let mut together = ColumnState::<Lanes>::gather(&|k| &starts[k]);
    let mut fires = [0.0; WIDTH];
    let outcome = simulate_batch(&batch, &mut together, &[&weather; WIDTH], None, |_, month| {
        (0..WIDTH).for_each(|k| fires[k] += month.fire.lane(k));
        let (ra, hr, gpp) = (month.ra.lane(1), month.hr.lane(1), month.gpp.lane(1));
        assert_eq!(month.nee().lane(1).to_bits(), (ra + hr - gpp).to_bits(), "fire is no part of NEE");
    });
    assert!(outcome.failures.iter().all(Option::is_none));
    assert!(fires[0] == 0.0 && fires[1] > 0.0 && fires[2] > fires[1], "{fires:?}");
    for (k, (column, mut alone)) in columns.iter().zip(starts).enumerate() {
        simulate_days(column, &mut alone, &[&weather], None, |_, _, _| {});
        assert!(together.lane(k) == alone, "lane {k}");
    }
}
