//! The `reterra` binary.
fn main() {}
