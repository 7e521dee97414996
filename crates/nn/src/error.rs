//! What can go wrong.

use candle_core::Tensor;

/// An error of a block, a training run or a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// A tensor's shape is not what is wanted.
    #[error("{what}: expected shape {expected}, got {got:?}; give it in that shape")]
    Shape {
        /// The tensor's name and whose input it is.
        what: &'static str,
        /// The shape wanted, with the names of its axes.
        expected: String,
        /// The shape met.
        got: Vec<usize>,
    },
    /// A setting is outside of what makes sense.
    #[error("{what}: {value}; {wanted}")]
    Setting {
        /// Its name.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// A parameter's name is taken.
    #[error("two parameters are named {name}; give their blocks different names")]
    Twice {
        /// The name.
        name: String,
    },
    /// A parameter got no gradient.
    #[error("parameter {name} got no gradient; leave it out of the network or make the loss depend on it")]
    NoGradient {
        /// The parameter.
        name: String,
    },
    /// The loss or a gradient is not finite.
    #[error(
        "{what} of step {step} is not finite; lower the learning rate, or look for NaN in that step's batch"
    )]
    NotFinite {
        /// The loss, or the norm of the gradients.
        what: &'static str,
        /// The step.
        step: u64,
    },
    /// A file of parameters is damaged or of another network.
    #[error("{path}: {reason}")]
    Checkpoint {
        /// The file.
        path: String,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A file couldn't be read or written.
    #[error(transparent)]
    Io(#[from] reterra_io::IoError),
    /// An operation of candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// Refuses a tensor of another rank, with other lengths where `wanted` names one, or without numbers.
pub(crate) fn check_shape<const N: usize>(
    what: &'static str,
    tensor: &Tensor,
    wanted: [(&str, Option<usize>); N],
) -> Result<[usize; N], NnError> {
    let dims = tensor.dims();
    let fits =
        dims.len() == N && wanted.iter().zip(dims).all(|((_, w), d)| *d > 0 && w.is_none_or(|w| w == *d));
    match <[usize; N]>::try_from(dims) {
        Ok(dims) if fits => Ok(dims),
        _ => Err(NnError::Shape { what, expected: named(&wanted), got: dims.to_vec() }),
    }
}

fn named(wanted: &[(&str, Option<usize>)]) -> String {
    let axes: Vec<String> = wanted
        .iter()
        .map(|(name, length)| length.map_or_else(|| (*name).to_owned(), |l| format!("{name} = {l}")))
        .collect();
    format!("({})", axes.join(", "))
}
