//! Adaptive buddy check: what is suspicious has to agree with its neighbours.
//!
//! After Dee, Rukhovets, Todling, da Silva and Larson 2001 (doi:10.1002/qj.49712757613). Innovations beyond a few
//! standard deviations are suspects. A suspect's innovation is predicted from those of the good observations around it,
//! by the covariances of the ensemble (tapered in space and time) and of the errors; these covariances are scaled by
//! what the neighbours show of them (the maximum-likelihood scale). So an error of the prior over a whole region, or
//! a day when everything varies, condemns no good observation. Suspects that pass are good neighbours to the others, and
//! the check repeats until nothing changes.
//!
//! With the scale from its neighbours the misfit is Student's variable, which sets the limit. The neighbours are what is
//! left of a Gaussian cut off where suspects begin; the scale and its degrees of freedom are corrected for that.

use ndarray::{Array1, Array2};
use reterra_statistics::tail::{normal_two_sided, student_two_sided};
use serde::{Deserialize, Serialize};

use super::Flag;
use super::sample::Sifting;
use crate::AssimilationError;
use crate::linear_algebra::{cholesky, solve_lower};
use crate::localisation::index::{Bounds, CellIndex};
use crate::localisation::{Metric, Place, gaspari_cohn, require_positive};

/// Neighbours of the same kind judge. A suspect with fewer neighbours than `least` stays: nothing contradicts it, and a
/// background check before this one has had its say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buddy {
    /// Innovations beyond this many of their standard deviations are suspects.
    pub suspect: f64,
    /// Largest share of good Gaussian observations that is refused, below 1; later rounds make it about two
    /// thirds of this where neighbours are independent, and less where they are correlated.
    pub false_alarm: f64,
    /// Neighbours are at most this far, in the unit of the metric; correlations end here.
    pub radius: f64,
    /// Neighbours are at most this far in time, between the middles, in the unit of the times; 0 for the same time.
    pub span: f64,
    /// Least number of neighbours that can judge.
    pub least: usize,
    /// Number of neighbours that judge; the nearest.
    pub most: usize,
}

impl Buddy {
    pub(super) fn validate(&self) -> Result<(), AssimilationError> {
        require_positive("suspect of the buddy check", self.suspect)?;
        require_positive("radius of the buddy check", self.radius)?;
        let share = self.false_alarm > 0.0 && self.false_alarm < 1.0;
        let refused = |option, value, range| Err(AssimilationError::Option { option, value, range });
        if !share {
            return refused("false_alarm of the buddy check", self.false_alarm, "(0, 1)");
        }
        if self.span.is_nan() || self.span < 0.0 {
            return refused("span of the buddy check", self.span, "[0, infinity]");
        }
        if self.least < 1 || self.least > self.most {
            return refused("least of the buddy check", self.least as f64, "[1, most]");
        }
        Ok(())
    }

    pub(super) fn apply(&self, metric: Metric, sifting: &mut Sifting<'_>) -> Result<(), AssimilationError> {
        let open = sifting.open();
        let suspicious =
            |j: &usize| sifting.innovation(*j).powi(2) > self.suspect.powi(2) * sifting.variance(*j);
        let (mut suspects, good): (Vec<usize>, Vec<usize>) = open.into_iter().partition(suspicious);
        let mut circle = Circle::new(self, metric, sifting, &good);
        let mut refused = Vec::new();
        while !suspects.is_empty() {
            let verdicts: Vec<Verdict> =
                suspects.iter().map(|&i| circle.judge(i)).collect::<Result<_, AssimilationError>>()?;
            let of = |wanted: Verdict| {
                let with = suspects.iter().zip(&verdicts).filter(move |(_, v)| **v == wanted);
                with.map(|(i, _)| *i).collect::<Vec<usize>>()
            };
            let passed = of(Verdict::Agrees);
            refused = of(Verdict::Contradicts);
            if passed.is_empty() {
                break;
            }
            circle.admit(&passed);
            suspects.retain(|i| !passed.contains(i));
        }
        for i in refused {
            sifting.outcome.flags[i] = Flag::Buddy;
        }
        Ok(())
    }

    /// Of a standard normal variable cut off where suspects begin: its variance, and the degrees of freedom that a sample
    /// of it has per number.
    fn remaining(&self) -> (f64, f64) {
        let density = (-0.5 * self.suspect * self.suspect).exp() / std::f64::consts::TAU.sqrt();
        let edge = 2.0 * self.suspect * density / (1.0 - normal_two_sided(self.suspect));
        let second = 1.0 - edge;
        let fourth = 3.0 * second - self.suspect * self.suspect * edge;
        (second, 2.0 / (fourth / (second * second) - 1.0))
    }

