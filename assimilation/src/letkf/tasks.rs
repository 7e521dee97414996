//! What a thread does with its columns: blocks of neighbours, and four local problems at a time.

use ndarray::ArrayViewMut3;

use super::Summary;
use super::block::{Block, Problem, Setting};
use super::lanes::{Lanes, Update};
use super::strided::Strided;
use super::whole::Whole;
use crate::localisation::index::{Cell, cell_order};
use crate::localisation::metric::Place;
use crate::localisation::observations::LANES;

/// Columns that share products of observations, at most.
const BLOCK: usize = 64;
/// Edge of the cell that a block's columns share, in units of the straight localisation radius.
const CELL: f64 = 0.8;
/// Times as many products for all pairs near a block as its columns use: beyond, the block is halved.
const WASTE: f64 = 3.0;
/// Where problems come from, and what they do to a state.
pub(super) type Parts<'a> = (Setting<'a>, Update<'a>);

/// What is done with up to four problems.
type Solve<'a> = dyn FnMut(&mut Lanes, &Block, &[Problem]) + 'a;

/// What a thread computes in; nothing is allocated once it has grown to the largest block.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    block: Block,
    lanes: Lanes,
    columns: Vec<(usize, Place)>,
    order: Vec<(Cell, u32)>,
    pub strided: Strided,
}

impl Workspace {
    /// Updates the columns of a task.
    pub fn chunk(
        &mut self,
        (setting, update): Parts<'_>,
        places: &[Place],
        state: &mut ArrayViewMut3<'_, f64>,
    ) -> Summary {
        self.blocks(setting, places, &mut |lanes, block, four| lanes.solve(&update, block, four, state))
    }

    /// Writes the transform of each slice of each of some places out, by place and slice.
    pub fn transforms(
        &mut self,
        (setting, update): Parts<'_>,
        places: &[Place],
        out: &mut [Option<Whole>],
    ) -> Summary {
        let slices = setting.slices.len();
        self.blocks(setting, places, &mut |lanes, block, four| {
            lanes.transforms(&update, block, four, |problem, whole| {
                out[problem.column * slices + problem.slice] = Some(whole.clone());
            });
        })
    }

    /// Goes through blocks of neighbours and lets `solve` have their problems, four of one space at a time.
    fn blocks(&mut self, setting: Setting<'_>, places: &[Place], solve: &mut Solve<'_>) -> Summary {
        let mut order = std::mem::take(&mut self.order);
        cell_order(places, CELL * setting.locality.reach(), &mut order);
        let mut summary = Summary::default();
        for cell in order.chunk_by(|a, b| a.0 == b.0) {
            for block in cell.chunks(BLOCK) {
                let mut columns = std::mem::take(&mut self.columns);
                columns.clear();
                columns.extend(block.iter().map(|(_, k)| (*k as usize, places[*k as usize])));
                summary = summary.with(self.columns(&setting, &columns, solve));
                self.columns = columns;
            }
        }
        self.order = order;
        summary
    }

    fn columns(
        &mut self,
        setting: &Setting<'_>,
        columns: &[(usize, Place)],
        solve: &mut Solve<'_>,
    ) -> Summary {
        self.block.gather(setting, columns);
        if columns.len() > 1 && self.block.waste() > WASTE {
            let (first, second) = columns.split_at(columns.len() / 2);
            let summary = self.columns(setting, first, solve);
            return summary.with(self.columns(setting, second, solve));
        }
        self.block.multiply(setting.observations);
        let mut summary = Summary::default();
        for alike in self.block.problems.chunk_by(|a, b| a.space == b.space) {
            for four in alike.chunks(LANES) {
                solve(&mut self.lanes, &self.block, four);
                for problem in four {
                    let (observations, most) = (problem.count, problem.count);
                    let one = Summary { transforms: 1, observations, most, ..Summary::default() };
                    summary = summary.with(one);
                }
            }
        }
        summary
    }
}
