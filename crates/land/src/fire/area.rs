//! How much of a column burns on a day.
//!
//! CLM5's number of fires times the size of a fire. In CLM the number goes with the combustibility of fuel and the size
//! with its square root, squared; so the area goes with its square, which has no power in it: the dryness of the air,
//! cubed, times that of the soil. CLM sees the course of a day's humidity; here the warm and the cold half of a day
//! count half each, because a mean day is too moist for fires that its afternoon would carry.

use super::effects::FireTraits;
use super::ignition::Ignition;
use crate::batched;
use crate::lanes::Real;
use crate::plant::pft::Pft;

/// Fuel without which no fire spreads, and with which it finds enough, gC m⁻² (CLM5 `lfuel`, `ufuel`).
const LEAST_FUEL: f64 = 105.0;
const AMPLE_FUEL: f64 = 1_050.0;
/// Fuel between which its wood, dry by the month, takes over from what dries by the hour, gC m⁻².
const WOOD_FUEL: [f64; 2] = [2_500.0, 5_000.0];
/// Relative humidity between which fine fuel goes from dry to wet (CLM5 `rh_low`, `rh_hgh`).
const DRY_AIR: f64 = 0.30;
const MOIST_AIR: f64 = 0.80;
/// Thirty-day relative humidity at which wood is wet; its dryness is never above 0.3.
const WET_WOOD: f64 = 0.90;
const LEAST_WETNESS_OF_WOOD: f64 = 0.7;
/// Root-zone wetness between which it takes fire from fuel (CLM5 `bt_min`, `bt_max`).
const DRY_SOIL: f64 = 0.85;
const WET_SOIL: f64 = 0.98;
/// Share of a fire's speed in a calm (Li et al. 2012, g(0)), and how long a fire burns, s.
const CALM: f64 = 0.05;
const DURATION: f64 = 86_400.0;
/// Share of tropical trees above which a forest is closed, and burns only where it is cleared.
const CLOSED_FOREST: f64 = 0.6;

/// Ratio of length to breadth of a fire in wind, m s⁻¹ (Arora and Boer 2005, doi:10.1029/2005JG000042).
fn length_to_breadth(wind: f64) -> f64 {
    1.0 + 10.0 * (1.0 - (-0.06 * wind).exp())
}

batched! {
    /// What of a column's fires doesn't change from day to day.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct FireRegime {
        /// Share of what is no cropland that burns in a day if there is fuel and it is bone-dry, by month, d⁻¹.
        pub potential: [T; 12],
        /// Share of the column that is no cropland.
        pub wild: T,
    }
}

impl FireRegime {
    /// Of plant types with their shares of the ground, at a latitude, degrees, and a mean wind by month, m s⁻¹.
    #[must_use]
    pub fn new(cover: &[(Pft, f64)], ignition: &Ignition, latitude: f64, wind: &[f64; 12]) -> Self {
        let share_of =
            |is: fn(Pft) -> bool| cover.iter().filter(|(pft, _)| is(*pft)).map(|c| c.1).sum::<f64>();
        let wild = (1.0 - share_of(|pft| pft == Pft::C3Crop)).max(0.0);
        let tropical = |pft| matches!(pft, Pft::BroadleafEvergreenTropical | Pft::BroadleafDeciduousTropical);
        let natural = cover.iter().filter(|(pft, _)| *pft != Pft::C3Crop);
        let (mut speed, mut unfought) = (0.0, [0.0; 3]);
        for &(pft, share) in natural {
            let part = if wild > 0.0 { share / wild } else { 0.0 };
            speed += part * FireTraits::of(pft).spread;
            let limits = ignition.unfought(pft);
            (0..3).for_each(|i| unfought[i] += part * limits[i]);
        }
        // Bare ground carries no fire, neither fast nor long: the share of plants counts for the speed and the duration.
        let covered: f64 = if wild > 0.0 { (share_of(|_| true) - (1.0 - wild)) / wild } else { 0.0 };
        let length = CALM * speed * DURATION * covered / 1_000.0;
        let open = share_of(tropical) <= CLOSED_FOREST;
        let limits: f64 = unfought.iter().product();
        let size = |month: usize| std::f64::consts::PI * length * length * length_to_breadth(wind[month]);
        let potential = |month| size(month) * limits * ignition.unsuppressed(latitude, month);
        Self { potential: std::array::from_fn(|m| if open { potential(m) } else { 0.0 }), wild }
    }
}

impl<T: Real> FireRegime<T> {
    /// Share of a tile that burns where the share `burned` of the column does: none of crops.
    #[must_use]
    pub fn burned_tile(&self, pft: Pft, burned: T) -> T {
        let burns = self.wild.over(0.0);
        if pft == Pft::C3Crop { T::default() } else { T::select(burns, (burned / self.wild).min(1.0), 0.0) }
    }
}

/// Share of fires that find the fuel to spread, of a fuel in gC m⁻².
#[must_use]
pub fn availability<T: Real>(fuel: T) -> T {
    ((fuel - LEAST_FUEL) * (1.0 / (AMPLE_FUEL - LEAST_FUEL))).clamp(0.0, 1.0)
}

