//! Passes of the smoother: parameters by all observations of the run, states by new spin-ups.

use ndarray::{Array2, Array3, Axis, concatenate, s};

use super::analysis::Update;
use super::shared::Way;
use super::{CycleError, Cycles, Model, Observed, checkpoint};

impl<M: Model> Cycles<'_, M> {
    /// Finds parameters by passes over the whole run, where they are asked for; those that are done aren't repeated.
    pub(super) fn smooth(&mut self) -> Result<(), CycleError> {
        let Some(smoother) = self.setting.options.smoother else { return Ok(()) };
        for pass in self.smoothed..smoother.passes {
            self.pass = Some(pass);
            let (all, predicted) = self.whole_run(smoother.factors()[0])?;
            if !all.is_empty() {
                self.move_parameters(&all, predicted)?;
            }
            self.again()?;
            self.smoothed = pass + 1;
            if self.smoothed < smoother.passes {
                checkpoint::save_pass(self)?;
            }
        }
        self.pass = None;
        Ok(())
    }

    /// Runs all months; all observations, and what this rank's members predict for those in its columns.
    fn whole_run(&mut self, factor: f64) -> Result<(Vec<Observed>, Array2<f64>), CycleError> {
        let (mut all, mut predicted) = (Vec::new(), Vec::<Array2<f64>>::new());
        while self.month < self.setting.options.months {
            let values = self.forecast()?;
            self.add(&values);
            let due = self.setting.due(self.month, factor);
            let month = self.setting.predicted(&self.members, &due);
            let (_, (due, month)) = self.setting.sifted(self.month, (due, month), factor)?;
            predicted.push(month);
            all.extend(due);
            self.close();
            self.month += 1;
        }
        let parts: Vec<_> = predicted.iter().map(|part| part.view()).collect();
        Ok((all, concatenate(Axis(1), &parts).unwrap_or_default()))
    }

    fn move_parameters(&mut self, all: &[Observed], predicted: Array2<f64>) -> Result<(), CycleError> {
        let (setting, own) = (&self.setting, self.setting.own_members());
        if let Some(shared) = &mut self.shared {
            return shared.update(setting, all, (&predicted, Way::Regression));
        }
        let width = setting.model.draw(0, 0).len();
        let mut before = Array3::zeros((own, width, setting.share.columns.len()));
        for (i, member) in self.members.iter().enumerate() {
            let row = before.slice_mut(s![i % own, .., i / own]);
            row.into_iter().zip(&member.stored.parameters).for_each(|(x, value)| *x = *value);
        }
        let after = setting.filtered((all, predicted), &before, Update::Parameters)?;
        for (i, member) in self.members.iter_mut().enumerate() {
            member.stored.parameters = after.slice(s![i % own, .., i / own]).to_vec();
        }
        Ok(())
    }

    /// Spins members up with the parameters that they have now.
    fn again(&mut self) -> Result<(), CycleError> {
        let (own, share) = (self.setting.own_members(), self.setting.share.clone());
        let (model, shared) = (self.setting.model, self.shared.clone());
        let present: Vec<Vec<f64>> = self.members.iter().map(|m| m.stored.parameters.clone()).collect();
        self.begin(|column, member| match &shared {
            Some(shared) => shared.of(model.type_of(column), member),
            None => present[(column - share.columns.start) * own + member - share.members.start].clone(),
        })
    }
}
