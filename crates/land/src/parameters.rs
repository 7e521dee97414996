//! The parameters of one column, under CLM's names where CLM has them.
//!
//! Defaults by plant functional type are those of CLM5's parameter file c171117. Departures are named: `fcur`
//! of herbs is 0.5 (CLM: 0), so that cut meadows regrow within the season; `soilpsi_off` of crops is -5 MPa (CLM:
//! -0.8), because crops ripen and are cut, they don't shed their leaves at the first dry topsoil. Parameters without a CLM name are
//! the embedded model's own; names with `_scale` multiply, names with `_cos1` … `_sin2` are the amplitudes of
//! the first two annual harmonics of a log-multiplier, so that a station's seasonal course can be estimated
//! while carbon still closes.

use serde::{Deserialize, Serialize};

use crate::constants::FREEZING;
use crate::error::LandError;
use crate::lanes::{Batched, Real};
use crate::plant::pft::{Pft, VegetationClass};
use crate::soil::SoilParameters;

macro_rules! parameters {
    ($($name:ident, $lower:expr, $upper:expr, $doc:expr;)*) => {
        /// Parameters of one column.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct Parameters<T: Real = f64> {
            $(#[doc = $doc] pub $name: T,)*
            /// Soil biogeochemistry.
            pub soil: SoilParameters<T>,
        }

        impl<T: Real> Batched for Parameters<T> {
            type Column = Parameters;
            fn gather<'a>(column: &dyn Fn(usize) -> &'a Parameters) -> Self {
                Self {
                    $($name: T::gather(&|k| &column(k).$name),)*
                    soil: SoilParameters::gather(&|k| &column(k).soil),
                }
            }
            fn lane(&self, lane: usize) -> Parameters {
                Parameters { $($name: self.$name.lane(lane),)* soil: self.soil.lane(lane) }
            }
            fn set_lane(&mut self, lane: usize, column: &Parameters) {
                $(self.$name.set_lane(lane, &column.$name);)*
                self.soil.set_lane(lane, &column.soil);
            }
        }

        /// Names of the parameters that can be set from outside.
        pub const NAMES: &[&str] = &[$(stringify!($name),)* "q10_hr", "decomp_scale", "tau_s2", "tau_s3", "tau_l2_l3", "tau_cwd"];

        impl Parameters {
            /// Value of a parameter by name.
            ///
            /// # Errors
            /// [`LandError::UnknownParameter`].
            pub fn get(&self, name: &str) -> Result<f64, LandError> {
                match name {
                    $(stringify!($name) => Ok(self.$name),)*
                    "q10_hr" => Ok(self.soil.q10_hr),
                    "decomp_scale" => Ok(self.soil.decomp_scale),
                    "tau_s2" => Ok(self.soil.tau_s2),
                    "tau_s3" => Ok(self.soil.tau_s3),
                    "tau_l2_l3" => Ok(self.soil.tau_l2_l3),
                    "tau_cwd" => Ok(self.soil.tau_cwd),
                    _ => Err(LandError::UnknownParameter { name: name.to_owned() }),
                }
            }

            /// What a parameter is, with its unit.
            ///
            /// # Errors
            /// [`LandError::UnknownParameter`].
            pub fn description(name: &str) -> Result<&'static str, LandError> {
                match name {
                    $(stringify!($name) => Ok($doc),)*
                    "q10_hr" => Ok("Factor of heterotrophic respiration per 10 K above freezing."),
                    "decomp_scale" => Ok("Multiplier on all decomposition rates."),
                    "tau_s2" => Ok("Turnover time of slow soil organic matter, yr."),
                    "tau_s3" => Ok("Turnover time of passive soil organic matter, yr."),
                    "tau_l2_l3" => Ok("Turnover time of cellulose and lignin litter, yr."),
                    "tau_cwd" => Ok("Turnover time of coarse woody debris, yr."),
                    _ => Err(LandError::UnknownParameter { name: name.to_owned() }),
                }
            }

            /// Smallest and largest value that [`Self::set`] accepts.
            ///
            /// # Errors
            /// [`LandError::UnknownParameter`].
            pub fn range(name: &str) -> Result<(f64, f64), LandError> {
                match name {
                    $(stringify!($name) => Ok(($lower, $upper)),)*
                    "q10_hr" => Ok((1.0, 5.0)),
                    "decomp_scale" => Ok((0.01, 100.0)),
                    "tau_s2" => Ok((0.1, 1e3)),
                    "tau_s3" => Ok((1.0, 1e5)),
                    "tau_l2_l3" => Ok((0.01, 10.0)),
                    "tau_cwd" => Ok((0.1, 100.0)),
                    _ => Err(LandError::UnknownParameter { name: name.to_owned() }),
                }
            }

            /// Sets a parameter by name, clamped to nothing: a value out of range is an error.
            ///
            /// # Errors
            /// [`LandError::UnknownParameter`], [`LandError::ParameterRange`].
            pub fn set(&mut self, name: &str, value: f64) -> Result<(), LandError> {
                let (lower, upper) = Self::range(name)?;
                let (name, place) = match name {
                    $(stringify!($name) => (stringify!($name), &mut self.$name),)*
                    "q10_hr" => ("q10_hr", &mut self.soil.q10_hr),
                    "decomp_scale" => ("decomp_scale", &mut self.soil.decomp_scale),
                    "tau_s2" => ("tau_s2", &mut self.soil.tau_s2),
                    "tau_s3" => ("tau_s3", &mut self.soil.tau_s3),
                    "tau_l2_l3" => ("tau_l2_l3", &mut self.soil.tau_l2_l3),
                    "tau_cwd" => ("tau_cwd", &mut self.soil.tau_cwd),
                    _ => return Err(LandError::UnknownParameter { name: name.to_owned() }),
                };
                if !(value >= lower && value <= upper) {
                    return Err(LandError::ParameterRange { name, value, lower, upper });
                }
                *place = value;
                Ok(())
            }
        }
    };
}

