//! Anderson acceleration of a fixed-point map `g` of which only values are known.
//!
//! The next point is the image of the last one, less the combination of earlier changes that would have left the
//! smallest residual `g(x) - x` if the map were linear (Anderson 1965, doi:10.1145/321296.321305; Walker and Ni 2011,
//! doi:10.1137/10078356X; for spin-ups Khatiwala 2024, doi:10.1126/sciadv.adn2839). Far from linear that leads astray,
//! so coefficients are penalised, steps are bounded, and a point that is much worse than the best one is given up: the map
//! goes on from the best point and is followed for some time before points are mixed again. What a mixed point upsets
//! that is fast may be let settle before it is judged, by following the map for a step in between (Pratapa et al. 2016,
//! doi:10.1016/j.jcp.2015.11.018).

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
    /// Images that are followed after a mixed point before it is judged and the next one is mixed.
    pub relaxed: usize,
}

/// Most images that are followed after a failure.
const LONGEST_PAUSE: usize = 8;

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
}

/// Mixes the points of one sequence.
#[derive(Clone, Debug)]
pub(super) struct Mixer {
    settings: Settings,
    /// The last ones, newest first, that the next point is mixed from.
    known: VecDeque<Evaluation>,
    /// Smallest residual since a point was given up, and the least that moved.
    best: Progress,
    /// Whether the last mixed point has still to be judged.
    on_trial: bool,
    /// Images that are followed before the next point is mixed, and how many after the next failure.
    follow: usize,
    pause: usize,
    is_best: bool,
}

/// How far a point is from its image; smaller is better.
#[derive(Clone, Copy, Debug)]
struct Progress {
    residual: f64,
    moved: f64,
}

impl Progress {
    const NONE: Self = Self { residual: f64::INFINITY, moved: f64::INFINITY };

    /// Whether either is more than `growth` times the other's, or is not a number.
    fn is_worse(&self, other: &Self, growth: f64) -> bool {
        let worse = |a: f64, b: f64| a.is_nan() || a > growth * b;
        worse(self.residual, other.residual) || worse(self.moved, other.moved)
    }
}

impl Mixer {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            known: VecDeque::new(),
            best: Progress::NONE,
            on_trial: false,
            follow: 0,
            pause: 1,
            is_best: false,
        }
    }

    /// Takes in a point, its image, and how much `moved` from one to the other in units that the coordinates hide.
    pub fn next(&mut self, at: &[f64], image: Vec<f64>, moved: f64) -> Next {
        let residual = difference(&image, at);
        let progress = Progress { residual: length(&residual), moved };
        if self.on_trial && self.follow == 0 {
            if progress.is_worse(&self.best, self.settings.growth) {
                return self.give_up();
            }
            self.on_trial = false;
            self.pause = (self.pause / 2).max(1);
        }
        self.is_best = !self.on_trial && progress.residual <= self.best.residual;
        if !self.on_trial {
            self.best.residual = self.best.residual.min(progress.residual);
            self.best.moved = self.best.moved.min(progress.moved);
        }
        self.known.push_front(Evaluation { residual, image });
        self.known.truncate(self.settings.window + 1);
        Next::At(self.mix_or_follow())
    }

    /// The last image, or a point mixed from the known ones.
    fn mix_or_follow(&mut self) -> Vec<f64> {
        if self.follow > 0 || self.known.len() < 2 {
            self.follow = self.follow.saturating_sub(1);
            return self.known[0].image.clone();
        }
        self.on_trial = true;
        self.follow = self.settings.relaxed;
        self.mix()
    }

    /// Goes back, and follows the map itself for longer than after the last failure: mixing from the same points again
    /// would fail again.
    fn give_up(&mut self) -> Next {
        self.known.clear();
        self.best = Progress::NONE;
        self.is_best = false;
        self.on_trial = false;
        self.follow = self.pause;
        self.pause = (2 * self.pause).min(LONGEST_PAUSE);
        Next::BackToBest
    }

    /// Whether the last point is the best since one was given up.
    pub fn is_best(&self) -> bool {
        self.is_best
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

    const FREE: Settings =
        Settings { window: 8, penalty: 0.0, largest_step: f64::INFINITY, growth: 1e3, relaxed: 0 };

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
            let next = mixer.next(&at, image.clone(), 0.0);
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
        assert_eq!(mixer.next(&[0.0], vec![1.0], 0.0), Next::At(vec![1.0]));
        // Residuals 1 and 0.9: the root of the secant is 10, nine beyond what is allowed.
        assert_eq!(mixer.next(&[1.0], vec![1.9], 0.0), Next::At(vec![2.4]));
        assert!(mixer.is_best());
        assert_eq!(mixer.next(&[2.4], vec![7.0], 0.0), Next::BackToBest);
        // The map is followed before mixing goes on: for one step here, for two after a second failure.
        assert_eq!(mixer.next(&[1.9], vec![2.7], 0.0), Next::At(vec![2.7]));
        assert_eq!(mixer.next(&[2.7], vec![3.4], 0.0), Next::At(vec![3.9]));
        assert_eq!(mixer.next(&[3.9], vec![9.0], 0.0), Next::BackToBest);
        assert_eq!(mixer.next(&[3.4], vec![4.0], 0.0), Next::At(vec![4.0]));
        assert_eq!(mixer.next(&[4.0], vec![4.5], 0.0), Next::At(vec![4.5]));
        assert_eq!(mixer.next(&[4.5], vec![4.9], 0.0), Next::At(vec![5.4]));
    }

    #[test]
    fn a_mixed_point_settles_before_it_is_judged_and_what_moves_counts_too() {
        let mut mixer = Mixer::new(Settings { relaxed: 1, growth: 2.0, ..FREE });
        assert_eq!(mixer.next(&[0.0], vec![1.0], 9.0), Next::At(vec![1.0]));
        assert!(
            matches!(mixer.next(&[1.0], vec![1.9], 8.0), Next::At(root) if (root[0] - 10.0).abs() < 1e-9)
        );
        // Upset at first, at rest a step later: kept.
        assert_eq!(mixer.next(&[10.0], vec![20.0], 99.0), Next::At(vec![20.0]));
        assert!(!mixer.is_best());
        let Next::At(next) = mixer.next(&[20.0], vec![20.1], 0.5) else { panic!("given up") };
        assert!(mixer.is_best());
        // The residual is small, but more moves than before.
        assert_eq!(mixer.next(&next, vec![20.2], 0.5), Next::At(vec![20.2]));
        assert_eq!(mixer.next(&[20.2], vec![20.21], 50.0), Next::BackToBest);
    }

    #[test]
    fn columns_that_say_the_same_do_no_harm() {
        let same = vec![vec![1.0, 2.0], vec![2.0, 4.0], vec![0.0, 0.0]];
        let coefficients = least_squares(&same, &[3.0, 6.0], 0.0);
        assert!((coefficients[0] + 2.0 * coefficients[1] - 3.0).abs() < 1e-12, "{coefficients:?}");
        assert!(coefficients[2].abs() < 1e-12);
    }
}
