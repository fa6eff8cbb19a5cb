"""Known answers of every optimizer: 50 updates of a few small tensors by given gradients, in float64."""

import json
from pathlib import Path

import numpy as np
import torch

from .optimizers import Update

FORMAT = "fathom-optimizers/1"
STEPS = 50
# Early steps for bias corrections, the step before and after RAdam's switch with the usual beta2 (6), and the end.
KEPT = [1, 2, 5, 6, 7, 20, 50]
# Wider than tall and taller than wide, for Muon; a vector; and one that begins as 0 and gets no gradient at first, for Lamb.
TENSORS = [("wide", "weight", (3, 4)), ("tall", "weight", (5, 2)), ("bias", "bias", (3,)), ("late", "bias", (2,))]
LATE = 3

VARIANTS = [
    {"type": "sgd"},
    {"type": "sgd", "momentum": 0.9},
    {"type": "sgd", "momentum": 0.75, "dampening": 0.5, "weightDecay": 0.0625},
    {"type": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.125, "decoupledWeightDecay": True},
    {"type": "rmsprop"},
    {"type": "rmsprop", "alpha": 0.75, "epsilon": 0.125, "momentum": 0.5, "weightDecay": 0.0625},
    {"type": "rmsprop", "alpha": 0.9, "epsilon": 0.01, "centered": True},
    {"type": "rmsprop", "alpha": 0.95, "epsilon": 0.01, "momentum": 0.9, "centered": True, "weightDecay": 0.25, "decoupledWeightDecay": True},
    {"type": "adagrad"},
    {"type": "adagrad", "learningRateDecay": 0.125, "initialAccumulator": 0.5, "epsilon": 0.25, "weightDecay": 0.0625},
    {"type": "adagrad", "weightDecay": 0.25, "decoupledWeightDecay": True},
    {"type": "adam"},
    {"type": "adam", "beta1": 0.5, "beta2": 0.9, "epsilon": 0.125, "weightDecay": 0.0625},
    {"type": "adam", "beta1": 0, "beta2": 0.75, "epsilon": 0.01},
    {"type": "adamW"},
    {"type": "adamW", "beta1": 0.75, "beta2": 0.95, "epsilon": 0.0625, "weightDecay": 0.25},
    {"type": "nadam"},
    {"type": "nadam", "beta1": 0.75, "beta2": 0.9, "epsilon": 0.125, "momentumDecay": 0.25, "weightDecay": 0.0625},
    {"type": "nadam", "momentumDecay": 0, "weightDecay": 0.25, "decoupledWeightDecay": True},
    {"type": "radam"},
    {"type": "radam", "beta1": 0.75, "beta2": 0.9, "epsilon": 0.125, "weightDecay": 0.0625},
    {"type": "radam", "beta2": 0.5, "weightDecay": 0.0625},
    {"type": "radam", "beta2": 0.99, "weightDecay": 0.25, "decoupledWeightDecay": True},
    {"type": "lion"},
    {"type": "lion", "beta1": 0.5, "beta2": 0.75, "weightDecay": 0.25},
    {"type": "lamb"},
    {"type": "lamb", "weightDecay": 0},
    {"type": "lamb", "beta1": 0.75, "beta2": 0.9, "epsilon": 0.125, "weightDecay": 0.5},
    {"type": "muon"},
    {"type": "muon", "adjust": "matchRmsAdamW", "weightDecay": 0.25, "beta1": 0.5, "beta2": 0.75, "epsilon": 0.0625},
    {"type": "muon", "momentum": 0.5, "nesterov": False, "iterations": 3, "weightDecay": 0},
]


def write(path):
    generator = np.random.default_rng(77)
    start = {name: binary(generator.normal(0, 1, shape)) for name, _, shape in TENSORS}
    start["late"][:] = 0
    # Of all magnitudes, some of them 0; exact in float32 too.
    gradients = [
        {name: binary(generator.normal(0, 1, shape) * 2.0 ** generator.integers(-4, 2)) for name, _, shape in TENSORS} for _ in range(STEPS)
    ]
    for step in range(STEPS):
        gradients[step]["wide"][step % 3] = 0 if step < 12 else gradients[step]["wide"][step % 3]
        gradients[step]["late"][:] = 0 if step < LATE else gradients[step]["late"]
    rates = [2.0**-5 if step < 10 else 2.0**-6 * (1 + step % 3) for step in range(STEPS)]
    record = {
        "format": FORMAT,
        "tensors": [{"name": name, "role": role, "shape": list(shape)} for name, role, shape in TENSORS],
        "start": flat(start),
        "learningRates": rates,
        "gradients": [flat(each) for each in gradients],
        "variants": [{"optimizer": variant, "after": run(variant, start, gradients, rates)} for variant in VARIANTS],
    }
    lines = [f" {json.dumps(key)}: " + (listed(value) if key in ("gradients", "variants") else dumps(value)) for key, value in record.items()]
    Path(path).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"optimizers.json: {len(VARIANTS)} variants of {STEPS} steps, {Path(path).stat().st_size / 1024:.0f} KiB")


def run(variant, start, gradients, rates):
    """{number of updates: all tensors after them, one behind the other}."""
    torch.set_default_dtype(torch.float64)
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    groups = [
        {"params": [parameters[name] for name, of, _ in TENSORS if of == role], "factor": 1.0, "decayFactor": 1.0, "role": role}
        for role in ("weight", "bias")
    ]
    update, after = Update(variant, groups), {}
    for step, (gradient, rate) in enumerate(zip(gradients, rates)):
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradient[name])
        update.step(rate)
        if step + 1 in KEPT:
            after[step + 1] = [float(f"{value:.14g}") for value in flat({name: p.detach().numpy() for name, p in parameters.items()})]
    torch.set_default_dtype(torch.float32)
    return after


def binary(values):
    """The nearest multiples of 2**-9: short decimals, exact in any precision."""
    return np.round(values * 512) / 512


def flat(tensors):
    return [value for name, _, _ in TENSORS for value in tensors[name].reshape(-1).tolist()]


def dumps(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def listed(items):
    return "[\n" + ",\n".join("  " + dumps(item) for item in items) + "\n ]"
