//! Workflow files, stages, keys and resume.
//!
//! [`config`] reads the one TOML file that describes a reanalysis; [`engine`] runs [`stages`] in order, remembers what
//! is done by the hash of everything that went in, and continues an interrupted run where it stopped.

pub mod config;
pub mod engine;
mod error;
pub mod experiment;
pub mod results;
pub mod stages;

pub use error::WorkflowError;
