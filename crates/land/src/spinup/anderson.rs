//! Anderson acceleration of a fixed-point map `g` of which only values are known.
//!
//! The next point is the image of the last one, less the combination of earlier changes that would have left the
//! smallest residual `g(x) - x` if the map were linear (Anderson 1965, doi:10.1145/321296.321305; Walker and Ni 2011,
//! doi:10.1137/10078356X; for spin-ups Khatiwala 2024, doi:10.1126/sciadv.adn2839). Far from linear that leads astray,
//! so coefficients are penalised, steps are bounded, and a point whose residual is much larger than the best one's is given
//! up: the map goes on from the best point and is followed for some time before points are mixed again.

use std::collections::VecDeque;

/// How points are mixed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Changes that are combined at most.
    pub window: usize,
    /// Penalty on the squared coefficients, relative to the squared changes they multiply.
    pub penalty: f64,
    /// Largest departure of a component from its image.
    pub largest_step: f64,
    /// Factor by which a residual may exceed the best one.
    pub growth: f64,
}

/// Where to evaluate the map next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// At this point.
    At(Vec<f64>),
    /// At the image of the best point: the last one was worse and is given up.
    BackToBest,
}

/// What the map made of a point.
#[derive(Clone, Debug)]
struct Evaluation {
    residual: Vec<f64>,
    image: Vec<f64>,
    norm: f64,
}

/// Mixes the points of one sequence.
#[derive(Clone, Debug)]
pub(super) struct Mixer {
    settings: Settings,
    /// The last ones, newest first, that the next point is mixed from.
    known: VecDeque<Evaluation>,
    /// Smallest residual since a point was given up.
    best: f64,
    /// Whether the point that comes next was mixed; else it is an image.
    mixed: bool,
    /// Images that are taken as they are before mixing goes on, and how many after the next failure.
    pause: usize,
    next_pause: usize,
}

impl Mixer {
    pub fn new(settings: Settings) -> Self {
        Self { settings, known: VecDeque::new(), best: f64::INFINITY, mixed: false, pause: 0, next_pause: 1 }
    }

    /// Takes in a point and its image.
    pub fn next(&mut self, at: &[f64], image: Vec<f64>) -> Next {
        let residual = difference(&image, at);
        let norm = length(&residual);
        if self.mixed && (norm.is_nan() || norm > self.settings.growth * self.best) {
            return self.give_up();
        }
        if self.mixed && norm < self.best {
            self.next_pause = (self.next_pause / 2).max(1);
        }
        self.best = self.best.min(norm);
        self.known.push_front(Evaluation { residual, image, norm });
        self.known.truncate(self.settings.window + 1);
        self.mixed = self.pause == 0 && self.known.len() > 1;
        self.pause = self.pause.saturating_sub(1);
        Next::At(if self.mixed { self.mix() } else { self.known[0].image.clone() })
    }

    /// Goes back, and follows the map itself for longer than after the last failure: mixing from the same points again
    /// would fail again.
    fn give_up(&mut self) -> Next {
        self.known.clear();
        self.best = f64::INFINITY;
        self.mixed = false;
        self.pause = self.next_pause;
        self.next_pause *= 2;
        Next::BackToBest
    }

    /// Whether the last point is the best so far.
    pub fn is_best(&self) -> bool {
        self.known.front().is_some_and(|last| last.norm <= self.best)
    }

    /// The next point from those known.
    fn mix(&self) -> Vec<f64> {
        let last = &self.known[0];
        let changes: Vec<Vec<f64>> =
            self.pairs().map(|(new, old)| difference(&new.residual, &old.residual)).collect();
        let coefficients = least_squares(&changes, &last.residual, self.settings.penalty);
        let mut point = last.image.clone();
        for ((new, old), coefficient) in self.pairs().zip(coefficients) {
            for (i, x) in point.iter_mut().enumerate() {
                *x -= coefficient * (new.image[i] - old.image[i]);
            }
        }
        let step = self.settings.largest_step;
        for (x, image) in point.iter_mut().zip(&last.image) {
            *x = if x.is_finite() { x.clamp(image - step, image + step) } else { *image };
        }
        point
    }

    /// Neighbours among the known, newest first.
    fn pairs(&self) -> impl Iterator<Item = (&Evaluation, &Evaluation)> {
        self.known.iter().zip(self.known.iter().skip(1))
    }
}

