//! Calibrate, emulate, sample with a program as the model: killed at several moments and resumed.

use std::collections::BTreeMap;

use crate::ValidationError;
use crate::campaigns::Campaigns;
use crate::record::{Goal, Record};

/// Runs side by side in `tests/models/decay.toml`: so many may be on their way when the campaign is killed.
const AT_ONCE: usize = 2;
/// Shares of all runs at which the campaign is killed, one time after the other.
const MOMENTS: [f64; 4] = [0.1, 0.4, 0.6, 0.95];

/// Complete runs that were launched again, launches beyond those of runs that were on their way, and files of the result
/// that differ from those of an undisturbed campaign.
///
/// # Errors
/// Those of the campaigns.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let campaigns = Campaigns::new()?;
    campaigns.run("sample", "decay.toml", "whole")?.success()?;
    let whole = campaigns.launches("whole")?;
    let runs = campaigns.complete("whole").len();
    eprintln!("{runs} runs undisturbed");
    let mut repeated = 0;
    for share in MOMENTS {
        let complete = campaigns.kill("killed", (share * runs as f64).ceil() as usize)?;
        let before = campaigns.launches("killed")?;
        campaigns.kill("killed", complete.len() + 1)?;
        let after = campaigns.launches("killed")?;
        eprintln!("killed with {} of {runs} runs complete, then with {}", complete.len(), complete.len() + 1);
        repeated += complete.iter().filter(|run| after.get(*run) != before.get(*run)).count();
    }
    let complete = campaigns.complete("killed");
    let before = campaigns.launches("killed")?;
    campaigns.run("sample", "decay.toml", "killed")?.success()?;
    let after = campaigns.launches("killed")?;
    repeated += complete.iter().filter(|run| after.get(*run) != before.get(*run)).count();
    let launches = |log: &BTreeMap<String, usize>| log.values().sum::<usize>();
    let on_their_way = (launches(&after) - runs) as f64;
    let differing = campaigns.differing("whole", "killed")?.len() as f64;
    let most = (2 * MOMENTS.len() * AT_ONCE) as f64;
    Ok(vec![
        Record::new("ces-6-runs", runs as f64, Goal::AtLeast(20.0), "runs"),
        Record::new("ces-6-launches-undisturbed", launches(&whole) as f64, exactly(runs), "runs"),
        Record::new("ces-6-complete-runs-repeated", repeated as f64, Goal::AtMost(0.0), "runs"),
        Record::new("ces-6-unfinished-runs-repeated", on_their_way, Goal::AtMost(most), "runs"),
        Record::new("ces-6-files-that-differ", differing, Goal::AtMost(0.0), "files"),
    ])
}

fn exactly(count: usize) -> Goal {
    Goal::Between(count as f64, count as f64)
}
