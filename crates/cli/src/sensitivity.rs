//! `reterra sensitivity FILE`.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};
use reterra_workflow::stages::sensitivity::{SensitivityDesign, sensitivity_stages};

use crate::Failure;
use crate::run::{Common, Which, execute_stages};

/// Arguments of `sensitivity`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    common: Common,
    /// Which combinations of parameters to run
    #[arg(long, value_enum, default_value_t = Kind::Oat)]
    design: Kind,
    /// Levels on either side of the median (oat) [default: 1], runs (lhs) [default: 100], or trajectories (morris)
    /// [default: 10]
    #[arg(long, value_name = "N")]
    size: Option<NonZeroUsize>,
}

/// The kinds of designs.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// One parameter at a time, about the medians of all
    Oat,
    /// A Latin hypercube of all parameters
    Lhs,
    /// Morris's trajectories: one step in each parameter from random points
    Morris,
}

impl Kind {
    fn design(self, size: Option<NonZeroUsize>) -> SensitivityDesign {
        let or = |default| size.or(NonZeroUsize::new(default)).unwrap_or(NonZeroUsize::MIN);
        match self {
            Self::Oat => SensitivityDesign::OneAtATime(or(1)),
            Self::Lhs => SensitivityDesign::LatinHypercube(or(100)),
            Self::Morris => SensitivityDesign::Morris(or(10)),
        }
    }
}

/// Runs the ensemble, or continues it.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let stages = sensitivity_stages(arguments.design.design(arguments.size));
    execute_stages(&arguments.which.open_stations()?, &stages, &arguments.common, None)
}
