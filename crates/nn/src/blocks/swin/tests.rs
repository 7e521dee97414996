//! The whole block: gradients of every parameter, what reaches what, and the same bits on any number of threads.

use super::*;
use crate::blocks::{Draw, Mode};
use crate::check::{assert_close, random, values};
use crate::parameters::Parameters;
use crate::windows::{Edge, Grid, Offset, Tiling};
use candle_core::DType::{self, F32, F64};
use candle_core::{Device, Var};

const GRID: Grid = Grid { depth: 2, rows: 3, columns: 4 };

fn options(drop_path: f64) -> SwinOptions {
    SwinOptions { dim: 4, heads: 2, hidden: 6, bias: BiasKind::Distance, condition: 3, drop_path }
}

fn windows(offset: Offset) -> Arc<Windows> {
    let tiling = Tiling { rows: 2, columns: 2, offset, edge: Edge::Wrapped };
    Arc::new(Windows::new(GRID, tiling, &Device::Cpu).unwrap())
}

/// A block whose parameters are all of order one tenth to one, so that every part of it matters.
fn block(offset: Offset, options: SwinOptions, dtype: DType) -> (Parameters, SwinBlock) {
    let mut parameters = Parameters::new(1, dtype, &Device::Cpu);
    let block = SwinBlock::new(parameters.root().child("block"), &windows(offset), options, 0).unwrap();
    for (seed, (_, variable)) in parameters.iter().enumerate() {
        let noise = (random(seed as u64, variable.shape(), dtype) * 0.3).unwrap();
        variable.set(&(variable.as_tensor() + noise).unwrap()).unwrap();
    }
    (parameters, block)
}

/// Some tokens are absent.
fn present() -> Tensor {
    let flags = (0..2 * GRID.tokens()).map(|k| u8::from(k % 5 != 3)).collect();
    Tensor::from_vec(flags, (2, GRID.tokens()), &Device::Cpu).unwrap()
}

fn inputs(dtype: DType) -> [Tensor; 2] {
    [random(11, (2, GRID.tokens(), 4), dtype), random(12, (2, 3), dtype)]
}

fn train(part: u32) -> Mode {
    Mode::Train(Draw { seed: 9, part })
}

fn loss(block: &SwinBlock, [x, condition]: &[Tensor; 2], mode: Mode) -> Tensor {
    let present = present();
    let pass = Pass { mode, condition: Some(condition), present: Some(&present) };
    let out = block.forward(x, pass).unwrap();
    (&out * random(13, out.shape(), out.dtype())).unwrap().sum_all().unwrap()
}

/// Central difference of the loss in one number of a variable.
fn difference(variable: &Var, k: usize, loss: &dyn Fn() -> Tensor) -> f64 {
    const STEP: f64 = 1.0e-5;
    let numbers = values(variable.as_tensor());
    let set = |by: f64| {
        let mut moved = numbers.clone();
        moved[k] += by;
        variable.set(&Tensor::from_vec(moved, variable.shape(), &Device::Cpu).unwrap()).unwrap();
        loss().to_scalar::<f64>().unwrap()
    };
    let difference = (set(STEP) - set(-STEP)) / (2.0 * STEP);
    set(0.0);
    difference
}

