//! ensemble inversion and filtering.
