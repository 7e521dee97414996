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
use super::{SoilClimate, SoilColumn, SoilFluxes, SoilInput, SoilParameters};

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
pub(super) struct Exchange {
    /// Nitrogen that decomposers ask for.
    pub immobilisation: [f64; LAYERS],
    /// Nitrogen that decomposition releases.
    pub mineralisation: [f64; LAYERS],
    /// Carbon that decomposition respires.
    pub respiration: [f64; LAYERS],
}

/// What a day of mineral nitrogen depends on.
pub(super) struct Day<'a> {
    pub soil: &'a SoilColumn,
    pub climate: &'a SoilClimate,
    pub input: &'a SoilInput,
    pub p: &'a SoilParameters,
    pub active: usize,
}

/// Mineral nitrogen asked for and available in a layer, gN m-2 d-1.
#[derive(Clone, Copy, Default)]
struct Demand {
    plants: f64,
    decomposers: f64,
    nitrifiers: f64,
    denitrifiers: f64,
    n2o_share: f64,
}

impl Day<'_> {
    /// Free-living fixation, gN m-2 d-1 (Cleveland et al. 1999, doi:10.1029/1999GB900014).
    fn free_fixation(&self) -> f64 {
        let yearly =
            self.p.freelivfix_slope_wet * self.climate.et_annual.max(0.0) + self.p.freelivfix_intercept;
        yearly.max(0.0) / DAYS_PER_YEAR
    }

    /// Adds deposition (top layer), fixation (roots; without roots the top layer) and mineralisation to `nh4`.
    fn supply(&self, nh4: &mut [f64; LAYERS], exchange: &Exchange, fixation: f64) {
        let mut rooted = 0.0;
        for j in 0..self.active {
            rooted += self.soil.root_fraction[j];
            nh4[j] += exchange.mineralisation[j] + fixation * self.soil.root_fraction[j];
        }
        nh4[0] += self.input.nitrogen_deposition + fixation * (1.0 - rooted);
    }

    /// Denitrification of a layer if all of it were anaerobic, gN m-2 d-1, from its nitrate (gN m-2) and respiration
    /// (gC m-2 d-1).
    fn denitrification(&self, j: usize, no3: f64, respiration: f64, limits: &[PowerLaw; 2]) -> f64 {
        let per_gram = PER_GRAM / (self.soil.bulk_density[j] * THICKNESS[j]);
        let by_carbon = limits[0].log(respiration * per_gram);
        by_carbon.min(limits[1].log(no3 * per_gram)).exp() / per_gram
    }

    /// Nitrate lost with water, gN m-2 d-1: drainage takes the same share of all layers, runoff of the top ones.
    fn leach(&self, no3: &mut [f64; LAYERS]) -> f64 {
        let water = |j: usize| self.climate.water[j].max(0.0) * THICKNESS[j] * WATER_DENSITY;
        let shallow =
            (0..self.active).take_while(|&j| INTERFACE[j] <= self.p.depth_runoff_nloss).count().max(1);
        let (mut total, mut surface) = (0.0, 0.0);
        for j in 0..self.active {
            total += water(j);
            surface += if j < shallow { water(j) } else { 0.0 };
        }
        let drained = dissolved_loss(self.climate.drainage, total, self.p.sf_no3);
        let washed = dissolved_loss(self.climate.surface_runoff, surface, self.p.sf_no3);
        let mut lost = 0.0;
        for j in 0..self.active {
            let share = if j < shallow { 1.0 - (1.0 - drained) * (1.0 - washed) } else { drained };
            lost += no3[j] * share;
            no3[j] -= no3[j] * share;
        }
        lost
    }
}

/// Share of a solute that `flow` (kg m-2 d-1) takes from `water` (kg m-2) in a day.
fn dissolved_loss(flow: f64, water: f64, dissolved: f64) -> f64 {
    if flow > 0.0 && water > 0.0 { loss_fraction(dissolved * flow / water) } else { 0.0 }
}

/// Denitrification in fully anaerobic soil, ugN g-1 d-1, at `nitrate` (ugN g-1) and `respiration` (ugC g-1 d-1):
/// the smaller of its carbon and its nitrate limit (del Grosso et al. 2000, doi:10.1029/1999GB001225).
#[must_use]
pub fn denitrification_potential(nitrate: f64, respiration: f64, p: &SoilParameters) -> f64 {
    let [by_carbon, by_nitrate] = denitrification_limits(p);
    by_carbon.log(respiration).min(by_nitrate.log(nitrate)).exp()
}

/// `coefficient * x^exponent`, in logarithms.
#[derive(Clone, Copy)]
struct PowerLaw {
    log_coefficient: f64,
    exponent: f64,
}

impl PowerLaw {
    fn new(coefficient: f64, exponent: f64) -> Self {
        Self { log_coefficient: coefficient.ln(), exponent }
    }

    fn log(self, x: f64) -> f64 {
        self.log_coefficient + self.exponent * x.ln()
    }
}

/// The carbon and the nitrate limit of denitrification.
fn denitrification_limits(p: &SoilParameters) -> [PowerLaw; 2] {
    [
        PowerLaw::new(p.denitrif_respiration_coef, p.denitrif_respiration_exp),
        PowerLaw::new(p.denitrif_nitrateconc_coef, p.denitrif_nitrateconc_exp),
    ]
}

