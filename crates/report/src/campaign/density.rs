//! Densities of draws: of one parameter as a curve, of two as regions that hold given shares.

use crate::svg;

/// Cells of a side of the grid that regions are drawn on.
const CELLS: usize = 44;

/// A kernel estimate at `count` places over a range: normal kernel, Silverman's width (1986, eq. 3.31).
pub(super) fn curve(draws: &[f64], (low, high): (f64, f64), count: usize) -> Vec<(f64, f64)> {
    let width = bandwidth(draws);
    let weight = 1.0 / (draws.len().max(1) as f64 * width * (2.0 * std::f64::consts::PI).sqrt());
    let at = |x: f64| weight * draws.iter().map(|d| (-0.5 * ((x - d) / width).powi(2)).exp()).sum::<f64>();
    let place = |k: usize| low + (high - low) * k as f64 / (count.max(2) - 1) as f64;
    (0..count).map(|k| (place(k), at(place(k)))).collect()
}

fn bandwidth(draws: &[f64]) -> f64 {
    let n = draws.len().max(2) as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let sd = (draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| sorted.get((p * (n - 1.0)) as usize).copied().unwrap_or(mean);
    let spread = sd.min((at(0.75) - at(0.25)) / 1.34);
    let spread = if spread > 0.0 { spread } else { sd };
    (0.9 * spread * n.powf(-0.2)).max(f64::MIN_POSITIVE)
}

/// A density on a grid of cells, `[row][column]` from the lower left, over the unit square.
pub(super) struct Grid {
    density: Vec<Vec<f64>>,
}

impl Grid {
    /// Counts points of the unit square and smooths the counts by a binomial kernel, a few times.
    pub fn new(points: impl Iterator<Item = (f64, f64)>) -> Self {
        let mut density = vec![vec![0.0; CELLS]; CELLS];
        for (x, y) in points.filter(|(x, y)| (0.0..1.0).contains(x) && (0.0..1.0).contains(y)) {
            density[(y * CELLS as f64) as usize][(x * CELLS as f64) as usize] += 1.0;
        }
        for _ in 0..3 {
            density = transpose(&density.iter().map(|row| smooth(row)).collect::<Vec<_>>());
            density = transpose(&density.iter().map(|row| smooth(row)).collect::<Vec<_>>());
        }
        Self { density }
    }

    /// Path data of the border of the smallest region that holds a share, for a place on the unit square; pieces of it are
    /// single strokes.
    pub fn region(&self, share: f64, place: &dyn Fn(f64, f64) -> (f64, f64)) -> String {
        let level = self.level(share);
        let mut segments = Vec::new();
        for row in 0..CELLS - 1 {
            for column in 0..CELLS - 1 {
                segments.extend(self.crossings((row, column), level));
            }
        }
        let on_page = |(x, y): (f64, f64)| place(x, y);
        joined(segments)
            .iter()
            .map(|line| {
                let points: Vec<_> = line.iter().map(|p| Some(on_page(*p))).collect();
                svg::polyline(&points)
            })
            .collect()
    }

    /// The density above which the cells hold a share of all, between those of two cells.
    fn level(&self, share: f64) -> f64 {
        let mut cells: Vec<f64> = self.density.iter().flatten().copied().collect();
        cells.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = cells.iter().sum();
        let mut sum = 0.0;
        let beyond = |cell: &f64| {
            sum += cell;
            sum >= share * total
        };
        let last = cells.iter().position(beyond).unwrap_or(0);
        let at = |k: usize| cells.get(k).copied().unwrap_or(0.0);
        0.5 * (at(last) + at(last + 1))
    }

    /// Where the level crosses the sides of the square between four cells' centres (marching squares): none, one or two
    /// pieces of its border.
    fn crossings(&self, (row, column): (usize, usize), level: f64) -> Vec<[(f64, f64); 2]> {
        let corner = |r: usize, c: usize| (self.density[row + r][column + c], (column + c, row + r));
        // Round the square, so that neighbours share a side.
        let corners = [corner(0, 0), corner(0, 1), corner(1, 1), corner(1, 0)];
        let mut ends = Vec::new();
        for k in 0..4 {
            let ((a, from), (b, to)) = (corners[k], corners[(k + 1) % 4]);
            if (a > level) != (b > level) {
                let share = (level - a) / (b - a);
                let between = |p: usize, q: usize| p as f64 + share * (q as f64 - p as f64);
                let (x, y) = (between(from.0, to.0), between(from.1, to.1));
                ends.push(((x + 0.5) / CELLS as f64, (y + 0.5) / CELLS as f64));
            }
        }
        ends.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
    }
}

/// Joins pieces that share an end to lines.
fn joined(mut pieces: Vec<[(f64, f64); 2]>) -> Vec<Vec<(f64, f64)>> {
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() + (a.1 - b.1).abs() < 1e-9;
    let mut lines = Vec::new();
    while let Some([start, mut end]) = pieces.pop() {
        let mut line = vec![start, end];
        while let Some(next) = pieces.iter().position(|p| near(p[0], end) || near(p[1], end)) {
            let piece = pieces.swap_remove(next);
            end = if near(piece[0], end) { piece[1] } else { piece[0] };
            line.push(end);
        }
        lines.push(line);
    }
    lines
}

fn smooth(row: &[f64]) -> Vec<f64> {
    let at = |k: usize| row[k.min(row.len() - 1)];
    (0..row.len()).map(|k| 0.25 * at(k.saturating_sub(1)) + 0.5 * at(k) + 0.25 * at(k + 1)).collect()
}

fn transpose(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..rows.len()).map(|c| rows.iter().map(|row| row[c]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_unit_area() {
        let draws: Vec<f64> = (0..400).map(|k| (f64::from(k) * 0.618_034).fract().powi(2)).collect();
        let curve = curve(&draws, (-1.0, 2.0), 600);
        let area: f64 = curve.windows(2).map(|w| 0.5 * (w[0].1 + w[1].1) * (w[1].0 - w[0].0)).sum();
        assert!((area - 1.0).abs() < 1e-3, "{area}");
    }

    /// Points spread evenly over a square: the region of all but a few is one closed line near its border.
    #[test]
    fn a_region_is_closed_and_holds_its_share() {
        let points = (0..20_000).map(|k| {
            let (a, b) = ((f64::from(k) * 0.754_877_666).fract(), (f64::from(k) * 0.569_840_291).fract());
            (0.25 + 0.5 * a, 0.25 + 0.5 * b)
        });
        let grid = Grid::new(points);
        let segments = |share: f64| {
            let level = grid.level(share);
            grid.density.iter().flatten().filter(|d| **d >= level).sum::<f64>() / 20_000.0
        };
        assert!((segments(0.5) - 0.5).abs() < 0.02 && (segments(0.9) - 0.9).abs() < 0.02);
        let path = grid.region(0.9, &|x, y| (100.0 * x, 100.0 * y));
        assert_eq!(path.matches('M').count(), 1, "{path}");
        let numbers: Vec<f64> = path.split(['M', 'L', ' ']).filter_map(|n| n.parse().ok()).collect();
        assert!(numbers.iter().all(|x| (20.0..80.0).contains(x)));
        let (first, last) = (&numbers[..2], &numbers[numbers.len() - 2..]);
        assert!((first[0] - last[0]).abs() < 0.2 && (first[1] - last[1]).abs() < 0.2, "{first:?} {last:?}");
    }
}
