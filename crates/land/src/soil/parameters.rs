//! Parameters of the soil, under CLM's names and with CLM5's values.

use crate::batched;
use crate::lanes::Real;
use serde::{Deserialize, Serialize};

batched! {
    /// Parameters of decomposition, mixing and mineral nitrogen.
    ///
    /// Defaults: CLM5.0 (Lawrence et al. 2019, doi:10.1029/2018MS001583; parameter file c171117).
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct SoilParameters {
        /// Turnover time of metabolic litter at 25 °C, wet, at the surface, yr.
        pub tau_l1: T,
        /// Turnover time of cellulose and lignin litter, yr.
        pub tau_l2_l3: T,
        /// Turnover time of active soil organic matter, yr.
        pub tau_s1: T,
        /// Turnover time of slow soil organic matter, yr.
        pub tau_s2: T,
        /// Turnover time of passive soil organic matter, yr.
        pub tau_s3: T,
        /// Turnover time of coarse woody debris, yr.
        pub tau_cwd: T,
        /// Respired share, metabolic litter to active soil.
        pub rf_l1s1: T,
        /// Respired share, cellulose litter to active soil.
        pub rf_l2s1: T,
        /// Respired share, lignin litter to slow soil.
        pub rf_l3s2: T,
        /// Respired share, slow to active soil.
        pub rf_s2s1: T,
        /// Respired share, slow to passive soil.
        pub rf_s2s3: T,
        /// Respired share, passive to active soil.
        pub rf_s3s1: T,
        /// Respired share, woody debris to cellulose litter.
        pub rf_cwdl2: T,
        /// Respired share, woody debris to lignin litter.
        pub rf_cwdl3: T,
        /// Share of woody debris that is cellulose; the rest is lignin.
        pub cwd_fcel: T,
        /// C:N of active soil organic matter, gC gN-1.
        pub cn_s1: T,
        /// C:N of slow soil organic matter, gC gN-1.
        pub cn_s2: T,
        /// C:N of passive soil organic matter, gC gN-1.
        pub cn_s3: T,
        /// Factor of respiration per 10 K above freezing.
        pub q10_hr: T,
        /// Factor of respiration per 10 K below freezing.
        pub froz_q10: T,
        /// Matric potential below which decomposition stops, `MPa`.
        pub minpsi_hr: T,
        /// Matric potential above which water does not limit decomposition, `MPa`.
        pub maxpsi_hr: T,
        /// Smallest oxygen scalar.
        pub mino2lim: T,
        /// Air-filled pore space below which oxygen limits decomposition, m3 m-3 (Grable and Siemer 1968,
        /// doi:10.2136/sssaj1968.03615995003200020011x).
        pub o2_air_filled_limit: T,
        /// e-folding depth of decomposition, m.
        pub decomp_depth_efolding: T,
        /// Multiplier on all decomposition rates.
        pub decomp_scale: T,
        /// Diffusivity of organic matter by bioturbation, m2 yr-1.
        pub som_diffus: T,
        /// Diffusivity of organic matter by cryoturbation, m2 yr-1.
        pub cryoturb_diffusion: T,
        /// Factors on the mixing of slow and passive soil organic matter: 1 but while spin-up accelerates decomposition.
        pub spinup_mixing: [T; 2],
        /// Factor by which woody debris holds less than it stands for: 1 but while spin-up accelerates decomposition.
        pub spinup_debris: T,
        /// Largest thaw depth with cryoturbation, m.
        pub max_altdepth_cryoturbation: T,
        /// Depth where cryoturbation ends, m.
        pub max_depth_cryoturb: T,
        /// Largest nitrification rate, d-1.
        pub k_nitr_max: T,
        /// Soil pH that nitrifiers see.
        pub soil_ph: T,
        /// Share of nitrified nitrogen lost as N2O (Li et al. 2000, doi:10.1029/1999JD900949).
        pub nitrif_n2o_loss_frac: T,
        /// Denitrification at a respiration of 1 ugC g-1 d-1, ugN g-1 d-1 (del Grosso et al. 2000,
        /// doi:10.1029/1999GB001225).
        pub denitrif_respiration_coef: T,
        /// Exponent of respiration in denitrification.
        pub denitrif_respiration_exp: T,
        /// Denitrification at a nitrate content of 1 ugN g-1, ugN g-1 d-1.
        pub denitrif_nitrateconc_coef: T,
        /// Exponent of nitrate in denitrification.
        pub denitrif_nitrateconc_exp: T,
        /// Share of nitrate that is dissolved.
        pub sf_no3: T,
        /// Depth from which runoff washes nitrate, m.
        pub depth_runoff_nloss: T,
        /// Free-living fixation per evapotranspiration, gN m-2 mm-1 (Cleveland et al. 1999, doi:10.1029/1999GB900014).
        pub freelivfix_slope_wet: T,
        /// Free-living fixation without evapotranspiration, gN m-2 yr-1.
        pub freelivfix_intercept: T,
    }
}

impl<T: Real> Default for SoilParameters<T> {
    fn default() -> Self {
        Self {
            tau_l1: T::of(1.0 / 18.5),
            tau_l2_l3: T::of(1.0 / 4.9),
            tau_s1: T::of(1.0 / 7.3),
            tau_s2: T::of(1.0 / 0.2),
            tau_s3: T::of(1.0 / 0.0045),
            tau_cwd: T::of(1.0 / 0.3),
            rf_l1s1: T::of(0.55),
            rf_l2s1: T::of(0.5),
            rf_l3s2: T::of(0.5),
            rf_s2s1: T::of(0.55),
            rf_s2s3: T::of(0.55),
            rf_s3s1: T::of(0.55),
            rf_cwdl2: T::of(0.0),
            rf_cwdl3: T::of(0.0),
            cwd_fcel: T::of(0.76),
            cn_s1: T::of(8.0),
            cn_s2: T::of(11.0),
            cn_s3: T::of(11.0),
            q10_hr: T::of(1.5),
            froz_q10: T::of(1.5),
            minpsi_hr: T::of(-2.0),
            maxpsi_hr: T::of(-0.002),
            mino2lim: T::of(0.2),
            o2_air_filled_limit: T::of(0.1),
            decomp_depth_efolding: T::of(10.0),
            decomp_scale: T::of(1.0),
            som_diffus: T::of(1e-4),
            cryoturb_diffusion: T::of(5e-4),
            spinup_mixing: [T::of(1.0); 2],
            spinup_debris: T::of(1.0),
            max_altdepth_cryoturbation: T::of(2.0),
            max_depth_cryoturb: T::of(3.0),
            k_nitr_max: T::of(0.1),
            soil_ph: T::of(6.5),
            nitrif_n2o_loss_frac: T::of(6e-4),
            denitrif_respiration_coef: T::of(0.1),
            denitrif_respiration_exp: T::of(1.3),
            denitrif_nitrateconc_coef: T::of(1.15),
            denitrif_nitrateconc_exp: T::of(0.57),
            sf_no3: T::of(1.0),
            depth_runoff_nloss: T::of(0.05),
            freelivfix_slope_wet: T::of(0.0006),
            freelivfix_intercept: T::of(0.0117),
        }
    }
}
