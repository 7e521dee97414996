//! The vertical grid of the soil: CLM5's `20SL_8.5m` (20 layers to 8.6 m).
//!
//! Source: Lawrence et al. 2019, doi:10.1029/2018MS001583; thickness as in CLM5's `initVerticalMod`.

/// Number of soil layers.
pub const LAYERS: usize = 20;

/// Thickness of each layer, m, top to bottom.
pub const THICKNESS: [f64; LAYERS] = [
    0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.20, 0.24, 0.28, 0.32, 0.36, 0.40, 0.44, 0.54, 0.64, 0.74, 0.84,
    0.94, 1.04, 1.14,
];

/// Depth of the lower interface of each layer, m.
pub const INTERFACE: [f64; LAYERS] = interfaces();

/// Depth of the node (the middle) of each layer, m.
pub const NODE: [f64; LAYERS] = nodes();

const fn interfaces() -> [f64; LAYERS] {
    let mut depth = [0.0; LAYERS];
    let mut sum = 0.0;
    let mut j = 0;
    while j < LAYERS {
        sum += THICKNESS[j];
        depth[j] = sum;
        j += 1;
    }
    depth
}

const fn nodes() -> [f64; LAYERS] {
    let lower = interfaces();
    let mut depth = [0.0; LAYERS];
    let mut j = 0;
    while j < LAYERS {
        depth[j] = lower[j] - 0.5 * THICKNESS[j];
        j += 1;
    }
    depth
}

/// Number of layers whose upper interface lies above `bedrock` (m), at least one.
#[must_use]
pub fn layers_above(bedrock: f64) -> usize {
    let full = (1..LAYERS).filter(|&j| INTERFACE[j - 1] < bedrock).count();
    1 + full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_reaches_8_6_m() {
        assert!((INTERFACE[LAYERS - 1] - 8.6).abs() < 1e-12);
        assert!((NODE[0] - 0.01).abs() < 1e-15);
        assert!((NODE[19] - 8.03).abs() < 1e-12);
    }

    #[test]
    fn bedrock_keeps_the_layer_it_cuts() {
        assert_eq!(layers_above(0.0), 1);
        assert_eq!(layers_above(0.05), 2);
        assert_eq!(layers_above(0.2), 4);
        assert_eq!(layers_above(100.0), LAYERS);
    }
}
