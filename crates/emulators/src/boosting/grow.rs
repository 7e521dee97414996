//! Growing one tree: nodes split their rows, depth first, as long as that gains.

use super::bins::Bins;
use super::histogram::{Histogram, Item, Packing};
use super::options::Monotone;
use super::split::{Candidate, Rule, Split};

/// Rows of a node whose children are worth a second thread.
const WORTH_A_THREAD: usize = 8192;

/// What a tree grows on.
pub(super) struct Grower<'a> {
    pub bins: &'a Bins,
    pub rule: Rule,
    pub monotone: &'a [Monotone],
    /// Inputs that this tree may split.
    pub inputs: &'a [usize],
    pub depth: usize,
}

/// A part of a tree.
#[derive(Clone, Debug)]
pub(super) enum Branch {
    /// Its number of rows.
    Leaf { rows: usize },
    /// A split with what is left and right of it.
    Fork { split: Split, children: Box<[Branch; 2]> },
}

impl Branch {
    pub fn rows(&self) -> usize {
        match self {
            Self::Leaf { rows } => *rows,
            Self::Fork { children, .. } => children.iter().map(Self::rows).sum(),
        }
    }

    /// Numbers of rows of the leaves, from left to right.
    pub fn leaf_rows(&self) -> Vec<usize> {
        match self {
            Self::Leaf { rows } => vec![*rows],
            Self::Fork { children, .. } => children.iter().flat_map(Self::leaf_rows).collect(),
        }
    }
}

/// A node to split: its rows, room for as many, its packed sum and its depth.
struct Node<'a> {
    items: &'a mut [Item],
    room: &'a mut [Item],
    total: i64,
    depth: usize,
}

impl Grower<'_> {
    /// Grows a tree; `items` are left in the order of its leaves.
    pub fn grow(&self, items: &mut [Item]) -> Branch {
        let mut room = vec![Item::default(); items.len()];
        let total = self.packing().total(items);
        let node = Node { items, room: &mut room, total, depth: 0 };
        if !self.may_split(&node) {
            return Branch::Leaf { rows: node.items.len() };
        }
        let sums = Histogram::new(self.bins, node.items, self.packing());
        self.branch(node, sums)
    }

    fn branch(&self, node: Node<'_>, mut sums: Histogram) -> Branch {
        let Some(split) = self.best(&sums, node.total) else {
            return Branch::Leaf { rows: node.items.len() };
        };
        let middle = self.partition(&split, node.items, node.room);
        let (items, room) = (node.items.split_at_mut(middle), node.room.split_at_mut(middle));
        let depth = node.depth + 1;
        let left = Node { items: items.0, room: room.0, total: split.left, depth };
        let right = Node { items: items.1, room: room.1, total: node.total - split.left, depth };
        let children = if !self.may_split(&left) && !self.may_split(&right) {
            [Branch::Leaf { rows: left.items.len() }, Branch::Leaf { rows: right.items.len() }]
        } else if left.items.len() <= right.items.len() {
            let small = Histogram::new(self.bins, left.items, self.packing());
            sums.subtract(&small);
            self.both((left, small), (right, sums))
        } else {
            let small = Histogram::new(self.bins, right.items, self.packing());
            sums.subtract(&small);
            self.both((left, sums), (right, small))
        };
        Branch::Fork { split, children: Box::new(children) }
    }

    fn both(&self, left: (Node<'_>, Histogram), right: (Node<'_>, Histogram)) -> [Branch; 2] {
        let rows = left.0.items.len() + right.0.items.len();
        let each = |(node, sums): (Node<'_>, Histogram)| {
            if self.may_split(&node) {
                self.branch(node, sums)
            } else {
                Branch::Leaf { rows: node.items.len() }
            }
        };
        if rows >= WORTH_A_THREAD {
            let (left, right) = rayon::join(|| each(left), || each(right));
            [left, right]
        } else {
            [each(left), each(right)]
        }
    }

    fn may_split(&self, node: &Node<'_>) -> bool {
        node.depth < self.depth && node.items.len() as f64 >= 2.0 * self.rule.leaf_rows
    }

    /// The best split over inputs; of equals the first.
    fn best(&self, sums: &Histogram, total: i64) -> Option<Split> {
        let mut best: Option<Split> = None;
        for &input in self.inputs {
            let direction = self.monotone.get(input).copied().unwrap_or_default();
            let candidate = Candidate { input, column: &self.bins.columns[input], direction };
            if let Some(split) = self.rule.best(sums, total, &candidate)
                && best.is_none_or(|best| split.gain > best.gain)
            {
                best = Some(split);
            }
        }
        best
    }

    /// Moves the rows that go left to the front, order kept on both sides; how many they are.
    fn partition(&self, split: &Split, items: &mut [Item], room: &mut [Item]) -> usize {
        let (mut left, mut right) = (0, 0);
        for i in 0..items.len() {
            let item = items[i];
            let goes = usize::from(split.takes(self.bins.code(split.input, item.row)));
            // Written to both sides, kept on one: a branch would be guessed wrong half of the time.
            items[left] = item;
            room[right] = item;
            left += goes;
            right += 1 - goes;
        }
        items[left..].copy_from_slice(&room[..right]);
        left
    }

    fn packing(&self) -> Packing {
        self.rule.packing
    }
}