/// N2 over N2O of denitrification, at nitrate over daily respiration (gN gC-1 d) and the water-filled pore space.
#[must_use]
pub fn n2_to_n2o(nitrate_per_respiration: f64, filled: f64) -> f64 {
    let ample = nitrate_per_respiration > NITRATE_AMPLE;
    let substrate = if ample { LEAST_N2 } else { (-0.8 * nitrate_per_respiration).exp().max(LEAST_N2) };
    substrate * N2_N2O_K1 * (1.5 * filled - 0.32).max(0.1)
}

/// pH scalar of nitrification (Parton et al. 1996, doi:10.1029/96GB01455).
#[must_use]
pub fn nitrification_ph_scalar(ph: f64) -> f64 {
    0.56 + (0.45 * std::f64::consts::PI * (ph - 5.0)).atan() / std::f64::consts::PI
}

/// Shares the mineral nitrogen of a day; writes the immobilisation limit of each layer to `fpi`.
pub(super) fn compete(
    day: &Day,
    (nh4, no3): (&mut [f64; LAYERS], &mut [f64; LAYERS]),
    exchange: &Exchange,
    scalars: &Scalars,
    fpi: &mut [f64; LAYERS],
) -> SoilFluxes {
    let demands = day.demands(nh4, no3, exchange, scalars);
    let mut fluxes = SoilFluxes { free_fixation: day.free_fixation(), ..SoilFluxes::default() };
    day.supply(nh4, exchange, day.input.nitrogen_fixation + fluxes.free_fixation);
    let (mut demands, mut potential) = (demands, 0.0);
    day.share_plant_demand(&mut demands, nh4, no3);
    for j in 0..day.active {
        fpi[j] = share_layer(&demands[j], &mut nh4[j], &mut no3[j], day.p, &mut fluxes);
        potential += exchange.immobilisation[j];
        fluxes.gross_mineralisation += exchange.mineralisation[j];
    }
    fluxes.fpi = if potential > 0.0 { fluxes.immobilisation / potential } else { 1.0 };
    let missing = day.input.plant_nitrogen_demand - fluxes.plant_nitrogen_uptake;
    fluxes.plant_nitrogen_uptake += day.take_rest(missing, nh4, no3);
    fluxes.leaching = day.leach(no3);
    fluxes
}

impl Day<'_> {
    /// What decomposers, nitrifiers and denitrifiers ask for.
    fn demands(
        &self,
        nh4: &[f64; LAYERS],
        no3: &[f64; LAYERS],
        exchange: &Exchange,
        scalars: &Scalars,
    ) -> [Demand; LAYERS] {
        let rate = self.p.k_nitr_max * nitrification_ph_scalar(self.p.soil_ph);
        let limits = denitrification_limits(self.p);
        let mut demands = [Demand::default(); LAYERS];
        for j in 0..self.active {
            let (anaerobic, respiration) = (scalars.anaerobic[j], exchange.respiration[j]);
            demands[j] = Demand {
                decomposers: exchange.immobilisation[j],
                nitrifiers: rate * scalars.nitrification[j] * (1.0 - anaerobic) * nh4[j],
                ..Demand::default()
            };
            if anaerobic > 0.0 && no3[j] > 0.0 && respiration > 0.0 {
                let potential = self.denitrification(j, no3[j], respiration, &limits);
                demands[j].denitrifiers = anaerobic * potential;
                demands[j].n2o_share = 1.0 / (1.0 + n2_to_n2o(no3[j] / respiration, scalars.filled[j]));
            }
        }
        demands
    }

    /// Spreads the plants' demand over layers in proportion to mineral nitrogen times roots.
    fn share_plant_demand(&self, demands: &mut [Demand; LAYERS], nh4: &[f64; LAYERS], no3: &[f64; LAYERS]) {
        let weight = |j: usize| (nh4[j] + no3[j]) * self.soil.root_fraction[j];
        let total: f64 = (0..self.active).map(weight).sum();
        if total > 0.0 {
            let per_weight = self.input.plant_nitrogen_demand.max(0.0) / total;
            (0..self.active).for_each(|j| demands[j].plants = per_weight * weight(j));
        }
    }

    /// Second chance: plants take what they still miss from what is left where they have roots.
    fn take_rest(&self, missing: f64, nh4: &mut [f64; LAYERS], no3: &mut [f64; LAYERS]) -> f64 {
        let rooted = |j: &usize| self.soil.root_fraction[*j] > 0.0;
        let left: f64 = (0..self.active).filter(rooted).map(|j| nh4[j] + no3[j]).sum();
        if missing <= 0.0 || left <= 0.0 {
            return 0.0;
        }
        let share = (missing / left).min(1.0);
        for j in (0..self.active).filter(rooted) {
            nh4[j] -= share * nh4[j];
            no3[j] -= share * no3[j];
        }
        share * left
    }
}

/// Shares one layer's ammonium, then its nitrate, in proportion to demand; returns actual over potential
/// immobilisation.
fn share_layer(
    demand: &Demand,
    nh4: &mut f64,
    no3: &mut f64,
    p: &SoilParameters,
    fluxes: &mut SoilFluxes,
) -> f64 {
    let met = satisfied(*nh4, demand.plants + demand.decomposers + demand.nitrifiers);
    let nitrified = met * demand.nitrifiers;
    let unmet = 1.0 - met;
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
fn satisfied(supply: f64, demand: f64) -> f64 {
    if demand > supply { supply / demand } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
