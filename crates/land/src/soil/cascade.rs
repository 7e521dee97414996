//! The decomposition cascade: litter and woody debris to active, slow and passive soil organic matter.
//!
//! CLM5 `SoilBiogeochemDecompCascadeBGCMod` and `SoilBiogeochemPotentialMod` (CENTURY; Koven et al. 2013,
//! doi:10.5194/bg-10-7109-2013). Main paths: L1>S1, L2>S1, L3>S2, CWD>L2, S1>S2, S2>S1, S3>S1; side paths: CWD>L3, S1>S3, S2>S3.
//! Soil pools keep their C:N; what a transfer lacks of nitrogen is immobilised, what it has too much is mineralised.

use super::SoilParameters;
use super::state::{POOLS, Pool};
use crate::lanes::Real;

/// Days in CLM's year.
pub(super) const DAYS_PER_YEAR: f64 = 365.0;

/// Number of paths: the main path of each pool, then the side paths of woody debris, active and slow soil.
pub(crate) const PATHS: usize = 10;
/// Pool that a path leaves.
pub(crate) const FROM: [usize; PATHS] = [0, 1, 2, 3, 4, 5, 6, 3, 4, 5];
/// Pool that a path reaches.
pub(crate) const TO: [usize; PATHS] = [4, 4, 5, 1, 5, 4, 4, 2, 6, 6];

/// Share of slow soil's decomposition that goes to active soil.
const SLOW_TO_ACTIVE: f64 = 0.42 / 0.45;
/// Share of all active carbon that becomes passive.
const ACTIVE_TO_PASSIVE: f64 = 0.004;

/// Coefficients of the cascade for one column.
#[derive(Clone, Debug)]
pub(crate) struct Cascade<T: Real = f64> {
    /// Rate of each pool at a scalar of one, d-1.
    pub rate: [T; POOLS],
    /// Share of its pool's loss that takes a path.
    pub path: [T; PATHS],
    /// Share of a path's carbon that is kept (not respired).
    pub kept: [T; PATHS],
    /// Share that is respired.
    respired: [T; PATHS],
    /// Nitrogen that the receiver needs per carbon that leaves, gN gC-1; not used where [`follows_carbon`].
    need: [T; PATHS],
}

/// Whether the nitrogen of a path follows its carbon (woody debris), instead of being exchanged with the mineral pool.
#[inline]
const fn follows_carbon(path: usize) -> bool {
    FROM[path] == Pool::WoodyDebris as usize
}

/// Respired share of active soil's decomposition at `sand` percent.
#[must_use]
pub fn active_respired<T: Real>(sand: T) -> T {
    (sand - 100.0) * (0.68 * 0.01) + 0.85
}

/// Share of active soil's decomposition that goes to passive soil at `sand` percent; the rest goes to slow soil.
#[must_use]
pub fn active_to_passive<T: Real>(sand: T) -> T {
    T::of(ACTIVE_TO_PASSIVE) / (-active_respired(sand) + 1.0)
}

impl<T: Real> Cascade<T> {
    pub fn new(p: &SoilParameters<T>, sand: T) -> Self {
        Self::at(p, p.decomp_scale, sand)
    }

    /// At a multiplier on all rates that takes the place of `decomp_scale`.
    pub fn at(p: &SoilParameters<T>, scale: T, sand: T) -> Self {
        let one = T::of(1.0);
        let active = active_respired(sand);
        let passive = T::of(ACTIVE_TO_PASSIVE) / (one - active);
        let per_day = scale / DAYS_PER_YEAR;
        let litter = per_day / p.tau_l2_l3;
        let (n1, n2, n3) = (one / p.cn_s1, one / p.cn_s2, one / p.cn_s3);
        let respired = [
            p.rf_l1s1, p.rf_l2s1, p.rf_l3s2, p.rf_cwdl2, active, p.rf_s2s1, p.rf_s3s1, p.rf_cwdl3, active,
            p.rf_s2s3,
        ];
        let kept = respired.map(|share| one - share);
        let per_carbon = [n1, n1, n2, one, n2, n1, n1, one, n3, n3];
        Self {
            rate: [
                per_day / p.tau_l1,
                litter,
                litter,
                per_day / p.tau_cwd,
                per_day / p.tau_s1,
                per_day / p.tau_s2,
                per_day / p.tau_s3,
            ],
            path: [
                one,
                one,
                one,
                p.cwd_fcel,
                one - passive,
                T::of(SLOW_TO_ACTIVE),
                one,
                one - p.cwd_fcel,
                passive,
                T::of(1.0 - SLOW_TO_ACTIVE),
            ],
            need: std::array::from_fn(|path| kept[path] * per_carbon[path]),
            kept,
            respired,
        }
    }