parameters! {
    leafcn, 5.0, 150.0, "Target of leaf C:N, gC gN⁻¹; leaves depart from it by at most 10.";
    frootcn, 5.0, 150.0, "Target of fine-root C:N, gC gN⁻¹.";
    livewdcn, 10.0, 500.0, "Target of live-wood C:N, gC gN⁻¹.";
    deadwdcn, 50.0, 2000.0, "Target of dead-wood C:N, gC gN⁻¹.";
    lflitcn, 5.0, 200.0, "C:N of the litter of leaves at their target, gC gN⁻¹.";
    leaf_long, 0.05, 20.0, "Leaf longevity, yr (background turnover of evergreen and stress-deciduous leaves).";
    froot_long, 0.05, 20.0, "Fine-root longevity, yr.";
    froot_leaf, 0.01, 50.0, "New fine-root C per new leaf C.";
    stem_leaf, 0.0, 10.0, "New stem C per new leaf C.";
    croot_stem, 0.0, 2.0, "New coarse-root C per new stem C.";
    flivewd, 0.0, 1.0, "Live fraction of new wood.";
    fcur, 0.0, 1.0, "Fraction of leaf and fine-root allocation displayed at once, the rest is stored.";
    grperc, 0.0, 1.0, "Growth respiration per unit of new tissue.";
    slatop, 0.001, 0.2, "Specific leaf area, m² gC⁻¹.";
    laimx, 0.1, 20.0, "Leaf area index at which leaf allocation has fallen to half, m² m⁻² (own; CLM bounds crops alike).";
    medlynslope, 0.1, 20.0, "Medlyn stomatal slope, kPa^½ (Medlyn et al. 2011, doi:10.1111/j.1365-2486.2010.02375.x).";
    medlynintercept, 0.0, 1e5, "Medlyn stomatal intercept, µmol m⁻² s⁻¹.";
    flnr, 0.001, 2.0, "Fraction of leaf N in Rubisco.";
    br_mr, 0.0, 1e-4, "Maintenance respiration of stem at 20 °C, gC gN⁻¹ s⁻¹.";
    br_mr_root, 0.0, 1e-4, "Maintenance respiration of fine roots at 20 °C, gC gN⁻¹ s⁻¹.";
    lmr_intercept_atkin, -5.0, 10.0, "Leaf dark respiration at 25 °C of a leaf without nitrogen acclimated to 0 °C, µmol m⁻² s⁻¹ (Atkin et al. 2015, doi:10.1111/nph.13253).";
    lmr_scale, 0.0, 100.0, "Multiplier on leaf dark respiration.";
    q10_mr, 1.0, 5.0, "Q10 of maintenance respiration.";
    lwtop_ann, 0.0, 5.0, "Turnover of live to dead wood, yr⁻¹.";
    r_mort, 0.0, 1.0, "Whole-plant mortality, yr⁻¹.";
    crit_dayl, 10_000.0, 80_000.0, "Day length that starts leaf fall, s.";
    gddfunc_p1, -5.0, 12.0, "ln of the growing-degree sum of onset at a mean of 0 °C.";
    gddfunc_p2, -1.0, 1.0, "Its slope with mean annual temperature, K⁻¹.";
    ndays_on, 1.0, 180.0, "Length of onset, d.";
    ndays_off, 1.0, 180.0, "Length of offset, d.";
    fstor2tran, 0.0, 1.0, "Share of storage moved to display at onset.";
    regrowth_days, 1.0, 365.0, "Days over which a growing herb can turn its whole storage to display, d.";
    soilpsi_on, -20.0, 0.0, "Soil water potential above which stress-deciduous onset counts, MPa.";
    soilpsi_off, -20.0, 0.0, "Soil water potential below which stress-deciduous offset counts, MPa.";
    t_acclim, -30.0, 60.0, "Acclimated temperature at which evergreen photosynthesis is full, °C (Mäkelä et al. 2004, doi:10.1093/treephys/24.4.369).";
    smpso, -1e6, 0.0, "Soil suction of open stomata, mm.";
    smpsc, -1e7, 0.0, "Soil suction of closed stomata, mm.";
    rootprof_beta, 0.1, 0.9999, "Jackson's root profile parameter, depth in cm.";
    watsat_scale, 0.1, 3.0, "Multiplier on porosity.";
    hksat_scale, 1e-4, 1e4, "Multiplier on saturated conductivity.";
    soil_resistance, 0.0, 1e5, "Resistance of a half-dry surface to evaporation, s m⁻¹.";
    nfix_scale, 0.0, 100.0, "Multiplier on the symbiotic nitrogen fixation that CLM4.5 gave to productive plants for nothing (CLM5: 0; they pay for it, see `fracfixers`).";
    perecm, 0.0, 1.0, "Ectomycorrhizal share of uptake through mycorrhiza (CLM5 FUN).";
    fracfixers, 0.0, 1.0, "Share of nitrogen demand left unmet by the soil that the plant buys with carbon (CLM5 FUN: fixation and symbionts).";
    nfert, 0.0, 100.0, "Nitrogen fertiliser, gN m⁻² yr⁻¹, given evenly from mid-March to mid-June.";
    fire_scale, 0.0, 100.0, "Multiplier on the area that burns; 0 is a world without fire.";
    harvest_day, 0.0, 364.0, "Day of the (first) harvest or cut, 0-based.";
    harvest_interval, 14.0, 365.0, "Days between the cuts of a meadow; the last one is before mid-October.";
    harvest_frac, 0.0, 1.0, "Share of leaf and storage carried away by a harvest.";
    forc_tbot_offset, -20.0, 20.0, "Air temperature of the station less that of the forcing, K.";
    forc_solar_scale, 0.1, 3.0, "Multiplier on incident short-wave radiation.";
    forc_rain_scale, 0.01, 20.0, "Multiplier on precipitation.";
    forc_vpd_scale, 0.05, 10.0, "Multiplier on vapour pressure deficit.";
    init_som_scale, 0.001, 100.0, "Soil organic matter at the start over its equilibrium.";
    init_litter_scale, 0.001, 100.0, "Litter and woody debris at the start over its equilibrium.";
    init_wood_scale, 0.001, 100.0, "Wood at the start over its equilibrium.";
    vcmax_cos1, -5.0, 5.0, "Seasonal log-multiplier of Vcmax, cosine of the year.";
    vcmax_sin1, -5.0, 5.0, "… sine of the year.";
    vcmax_cos2, -5.0, 5.0, "… cosine of the half-year.";
    vcmax_sin2, -5.0, 5.0, "… sine of the half-year.";
    resp_cos1, -5.0, 5.0, "Seasonal log-multiplier of maintenance respiration and decomposition, cosine of the year.";
    resp_sin1, -5.0, 5.0, "… sine of the year.";
    resp_cos2, -5.0, 5.0, "… cosine of the half-year.";
    resp_sin2, -5.0, 5.0, "… sine of the half-year.";
    et_scale, 0.05, 20.0, "Multiplier on the available energy of evapotranspiration (net-radiation error of the daily scheme).";
    et_cos1, -5.0, 5.0, "Its seasonal log-multiplier, cosine of the year.";
    et_sin1, -5.0, 5.0, "… sine of the year.";
    et_cos2, -5.0, 5.0, "… cosine of the half-year.";
    et_sin2, -5.0, 5.0, "… sine of the half-year.";
}

