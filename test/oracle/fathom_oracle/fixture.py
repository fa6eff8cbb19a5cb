"""Writes the expected trace of one experiment: float64 numbers, and how far float32 strays from them."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from . import safetensors, strays, trace
from .experiment import Experiment

FORMAT = "fathom-trace/1"
# Runs from weights that are rounded otherwise, all of which must keep to the tolerance that the case grants.
TRIALS = 2


class Made(NamedTuple):
    stray: float
    truth: trace.Run


def write(file, weights_file, out):
    """Runs the experiment `file` from `weights_file` in both precisions; writes trace.json and final.safetensors into `out`.

    Returns the largest stray of all, and the float64 run.
    """
    experiment = Experiment(file)
    weights = safetensors.read(weights_file)
    truth, near = (trace.Run(experiment, weights, dtype) for dtype in (torch.float64, torch.float32))
    found = strays.of(truth, near)
    strays.refuse_chaos(file, found.all())
    strays.refuse_close_decisions(file, truth.schedule.plateau)
    for seed in range(TRIALS):
        moved = trace.Run(experiment, strays.rounded_otherwise(weights, seed), torch.float32)
        strays.refuse_luck(file, found.all(), strays.of(truth, moved).all())

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    parameters = []
    for name, stray in found.layers.items():
        scale = {} if found.scales[name] == name else {"scaleBy": found.scales[name]}
        parameters.append({"name": name, "stray": up(stray), **scale})
    auxiliary = [{"name": name, "stray": up(stray)} for name, stray in found.auxiliary.items()]
    (out / "trace.json").write_text(dumps({
        "format": FORMAT,
        "strays": {key: up(stray) for key, stray in found.scalars.items()},
        "parameters": parameters,
        **({"auxiliary": auxiliary} if auxiliary else {}),
        "final": [{"name": name, "stray": up(stray)} for name, stray in found.final.items()],
        "evaluation": {**rounded(truth.evaluation), "stray": up(found.evaluation)},
        "steps": rounded(truth.steps),
    }))
    # Rounding the truth to float32 costs 6e-8, far below the least tolerance of 1e-5.
    safetensors.write(out / "final.safetensors", {
        name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in truth.final.items()
    })
    return Made(max(found.all().values()), truth)


def rounded(value):
    """Nine significant digits: the error of 5e-9 is far below any tolerance, and the last bits differ between machines."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a trace holds {value}")
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def up(stray):
    """Two significant digits, never below the stray itself."""
    near = float(f"{stray:.1e}")
    return near if near >= stray else float(f"{stray * 1.05:.1e}")


def dumps(record):
    """JSON with one line for each entry of a top-level list, so that a difference can be read."""
    lines = []
    for key, value in record.items():
        if isinstance(value, list):
            text = "[\n" + ",\n".join("  " + json.dumps(item, separators=(",", ":")) for item in value) + "\n ]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