    /// Share of each pool that decomposes in a day at the given scalar: `1 - exp(-k)`, with the exponential to third
    /// order, so that it stays below one for any sensible rate (error 4e-6 at the fastest natural rate, 0.1 d-1).
    #[inline]
    pub fn shares(&self, scalar: T) -> [T; POOLS] {
        let [l1, litter, _, debris, s1, s2, s3] = self.rate;
        let share = |rate: T| loss_fraction(rate * scalar);
        let litter = share(litter);
        [share(l1), litter, litter, share(debris), share(s1), share(s2), share(s3)]
    }

    /// What a layer loses in a day by path if mineral nitrogen does not limit.
    #[inline]
    pub fn potential(&self, carbon: &[T; POOLS], nitrogen: &[T; POOLS], share: &[T; POOLS]) -> LayerLoss<T> {
        let mut loss = LayerLoss { carbon: [T::default(); PATHS], nitrogen: [T::default(); PATHS] };
        for path in 0..PATHS {
            let share = share[FROM[path]] * self.path[path];
            loss.carbon[path] = carbon[FROM[path]] * share;
            loss.nitrogen[path] = nitrogen[FROM[path]] * share;
        }
        loss
    }

    /// Mineral nitrogen that a path takes up (positive) or releases (negative), gN m-2 d-1.
    #[inline]
    fn demand(&self, loss: &LayerLoss<T>, path: usize) -> T {
        loss.carbon[path] * self.need[path] - loss.nitrogen[path]
    }

    /// Immobilisation and gross mineralisation, gN m-2 d-1.
    #[inline]
    pub fn exchange(&self, loss: &LayerLoss<T>) -> (T, T) {
        let (mut taken, mut released) = (T::default(), T::default());
        for path in 0..PATHS {
            if !follows_carbon(path) {
                let demand = self.demand(loss, path);
                let positive = T::select(demand.over(0.0), demand, 0.0);
                taken += positive;
                released += positive - demand;
            }
        }
        (taken, released)
    }

    /// Scales the paths that immobilise to the share `fpi` of their potential.
    #[inline]
    pub fn limit(&self, loss: &mut LayerLoss<T>, fpi: T) {
        for path in 0..PATHS {
            if !follows_carbon(path) {
                let factor = T::select(self.demand(loss, path).over(0.0), fpi, 1.0);
                loss.carbon[path] *= factor;
                loss.nitrogen[path] *= factor;
            }
        }
    }

    /// Carbon respired by the given losses, gC m-2 d-1.
    #[inline]
    pub fn respiration(&self, loss: &LayerLoss<T>) -> T {
        let mut sum = T::default();
        for path in 0..PATHS {
            sum += loss.carbon[path] * self.respired[path];
        }
        sum
    }

    /// Moves the losses of a layer between its pools.
    #[inline]
    pub fn transfer(&self, loss: &LayerLoss<T>, carbon: &mut [T; POOLS], nitrogen: &mut [T; POOLS]) {
        for path in 0..PATHS {
            carbon[FROM[path]] -= loss.carbon[path];
            nitrogen[FROM[path]] -= loss.nitrogen[path];
        }
        for path in 0..PATHS {
            carbon[TO[path]] += loss.carbon[path] * self.kept[path];
            nitrogen[TO[path]] +=
                if follows_carbon(path) { loss.nitrogen[path] } else { loss.carbon[path] * self.need[path] };
        }
    }
}

/// Daily losses of one layer by path, g m-2 d-1.
#[derive(Clone, Copy)]
pub(crate) struct LayerLoss<T: Real = f64> {
    pub carbon: [T; PATHS],
    pub nitrogen: [T; PATHS],
}

