//! Mineral nitrogen of a day: who gets it, what is oxidised, what is lost.
//!
//! CLM5 `SoilBiogeochemCompetitionMod`, `SoilBiogeochemNitrifDenitrifMod`, `SoilBiogeochemNLeachingMod` with all
//! competitors at equal strength. Differences that the daily step asks for: what mineralises in a day can be taken up
//! on that day, while nitrifiers see the ammonium left from the day before (as at CLM's half-hour step, where plants
//! and microbes take mineralised ammonium before it accumulates). The anaerobic share of soil comes from its
//! water-filled pore space, CLM's from its methane model.

use super::cascade::{DAYS_PER_YEAR, loss_fraction};
use super::grid::{INTERFACE, LAYERS, THICKNESS};
use super::scalars::Scalars;
use super::{SoilBiology, SoilClimate, SoilColumn, SoilFluxes, SoilInput, SoilParameters};
use crate::lanes::Real;

/// `k1` of the N2:N2O ratio (del Grosso et al. 2000, doi:10.1029/1999GB001225): CLM reduces it by 350 times a
/// diffusivity in m2 s-1, which is below 1 % of it; left out.
const N2_N2O_K1: f64 = 38.4;

/// Floor of the substrate term of the N2:N2O ratio.
const LEAST_N2: f64 = 0.16;

/// Nitrate over respiration above which the substrate term is at its floor: `-ln(0.16)/0.8 < 2.3`.
const NITRATE_AMPLE: f64 = 2.3;

/// g m-3 over kg m-3 of soil to ug g-1.
const PER_GRAM: f64 = 1000.0;

/// Density of water, kg m-3.
const WATER_DENSITY: f64 = 1000.0;

/// Potential exchange of the organic pools with the mineral pool by layer, g m-2 d-1.
pub(super) struct Exchange<T> {
    /// Nitrogen that decomposers ask for.
    pub immobilisation: [T; LAYERS],
    /// Nitrogen that decomposition releases.
    pub mineralisation: [T; LAYERS],
    /// Carbon that decomposition respires.
    pub respiration: [T; LAYERS],
}

/// What a day of mineral nitrogen depends on.
pub(super) struct Day<'a, T: Real> {
    pub soil: &'a SoilColumn<T>,
    pub climate: &'a SoilClimate<T>,
    pub input: &'a SoilInput<T>,
    pub biology: &'a SoilBiology<T>,
    pub active: usize,
}

/// Mineral nitrogen asked for and available in a layer, gN m-2 d-1.
#[derive(Clone, Copy, Default)]
struct Demand<T> {
    plants: T,
    decomposers: T,
    nitrifiers: T,
    denitrifiers: T,
    n2o_share: T,
}

impl<T: Real> Day<'_, T> {
    /// Free-living fixation, gN m-2 d-1 (Cleveland et al. 1999, doi:10.1029/1999GB900014).
    fn free_fixation(&self) -> T {
        let yearly = self.biology.parameters.freelivfix_slope_wet * self.climate.et_annual.max(0.0)
            + self.biology.parameters.freelivfix_intercept;
        yearly.max(0.0) / DAYS_PER_YEAR
    }

    /// Adds deposition (top layer), fixation (roots; without roots the top layer) and mineralisation to `nh4`.
    fn supply(&self, nh4: &mut [T; LAYERS], exchange: &Exchange<T>, fixation: T) {
        let mut rooted = T::default();
        for j in 0..self.active {
            rooted += self.soil.root_fraction[j];
            nh4[j] += exchange.mineralisation[j] + fixation * self.soil.root_fraction[j];
        }
        nh4[0] += self.input.nitrogen_deposition + fixation * (-rooted + 1.0);
    }

    /// Denitrification of a layer if all of it were anaerobic, gN m-2 d-1, from its nitrate (gN m-2) and respiration
    /// (gC m-2 d-1).
    #[inline]
    fn denitrification(&self, j: usize, no3: T, respiration: T) -> T {
        let limits = &self.biology.denitrification;
        let per_gram = T::of(PER_GRAM) / (self.soil.bulk_density[j] * THICKNESS[j]);
        let by_carbon = limits[0].log(respiration * per_gram);
        by_carbon.min(limits[1].log(no3 * per_gram)).exp() / per_gram
    }

    /// Nitrate lost with water, gN m-2 d-1: drainage takes the same share of all layers, runoff of the top ones.
    fn leach(&self, no3: &mut [T; LAYERS]) -> T {
        let shallow = |j: usize, value: T| match j {
            0 => value,
            _ => T::select(self.biology.parameters.depth_runoff_nloss.at_least(INTERFACE[j]), value, 0.0),
        };
        let (mut total, mut surface) = (T::default(), T::default());
        for j in 0..self.active {
            let water = self.climate.water[j].max(0.0) * (THICKNESS[j] * WATER_DENSITY);
            total += water;
            surface += shallow(j, water);
        }
        let drained = dissolved_loss(self.climate.drainage, total, self.biology.parameters.sf_no3);
        let washed = dissolved_loss(self.climate.surface_runoff, surface, self.biology.parameters.sf_no3);
        let kept = -drained + 1.0;
        let mut lost = T::default();
        for j in 0..self.active {
            let loss = no3[j] * (drained + shallow(j, washed) * kept);
            lost += loss;
            no3[j] -= loss;
        }
        lost
    }
}

