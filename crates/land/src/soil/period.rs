//! Decomposition worked out from the output of a model with this cascade, such as CLM5: mean contents and conditions
//! of a period instead of the state of each day.

use super::burning::COMPLETENESS;
use super::cascade::{Cascade, LayerLoss};
use super::grid::LAYERS;
use super::mixing::conductance;
use super::state::{POOLS, Pools};
use super::{OperatorTrace, SoilColumn, SoilParameters, SoilState};

/// Mean contents and conditions of a period, one column.
///
/// What a period decomposes is taken as the product of its means, which leaves out how contents and conditions vary
/// together within it: little over the months of a year, anything in a month with only some hours above freezing.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodMeans {
    /// Carbon, gC m-2.
    pub carbon: Pools,
    /// Nitrogen, gN m-2. It only tells which paths immobilise, so it may stay empty where `fpi` is one.
    pub nitrogen: Pools,
    /// Product of the scalars of temperature, water, oxygen and depth.
    pub scalar: [f64; LAYERS],
    /// Actual over potential immobilisation; one where nitrogen does not limit.
    pub fpi: [f64; LAYERS],
    /// Share of the column that fire passes, d-1 (CLM's `FAREA_BURNED`).
    pub burned: f64,
}

impl PeriodMeans {
    /// Heterotrophic respiration of each layer, gC m-2 d-1, in soil of `sand` percent.
    #[must_use]
    pub fn respiration(&self, sand: f64, p: &SoilParameters) -> [f64; LAYERS] {
        let cascade = Cascade::new(p, sand);
        std::array::from_fn(|j| cascade.respiration(&self.loss(j, &cascade, 1.0)))
    }

    /// What layer `j` loses in `days`. Losses of a mean content are linear in it: no share of a day's start.
    fn loss(&self, j: usize, cascade: &Cascade, days: f64) -> LayerLoss {
        let exponent = self.exponents(j, cascade, days);
        let mut loss = cascade.potential(&self.carbon[j], &self.nitrogen[j], &exponent);
        if self.fpi[j] < 1.0 {
            cascade.limit(&mut loss, self.fpi[j]);
        }
        loss
    }

    /// Carbon and nitrogen of litter and woody debris that fire takes of each layer, g m-2 d-1.
    #[must_use]
    pub fn fire(&self) -> [[f64; 2]; LAYERS] {
        let of =
            |layer: &[f64; POOLS]| COMPLETENESS.iter().zip(layer).map(|(share, c)| share * c).sum::<f64>();
        std::array::from_fn(|j| [&self.carbon, &self.nitrogen].map(|pools| self.burned * of(&pools[j])))
    }

    /// Rates of layer `j` times `days`.
    fn exponents(&self, j: usize, cascade: &Cascade, days: f64) -> [f64; POOLS] {
        cascade.rate.map(|rate| rate * self.scalar[j] * days)
    }
}

impl OperatorTrace {
    /// Records `days` with the given means, in soil that thaws to the depth `thaw` (m) at its season's end.
    ///
    /// Contents before the first day and after the last ([`Self::first_carbon`], [`Self::last_carbon`] and their
    /// nitrogen) are the caller's to set: means don't tell them.
    pub fn add_period(
        &mut self,
        days: usize,
        means: &PeriodMeans,
        thaw: f64,
        soil: &SoilColumn,
        p: &SoilParameters,
    ) {
        let cascade = Cascade::new(p, soil.sand);
        let conductance = conductance(soil.active_layers, thaw, p);
        self.days += days;
        let days = days as f64;
        let state = SoilState { carbon: means.carbon, nitrogen: means.nitrogen, ..SoilState::default() };
        let burned = means.burned * days;
        self.record_fire(&state, burned, &COMPLETENESS.map(|share| share * burned), LAYERS);
        for j in 0..LAYERS {
            self.add_contents(j, &means.carbon[j], &means.nitrogen[j], days);
            self.conductance[j] += conductance[j] * days;
            self.record_loss(j, &means.loss(j, &cascade, days), &means.exponents(j, &cascade, days));
            self.record_scalar(j, means.scalar[j] * p.decomp_scale, days);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soil::empty;
    use crate::soil::fixtures::column;

    fn means(scalar: f64, fpi: f64) -> PeriodMeans {
        let (mut carbon, mut nitrogen) = (empty(), empty());
        carbon[0] = [10.0, 20.0, 30.0, 40.0, 80.0, 110.0, 220.0];
        nitrogen[0] = [0.1, 0.2, 0.3, 0.1, 10.0, 10.0, 20.0];
        PeriodMeans { carbon, nitrogen, scalar: [scalar; LAYERS], fpi: [fpi; LAYERS], burned: 0.0 }
    }

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn respiration_is_rate_times_content_times_respired_share() {
        let p = SoilParameters::default();
        let litter = 10.0 * 18.5 * 0.55 + (20.0 + 30.0) * 4.9 * 0.5;
        // 40 % sand respires 0.442 of what active soil loses.
        let soil = 80.0 * 7.3 * 0.442 + (110.0 * 0.2 + 220.0 * 0.0045) * 0.55;
        check(means(0.3, 1.0).respiration(40.0, &p)[0], 0.3 * (litter + soil) / 365.0);
        // Poor litter immobilises, so scarce nitrogen slows it; soil organic matter releases nitrogen.
        check(means(0.3, 0.5).respiration(40.0, &p)[0], 0.3 * (0.5 * litter + soil) / 365.0);
        check(means(0.3, 1.0).respiration(40.0, &p)[1], 0.0);
    }

    #[test]
    fn a_period_is_recorded_as_so_many_days() {
        let (soil, p) = (column(4), SoilParameters::default());
        let (mut whole, mut parts) = (OperatorTrace::new(), OperatorTrace::new());
        whole.add_period(30, &means(0.3, 0.9), 8.6, &soil, &p);
        for days in [10, 20] {
            parts.add_period(days, &means(0.3, 0.9), 8.6, &soil, &p);
        }
        assert_eq!((whole.days, parts.days), (30, 30));
        check(whole.carbon[0][6], 30.0 * 220.0);
        check(whole.nitrogen[0][1], 30.0 * 0.2);
        check(whole.fraction[0][5], 30.0 * 0.3 * 0.2 / 365.0);
        check(whole.carbon_loss[0][6], 30.0 * 0.3 * 0.0045 / 365.0 * 220.0);
        for path in 0..whole.carbon_loss[0].len() {
            check(parts.carbon_loss[0][path], whole.carbon_loss[0][path]);
        }
        check(whole.conductance[0], 30.0 * 1e-4 / 365.0 / 0.03);
        assert!(whole.conductance[3] == 0.0, "mixing reaches into bedrock");
    }

    #[test]
    fn fires_of_a_period_take_half_of_litter_and_less_of_debris() {
        let (soil, p) = (column(4), SoilParameters::default());
        let means = PeriodMeans { burned: 1e-4, ..means(0.3, 0.9) };
        check(means.fire()[0][0], 1e-4 * (0.5 * 60.0 + 0.28 * 40.0));
        check(means.fire()[0][1], 1e-4 * (0.5 * 0.6 + 0.28 * 0.1));
        let mut trace = OperatorTrace::new();
        trace.add_period(30, &means, 8.6, &soil, &p);
        check(trace.carbon_burned[0].iter().sum(), 30.0 * means.fire()[0][0]);
        check(trace.nitrogen_burned[0].iter().sum(), 30.0 * means.fire()[0][1]);
        check(trace.fire_exposure()[3], 30.0 * 1e-4 * 0.28);
    }
}
