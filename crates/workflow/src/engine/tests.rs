//! The engine on toy stages.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::WorkflowError;
use crate::config::Workflow;

/// Writes a file that depends on one configuration value and on the stage before.
struct Toy {
    name: &'static str,
    after: Option<&'static str>,
    runs: Arc<AtomicUsize>,
    action: Action,
}

#[derive(Clone, Copy, PartialEq)]
enum Action {
    Write,
    Fail,
    Forget,
    /// Writes a checkpoint, then stops as after Ctrl-C; the second time continues from the checkpoint.
    StopOnce,
}

impl Stage for Toy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        "a toy"
    }

    fn inputs(&self, workflow: &Workflow) -> Result<Inputs, StageError> {
        let mut inputs = Inputs::new().config("seed", &workflow.seed)?;
        if let Some(stage) = self.after {
            return Ok(inputs.after(stage));
        }
        inputs = inputs.file(&workflow.domain.stations);
        Ok(inputs)
    }

    fn run(&self, context: &Context<'_>) -> Result<StageOutput, StageError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if self.action == Action::Fail {
            return Err(StageError::failed("it cannot work"));
        }
        let checkpoint = context.checkpoint_dir()?.join("half");
        if self.action == Action::StopOnce && !checkpoint.exists() {
            fs::write(context.directory().join("result.txt"), "half")?;
            fs::write(&checkpoint, "half")?;
            context.interrupt.request();
            context.check_interrupt()?;
        }
        let before = self.after.map(|stage| fs::read_to_string(context.result(stage, "result.txt")));
        let before = before.transpose()?.unwrap_or_default();
        let text = format!("{before}{} {}\n", self.name, context.workflow().seed);
        if self.action != Action::Forget {
            fs::write(context.directory().join("result.txt"), text)?;
        }
        Ok(StageOutput::new().file("result.txt").note("one line"))
    }
}

struct Bench {
    directory: tempfile::TempDir,
    counts: [Arc<AtomicUsize>; 2],
}

impl Bench {
    fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("stations.csv"), "FI-Hyy").unwrap();
        fs::write(directory.path().join("toy.toml"), workflow_text(7)).unwrap();
        Bench { directory, counts: Default::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn stages(&self, second: Action) -> Vec<Box<dyn Stage>> {
        let toy = |name, after, i: usize, action| -> Box<dyn Stage> {
            Box::new(Toy { name, after, runs: self.counts[i].clone(), action })
        };
        vec![toy("first", None, 0, Action::Write), toy("second", Some("first"), 1, second)]
    }

    fn request(&self) -> Request {
        Request { file: self.path("toy.toml"), out: Some(self.path("out")), ..Request::default() }
    }

    fn run_with(&self, second: Action, on_stale: OnStale) -> Result<Summary, WorkflowError> {
        let run = Run::requested(&self.request(), &["leafcn"])?;
        let stages = self.stages(second);
        let (interrupt, progress) = (Interrupt::new(), Progress::silent());
        Engine::new(&run, &stages, &interrupt, &progress).run(on_stale, None)
    }

    fn run(&self) -> Result<Summary, WorkflowError> {
        self.run_with(Action::Write, OnStale::Refuse)
    }

    fn states(&self) -> Vec<StageState> {
        let run = Run::requested(&self.request(), &["leafcn"]).unwrap();
        let stages = self.stages(Action::Write);
        let (interrupt, progress) = (Interrupt::new(), Progress::silent());
        let plan = Engine::new(&run, &stages, &interrupt, &progress).plan().unwrap();
        plan.into_iter().map(|planned| planned.state).collect()
    }

    fn counts(&self) -> [usize; 2] {
        [0, 1].map(|i| self.counts[i].load(Ordering::SeqCst))
    }

    fn result(&self) -> String {
        fs::read_to_string(self.path("out/second/result.txt")).unwrap()
    }
}

fn workflow_text(seed: u64) -> String {
    format!(
        r#"version = 1
name = "toy"
seed = {seed}
domain.stations = "stations.csv"
forcing = {{ kind = "normals", file = "stations.csv" }}
period = {{ start = "2001-01", end = "2001-12" }}
observations.use = ["LAI"]
observations.error.LAI = {{ floor = 0.1, relative = 0.1, unit = "m2 m-2" }}
parameters = [{{ name = "leafcn", mode = "scale", sd = 0.1 }}]
"#
    )
}