const LEAFCN: [f64; 15] = [
    58.0, 58.0, 25.813, 29.603, 29.603, 23.452, 23.452, 23.452, 36.417, 23.256, 23.256, 28.027, 28.027,
    35.361, 28.027,
];
const LFLITCN: [f64; 15] =
    [70.0, 80.0, 50.0, 60.0, 60.0, 50.0, 50.0, 50.0, 60.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0];
const LEAF_LONG: [f64; 15] =
    [3.309, 3.309, 0.507, 1.4025, 1.4025, 0.483, 0.483, 0.483, 1.323, 0.39, 0.39, 0.321, 0.321, 0.14, 0.321];
const STEM_LEAF: [f64; 15] = [2.3, 2.3, 1.0, 2.3, 1.5, 1.0, 2.3, 2.3, 1.4, 0.24, 0.24, 0.0, 0.0, 0.0, 0.0];
const FLIVEWD: [f64; 15] = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.5, 0.1, 0.0, 0.0, 0.0, 0.0];
const SLATOP: [f64; 15] = [
    0.010, 0.010, 0.0202, 0.019, 0.019, 0.0308, 0.0308, 0.0308, 0.018, 0.0307, 0.0307, 0.0402, 0.0402,
    0.0385, 0.0402,
];
const MEDLYNSLOPE: [f64; 15] =
    [2.35, 2.35, 2.35, 4.12, 4.12, 4.45, 4.45, 4.45, 4.7, 4.7, 4.7, 2.22, 5.25, 1.62, 5.79];
