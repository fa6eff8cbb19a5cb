"""Labels the nets of nets.py by what training them does, and writes labels.json: for each net its model, its label and the evidence.

Nothing that diagnose() looks at is used: no gradient, no fraction of saturated or dead units. The rule, fixed before any net was run:

Each net is drawn with three seeds, and trained on the digits by SGD with momentum 0.9 for STEPS steps at each of three RATES. Its final loss
is the mean over the last 20 steps, and the best of the rates counts. A net learns if that is below half the loss of guessing, ln 10.

1. learns, and its first layers take part: its lower half learns alone (the other layers
   frozen; below 0.8 · ln 10), or its first weights move, relative to their norm and at the
   smallest rate, at least a tenth as far as its last:                                          healthy
2. does not learn, some hidden activation gives 0 for every sample, and the first weights
   never moved:                                                                                 dead
3. does not learn, and even at the smallest rate the loss ends above 2 · ln 10 or not finite:   exploding
4. else, if it learns once every unit of the hidden linear layers is given mean 0 and variance
   1 before training, the size of its numbers was at fault: saturated where the layers gave more
   than 1 (geometric mean of root mean squares) and no activation gives a number above 2, else
   vanishing:                                                                                   saturated, vanishing
5. else, if at the smallest rate the first weights move less than 1/100 (vanishing) or more
   than 100 times (exploding) as far as the last:                                               vanishing, exploding
6. anything else:                                                                               stalled

A net whose seeds disagree is at a border: it is kept, with the label "border", and diagnose() is not held to it.

usage: label.py [NAME …]   writes labels.json beside it; with names, only those are made anew
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

from fathom_oracle import initialisers, layers, modules
from nets import NETS

SEEDS = (0, 1, 2)
RATES = (0.1, 0.01, 0.001)
STEPS = 200
BATCH = 32
GUESSING = math.log(10)
DATA = HERE.parents[2] / "src" / "data" / "digits"


def idx(name):
    data = gzip.decompress((DATA / name).read_bytes())
    axes = data[3]
    shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


X = torch.tensor(idx("train-images.idx.gz").reshape(-1, 64) / 16.0, dtype=torch.float32)
Y = torch.tensor(idx("train-labels.idx.gz").astype(np.int64))


class Stack:
    """One net drawn with several seeds and trained at several rates, all at once: parameters have a first axis more, one entry for each run."""

    def __init__(self, specs, runs):
        """`runs`: (seed, rate) pairs."""
        self.runs = runs
        self.rates = torch.tensor([rate for _, rate in runs]).reshape(-1, 1, 1)
        drawn = []
        for seed, _ in runs:
            built = layers.Model(specs, 64, seed)
            drawn.append(initialisers.initial_state(built, seed))
        self.model = model = built.network
        names = [name for name, _ in model.named_parameters()]
        # Vectors become rows, so that every parameter has three axes.
        self.parameters = {name: torch.stack([torch.from_numpy(one[name]).reshape(-1, one[name].shape[-1]) for one in drawn]) for name in names}
        self.linears = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]

    def forward(self, x, watch=None):
        """x: [runs, rows, features]. `watch(kind, name, y)` sees what every linear layer and activation gives."""
        return self.run(self.model, "", x, watch)

    def run(self, module, name, x, watch):
        get = lambda own: self.parameters[f"{name}.{own}"]
        if isinstance(module, nn.Linear):
            y = torch.baddbmm(get("bias"), x, get("weight").transpose(1, 2))
        elif isinstance(module, nn.BatchNorm1d):
            mean = x.mean(1, keepdim=True)
            variance = (x - mean).square().mean(1, keepdim=True)
            return (x - mean) / (variance + module.eps).sqrt() * get("weight") + get("bias")
        elif isinstance(module, nn.LayerNorm):
            return nn.functional.layer_norm(x, module.normalized_shape, eps=module.eps) * get("weight") + get("bias")
        elif isinstance(module, nn.Sequential):
            y = x
            for own, child in module.named_children():
                y = self.run(child, f"{name}.{own}" if name else own, y, watch)
            return x + y if isinstance(module, modules.Residual) else y
        else:
            y = module(x)
        if watch:
            watch("linear" if isinstance(module, nn.Linear) else "activation", name, y)
        return y

    def standardise(self):
        """Gives each unit of a hidden linear layer mean 0 and variance 1 over 256 samples, in order of depth. Returns the geometric mean,
        over these layers, of the root mean square of what they gave."""
        logs = torch.zeros(len(self.runs))
        for name in self.linears[:-1]:
            given = []
            with torch.no_grad():
                self.forward(X[:256].expand(len(self.runs), -1, -1), lambda _, own, y: own == name and given.append(y))
                (y,) = given
                logs += y.square().mean((1, 2)).sqrt().clamp(min=1e-30).log()
                mean, deviation = y.mean(1, keepdim=True), y.std(1, keepdim=True).clamp(min=1e-30)
                self.parameters[f"{name}.weight"] /= deviation.transpose(1, 2)
                self.parameters[f"{name}.bias"] = (self.parameters[f"{name}.bias"] - mean) / deviation
        return (logs / len(self.linears[:-1])).exp().tolist()

    def train(self, trainable=None):
        """Final losses, and how far the first and the last linear weight have moved relative to their norms."""
        chosen = [name for name in self.parameters if trainable is None or name in trainable]
        first, last = self.linears[0] + ".weight", self.linears[-1] + ".weight"
        before = {name: self.parameters[name].clone() for name in (first, last)}
        momenta = {name: torch.zeros_like(self.parameters[name]) for name in chosen}
        orders = {seed: Order(seed) for seed, _ in self.runs}
        losses = []
        for _ in range(STEPS):
            batches = {seed: order.next() for seed, order in orders.items()}
            rows = torch.stack([batches[seed] for seed, _ in self.runs])
            for name in chosen:
                self.parameters[name] = self.parameters[name].detach().requires_grad_(True)
            output = self.forward(X[rows])
            loss = nn.functional.cross_entropy(output.flatten(0, 1), Y[rows].flatten(), reduction="none").reshape(rows.shape).mean(1)
            losses.append(loss.detach())
            gradients = torch.autograd.grad(loss.sum(), [self.parameters[name] for name in chosen])
            with torch.no_grad():
                for name, gradient in zip(chosen, gradients):
                    momenta[name] = 0.9 * momenta[name] + gradient
                    self.parameters[name] = self.parameters[name] - self.rates * momenta[name]
        for name in chosen:
            self.parameters[name] = self.parameters[name].detach()
        every = torch.stack(losses)
        final = torch.where(every.isfinite().all(0), every[-20:].mean(0), torch.tensor(math.inf))
        moved = [((self.parameters[name] - then).square().sum((1, 2)) / then.square().sum((1, 2)).clamp(min=1e-30)).sqrt() for name, then in before.items()]
        return final.tolist(), moved[0].tolist(), moved[1].tolist()


class Order:
    """Batches of a data set that is shuffled anew for every epoch."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.left = torch.empty(0, dtype=torch.int64)

    def next(self):
        if len(self.left) < BATCH:
            self.left = torch.cat([self.left, torch.randperm(len(X), generator=self.generator)])
        rows, self.left = self.left[:BATCH], self.left[BATCH:]
        return rows