/// Share of a solute that `flow` (kg m-2 d-1) takes from `water` (kg m-2) in a day.
fn dissolved_loss<T: Real>(flow: T, water: T, dissolved: T) -> T {
    T::select(flow.over(0.0) & water.over(0.0), loss_fraction(dissolved * flow / water), 0.0)
}

/// Denitrification in fully anaerobic soil, ugN g-1 d-1, at `nitrate` (ugN g-1) and `respiration` (ugC g-1 d-1):
/// the smaller of its carbon and its nitrate limit (del Grosso et al. 2000, doi:10.1029/1999GB001225).
#[must_use]
pub fn denitrification_potential<T: Real>(nitrate: T, respiration: T, p: &SoilParameters<T>) -> T {
    let [by_carbon, by_nitrate] = denitrification_limits(p);
    by_carbon.log(respiration).min(by_nitrate.log(nitrate)).exp()
}

/// `coefficient * x^exponent`, in logarithms.
#[derive(Clone, Copy, Debug)]
pub(super) struct PowerLaw<T> {
    log_coefficient: T,
    exponent: T,
}

impl<T: Real> PowerLaw<T> {
    fn new(coefficient: T, exponent: T) -> Self {
        Self { log_coefficient: coefficient.ln(), exponent }
    }

    #[inline]
    fn log(self, x: T) -> T {
        self.log_coefficient + self.exponent * x.ln()
    }
}

/// The carbon and the nitrate limit of denitrification.
pub(super) fn denitrification_limits<T: Real>(p: &SoilParameters<T>) -> [PowerLaw<T>; 2] {
    [
        PowerLaw::new(p.denitrif_respiration_coef, p.denitrif_respiration_exp),
        PowerLaw::new(p.denitrif_nitrateconc_coef, p.denitrif_nitrateconc_exp),
    ]
}

/// N2 over N2O of denitrification, at nitrate over daily respiration (gN gC-1 d) and the water-filled pore space.
#[must_use]
#[inline]
pub fn n2_to_n2o<T: Real>(nitrate_per_respiration: T, filled: T) -> T {
    let scarce = nitrate_per_respiration.at_most(NITRATE_AMPLE);
    let mut substrate = T::of(LEAST_N2);
    if T::any(scarce) {
        let falling = (nitrate_per_respiration * -0.8).exp().max(LEAST_N2);
        substrate = T::select(scarce, falling, LEAST_N2);
    }
    substrate * N2_N2O_K1 * (filled * 1.5 - 0.32).max(0.1)
}

/// pH scalar of nitrification (Parton et al. 1996, doi:10.1029/96GB01455).
#[must_use]
pub fn nitrification_ph_scalar(ph: f64) -> f64 {
    0.56 + (0.45 * std::f64::consts::PI * (ph - 5.0)).atan() / std::f64::consts::PI
}

