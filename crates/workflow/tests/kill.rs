//! A process that runs a long stage is killed, or gets Ctrl-C, and another one continues it.
//!
//! The test starts its own executable again as the process to be killed; `RETERRA_TOY_DIRECTORY` tells that copy so.

// Helpers of tests may unwrap as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reterra_workflow::WorkflowError;
use reterra_workflow::config::Workflow;
use reterra_workflow::engine::{
    Context, Engine, Inputs, Interrupt, OnStale, Progress, Request, Run, Stage, StageError, StageOutput,
    StageState,
};

const DIRECTORY: &str = "RETERRA_TOY_DIRECTORY";
/// Exit code of the copy where its run ended with an error other than the interrupt.
const FAILED: i32 = 77;

const WORKFLOW: &str = r#"version = 1
name = "toy"
domain.stations = "toy.toml"
forcing = { kind = "normals", file = "toy.toml" }
period = { start = "2001-01", end = "2001-12" }
observations.use = ["LAI"]
observations.error.LAI = { floor = 0.1, relative = 0.1, unit = "m2 m-2" }
parameters = [{ name = "leafcn", mode = "scale", sd = 0.1 }]
"#;

/// Counts to ten with a checkpoint at each step; in the copy it waits at five for what comes.
struct Counter {
    waits: bool,
}

impl Stage for Counter {
    fn name(&self) -> &'static str {
        "count"
    }

    fn title(&self) -> &'static str {
        "counts to ten"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        Ok(Inputs::new().file(&workflow.domain.stations))
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        let checkpoint = context.checkpoint_dir()?.join("count");
        let result = context.directory().join("result.txt");
        let start = fs::read_to_string(&checkpoint).map_or(0, |text| text.len());
        for i in start..10 {
            fs::write(&result, "half")?;
            fs::write(&checkpoint, "x".repeat(i + 1))?;
            while self.waits && i == 4 && !context.interrupted() {
                sleep(Duration::from_millis(5));
            }
            context.check_interrupt()?;
        }
        fs::write(&result, format!("started at {start}, ended at 10"))?;
        Ok(StageOutput::new().file("result.txt"))
    }
}

fn run_in(directory: &Path, waits: bool, interrupt: &Interrupt) -> Result<Vec<&'static str>, WorkflowError> {
    let request =
        Request { file: directory.join("toy.toml"), out: Some(directory.join("out")), ..Request::default() };
    let run = Run::requested(&request, &["leafcn"])?;
    let stages: Vec<Box<dyn Stage>> = vec![Box::new(Counter { waits })];
    let progress = Progress::silent();
    Ok(Engine::new(&run, &stages, interrupt, &progress).run(OnStale::Refuse, None)?.ran)
}

/// Does nothing in an ordinary test run: it is what the started copy executes.
#[test]
fn copy() {
    let Ok(directory) = std::env::var(DIRECTORY) else { return };
    let ended = Interrupt::install().and_then(|interrupt| run_in(Path::new(&directory), true, &interrupt));
    std::process::exit(ended.map_or_else(|e| if e.exit_code() == 130 { 130 } else { FAILED }, |_| 0));
}

fn start_copy(directory: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "copy", "--nocapture"]).env(DIRECTORY, directory);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn checkpoint(directory: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(directory.join("out/count/.checkpoint")).ok()?;
    folders.flatten().map(|folder| folder.path().join("count")).next()
}

fn wait_for_the_middle(directory: &Path) {
    let start = Instant::now();
    let half =
        || checkpoint(directory).and_then(|file| fs::read_to_string(file).ok()).is_some_and(|s| s.len() == 5);
    while !half() {
        assert!(start.elapsed() < Duration::from_secs(20), "the copy never reached the middle");
        sleep(Duration::from_millis(5));
    }
}

fn prepare() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("toy.toml"), WORKFLOW).unwrap();
    directory
}

fn continues_where_it_stopped(directory: &Path) {
    assert!(!directory.join("out/count/stage.json").exists(), "a stopped stage isn't done");
    let run = Run::in_directory(&directory.join("out"), &["leafcn"]).unwrap();
    let stages: Vec<Box<dyn Stage>> = vec![Box::new(Counter { waits: false })];
    let (interrupt, progress) = (Interrupt::new(), Progress::silent());
    let plan = Engine::new(&run, &stages, &interrupt, &progress).plan().unwrap();
    assert_eq!(plan[0].state, StageState::Started);
    assert_eq!(run_in(directory, false, &interrupt).unwrap(), ["count"]);
    let result = fs::read_to_string(directory.join("out/count/result.txt")).unwrap();
    assert_eq!(result, "started at 5, ended at 10");
    assert!(!directory.join("out/count/.checkpoint").exists());
}

#[test]
fn killed_in_a_stage_then_continued() {
    let directory = prepare();
    let mut child = start_copy(directory.path());
    wait_for_the_middle(directory.path());
    let error = run_in(directory.path(), false, &Interrupt::new()).unwrap_err();
    let WorkflowError::Locked { pid, .. } = &error else { panic!("the copy holds the lock: {error}") };
    assert_eq!(*pid, child.id().to_string());
    child.kill().unwrap();
    child.wait().unwrap();
    continues_where_it_stopped(directory.path());
}

#[test]
fn interrupted_in_a_stage_then_continued() {
    let directory = prepare();
    let mut child = start_copy(directory.path());
    wait_for_the_middle(directory.path());
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    continues_where_it_stopped(directory.path());
}
