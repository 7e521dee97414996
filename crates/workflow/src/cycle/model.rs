//! A model whose members are cycled.

use reterra_assimilation::state::Layout;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::member::Lane;
use crate::ensemble::Added;

/// A model of many columns that don't exchange anything but observations.
///
/// A member of a column is its parameters, as unconstrained numbers, and its state. What a model computes for a member
/// may depend on its column, its number, its parameters and its state, and on nothing else: not on who shares its batch.
pub trait Model: Sync {
    /// What a member carries from month to month in one column. Checkpoints hold it, so its numbers must be finite.
    type State: Clone + Send + Sync + Serialize + DeserializeOwned;
    /// A column as a member's parameters make it.
    type Column: Clone + Send + Sync;

    /// How many columns there are.
    fn columns(&self) -> usize;

    /// Longitude and latitude of a column, degrees.
    fn place(&self, column: usize) -> [f64; 2];

    /// What an analysis sees of the state of a column.
    fn layout(&self, column: usize) -> &Layout;

    /// Values that observations may be of; see [`Model::run`].
    fn variables(&self) -> usize;

    /// How many vegetation types there are: vectors of parameters where columns share them.
    fn types(&self) -> usize;

    /// The vegetation type of a column.
    fn type_of(&self, column: usize) -> usize;

    /// A draw from the prior of the parameters, unconstrained; `vector` is a column, or a vegetation type where columns
    /// share parameters. As many numbers for every vector.
    fn draw(&self, member: usize, vector: usize) -> Vec<f64>;

    /// A column with these parameters.
    ///
    /// # Errors
    /// Why there can't be such a column, such as a parameter out of range.
    fn column(&self, column: usize, parameters: &[f64]) -> Result<Self::Column, String>;

    /// The states from which members of a column start.
    fn start(&self, column: usize, members: &[(usize, &Self::Column)]) -> Vec<Result<Self::State, String>>;

    /// Runs members of a column through a month. Each gives its state at the end and the month's mean of every variable,
    /// or why it has none. `place` is the column and the month of the run.
    fn run(
        &self,
        place: (usize, usize),
        members: &[Lane<'_, Self::Column, Self::State>],
    ) -> Vec<Ran<Self::State>>;

    /// The rows of a member's state, physical, as the column's layout has them.
    fn read(&self, column: &Self::Column, state: &Self::State) -> Vec<f64>;

    /// Moves a state to these rows, within its bounds; what that adds.
    fn write(&self, column: &Self::Column, state: &mut Self::State, rows: &[f64]) -> Added;
}

/// What came of a member's month.
pub type Ran<S> = Result<(S, Vec<f64>), String>;