/// Shares the mineral nitrogen of a day; writes the immobilisation limit of each layer to `fpi`.
pub(super) fn compete<T: Real>(
    day: &Day<T>,
    (nh4, no3): (&mut [T; LAYERS], &mut [T; LAYERS]),
    exchange: &Exchange<T>,
    scalars: &Scalars<T>,
    fpi: &mut [T; LAYERS],
) -> SoilFluxes<T> {
    let mut demands = day.demands(nh4, no3, exchange, scalars);
    let mut fluxes = SoilFluxes { free_fixation: day.free_fixation(), ..SoilFluxes::default() };
    day.supply(nh4, exchange, day.input.nitrogen_fixation + fluxes.free_fixation);
    day.share_plant_demand(&mut demands, nh4, no3);
    let mut potential = T::default();
    for j in 0..day.active {
        fpi[j] = share_layer(&demands[j], &mut nh4[j], &mut no3[j], &day.biology.parameters, &mut fluxes);
        potential += exchange.immobilisation[j];
        fluxes.gross_mineralisation += exchange.mineralisation[j];
    }
    fluxes.fpi = T::select(potential.over(0.0), fluxes.immobilisation / potential, 1.0);
    let missing = day.input.plant_nitrogen_demand - fluxes.plant_nitrogen_uptake;
    fluxes.plant_nitrogen_uptake += day.take_rest(missing, nh4, no3);
    fluxes.leaching = day.leach(no3);
    fluxes
}

impl<T: Real> Day<'_, T> {
    /// What decomposers, nitrifiers and denitrifiers ask for.
    fn demands(
        &self,
        nh4: &[T; LAYERS],
        no3: &[T; LAYERS],
        exchange: &Exchange<T>,
        scalars: &Scalars<T>,
    ) -> [Demand<T>; LAYERS] {
        let rate = self.biology.nitrification;
        let mut demands = [Demand::default(); LAYERS];
        for j in 0..self.active {
            let (anaerobic, respiration) = (scalars.anaerobic[j], exchange.respiration[j]);
            demands[j] = Demand {
                decomposers: exchange.immobilisation[j],
                nitrifiers: rate * scalars.nitrification[j] * (-anaerobic + 1.0) * nh4[j],
                ..Demand::default()
            };
            let denitrify = anaerobic.over(0.0) & no3[j].over(0.0) & respiration.over(0.0);
            if T::any(denitrify) {
                let potential = self.denitrification(j, no3[j], respiration);
                let ratio = n2_to_n2o(no3[j] / respiration, scalars.filled[j]);
                demands[j].denitrifiers = T::select(denitrify, anaerobic * potential, 0.0);
                demands[j].n2o_share = T::select(denitrify, T::of(1.0) / (ratio + 1.0), 0.0);
            }
        }
        demands
    }

    /// Spreads the plants' demand over layers in proportion to mineral nitrogen times roots.
    fn share_plant_demand(&self, demands: &mut [Demand<T>; LAYERS], nh4: &[T; LAYERS], no3: &[T; LAYERS]) {
        let mut total = T::default();
        for j in 0..self.active {
            demands[j].plants = (nh4[j] + no3[j]) * self.soil.root_fraction[j];
            total += demands[j].plants;
        }
        let demand = self.input.plant_nitrogen_demand.max(0.0);
        let per_weight = T::select(total.over(0.0), demand / total, 0.0);
        for j in 0..self.active {
            demands[j].plants *= per_weight;
        }
    }

    /// Second chance: plants take what they still miss from what is left where they have roots.
    fn take_rest(&self, missing: T, nh4: &mut [T; LAYERS], no3: &mut [T; LAYERS]) -> T {
        let rooted =
            |j: usize, value: T| T::select(self.soil.root_fraction[j].over(0.0), value, T::default());
        let mut left = T::default();
        for j in 0..self.active {
            left += rooted(j, nh4[j] + no3[j]);
        }
        let taking = missing.over(0.0) & left.over(0.0);
        if !T::any(taking) {
            return T::default();
        }
        let share = T::select(taking, (missing / left).min(1.0), 0.0);
        for j in 0..self.active {
            let share = rooted(j, share);
            nh4[j] -= share * nh4[j];
            no3[j] -= share * no3[j];
        }
        share * left
    }
}

