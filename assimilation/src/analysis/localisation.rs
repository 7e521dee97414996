//! How far observations reach in an analysis, as lists; checked against the arrays that they go with.

use serde::{Deserialize, Serialize};

use crate::AssimilationError;

/// A local domain of observation-space localisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    /// The state's columns that are updated together.
    pub columns: Vec<usize>,
    /// The observations that reach them, each with its taper in (0, 1].
    pub observations: Vec<(usize, f64)>,
}

/// The tapers of covariance localisation, one list for each observation; what is absent is not reached.
#[derive(Clone, Debug, PartialEq)]
pub struct CovarianceTaper {
    /// Columns of the state with their tapers.
    pub state: Vec<Vec<(usize, f64)>>,
    /// Observations with their tapers, the observation itself among them.
    pub observed: Vec<Vec<(usize, f64)>>,
}

/// How far an observation reaches. Every analysis has to be told.
#[derive(Clone, Copy, Debug)]
pub enum Localisation<'a> {
    /// Everywhere.
    Global,
    /// Observation-space localisation (Hunt et al. 2007, doi:10.1016/j.physd.2006.11.008).
    Domains(&'a [Domain]),
    /// Covariance localisation, for filters that take one observation after the other.
    Covariance(&'a CovarianceTaper),
}

impl Localisation<'_> {
    /// How many of `observations` reach none of the state's `columns`: they are outside of the domain.
    ///
    /// # Errors
    /// `Number` and `Twice` for lists that name what is not there or the same thing twice, `Option` for a taper outside
    /// (0, 1], `Shape` for tapers of another number of observations.
    pub fn unreached(&self, columns: usize, observations: usize) -> Result<usize, AssimilationError> {
        match self {
            Self::Global => Ok(0),
            Self::Domains(domains) => in_domains(domains, columns, observations),
            Self::Covariance(tapers) => in_tapers(tapers, columns, observations),
        }
    }
}

fn in_domains(domains: &[Domain], columns: usize, observations: usize) -> Result<usize, AssimilationError> {
    let mut updated = Once::new("column of the state in local domains", columns);
    let mut within = Once::new("observation in a local domain", observations);
    let mut reached = vec![false; observations];
    for domain in domains {
        domain.columns.iter().try_for_each(|k| updated.meet(*k))?;
        within.again();
        for &(j, taper) in &domain.observations {
            within.meet(j)?;
            require_taper(taper)?;
            reached[j] |= !domain.columns.is_empty();
        }
    }
    Ok(reached.iter().filter(|reached| !**reached).count())
}

fn in_tapers(
    tapers: &CovarianceTaper,
    columns: usize,
    observations: usize,
) -> Result<usize, AssimilationError> {
    for (what, lists, length) in [
        ("column in an observation's tapers", &tapers.state, columns),
        ("observation in another one's tapers", &tapers.observed, observations),
    ] {
        if lists.len() != observations {
            let (what, got) = ("lists of tapers, one for each observation", lists.len());
            return Err(AssimilationError::Shape { what, expected: observations, got });
        }
        let mut once = Once::new(what, length);
        for list in lists {
            once.again();
            list.iter().try_for_each(|&(k, taper)| once.meet(k).and_then(|()| require_taper(taper)))?;
        }
    }
    Ok(tapers.state.iter().filter(|list| list.is_empty()).count())
}

fn require_taper(value: f64) -> Result<(), AssimilationError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(());
    }
    Err(AssimilationError::Option { option: "taper of an observation", value, range: "(0, 1]" })
}

/// Refuses numbers that are not there, or that come twice in a list.
struct Once {
    what: &'static str,
    /// The list that met each number last.
    met: Vec<usize>,
    list: usize,
}

impl Once {
    fn new(what: &'static str, count: usize) -> Self {
        Self { what, met: vec![0; count], list: 1 }
    }

    fn again(&mut self) {
        self.list += 1;
    }

    fn meet(&mut self, number: usize) -> Result<(), AssimilationError> {
        let (what, count) = (self.what, self.met.len());
        let met = self.met.get_mut(number).ok_or(AssimilationError::Number { what, number, count })?;
        if *met == self.list {
            return Err(AssimilationError::Twice { what, number });
        }
        *met = self.list;
        Ok(())
    }
}
