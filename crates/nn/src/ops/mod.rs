//! Differentiable operations that candle lacks, gets wrong or does slowly, as fused kernels on all threads.
//!
//! Kernels exist for `f32` and `f64` on the CPU. Elsewhere the same function is a composition of candle's own
//! operations, to which tests compare the kernel. A sum runs in an order that the shapes alone fix, so no result
//! depends on the number of threads.

pub mod gelu;
pub mod layer_norm;
pub mod linear;
pub mod modulate;
pub mod pick;
pub mod residual;
pub mod window_attention;

pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use modulate::modulate;
pub use pick::Pick;
pub use residual::residual;
pub use window_attention::{Mask, WindowAttention, window_attention};