/// `1 - exp(-x)` for `x >= 0`, always so far below one that a pool's paths don't take more than it has by rounding; see
/// [`Cascade::shares`].
#[inline]
pub(crate) fn loss_fraction<T: Real>(x: T) -> T {
    const FASTEST: f64 = 1e3;
    let x = x.min(FASTEST);
    let grown = x * (x * (x * (1.0 / 6.0) + 0.5) + 1.0);
    grown / (grown + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Batched, Lanes, WIDTH};

    #[test]
    fn no_rate_takes_more_than_there_is_by_any_path() {
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        for rate in [0.1, 1e3, 1e16, 1e200, f64::INFINITY] {
            let share = loss_fraction(rate);
            assert!(share < 1.0 - 1e-12 || rate < 1.0, "{rate}: {share}");
            let (mut carbon, mut nitrogen) = ([4.634_715_590_354_488_6e-26; POOLS], [1e-28; POOLS]);
            let loss = cascade.potential(&carbon, &nitrogen, &[share; POOLS]);
            for path in 0..PATHS {
                carbon[FROM[path]] -= loss.carbon[path];
                nitrogen[FROM[path]] -= loss.nitrogen[path];
            }
            assert!(carbon.iter().chain(&nitrogen).all(|left| *left >= 0.0), "{rate}: {carbon:?}");
        }
    }

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn paths_at_40_percent_sand() {
        check(active_respired(40.0), 0.442);
        check(active_to_passive(40.0), 0.004 / 0.558);
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        check(cascade.path[4], 1.0 - 0.004 / 0.558);
        check(cascade.path[5], 14.0 / 15.0);
        check(cascade.path[9], 1.0 / 15.0);
        check(cascade.path[7], 0.24);
        check(cascade.kept[4], 0.558);
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
        let (mut carbon, mut nitrogen) = ([0.0; POOLS], [0.0; POOLS]);
        (carbon[1], nitrogen[1]) = (100.0, 2.0);
        let loss = cascade.potential(&carbon, &nitrogen, &cascade.shares(1.0));
        let (taken, released) = cascade.exchange(&loss);
        check(taken, loss.carbon[1] * (1.0 - 0.5 - 8.0 / 50.0) / 8.0);
        assert!(released == 0.0);
        check(cascade.respiration(&loss), 0.5 * loss.carbon[1]);
    }

    #[test]
    fn soil_pools_mineralise() {
        let cascade = Cascade::new(&SoilParameters::default(), 40.0);
        let carbon = [0.0, 0.0, 0.0, 0.0, 80.0, 110.0, 110.0];
        let nitrogen = [0.0, 0.0, 0.0, 0.0, 10.0, 10.0, 10.0];
        let loss = cascade.potential(&carbon, &nitrogen, &cascade.shares(1.0));
        let (taken, released) = cascade.exchange(&loss);
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
        let (mut carbon, mut nitrogen) = ([0.0; POOLS], [0.0; POOLS]);
        (carbon[3], nitrogen[3]) = (300.0, 1.0);
        let loss = cascade.potential(&carbon, &nitrogen, &cascade.shares(1.0));
        assert!(cascade.exchange(&loss) == (0.0, 0.0));
        cascade.transfer(&loss, &mut carbon, &mut nitrogen);
        check(carbon[1] / nitrogen[1], 300.0);
        check(carbon[1] / carbon[2], 0.76 / 0.24);
        check(carbon[1] + carbon[2] + carbon[3], 300.0);
    }

    #[test]
    fn a_batch_cascades_as_its_columns_do() {
        let sands = [10.0, 40.0, 70.0, 95.0];
        let limits = [0.0, 0.3, 0.9, 1.0];
        let parameters = sands.map(|sand| SoilParameters {
            decomp_scale: 0.02 * sand,
            cwd_fcel: 0.5 + 0.004 * sand,
            cn_s2: 10.0 + 0.05 * sand,
            ..SoilParameters::default()
        });
        let carbon = sands.map(|sand| [100.0, 50.0, 0.0, 300.0, sand, 900.0, 800.0]);
        let nitrogen = sands.map(|sand| [2.0, 0.02 * sand, 0.0, 1.0, 0.2 * sand, 80.0, 72.0]);
        let batch = Cascade::new(&SoilParameters::gather(&|k| &parameters[k]), Lanes::from(sands));
        let (mut c, mut n) =
            (<[Lanes; POOLS]>::gather(&|k| &carbon[k]), <[Lanes; POOLS]>::gather(&|k| &nitrogen[k]));
        let mut losses = batch.potential(&c, &n, &batch.shares(Lanes::from([0.0, 0.1, 0.7, 1.0])));
        let exchanged = batch.exchange(&losses);
        batch.limit(&mut losses, Lanes::from(limits));
        batch.transfer(&losses, &mut c, &mut n);
        for k in 0..WIDTH {
            let cascade = Cascade::new(&parameters[k], sands[k]);
            let (mut carbon, mut nitrogen) = (carbon[k], nitrogen[k]);
            let mut loss = cascade.potential(&carbon, &nitrogen, &cascade.shares([0.0, 0.1, 0.7, 1.0][k]));
            let (taken, released) = cascade.exchange(&loss);
            assert_eq!(exchanged.0.at(k).to_bits(), taken.to_bits());
            assert_eq!(exchanged.1.at(k).to_bits(), released.to_bits());
            cascade.limit(&mut loss, limits[k]);
            cascade.transfer(&loss, &mut carbon, &mut nitrogen);
            assert_eq!(c.lane(k).map(f64::to_bits), carbon.map(f64::to_bits));
            assert_eq!(n.lane(k).map(f64::to_bits), nitrogen.map(f64::to_bits));
            assert_eq!(batch.respiration(&losses).at(k).to_bits(), cascade.respiration(&loss).to_bits());
        }
    }
}
