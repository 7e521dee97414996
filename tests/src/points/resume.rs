//! Point 6: kill -9 in each stage and resume; one thread and two. Equal bytes everywhere.

use std::path::Path;

use crate::disturb::{Moment, Signal, stop_in_stage};
use crate::program::Program;
use crate::record::{Goal, Record};
use crate::sandbox::Sandbox;
use crate::tree::Tree;
use crate::{ValidationError, places};

/// Where in a stage it is killed, as shares of the time that the stage takes.
const SHARES: [f64; 4] = [0.0, 0.3, 0.6, 0.9];

/// Number of files that differ from the undisturbed run's, by stage killed and by number of threads; on normals, and on
/// monthly series, where there is something withheld for the baselines to predict, and on a grid.
///
/// # Errors
/// [`ValidationError::NoData`], those of a run, and a stage that was never caught running.
pub fn measure() -> Result<Vec<Record>, ValidationError> {
    let program = Program::built()?;
    let mut records = disturb("normals", &program, &Sandbox::new()?)?;
    records.extend(disturb("series", &program, &Sandbox::of_series(&places::shared("sites_monthly")?)?)?);
    records.extend(disturb("grid", &program, &Sandbox::of_grid()?)?);
    Ok(records)
}

fn disturb(kind: &str, program: &Program, sandbox: &Sandbox) -> Result<Vec<Record>, ValidationError> {
    let reference = sandbox.file("reference");
    program.run(&sandbox.run_arguments(&reference, &["--threads", "1"]))?.success()?;
    let expected = Tree::of(&reference)?;
    let record = |what: &str, differing: usize| {
        let name = format!("reanalysis-6-{kind}-{what}");
        Record::new(name, differing as f64, Goal::AtMost(0.0), "files that differ")
    };
    let mut records = vec![record("threads", differing_with_threads(program, sandbox, &expected, 2)?)];
    for (stage, _) in program.stages(&reference)? {
        let mut differing = 0;
        for share in SHARES {
            let moment = Moment { stage: &stage, share };
            differing += differing_after_kill(program, sandbox, (&reference, &expected), moment)?;
        }
        records.push(record(&format!("kill-{stage}"), differing));
    }
    Ok(records)
}

/// Runs the tiny workflow with so many threads and counts the files that aren't as expected.
///
/// # Errors
/// Those of the run.
pub fn differing_with_threads(
    program: &Program,
    sandbox: &Sandbox,
    expected: &Tree,
    threads: usize,
) -> Result<usize, ValidationError> {
    let out = sandbox.file(&format!("threads-{threads}"));
    program.run(&sandbox.run_arguments(&out, &["--threads", &threads.to_string()]))?.success()?;
    Ok(count(&Tree::of(&out)?, expected))
}

/// Kills a run in a stage, resumes it and counts the files that aren't as in the undisturbed run.
///
/// # Errors
/// Those of [`stop_in_stage`] and of the run that resumes.
pub fn differing_after_kill(
    program: &Program,
    sandbox: &Sandbox,
    (reference, expected): (&Path, &Tree),
    moment: Moment<'_>,
) -> Result<usize, ValidationError> {
    let out = sandbox.file("killed");
    stop_in_stage(program, sandbox, (reference, &out), moment, Signal::Kill)?;
    program.run(&["resume".as_ref(), out.as_os_str()])?.success()?;
    Ok(count(&Tree::of(&out)?, expected))
}

fn count(found: &Tree, expected: &Tree) -> usize {
    let differing = found.differing(expected);
    for path in &differing {
        eprintln!("differs: {}", path.display());
    }
    differing.len()
}
