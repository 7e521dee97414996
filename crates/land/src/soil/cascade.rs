//! The decomposition cascade: litter and woody debris to active, slow and passive soil organic matter.
//!
//! CLM5 `SoilBiogeochemDecompCascadeBGCMod` and `SoilBiogeochemPotentialMod` (CENTURY; Koven et al. 2013,
//! doi:10.5194/bg-10-7109-2013). Main paths: L1>S1, L2>S1, L3>S2, CWD>L2, S1>S2, S2>S1, S3>S1; side paths: CWD>L3, S1>S3, S2>S3.
//! Soil pools keep their C:N; what a transfer lacks of nitrogen is immobilised, what it has too much is mineralised.

use super::SoilParameters;
use super::state::LANES;

/// Days in CLM's year.
pub(super) const DAYS_PER_YEAR: f64 = 365.0;

/// First lane with a side path (woody debris); lanes 3 to 6 are kept for side paths, the last of them is unused.
pub(super) const SIDE: usize = 3;
/// Number of lanes kept for side paths.
pub(super) const SIDES: usize = 4;

/// Share of slow soil's decomposition that goes to active soil.
const SLOW_TO_ACTIVE: f64 = 0.42 / 0.45;
/// Share of all active carbon that becomes passive.
const ACTIVE_TO_PASSIVE: f64 = 0.004;

/// Coefficients of the cascade for one column.
#[derive(Clone, Debug)]
pub(crate) struct Cascade {
    /// Rate at a scalar of one, d-1.
    pub rate: [f64; LANES],
    /// Share of a pool's loss on its main path.
    pub main_path: [f64; LANES],
    /// Share of main-path carbon that is kept (not respired).
    pub main_kept: [f64; LANES],
    /// Nitrogen that the receiver needs per carbon on the main path, gN gC-1.
    main_need: [f64; LANES],
    /// 1 where nitrogen of the main path is exchanged with the mineral pool, 0 where it follows the carbon.
    main_exchange: [f64; LANES],
    /// As above on the side paths, lanes 3 to 6.
    pub side_path: [f64; SIDES],
    pub side_kept: [f64; SIDES],
    side_need: [f64; SIDES],
    side_exchange: [f64; SIDES],
}

/// Respired share of active soil's decomposition at `sand` percent.
#[must_use]
pub fn active_respired(sand: f64) -> f64 {
    0.85 - 0.68 * 0.01 * (100.0 - sand)
}

/// Share of active soil's decomposition that goes to passive soil at `sand` percent; the rest goes to slow soil.
#[must_use]
pub fn active_to_passive(sand: f64) -> f64 {
    ACTIVE_TO_PASSIVE / (1.0 - active_respired(sand))
}

impl Cascade {
    pub fn new(p: &SoilParameters, sand: f64) -> Self {
        let respired = active_respired(sand);
        let passive = ACTIVE_TO_PASSIVE / (1.0 - respired);
        let per_day = p.decomp_scale / DAYS_PER_YEAR;
        let litter = per_day / p.tau_l2_l3;
        let (n1, n2, n3) = (1.0 / p.cn_s1, 1.0 / p.cn_s2, 1.0 / p.cn_s3);
        let kept1 = 1.0 - respired;
        let main_kept = [
            1.0 - p.rf_l1s1,
            1.0 - p.rf_l2s1,
            1.0 - p.rf_l3s2,
            1.0 - p.rf_cwdl2,
            kept1,
            1.0 - p.rf_s2s1,
            1.0 - p.rf_s3s1,
            0.0,
        ];
        let side_kept = [1.0 - p.rf_cwdl3, kept1, 1.0 - p.rf_s2s3, 0.0];
        Self {
            rate: [
                per_day / p.tau_l1,
                litter,
                litter,
                per_day / p.tau_cwd,
                per_day / p.tau_s1,
                per_day / p.tau_s2,
                per_day / p.tau_s3,
                0.0,
            ],
            main_path: [1.0, 1.0, 1.0, p.cwd_fcel, 1.0 - passive, SLOW_TO_ACTIVE, 1.0, 0.0],
            main_need: multiply(main_kept, [n1, n1, n2, 0.0, n2, n1, n1, 0.0]),
            main_exchange: [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0],
            main_kept,
            side_path: [1.0 - p.cwd_fcel, passive, 1.0 - SLOW_TO_ACTIVE, 0.0],
            side_need: multiply(side_kept, [0.0, n3, n3, 0.0]),
            side_exchange: [0.0, 1.0, 1.0, 0.0],
            side_kept,
        }
    }

