//! One fit, tree by tree.

use ndarray::ArrayView2;
use reterra_statistics::{Stage, StreamKey};

use super::bins::Bins;
use super::grow::{Branch, Grower};
use super::histogram::{Item, Packing};
use super::leaves::Leaves;
use super::options::BoostingOptions;
use super::split::Rule;
use super::tree::Tree;
use super::{Boosting, Importance};

/// A fit that goes on.
pub(super) struct Training<'a> {
    options: &'a BoostingOptions,
    x: ArrayView2<'a, f64>,
    bins: Bins,
    /// Inputs that vary, ascending.
    varying: Vec<usize>,
    /// `y - prediction` by row.
    residuals: Vec<f64>,
    /// What is fitted so far.
    pub model: Boosting,
}

impl<'a> Training<'a> {
    /// A fit without trees, of data that were checked.
    pub fn new(x: ArrayView2<'a, f64>, y: &[f64], options: &'a BoostingOptions) -> Self {
        let bins = Bins::new(x, options.bins);
        let varying = bins.columns.iter().enumerate().filter(|(_, c)| !c.edges.is_empty() || c.missing);
        let varying = varying.map(|(j, _)| j).collect();
        let base = options.loss.constant(&mut y.to_vec());
        let residuals = y.iter().map(|y| y - base).collect();
        let importance = vec![Importance::default(); x.ncols()];
        let model =
            Boosting { inputs: x.ncols(), base, trees: Vec::with_capacity(options.trees), importance };
        Self { options, x, bins, varying, residuals, model }
    }

    /// Adds a tree.
    pub fn step(&mut self) {
        let round = self.model.trees.len() as u32;
        let inputs = self.drawn(&self.varying, self.options.input_share, (round, 1));
        let (mut items, packing) = self.items(round);
        let grower = Grower {
            bins: &self.bins,
            rule: Rule { l2: self.options.l2, leaf_rows: self.options.leaf_rows as f64, packing },
            monotone: &self.options.monotone,
            inputs: &inputs,
            depth: self.options.depth,
        };
        let root = grower.grow(&mut items);
        let leaves = Leaves {
            loss: self.options.loss,
            l2: self.options.l2,
            monotone: &self.options.monotone,
            residuals: &self.residuals,
        };
        let mut values = leaves.values(&root, &items);
        for value in &mut values {
            *value *= self.options.learning_rate;
        }
        self.remember(&root, packing.unit * packing.unit);
        let tree = Tree::new(&root, &self.bins, &values);
        self.follow(&tree, (&root, &items, &values));
        self.model.trees.push(tree);
    }

    /// Rows of the next tree with their gradients.
    fn items(&self, round: u32) -> (Vec<Item>, Packing) {
        let gradients = self.residuals.iter().map(|&residual| self.options.loss.gradient(residual));
        let largest = gradients.clone().fold(0.0, |most: f64, gradient| most.max(gradient.abs()));
        let packing = Packing::new(self.residuals.len(), largest);
        let all = (0..).zip(gradients).map(|(row, gradient)| Item { row, gradient: packing.round(gradient) });
        let all: Vec<Item> = all.collect();
        (self.drawn(&all, self.options.row_share, (round, 0)), packing)
    }

    /// A share of things, in their order.
    fn drawn<T: Copy>(&self, all: &[T], share: f64, (round, what): (u32, u32)) -> Vec<T> {
        let count = ((share * all.len() as f64).round() as usize).clamp(1.min(all.len()), all.len());
        if count == all.len() {
            return all.to_vec();
        }
        let seed = self.options.seed;
        let key = StreamKey { seed, stage: Stage::Resample, cycle: round, member: what, column: 0 };
        let mut order: Vec<usize> = (0..all.len()).collect();
        key.stream().shuffle(&mut order);
        order.truncate(count);
        order.sort_unstable();
        order.into_iter().map(|i| all[i]).collect()
    }

    /// Takes a tree's values off the residuals.
    fn follow(&mut self, tree: &Tree, (root, items, values): (&Branch, &[Item], &[f64])) {
        if items.len() < self.residuals.len() {
            for (residual, x) in self.residuals.iter_mut().zip(self.x.rows()) {
                *residual -= tree.value(x);
            }
            return;
        }
        let mut begin = 0;
        for (rows, value) in root.leaf_rows().into_iter().zip(values) {
            for item in &items[begin..begin + rows] {
                self.residuals[item.row as usize] -= value;
            }
            begin += rows;
        }
    }

    fn remember(&mut self, branch: &Branch, unit: f64) {
        if let Branch::Fork { split, children } = branch {
            let importance = &mut self.model.importance[split.input];
            importance.splits += 1;
            importance.gain += split.gain * unit;
            children.iter().for_each(|child| self.remember(child, unit));
        }
    }
}