def lower_half(stack):
    """Names of the parameters in front of the middle linear layer."""
    names = list(stack.parameters)
    return set(names[: names.index(stack.linears[len(stack.linears) // 2] + ".weight")])


def evidence(specs):
    """One record for each seed."""
    stack = Stack(specs, [(seed, rate) for seed in SEEDS for rate in RATES])
    final, first, last = stack.train()
    silent, bounded = [False] * len(stack.runs), [True] * len(stack.runs)

    def watch(kind, _name, y):
        if kind == "activation":
            for run, own in enumerate(y):
                silent[run] |= bool((own == 0).all())
                bounded[run] &= bool(own.abs().max() <= 2)

    with torch.no_grad():
        stack.forward(X[:256].expand(len(stack.runs), -1, -1), watch)
    found = []
    for position, _ in enumerate(SEEDS):
        runs = range(position * len(RATES), (position + 1) * len(RATES))
        slowest = runs[-1]
        found.append(
            {
                "finalLoss": [final[run] for run in runs],
                "firstMoved": first[slowest],
                "lastMoved": last[slowest],
                "silent": silent[slowest],
                "bounded": bounded[slowest],
                "lowerHalf": None,
                "standardised": None,
                "size": None,
            }
        )
    learned = [min(one["finalLoss"]) < 0.5 * GUESSING for one in found]
    if any(learned):
        best = [RATES[one["finalLoss"].index(min(one["finalLoss"]))] for one in found]
        half = Stack(specs, list(zip(SEEDS, best)))
        for one, did, loss in zip(found, learned, half.train(lower_half(half))[0]):
            one["lowerHalf"] = loss if did else None
    undecided = [not is_healthy(one) and (did or not (is_dead(one) or is_exploding(one))) for one, did in zip(found, learned)]
    if any(undecided):
        other = Stack(specs, stack.runs)
        sizes = other.standardise()
        losses = other.train()[0]
        for position, (one, wanted) in enumerate(zip(found, undecided)):
            if wanted:
                one["standardised"] = min(losses[position * len(RATES) : (position + 1) * len(RATES)])
                one["size"] = sizes[position * len(RATES)]
    return found


def is_dead(found):
    return found["silent"] and found["firstMoved"] == 0


def is_exploding(found):
    return not found["finalLoss"][-1] < 2 * GUESSING


def is_healthy(found):
    return min(found["finalLoss"]) < 0.5 * GUESSING and (
        (found["lowerHalf"] is not None and found["lowerHalf"] < 0.8 * GUESSING) or found["firstMoved"] >= 0.1 * found["lastMoved"]
    )


def label(found):
    if is_healthy(found):
        return "healthy"
    learned = min(found["finalLoss"]) < 0.5 * GUESSING
    if not learned and is_dead(found):
        return "dead"
    if not learned and is_exploding(found):
        return "exploding"
    if found["standardised"] < 0.5 * GUESSING:
        return "saturated" if found["size"] >= 1 and found["bounded"] else "vanishing"
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
    path = HERE / "labels.json"
    known = {entry["name"]: entry for entry in json.loads(path.read_text())} if names and path.exists() else {}
    for name in names or NETS:
        found = evidence(NETS[name])
        labels = [label(one) for one in found]
        agreed = labels[0] if len(set(labels)) == 1 else "border"
        seeds = [{"label": one, **compact(facts)} for one, facts in zip(labels, found)]
        known[name] = {"name": name, "label": agreed, "model": NETS[name], "seeds": seeds}
        print(name, labels, json.dumps(seeds[0]), flush=True)
        ordered = [json.dumps(known[own]) for own in NETS if own in known]
        path.write_text("[\n" + ",\n".join(ordered) + "\n]\n")


main(sys.argv[1:])
