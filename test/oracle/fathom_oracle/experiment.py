"""An experiment file, read and checked: what docs/experiment.md describes, as far as the oracle runs it."""

import json
from pathlib import Path

import numpy as np

from . import layers, safetensors

FORMAT = "fathom-experiment/1"
REQUIRED = ["format", "seed", "dataset", "batchSize", "steps", "model", "loss", "optimizer", "schedule"]
# What is reported, what happens where a number is not finite, and which kernels do the work, change no number of a trace.
UNUSED = ["name", "monitor", "statistics", "insight", "nonFinite", "depthFusion"]
OPTIONAL = ["initialization", "groups", "regularizer", "gradientNoise", "clip", "constraint", *UNUSED]


class Spec:
    """An experiment's keys as items, the data in memory, the model's builder, and the batch of each step."""

    def __init__(self, spec, x, y):
        self.spec, self.x, self.y = spec, x, y
        self.samples = len(x)

    def __getitem__(self, key):
        return self.spec[key]

    def get(self, key):
        return self.spec.get(key)

    def build(self):
        """The layers.Model; the input's features are the data set's."""
        return layers.Model(self["model"], int(np.prod(self.x.shape[1:])), self["seed"])

    def rows(self, step):
        """Rows (step * batchSize + i) mod N in file order."""
        return (step * self["batchSize"] + np.arange(self["batchSize"])) % self.samples

    def batch(self, step):
        rows = self.rows(step)
        return self.x[rows], self.y[rows]


class Experiment(Spec):
    """An experiment file with its data set."""

    def __init__(self, path):
        path = Path(path)
        spec = json.loads(path.read_text())
        if spec.get("format") != FORMAT:
            raise ValueError(f"{path}: format is {spec.get('format')!r}, expected {FORMAT!r}")
        missing = [key for key in REQUIRED if key not in spec]
        unknown = [key for key in spec if key not in REQUIRED + OPTIONAL]
        if missing or unknown:
            raise ValueError(f"{path}: missing keys {missing}, unknown keys {unknown}")
        super().__init__(spec, *read_dataset(path, spec["dataset"]))


def read_dataset(path, spec):
    if spec.get("type") != "safetensors" or spec.get("order") != "sequential" or set(spec) != {"type", "file", "order"}:
        raise ValueError(f"{path}: the oracle takes a dataset of type safetensors with a file and order sequential, not {spec}")
    tensors = safetensors.read(path.parent / spec["file"])
    if set(tensors) != {"x", "y"} or len(tensors["x"]) != len(tensors["y"]):
        raise ValueError(f"{spec['file']}: needs x and y with the same number of rows")
    return tensors["x"], tensors["y"]
