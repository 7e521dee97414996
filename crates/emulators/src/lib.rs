//! emulators behind one trait.
