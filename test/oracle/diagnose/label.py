"""Labels the nets of nets.py by what training them does, and writes labels.json: for each net its model, its label and the evidence.

Nothing that diagnose() looks at is used: no gradient, no fraction of saturated or dead units. The rule, fixed before any net was run:

Each net is drawn with three seeds, and trained on the digits by SGD with momentum 0.9 for STEPS steps at each of three RATES. Its final loss
is the mean over the last 20 steps, and the best of the rates counts. A net learns if that is below half the loss of guessing, ln 10.

1. learns, and so does its lower half alone (the other layers frozen; below 0.8 · ln 10):     healthy
2. learns, but its lower half alone does not:                                                  vanishing
3. does not learn, some hidden activation gives 0 for every sample, and the first weights
   never moved:                                                                                dead
4. does not learn, and even at the smallest rate the loss ends above 2 · ln 10 or not finite:  exploding
5. does not learn, but does if the weights of every hidden layer are divided by the root mean
   square of what it gives, where that is above 1, and no activation gives numbers above 2:    saturated
6. does not learn, and at the smallest rate the first weights move, relative to their norm,
   less than 1/100 (vanishing) or more than 100 times (exploding) as far as the last;          vanishing, exploding
7. anything else:                                                                              stalled

A net whose seeds disagree is at a border: it is kept, with the label "border", and diagnose() is not held to it.

usage: label.py [NAME …]   writes labels.json beside it; with names, only prints those
"""

import gzip
import json
import math
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fathom_oracle.environment import need_torch

need_torch()

import numpy as np
import torch
from torch import nn

from fathom_oracle import initialisers, layers
from nets import NETS

SEEDS = (0, 1, 2)
RATES = (0.1, 0.01, 0.001)
STEPS = 400
BATCH = 64
GUESSING = math.log(10)
DATA = HERE.parents[2] / "src" / "data" / "digits"


def idx(name):
    data = gzip.decompress((DATA / name).read_bytes())
    axes = data[3]
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


X = torch.tensor(idx("train-images.idx.gz").reshape(-1, 64) / 16.0, dtype=torch.float32)
Y = torch.tensor(idx("train-labels.idx.gz").astype(np.int64))


def make(specs, seed):
    model, inits = layers.build(specs, 64)
    state = initialisers.initial_state(model, inits, seed)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return model


def linears(model):
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def activations(model):
    """Modules without parameters or children: every one of these nets has no others."""
    return [module for module in model.modules() if not list(module.children()) and not list(module.parameters())]


def outputs_of(model, modules, x):
    found = {}
    hooks = [module.register_forward_hook(lambda m, _, y: found.__setitem__(m, y.detach())) for module in modules]
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return [found[module] for module in modules]


def shrink(model):
    """Divides each hidden linear layer by the root mean square of its outputs where that is above 1, in order of depth."""
    with torch.no_grad():
        for layer in linears(model)[:-1]:
            (y,) = outputs_of(model, [layer], X[:256])
            size = float(y.square().mean().sqrt())
            if size > 1:
                layer.weight /= size
                layer.bias /= size
    return model


def train(model, rate, seed, trainable=None):
    """Final loss, and how far every linear weight has moved relative to its norm."""
    model.train()
    weights = [layer.weight for layer in linears(model)]
    before = [weight.detach().clone() for weight in weights]
    parameters = trainable if trainable is not None else list(model.parameters())
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(STEPS):
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(len(X), generator=generator)])
        rows, order = order[:BATCH], order[BATCH:]
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(X[rows]), Y[rows])
        losses.append(float(loss))
        if not math.isfinite(losses[-1]):
            return math.inf, [math.nan] * len(weights)
        loss.backward()
        optimizer.step()
    moved = [float((now.detach() - then).norm() / max(float(then.norm()), 1e-30)) for now, then in zip(weights, before)]
    return sum(losses[-20:]) / 20, moved


def lower_half(model):
    """Parameters of the modules up to the middle linear layer."""
    middle = linears(model)[len(linears(model)) // 2]
    chosen = []
    for module in model.modules():
        if module is middle:
            return chosen
        chosen += list(module.parameters(recurse=False))
    return chosen


def evidence(specs, seed):
    runs = []
    for rate in RATES:
        model = make(specs, seed)
        runs.append(train(model, rate, seed))
    # The model that is left was trained at the smallest rate.
    given = outputs_of(model.train(), activations(model), X[:256])
    finals = [loss for loss, _ in runs]
    best = min(range(len(RATES)), key=lambda index: finals[index])
    moved = runs[-1][1]
    found = {
        "finalLoss": finals,
        "firstMoved": moved[0],
        "lastMoved": moved[-1],
        "silent": any(bool((y == 0).all()) for y in given),
        "bounded": all(float(y.abs().max()) <= 2 for y in given),
        "lowerHalf": None,
        "shrunk": None,
    }
    if finals[best] < 0.5 * GUESSING:
        half = make(specs, seed)
        found["lowerHalf"] = train(half, RATES[best], seed, lower_half(half))[0]
    else:
        found["shrunk"] = min(train(shrink(make(specs, seed)), rate, seed)[0] for rate in RATES)
    return found


def label(found):
    if min(found["finalLoss"]) < 0.5 * GUESSING:
        return "healthy" if found["lowerHalf"] < 0.8 * GUESSING else "vanishing"
    if found["silent"] and found["firstMoved"] == 0:
        return "dead"
    if not found["finalLoss"][-1] < 2 * GUESSING:
        return "exploding"
    if found["bounded"] and found["shrunk"] < 0.5 * GUESSING:
        return "saturated"
    if found["firstMoved"] < found["lastMoved"] / 100:
        return "vanishing"
    if found["firstMoved"] > 100 * found["lastMoved"]:
        return "exploding"
    return "stalled"


def compact(value):
    if isinstance(value, float):
        return float(f"{value:.3g}") if math.isfinite(value) else str(value).replace("inf", "Infinity").replace("nan", "NaN")
    if isinstance(value, list):
        return [compact(item) for item in value]
    if isinstance(value, dict):
        return {key: compact(item) for key, item in value.items()}
    return value


def main(names):
    torch.set_num_threads(1)
    lines = []
    for name in names or NETS:
        found = [evidence(NETS[name], seed) for seed in SEEDS]
        labels = [label(one) for one in found]
        agreed = labels[0] if len(set(labels)) == 1 else "border"
        entry = {"name": name, "label": agreed, "model": NETS[name], "seeds": [{"label": one, **compact(facts)} for one, facts in zip(labels, found)]}
        print(name, labels, json.dumps(compact(found[0])), file=sys.stderr, flush=True)
        lines.append(json.dumps(entry))
    if not names:
        (HERE / "labels.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


main(sys.argv[1:])
