//! What the end-to-end tests and the validation runs share: the program from outside, records with goals, checksums
//! of whole run directories, and ways to disturb a run.
//!
//! `cargo run --release -p reterra-tests --bin validate` writes one record per figure to `out/validation/`.

pub mod arithmetic;
pub mod campaigns;
pub mod clm;
pub mod cycles;
pub mod dated;
pub mod disturb;
pub mod ensemble;
pub mod error;
pub mod places;
pub mod points;
pub mod posterior_table;
pub mod program;
pub mod record;
pub mod reference;
pub mod sandbox;
pub mod tree;
pub mod waves;

pub use error::{ValidationError, read_json};