const FLNR: [f64; 15] = [
    0.0509, 0.0466, 0.0546, 0.0461, 0.0515, 0.0716, 0.1007, 0.1007, 0.0517, 0.0943, 0.0943, 0.1365, 0.1365,
    0.09, 0.1758,
];
const LMR_INTERCEPT_ATKIN: [f64; 15] = [
    1.4995, 1.4995, 1.4995, 1.756, 1.756, 1.756, 1.756, 1.756, 2.0749, 2.0749, 2.0749, 2.1956, 2.1956,
    2.1956, 2.1956,
];
const PERECM: [f64; 15] = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
const ROOTPROF_BETA: [f64; 15] =
    [0.976, 0.943, 0.943, 0.993, 0.966, 0.993, 0.966, 0.943, 0.964, 0.964, 0.914, 0.914, 0.943, 0.943, 0.943];
const SMPSO: [f64; 15] =
    [-66e3, -66e3, -66e3, -66e3, -66e3, -35e3, -35e3, -35e3, -83e3, -83e3, -83e3, -74e3, -74e3, -74e3, -74e3];
const SMPSC: [f64; 15] = [
    -255e3, -255e3, -255e3, -255e3, -255e3, -224e3, -224e3, -224e3, -428e3, -428e3, -428e3, -275e3, -275e3,
    -275e3, -275e3,
];

