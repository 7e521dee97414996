//! priors, counter-based random streams and scores.
