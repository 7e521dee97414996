//! The cycles: forecast, analysis, checkpoint, month by month.

use ndarray::{Array3, s};
use reterra_assimilation::distributed::{Decomposition, Share};
use reterra_parallel::Communicator;

use super::checkpoint;
use super::failure::{self, Moment};
use super::inflation::{self, Inflated};
use super::report::{Balance, Report};
use super::shared::Shared;
use super::{Checkpoints, CycleError, Member, Model, Observed, Options, Sharing, Smoother, start};

/// What never changes in a run, on one rank.
pub(super) struct Setting<'a, M: Model> {
    pub model: &'a M,
    pub options: &'a Options,
    pub observations: &'a [Observed],
    pub checkpoints: Option<&'a Checkpoints>,
    pub ranks: &'a dyn Communicator,
    pub decomposition: Decomposition,
    pub share: Share,
}

/// A run of cycles on one rank.
pub struct Cycles<'a, M: Model> {
    pub(super) setting: Setting<'a, M>,
    /// This rank's members: column by column, members in their order.
    pub(super) members: Vec<MemberOf<M>>,
    pub(super) shared: Option<Shared>,
    pub(super) inflation: Option<Inflated>,
    pub(super) report: Report,
    /// Pass of the smoother.
    pub(super) pass: Option<usize>,
    /// Passes that are done.
    pub(super) smoothed: usize,
    pub(super) month: usize,
}

/// A member of a model.
pub type MemberOf<M> = Member<<M as Model>::Column, <M as Model>::State>;

impl<'a, M: Model> Cycles<'a, M> {
    /// Sets a run up on every rank: from its last complete checkpoint, or from the start, members spun up.
    ///
    /// # Errors
    /// Impossible options or observations, too many members that can't start, a checkpoint of another run.
    pub fn new(
        model: &'a M,
        options: &'a Options,
        observations: &'a [Observed],
        ranks: &'a dyn Communicator,
    ) -> Result<Self, CycleError> {
        check(model, options, observations)?;
        let size = (options.members, model.columns());
        let decomposition = Decomposition::new(size, options.groups, ranks.size())?;
        let share = decomposition.forecast(ranks.rank());
        let checkpoints = options.checkpoints.as_ref();
        let setting = Setting { model, options, observations, checkpoints, ranks, decomposition, share };
        match checkpoint::last(&setting)? {
            Some(found) => {
                let resumed = found.resume(setting)?;
                if resumed.is_smoothed() { Ok(resumed) } else { resumed.ready() }
            }
            None => Self::start(setting)?.ready(),
        }
    }

    fn start(setting: Setting<'a, M>) -> Result<Self, CycleError> {
        let model = setting.model;
        let shared = (setting.options.sharing == Sharing::Types).then(|| Shared::draw(&setting));
        let balances = vec![Balance::default(); model.columns()];
        let report = Report { balances, ..Report::default() };
        let options = setting.options.inflation;
        let inflation = options.map(|options| Inflated::new(&setting, options)).transpose()?;
        let members = Vec::new();
        let mut cycles =
            Self { setting, members, shared, inflation, report, pass: None, smoothed: 0, month: 0 };
        let shared = cycles.shared.clone();
        cycles.begin(|column, member| match &shared {
            Some(shared) => shared.of(model.type_of(column), member),
            None => model.draw(member, column),
        })?;
        Ok(cycles)
    }

    /// The same before its first month, with the passes of the smoother that are still to come.
    fn ready(mut self) -> Result<Self, CycleError> {
        self.smooth()?;
        checkpoint::save_if_due(&self)?;
        Ok(self)
    }

    fn is_smoothed(&self) -> bool {
        self.setting.options.smoother.is_none_or(|smoother| self.smoothed >= smoother.passes)
    }

    /// Spins members up with these parameters, by column and member.
    pub(super) fn begin(&mut self, parameters: impl Fn(usize, usize) -> Vec<f64>) -> Result<(), CycleError> {
        let begun = start::begun(&self.setting, parameters);
        let moment = Moment { pass: self.pass, month: None };
        let mended = failure::mend(&self.setting, moment, begun, &mut self.report)?;
        self.members = mended.into_iter().map(|(member, _)| member).collect();
        self.month = 0;
        Ok(())
    }

