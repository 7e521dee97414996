//! end-to-end and validation tests.
