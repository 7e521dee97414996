//! What drives a column: daily weather and what the air holds, and the monthly means they are made from.

use crate::batched;
use crate::constants::DAY;
use crate::error::LandError;

/// Marks long-wave radiation that nobody measured.
pub const UNKNOWN: f64 = 0.0;

batched! {
    /// Weather of one day.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct DailyWeather {
        /// Lowest air temperature, K.
        pub tmin: T,
        /// Highest air temperature, K.
        pub tmax: T,
        /// Mean incident short-wave radiation, W m⁻².
        pub shortwave: T,
        /// Mean incident long-wave radiation, W m⁻²; [`UNKNOWN`] has the model estimate its net loss.
        pub longwave: T,
        /// Vapour pressure deficit, Pa.
        pub vpd: T,
        /// Precipitation, kg m⁻² d⁻¹.
        pub precipitation: T,
    }
}

batched! {
    /// What the air brings besides weather; it changes from month to month.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Atmosphere {
        /// CO₂ mole fraction, µmol mol⁻¹.
        pub co2: T,
        /// Nitrogen deposition, as a multiple of the site's.
        pub deposition: T,
    }
}

impl Atmosphere {
    /// Air of `co2` µmol mol⁻¹ that brings the site's own nitrogen deposition.
    #[must_use]
    pub fn with_co2(co2: f64) -> Self {
        Self { co2, deposition: 1.0 }
    }
}

/// Monthly means of the weather, and what the air holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MonthlyWeather {
    /// Mean of daily minimum temperature, K.
    pub tmin: f64,
    /// Mean of daily maximum temperature, K.
    pub tmax: f64,
    /// Short-wave radiation, W m⁻².
    pub shortwave: f64,
    /// Vapour pressure deficit, Pa.
    pub vpd: f64,
    /// Precipitation, kg m⁻² s⁻¹.
    pub precipitation: f64,
    /// CO₂ and nitrogen deposition.
    pub air: Atmosphere,
}

impl MonthlyWeather {
    /// Refuses what no place on Earth has.
    ///
    /// # Errors
    /// [`LandError::Forcing`] naming the variable and the month's position.
    pub fn validate(&self, month: usize) -> Result<(), LandError> {
        let limits = [
            ("tmin", self.tmin, 180.0, 330.0),
            ("tmax", self.tmax, self.tmin, 340.0),
            ("shortwave", self.shortwave, 0.0, 600.0),
            ("vpd", self.vpd, 0.0, 15_000.0),
            ("precipitation", self.precipitation, 0.0, 0.02),
            ("co2", self.air.co2, 100.0, 5_000.0),
            ("deposition", self.air.deposition, 0.0, 1_000.0),
        ];
        for (variable, value, lower, upper) in limits {
            if !(value >= lower && value <= upper) {
                return Err(LandError::Forcing { variable, value, month, lower, upper });
            }
        }
        Ok(())
    }
}

/// Length of each month of a year without leap days.
pub const MONTH_DAYS: [usize; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Daily weather of a run of whole months on the noleap calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct WeatherSeries {
    /// Month of the year of the first entry, 0 = January.
    pub first_month: usize,
    /// CO₂ and nitrogen deposition by month.
    pub air: Vec<Atmosphere>,
    /// One entry a day.
    pub days: Vec<DailyWeather>,
}

impl WeatherSeries {
    /// Number of months.
    #[must_use]
    pub fn months(&self) -> usize {
        self.air.len()
    }

    /// Walks over months: position, first day of the year, and the month's days.
    pub fn by_month(&self) -> impl Iterator<Item = (usize, usize, &[DailyWeather])> {
        let mut start = 0;
        (0..self.months()).map(move |m| {
            let month = (self.first_month + m) % 12;
            let day_of_year = MONTH_DAYS[..month].iter().sum();
            let days = &self.days[start..start + MONTH_DAYS[month]];
            start += MONTH_DAYS[month];
            (m, day_of_year, days)
        })
    }

    /// Means by month.
    #[must_use]
    pub fn monthly(&self) -> Vec<MonthlyWeather> {
        let of_month = |(m, _, days): (usize, usize, &[DailyWeather])| {
            let mean = |of: fn(&DailyWeather) -> f64| days.iter().map(of).sum::<f64>() / days.len() as f64;
            MonthlyWeather {
                tmin: mean(|d| d.tmin),
                tmax: mean(|d| d.tmax),
                shortwave: mean(|d| d.shortwave),
                vpd: mean(|d| d.vpd),
                precipitation: mean(|d| d.precipitation) / DAY,
                air: self.air[m],
            }
        };
        self.by_month().map(of_month).collect()
    }

    /// The months `range`, as a series of its own.
    #[must_use]
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let length = |m: usize| MONTH_DAYS[(self.first_month + m) % 12];
        let start: usize = (0..range.start).map(length).sum();
        let end: usize = start + range.clone().map(length).sum::<usize>();
        Self {
            first_month: (self.first_month + range.start) % 12,
            air: self.air[range].to_vec(),
            days: self.days[start..end].to_vec(),
        }
    }
}
