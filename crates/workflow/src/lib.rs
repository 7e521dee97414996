//! Workflow files, stages, keys and resume.
//!
//! [`config`] reads the one TOML file that describes a reanalysis, or a run over a [`grid`]; [`engine`] runs the stages
//! in order, remembers what is done by the hash of everything that went in, and continues an interrupted run where it
//! stopped. [`twin`] reads twin experiments from files of their own, [`emulate`] learns from tables of runs,
//! [`campaign`] calibrates and samples parameters of any model.

#![allow(
    clippy::needless_pass_by_value,
    reason = "array views are handles, passed by value as ndarray itself does"
)]

pub mod campaign;
pub mod config;
pub mod cycle;
pub mod emulate;
pub mod engine;
pub mod ensemble;
mod error;
pub mod experiment;
pub mod grid;
pub mod results;
pub mod stages;
pub mod twin;

pub use error::WorkflowError;
