//! Attention against candle's operations, finite differences and what it has to be exactly.

use super::*;
use crate::check::{Check, assert_close, random, values};
use candle_core::DType::{F32, F64};
use candle_core::Device;

/// Windows of a sample, twice; three kinds of mask and as many biases as asked for.
const KINDS: [u32; 3] = [0, 2, 1];

fn inputs(tokens: usize, dim: usize, heads: usize, kinds: usize, dtype: DType) -> Vec<Tensor> {
    vec![random(1, (6, tokens, 3 * dim), dtype), random(2, (kinds, heads, tokens, tokens), dtype)]
}

/// Every third pair of the second and third kind does not see each other.
fn mask(tokens: usize) -> Mask {
    let pairs = tokens * tokens;
    let values = (0..3 * pairs)
        .map(|k| if k >= pairs && k % 3 == 0 { f64::NEG_INFINITY } else { 0.0 })
        .collect::<Vec<f64>>();
    let values = Tensor::from_vec(values, (3, tokens, tokens), &Device::Cpu).unwrap();
    Mask { values, of_window: KINDS.into() }
}

/// Every fourth token is absent, and all of window 1.
fn present(tokens: usize) -> Tensor {
    let there = |k: usize| u8::from(!k.is_multiple_of(4) && k / tokens != 1);
    Tensor::from_vec((0..6 * tokens).map(there).collect(), (6, tokens), &Device::Cpu).unwrap()
}

/// Plain, with everything, and with a bias by window.
fn ways(tokens: usize, heads: usize) -> [(usize, WindowAttention); 3] {
    let plain = WindowAttention::new(heads);
    let full = WindowAttention { mask: Some(mask(tokens)), present: Some(present(tokens)), ..plain.clone() };
    let by_place = WindowAttention { bias_of_window: Some(KINDS.into()), ..full.clone() };
    [(1, plain), (1, full), (3, by_place)]
}

#[test]
fn its_gradients_are_the_finite_differences() {
    for (kinds, attention) in ways(4, 2) {
        let op = |t: &[Tensor]| window_attention(&t[0], &t[1], &attention);
        Check::new(&op).finite_differences(&inputs(4, 4, 2, kinds, F64));
    }
}

#[test]
fn it_agrees_with_candles_operations() {
    for (kinds, attention) in ways(18, 3) {
        let fast = |t: &[Tensor]| window_attention(&t[0], &t[1], &attention);
        let slow = |t: &[Tensor]| composed(&t[0], &t[1], &attention.checked(&t[0], &t[1])?);
        Check::new(&fast).agrees_with(&slow, &inputs(18, 12, 3, kinds, F32));
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for (kinds, attention) in ways(12, 2) {
        let op = |t: &[Tensor]| window_attention(&t[0], &t[1], &attention);
        let mut inputs = inputs(12, 8, 2, kinds, F32);
        inputs[0] = random(3, (96, 12, 24), F32);
        let mut attention = attention.clone();
        attention.present = None;
        let many = |t: &[Tensor]| window_attention(&t[0], &t[1], &attention);
        Check::new(&many).same_on_threads(&inputs);
        inputs[0] = random(3, (6, 12, 24), F32);
        Check::new(&op).same_on_threads(&inputs);
    }
}

#[test]
fn a_window_without_keys_gives_zero_and_absent_values_reach_nobody() {
    let attention = WindowAttention { present: Some(present(4)), ..WindowAttention::new(2) };
    let t = inputs(4, 4, 2, 1, F32);
    let out = window_attention(&t[0], &t[1], &attention).unwrap();
    assert!(values(&out.get(1).unwrap()).iter().all(|x| *x == 0.0));
    // Token 0 of every window is absent: another value of it changes nothing but its own query's row.
    let shifted =
        Tensor::cat(&[(t[0].narrow(1, 0, 1).unwrap() + 5.0).unwrap(), t[0].narrow(1, 1, 3).unwrap()], 1);
    let other = window_attention(&shifted.unwrap(), &t[1], &attention).unwrap();
    let rest = |t: &Tensor| t.narrow(1, 1, 3).unwrap();
    assert_close("present tokens", &rest(&other), &rest(&out), 0.0);
}

#[test]
fn equal_scores_give_the_mean_of_the_values() {
    let values = random(4, (1, 5, 4), F64);
    let qkv = Tensor::cat(&[&values.zeros_like().unwrap(), &values, &values], 2).unwrap();
    let bias = Tensor::zeros((1, 2, 5, 5), F64, &Device::Cpu).unwrap();
    let out = window_attention(&qkv, &bias, &WindowAttention::new(2)).unwrap();
    let mean = values.mean_keepdim(1).unwrap().broadcast_as((1, 5, 4)).unwrap();
    assert_close("attention", &out, &mean, 1.0e-15);
}

#[test]
fn what_does_not_fit_is_refused() {
    let t = inputs(4, 4, 2, 1, F32);
    let told =
        |attention: &WindowAttention| window_attention(&t[0], &t[1], attention).unwrap_err().to_string();
    assert!(told(&WindowAttention::new(5)).contains("heads that divide"));
    assert!(told(&WindowAttention::new(4)).contains("heads = 4"));
    let base = WindowAttention::new(2);
    let mut few = mask(4);
    few.of_window = [0, 1, 2, 0].into();
    assert!(told(&WindowAttention { mask: Some(few), ..base.clone() }).contains("4 windows"));
    let of_window = Some([0, 1].into());
    assert!(told(&WindowAttention { bias_of_window: of_window, ..base.clone() }).contains("kind 1"));
    let wrong = Some(Tensor::zeros((6, 3), DType::U8, &Device::Cpu).unwrap());
    assert!(told(&WindowAttention { present: wrong, ..base }).contains("tokens = 4"));
}
