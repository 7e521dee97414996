//! What the stages share: stations as cases for the land model, parameters as vectors, members as runs.

pub mod case;
pub mod daily;
pub mod domain;
pub mod homogeneity;
pub mod member;
pub mod parallel;
pub mod parameters;
mod rotation;
pub mod scenario;
pub mod target;
pub mod tower;

pub use case::{Series, StationCase};
pub use daily::{DailyCalibration, DailyTarget};
pub use domain::load_cases;
pub use member::{MemberRun, run_members};
pub use parallel::run_tasks;
pub use parameters::ParameterSpace;
pub use target::Target;
pub use tower::TowerWeather;
