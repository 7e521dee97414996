//! A small model of two pools, with members that fail where a test asks for it.

use std::sync::LazyLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use reterra_assimilation::state::{Block, Layout, Map};
use reterra_statistics::random::{Stage, StreamKey};
use serde::{Deserialize, Serialize};

use crate::cycle::{Lane, Model, Ran};
use crate::ensemble::Added;

pub(super) const COLUMNS: usize = 5;

/// Which members fail.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    None,
    Members,
    MostMembers,
}

pub(super) struct Pools {
    pub fault: Fault,
}

/// The same, but no member starts any more after so many have.
pub(super) struct Stopping {
    pub pools: Pools,
    pub starts_left: AtomicUsize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub pools: [f64; 2],
}

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| {
    let block = |name: &str| Block {
        name: name.to_owned(),
        unit: "gC m-2".to_owned(),
        layers: 1,
        tiles: 1,
        map: Map::Log { floor: 1e-6 },
    };
    Layout::new(vec![block("fast"), block("slow")]).unwrap()
});

impl Model for Pools {
    type State = State;
    type Column = [f64; 2];

    fn columns(&self) -> usize {
        COLUMNS
    }

    fn place(&self, column: usize) -> [f64; 2] {
        let away = if column + 1 == COLUMNS { 20.0 } else { 0.0 };
        [10.0 + column as f64 + away, 50.0]
    }

    fn layout(&self, _: usize) -> &Layout {
        &LAYOUT
    }

    fn variables(&self) -> usize {
        2
    }

    fn types(&self) -> usize {
        2
    }

    fn type_of(&self, column: usize) -> usize {
        column % 2
    }

    fn draw(&self, member: usize, vector: usize) -> Vec<f64> {
        let (member, column) = (member as u32, vector as u32);
        let mut stream = StreamKey { seed: 3, stage: Stage::Prior, cycle: 0, member, column }.stream();
        (0..2).map(|_| 0.3 * stream.normal()).collect()
    }

    fn column(&self, column: usize, u: &[f64]) -> Result<[f64; 2], String> {
        let drawn = u == self.draw(2, 0);
        if self.fault == Fault::Members && column == 0 && drawn {
            return Err("a parameter is out of range".to_owned());
        }
        Ok([u[0].exp(), 0.1 * u[1].exp()])
    }

    fn start(&self, column: usize, members: &[(usize, &[f64; 2])]) -> Vec<Result<State, String>> {
        let start = |(member, [growth, turnover]): &(usize, &[f64; 2])| {
            if self.fault == Fault::Members && (column, *member) == (1, 3) {
                return Err("no equilibrium".to_owned());
            }
            Ok(State { pools: [growth / 0.5, growth / turnover] })
        };
        members.iter().map(start).collect()
    }

    fn run(&self, (column, month): (usize, usize), lanes: &[Lane<'_, [f64; 2], State>]) -> Vec<Ran<State>> {
        let faulty = self.fault == Fault::Members;
        let run = |lane: &Lane<'_, [f64; 2], State>| {
            if faulty && (column, month) == (1, 4) && [1, 6].contains(&lane.member) {
                return Err("the balance does not close".to_owned());
            }
            if self.fault == Fault::MostMembers && (column, month) == (2, 3) && lane.member > 2 {
                return Err("all of them".to_owned());
            }
            assert!(!(faulty && (column, month, lane.member) == (2, 7, 0)), "asked for");
            let [growth, turnover] = *lane.column;
            let season = 1.0 + 0.5 * (month as f64 * std::f64::consts::TAU / 12.0).sin();
            let [fast, slow] = lane.state.pools;
            let flux = growth * season * slow / (slow + 5.0);
            let pools = [fast + flux - 0.5 * fast, slow + 0.5 * fast - turnover * slow];
            let lost = faulty && (column, month, lane.member) == (3, 9, 5);
            Ok((State { pools }, vec![if lost { f64::NAN } else { flux }, slow]))
        };
        lanes.iter().map(run).collect()
    }

    fn read(&self, _: &[f64; 2], state: &State) -> Vec<f64> {
        state.pools.to_vec()
    }

    fn write(&self, _: &[f64; 2], state: &mut State, rows: &[f64]) -> Added {
        let before: f64 = state.pools.iter().sum();
        state.pools.copy_from_slice(rows);
        Added { carbon: state.pools.iter().sum::<f64>() - before, ..Added::default() }
    }
}

impl Model for Stopping {
    type State = State;
    type Column = [f64; 2];

    fn columns(&self) -> usize {
        self.pools.columns()
    }

    fn place(&self, column: usize) -> [f64; 2] {
        self.pools.place(column)
    }

    fn layout(&self, column: usize) -> &Layout {
        self.pools.layout(column)
    }

    fn variables(&self) -> usize {
        self.pools.variables()
    }

    fn types(&self) -> usize {
        self.pools.types()
    }

    fn type_of(&self, column: usize) -> usize {
        self.pools.type_of(column)
    }

    fn draw(&self, member: usize, vector: usize) -> Vec<f64> {
        self.pools.draw(member, vector)
    }

    fn column(&self, column: usize, u: &[f64]) -> Result<[f64; 2], String> {
        self.pools.column(column, u)
    }

    fn start(&self, column: usize, members: &[(usize, &[f64; 2])]) -> Vec<Result<State, String>> {
        let left = self.starts_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(members.len()));
        match left {
            Ok(_) => self.pools.start(column, members),
            Err(_) => members.iter().map(|_| Err("stopped, as it was asked to".to_owned())).collect(),
        }
    }

    fn run(&self, place: (usize, usize), lanes: &[Lane<'_, [f64; 2], State>]) -> Vec<Ran<State>> {
        self.pools.run(place, lanes)
    }

    fn read(&self, column: &[f64; 2], state: &State) -> Vec<f64> {
        self.pools.read(column, state)
    }

    fn write(&self, column: &[f64; 2], state: &mut State, rows: &[f64]) -> Added {
        self.pools.write(column, state, rows)
    }
}
