//! Assimilation point 8: members that fail, processes and ranks that are killed in the middle of the land cycles.

use crate::ValidationError;
use crate::cycles::Run;
use crate::cycles::faulty::told;
use crate::cycles::program::{Program, Ranks};
use crate::record::{Goal, Record};

/// Members that the small run lets fail.
const FAILING: f64 = 3.0;
/// Months after which a process is killed.
const MONTHS: [usize; 3] = [2, 5, 11];
/// Longest time from the death of a rank to the end of all, s.
const SECONDS: f64 = 10.0;

/// How many runs, killed and resumed three times each, end with other bits than an undisturbed one; what the end of one
/// rank does to the others; whether failed members are reported.
///
/// # Errors
/// Where the program can't be built or run.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let program = Program::built()?;
    let undisturbed = folder()?;
    let expected = program.run(&checked(&undisturbed), Ranks::Threads(1), 1)?;
    let mut kinds = vec![Ranks::Threads(1), Ranks::Threads(2), Ranks::Threads(4)];
    if program.has_processes() {
        kinds.extend([Ranks::Processes(2), Ranks::Processes(4)]);
    }
    let (mut compared, mut unlike, mut silent, mut longest) = (0, 0, 0, 0.0_f64);
    for ranks in kinds {
        let folder = folder()?;
        let run = checked(&folder);
        for months in MONTHS {
            let killed = program.kill(&run, ranks, months)?;
            if killed.finished {
                return Err(ValidationError::TooQuick { stage: format!("month {months}"), attempts: 1 });
            }
            longest = longest.max(killed.time.as_secs_f64());
            // A process that is killed can't speak; a launcher that loses a rank has to.
            let told = matches!(ranks, Ranks::Threads(_)) || killed.err.contains("signal 9");
            silent += u32::from(killed.code == Some(0) || !told);
        }
        let resumed = program.run(&run, ranks, 2)?;
        compared += 1;
        unlike += u32::from(resumed.bits != expected.bits || resumed.report != expected.report);
    }
    let record = |what: &str, measured, goal, unit| {
        Record::new(format!("assimilation-8-{what}"), measured, goal, unit)
    };
    let failures = told(&expected.report) as f64;
    Ok(vec![
        record("resumed", f64::from(compared), Goal::AtLeast(5.0), "runs"),
        record("other-bits", f64::from(unlike), Goal::AtMost(0.0), "runs"),
        record("silent-ends", f64::from(silent), Goal::AtMost(0.0), "kills"),
        record("seconds-to-the-end", longest, Goal::AtMost(SECONDS), "s"),
        record("failed-members-told", failures, Goal::Between(FAILING, FAILING), "members"),
    ])
}

fn folder() -> Result<tempfile::TempDir, ValidationError> {
    tempfile::tempdir().map_err(ValidationError::file("create", std::path::Path::new("a temporary folder")))
}

fn checked(folder: &tempfile::TempDir) -> Run {
    Run { checkpoints: Some(folder.path().to_owned()), ..Run::small() }
}
