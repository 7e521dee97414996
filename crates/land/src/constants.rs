//! Physical constants, with CLM5's values where it has its own (CESM `shr_const_mod`).

/// Seconds in a day.
pub const DAY: f64 = 86_400.0;
/// Days in a mean model year (noleap).
pub const YEAR_DAYS: f64 = 365.0;
/// Freezing point of fresh water, K.
pub const FREEZING: f64 = 273.15;
/// Latent heat of vaporisation, J kg⁻¹.
pub const LATENT_VAPOUR: f64 = 2.501e6;
/// Latent heat of fusion, J kg⁻¹.
pub const LATENT_FUSION: f64 = 3.337e5;
/// Density of liquid water, kg m⁻³.
pub const WATER_DENSITY: f64 = 1_000.0;
/// Density of ice, kg m⁻³.
pub const ICE_DENSITY: f64 = 917.0;
/// Specific heat of liquid water, J kg⁻¹ K⁻¹.
pub const LIQUID_HEAT: f64 = 4_188.0;
/// Specific heat of ice, J kg⁻¹ K⁻¹.
pub const ICE_HEAT: f64 = 2_117.27;
/// Specific heat of dry air, J kg⁻¹ K⁻¹.
pub const AIR_HEAT: f64 = 1_004.64;
/// Universal gas constant, J mol⁻¹ K⁻¹.
pub const GAS: f64 = 8.314_467;
/// Gas constant of dry air, J kg⁻¹ K⁻¹.
pub const DRY_AIR: f64 = 287.042;
/// Stefan–Boltzmann constant, W m⁻² K⁻⁴.
pub const STEFAN_BOLTZMANN: f64 = 5.67e-8;
/// Acceleration of gravity, m s⁻².
pub const GRAVITY: f64 = 9.806_16;
/// Sea-level standard pressure, Pa.
pub const STANDARD_PRESSURE: f64 = 101_325.0;
/// Grams of carbon in a micromole.
pub const CARBON_PER_MICROMOLE: f64 = 12.011e-6;
/// Photosynthetically active photons per joule of short-wave radiation, µmol J⁻¹ (half of it is PAR at 4.6 µmol J⁻¹).
pub const PHOTONS_PER_JOULE: f64 = 2.3;
/// Water head to water potential: MPa per mm.
pub const MEGAPASCAL_PER_MM: f64 = 9.8e-6;