impl Parameters {
    /// CLM5's defaults for a plant functional type.
    #[must_use]
    pub fn for_pft(pft: Pft) -> Self {
        let i = pft.index();
        let evergreen = pft.leaf_habit() == crate::plant::pft::LeafHabit::Evergreen;
        Self {
            leafcn: LEAFCN[i],
            frootcn: 42.0,
            livewdcn: 50.0,
            deadwdcn: 500.0,
            lflitcn: LFLITCN[i],
            leaf_long: LEAF_LONG[i],
            froot_long: if pft.is_herbaceous() { 1.0 } else { LEAF_LONG[i].max(1.0) },
            froot_leaf: 1.5,
            stem_leaf: STEM_LEAF[i],
            croot_stem: 0.3,
            flivewd: FLIVEWD[i],
            fcur: if evergreen {
                1.0
            } else if pft.is_herbaceous() {
                0.5
            } else {
                0.0
            },
            grperc: 0.11,
            slatop: SLATOP[i],
            laimx: if pft.is_tree() { 7.0 } else { 5.0 },
            medlynslope: MEDLYNSLOPE[i],
            medlynintercept: 100.0,
            flnr: FLNR[i],
            br_mr: 2.525e-6,
            br_mr_root: 8.3e-7,
            lmr_intercept_atkin: LMR_INTERCEPT_ATKIN[i],
            lmr_scale: 1.0,
            q10_mr: 1.5,
            lwtop_ann: 0.7,
            r_mort: 0.02,
            crit_dayl: 39_300.0,
            gddfunc_p1: 4.8,
            gddfunc_p2: 0.13,
            ndays_on: 30.0,
            ndays_off: 15.0,
            fstor2tran: 0.5,
            regrowth_days: 60.0,
            soilpsi_on: -0.6,
            soilpsi_off: if pft == Pft::C3Crop { -5.0 } else { -0.8 },
            t_acclim: if evergreen { 10.0 } else { 5.0 },
            smpso: SMPSO[i],
            smpsc: SMPSC[i],
            rootprof_beta: ROOTPROF_BETA[i],
            watsat_scale: 1.0,
            hksat_scale: 1.0,
            soil_resistance: 300.0,
            nfix_scale: 0.0,
            perecm: PERECM[i],
            fracfixers: 0.25,
            nfert: if pft == Pft::C3Crop { 12.0 } else { 0.0 },
            fire_scale: 1.0,
            harvest_day: if pft == Pft::C3Crop { 205.0 } else { 165.0 },
            harvest_interval: 45.0,
            harvest_frac: if pft == Pft::C3Crop { 0.6 } else { 0.0 },
            forc_tbot_offset: 0.0,
            forc_solar_scale: 1.0,
            forc_rain_scale: 1.0,
            forc_vpd_scale: 1.0,
            init_som_scale: 1.0,
            init_litter_scale: 1.0,
            init_wood_scale: 1.0,
            vcmax_cos1: 0.0,
            vcmax_sin1: 0.0,
            vcmax_cos2: 0.0,
            vcmax_sin2: 0.0,
            resp_cos1: 0.0,
            resp_sin1: 0.0,
            resp_cos2: 0.0,
            resp_sin2: 0.0,
            et_scale: 1.0,
            et_cos1: 0.0,
            et_sin1: 0.0,
            et_cos2: 0.0,
            et_sin2: 0.0,
            soil: SoilParameters::default(),
        }
    }

    /// Whether a parameter does anything for a vegetation class: wood needs trees or shrubs, leaf fall needs
    /// deciduous plants, harvest and fertiliser need managed land.
    #[must_use]
    pub fn acts_on(name: &str, class: VegetationClass) -> bool {
        use VegetationClass as V;
        let managed = matches!(class, V::Grass | V::Crop);
        let herb = managed || class == V::Wetland;
        let seasonal = matches!(class, V::DeciduousBroadleaf | V::DeciduousNeedleleaf);
        match name {
            "nfert" | "harvest_day" | "harvest_frac" => managed,
            "harvest_interval" | "regrowth_days" => class == V::Grass,
            "init_wood_scale" | "stem_leaf" | "croot_stem" | "flivewd" | "lwtop_ann" | "br_mr" => !herb,
            "gddfunc_p1" | "gddfunc_p2" | "ndays_on" => seasonal || herb,
            "fire_scale" => class != V::Crop,
            "crit_dayl" => seasonal,
            "leaf_long" | "t_acclim" => !seasonal,
            "soilpsi_on" | "soilpsi_off" => herb,
            _ => true,
        }
    }
}

