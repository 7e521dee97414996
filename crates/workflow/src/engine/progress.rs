//! Progress: a bar on a terminal, plain lines elsewhere, nothing in tests.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal a line is written this often at least, if something happened.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// A tenth more done is worth a line, but not sooner than this after the last.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// Where progress goes.
pub struct Progress {
    sink: Sink,
}

enum Sink {
    Bar(ProgressBar),
    Lines(Mutex<Option<Line>>),
    Silent,
}

/// The last plain line that was written.
struct Line {
    stage: &'static str,
    message: String,
    share: f64,
    at: Instant,
}

impl Progress {
    /// A bar where standard error is a terminal, plain lines on standard error otherwise.
    #[must_use]
    pub fn for_standard_error() -> Progress {
        if std::io::stderr().is_terminal() { Progress::bar() } else { Progress::lines() }
    }

    /// Plain lines.
    #[must_use]
    pub fn lines() -> Progress {
        Progress { sink: Sink::Lines(Mutex::new(None)) }
    }

    /// Nothing.
    #[must_use]
    pub fn silent() -> Progress {
        Progress { sink: Sink::Silent }
    }

    fn bar() -> Progress {
        let bar = ProgressBar::new(0);
        let template = "{prefix:>12} {bar:30} {pos}/{len} {msg} [{elapsed} < {eta}]";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Progress { sink: Sink::Bar(bar) }
    }

    /// One step of a stage.
    pub fn update(&self, stage: &'static str, message: &str, done: u64, total: u64) {
        match &self.sink {
            Sink::Bar(bar) => {
                bar.set_prefix(stage);
                bar.set_length(total);
                bar.set_position(done.min(total));
                bar.set_message(message.to_owned());
            }
            Sink::Lines(last) => {
                let share = if total == 0 { 1.0 } else { done as f64 / total as f64 };
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if due(last.as_ref(), stage, message, share) {
                    eprintln!("{stage}: {message} {done}/{total} ({:.0} %)", 100.0 * share);
                    *last = Some(Line { stage, message: message.to_owned(), share, at: Instant::now() });
                }
            }
            Sink::Silent => {}
        }
    }

    /// A line that is always shown.
    pub fn say(&self, line: &str) {
        match &self.sink {
            Sink::Bar(bar) => bar.suspend(|| eprintln!("{line}")),
            Sink::Lines(_) => eprintln!("{line}"),
            Sink::Silent => {}
        }
    }

    /// A stage begins: the bar starts from nothing.
    pub fn begin(&self) {
        match &self.sink {
            Sink::Bar(bar) => {
                bar.reset();
                bar.set_length(0);
                bar.set_message("");
            }
            Sink::Lines(last) => *last.lock().unwrap_or_else(PoisonError::into_inner) = None,
            Sink::Silent => {}
        }
    }

    /// A stage ended: the bar goes away.
    pub fn end(&self) {
        if let Sink::Bar(bar) = &self.sink {
            bar.finish_and_clear();
        }
    }
}

fn due(last: Option<&Line>, stage: &str, message: &str, share: f64) -> bool {
    let Some(last) = last else { return true };
    let waited = last.at.elapsed();
    let moved = share - last.share >= 0.1 || last.message != message || last.stage != stage;
    waited >= LINE_INTERVAL || (moved && waited >= SHORTEST_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(ago: Duration, share: f64) -> Line {
        let at = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
        Line { stage: "toy", message: "members".to_owned(), share, at }
    }

    #[test]
    fn plain_lines_come_every_ten_seconds_or_tenth_and_not_more() {
        assert!(due(None, "toy", "members", 0.0));
        assert!(!due(Some(&line(Duration::from_millis(200), 0.0)), "toy", "members", 0.9));
        assert!(due(Some(&line(Duration::from_secs(2), 0.0)), "toy", "members", 0.1));
        assert!(!due(Some(&line(Duration::from_secs(2), 0.0)), "toy", "members", 0.05));
        assert!(due(Some(&line(Duration::from_secs(11), 0.0)), "toy", "members", 0.01));
    }
}