    /// The same members from here on without observations: an open loop. It leaves no checkpoints.
    #[must_use]
    pub fn open_loop(&self) -> Self {
        let Self { setting, members, shared, inflation, report, pass, smoothed, month } = self;
        let setting =
            Setting { observations: &[], checkpoints: None, share: setting.share.clone(), ..*setting };
        let (members, shared, report) = (members.clone(), shared.clone(), report.clone());
        let (inflation, pass, smoothed, month) = (inflation.clone(), *pass, *smoothed, *month);
        Self { setting, members, shared, inflation, report, pass, smoothed, month }
    }

    /// Runs to the last month.
    ///
    /// # Errors
    /// As [`Cycles::step`].
    pub fn run(&mut self) -> Result<(), CycleError> {
        while self.month < self.setting.options.months {
            self.step()?;
        }
        Ok(())
    }

    /// Runs one month: forecast, analysis, and a checkpoint where one is due.
    ///
    /// # Errors
    /// Those of the filter, too few members left, ranks that are gone, files that can't be written.
    pub fn step(&mut self) -> Result<(), CycleError> {
        let values = self.forecast()?;
        self.analyse(&values)?;
        self.month += 1;
        checkpoint::save_if_due(self)
    }

    /// Months that have been run.
    #[must_use]
    pub fn month(&self) -> usize {
        self.month
    }

    /// This rank's members and columns.
    #[must_use]
    pub fn share(&self) -> &Share {
        &self.setting.share
    }

    /// This rank's members: column by column, members in their order.
    #[must_use]
    pub fn members(&self) -> &[MemberOf<M>] {
        &self.members
    }

    /// Figures of all members on every rank: members × figures × columns. `of` gives as many figures for every member.
    ///
    /// # Errors
    /// Ranks that are gone.
    pub fn gather(&self, of: impl Fn(&MemberOf<M>) -> Vec<f64>) -> Result<Array3<f64>, CycleError> {
        let setting = &self.setting;
        let own: Vec<f64> = self.members.iter().flat_map(of).collect();
        let everyone = setting.ranks.gather(&own)?;
        let total = setting.options.members * setting.model.columns();
        let figures = everyone.numbers.len() / total.max(1);
        let mut all = Array3::zeros((setting.options.members, figures, setting.model.columns()));
        for (rank, part) in everyone.iter().enumerate() {
            let Share { members, columns } = setting.decomposition.forecast(rank);
            let mut part = part.chunks_exact(figures.max(1));
            for column in columns {
                for member in members.clone() {
                    let row = all.slice_mut(s![member, .., column]);
                    row.into_iter().zip(part.next().unwrap_or_default()).for_each(|(x, value)| *x = *value);
                }
            }
        }
        Ok(all)
    }

    /// What happened so far, the same on every rank.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl<M: Model> Setting<'_, M> {
    /// Members of this rank in each of its columns.
    pub fn own_members(&self) -> usize {
        self.share.members.len()
    }

    /// Column and member of each of this rank's, in their order.
    pub fn own(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let members = self.share.members.clone();
        self.share.columns.clone().flat_map(move |column| members.clone().map(move |member| (column, member)))
    }

    /// The rank that has a member of a column while members run.
    pub fn owner(&self, column: usize, member: usize) -> usize {
        let has = |rank: &usize| {
            let share = self.decomposition.forecast(*rank);
            share.columns.contains(&column) && share.members.contains(&member)
        };
        (0..self.ranks.size()).find(has).unwrap_or(0)
    }
}

fn check<M: Model>(model: &M, options: &Options, observations: &[Observed]) -> Result<(), CycleError> {
    options.smoother.map_or(Ok(()), Smoother::check)?;
    options.inflation.map_or(Ok(()), inflation::check)?;
    for (number, o) in observations.iter().enumerate() {
        let kind = options.kinds.get(o.kind);
        let what = match kind {
            _ if o.column >= model.columns() => Some("there is no such column"),
            None => Some("there is no such kind"),
            Some(kind) if kind.months == 0 || kind.variable >= model.variables() => {
                Some("its kind has no months, or a variable that the model doesn't have")
            }
            Some(kind) if !kind.ends(o.month) => Some("no window of its kind ends with its month"),
            _ if !o.value.is_finite() => Some("its value isn't a finite number"),
            _ if !(o.variance > 0.0 && o.variance.is_finite()) => {
                Some("the variance of its error isn't a positive finite number")
            }
            Some(_) => None,
        };
        if let Some(what) = what {
            let Observed { column, kind, month, .. } = *o;
            return Err(CycleError::Observation { number, column, kind, month, what });
        }
    }
    Ok(())
}