    /// Share of each pool that decomposes in a day at the given scalar: `1 - exp(-k)`, with the exponential to third
    /// order, so that it stays below one for any sensible rate (error 4e-6 at the fastest natural rate, 0.1 d-1).
    #[inline]
    fn fraction(&self, scalar: f64) -> [f64; LANES] {
        let mut share = [0.0; LANES];
        for i in 0..LANES {
            share[i] = loss_fraction(self.rate[i] * scalar);
        }
        share
    }

    /// What a layer would lose in a day if mineral nitrogen did not limit.
    #[inline]
    pub fn potential(&self, carbon: &[f64; LANES], nitrogen: &[f64; LANES], scalar: f64) -> LayerLoss {
        let share = self.fraction(scalar);
        let mut loss = LayerLoss { share, ..LayerLoss::NONE };
        for i in 0..LANES {
            let path = share[i] * self.main_path[i];
            loss.carbon[i] = carbon[i] * path;
            loss.nitrogen[i] = nitrogen[i] * path;
            loss.demand[i] = loss.carbon[i] * self.main_need[i] - loss.nitrogen[i] * self.main_exchange[i];
        }
        for i in 0..SIDES {
            let path = share[SIDE + i] * self.side_path[i];
            loss.side_carbon[i] = carbon[SIDE + i] * path;
            loss.side_nitrogen[i] = nitrogen[SIDE + i] * path;
            loss.side_demand[i] =
                loss.side_carbon[i] * self.side_need[i] - loss.side_nitrogen[i] * self.side_exchange[i];
        }
        loss
    }

    /// Carbon respired by the given losses, gC m-2 d-1.
    #[inline]
    pub fn respiration(&self, loss: &LayerLoss) -> f64 {
        let mut lanes = [0.0; SIDES];
        for i in 0..SIDES {
            lanes[i] = loss.carbon[i] * (1.0 - self.main_kept[i])
                + loss.carbon[SIDES + i] * (1.0 - self.main_kept[SIDES + i])
                + loss.side_carbon[i] * (1.0 - self.side_kept[i]);
        }
        sum(lanes)
    }

    /// Moves the losses of a layer between its pools.
    #[inline]
    pub fn transfer(&self, loss: &LayerLoss, carbon: &mut [f64; LANES], nitrogen: &mut [f64; LANES]) {
        for i in 0..LANES {
            carbon[i] -= loss.carbon[i];
            nitrogen[i] -= loss.nitrogen[i];
        }
        for i in 0..SIDES {
            carbon[SIDE + i] -= loss.side_carbon[i];
            nitrogen[SIDE + i] -= loss.side_nitrogen[i];
        }
        let kept = multiply(loss.carbon, self.main_kept);
        let side = multiply(loss.side_carbon, self.side_kept);
        carbon[1] += kept[3];
        carbon[2] += side[0];
        carbon[4] += (kept[0] + kept[1]) + (kept[5] + kept[6]);
        carbon[5] += kept[2] + kept[4];
        carbon[6] += side[1] + side[2];
        let need = multiply(loss.carbon, self.main_need);
        let side_need = multiply(loss.side_carbon, self.side_need);
        nitrogen[1] += loss.nitrogen[3];
        nitrogen[2] += loss.side_nitrogen[0];
        nitrogen[4] += (need[0] + need[1]) + (need[5] + need[6]);
        nitrogen[5] += need[2] + need[4];
        nitrogen[6] += side_need[1] + side_need[2];
    }
}

/// Daily losses of one layer by path, g m-2 d-1.
#[derive(Clone, Copy)]
pub(crate) struct LayerLoss {
    /// Share of each pool that decomposes if nitrogen does not limit.
    pub share: [f64; LANES],
    /// Carbon and nitrogen that leave the pools on the main paths.
    pub carbon: [f64; LANES],
    pub nitrogen: [f64; LANES],
    /// Mineral nitrogen that the main paths take up (positive) or release (negative).
    pub demand: [f64; LANES],
    /// The same on the side paths, lanes 3 to 6.
    pub side_carbon: [f64; SIDES],
    pub side_nitrogen: [f64; SIDES],
    pub side_demand: [f64; SIDES],
}

impl LayerLoss {
    pub const NONE: Self = Self {
        share: [0.0; LANES],
        carbon: [0.0; LANES],
        nitrogen: [0.0; LANES],
        demand: [0.0; LANES],
        side_carbon: [0.0; SIDES],
        side_nitrogen: [0.0; SIDES],
        side_demand: [0.0; SIDES],
    };

    /// Immobilisation and gross mineralisation, gN m-2 d-1.
    #[inline]
    pub fn exchange(&self) -> (f64, f64) {
        let mut taken = [0.0; SIDES];
        let mut released = [0.0; SIDES];
        for i in 0..SIDES {
            let demands = [self.demand[i], self.demand[SIDES + i], self.side_demand[i]];
            taken[i] = demands[0].max(0.0) + demands[1].max(0.0) + demands[2].max(0.0);
            released[i] = demands[0].min(0.0) + demands[1].min(0.0) + demands[2].min(0.0);
        }
        (sum(taken), -sum(released))
    }

