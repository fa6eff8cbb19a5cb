"""Writes the expected trace of one experiment: float64 numbers, and how far float32 strays from them."""

import json
import math
from pathlib import Path

import numpy as np
import torch

from . import safetensors, strays, trace
from .experiment import Experiment

FORMAT = "fathom-trace/1"


def write(file, weights_file, out):
    """Runs the experiment `file` from `weights_file` in both precisions; writes trace.json and final.safetensors into `out`.

    Returns the largest stray of all.
    """
    experiment = Experiment(file)
    weights = safetensors.read(weights_file)
    names, steps64, final64, evaluation64 = trace.run(experiment, weights, torch.float64)
    _, steps32, final32, evaluation32 = trace.run(experiment, weights, torch.float32)
    scales = strays.scale_names(names, steps64)
    scalars = strays.scalar_strays(steps64, steps32)
    layers = strays.layer_strays(names, scales, steps64, steps32)
    final = strays.final_strays(final64, final32, scales)
    evaluation = strays.relative(evaluation32["loss"], evaluation64["loss"], abs(evaluation64["loss"]))
    everything = [*scalars.items(), *zip(names, layers), *((f"final {name}", stray) for name, stray in final.items()), ("evaluation", evaluation)]
    strays.refuse_chaos(file, everything)

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    parameters = []
    for name, stray in zip(names, layers):
        scale = {} if scales[name] == name else {"scaleBy": scales[name]}
        parameters.append({"name": name, "stray": up(stray), **scale})
    (out / "trace.json").write_text(dumps({
        "format": FORMAT,
        "strays": {key: up(stray) for key, stray in scalars.items()},
        "parameters": parameters,
        "final": [{"name": name, "stray": up(stray)} for name, stray in final.items()],
        "evaluation": {**rounded(evaluation64), "stray": up(evaluation)},
        "steps": rounded(steps64),
    }))
    # Rounding the truth to float32 costs 6e-8, far below the least tolerance of 1e-5.
    safetensors.write(out / "final.safetensors", {
        name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in final64.items()
    })
    return max(stray for _, stray in everything)


def rounded(value):
    """Ten significant digits: the error of 5e-11 is far below any tolerance, and the last bits differ between machines."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a trace holds {value}")
        return float(f"{value:.10g}")
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
