//! A window-attention block and its parts, forward and backward: 200 windows of 72 tokens, 96 channels, 6 heads.
//!
//! `benches/swin.py` times the same block in PyTorch.

use std::hint::black_box;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use reterra_nn::blocks::{BiasKind, Pass, SwinBlock, SwinOptions};
use reterra_nn::ops::{WindowAttention, gelu, layer_norm, linear, window_attention};
use reterra_nn::{Edge, Grid, Offset, Parameters, Tiling, Windows};

const DIM: usize = 96;
const HEADS: usize = 6;
const GRID: Grid = Grid { depth: 2, rows: 60, columns: 120 };

/// Numbers of order one that need no random generator.
fn waves(parameters: &mut Parameters, name: &str, shape: &[usize]) -> Tensor {
    parameters.root().normal(name, shape, 1.0).expect("a new name")
}

fn block(parameters: &mut Parameters) -> SwinBlock {
    let tiling = Tiling { rows: 6, columns: 6, offset: Offset::Half, edge: Edge::Closed };
    let windows = Arc::new(Windows::new(GRID, tiling, &Device::Cpu).expect("windows fit the grid"));
    let options = SwinOptions {
        dim: DIM,
        heads: HEADS,
        hidden: 4 * DIM,
        bias: BiasKind::Distance,
        condition: 0,
        drop_path: 0.0,
    };
    SwinBlock::new(parameters.root().child("block"), &windows, options, 0).expect("a block")
}

/// Forward, and forward with backward.
fn both(c: &mut Criterion, name: &str, forward: &dyn Fn() -> Tensor) {
    let mut group = c.benchmark_group(name);
    group.sample_size(10);
    group.bench_function("forward", |b| b.iter(|| black_box(forward())));
    group.bench_function("forward and backward", |b| {
        b.iter(|| black_box(forward().sum_all().and_then(|loss| loss.backward()).expect("gradients")));
    });
    group.finish();
}

fn bench(c: &mut Criterion) {
    let mut parameters = Parameters::new(1, DType::F32, &Device::Cpu);
    let block = block(&mut parameters);
    let x = waves(&mut parameters, "x", &[1, GRID.tokens(), DIM]);
    let wide = waves(&mut parameters, "wide", &[1, GRID.tokens(), 4 * DIM]);
    let qkv = waves(&mut parameters, "qkv", &[200, 72, 3 * DIM]);
    let bias = waves(&mut parameters, "bias", &[1, HEADS, 72, 72]);
    let weight = waves(&mut parameters, "weight", &[4 * DIM, DIM]);
    let shift = waves(&mut parameters, "shift", &[4 * DIM]);
    let (scale, offset) = (waves(&mut parameters, "scale", &[DIM]), waves(&mut parameters, "offset", &[DIM]));
    let attention = WindowAttention::new(HEADS);
    both(c, "block", &|| block.forward(&x, Pass::plain()).expect("a block"));
    both(c, "attention", &|| window_attention(&qkv, &bias, &attention).expect("attention"));
    both(c, "linear", &|| linear(&x, &weight, &shift).expect("a map"));
    both(c, "layer norm", &|| layer_norm(&x, &scale, &offset, 1.0e-5).expect("a norm"));
    both(c, "gelu", &|| gelu(&wide).expect("gelu"));
}

criterion_group!(benches, bench);
criterion_main!(benches);
