//! Random columns under random weather: trials of the model with all that it accepts.
//!
//! A trial is a batch of columns on one depth of soil with the same plant functional types, drawn from the stream of a
//! seed and a number, so that two numbers are all it takes to see a failure again. Places reach from pole to pole and
//! from sand to clay; climates from polar desert to rain forest, or anything that [`MonthlyWeather::validate`] lets
//! pass; parameters up to the bounds of [`Parameters::set`], and they change halfway through a trial without the state
//! being told, as when a filter moves them.
//!
//! [`MonthlyWeather::validate`]: crate::forcing::MonthlyWeather::validate
//! [`Parameters::set`]: crate::parameters::Parameters::set

mod climate;
mod dice;
mod place;
mod verdict;

pub use verdict::{Breach, Verdict};

use std::sync::Arc;

use reterra_statistics::random::{Stage, StreamKey};

use crate::column::{BatchOutcome, Column, ColumnState, Day, DayFluxes, LargestImbalance, simulate_days};
use crate::energy::solar::SolarTable;
use crate::error::LandError;
use crate::forcing::WeatherSeries;
use crate::lanes::{Batched, Lanes, Real, WIDTH};
use dice::Dice;
use verdict::Watch;

/// Years of a trial; parameters change after half of them.
pub const YEARS: usize = 4;

/// A batch of columns and what happens to them.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Columns by lane, with the parameters of the first and of the second half.
    pub columns: [[Column; WIDTH]; 2],
    /// Weather by lane.
    pub weather: [WeatherSeries; WIDTH],
    /// Mean air temperature by lane, K.
    pub mean_temperature: [f64; WIDTH],
}

impl Trial {
    /// The trial of a seed and a number.
    ///
    /// # Errors
    /// Those of [`Column::new`] and of the weather generator; a draw that the model refuses is a defect of the draw.
    pub fn draw(seed: u64, number: u32) -> Result<Self, LandError> {
        let key = StreamKey { seed, stage: Stage::Test, cycle: number, member: 0, column: 0 };
        let mut dice = Dice(key.stream());
        let shared = place::Shared::draw(&mut dice);
        let lane = |k: usize| -> Result<_, LandError> {
            let mut dice = Dice(StreamKey { member: 1 + k as u32, ..key }.stream());
            let site = place::site(&shared, &mut dice);
            let solar = Arc::new(SolarTable::new(site.latitude));
            let weather = climate::weather(&site, &solar, &mut dice, (seed, number))?;
            let mut column = || Column::new(&site, place::parameters(&site, &mut dice)?, Arc::clone(&solar));
            Ok(([column()?, column()?], weather))
        };
        let lanes = (0..WIDTH).map(lane).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            columns: std::array::from_fn(|half| std::array::from_fn(|k| lanes[k].0[half].clone())),
            mean_temperature: std::array::from_fn(|k| climate::mean_temperature(&lanes[k].1)),
            weather: std::array::from_fn(|k| lanes[k].1.clone()),
        })
    }

    /// Runs all lanes in one batch, from a cold start.
    #[must_use]
    pub fn run(&self) -> Vec<Verdict> {
        self.run_as::<Lanes>(&|k| k)
    }

    /// Runs one lane alone.
    #[must_use]
    pub fn run_alone(&self, lane: usize) -> Verdict {
        self.run_as::<f64>(&|_| lane).remove(0)
    }

    /// Runs the lanes that `lane` names.
    fn run_as<T: Real>(&self, lane: &dyn Fn(usize) -> usize) -> Vec<Verdict> {
        let start: Vec<ColumnState> = (0..T::WIDTH)
            .map(|k| ColumnState::cold_start(&self.columns[0][lane(k)], self.mean_temperature[lane(k)]))
            .collect();
        let mut state = ColumnState::<T>::gather(&|k| &start[k]);
        let mut watch = Watch::new(T::WIDTH);
        let mut imbalance = LargestImbalance::default();
        for (half, columns) in self.columns.iter().enumerate() {
            let column = Column::<T>::gather(&|k| &columns[lane(k)]);
            let months = YEARS * 6;
            let series: Vec<WeatherSeries> = (0..T::WIDTH)
                .map(|k| self.weather[lane(k)].slice(half * months..(half + 1) * months))
                .collect();
            let series: Vec<&WeatherSeries> = series.iter().collect();
            let see = |day: Day, fluxes: &DayFluxes<T>, state: &ColumnState<T>| {
                watch.see(day.month + half * months, state, fluxes);
            };
            let outcome: BatchOutcome<T> = simulate_days(&column, &mut state, &series, None, see);
            imbalance = imbalance.max(outcome.imbalance);
            watch.record(outcome.failures);
        }
        watch.verdicts(&state, &imbalance)
    }
}