    /// Correlation that is left at a difference in time.
    fn in_time(&self, difference: f64) -> f64 {
        if difference <= 0.0 { 1.0 } else { gaspari_cohn(2.0 * difference / self.span) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Agrees,
    Contradicts,
    Alone,
}

/// Who may judge.
struct Circle<'c, 'a> {
    rule: &'c Buddy,
    metric: Metric,
    sifting: &'c Sifting<'a>,
    index: CellIndex,
    /// Whether an observation is known to be good.
    good: Vec<bool>,
}

impl<'c, 'a> Circle<'c, 'a> {
    fn new(rule: &'c Buddy, metric: Metric, sifting: &'c Sifting<'a>, good: &[usize]) -> Self {
        let index = CellIndex::new(sifting.sample.places, metric.straight(rule.radius));
        let mut circle =
            Self { rule, metric, sifting, index, good: vec![false; sifting.sample.values.len()] };
        circle.admit(good);
        circle
    }

    fn admit(&mut self, passed: &[usize]) {
        for &j in passed {
            self.good[j] = true;
        }
    }

    fn judge(&self, i: usize) -> Result<Verdict, AssimilationError> {
        let buddies = self.buddies(i);
        if buddies.len() < self.rule.least {
            return Ok(Verdict::Alone);
        }
        let t = self.misfit(i, &buddies)?;
        let dof = (buddies.len() as f64 * self.rule.remaining().1).floor() as u32;
        let p = student_two_sided(t, dof);
        Ok(if p < self.rule.false_alarm { Verdict::Contradicts } else { Verdict::Agrees })
    }

    /// The nearest good ones of the same kind, in a fixed order.
    fn buddies(&self, i: usize) -> Vec<usize> {
        let sample = &self.sifting.sample;
        let reach = self.metric.straight(self.rule.radius);
        let mut found: Vec<(f64, usize)> = Vec::new();
        self.index.near(&Bounds::EMPTY.with(&sample.places[i]), reach, |run| {
            for position in run {
                let j = self.index.order()[position] as usize;
                let distance = self.apart(i, j);
                let near = distance <= self.rule.radius && self.later(i, j) <= self.rule.span;
                if self.good[j] && j != i && sample.kinds[j] == sample.kinds[i] && near {
                    found.push((distance, j));
                }
            }
        });
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(self.rule.most);
        found.into_iter().map(|(_, j)| j).collect()
    }

    /// The suspect's innovation minus its prediction, in standard deviations of that difference as the buddies show it.
    fn misfit(&self, i: usize, buddies: &[usize]) -> Result<f64, AssimilationError> {
        let n = buddies.len();
        let covariance = Array2::from_shape_fn((n, n), |(a, b)| self.covariance(buddies[a], buddies[b]));
        let root = cholesky(covariance.view(), "covariance of innovations in the buddy check")?;
        let whitened = |mut x: Vec<f64>| {
            solve_lower(root.view(), &mut x);
            Array1::from(x)
        };
        let innovations = whitened(buddies.iter().map(|&j| self.sifting.innovation(j)).collect());
        let link = whitened(buddies.iter().map(|&j| self.covariance(i, j)).collect());
        let scale = innovations.dot(&innovations) / (n as f64 * self.rule.remaining().0);
        let variance = self.sifting.variance(i) - link.dot(&link);
        Ok((self.sifting.innovation(i) - link.dot(&innovations)) / (scale * variance).sqrt())
    }

    /// Covariance of two innovations.
    fn covariance(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return self.sifting.variance(i);
        }
        let in_space = gaspari_cohn(2.0 * self.apart(i, j) / self.rule.radius);
        in_space * self.rule.in_time(self.later(i, j)) * self.sifting.covariance(i, j)
    }

    fn apart(&self, i: usize, j: usize) -> f64 {
        let place = |k: usize| -> &Place { &self.sifting.sample.places[k] };
        self.metric.distance(place(i), place(j))
    }

    fn later(&self, i: usize, j: usize) -> f64 {
        let middle = |k: usize| {
            let [start, end] = self.sifting.sample.times[k];
            f64::midpoint(start, end)
        };
        (middle(i) - middle(j)).abs()
    }
}
