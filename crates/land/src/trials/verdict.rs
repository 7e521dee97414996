//! How a trial went: what must never be negative or infinite, looked at every day.

use crate::column::{ColumnState, DayFluxes, LargestImbalance};
use crate::error::LandError;
use crate::lanes::{Batched, Real};
use crate::plant::state::Vegetation;
use crate::soil::grid::LAYERS;
use crate::water::snowpack::SNOW_LAYERS;

/// A pool or a gross flow that was negative or not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// Its name.
    pub quantity: &'static str,
    /// Its value.
    pub value: f64,
    /// Month since the start.
    pub month: usize,
}

/// How one column fared.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The first negative or infinite quantity.
    pub breach: Option<Breach>,
    /// What stopped the column.
    pub failure: Option<LandError>,
    /// Largest budget error of any step; of no meaning where something failed.
    pub imbalance: LargestImbalance,
    /// The state at the end; of no meaning where something failed.
    pub end: ColumnState,
}

impl Verdict {
    /// Whether everything stayed finite, at or above zero, and balanced.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.breach.is_none() && self.failure.is_none()
    }

    /// Whether a pool or a gross flow was negative.
    #[must_use]
    pub fn was_negative(&self) -> bool {
        self.breach.as_ref().is_some_and(|b| b.value < 0.0)
    }

    /// Whether something was infinite or not a number.
    #[must_use]
    pub fn was_not_finite(&self) -> bool {
        let stopped = matches!(self.failure, Some(LandError::NotFinite { .. }));
        stopped || self.breach.as_ref().is_some_and(|b| !b.value.is_finite())
    }

    /// Largest relative error of carbon, nitrogen and water; infinite where a budget stopped the column.
    #[must_use]
    pub fn largest_imbalance(&self) -> f64 {
        match self.failure {
            None => self.imbalance.carbon.max(self.imbalance.nitrogen).max(self.imbalance.water),
            Some(LandError::Balance { error, stock, .. }) => error / stock.abs().max(1.0),
            Some(_) => f64::INFINITY,
        }
    }
}

/// Keeps what was seen of a batch.
pub(super) struct Watch {
    breaches: Vec<Option<Breach>>,
    failures: Vec<Option<LandError>>,
}

impl Watch {
    pub fn new(width: usize) -> Self {
        Self { breaches: vec![None; width], failures: vec![None; width] }
    }

    /// Looks at a day.
    pub fn see<T: Real>(&mut self, month: usize, state: &ColumnState<T>, fluxes: &DayFluxes<T>) {
        let mut sound = T::default().at_least(0.0);
        visit(state, fluxes, |_, value| sound = sound & is_sound(value));
        if !T::any(!sound) {
            return;
        }
        visit(state, fluxes, |quantity, value| {
            for (lane, breach) in self.breaches.iter_mut().enumerate() {
                if breach.is_none() && !T::holds(is_sound(value), lane) {
                    *breach = Some(Breach { quantity, value: value.at(lane), month });
                }
            }
        });
    }

    /// Keeps the first failure of each lane.
    pub fn record(&mut self, failures: Vec<Option<LandError>>) {
        for (kept, new) in self.failures.iter_mut().zip(failures) {
            *kept = kept.take().or(new);
        }
    }

    /// One verdict a lane.
    pub fn verdicts<T: Real>(self, state: &ColumnState<T>, imbalance: &LargestImbalance<T>) -> Vec<Verdict> {
        let both = self.breaches.into_iter().zip(self.failures).enumerate();
        both.map(|(k, (breach, failure))| Verdict {
            breach,
            failure,
            imbalance: imbalance.lane(k),
            end: state.lane(k),
        })
        .collect()
    }
}

fn is_sound<T: Real>(value: T) -> T::Mask {
    value.at_least(0.0) & value.under(f64::INFINITY)
}

/// Every pool, the absolute temperatures, and the gross flows of a day.
fn visit<T: Real>(state: &ColumnState<T>, day: &DayFluxes<T>, mut see: impl FnMut(&'static str, T)) {
    for plant in &state.plants {
        visit_plant(plant, &mut see);
    }
    for k in 0..SNOW_LAYERS {
        see("ice of snow", state.water.snow.ice[k]);
        see("water of snow", state.water.snow.liquid[k]);
        see("thickness of snow", state.water.snow.thickness[k]);
        see("size of the chill of snow", -state.water.snow.chill[k]);
    }
    see("mean evapotranspiration", state.et_mean);
    see("mean humidity", state.humidity);
    state.thaw.iter().for_each(|&depth| see("thaw depth", depth));
    for i in 0..LAYERS {
        see("soil temperature", state.temperature[i]);
        see("liquid water", state.water.liquid[i]);
        see("ice", state.water.ice[i]);
        see("ammonium", state.soil.nh4[i]);
        see("nitrate", state.soil.no3[i]);
        state.soil.carbon[i].iter().for_each(|&carbon| see("soil carbon", carbon));
        state.soil.nitrogen[i].iter().for_each(|&nitrogen| see("soil nitrogen", nitrogen));
    }
    for (name, flow) in [
        ("gpp", day.gpp),
        ("autotrophic respiration", day.ra),
        ("heterotrophic respiration", day.hr),
        ("harvest", day.harvest),
        ("harvested nitrogen", day.harvest_n),
        ("burned carbon", day.fire),
        ("burned nitrogen", day.fire_n),
        ("burned area", day.burned),
        ("nitrogen input", day.nitrogen_in),
        ("nitrogen loss", day.nitrogen_out),
        ("evapotranspiration", day.et),
        ("transpiration", day.transpiration),
        ("runoff", day.runoff),
        ("leaf area", day.lai),
    ] {
        see(name, flow);
    }
}

fn visit_plant<T: Real>(plant: &Vegetation<T>, see: &mut impl FnMut(&'static str, T)) {
    let n = &plant.nitrogen;
    for (name, pool) in [
        ("leaf carbon", plant.leaf),
        ("fine-root carbon", plant.froot),
        ("live-wood carbon", plant.livewood),
        ("dead-wood carbon", plant.deadwood),
        ("storage carbon", plant.storage),
        ("transfer carbon", plant.transfer),
        ("reserve carbon", plant.reserve),
        ("leaf nitrogen", n.leaf),
        ("fine-root nitrogen", n.froot),
        ("live-wood nitrogen", n.livewood),
        ("dead-wood nitrogen", n.deadwood),
        ("storage nitrogen", n.storage),
        ("transfer nitrogen", n.transfer),
        ("retranslocated nitrogen", plant.retrans_n),
        ("intercepted water", plant.intercepted),
        ("intercepted snow", plant.intercepted_snow),
        ("ten-day temperature", plant.t10),
        ("annual temperature", plant.t_annual),
        // These two may be negative.
        ("size of the mean net production", plant.npp_mean.abs()),
        ("size of the acclimated temperature", plant.acclimation.abs()),
    ] {
        see(name, pool);
    }
}
