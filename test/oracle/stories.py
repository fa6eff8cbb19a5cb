#!/usr/bin/env python3
"""What the lab's stories come to in PyTorch, in float64: scripts/storyProof.ts calls it with a folder that holds stages.json and the data.

Each stage is trained from several draws of its weights. Written: folder/found.json, with the ratio of the first hidden layer's weight gradient to
the last's at the first step, and accuracy and loss over the training and the test samples at the end, of every draw.
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

# Deep nets take long, and their draws are alike.
SEEDS, DEEP_SEEDS, DEEP = 12, 5, 25


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
    draws = []
    deep = any(isinstance(layer, dict) and layer.get("times", 0) >= DEEP for layer in spec["model"])
    for seed in range(DEEP_SEEDS if deep else SEEDS):
        stage = Stage(spec, data, seed)
        run = Run(stage, initial_state(stage.build(), seed), torch.float64)
        weights = [index for index, name in enumerate(run.names) if run.model.roles()[name] == "weight"]
        norms = run.steps[0]["layers"]
        train_loss, _ = score(stage, run.model.network, data["x"], data["y"])
        test_loss, accuracy = score(stage, run.model.network, data["testX"], data["testY"])
        draws.append({"ratio": norms[weights[0]] / norms[weights[-1]], "accuracy": accuracy, "trainLoss": train_loss, "testLoss": test_loss})
    return draws


def main(folder):
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    stages = json.loads((folder / "stages.json").read_text())
    result = {}
    for key, stage in stages.items():
        result[key] = found(stage["experiment"], safetensors.read(folder / stage["data"]))
        print(key, *(f"{draw['ratio']:.3g}/{draw['accuracy']:.2f}/{draw['trainLoss']:.2f}/{draw['testLoss']:.2f}" for draw in result[key]), flush=True)
    (folder / "found.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
