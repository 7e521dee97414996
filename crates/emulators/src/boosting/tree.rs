//! A grown tree, and how a row goes through it.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::bins::Bins;
use super::grow::Branch;

/// A node, in the order of a walk that goes left first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Node {
    /// What it adds to a prediction.
    Leaf(f64),
    /// Rows with an input at or below the threshold go to the next node, others to `right`.
    Fork { input: u32, right: u32, threshold: f64, missing_left: bool },
}

/// A tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// A tree of branches, with its leaves' values from left to right.
    pub fn new(root: &Branch, bins: &Bins, values: &[f64]) -> Self {
        let mut tree = Self { nodes: Vec::with_capacity(2 * values.len()) };
        tree.push(root, bins, &mut values.iter().copied());
        tree
    }

    fn push(&mut self, branch: &Branch, bins: &Bins, values: &mut impl Iterator<Item = f64>) {
        match branch {
            Branch::Leaf { .. } => self.nodes.push(Node::Leaf(values.next().unwrap_or(0.0))),
            Branch::Fork { split, children } => {
                let (at, edges) = (self.nodes.len(), &bins.columns[split.input].edges);
                // After the last edge a cut parts present values from missing ones.
                let threshold = edges.get(usize::from(split.cut)).copied().unwrap_or(f64::MAX);
                let (input, missing_left) = (split.input as u32, split.missing_left);
                self.nodes.push(Node::Fork { input, right: 0, threshold, missing_left });
                self.push(&children[0], bins, values);
                let right = self.nodes.len() as u32;
                self.nodes[at] = Node::Fork { input, right, threshold, missing_left };
                self.push(&children[1], bins, values);
            }
        }
    }

    /// Value of the leaf that a row ends in.
    pub fn value(&self, x: ArrayView1<'_, f64>) -> f64 {
        let mut at = 0;
        loop {
            match self.nodes[at] {
                Node::Leaf(value) => return value,
                Node::Fork { input, right, threshold, missing_left } => {
                    let x = x[input as usize];
                    let left = if x.is_nan() { missing_left } else { x <= threshold };
                    at = if left { at + 1 } else { right as usize };
                }
            }
        }
    }

    /// Whether every path ends in a leaf and knows its inputs; said of trees that come from a file.
    pub fn is_sound(&self, inputs: usize) -> bool {
        let after = |at: usize, right: u32| right as usize > at + 1 && (right as usize) < self.nodes.len();
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(|(at, node)| match node {
                Node::Leaf(value) => value.is_finite(),
                Node::Fork { input, right, .. } => (*input as usize) < inputs && after(at, *right),
            })
    }
}
