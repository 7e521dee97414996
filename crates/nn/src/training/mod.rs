//! Training: gradients gathered over parts of a step, a fused optimiser, a schedule, checkpoints that resume to the same
//! bits, and a stop where a validation score no longer falls.

pub mod adamw;
pub mod checkpoint;
pub mod gradients;
pub mod order;
pub mod progress;
pub mod schedule;
pub mod stopping;
pub mod trainer;

pub use adamw::{AdamW, AdamWOptions, Averaging};
pub use checkpoint::{read_parameters, write_parameters};
pub use gradients::Gradients;
pub use order::Order;
pub use progress::Progress;
pub use schedule::Schedule;
pub use stopping::{Best, Stopping, Verdict};
pub use trainer::{Checkpoints, End, Part, Task, Trainer, TrainingOptions};
