//! The filter: states and parameters of one station, month by month.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView2, Axis, aview1, s};
use reterra_assimilation::etkf::{Analysis, analyse_subset};
use reterra_assimilation::inflation::{Adaptive, Inflation};
use reterra_assimilation::localisation::Metric;
use reterra_assimilation::localisation::metric::EARTH_RADIUS;
use reterra_assimilation::operators::Accumulator;
use reterra_assimilation::quality::{Background, Check, Control, EvaluateOnly, Outcome, Sample};
use reterra_assimilation::smoother::FixedLag;
use reterra_assimilation::state::Layout;
use reterra_land::column::{Column, MonthlyOutput, simulate_batch};
use reterra_land::energy::solar::SolarTable;
use reterra_land::error::LandError;
use reterra_land::lanes::{Batched, Lanes, WIDTH};
use reterra_statistics::random::{Stage as Streams, StreamKey};

use super::observed::{Met, Observed, SingleErrors, due, judge, kind};
use super::smoother::Smoothed;
use super::{Assimilated, Station};
use crate::config::{InflationChoice, Observations};
use crate::engine::StageError;
use crate::ensemble::land::coarse;
use crate::ensemble::members::{Member, donor, forecast, settle};
use crate::ensemble::{Added, OfMonth};
use crate::experiment::Target;
use crate::results::{EnsembleOutput, Failure, OUTPUTS, StationAssimilation};
use crate::stages::calibrate::parameter_ensembles;

/// Innovations beyond this many standard deviations are refused.
const BACKGROUND_CHECK: f64 = 4.0;

/// The ensemble, and what it has seen.
struct Filter<'a> {
    station: &'a Station<'a>,
    members: Vec<Member>,
    /// The station's sun over a batch.
    solar: Arc<SolarTable<Lanes>>,
    /// Parameters, unconstrained: members × parameters.
    parameters: Array2<f64>,
    /// The state's rows.
    layout: Layout,
    target: Target,
    /// Means over open windows, by member.
    means: Vec<Accumulator>,
    /// Errors of single observations.
    errors: SingleErrors,
    control: Control,
    inflation: Inflation,
    past: FixedLag<usize>,
    output: EnsembleOutput,
    observed: Observed,
    note: StationAssimilation,
}

const EARTH: Metric = Metric::GreatCircle { radius: EARTH_RADIUS };

/// Quality control: what is evaluated only is looked at no further, the rest is held against the prior.
fn control(observations: &Observations) -> Result<Control, StageError> {
    let kinds = observations.evaluate.iter().map(|v| kind(*v)).collect();
    let checks = vec![
        Check::EvaluateOnly(EvaluateOnly { kinds }),
        Check::Background(Background { limit: BACKGROUND_CHECK }),
    ];
    Ok(Control::new(EARTH, checks)?)
}

impl Station<'_> {
    pub(super) fn filter(&self, smoothed: &Smoothed) -> Result<Assimilated, StageError> {
        let mut filter = Filter::new(self, smoothed)?;
        for month in 0..self.context.workflow().period.months() {
            self.context.check_interrupt()?;
            let outputs = filter.forecast(month)?;
            filter.keep(month, &outputs);
            filter.analyse(month, &outputs)?;
        }
        Ok(filter.finish())
    }
}

impl<'a> Filter<'a> {
    fn new(station: &'a Station<'a>, smoothed: &Smoothed) -> Result<Self, StageError> {
        let workflow = station.context.workflow();
        let mut parameters = smoothed.members();
        let mut note = StationAssimilation {
            id: station.case.station.id.clone(),
            steps: smoothed.etki.as_ref().map(|e| e.steps().to_vec()).unwrap_or_default(),
            parameters: Vec::new(),
            increments: [0.0; 3],
            inflation: Vec::new(),
            used: 0,
            refused: 0,
            failures: Vec::new(),
            imbalance: smoothed.imbalance,
        };
        let members = start(station, &mut parameters, &mut note)?;
        let mut target = Target::of(station.case, &workflow.observations)?;
        target.records.extend(Target::evaluated(station.case, &workflow.observations)?.records);
        let shape = (1, workflow.period.months(), members.len());
        Ok(Self {
            station,
            solar: Arc::new(SolarTable::gather(&|_| &*station.case.solar)),
            parameters,
            layout: coarse::layout()?,
            means: vec![Accumulator::new(target.records.len()); members.len()],
            target,
            errors: SingleErrors::of(station.case, &workflow.observations),
            control: control(&workflow.observations)?,
            inflation: match workflow.assimilate.inflation {
                InflationChoice::None => Inflation::None,
                InflationChoice::Fixed(factor) => Inflation::Fixed(factor),
                InflationChoice::Adaptive => Inflation::Adaptive(Adaptive::default()),
            },
            past: FixedLag::new(workflow.assimilate.lag_months),
            output: EnsembleOutput::missing(OUTPUTS.len(), shape),
            observed: Observed::none(members.len()),
            members,
            note,
        })
    }

