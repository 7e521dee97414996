//! workflow files, stages, keys and resume.