/// How much a fuel, gC m⁻², dries as wood does, 0 to 1.
#[must_use]
pub fn woodiness<T: Real>(fuel: T) -> T {
    ((fuel - WOOD_FUEL[0]) * (1.0 / (WOOD_FUEL[1] - WOOD_FUEL[0]))).clamp(0.0, 1.0)
}

/// What makes fuel dry, as shares of one.
#[derive(Clone, Copy, Debug)]
pub struct Weather<T> {
    /// Relative humidity of the warm and of the cold half of the day.
    pub humidity: [T; 2],
    /// Its mean over thirty days.
    pub monthly_humidity: T,
    /// How wet the root zone is (CLM's `btran2`).
    pub wetness: T,
}

impl<T: Real> Weather<T> {
    /// What of fires a soil's wetness lets burn, 0 to 1.
    #[must_use]
    pub fn dryness_of_soil(wetness: T) -> T {
        ((T::of(WET_SOIL) - wetness) * (1.0 / (WET_SOIL - DRY_SOIL))).clamp(0.0, 1.0)
    }

    /// Square of CLM's combustibility of fuel, mean of the day, 0 to 1, for fuel of a [woodiness].
    #[must_use]
    pub fn combustibility(&self, woody: T) -> T {
        let wood = T::of(1.0) - (self.monthly_humidity * (1.0 / WET_WOOD)).clamp(LEAST_WETNESS_OF_WOOD, 1.0);
        let half = |humidity: T| {
            let fine = ((T::of(MOIST_AIR) - humidity) * (1.0 / (MOIST_AIR - DRY_AIR))).clamp(0.0, 1.0);
            let dry = fine + (wood - fine) * woody;
            T::select(humidity.under(MOIST_AIR), dry * dry * dry, 0.0)
        };
        let [warm, cold] = self.humidity;
        (half(warm) + half(cold)) * 0.5 * Self::dryness_of_soil(self.wetness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::evapotranspiration::USUAL_WIND;

    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-6), "{found} is not {expected}");
    }

    #[test]
    fn fuel_has_its_thresholds() {
        for (fuel, share) in [(0.0, 0.0), (105.0, 0.0), (577.5, 0.5), (1_050.0, 1.0), (9_000.0, 1.0)] {
            check(availability(fuel), share);
        }
        for (fuel, share) in [(2_500.0, 0.0), (3_750.0, 0.5), (20_000.0, 1.0)] {
            check(woodiness(fuel), share);
        }
    }

    #[test]
    fn moist_air_and_wet_soil_let_nothing_burn() {
        let dry = Weather { humidity: [0.3, 0.3], monthly_humidity: 0.3, wetness: 0.5 };
        check(dry.combustibility(0.0), 1.0);
        check(dry.combustibility(1.0), 0.3_f64.powi(3));
        for wet in [Weather { wetness: 0.98, ..dry }, Weather { humidity: [0.8; 2], ..dry }] {
            assert!(wet.combustibility(0.0) == 0.0 && wet.combustibility(1.0) == 0.0);
        }
        assert!(Weather { monthly_humidity: 0.9, ..dry }.combustibility(1.0) == 0.0);
        // Half the range of air, a dry afternoon only, half the range of soil.
        let half = Weather { humidity: [0.55, 0.9], wetness: 0.915, ..dry };
        check(half.combustibility(0.0), 0.125 * 0.5 * 0.5);
    }

    #[test]
    fn a_day_of_bone_dry_grass_burns_what_clms_formula_says() {
        let ignition = Ignition { lightning: [0.0; 12], population: 10.0, wealth: 3.0 };
        let regime = FireRegime::new(&[(Pft::C4Grass, 1.0)], &ignition, 10.0, &[3.0; 12]);
        let fires = 0.068 * 10.0_f64.powf(0.43) / 30.0 * (0.01 + 0.98 * (-0.25_f64).exp());
        let pi = std::f64::consts::PI;
        let number = 0.1 + 0.9 * (-pi * (3.0_f64 / 8.0).sqrt()).exp();
        let size = 0.2 + 0.8 * (-pi * 3.0 / 7.0).exp();
        let people = 0.2 + 0.8 * (-pi * (10.0_f64 / 450.0).sqrt()).exp();
        let shape = pi * (1.0 + 10.0 * (1.0 - (-0.18_f64).exp()));
        check(regime.potential[4], fires * number * size * people * shape * (0.05 * 0.33 * 86.4_f64).powi(2));
    }

    #[test]
    fn crops_and_closed_tropical_forest_do_not_burn_and_bare_ground_stops_fire() {
        let of = |cover: &[(Pft, f64)]| FireRegime::new(cover, &Ignition::usual(40.0), 40.0, &USUAL_WIND);
        let whole = of(&[(Pft::C3Grass, 1.0)]);
        let fields = of(&[(Pft::C3Grass, 0.25), (Pft::C3Crop, 0.75)]);
        check(fields.potential[6], whole.potential[6]);
        check(fields.wild, 0.25);
        let only_fields = of(&[(Pft::C3Crop, 1.0)]);
        assert!(only_fields.wild == 0.0 && only_fields.potential[6] == 0.0);
        assert!(of(&[(Pft::BroadleafEvergreenTropical, 0.7), (Pft::C4Grass, 0.3)]).potential[6] == 0.0);
        assert!(of(&[(Pft::C3Grass, 0.5)]).potential[6] < 0.3 * whole.potential[6]);
    }
}
