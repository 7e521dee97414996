"""The block of `swin.rs` in PyTorch: 200 windows of 72 tokens, 96 channels, 6 heads. One line a case, in milliseconds.

    python crates/nn/benches/swin.py [threads]

With the path of the compiled bench as second argument both run in turn, so that a loaded machine slows both alike:

    python crates/nn/benches/swin.py 1 target/release/deps/swin-*
"""

import os
import re
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

WINDOWS, TOKENS, DIM, HEADS = 200, 72, 96, 6
DEPTH, ROWS, COLUMNS, SIDE = 2, 60, 120, 6
ROUNDS, REPEATS = 3, 5


def normal(*shape):
    return torch.randn(*shape, generator=GENERATOR).requires_grad_()


def attention(qkv, bias):
    q, k, v = qkv.reshape(-1, TOKENS, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    return mixed.transpose(1, 2).reshape(-1, TOKENS, DIM)


class Block(torch.nn.Module):
    """Shifted windows, with the mask of those that hold two ends of the grid."""

    def __init__(self):
        super().__init__()
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(DIM) for _ in range(2))
        self.qkv, self.out = torch.nn.Linear(DIM, 3 * DIM), torch.nn.Linear(DIM, DIM)
        self.widen, self.narrow = torch.nn.Linear(DIM, 4 * DIM), torch.nn.Linear(4 * DIM, DIM)
        place = torch.arange(TOKENS)
        axes = torch.stack([place // SIDE**2, place // SIDE % SIDE, place % SIDE])
        apart = axes[:, :, None] - axes[:, None, :] + torch.tensor([DEPTH - 1, SIDE - 1, SIDE - 1])[:, None, None]
        self.index = (apart[0] * (2 * SIDE - 1) + apart[1]) * (2 * SIDE - 1) + apart[2]
        self.table = torch.nn.Parameter(torch.randn((2 * DEPTH - 1) * (2 * SIDE - 1) ** 2, HEADS) * 0.02)
        end = torch.stack([axes[1] >= SIDE - SIDE // 2, axes[2] >= SIDE - SIDE // 2])
        differs = end[:, :, None] != end[:, None, :]
        rows, columns = ROWS // SIDE, COLUMNS // SIDE
        window = torch.arange(WINDOWS)
        last = torch.stack([window // columns == rows - 1, window % columns == columns - 1])
        hidden = (last[:, :, None, None] & differs[:, None]).any(0)
        self.mask = torch.zeros(WINDOWS, TOKENS, TOKENS).masked_fill(hidden, float("-inf"))[:, None]

    def forward(self, x):
        grid = self.norms[0](x).reshape(DEPTH, ROWS, COLUMNS, DIM).roll((-SIDE // 2, -SIDE // 2), (1, 2))
        split = (DEPTH, ROWS // SIDE, SIDE, COLUMNS // SIDE, SIDE, DIM)
        parts = grid.reshape(split).permute(1, 3, 0, 2, 4, 5).reshape(WINDOWS, TOKENS, DIM)
        bias = self.table[self.index].permute(2, 0, 1)[None] + self.mask
        rows = self.out(attention(self.qkv(parts), bias))
        back = rows.reshape(ROWS // SIDE, COLUMNS // SIDE, DEPTH, SIDE, SIDE, DIM).permute(2, 0, 3, 1, 4, 5)
        back = back.reshape(DEPTH, ROWS, COLUMNS, DIM).roll((SIDE // 2, SIDE // 2), (1, 2))
        x = x + back.reshape(1, -1, DIM)
        return x + self.narrow(F.gelu(self.widen(self.norms[1](x)), approximate="tanh"))


def cases():
    block, x = Block(), normal(1, WINDOWS * TOKENS, DIM)
    wide, qkv = normal(1, WINDOWS * TOKENS, 4 * DIM), normal(WINDOWS, TOKENS, 3 * DIM)
    bias, weight, shift = normal(1, HEADS, TOKENS, TOKENS), normal(4 * DIM, DIM), normal(4 * DIM)
    scale, offset = normal(DIM), normal(DIM)
    return {
        "block": lambda: block(x),
        "attention": lambda: attention(qkv, bias),
        "linear": lambda: F.linear(x, weight, shift),
        "layer norm": lambda: F.layer_norm(x, (DIM,), scale, offset),
        "gelu": lambda: F.gelu(wide, approximate="tanh"),
    }


def best(run):
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def torch_times(found):
    for name, forward in cases().items():
        for way, run in [("forward", forward), ("forward and backward", lambda: forward().sum().backward())]:
            key = f"{name}/{way}"
            found[key] = min(found.get(key, float("inf")), best(run))


def rust_times(program, threads, found):
    """The lowest of criterion's three numbers, in milliseconds."""
    options = ["--bench", "--warm-up-time", "0.5", "--measurement-time", "2", "--noplot"]
    environment = {**os.environ, "RAYON_NUM_THREADS": threads}
    text = subprocess.run([program, *options], env=environment, capture_output=True, text=True, check=True).stdout
    units = {"µs": 1.0e-3, "ms": 1.0, "s": 1.0e3}
    for key, low, unit in re.findall(r"^(.+?)\s+time:\s+\[([\d.]+) (\S+)", text, re.MULTILINE):
        found[key] = min(found.get(key, float("inf")), float(low) * units[unit])


if __name__ == "__main__":
    THREADS = sys.argv[1] if len(sys.argv) > 1 else "1"
    torch.set_num_threads(int(THREADS))
    GENERATOR = torch.Generator().manual_seed(1)
    ours, theirs = {}, {}
    for _ in range(ROUNDS):
        torch_times(theirs)
        if len(sys.argv) > 2:
            rust_times(sys.argv[2], THREADS, ours)
    print(f"PyTorch {torch.__version__}, {THREADS} threads; lowest of {ROUNDS} rounds")
    for key, value in theirs.items():
        ratio = f"  here {ours[key]:8.2f}  ratio {ours[key] / value:5.2f}" if key in ours else ""
        print(f"{key:36} PyTorch {value:8.2f}{ratio}")
