//! What quality control says of an observation.

use serde::{Deserialize, Serialize};

/// The fate of an observation. Codes are fixed: files hold them. Those below 10 mean what DART's quality control means
/// by them (Anderson et al. 2009, doi:10.1175/2009BAMS2618.1); an observation has the last flag that applied to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(i8)]
pub enum Flag {
    /// 0: assimilated as it came.
    Used = 0,
    /// 1: predicted and diagnosed, never assimilated.
    EvaluateOnly = 1,
    /// 4: a member has no finite prediction of it.
    NoPrediction = 4,
    /// 5: left out because the analysis was told to use none of its kind or time.
    NotSelected = 5,
    /// 7: too far from the prior for its spread and the observation's error.
    Background = 7,
    /// 10: assimilated with a larger error variance than it came with.
    DownWeighted = 10,
    /// 11: assimilated as the mean of several of the same place, kind and time.
    Merged = 11,
    /// 20: its value is not a finite number.
    Missing = 20,
    /// 21: outside what its kind can be.
    OutOfRange = 21,
    /// 22: another one of the same place, kind and time stands for it.
    Duplicate = 22,
    /// 23: its neighbours contradict it.
    Buddy = 23,
    /// 24: too far from every column of the model.
    OutsideDomain = 24,
}

impl Flag {
    /// All flags, by their codes.
    pub const ALL: [Self; 12] = [
        Self::Used,
        Self::EvaluateOnly,
        Self::NoPrediction,
        Self::NotSelected,
        Self::Background,
        Self::DownWeighted,
        Self::Merged,
        Self::Missing,
        Self::OutOfRange,
        Self::Duplicate,
        Self::Buddy,
        Self::OutsideDomain,
    ];

    /// The number that files hold.
    #[must_use]
    pub fn code(self) -> i8 {
        self as i8
    }

    /// The flag of a code; none where no flag has it.
    #[must_use]
    pub fn of_code(code: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.code() == code)
    }

    /// Its meaning in one word, as CF's `flag_meanings` wants it.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::EvaluateOnly => "evaluated_only",
            Self::NoPrediction => "refused_no_prediction",
            Self::NotSelected => "not_selected",
            Self::Background => "refused_by_background_check",
            Self::DownWeighted => "used_with_inflated_error",
            Self::Merged => "used_as_mean_of_duplicates",
            Self::Missing => "refused_missing_value",
            Self::OutOfRange => "refused_by_range_check",
            Self::Duplicate => "refused_as_duplicate",
            Self::Buddy => "refused_by_buddy_check",
            Self::OutsideDomain => "refused_outside_domain",
        }
    }

    /// What its owner can do about it, where there is something.
    #[must_use]
    pub fn help(self) -> Option<&'static str> {
        match self {
            Self::OutsideDomain => Some("check their coordinates, or widen the distance of the domain check"),
            Self::OutOfRange => Some("check their units"),
            Self::NoPrediction => Some("see why the model predicts no number there"),
            Self::Missing => Some("leave them out"),
            _ => None,
        }
    }

    /// Whether the observation is assimilated.
    #[must_use]
    pub fn is_used(self) -> bool {
        matches!(self, Self::Used | Self::DownWeighted | Self::Merged)
    }

    /// Whether a check refused the observation.
    #[must_use]
    pub fn is_refused(self) -> bool {
        !self.is_used() && !matches!(self, Self::EvaluateOnly | Self::NotSelected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_that_files_hold_and_lead_back() {
        assert_eq!(Flag::ALL.map(Flag::code), [0, 1, 4, 5, 7, 10, 11, 20, 21, 22, 23, 24]);
        for flag in Flag::ALL {
            assert_eq!(Flag::of_code(flag.code()), Some(flag));
            assert!(!flag.meaning().contains(' '));
            assert!(!(flag.is_used() && flag.is_refused()));
        }
        assert_eq!(Flag::of_code(2), None);
        assert_eq!(Flag::ALL.into_iter().filter(|f| f.is_used()).count(), 3);
        assert_eq!(Flag::ALL.into_iter().filter(|f| f.is_refused()).count(), 7);
    }
}
