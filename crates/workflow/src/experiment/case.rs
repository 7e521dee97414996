//! A station as the land model sees it, with its observations.

use std::collections::BTreeMap;
use std::sync::Arc;

use reterra_fields::calendar::Month;
use reterra_fields::station::{Igbp, Station};
use reterra_land::column::{Base, Column, ColumnState, Cover, Site, USUAL_WIND};
use reterra_land::constants::{DAY, YEAR_DAYS};
use reterra_land::energy::solar::SolarTable;
use reterra_land::error::LandError;
use reterra_land::fire::Ignition;
use reterra_land::forcing::{MonthlyWeather, WeatherSeries};
use reterra_land::parameters::Parameters;
use reterra_land::plant::pft::{Pft, VegetationClass};
use reterra_land::soil::LAYERS;
use reterra_land::weather::disaggregate;

use crate::config::Variable;

/// Depth to bedrock where nothing else is known, m.
const SOIL_DEPTH: f64 = 2.5;

/// Monthly values by variable, in the code's units, one entry a month of the run.
pub type Series = BTreeMap<Variable, Vec<Option<f64>>>;

/// One station, ready to run.
#[derive(Clone, Debug)]
pub struct StationCase {
    /// The station.
    pub station: Station,
    /// The class its parameters are calibrated with.
    pub class: VegetationClass,
    /// Its site in the land model.
    pub site: Site,
    /// The sun over it.
    pub solar: Arc<SolarTable>,
    /// First month of the run.
    pub start: Month,
    /// Daily weather of the run.
    pub weather: WeatherSeries,
    /// The monthly means that it was made from, one entry a month of the run.
    pub monthly: Vec<MonthlyWeather>,
    /// Months of one spin-up cycle, from the start.
    pub cycle_months: usize,
    /// Mean air temperature, K.
    pub mean_temperature: f64,
    /// Observations to assimilate.
    pub assimilated: Series,
    /// Observations held back.
    pub withheld: Series,
}

/// What a case is made from.
#[derive(Clone, Debug)]
pub struct CaseInput {
    /// The station; soil texture is required.
    pub station: Station,
    /// First month.
    pub start: Month,
    /// Monthly weather.
    pub weather: Vec<MonthlyWeather>,
    /// Observations to assimilate.
    pub assimilated: Series,
    /// Observations held back.
    pub withheld: Series,
}

impl StationCase {
    /// Works out a case; `nitrogen_deposition` (gN m⁻² s⁻¹) serves where the station has none, `column` numbers
    /// the station for its random streams.
    ///
    /// # Errors
    /// [`LandError::Forcing`] for impossible weather; a station without soil texture is refused by the caller.
    pub fn new(
        input: CaseInput,
        (sand, clay): (f64, f64),
        nitrogen_deposition: f64,
        cycle_months: usize,
        (seed, column): (u64, u32),
    ) -> Result<Self, LandError> {
        let weather = disaggregate(&input.weather, usize::from(input.start.month) - 1, seed, column)?;
        Ok(Self::under(weather, input, (sand, clay), nitrogen_deposition, cycle_months))
    }

    /// As [`Self::new`], under daily weather that was observed, not generated; the input's monthly weather is that
    /// of the same months.
    #[must_use]
    pub fn under(
        weather: WeatherSeries,
        input: CaseInput,
        (sand, clay): (f64, f64),
        nitrogen_deposition: f64,
        cycle_months: usize,
    ) -> Self {
        let (mean_temperature, coldest) = climate(&input.weather);
        let class = class_of(input.station.igbp);
        let site = Site {
            latitude: input.station.latitude,
            elevation: input.station.elevation.unwrap_or(0.0),
            cover: Cover::whole(Pft::from_climate(class, mean_temperature, coldest)),
            sand,
            clay,
            organic: [0.0; LAYERS],
            soil_depth: SOIL_DEPTH,
            base: Base::Open,
            wind: USUAL_WIND,
            nitrogen_deposition: input.station.nitrogen_deposition.unwrap_or(nitrogen_deposition)
                * DAY
                * YEAR_DAYS,
            ignition: Ignition::usual(input.station.latitude),
        };
        Self {
            solar: Arc::new(SolarTable::new(site.latitude)),
            cycle_months: cycle_months.min(weather.months()),
            station: input.station,
            start: input.start,
            class,
            site,
            weather,
            monthly: input.weather,
            mean_temperature,
            assimilated: input.assimilated,
            withheld: input.withheld,
        }
    }

    /// The column of this station with given parameters of its vegetation.
    ///
    /// # Errors
    /// [`LandError::Cover`].
    pub fn column(&self, parameters: Parameters) -> Result<Column, LandError> {
        Column::new(&self.site, vec![parameters], Arc::clone(&self.solar))
    }

    /// CLM's default parameters of the station's plant functional type.
    #[must_use]
    pub fn defaults(&self) -> Parameters {
        Parameters::for_pft(self.site.dominant())
    }

    /// A cold start.
    #[must_use]
    pub fn cold_start(&self, column: &Column) -> ColumnState {
        ColumnState::cold_start(column, self.mean_temperature)
    }

    /// Months up to and with the last that has an observation to assimilate; 0 without any.
    #[must_use]
    pub fn assimilated_months(&self) -> usize {
        let last = |series: &Vec<Option<f64>>| series.iter().rposition(Option::is_some).map_or(0, |m| m + 1);
        self.assimilated.values().map(last).max().unwrap_or(0)
    }
}

/// Mean temperature, and that of the coldest month of the mean year, K.
fn climate(months: &[MonthlyWeather]) -> (f64, f64) {
    let mean = |m: &MonthlyWeather| 0.5 * (m.tmin + m.tmax);
    let overall = months.iter().map(mean).sum::<f64>() / months.len().max(1) as f64;
    let coldest = (0..12)
        .filter_map(|k| {
            let same: Vec<f64> = months.iter().skip(k).step_by(12).map(mean).collect();
            (!same.is_empty()).then(|| same.iter().sum::<f64>() / same.len() as f64)
        })
        .fold(f64::INFINITY, f64::min);
    (overall, coldest)
}

/// The calibration class of a land cover: mixed forest joins the needleleaf stations (Brasschaat is a Scots
/// pine stand), sparse arctic ground the wetlands.
#[must_use]
pub fn class_of(igbp: Igbp) -> VegetationClass {
    match igbp {
        Igbp::ENF | Igbp::MF => VegetationClass::EvergreenNeedleleaf,
        Igbp::EBF => VegetationClass::EvergreenBroadleaf,
        Igbp::DNF => VegetationClass::DeciduousNeedleleaf,
        Igbp::DBF => VegetationClass::DeciduousBroadleaf,
        Igbp::CSH | Igbp::OSH | Igbp::SAV | Igbp::WSA => VegetationClass::Shrub,
        Igbp::GRA | Igbp::URB => VegetationClass::Grass,
        Igbp::WET | Igbp::SNO | Igbp::BSV => VegetationClass::Wetland,
        Igbp::CRO | Igbp::CVM => VegetationClass::Crop,
    }
}
