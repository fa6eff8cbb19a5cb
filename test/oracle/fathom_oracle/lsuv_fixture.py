"""A known answer of layer-sequential unit-variance initialisation: weights before and after, and the batch they were fitted to."""

import json
from pathlib import Path

import numpy as np

from .initialisers import initial_state
from .initialization import initialize
from .layers import Model
from .safetensors import DTYPES

FORMAT = "fathom-lsuv/1"
SEED, ROWS, FEATURES = 31, 16, 7
MODEL = [
    {"type": "linear", "units": 12, "init": "orthogonal", "biasInit": {"type": "uniform", "low": -1, "high": 1}},
    {"type": "batchNorm"},
    {"type": "tanh"},
    {"type": "residual", "body": [
        {"type": "linear", "units": 10, "init": {"type": "normal", "standardDeviation": 2}}, {"type": "relu"},
        {"type": "linear", "units": 12, "init": {"type": "normal", "standardDeviation": 0.01}, "biasInit": "zeros"},
    ]},
    {"type": "silu"},
    {"type": "linear", "units": 3, "init": "orthogonal", "biasInit": {"type": "constant", "value": 0.75}},
]  # fmt: skip
VARIANTS = [
    {"type": "lsuv"},
    # One division leaves the bias's share: the last layer would be done after three.
    {"type": "lsuv", "tolerance": 0.0001, "iterations": 2},
    {"type": "lsuv", "tolerance": 0.001},
]


def write(path):
    x = np.random.default_rng(SEED).normal(0.3, 1.5, (ROWS, FEATURES)).astype(np.float32)
    before = initial_state(Model(MODEL, FEATURES, SEED), SEED)
    record = {
        "format": FORMAT,
        "model": MODEL,
        "x": tensor(x),
        "before": named(before),
        "variants": [{"initialization": v, "after": named(initialize(v, Model(MODEL, FEATURES, SEED), before, x))} for v in VARIANTS],
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value, separators=(',', ':'), allow_nan=False)}" for key, value in record.items()]
    Path(path).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"lsuv.json: {len(VARIANTS)} variants, {Path(path).stat().st_size / 1024:.0f} KiB")


def named(state):
    return {name: tensor(array) for name, array in state.items() if array.dtype == np.dtype(DTYPES["F32"])}


def tensor(array):
    """Nine significant digits name a float32."""
    return {"shape": list(array.shape), "data": [float(f"{value:.9g}") for value in array.reshape(-1).tolist()]}
