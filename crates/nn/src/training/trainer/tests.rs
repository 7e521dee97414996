//! Runs of a small network: resumed to the same bits, stopped, interrupted, and better than at the start.

use super::*;
use crate::blocks::{BiasKind, Pass, SwinBlock, SwinOptions};
use crate::check::{random, values};
use crate::training::Averaging;
use crate::windows::{Edge, Grid, Offset, Tiling, Windows};
use candle_core::{DType, Device, IndexOp};
use std::cell::RefCell;
use std::sync::Arc;

const GRID: Grid = Grid { depth: 2, rows: 4, columns: 4 };
const SAMPLES: usize = 6;

/// A block that learns to repeat its input's neighbours; scores as told, or by the loss of all samples.
struct Example {
    parameters: Parameters,
    block: SwinBlock,
    data: Tensor,
    scores: RefCell<Vec<f64>>,
}

impl Example {
    fn new() -> Self {
        let tiling = Tiling { rows: 2, columns: 2, offset: Offset::Half, edge: Edge::Wrapped };
        let windows = Arc::new(Windows::new(GRID, tiling, &Device::Cpu).unwrap());
        let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        let bias = BiasKind::Distance;
        let options = SwinOptions { dim: 6, heads: 2, hidden: 12, bias, condition: 0, drop_path: 0.2 };
        let block = SwinBlock::new(parameters.root(), &windows, options, 0).unwrap();
        let data = random(4, (SAMPLES, GRID.tokens(), 6), DType::F32);
        Self { parameters, block, data, scores: RefCell::default() }
    }

    fn samples(&self, samples: &[usize], mode: Mode) -> Result<Tensor, NnError> {
        let parts: Vec<Tensor> = samples.iter().map(|k| self.data.i(*k).unwrap()).collect();
        let x = Tensor::stack(&parts, 0)?;
        let out = self.block.forward(&x, Pass { mode, ..Pass::plain() })?;
        Ok((out - x.roll(1, 1)?)?.sqr()?.mean_all()?)
    }

    fn bits(&self) -> Vec<u64> {
        self.parameters.iter().flat_map(|(_, v)| values(v)).map(f64::to_bits).collect()
    }
}

impl Task for Example {
    fn loss(&self, part: &Part) -> Result<Tensor, NnError> {
        self.samples(&part.samples, part.mode)
    }

    fn score(&self) -> Result<f64, NnError> {
        if let Some(score) = self.scores.borrow_mut().pop() {
            return Ok(score);
        }
        let all: Vec<usize> = (0..SAMPLES).collect();
        Ok(self.samples(&all, Mode::Predict)?.to_scalar::<f32>()?.into())
    }
}

fn options(steps: u64) -> TrainingOptions {
    let warmup = steps.min(2);
    TrainingOptions {
        seed: 3,
        samples: SAMPLES,
        batch: 2,
        parts: 2,
        schedule: Schedule { steps, warmup, peak: 0.01, floor: 0.0 },
        adamw: AdamWOptions::default(),
        clip: 1.0,
        stopping: Some(Stopping { every: 3, patience: 4 }),
        checkpoints: None,
    }
}

fn run(example: &Example, options: TrainingOptions, stop_after: u64) -> (End, Vec<Progress>) {
    let mut trainer = Trainer::new(&example.parameters, options).unwrap();
    trainer.resume().unwrap();
    let mut told = Vec::new();
    let mut watch = |progress: &Progress| {
        told.push(*progress);
        if progress.step == stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let end = trainer.run(example, &mut watch).unwrap();
    (end, told)
}

/// Interrupted after five of ten steps, and killed after seven with the checkpoint of the sixth: a new process with other
/// parameters goes on to the same bits.
#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let straight = Example::new();
    let (end, told) = run(&straight, options(10), 99);
    assert_eq!((end, told.len()), (End::Finished, 10));
    for (every, stop_after, kept) in [(100, 5, 5), (3, 7, 6)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let with = |every| TrainingOptions {
            checkpoints: Some(Checkpoints { path: path.clone(), every }),
            ..options(10)
        };
        let first = Example::new();
        if kept == stop_after {
            assert_eq!(run(&first, with(every), stop_after).0, End::Interrupted);
        } else {
            killed_after(&first, with(every), stop_after);
        }
        let second = Example::new();
        let (end, rest) = run(&second, with(every), 99);
        assert_eq!((end, rest[0].step), (End::Finished, kept + 1));
        assert_eq!(second.bits(), straight.bits(), "stopped after {stop_after}");
        let losses = |told: &[Progress]| told.iter().map(|p| p.loss.to_bits()).collect::<Vec<_>>();
        assert_eq!(losses(&rest), losses(&told[kept as usize..]));
    }
}

