//! What a run or baseline says of every station and month.

use std::collections::BTreeMap;

use ndarray::Array2;
use reterra_report::input::Run;

use crate::config::Variable;
use crate::engine::{Context, StageError};
use crate::results::EnsembleOutput;
use crate::stages::baselines::{self, PREDICTIONS};
use crate::stages::cross_validation;
use crate::stages::product::statistics::{Moments, map_members};
use crate::stages::product::{FILE, assimilated, output_name, read_mean};

/// Best estimates, and the members behind them where there are any.
pub(in crate::stages) struct Estimate {
    /// Whose.
    pub run: Run,
    /// By variable, station × month, code units, NaN where there is none.
    pub mean: BTreeMap<Variable, Array2<f64>>,
    /// The ensemble.
    pub ensemble: Option<EnsembleOutput>,
}

/// The estimate of a run; none where the workflow didn't make it.
pub(super) fn load(context: &Context<'_>, run: Run) -> Result<Option<Estimate>, StageError> {
    let bundle = |file| Ok::<_, StageError>(EnsembleOutput::read(&context.result("calibrate", file))?);
    match run {
        Run::Prior => Ok(Some(Estimate::of_ensemble(run, bundle("prior.bundle")?))),
        Run::Calibrated => Ok(Some(Estimate::of_ensemble(run, bundle("calibrated.bundle")?))),
        Run::CalibratedLeaveOut => match context.workflow().validation.folds {
            Some(_) => Ok(Some(Estimate::of_ensemble(run, cross_validation::read(context)?))),
            None => Ok(None),
        },
        Run::Assimilated => of_product(context).map(Some),
        Run::Climatology | Run::BoostedTrees | Run::BoostedTreesLeaveOut => {
            let predictions = baselines::read(&context.result("baselines", PREDICTIONS))?;
            let own = predictions.into_iter().filter(|((r, _), _)| *r == run);
            let mean: BTreeMap<_, _> = own.map(|((_, variable), values)| (variable, values)).collect();
            Ok((!mean.is_empty()).then_some(Estimate { run, mean, ensemble: None }))
        }
    }
}

impl Estimate {
    /// The mean of an ensemble, and the ensemble itself.
    pub(in crate::stages) fn of_ensemble(run: Run, ensemble: EnsembleOutput) -> Self {
        let mean_of = |variable: Variable| {
            let members = ensemble.array(output_name(variable))?;
            Some((variable, map_members(members, |m| Moments::of(m).mean)))
        };
        let mean = Variable::ALL.into_iter().filter_map(mean_of).collect();
        Self { run, mean, ensemble: Some(ensemble) }
    }
}

/// Means as the product gives them to its users, members from the bundle.
fn of_product(context: &Context<'_>) -> Result<Estimate, StageError> {
    let file = context.result("product", FILE);
    let mut mean = BTreeMap::new();
    for variable in Variable::ALL {
        mean.insert(variable, read_mean(&file, variable)?);
    }
    Ok(Estimate { run: Run::Assimilated, mean, ensemble: Some(assimilated(context)?) })
}