    /// A month of every member; one that fails goes on as a copy of another.
    fn forecast(&mut self, month: usize) -> Result<Vec<MonthlyOutput>, StageError> {
        let weather = self.station.case.weather.slice(month..month + 1);
        let done = forecast(&mut self.members, &self.solar, |batch| {
            let mut output = MonthlyOutput::default();
            let outcome =
                simulate_batch(&batch.column, &mut batch.state, &[&weather; WIDTH], None, |_, month| {
                    output = *month;
                });
            (output, outcome)
        });
        self.note.imbalance = self.note.imbalance.max(done.imbalance);
        let mut outputs: Vec<MonthlyOutput> =
            (0..self.members.len()).map(|m| done.outputs[m / WIDTH].lane(m % WIDTH)).collect();
        let lost: Vec<usize> = done.failures.iter().map(|(m, _)| *m).collect();
        for (m, reason) in done.failures {
            let donor = donor(key(self.station, (m, month)), outputs.len(), &lost)?;
            outputs[m] = outputs[donor];
            self.members[m] = self.members[donor].clone();
            let row = self.parameters.row(donor).to_owned();
            self.parameters.row_mut(m).assign(&row);
            self.past.replace(m, donor);
            self.means[m] = self.means[donor].clone();
            self.note.failures.push(Failure { member: m, month: Some(month), reason: reason.to_string() });
        }
        Ok(outputs)
    }

    /// Puts a forecast into the smoother's window, and what leaves it into the output.
    fn keep(&mut self, month: usize, outputs: &[MonthlyOutput]) {
        let table =
            Array2::from_shape_fn((outputs.len(), OUTPUTS.len()), |(m, v)| (OUTPUTS[v].of)(&outputs[m]));
        if let Some((month, table)) = self.past.push(month, table) {
            self.output.set_table(0, month, &table);
        }
    }

    fn analyse(&mut self, month: usize, outputs: &[MonthlyOutput]) -> Result<(), StageError> {
        let share = 1.0 - self.station.context.workflow().assimilate.smoother_share;
        let predicted =
            Accumulator::take_all(&mut self.means, &self.target.records, outputs.iter().map(OfMonth))?;
        if predicted.observations.is_empty() {
            return Ok(());
        }
        let mut rows = due(&predicted, &self.target, &self.errors);
        let r: Vec<f64> = predicted.variances().into_iter().map(|variance| variance / share).collect();
        let prior = predicted.he;
        let mut posterior = prior.clone();
        if share > 0.0 {
            let outcome = self.judge(&rows, &r, prior.view())?;
            judge(&mut rows, &outcome);
            if let Some(analysis) = self.analysis(month, &outcome, prior.view())? {
                analysis.apply(posterior.view_mut())?;
                self.update(&analysis)?;
            }
        }
        self.observed.push(rows, prior.view(), posterior.view())
    }

    fn judge(&mut self, rows: &[Met], r: &[f64], he: ArrayView2<'_, f64>) -> Result<Outcome, StageError> {
        let station = &self.station.case.station;
        let outcome = self.control.run(&Sample {
            kinds: &rows.iter().map(|row| kind(row.variable)).collect::<Vec<_>>(),
            places: &vec![EARTH.place(station.longitude, station.latitude); rows.len()],
            times: &rows.iter().map(|row| row.months.map(|month| month as f64)).collect::<Vec<_>>(),
            values: &rows.iter().map(|row| row.value).collect::<Vec<_>>(),
            variances: r,
            he,
            members: &(0..he.nrows()).collect::<Vec<_>>(),
        })?;
        self.note.used += outcome.used().len();
        self.note.refused += outcome.flags.iter().filter(|flag| flag.is_refused()).count();
        Ok(outcome)
    }

