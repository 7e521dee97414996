//! What ends a campaign's processes when the campaign itself is killed.
//!
//! A killed process can't end its children. So a shell reads from a pipe which groups of processes run; the system closes
//! the pipe with the campaign, however that ended, and the shell kills the groups that are left.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::WorkflowError;

/// The shell that every Unix has.
const SHELL: &str = "/bin/sh";

/// Builtins of a POSIX shell only.
const SCRIPT: &str = r#"
running=
while read -r word group; do
    case $word in
    began) running="$running $group" ;;
    ended)
        left=
        for other in $running; do
            [ "$other" = "$group" ] || left="$left $other"
        done
        running=$left ;;
    esac
done
for group in $running; do
    kill -s KILL -- "-$group"
done
"#;

/// A shell that outlives this process, if only for a moment; none where there are no groups of processes.
pub(super) struct Watchdog {
    shell: Option<Child>,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// Starts it.
    ///
    /// # Errors
    /// A shell that can't be started.
    pub fn start() -> Result<Self, WorkflowError> {
        if !cfg!(unix) {
            return Ok(Self { shell: None, pipe: Mutex::new(None) });
        }
        let mut command = Command::new(SHELL);
        command.args(["-c", SCRIPT]).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C, and what else ends this process with its group, must not reach it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut shell = command.spawn().map_err(WorkflowError::io("start", SHELL))?;
        let pipe = Mutex::new(shell.stdin.take());
        Ok(Self { shell: Some(shell), pipe })
    }

    /// Waits for a group of processes by `wait`, at whose end the group has ended.
    pub fn over<T>(&self, group: u32, wait: impl FnOnce() -> T) -> T {
        self.tell("began", group);
        let ended = wait();
        self.tell("ended", group);
        ended
    }

    fn tell(&self, word: &str, group: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pipe.as_mut() {
            // A shell that somebody ended guards nothing; the run isn't worse for it.
            let _ = writeln!(pipe, "{word} {group}");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // At the pipe's end it ends too.
        drop(self.pipe.get_mut().map(Option::take));
        if let Some(shell) = &mut self.shell {
            let _ = shell.wait();
        }
    }
}