/// A run that nothing tells of its end: the watcher panics after that step.
fn killed_after(example: &Example, options: TrainingOptions, step: u64) {
    let mut trainer = Trainer::new(&example.parameters, options).unwrap();
    let mut watch = |progress: &Progress| {
        assert!(progress.step < step, "killed");
        ControlFlow::Continue(())
    };
    let run = std::panic::AssertUnwindSafe(|| trainer.run(example, &mut watch));
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn training_lowers_the_loss() {
    let example = Example::new();
    let before = example.score().unwrap();
    let (_, told) = run(&example, TrainingOptions { stopping: None, ..options(150) }, 999);
    let after = example.score().unwrap();
    assert!(after < 0.6 * before, "{before} to {after}");
    let last = told.last().unwrap();
    assert_eq!((last.step, last.left), (150, std::time::Duration::ZERO));
    assert!(told.iter().all(|p| p.gradient > 0.0));
}

/// Scores are popped from the end: 3, 1, then worse ones.
#[test]
fn the_run_stops_where_scores_no_longer_fall_and_keeps_the_best() {
    let example = Example::new();
    *example.scores.borrow_mut() = vec![9.0, 9.0, 1.5, 2.0, 1.0, 3.0];
    let options = TrainingOptions { stopping: Some(Stopping { every: 1, patience: 2 }), ..options(50) };
    let mut trainer = Trainer::new(&example.parameters, options).unwrap();
    let mut steps = 0;
    let end = trainer.run(&example, &mut |p| {
        steps = p.step;
        ControlFlow::Continue(())
    });
    assert_eq!((end.unwrap(), steps), (End::Patience, 4));
    let (score, best) = trainer.best().unwrap();
    assert_eq!(score.to_bits(), 1.0_f64.to_bits());
    let best: Vec<u64> = best.values().flat_map(values).map(f64::to_bits).collect();
    assert_eq!(example.bits(), best);
}

/// Two parts of three samples are a step of six: every epoch has all samples, so order doesn't matter.
#[test]
fn gradients_of_parts_are_those_of_the_whole() {
    let with = |batch, parts| {
        let mut example = Example::new();
        let mut options = options(1);
        (options.batch, options.parts, options.stopping) = (batch, parts, None);
        options.adamw.averaging = Averaging::Off;
        // Paths are dropped by part and sample, so none are here.
        let tiling = Tiling { rows: 2, columns: 2, offset: Offset::Corner, edge: Edge::Closed };
        let windows = Arc::new(Windows::new(GRID, tiling, &Device::Cpu).unwrap());
        let bias = BiasKind::Distance;
        let block = SwinOptions { dim: 6, heads: 2, hidden: 12, bias, condition: 0, drop_path: 0.0 };
        example.parameters = Parameters::new(1, DType::F32, &Device::Cpu);
        example.block = SwinBlock::new(example.parameters.root(), &windows, block, 0).unwrap();
        let (_, told) = run(&example, options, 99);
        (told[0].loss, told[0].gradient)
    };
    let (whole, parts) = (with(6, 1), with(3, 2));
    assert!((whole.0 / parts.0 - 1.0).abs() < 1.0e-6, "{whole:?} and {parts:?}");
    assert!((whole.1 / parts.1 - 1.0).abs() < 1.0e-5, "{whole:?} and {parts:?}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_step() {
    let mut example = Example::new();
    example.data = (example.data.clone() * f64::NAN).unwrap();
    let mut trainer = Trainer::new(&example.parameters, options(5)).unwrap();
    let error = trainer.run(&example, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(error.contains("loss of step 0"), "{error}");
}

#[test]
fn a_checkpoint_of_another_seed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let example = Example::new();
    let checkpoints = Some(Checkpoints { path, every: 1 });
    run(&example, TrainingOptions { checkpoints: checkpoints.clone(), ..options(1) }, 9);
    let other = TrainingOptions { seed: 4, checkpoints, ..options(1) };
    let error = Trainer::new(&example.parameters, other).unwrap().resume().unwrap_err().to_string();
    assert!(error.contains("is of seed 3"), "{error}");
}
