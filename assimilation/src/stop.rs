//! Asking long work to stop.

use std::fmt;

use crate::AssimilationError;

/// Whether whoever waits for a result has given up; asked between the steps of long work, such as the draws of a chain.
#[derive(Clone, Copy, Default)]
pub struct Stop<'a>(Option<&'a (dyn Fn() -> bool + Sync)>);

impl<'a> Stop<'a> {
    /// Stops once `asked` is true, which must then stay so.
    #[must_use]
    pub fn when(asked: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self(Some(asked))
    }

    /// Never stops.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn requested(self) -> bool {
        self.0.is_some_and(|asked| asked())
    }

    /// Goes on, unless somebody asked to stop.
    ///
    /// # Errors
    /// `Stopped` where somebody did.
    pub fn check(self) -> Result<(), AssimilationError> {
        if self.requested() { Err(AssimilationError::Stopped) } else { Ok(()) }
    }
}

impl fmt::Debug for Stop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stop {{ requested: {} }}", self.requested())
    }
}