#[test]
fn done_stages_are_skipped() {
    let bench = Bench::new();
    assert_eq!(bench.run().unwrap().ran, ["first", "second"]);
    assert_eq!(bench.run().unwrap().skipped, ["first", "second"]);
    assert_eq!(bench.counts(), [1, 1]);
    assert_eq!(bench.result(), "first 7\nsecond 7\n");
    assert!(!bench.path("out/second/.checkpoint").exists());
}

#[test]
fn changed_configuration_is_stale_until_asked_for() {
    let bench = Bench::new();
    bench.run().unwrap();
    fs::write(bench.path("toy.toml"), workflow_text(8)).unwrap();
    let error = bench.run().unwrap_err();
    let WorkflowError::Stale { stage, changed, .. } = &error else { panic!("{error}") };
    assert_eq!(
        (*stage, changed.as_slice()),
        ("first", ["configuration `seed` changed".to_owned()].as_slice())
    );
    assert!(error.help().unwrap().contains("--rerun-stale"));
    assert_eq!(bench.result(), "first 7\nsecond 7\n", "a refused run changes nothing");
    bench.run_with(Action::Write, OnStale::Rerun).unwrap();
    assert_eq!(bench.result(), "first 8\nsecond 8\n");
    assert_eq!(bench.run().unwrap().ran, [""; 0]);
}

#[test]
fn results_of_other_code_are_stale() {
    let bench = Bench::new();
    bench.run().unwrap();
    let manifest = bench.path("out/first").join(MANIFEST);
    let text = fs::read_to_string(&manifest).unwrap();
    let mut made: Manifest = serde_json::from_str(&text).unwrap();
    assert_eq!(made.key.code, Code::Science.name());
    made.key.code = "0.1.0+another".into();
    made.key.key = "another".into();
    fs::write(&manifest, serde_json::to_string(&made).unwrap()).unwrap();
    let error = bench.run().unwrap_err();
    let WorkflowError::Stale { changed, .. } = &error else { panic!("{error}") };
    assert!(changed[0].starts_with("the code changed from 0.1.0+another to 0.1.0+"), "{changed:?}");
}

#[test]
fn changed_input_makes_later_stages_stale_too() {
    let bench = Bench::new();
    bench.run().unwrap();
    fs::write(bench.path("stations.csv"), "DE-Tha").unwrap();
    let states = bench.states();
    assert_eq!(states[0], StageState::Stale { changed: vec!["input `stations.csv` changed".to_owned()] });
    assert_eq!(states[1], StageState::Stale { changed: vec!["stage `first` changed".to_owned()] });
}

#[test]
fn corrupt_and_missing_outputs_are_seen_and_made_again() {
    let bench = Bench::new();
    bench.run().unwrap();
    fs::write(bench.path("out/second/result.txt"), "first 7\nsecond 9\n").unwrap();
    let StageState::Damaged { problems } = &bench.states()[1] else { panic!("damage went unseen") };
    assert!(problems[0].contains("corrupt"), "{problems:?}");
    assert_eq!(bench.run().unwrap().ran, ["second"]);
    assert_eq!(bench.result(), "first 7\nsecond 7\n");
    fs::remove_file(bench.path("out/first/result.txt")).unwrap();
    assert_eq!(bench.run().unwrap().ran, ["first"]);
    fs::write(bench.path("out/first/stage.json"), "{\"stage\": ").unwrap();
    assert_eq!(bench.run().unwrap().ran, ["first"]);
}

#[test]
fn interrupted_stage_continues_from_its_checkpoint() {
    let bench = Bench::new();
    let error = bench.run_with(Action::StopOnce, OnStale::Refuse).unwrap_err();
    assert!(matches!(error, WorkflowError::Interrupted { stage: "second", .. }), "{error}");
    assert_eq!(error.exit_code(), 130);
    assert!(error.help().unwrap().contains("reterra resume"));
    assert_eq!(bench.states(), [StageState::Done, StageState::Started]);
    bench.run_with(Action::StopOnce, OnStale::Refuse).unwrap();
    assert_eq!((bench.counts(), bench.result().as_str()), ([1, 2], "first 7\nsecond 7\n"));
}

