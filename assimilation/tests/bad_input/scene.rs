//! A line of columns, some of them observed, and every way to spoil that.

use ndarray::{Array2, Axis};

const MEMBERS: usize = 6;
pub const COLUMNS: usize = 12;
/// Localisation radius, in columns.
pub const RADIUS: f64 = 3.0;

/// An ensemble (N × n) with predictions (N × m) of observations along the line.
#[derive(Clone, Debug)]
pub struct Scene {
    pub state: Array2<f64>,
    pub he: Array2<f64>,
    /// Where each observation stands, and the column that predicts it.
    pub places: Vec<f64>,
    pub columns: Vec<usize>,
    pub y: Vec<f64>,
    pub r: Vec<f64>,
}

impl Scene {
    /// Five observations of every other column.
    pub fn new() -> Self {
        Self::of(&[1, 3, 5, 7, 9])
    }

    fn of(columns: &[usize]) -> Self {
        let number = |k: usize| ((k as f64 * 12.9898).sin() * 43758.5453).fract();
        let state = Array2::from_shape_fn((MEMBERS, COLUMNS), |(i, j)| 2.0 * number(101 * i + j + 1));
        Self {
            he: state.select(Axis(1), columns),
            state,
            places: columns.iter().map(|c| *c as f64).collect(),
            columns: columns.to_vec(),
            y: columns.iter().map(|c| number(c + 7000)).collect(),
            r: columns.iter().map(|c| 0.3 + number(c + 9000).abs()).collect(),
        }
    }

    pub fn without_observations() -> Self {
        Self::of(&[])
    }

    pub fn of_one_member(mut self) -> Self {
        self.state = self.state.select(Axis(0), &[0]);
        self.he = self.he.select(Axis(0), &[0]);
        self
    }

    /// All members predict what the first one does.
    pub fn predicted_alike(mut self) -> Self {
        self.he = self.he.select(Axis(0), &[0; MEMBERS]);
        self
    }

    /// All members are the first one.
    pub fn all_alike(mut self) -> Self {
        self.state = self.state.select(Axis(0), &[0; MEMBERS]);
        self.predicted_alike()
    }

    /// Another observation, predicted by `column` and placed at `place`.
    pub fn with(mut self, place: f64, column: usize, (y, r): (f64, f64)) -> Self {
        let prediction = self.state.column(column).insert_axis(Axis(1)).to_owned();
        self.he = ndarray::concatenate(Axis(1), &[self.he.view(), prediction.view()]).unwrap();
        self.places.push(place);
        self.columns.push(column);
        self.y.push(y);
        self.r.push(r);
        self
    }

    /// Observation 2 twice, each time with twice its error variance.
    pub fn with_duplicate(mut self) -> Self {
        self.r[2] *= 2.0;
        let (place, column, y, r) = (self.places[2], self.columns[2], self.y[2], self.r[2]);
        self.with(place, column, (y, r))
    }

    /// An observation far from every column.
    pub fn with_one_outside(self) -> Self {
        self.with(500.0, 4, (30.0, 0.1))
    }
}