/// Shares one layer's ammonium, then its nitrate, in proportion to demand; returns actual over potential
/// immobilisation.
#[inline]
fn share_layer<T: Real>(
    demand: &Demand<T>,
    nh4: &mut T,
    no3: &mut T,
    p: &SoilParameters<T>,
    fluxes: &mut SoilFluxes<T>,
) -> T {
    let met = satisfied(*nh4, demand.plants + demand.decomposers + demand.nitrifiers);
    let nitrified = met * demand.nitrifiers;
    let unmet = -met + 1.0;
    let met_no3 = satisfied(*no3, unmet * (demand.plants + demand.decomposers) + demand.denitrifiers);
    let fed = met + unmet * met_no3;
    let denitrified = met_no3 * demand.denitrifiers;
    let nitrified_n2o = p.nitrif_n2o_loss_frac * nitrified;
    *nh4 = (*nh4 - met * (demand.plants + demand.decomposers) - nitrified).max(0.0);
    *no3 = (*no3 - met_no3 * unmet * (demand.plants + demand.decomposers) - denitrified).max(0.0) + nitrified
        - nitrified_n2o;
    fluxes.plant_nitrogen_uptake += fed * demand.plants;
    fluxes.immobilisation += fed * demand.decomposers;
    fluxes.nitrification += nitrified;
    fluxes.denitrification += denitrified + nitrified_n2o;
    fluxes.n2o += denitrified * demand.n2o_share + nitrified_n2o;
    fed
}

