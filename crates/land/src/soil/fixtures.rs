//! Columns, climates and inputs that the soil's tests share.

use super::{LAYERS, SoilClimate, SoilColumn, SoilInput, SoilState, root_profile, surface_litter_profile};

pub(crate) fn column(active_layers: usize) -> SoilColumn {
    SoilColumn {
        sand: 40.0,
        clay: 20.0,
        active_layers,
        bulk_density: [1300.0; LAYERS],
        porosity: [0.45; LAYERS],
        root_fraction: root_profile(0.966, active_layers),
        litter_profile: surface_litter_profile(active_layers),
    }
}

/// Temperate soil on day `day` of the year: warm and dry in summer, frozen at the top in winter.
pub(crate) fn seasonal(day: u32) -> SoilClimate {
    let season = -(std::f64::consts::TAU * f64::from(day) / 365.0).cos();
    SoilClimate {
        temperature: std::array::from_fn(|j| 279.0 + 10.0 * season * (-0.1 * j as f64).exp()),
        psi: std::array::from_fn(|j| -0.05 - 0.04 * season * (-0.2 * j as f64).exp()),
        water: std::array::from_fn(|j| 0.28 - 0.08 * season + 0.004 * j as f64),
        frozen_depth_limit: 8.6,
        drainage: 0.6 - 0.5 * season,
        surface_runoff: 0.1 - 0.1 * season,
        et_annual: 500.0,
        activity: 1.0,
    }
}

/// Litter of 2 gC m-2 d-1 at C:N `ratio`, scaled by `vigour`; plants ask for nitrogen as much as they shed.
pub(crate) fn litter(soil: &SoilColumn, ratio: f64, vigour: f64) -> SoilInput {
    let mut input = SoilInput {
        nitrogen_deposition: 0.002,
        nitrogen_fixation: 0.001,
        plant_nitrogen_demand: vigour * 2.0 / ratio,
        ..SoilInput::default()
    };
    for j in 0..LAYERS {
        let share = vigour * 0.5 * (soil.litter_profile[j] + soil.root_fraction[j]);
        for (i, part) in [0.4, 0.8, 0.4, 0.4].into_iter().enumerate() {
            input.litter_carbon[j][i] = part * share;
            input.litter_nitrogen[j][i] = part * share / ratio;
        }
    }
    input
}

pub(crate) fn with_mineral_nitrogen(amount: f64) -> SoilState {
    SoilState { nh4: [amount; LAYERS], no3: [amount; LAYERS], ..SoilState::default() }
}
