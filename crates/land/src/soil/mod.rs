//! Soil biogeochemistry of one column.
