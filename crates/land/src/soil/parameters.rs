//! Parameters of the soil, under CLM's names and with CLM5's values.

use serde::{Deserialize, Serialize};

/// Parameters of decomposition, mixing and mineral nitrogen.
///
/// Defaults: CLM5.0 (Lawrence et al. 2019, doi:10.1029/2018MS001583; parameter file c171117).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoilParameters {
    /// Turnover time of metabolic litter at 25 °C, wet, at the surface, yr.
    pub tau_l1: f64,
    /// Turnover time of cellulose and lignin litter, yr.
    pub tau_l2_l3: f64,
    /// Turnover time of active soil organic matter, yr.
    pub tau_s1: f64,
    /// Turnover time of slow soil organic matter, yr.
    pub tau_s2: f64,
    /// Turnover time of passive soil organic matter, yr.
    pub tau_s3: f64,
    /// Turnover time of coarse woody debris, yr.
    pub tau_cwd: f64,
    /// Respired share, metabolic litter to active soil.
    pub rf_l1s1: f64,
    /// Respired share, cellulose litter to active soil.
    pub rf_l2s1: f64,
    /// Respired share, lignin litter to slow soil.
    pub rf_l3s2: f64,
    /// Respired share, slow to active soil.
    pub rf_s2s1: f64,
    /// Respired share, slow to passive soil.
    pub rf_s2s3: f64,
    /// Respired share, passive to active soil.
    pub rf_s3s1: f64,
    /// Respired share, woody debris to cellulose litter.
    pub rf_cwdl2: f64,
    /// Respired share, woody debris to lignin litter.
    pub rf_cwdl3: f64,
    /// Share of woody debris that is cellulose; the rest is lignin.
    pub cwd_fcel: f64,
    /// C:N of active soil organic matter, gC gN-1.
    pub cn_s1: f64,
    /// C:N of slow soil organic matter, gC gN-1.
    pub cn_s2: f64,
    /// C:N of passive soil organic matter, gC gN-1.
    pub cn_s3: f64,
    /// Factor of respiration per 10 K above freezing.
    pub q10_hr: f64,
    /// Factor of respiration per 10 K below freezing.
    pub froz_q10: f64,
    /// Matric potential below which decomposition stops, `MPa`.
    pub minpsi_hr: f64,
    /// Matric potential above which water does not limit decomposition, `MPa`.
    pub maxpsi_hr: f64,
    /// Smallest oxygen scalar.
    pub mino2lim: f64,
    /// Air-filled pore space below which oxygen limits decomposition, m3 m-3 (Grable and Siemer 1968,
    /// doi:10.2136/sssaj1968.03615995003200020011x).
    pub o2_air_filled_limit: f64,
    /// e-folding depth of decomposition, m.
    pub decomp_depth_efolding: f64,
    /// Multiplier on all decomposition rates.
    pub decomp_scale: f64,
    /// Diffusivity of organic matter by bioturbation, m2 yr-1.
    pub som_diffus: f64,
    /// Diffusivity of organic matter by cryoturbation, m2 yr-1.
    pub cryoturb_diffusion: f64,
    /// Largest thaw depth with cryoturbation, m.
    pub max_altdepth_cryoturbation: f64,
    /// Depth where cryoturbation ends, m.
    pub max_depth_cryoturb: f64,
    /// Largest nitrification rate, d-1.
    pub k_nitr_max: f64,
    /// Soil pH that nitrifiers see.
    pub soil_ph: f64,
    /// Share of nitrified nitrogen lost as N2O (Li et al. 2000, doi:10.1029/1999JD900949).
    pub nitrif_n2o_loss_frac: f64,
    /// Denitrification at a respiration of 1 ugC g-1 d-1, ugN g-1 d-1 (del Grosso et al. 2000,
    /// doi:10.1029/1999GB001225).
    pub denitrif_respiration_coef: f64,
    /// Exponent of respiration in denitrification.
    pub denitrif_respiration_exp: f64,
    /// Denitrification at a nitrate content of 1 ugN g-1, ugN g-1 d-1.
    pub denitrif_nitrateconc_coef: f64,
    /// Exponent of nitrate in denitrification.
    pub denitrif_nitrateconc_exp: f64,
    /// Share of nitrate that is dissolved.
    pub sf_no3: f64,
    /// Depth from which runoff washes nitrate, m.
    pub depth_runoff_nloss: f64,
    /// Free-living fixation per evapotranspiration, gN m-2 mm-1 (Cleveland et al. 1999, doi:10.1029/1999GB900014).
    pub freelivfix_slope_wet: f64,
    /// Free-living fixation without evapotranspiration, gN m-2 yr-1.
    pub freelivfix_intercept: f64,
}

impl Default for SoilParameters {
    fn default() -> Self {
        Self {
            tau_l1: 1.0 / 18.5,
            tau_l2_l3: 1.0 / 4.9,
            tau_s1: 1.0 / 7.3,
            tau_s2: 1.0 / 0.2,
            tau_s3: 1.0 / 0.0045,
            tau_cwd: 1.0 / 0.3,
            rf_l1s1: 0.55,
            rf_l2s1: 0.5,
            rf_l3s2: 0.5,
            rf_s2s1: 0.55,
            rf_s2s3: 0.55,
            rf_s3s1: 0.55,
            rf_cwdl2: 0.0,
            rf_cwdl3: 0.0,
            cwd_fcel: 0.76,
            cn_s1: 8.0,
            cn_s2: 11.0,
            cn_s3: 11.0,
            q10_hr: 1.5,
            froz_q10: 1.5,
            minpsi_hr: -2.0,
            maxpsi_hr: -0.002,
            mino2lim: 0.2,
            o2_air_filled_limit: 0.1,
            decomp_depth_efolding: 10.0,
            decomp_scale: 1.0,
            som_diffus: 1e-4,
            cryoturb_diffusion: 5e-4,
            max_altdepth_cryoturbation: 2.0,
            max_depth_cryoturb: 3.0,
            k_nitr_max: 0.1,
            soil_ph: 6.5,
            nitrif_n2o_loss_frac: 6e-4,
            denitrif_respiration_coef: 0.1,
            denitrif_respiration_exp: 1.3,
            denitrif_nitrateconc_coef: 1.15,
            denitrif_nitrateconc_exp: 0.57,
            sf_no3: 1.0,
            depth_runoff_nloss: 0.05,
            freelivfix_slope_wet: 0.0006,
            freelivfix_intercept: 0.0117,
        }
    }
}
