//! The land model with members that fail on their way, for tests of what the cycles do about them.

use reterra_assimilation::state::Layout;
use reterra_land::column::{Column, ColumnState};
use reterra_workflow::cycle::land::LandModel;
use reterra_workflow::cycle::{Lane, Model, Ran, Report};
use reterra_workflow::ensemble::Added;

/// Column and member whose parameters can't be, from the start.
const IMPOSSIBLE: (usize, usize) = (1, 2);
/// Column, month and member that stop by an error.
const STOPPED: (usize, usize, usize) = (0, 5, 3);
/// Those of one that panics.
const PANICS: (usize, usize, usize) = (2, 8, 0);

/// How many of the three a report tells of, each in its place.
#[must_use]
pub fn told(report: &Report) -> usize {
    let moments = [(STOPPED.0, Some(STOPPED.1), STOPPED.2), (PANICS.0, Some(PANICS.1), PANICS.2)];
    let all = [(IMPOSSIBLE.0, None, IMPOSSIBLE.1)].into_iter().chain(moments);
    all.filter(|who| report.failures.iter().any(|f| (f.column, f.month, f.member) == *who)).count()
}

/// The model, but for three members.
pub struct Faulty<'a> {
    model: &'a LandModel,
}

impl<'a> Faulty<'a> {
    /// Of a model.
    #[must_use]
    pub fn new(model: &'a LandModel) -> Self {
        Self { model }
    }
}

impl Model for Faulty<'_> {
    type State = ColumnState;
    type Column = Column;

    fn columns(&self) -> usize {
        self.model.columns()
    }

    fn place(&self, column: usize) -> [f64; 2] {
        self.model.place(column)
    }

    fn layout(&self, column: usize) -> &Layout {
        self.model.layout(column)
    }

    fn variables(&self) -> usize {
        self.model.variables()
    }

    fn types(&self) -> usize {
        self.model.types()
    }

    fn type_of(&self, column: usize) -> usize {
        self.model.type_of(column)
    }

    fn draw(&self, member: usize, vector: usize) -> Vec<f64> {
        let mut drawn = self.model.draw(member, vector);
        if (vector, member) == IMPOSSIBLE {
            // Far beyond what the model accepts of any parameter.
            drawn.fill(60.0);
        }
        drawn
    }

    fn column(&self, column: usize, parameters: &[f64]) -> Result<Column, String> {
        self.model.column(column, parameters)
    }

    fn start(&self, column: usize, members: &[(usize, &Column)]) -> Vec<Result<ColumnState, String>> {
        self.model.start(column, members)
    }

    fn run(
        &self,
        (column, month): (usize, usize),
        lanes: &[Lane<'_, Column, ColumnState>],
    ) -> Vec<Ran<ColumnState>> {
        let is = |lane: &Lane<'_, Column, ColumnState>, who| (column, month, lane.member) == who;
        assert!(!lanes.iter().any(|lane| is(lane, PANICS)), "a panic that was asked for");
        let mut ran = self.model.run((column, month), lanes);
        for (lane, ran) in lanes.iter().zip(&mut ran).filter(|(lane, _)| is(lane, STOPPED)) {
            *ran = Err(format!("member {} stops, as it was asked to", lane.member));
        }
        ran
    }

    fn read(&self, column: &Column, state: &ColumnState) -> Vec<f64> {
        self.model.read(column, state)
    }

    fn write(&self, column: &Column, state: &mut ColumnState, rows: &[f64]) -> Added {
        self.model.write(column, state, rows)
    }
}
