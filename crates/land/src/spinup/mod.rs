//! Ways to bring a column to equilibrium.
