//! Calibrate, emulate, sample (Cleary et al. 2021, doi:10.1016/j.jcp.2020.109716): a posterior from few runs of a dear
//! model, or an error that says why there is none.
//!
//! ```text
//! calibration places runs      crate::calibration      prior ─► where the data are met
//!         │
//! outputs, whitened, by principal components           encoder.rs
//!         │
//! a Gaussian process a component                       emulation.rs
//!         │
//! likelihood: observation error + emulator variance, with its log-determinant; model discrepancy   likelihood.rs
//!         │
//! chains, on a likeness that costs little and is put right ─► R̂, bulk and tail ESS   likeness.rs, posterior.rs
//!         │
//! draws outside the design, leave-one-out scores, coverage of runs at draws of the posterior       checks.rs
//!         │
//! nominal: a posterior. Else the runs join the design, and again; or refused                       campaign.rs, refusal.rs
//! ```
//!
//! [`sensitivity()`] tells which parameters outputs owe their variance to, by the same emulators.
//!
//! [`Campaign`] asks for runs and is told their outputs; it holds all runs and can be serialised between the two.
//! [`posterior_of_runs`] takes runs that are there already. The posterior is conditioned on the principal components that
//! are kept: what the others would tell is left out, not guessed.

mod campaign;
mod checks;
mod emulation;
mod encoder;
mod likelihood;
mod likeness;
mod options;
mod posterior;
mod refusal;
mod runs;
mod sensitivity;
#[cfg(test)]
mod tests;

pub use campaign::{Campaign, Progress, Round, calibrate_emulate_sample};
pub use checks::{Checks, HeldOut};
pub use emulation::Emulation;
pub use encoder::Encoder;
pub use likelihood::Likelihood;
pub use options::{CesOptions, Discrepancy, EmulatorOptions, Limits, Sampler};
pub use posterior::{Posterior, chains, posterior_of_runs};
pub use refusal::Refusal;
pub use runs::Runs;
pub use sensitivity::sensitivity;
