//! The learnt bias of attention by the places of two tokens in their window.

use std::sync::Arc;

use candle_core::Tensor;

use crate::error::NnError;
use crate::parameters::Scope;
use crate::windows::Windows;

/// Standard deviation of first biases, as Swin's.
const SD: f64 = 0.02;

/// What a bias depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasKind {
    /// How far apart two tokens are, in all three directions (Liu et al. 2021, doi:10.1109/ICCV48922.2021.00986).
    Distance,
    /// Their two planes, because planes of soil are not alike, and how far apart they are horizontally.
    Planes,
    /// As `Planes`, with a table for each row of windows, as Pangu-Weather's Earth-specific bias (Bi et al. 2023,
    /// doi:10.1038/s41586-023-06185-3). It can learn places by heart: judge it on regions left out.
    Place,
}

/// A table of biases, and where in it each pair of tokens looks.
#[derive(Clone, Debug)]
pub struct PositionBias {
    /// (kinds, entries, heads).
    table: Tensor,
    /// (tokens · tokens).
    index: Tensor,
    of_window: Option<Arc<[u32]>>,
    tokens: usize,
}

impl PositionBias {
    /// For the windows of a grid.
    ///
    /// # Errors
    /// As [`Scope::normal`].
    pub fn new(
        mut scope: Scope<'_>,
        windows: &Windows,
        kind: BiasKind,
        heads: usize,
    ) -> Result<Self, NnError> {
        let (index, entries) = index(windows, kind);
        let [rows, columns] = windows.counts();
        let (kinds, of_window) = match kind {
            BiasKind::Place => (rows, Some((0..rows * columns).map(|w| (w / columns) as u32).collect())),
            BiasKind::Distance | BiasKind::Planes => (1, None),
        };
        let table = scope.normal("bias", (kinds, entries, heads), SD)?;
        let index = Tensor::new(index, table.device())?;
        Ok(Self { table, index, of_window, tokens: windows.tokens() })
    }

    /// (kinds, heads, tokens, tokens).
    ///
    /// # Errors
    /// Those of candle.
    pub fn forward(&self) -> Result<Tensor, NnError> {
        let (kinds, _, heads) = self.table.dims3()?;
        let by_pair = self.table.index_select(&self.index, 1)?;
        Ok(by_pair.transpose(1, 2)?.contiguous()?.reshape((kinds, heads, self.tokens, self.tokens))?)
    }

    /// The kind of each window of a sample; none where there is one for all.
    #[must_use]
    pub fn of_window(&self) -> Option<Arc<[u32]>> {
        self.of_window.clone()
    }
}

/// The table's entry for each pair of tokens, and the number of entries.
fn index(windows: &Windows, kind: BiasKind) -> (Vec<u32>, usize) {
    let depth = windows.grid().depth;
    let [rows, columns] = [windows.tiling().rows, windows.tiling().columns];
    let place = |token: usize| [token / (rows * columns), token / columns % rows, token % columns];
    let entry = |pair: usize| {
        let [a, b] = [place(pair / windows.tokens()), place(pair % windows.tokens())];
        let planes = match kind {
            BiasKind::Distance => a[0] + depth - 1 - b[0],
            BiasKind::Planes | BiasKind::Place => a[0] * depth + b[0],
        };
        let [down, along] = [a[1] + rows - 1 - b[1], a[2] + columns - 1 - b[2]];
        ((planes * (2 * rows - 1) + down) * (2 * columns - 1) + along) as u32
    };
    let planes = match kind {
        BiasKind::Distance => 2 * depth - 1,
        BiasKind::Planes | BiasKind::Place => depth * depth,
    };
    let index = (0..windows.tokens() * windows.tokens()).map(entry).collect();
    (index, planes * (2 * rows - 1) * (2 * columns - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{Edge, Grid, Offset, Tiling};
    use candle_core::Device;
    use std::collections::BTreeMap;

    fn windows() -> Windows {
        let grid = Grid { depth: 3, rows: 4, columns: 6 };
        let tiling = Tiling { rows: 2, columns: 3, offset: Offset::Corner, edge: Edge::Closed };
        Windows::new(grid, tiling, &Device::Cpu).unwrap()
    }

    /// Pairs share an entry exactly where what the kind depends on is the same.
    #[test]
    fn pairs_share_a_bias_by_what_it_depends_on() {
        let place = |t: u32| [t / 6, t / 3 % 2, t % 3].map(i64::from);
        for kind in [BiasKind::Distance, BiasKind::Planes] {
            let (index, entries) = index(&windows(), kind);
            let mut keys = BTreeMap::new();
            for (pair, entry) in (0..).zip(&index) {
                let (a, b) = (place(pair / 18), place(pair % 18));
                let vertical = if kind == BiasKind::Distance { [a[0] - b[0], 0] } else { [a[0], b[0]] };
                let key = (vertical, a[1] - b[1], a[2] - b[2]);
                assert_eq!(*keys.entry(key).or_insert(*entry), *entry);
            }
            assert_eq!(keys.len(), entries);
            let mut distinct: Vec<u32> = keys.into_values().collect();
            distinct.sort_unstable();
            assert_eq!(distinct, (0..entries as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn places_have_a_table_by_row_of_windows() {
        let mut parameters = crate::Parameters::new(1, candle_core::DType::F32, &Device::Cpu);
        let bias = PositionBias::new(parameters.root(), &windows(), BiasKind::Place, 2).unwrap();
        assert_eq!(bias.forward().unwrap().dims(), [2, 2, 18, 18]);
        assert_eq!(bias.of_window().unwrap().to_vec(), [0, 0, 1, 1]);
    }
}