/// Share of `demand` that `supply` meets.
#[inline]
fn satisfied<T: Real>(supply: T, demand: T) -> T {
    T::select(demand.over(supply), supply / demand, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};
    use crate::soil::fixtures::{column, seasonal};

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-3), "{found} is not {expected}");
    }

    #[test]
    fn denitrification_takes_the_smaller_limit() {
        let p = SoilParameters::default();
        check(denitrification_potential(1e6, 10.0, &p), 0.1 * 10.0_f64.powf(1.3));
        check(denitrification_potential(2.0, 1e6, &p), 1.15 * 2.0_f64.powf(0.57));
    }

    #[test]
    fn n2_ratio_has_its_floors() {
        check(n2_to_n2o(0.0, 1.0), 38.4 * 1.18);
        check(n2_to_n2o(1e3, 1.0), 0.16 * 38.4 * 1.18);
        check(n2_to_n2o(0.0, 0.2), 38.4 * 0.1);
    }

    #[test]
    fn ph_scalar_at_clm_fixed_ph() {
        check(nitrification_ph_scalar(5.0), 0.56);
        assert!((nitrification_ph_scalar(6.5) - 0.91974).abs() < 1e-5);
    }

    #[test]
    fn a_scarce_layer_is_shared_in_proportion() {
        let p = SoilParameters { nitrif_n2o_loss_frac: 0.0, ..SoilParameters::default() };
        let demand =
            Demand { plants: 2.0, decomposers: 1.0, nitrifiers: 1.0, denitrifiers: 0.0, n2o_share: 0.0 };
        let (mut nh4, mut no3) = (2.0, 0.75);
        let mut fluxes = SoilFluxes::default();
        let fpi = share_layer(&demand, &mut nh4, &mut no3, &p, &mut fluxes);
        // Half is met by ammonium; half of the rest (1.5) by nitrate.
        check(fpi, 0.75);
        check(fluxes.plant_nitrogen_uptake, 1.5);
        check(fluxes.nitrification, 0.5);
        check(nh4, 0.0);
        check(no3, 0.5);
    }

    #[test]
    fn leaching_takes_the_share_of_water_that_leaves() {
        check(dissolved_loss(0.0, 100.0, 1.0), 0.0);
        assert!((dissolved_loss(1.0, 100.0, 1.0) - (1.0 - (-0.01_f64).exp())).abs() < 1e-9);
        assert!(dissolved_loss(1e5, 1.0, 1.0) < 1.0);
    }

    #[test]
    fn a_batch_competes_as_its_columns_do() {
        let soil = column(8);
        let p = SoilParameters::default();
        // Nothing at all; scarce; plenty, asked for in vain by plants without need; wet with washed nitrate.
        let climates: [SoilClimate; WIDTH] = std::array::from_fn(|k| SoilClimate {
            drainage: [0.0, 0.5, 0.0, 20.0][k],
            surface_runoff: [0.0, 0.0, 3.0, 20.0][k],
            water: [[0.0, 0.2, 0.3, 0.45][k]; LAYERS],
            ..seasonal(180)
        });
        let inputs = [0.0, 0.5, 0.0, 0.01].map(|demand| SoilInput {
            plant_nitrogen_demand: demand,
            nitrogen_deposition: 0.1 * demand,
            ..SoilInput::default()
        });
        let amounts = [0.0, 0.001, 0.2, 0.05].map(|amount| [amount; LAYERS]);
        let rates = [0.0, 0.01, 0.002, 0.1].map(|rate| [rate; LAYERS]);
        let filled = [[0.0; LAYERS], [0.4; LAYERS], [0.7; LAYERS], [1.0; LAYERS]];
        let scalars = |k: usize| Scalars {
            decomposition: [1.0; LAYERS],
            nitrification: [0.5; LAYERS],
            anaerobic: filled[k].map(super::super::anaerobic_share),
            filled: filled[k],
        };
        let exchange = |k: usize| Exchange {
            immobilisation: rates[k],
            mineralisation: rates[WIDTH - 1 - k],
            respiration: rates[k].map(|rate| 8.0 * rate),
        };
        let across = |column: &dyn Fn(usize) -> [f64; LAYERS]| -> [Lanes; LAYERS] {
            std::array::from_fn(|j| <Lanes as Real>::from_lanes(|k| column(k)[j]))
        };
        let (mut nh4, mut no3, mut fpi) =
            (across(&|k| amounts[k]), across(&|k| amounts[k]), [Lanes::from(1.0); LAYERS]);
        let day = Day {
            soil: &SoilColumn::<Lanes>::gather(&|_| &soil),
            climate: &SoilClimate::gather(&|k| &climates[k]),
            input: &SoilInput::gather(&|k| &inputs[k]),
            biology: &SoilBiology::new(&SoilParameters::gather(&|_| &p)),
            active: 8,
        };
        let batch_exchange = Exchange {
            immobilisation: across(&|k| exchange(k).immobilisation),
            mineralisation: across(&|k| exchange(k).mineralisation),
            respiration: across(&|k| exchange(k).respiration),
        };
        let batch_scalars = Scalars {
            decomposition: across(&|k| scalars(k).decomposition),
            nitrification: across(&|k| scalars(k).nitrification),
            anaerobic: across(&|k| scalars(k).anaerobic),
            filled: across(&|k| scalars(k).filled),
        };
        let fluxes = compete(&day, (&mut nh4, &mut no3), &batch_exchange, &batch_scalars, &mut fpi);
        for k in 0..WIDTH {
            let biology = SoilBiology::new(&p);
            let day =
                Day { soil: &soil, climate: &climates[k], input: &inputs[k], biology: &biology, active: 8 };
            let (mut ammonium, mut nitrate, mut limit) = (amounts[k], amounts[k], [1.0; LAYERS]);
            let alone = compete(&day, (&mut ammonium, &mut nitrate), &exchange(k), &scalars(k), &mut limit);
            // Debug prints each number so that it reads back as the same bits.
            assert_eq!(format!("{:?}", fluxes.lane(k)), format!("{alone:?}"));
            for (lanes, column) in [(&nh4, ammonium), (&no3, nitrate), (&fpi, limit)] {
                assert_eq!(lanes.lane(k).map(f64::to_bits), column.map(f64::to_bits));
            }
        }
    }
}