/// Coefficients `c` that make `|right - Σ c columns|² + penalty Σ (c |column|)²` smallest, by modified Gram-Schmidt on
/// normalised columns with the penalty as rows below them. A column that the others explain gets none.
fn least_squares(columns: &[Vec<f64>], right: &[f64], penalty: f64) -> Vec<f64> {
    let (m, n) = (columns.len(), right.len());
    let scales: Vec<f64> = columns.iter().map(|column| length(column)).collect();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(m);
    let mut upper = vec![vec![0.0; m]; m];
    let mut rest = [right, &vec![0.0; m]].concat();
    let mut projected = vec![0.0; m];
    for (j, column) in columns.iter().enumerate() {
        let mut q: Vec<f64> =
            column.iter().map(|v| if scales[j] > 0.0 { v / scales[j] } else { 0.0 }).collect();
        q.resize(n + m, 0.0);
        q[n + j] = penalty.sqrt();
        for (k, earlier) in basis.iter().enumerate() {
            upper[k][j] = dot(earlier, &q);
            subtract(&mut q, upper[k][j], earlier);
        }
        let left = length(&q);
        upper[j][j] = left;
        let scale = if left > f64::EPSILON { 1.0 / left } else { 0.0 };
        q = q.into_iter().map(|v| v * scale).collect();
        projected[j] = dot(&q, &rest);
        subtract(&mut rest, projected[j], &q);
        basis.push(q);
    }
    let mut solution = vec![0.0; m];
    for j in (0..m).rev() {
        let known: f64 = (j + 1..m).map(|k| upper[j][k] * solution[k]).sum();
        solution[j] = if upper[j][j] > f64::EPSILON { (projected[j] - known) / upper[j][j] } else { 0.0 };
    }
    solution.iter().zip(scales).map(|(c, scale)| if scale > 0.0 { c / scale } else { 0.0 }).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn length(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn subtract(from: &mut [f64], factor: f64, what: &[f64]) {
    from.iter_mut().zip(what).for_each(|(a, b)| *a -= factor * b);
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Settings = Settings { window: 8, penalty: 0.0, largest_step: f64::INFINITY, growth: 1e3 };

    /// Evaluations of `map` until its residual is below `tolerance`, and the point.
    fn solve<const N: usize>(
        map: impl Fn(&[f64]) -> [f64; N],
        mut at: Vec<f64>,
        settings: Settings,
        tolerance: f64,
    ) -> (usize, Vec<f64>) {
        let mut mixer = Mixer::new(settings);
        let mut best = at.clone();
        for evaluations in 1..200 {
            let image = map(&at).to_vec();
            if length(&difference(&image, &at)) < tolerance {
                return (evaluations, at);
            }
            let next = mixer.next(&at, image.clone());
            if mixer.is_best() {
                best = image;
            }
            at = match next {
                Next::At(point) => point,
                Next::BackToBest => best.clone(),
            };
        }
        panic!("no fixed point in 200 evaluations");
    }

    #[test]
    fn a_linear_map_of_n_pools_takes_n_plus_one_evaluations() {
        // Pools that lose between 0.02 and 90 % in a cycle and feed each other: equilibrium (4, 3, 2, 1).
        let keep =
            [[0.1, 0.0, 0.05, 0.0], [0.5, 0.6, 0.0, 0.0], [0.0, 0.3, 0.97, 0.0], [0.0, 0.0, 0.002, 0.9998]];
        let rest = [4.0, 3.0, 2.0, 1.0];
        let map = |x: &[f64]| -> [f64; 4] {
            std::array::from_fn(|i| rest[i] + (0..4).map(|j| keep[i][j] * (x[j] - rest[j])).sum::<f64>())
        };
        let (evaluations, at) = solve(map, vec![0.0; 4], FREE, 1e-8);
        // The last evaluation only finds that the point is the solution.
        assert!(evaluations <= 4 + 2, "{evaluations}");
        assert!(at.iter().zip(rest).all(|(a, b)| (a - b).abs() < 1e-4), "{at:?}");
    }

    #[test]
    fn a_nonlinear_map_converges_in_a_tenth_of_its_own_time() {
        // x = cos x, Dottie's number, beside a pool that fills slowly where it is empty: y = 1.
        let map = |x: &[f64]| [x[0].cos(), x[1] + 0.01 * (1.0 - x[1] * x[1])];
        let (evaluations, at) = solve(map, vec![0.0, 0.2], Settings { penalty: 1e-12, ..FREE }, 1e-12);
        assert!((at[0] - 0.7390851332151607).abs() < 1e-9 && (at[1] - 1.0).abs() < 1e-8, "{at:?}");
        assert!(evaluations <= 20, "{evaluations}");
        let mut plain = [0.0, 0.2];
        let alone = (0..).take_while(|_| {
            let next = map(&plain);
            let moved = length(&difference(&next, &plain)) >= 1e-12;
            plain = next;
            moved
        });
        assert!(alone.count() > 10 * evaluations);
    }

    #[test]
    fn steps_are_bounded_and_a_worse_point_is_given_up() {
        let bounded = Settings { largest_step: 0.5, growth: 1.0, ..FREE };
        let mut mixer = Mixer::new(bounded);
        assert_eq!(mixer.next(&[0.0], vec![1.0]), Next::At(vec![1.0]));
        // Residuals 1 and 0.9: the root of the secant is 10, nine beyond what is allowed.
        assert_eq!(mixer.next(&[1.0], vec![1.9]), Next::At(vec![2.4]));
        assert!(mixer.is_best());
        assert_eq!(mixer.next(&[2.4], vec![7.0]), Next::BackToBest);
        // The map is followed before mixing goes on: for one step here, for two after a second failure.
        assert_eq!(mixer.next(&[1.9], vec![2.7]), Next::At(vec![2.7]));
        assert_eq!(mixer.next(&[2.7], vec![3.4]), Next::At(vec![3.9]));
        assert_eq!(mixer.next(&[3.9], vec![9.0]), Next::BackToBest);
        assert_eq!(mixer.next(&[3.4], vec![4.0]), Next::At(vec![4.0]));
        assert_eq!(mixer.next(&[4.0], vec![4.5]), Next::At(vec![4.5]));
        assert_eq!(mixer.next(&[4.5], vec![4.9]), Next::At(vec![5.4]));
    }

    #[test]
    fn columns_that_say_the_same_do_no_harm() {
        let same = vec![vec![1.0, 2.0], vec![2.0, 4.0], vec![0.0, 0.0]];
        let coefficients = least_squares(&same, &[3.0, 6.0], 0.0);
        assert!((coefficients[0] + 2.0 * coefficients[1] - 3.0).abs() < 1e-12, "{coefficients:?}");
        assert!(coefficients[2].abs() < 1e-12);
    }
}