impl<T: Real> Parameters<T> {
    /// Share of wood that is above ground.
    #[must_use]
    pub fn stem_share(&self) -> T {
        T::of(1.0) / (self.croot_stem + 1.0)
    }

    /// Nitrogen of the top leaf at a C:N, gN m⁻².
    #[must_use]
    pub fn leaf_nitrogen(&self, leaf_cn: T) -> T {
        T::of(1.0) / (self.slatop * leaf_cn)
    }

    /// Vcmax at 25 °C of a top leaf with so much nitrogen (gN m⁻²), µmol m⁻² s⁻¹: × Rubisco share × CLM's specific
    /// activities (7.16 g Rubisco per gN, 60 µmol g⁻¹ s⁻¹; CLM technical note, eq. 9.10 with LUNA off).
    #[must_use]
    pub fn vcmax25_top(&self, leaf_nitrogen: T) -> T {
        const RUBISCO_PER_NITROGEN: f64 = 7.16;
        const ACTIVITY: f64 = 60.0;
        self.flnr * (RUBISCO_PER_NITROGEN * ACTIVITY) * leaf_nitrogen
    }

    /// Dark respiration at 25 °C of a top leaf with so much nitrogen (gN m⁻²), µmol m⁻² s⁻¹, acclimated to a ten-day mean
    /// temperature, K (Atkin et al. 2015, doi:10.1111/nph.13253; CLM5 technical note, section 2.9.5).
    #[must_use]
    pub fn leaf_respiration25(&self, leaf_nitrogen: T, t10: T) -> T {
        const PER_NITROGEN: f64 = 0.2061;
        const PER_KELVIN: f64 = 0.0402;
        (self.lmr_intercept_atkin + leaf_nitrogen * PER_NITROGEN - (t10 - FREEZING) * PER_KELVIN).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_what_was_set() {
        let mut p = Parameters::for_pft(Pft::C3Grass);
        for name in NAMES {
            let value = p.get(name).unwrap();
            p.set(name, value).unwrap();
            assert_eq!(p.get(name).unwrap().to_bits(), value.to_bits(), "{name}");
            assert!(!Parameters::description(name).unwrap().is_empty());
        }
        assert!(matches!(p.set("medlynslop", 1.0), Err(LandError::UnknownParameter { .. })));
        assert!(matches!(p.set("slatop", -1.0), Err(LandError::ParameterRange { .. })));
        assert!(p.set("slatop", f64::NAN).is_err());
    }

    #[test]
    fn leaves_respire_what_atkin_measured() {
        // Needleleaf with 1.724 gN m-2, acclimated to 10 °C: 1.4995 + 0.2061 1.724 - 0.402.
        let p = Parameters::for_pft(Pft::NeedleleafEvergreenTemperate);
        let nitrogen = p.leaf_nitrogen(p.leafcn);
        assert!((p.leaf_respiration25(nitrogen, 283.15) - 1.4528).abs() < 1e-3);
        // Acclimation never turns it round.
        assert!(p.leaf_respiration25(nitrogen, 380.0).abs() < 1e-12);
    }

    #[test]
    fn vcmax25_is_clms_for_needleleaf_and_crop() {
        // flnr 0.0509, slatop 0.01, leafcn 58: 37.7 umol m-2 s-1; c3 crop: 67.0.
        let of = |pft| {
            let p = Parameters::for_pft(pft);
            p.vcmax25_top(p.leaf_nitrogen(p.leafcn))
        };
        let needleleaf = of(Pft::NeedleleafEvergreenTemperate);
        assert!((needleleaf - 37.7).abs() < 0.1, "{needleleaf}");
        let crop = of(Pft::C3Crop);
        assert!((crop - 67.0).abs() < 0.5, "{crop}");
    }
}
