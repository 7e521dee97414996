//! How observations and the filter's ensemble agree, variable by variable.

use reterra_assimilation::diagnostics::{Estimate, Flatness, KindStatistics, RankHistogram};
use reterra_assimilation::quality::Flag;
use reterra_report::input::{Agreement, Fate, Measured, Ranks};

use super::Material;
use crate::config::{Variable, Workflow};
use crate::stages::validation::shown;

/// Most classes of a rank histogram, and least counts expected in each, which its test needs.
const CLASSES: usize = 16;
const EXPECTED: u64 = 5;

pub(super) fn all(material: &Material) -> Vec<Agreement> {
    let kinds = material.diagnostics.kinds().iter();
    kinds.filter_map(|(kind, found)| Some(agreement(*Variable::ALL.get(*kind)?, found))).collect()
}

/// What innovations mean where a smoother came before the filter.
pub(super) fn note(workflow: &Workflow) -> String {
    let share = workflow.assimilate.smoother_share;
    if share <= 0.0 {
        return String::new();
    }
    format!(
        "The smoother had taken {:.0} % of the same observations’ information when the filter met them: the prior is \
         nearer to them than to observations that nothing has seen.",
        100.0 * share
    )
}

fn agreement(variable: Variable, found: &KindStatistics) -> Agreement {
    let measured = |(value, error): (Option<f64>, Option<f64>)| value.map(|value| Measured { value, error });
    let others = found.flags.iter().filter(|(flag, _)| **flag != Flag::Used);
    let fate = |(flag, count): (&Flag, &u64)| Fate { label: flag.meaning().replace('_', " "), count: *count };
    Agreement {
        variable: shown(variable),
        used: found.count(Flag::is_used),
        others: others.map(fate).collect(),
        innovation: measured(found.innovations.mean()),
        consistency: measured(found.innovations.chi2()),
        error_ratio: found.desroziers.error().map(|e| ratio(&e)),
        background_ratio: found.desroziers.background().map(|e| ratio(&e)),
        signal: found.signal.mean(),
        crps: found.crps_prior.mean().zip(found.crps_posterior.mean()).map(|(a, b)| [a, b]),
        ranks: ranks(&found.ranks),
    }
}

fn ratio(estimate: &Estimate) -> Measured {
    Measured { value: estimate.ratio(), error: estimate.standard_error.map(|error| error / estimate.assumed) }
}

fn ranks(histogram: &RankHistogram) -> Option<Ranks> {
    let total: u64 = histogram.counts().iter().sum();
    let classes = CLASSES.min((total / EXPECTED) as usize);
    let Flatness { p_value, slope, outer, .. } = histogram.flatness(classes)?;
    let expected = total as f64 / histogram.counts().len() as f64;
    let frequency = |(count, ranks): (u64, usize)| count as f64 / (expected * ranks as f64);
    let frequencies = histogram.classes(classes).into_iter().map(frequency).collect();
    Some(Ranks { frequencies, p_value, slope, outer })
}