    /// Scales the paths that immobilise to the share `fpi` of their potential.
    #[inline]
    pub fn limit(&mut self, fpi: f64) {
        for i in 0..LANES {
            let factor = if self.demand[i] > 0.0 { fpi } else { 1.0 };
            self.carbon[i] *= factor;
            self.nitrogen[i] *= factor;
        }
        for i in 0..SIDES {
            let factor = if self.side_demand[i] > 0.0 { fpi } else { 1.0 };
            self.side_carbon[i] *= factor;
            self.side_nitrogen[i] *= factor;
        }
    }
}

/// `1 - exp(-x)` for `x >= 0`, always below one; see [`Cascade::fraction`].
#[inline]
pub(super) fn loss_fraction(x: f64) -> f64 {
    let grown = x * (1.0 + x * (0.5 + x * (1.0 / 6.0)));
    grown / (1.0 + grown)
}

#[inline]
fn multiply<const N: usize>(mut a: [f64; N], b: [f64; N]) -> [f64; N] {
    for i in 0..N {
        a[i] *= b[i];
    }
    a
}

#[inline]
fn sum(lanes: [f64; SIDES]) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn paths_at_40_percent_sand() {
        check(active_respired(40.0), 0.442);
        check(active_to_passive(40.0), 0.004 / 0.558);
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        check(cascade.main_path[4], 1.0 - 0.004 / 0.558);
        check(cascade.main_path[5], 14.0 / 15.0);
        check(cascade.side_path[2], 1.0 / 15.0);
        check(cascade.side_path[0], 0.24);
        check(cascade.main_kept[4], 0.558);
    }

    #[test]
    fn rates_are_clm_turnover() {
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        let per_year = [18.5, 4.9, 4.9, 0.3, 7.3, 0.2, 0.0045];
        for i in 0..7 {
            check(cascade.rate[i] * 365.0, per_year[i]);
        }
    }

    #[test]
    fn daily_loss_is_exponential_and_below_one() {
        for x in [0.0, 1e-6, 0.01, 0.1] {
            assert!((loss_fraction(x) - (1.0 - (-x).exp())).abs() < 4e-6);
        }
        assert!(loss_fraction(1e4) < 1.0);
    }

    #[test]
    fn litter_immobilises_what_clm_asks_for() {
        // Cellulose litter of C:N 50 to active soil: loss (1 - 0.5 - 8/50)/8 per carbon.
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        let (mut carbon, mut nitrogen) = ([0.0; LANES], [0.0; LANES]);
        (carbon[1], nitrogen[1]) = (100.0, 2.0);
        let loss = cascade.potential(&carbon, &nitrogen, 1.0);
        let (taken, released) = loss.exchange();
        check(taken, loss.carbon[1] * (1.0 - 0.5 - 8.0 / 50.0) / 8.0);
        assert!(released == 0.0);
        check(cascade.respiration(&loss), 0.5 * loss.carbon[1]);
    }

    #[test]
    fn soil_pools_mineralise() {
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        let carbon = [0.0, 0.0, 0.0, 0.0, 80.0, 110.0, 110.0, 0.0];
        let nitrogen = [0.0, 0.0, 0.0, 0.0, 10.0, 10.0, 10.0, 0.0];
        let loss = cascade.potential(&carbon, &nitrogen, 1.0);
        let (taken, released) = loss.exchange();
        assert!(taken == 0.0);
        let kept = 0.558;
        let (active, slow, passive) =
            (loss_fraction(7.3 / 365.0), loss_fraction(0.2 / 365.0), loss_fraction(0.0045 / 365.0));
        let expected = 80.0 * active * (1.0 / 8.0 - kept / 11.0)
            + 110.0 * slow * (1.0 / 11.0 - 0.45 * (14.0 / 15.0 / 8.0 + 1.0 / 15.0 / 11.0))
            + 110.0 * passive * (1.0 / 11.0 - 0.45 / 8.0);
        check(released, expected);
    }

    #[test]
    fn woody_debris_keeps_its_nitrogen_out_of_the_mineral_pool() {
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        let (mut carbon, mut nitrogen) = ([0.0; LANES], [0.0; LANES]);
        (carbon[3], nitrogen[3]) = (300.0, 1.0);
        let loss = cascade.potential(&carbon, &nitrogen, 1.0);
        assert!(loss.exchange() == (0.0, 0.0));
        cascade.transfer(&loss, &mut carbon, &mut nitrogen);
        check(carbon[1] / nitrogen[1], 300.0);
        check(carbon[1] / carbon[2], 0.76 / 0.24);
        check(carbon[1] + carbon[2] + carbon[3], 300.0);
    }
}
