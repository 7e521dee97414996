//! The vertical grid of a soil, and what instruments see of it.

use crate::AssimilationError;

/// Layers of a soil from the surface down.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// Depth of the interfaces, m: the surface, then the bottom of every layer.
    interfaces: Vec<f64>,
}

impl Layers {
    /// Layers of the given thickness, m, top to bottom.
    ///
    /// # Errors
    /// `Shape` without a layer, `NotPositive` for a thickness that is not above 0.
    pub fn new(thickness: &[f64]) -> Result<Self, AssimilationError> {
        if thickness.is_empty() {
            return Err(AssimilationError::Shape { what: "soil layers", expected: 1, got: 0 });
        }
        let mut interfaces = vec![0.0];
        for (index, &value) in thickness.iter().enumerate() {
            if !(value > 0.0 && value.is_finite()) {
                return Err(AssimilationError::NotPositive { what: "layer thickness", index, value });
            }
            interfaces.push(interfaces[index] + value);
        }
        Ok(Self { interfaces })
    }

    /// Number of layers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.interfaces.len() - 1
    }

    /// Depth of the bottom, m.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.interfaces[self.count()]
    }

    /// Upper and lower interface of a layer, m.
    pub(super) fn extent(&self, layer: usize) -> (f64, f64) {
        (self.interfaces[layer], self.interfaces[layer + 1])
    }

    /// Weights of a value at a depth, m: linear between the nodes in the middle of layers, those of the first and the last
    /// layer beyond them. None below the bottom.
    #[must_use]
    pub fn at(&self, depth: f64) -> Option<Vec<f64>> {
        if !(0.0..=self.bottom()).contains(&depth) {
            return None;
        }
        let node = |layer: usize| 0.5 * (self.interfaces[layer] + self.interfaces[layer + 1]);
        let mut weights = vec![0.0; self.count()];
        let below = (0..self.count()).find(|&layer| node(layer) >= depth);
        match below {
            None => weights[self.count() - 1] = 1.0,
            Some(0) => weights[0] = 1.0,
            Some(layer) => {
                let share = (depth - node(layer - 1)) / (node(layer) - node(layer - 1));
                weights[layer - 1] = 1.0 - share;
                weights[layer] = share;
            }
        }
        Some(weights)
    }

    /// Weights of a mean from one depth to another, m, by thickness; they sum to 1. None for a range that is empty or
    /// ends below the bottom.
    #[must_use]
    pub fn between(&self, top: f64, bottom: f64) -> Option<Vec<f64>> {
        let inside = top >= 0.0 && top < bottom && bottom <= self.bottom();
        inside.then(|| self.overlap(top, bottom).into_iter().map(|part| part / (bottom - top)).collect())
    }

    /// Share of every layer that lies above a depth, m.
    #[must_use]
    pub fn above(&self, depth: f64) -> Vec<f64> {
        let parts = self.overlap(0.0, depth).into_iter().enumerate();
        parts.map(|(layer, part)| part / (self.extent(layer).1 - self.extent(layer).0)).collect()
    }

    /// Thickness of every layer between two depths, m.
    fn overlap(&self, top: f64, bottom: f64) -> Vec<f64> {
        self.interfaces.windows(2).map(|pair| (pair[1].min(bottom) - pair[0].max(top)).max(0.0)).collect()
    }
}