#[test]
fn checkpoint_of_another_configuration_is_never_found() {
    let bench = Bench::new();
    bench.run_with(Action::StopOnce, OnStale::Refuse).unwrap_err();
    fs::write(bench.path("toy.toml"), workflow_text(8)).unwrap();
    let error = bench.run_with(Action::StopOnce, OnStale::Rerun).unwrap_err();
    assert!(matches!(error, WorkflowError::Interrupted { .. }), "it must start from nothing: {error}");
}

#[test]
fn failed_stage_is_named_and_leaves_the_earlier_ones_done() {
    let bench = Bench::new();
    let error = bench.run_with(Action::Fail, OnStale::Refuse).unwrap_err();
    let WorkflowError::Stage { stage: "second", source } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "it cannot work");
    assert_eq!(bench.states(), [StageState::Done, StageState::Absent]);
    let error = bench.run_with(Action::Forget, OnStale::Refuse).unwrap_err();
    assert!(matches!(error, WorkflowError::MissingOutput { .. }), "{error}");
}

#[test]
fn second_process_is_kept_out_of_a_run_directory() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("out")).unwrap();
    let held = lock::Lock::take(&bench.path("out")).unwrap();
    let error = bench.run().unwrap_err();
    let WorkflowError::Locked { pid, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, std::process::id().to_string());
    assert_eq!(running_process(&bench.path("out")).as_deref(), Some(pid.as_str()));
    drop(held);
    assert_eq!(running_process(&bench.path("out")), None);
    bench.run().unwrap();
}

#[test]
fn directory_with_other_files_is_left_alone() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("out/first")).unwrap();
    fs::write(bench.path("out/first/thesis.tex"), "precious").unwrap();
    let error = bench.run().unwrap_err();
    assert!(matches!(error, WorkflowError::NotEmpty { .. }), "{error}");
    assert!(bench.path("out/first/thesis.tex").exists());
}

#[test]
fn run_directory_alone_is_enough_to_resume() {
    let bench = Bench::new();
    bench.run_with(Action::Fail, OnStale::Refuse).unwrap_err();
    fs::remove_file(bench.path("toy.toml")).unwrap();
    let run = Run::in_directory(&bench.path("out"), &["leafcn"]).unwrap();
    let stages = bench.stages(Action::Write);
    let (interrupt, progress) = (Interrupt::new(), Progress::silent());
    let engine = Engine::new(&run, &stages, &interrupt, &progress);
    assert!(matches!(engine.finished().err(), Some(WorkflowError::NotDone { .. })));
    assert_eq!(engine.run(OnStale::Refuse, None).unwrap().ran, ["second"]);
    let context = engine.finished().unwrap();
    assert_eq!(context.manifest("first").unwrap().notes, ["one line"]);
    let error = Run::<Workflow>::in_directory(Path::new("nowhere"), &[]).unwrap_err();
    assert!(matches!(error, WorkflowError::NoRun { .. }));
}

#[test]
fn rerun_and_until_name_a_stage() {
    let bench = Bench::new();
    let run = Run::requested(&bench.request(), &["leafcn"]).unwrap();
    let stages = bench.stages(Action::Write);
    let (interrupt, progress) = (Interrupt::new(), Progress::silent());
    let engine = Engine::new(&run, &stages, &interrupt, &progress);
    assert_eq!(engine.run(OnStale::Refuse, Some("first")).unwrap().ran, ["first"]);
    engine.rerun("second").unwrap();
    engine.rerun("second").unwrap();
    assert_eq!(bench.counts(), [1, 2]);
    let error = engine.run(OnStale::Refuse, Some("third")).unwrap_err();
    assert!(error.help().unwrap().contains("first, second"), "{error}");
}

#[test]
fn stage_that_names_a_later_one_is_refused() {
    let bench = Bench::new();
    let run = Run::requested(&bench.request(), &["leafcn"]).unwrap();
    let mut stages = bench.stages(Action::Write);
    stages.reverse();
    let (interrupt, progress) = (Interrupt::new(), Progress::silent());
    let error = Engine::new(&run, &stages, &interrupt, &progress).plan().unwrap_err();
    assert!(matches!(error, WorkflowError::StageOrder { stage: "second", .. }), "{error}");
}
