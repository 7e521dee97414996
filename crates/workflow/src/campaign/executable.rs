//! A program as a model: a process for each run, in the run's directory.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::exchange;
use super::model::{Job, Model, Stop};
use super::settings::{Executable, Observed};
use super::watchdog::Watchdog;
use crate::WorkflowError;
use crate::engine::Interrupt;

/// File of what a run says.
const LOG: &str = "log.txt";
/// Pauses between two looks at a process: short ones first.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// Characters of a run's last words that go into the reason of its failure.
const LAST_WORDS: usize = 200;

/// A program that is run for each member.
pub(super) struct Program<'a> {
    pub executable: &'a Executable,
    /// Names of the parameters.
    pub names: Vec<String>,
    pub observed: &'a [Observed],
    pub interrupt: &'a Interrupt,
    pub watchdog: Watchdog,
}

impl Model for Program<'_> {
    fn run(&self, jobs: &[Job]) -> Vec<Result<Vec<f64>, Stop>> {
        jobs.iter().map(|job| self.one(job)).collect()
    }
}

impl Program<'_> {
    fn one(&self, job: &Job) -> Result<Vec<f64>, Stop> {
        let files = exchange::Files { directory: &job.directory, kind: self.executable.exchange };
        files.write(&self.names, &job.parameters).map_err(Stop::Broken)?;
        let child = self.start(&job.directory).map_err(Stop::Broken)?;
        let status = self.watchdog.over(child.id(), || self.wait(child))?;
        if !status.success() {
            return Err(Stop::Failed(format!("{status}{}", last_words(&job.directory))));
        }
        files.read(self.observed).map_err(Stop::Failed)
    }

    fn start(&self, directory: &Path) -> Result<Child, WorkflowError> {
        let log = directory.join(LOG);
        let out = File::create(&log).map_err(WorkflowError::io("create", &log))?;
        let err = out.try_clone().map_err(WorkflowError::io("write", &log))?;
        let (program, arguments) = self.executable.command.split_first().unzip();
        let program = program.map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(arguments.unwrap_or_default()).current_dir(directory);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        // A group of its own: what it starts can be ended with it, and Ctrl-C is ours to answer.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(WorkflowError::io("start", program))
    }

    /// Waits for the end, for the time limit or for the user.
    fn wait(&self, mut child: Child) -> Result<ExitStatus, Stop> {
        let start = Instant::now();
        let limit = self.executable.time_limit.map(Duration::from_secs_f64);
        let mut pause = PAUSES.0;
        let broken = |e| Stop::Broken(WorkflowError::io("wait for", &self.executable.command[0])(e));
        loop {
            if let Some(status) = child.try_wait().map_err(broken)? {
                return Ok(status);
            }
            let late = limit.is_some_and(|limit| start.elapsed() > limit);
            if late || self.interrupt.requested() {
                end(&mut child);
                let limit = self.executable.time_limit.unwrap_or(f64::NAN);
                let stop = Stop::Failed(format!("it took longer than time_limit_s, {limit} s"));
                return Err(if late { stop } else { Stop::Interrupted });
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(PAUSES.1);
        }
    }
}

/// Ends a process with all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        let group = rustix::process::Pid::from_child(child);
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The last line that a run wrote, for people.
fn last_words(directory: &Path) -> String {
    let log = std::fs::read(directory.join(LOG)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let line = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let cut: String = line.chars().take(LAST_WORDS).collect();
    if cut.is_empty() { String::new() } else { format!(": {cut}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::settings::Exchange;

    fn run(script: &str, time_limit: Option<f64>) -> (tempfile::TempDir, Result<Vec<f64>, Stop>) {
        let folder = tempfile::tempdir().unwrap();
        let command: Vec<String> = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let executable = Executable {
            written: Vec::new(),
            command,
            files: [].into(),
            time_limit,
            exchange: Exchange::Json,
        };
        let observed = [Observed { name: "y".to_owned(), values: 1 }];
        let interrupt = Interrupt::new();
        let names = vec!["a".to_owned()];
        let (observed, interrupt, watchdog) = (&observed, &interrupt, Watchdog::start().unwrap());
        let program = Program { executable: &executable, names, observed, interrupt, watchdog };
        let job = Job { directory: folder.path().to_owned(), parameters: vec![0.1] };
        let found = program.run(&[job]).pop().unwrap();
        (folder, found)
    }

    fn reason(script: &str) -> String {
        match run(script, Some(60.0)).1 {
            Err(Stop::Failed(reason)) => reason,
            other => panic!("{script}: {other:?}"),
        }
    }

    #[test]
    fn a_program_reads_its_parameters_and_its_words_are_kept() {
        let script = "grep -q '\"a\": 0.1' parameters.json && echo said && echo '{\"y\": 2}' > outputs.json";
        let (folder, found) = run(script, None);
        assert_eq!(found.unwrap(), [2.0]);
        assert_eq!(std::fs::read_to_string(folder.path().join(LOG)).unwrap(), "said\n");
    }

    #[test]
    fn failures_say_why() {
        assert_eq!(reason("echo first; echo last >&2; exit 3"), "exit status: 3: last");
        assert!(reason("true").contains("no outputs.json"));
        assert!(reason("echo '{\"y\": NaN}' > outputs.json").contains("`y` is no finite number"));
        assert!(reason("kill -9 $$").contains("signal: 9"));
    }

    #[test]
    fn a_run_beyond_its_time_ends_with_all_that_it_started() {
        let (folder, found) = run("sleep 300 & echo $! > child; wait", Some(2.0));
        assert!(
            matches!(found, Err(Stop::Failed(reason)) if reason.contains("longer than time_limit_s, 2 s"))
        );
        let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        assert!(status.is_empty() || status.contains(") Z "), "{status}");
    }
}
