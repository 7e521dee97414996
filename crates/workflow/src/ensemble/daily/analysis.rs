//! One analysis: what probes read in a window, and what it moves.

use std::ops::Range;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};
use reterra_assimilation::analysis::{Domain, Filter, Localisation, Observed};
use reterra_assimilation::filters::Etkf;
use reterra_assimilation::localisation::adaptive::damping;
use reterra_assimilation::localisation::{Metric, Taper};
use reterra_assimilation::quality::{Background, Check, Control, Sample};
use reterra_assimilation::state::Layout;
use reterra_land::soil::grid::NODE;

use super::course::readings;
use super::members::{Ensemble, key, parameters_of, relations};
use crate::engine::StageError;
use crate::ensemble::land;

/// What probes read in a window, and what members predict.
struct Seen {
    /// Numbers of the probes.
    probes: Vec<usize>,
    /// Predictions, members × probes.
    he: Array2<f64>,
    y: Vec<f64>,
    r: Vec<f64>,
}

impl Ensemble<'_> {
    /// Updates the ensemble at the end of a window by what probes read in it.
    pub(super) fn analyse(&mut self, window: &Range<usize>, shown: &Array3<f64>) -> Result<(), StageError> {
        let mut seen = self.seen(window, shown)?;
        let all: Vec<usize> = (0..self.members.len()).collect();
        let factor = self.inflation.factor(seen.he.view(), &seen.y, &seen.r, &all)?;
        if seen.y.is_empty() {
            return Ok(());
        }
        self.course.account.inflation.push(factor * factor);
        let layout = land::layout(&self.members[0].column)?;
        let mut e = self.rows(&layout);
        let prior = e.clone();
        let mapped = layout.forward(e.slice_mut(s![.., ..layout.rows()]))?;
        let key = key(self.setup, window.end, 0);
        let shared = self.shared(&layout, &e, &seen.he);
        let observed = Observed { he: seen.he.view(), y: &seen.y, r: &seen.r, key };
        Etkf.analyse(e.view_mut(), &observed, Localisation::Domains(&shared))?;
        let layers = self.layers(&layout, &seen.probes);
        let rows: Vec<usize> = layers.iter().flat_map(|domain| domain.columns.iter().copied()).collect();
        seen.he.columns_mut().into_iter().for_each(|column| spread(column, |_| factor));
        for &row in &rows {
            spread(e.column_mut(row), |_| factor);
        }
        let observed = Observed { he: seen.he.view(), y: &seen.y, r: &seen.r, key };
        Etkf.analyse(e.view_mut(), &observed, Localisation::Domains(&layers))?;
        self.forget(e.slice_mut(s![.., layout.rows()..]), window.end);
        layout.back(&mapped, e.slice_mut(s![.., ..layout.rows()]))?;
        // What no probe reaches keeps its bits.
        for row in (0..layout.rows()).filter(|row| !rows.contains(row)) {
            e.column_mut(row).assign(&prior.column(row));
        }
        self.put_back(&e, layout.rows());
        Ok(())
    }

    /// The readings of a window that the background check accepts.
    fn seen(&mut self, window: &Range<usize>, shown: &Array3<f64>) -> Result<Seen, StageError> {
        let (mut probes, mut columns, mut y, mut r) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (k, sensor) in self.setup.sensors.iter().enumerate() {
            let days = sensor.days(window);
            let ice = days.iter().map(|day| self.course.ice[k][window.start + day]).sum::<f64>();
            if days.is_empty() || ice > self.setup.options.frost * days.len() as f64 {
                self.course.account.readings[2] += usize::from(!days.is_empty());
                continue;
            }
            let predicted = readings(shown, &self.gains, k).select(Axis(1), &days);
            columns.push(predicted.mean_axis(Axis(1)).unwrap_or_default());
            probes.push(k);
            y.push(sensor.mean(window, &days));
            r.push(sensor.error * sensor.error);
        }
        let he = Array2::from_shape_fn((self.members.len(), y.len()), |(m, k)| columns[k][m]);
        let good = self.accepted(he.view(), (&y, &r))?;
        self.course.account.readings[0] += good.len();
        self.course.account.readings[1] += y.len() - good.len();
        let pick = |values: &[f64]| good.iter().map(|&k| values[k]).collect();
        Ok(Seen {
            probes: good.iter().map(|&k| probes[k]).collect(),
            he: he.select(Axis(1), &good),
            y: pick(&y),
            r: pick(&r),
        })
    }

    /// Numbers of the readings that the prior doesn't contradict. All probes hang in one column.
    fn accepted(&self, he: ArrayView2<'_, f64>, (y, r): (&[f64], &[f64])) -> Result<Vec<usize>, StageError> {
        let check = Background { limit: self.setup.options.background_check };
        let outcome = Control::new(Metric::Plane, vec![Check::Background(check)])?.run(&Sample {
            kinds: &vec![0; y.len()],
            places: &vec![Metric::Plane.place(0.0, 0.0); y.len()],
            times: &vec![[0.0, 1.0]; y.len()],
            values: y,
            variances: r,
            he,
            members: &(0..he.nrows()).collect::<Vec<_>>(),
        })?;
        Ok(outcome.used())
    }

    /// Members × (the land state's rows, updated parameters, gains).
    fn rows(&self, layout: &Layout) -> Array2<f64> {
        let (states, updated) = (layout.rows(), self.setup.updated.len());
        let mut e = Array2::zeros((self.members.len(), states + updated + self.gains.ncols()));
        for (m, member) in self.members.iter().enumerate() {
            let state = Array1::from(land::read(&member.state, &member.column));
            e.slice_mut(s![m, ..states]).assign(&state);
            e.slice_mut(s![m, states..states + updated]).assign(&self.parameters.slice(s![m, ..updated]));
            e.slice_mut(s![m, states + updated..]).assign(&self.gains.row(m));
        }
        e
    }

    /// Layers of soil water with the probes that reach them, by depth.
    fn layers(&self, layout: &Layout, probes: &[usize]) -> Vec<Domain> {
        let (sensors, reach) = (&self.setup.sensors, self.setup.options.reach);
        let layer = |(layer, row): (usize, usize)| {
            let away = |probe: usize| (NODE[layer] - sensors[probe].depth).abs();
            let weight = |probe: usize| Taper::GaspariCohn.weight(away(probe) / reach);
            let near = probes.iter().enumerate().map(|(j, &probe)| (j, weight(probe)));
            Domain { columns: vec![row], observations: near.filter(|(_, w)| *w > 0.0).collect() }
        };
        let water = layout.block(land::SOIL_WATER).map_or(0..0, |(_, rows)| rows);
        water.enumerate().map(layer).filter(|domain| !domain.observations.is_empty()).collect()
    }

    /// Parameters and gains, which have no depth, with all probes. An error that lasts is news to them once.
    ///
    /// A parameter's correlation with what a probe reads is weak and, with the same members day after day, so is the sampling
    /// error that it carries: each parameter hears a reading as far as its own correlation isn't explained by that.
    fn shared(&self, layout: &Layout, e: &Array2<f64>, he: &Array2<f64>) -> Vec<Domain> {
        let options = &self.setup.options;
        let news = |memory: f64| (options.window as f64 / memory).min(1.0);
        let parameters = layout.rows()..layout.rows() + self.setup.updated.len();
        let gains = parameters.end..parameters.end + self.gains.ncols();
        let parameter = |row: usize| {
            let trusted = |j: usize| damping(correlation(e.column(row), he.column(j)), e.nrows());
            let heard = |j: usize| (j, news(options.error_memory) * trusted(j));
            let observations = (0..he.ncols()).map(heard).filter(|(_, weight)| *weight > 0.0).collect();
            Domain { columns: vec![row], observations }
        };
        let all = (0..he.ncols()).map(|j| (j, news(options.forcing.memory))).collect();
        let gains = Domain { columns: gains.collect(), observations: all };
        parameters.map(parameter).filter(|domain| !domain.observations.is_empty()).chain([gains]).collect()
    }

    /// Parameters and gains as a day begins, after the analysis of one some days ago: means return to the prior's, and
    /// anomalies grow as noise of the prior's variance would have them.
    fn forget(&mut self, mut e: ArrayViewMut2<'_, f64>, day: usize) {
        let elapsed = (day - self.analysed) as f64;
        self.analysed = day;
        let kept = (-elapsed / self.setup.options.parameter_memory).exp();
        let updated = self.setup.updated.priors();
        let gains = relations(self.setup).map(|(_, sd)| (0.0, sd));
        let priors = updated.iter().map(|prior| (prior.u_mean(), prior.u_sd())).chain(gains);
        for (mut column, (mean, sd)) in e.columns_mut().into_iter().zip(priors) {
            spread(column.view_mut(), |now| {
                let noise = (1.0 - kept * kept) * sd * sd;
                if now > 0.0 { (kept * kept * now * now + noise).sqrt() / now } else { 1.0 }
            });
            let moved = (1.0 - kept) * (mean - column.mean().unwrap_or(mean));
            column.mapv_inplace(|x| x + moved);
        }
    }

    fn put_back(&mut self, e: &Array2<f64>, states: usize) {
        let updated = self.setup.updated.len();
        let share = 1.0 / self.members.len() as f64;
        let mut water = 0.0;
        for (m, member) in self.members.iter_mut().enumerate() {
            let mut u = self.parameters.row(m).to_owned();
            u.slice_mut(s![..updated]).assign(&e.slice(s![m, states..states + updated]));
            // A parameter pushed out of the model's range keeps its value: the member goes on as it was.
            let moved = parameters_of(self.setup, &u.to_vec());
            if let Ok(column) = moved.and_then(|parameters| self.setup.case.column(parameters)) {
                self.parameters.row_mut(m).assign(&u);
                member.column = column;
            }
            let added = land::write(&mut member.state, &member.column, &e.slice(s![m, ..states]).to_vec());
            water += share * added.water;
            let total = &mut self.course.account.added;
            total.carbon += share * added.carbon;
            total.nitrogen += share * added.nitrogen;
            total.water += share * added.water;
            self.gains.row_mut(m).assign(&e.slice(s![m, states + updated..]));
        }
        self.course.account.water_moved += water.abs();
    }
}

/// Sample correlation of two columns; 0 where one has no spread.
fn correlation(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let [mean_a, mean_b] = [&a, &b].map(|x| x.mean().unwrap_or(0.0));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// Multiplies the anomalies of a column by a factor of their standard deviation.
fn spread(mut column: ArrayViewMut1<'_, f64>, factor: impl Fn(f64) -> f64) {
    let mean = column.mean().unwrap_or(0.0);
    let factor = factor(column.std(1.0));
    column.mapv_inplace(|x| mean + (x - mean) * factor);
}
