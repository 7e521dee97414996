//! Where litter and roots are: vertical profiles that sum to one.
//!
//! Surface litter follows `exp(-10 z)` (CLM5 `SoilBiogeochemVerticalProfileMod`); roots follow Jackson et al. 1996
//! (doi:10.1007/BF00333714), one beta per plant type.

use super::grid::{INTERFACE, LAYERS, NODE};

/// Decay of surface litter input with depth, m-1 (CLM `surfprof_exp`).
const SURFACE_LITTER_DECAY: f64 = 10.0;

/// Share of roots in each layer after Jackson et al. 1996: `1 - beta^d` is the share above depth `d` in cm.
/// Sums to one over the `active_layers`; layers below hold none.
#[must_use]
pub fn root_profile(beta: f64, active_layers: usize) -> [f64; LAYERS] {
    let above = |j: usize| if j == 0 { 1.0 } else { beta.powf(100.0 * INTERFACE[j - 1]) };
    normalised(active_layers, |j| above(j) - above(j + 1))
}

/// Share of surface litter that enters each layer; sums to one over the `active_layers`.
///
/// CLM divides the volumetric profile `exp(-10 z)` by the thickness, so that the share of a layer is `exp(-10 z)`.
#[must_use]
pub fn surface_litter_profile(active_layers: usize) -> [f64; LAYERS] {
    normalised(active_layers, |j| (-SURFACE_LITTER_DECAY * NODE[j]).exp())
}

fn normalised(active_layers: usize, weight: impl Fn(usize) -> f64) -> [f64; LAYERS] {
    let active = active_layers.clamp(1, LAYERS);
    let mut profile = [0.0; LAYERS];
    for j in 0..active {
        profile[j] = weight(j).max(0.0);
    }
    let sum: f64 = profile.iter().sum();
    if sum > 0.0 {
        profile = profile.map(|share| share / sum);
    } else {
        profile[0] = 1.0;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_sum_to_one_above_bedrock() {
        for active in [1, 7, LAYERS] {
            for profile in [root_profile(0.966, active), surface_litter_profile(active)] {
                assert!((profile.iter().sum::<f64>() - 1.0).abs() < 1e-14);
                assert!(profile[active..].iter().all(|&share| share == 0.0));
            }
        }
    }

    #[test]
    fn boreal_roots_are_shallow_as_in_jackson() {
        // 1 - 0.943^20 of the roots lie above 20 cm.
        let shallow: f64 = root_profile(0.943, LAYERS)[..4].iter().sum();
        assert!((shallow - (1.0 - 0.943_f64.powi(20))).abs() < 1e-12);
    }

    #[test]
    fn degenerate_beta_keeps_roots_at_the_surface() {
        assert!(root_profile(0.0, LAYERS)[0] > 0.999);
        assert!((root_profile(1.0, LAYERS).iter().sum::<f64>() - 1.0).abs() < 1e-14);
    }
}
