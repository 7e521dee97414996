//! Variational methods, one file each.

pub mod four_d_envar;
pub mod three_d_var;

pub use four_d_envar::{FourDEnVar, LocalisationRoots};
pub use three_d_var::ThreeDVar;
