#!/usr/bin/env python3
"""What the lab's stories come to in PyTorch, in float64: scripts/storyProof.ts calls it with a folder that holds stages.json and the data.

Each stage is trained from several draws of its weights. Written: folder/found.json, with the ratios of the first hidden layer's weight gradient to
the last's at the first step of every draw, and of some the accuracy and the losses over the training and the test samples at the end.
"""

import json
import sys
from pathlib import Path

from fathom_oracle.environment import need_torch

need_torch()

import numpy as np
import torch

from fathom_oracle import safetensors
from fathom_oracle.experiment import Spec
from fathom_oracle.initialisers import initial_state
from fathom_oracle.losses import LOSSES
from fathom_oracle.tables import call
from fathom_oracle.trace import Run, tensors

# Whole runs of deep nets take long, and come to much the same; the ratio at the first step spreads, and takes but a step.
SEEDS, DEEP_SEEDS, DEEP, RATIO_SEEDS = 10, 5, 25, 32


class Stage(Spec):
    """A stage with its data, and every epoch in an order of its own."""

    def __init__(self, spec, data, seed):
        super().__init__({**spec, "seed": seed}, data["x"], data["y"])
        generator = np.random.default_rng([seed, 1])
        epochs = -(-spec["steps"] * spec["batchSize"] // self.samples)
        self.order = np.concatenate([generator.permutation(self.samples) for _ in range(epochs)])

    def rows(self, step):
        return self.order[step * self["batchSize"] : (step + 1) * self["batchSize"]]


def score(stage, network, x, y):
    network.eval()
    with torch.no_grad():
        x, y = tensors(x, y, torch.float64)
        output = network(x)
        return call("loss", LOSSES, stage["loss"], output, y).item(), (output.argmax(dim=1) == y).double().mean().item()


def found(spec, data):
    """One draw after the other."""
    deep = any(isinstance(layer, dict) and layer.get("times", 0) >= DEEP for layer in spec["model"])
    whole = DEEP_SEEDS if deep else SEEDS
    return {
        "draws": [draw(spec, data, seed) for seed in range(whole)],
        "ratios": [ratio for seed in range(RATIO_SEEDS) if (ratio := ratio_of(trained({**spec, "steps": 1}, data, seed)[1])) is not None],
    }


def trained(spec, data, seed):
    stage = Stage(spec, data, seed)
    return stage, Run(stage, initial_state(stage.build(), seed), torch.float64)


def ratio_of(run):
    """None for a net that is dead from the start."""
    roles = run.model.roles()
    norms = [norm for name, norm in zip(run.names, run.steps[0]["layers"]) if roles[name] == "weight"]
    return norms[0] / norms[-1] if norms[-1] > 0 else None


def draw(spec, data, seed):
    stage, run = trained(spec, data, seed)
    train_loss, _ = score(stage, run.model.network, data["x"], data["y"])
    test_loss, accuracy = score(stage, run.model.network, data["testX"], data["testY"])
    return {"accuracy": accuracy, "trainLoss": train_loss, "testLoss": test_loss}


def main(folder):
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    stages = json.loads((folder / "stages.json").read_text())
    result = {}
    for key, stage in stages.items():
        result[key] = found(stage["experiment"], safetensors.read(folder / stage["data"]))
        print(key, *(f"{one['accuracy']:.2f}/{one['trainLoss']:.2f}/{one['testLoss']:.2f}" for one in result[key]["draws"]), flush=True)
    (folder / "found.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