#[test]
fn every_parameter_and_input_has_the_gradient_of_the_finite_differences() {
    for offset in [Offset::Corner, Offset::Half] {
        let (parameters, block) = block(offset, options(0.0), F64);
        let inputs = inputs(F64).map(|t| Var::from_tensor(&t).unwrap());
        let tensors = [inputs[0].as_tensor().clone(), inputs[1].as_tensor().clone()];
        let loss = || loss(&block, &tensors, Mode::Predict);
        let store = loss().backward().unwrap();
        let named = parameters.iter().chain([("tokens", &inputs[0]), ("condition", &inputs[1])]);
        for (name, variable) in named {
            let gradient = store.get(variable).unwrap_or_else(|| panic!("{name} has no gradient"));
            let largest = values(gradient).iter().fold(0.0_f64, |top, g| top.max(g.abs()));
            assert!(largest.is_finite() && largest > 1.0e-4, "{name}: {largest}");
            let differences: Vec<f64> =
                (0..variable.elem_count()).map(|k| difference(variable, k, &loss)).collect();
            let differences = Tensor::from_vec(differences, variable.shape(), &Device::Cpu).unwrap();
            assert_close(name, gradient, &differences, 1.0e-8);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let grid = Grid { depth: 3, rows: 12, columns: 12 };
    let tiling = Tiling { rows: 4, columns: 4, offset: Offset::Half, edge: Edge::Closed };
    let windows = Arc::new(Windows::new(grid, tiling, &Device::Cpu).unwrap());
    let mut parameters = Parameters::new(1, F32, &Device::Cpu);
    let options = SwinOptions { dim: 24, heads: 3, hidden: 48, ..options(0.2) };
    let block = SwinBlock::new(parameters.root(), &windows, options, 0).unwrap();
    let (x, condition) = (random(1, (3, grid.tokens(), 24), F32), random(2, (3, 3), F32));
    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let pass = Pass { mode: train(3), condition: Some(&condition), present: None };
            let out = block.forward(&x, pass).unwrap();
            let store = out.sqr().unwrap().mean_all().unwrap().backward().unwrap();
            let gradients = parameters.iter().map(|(_, v)| store.get(v).unwrap().clone());
            let all: Vec<Tensor> = gradients.chain([out]).collect();
            all.iter().map(|t| values(t).iter().map(|x| x.to_bits()).collect()).collect::<Vec<Vec<u64>>>()
        })
    };
    let one = bits(1);
    assert!(one == bits(2) && one == bits(4));
}

/// Half a window further the third row is in a window with the absent fourth one and, rolled, the first.
#[test]
fn a_token_reaches_the_tokens_of_its_window_and_no_others() {
    let reached = |offset| {
        let (_, block) = block(offset, options(0.0), F32);
        let [x, condition] = inputs(F32);
        let first = Tensor::from_vec(
            (0..96).map(|k| if k < 4 { k as f32 } else { 0.0 }).collect(),
            (1, 24, 4),
            &Device::Cpu,
        );
        let moved = x.broadcast_add(&first.unwrap()).unwrap();
        let pass = Pass { condition: Some(&condition), ..Pass::plain() };
        let change = (block.forward(&moved, pass).unwrap() - block.forward(&x, pass).unwrap()).unwrap();
        let by_token = values(&change.get(0).unwrap().abs().unwrap().sum(1).unwrap());
        (0..24).filter(|k| by_token[*k] > 0.0).collect::<Vec<usize>>()
    };
    assert_eq!(reached(Offset::Corner), [0, 1, 4, 5, 12, 13, 16, 17]);
    assert_eq!(reached(Offset::Half), [0, 3, 12, 15]);
}

#[test]
fn absent_tokens_reach_nobody() {
    let (_, block) = block(Offset::Half, options(0.0), F32);
    let [x, condition] = inputs(F32);
    let present = present();
    let flags = present.unsqueeze(2).unwrap().to_dtype(F32).unwrap();
    let absent = (1.0 - &flags).unwrap();
    let moved = x.broadcast_add(&(absent * 7.0).unwrap()).unwrap();
    let pass = Pass { mode: Mode::Predict, condition: Some(&condition), present: Some(&present) };
    let [out, other] = [x, moved].map(|x| block.forward(&x, pass).unwrap().broadcast_mul(&flags).unwrap());
    assert_eq!(values(&out), values(&other));
}

#[test]
fn dropped_paths_follow_from_the_draw() {
    let (_, block) = block(Offset::Corner, options(0.5), F32);
    let inputs = inputs(F32);
    let value = |mode| values(&loss(&block, &inputs, mode))[0].to_bits();
    assert_eq!(value(train(1)), value(train(1)));
    assert!((2..9).any(|part| value(train(part)) != value(train(1))));
}

#[test]
fn a_missing_condition_is_told() {
    let (_, block) = block(Offset::Corner, options(0.0), F32);
    let error = block.forward(&inputs(F32)[0], Pass::plain()).unwrap_err().to_string();
    assert!(error.contains("condition of a block"), "{error}");
}