    /// The analysis by the good observations; none where there are none.
    fn analysis(
        &mut self,
        month: usize,
        outcome: &Outcome,
        he: ArrayView2<'_, f64>,
    ) -> Result<Option<Analysis>, StageError> {
        let good = outcome.used();
        if good.is_empty() {
            return Ok(None);
        }
        let all: Vec<usize> = (0..he.nrows()).collect();
        let he = he.select(Axis(1), &good);
        let pick = |v: &[f64]| good.iter().map(|&k| v[k]).collect::<Vec<f64>>();
        let (y, r) = (pick(&outcome.values), pick(&outcome.variances));
        let factor = self.inflation.factor(he.view(), &y, &r, &all)?;
        self.note.inflation.push((month, factor * factor));
        Ok(Some(analyse_subset(he.view(), &y, &r, factor, &all)?))
    }

    fn update(&mut self, analysis: &Analysis) -> Result<(), StageError> {
        let (rows, width) = (self.layout.rows(), self.layout.rows() + self.parameters.ncols());
        let mut e = Array2::zeros((self.members.len(), width + self.target.records.len()));
        for (m, member) in self.members.iter().enumerate() {
            e.slice_mut(s![m, ..rows]).assign(&aview1(&coarse::read(&member.state, &member.column)));
            e.slice_mut(s![m, rows..width]).assign(&self.parameters.row(m));
            e.slice_mut(s![m, width..]).assign(&self.means[m].sums().collect::<Array1<f64>>());
        }
        let mapped = self.layout.forward(e.slice_mut(s![.., ..rows]))?;
        analysis.apply(e.view_mut())?;
        self.past.update(analysis)?;
        self.layout.back(&mapped, e.slice_mut(s![.., ..rows]))?;
        for (m, row) in e.rows().into_iter().enumerate() {
            let row = row.to_vec();
            self.means[m].update(row[width..].iter().copied());
            let added = self.take(m, (&row[..rows], &row[rows..width])).by_element();
            (0..3).for_each(|k| self.note.increments[k] += added[k] / analysis.size as f64);
        }
        Ok(())
    }

    /// Moves a member to physical rows and unconstrained parameters.
    fn take(&mut self, m: usize, (rows, u): (&[f64], &[f64])) -> Added {
        let mut parameters = self.station.case.defaults();
        let member = &mut self.members[m];
        // A parameter pushed out of the model's range keeps its value: the member goes on as it was.
        let moved = self.station.spaces.apply(u, &mut parameters);
        if let Ok(column) = moved.and_then(|()| self.station.case.column(parameters)) {
            self.parameters.row_mut(m).assign(&aview1(u));
            member.column = column;
        }
        coarse::write(&mut member.state, &member.column, rows)
    }

    fn finish(mut self) -> Assimilated {
        for (month, table) in self.past.finish() {
            self.output.set_table(0, month, &table);
        }
        let width = self.station.spaces.class.len();
        let (class, own) = self.parameters.view().split_at(Axis(1), width);
        self.note.parameters = parameter_ensembles(&self.station.spaces.class, &class);
        self.note.parameters.extend(parameter_ensembles(&self.station.spaces.station, &own));
        Assimilated { note: self.note, output: self.output, observed: self.observed }
    }
}

/// Spins every member up; one that fails starts as a copy of another.
fn start(
    station: &Station<'_>,
    parameters: &mut Array2<f64>,
    note: &mut StationAssimilation,
) -> Result<Vec<Member>, StageError> {
    let mut begun: Vec<Result<Member, String>> = Vec::with_capacity(parameters.nrows());
    let runs = station.run(parameters, 0)?;
    for (row, run) in parameters.rows().into_iter().zip(runs) {
        begun.push(run.map_err(|e| e.reason).and_then(|run| {
            note.imbalance = note.imbalance.max(run.imbalance);
            let column = member_column(station, &row.to_vec()).map_err(|e| e.to_string())?;
            Ok(Member { column, state: run.start })
        }));
    }
    let settled = settle(&begun, key(station, (0, 0)))?;
    for lost in &settled.lost {
        let row = parameters.row(lost.donor).to_owned();
        parameters.row_mut(lost.member).assign(&row);
        let reason = lost.reason.clone();
        note.failures.push(Failure { member: lost.member, month: None, reason });
    }
    Ok(settled.members)
}

fn member_column(station: &Station<'_>, u: &[f64]) -> Result<Column, LandError> {
    let mut parameters = station.case.defaults();
    station.spaces.apply(u, &mut parameters)?;
    station.case.column(parameters)
}

/// Names the random numbers of a member in a month.
fn key(station: &Station<'_>, (member, month): (usize, usize)) -> StreamKey {
    StreamKey {
        seed: station.context.workflow().seed,
        stage: Streams::Resample,
        cycle: month as u32,
        member: member as u32,
        column: station.column,
    }
}
