"""An experiment file, read and checked: what docs/experiment.md describes, as far as the oracle runs it."""

import json
from pathlib import Path

import numpy as np

from . import layers, safetensors

FORMAT = "fathom-experiment/1"
REQUIRED = ["format", "seed", "dataset", "batchSize", "steps", "model", "loss", "optimizer", "schedule"]
# What is reported, what happens where a number is not finite, and which kernels do the work, change no number of a trace.
UNUSED = ["name", "monitor", "insight", "nonFinite", "depthFusion"]
OPTIONAL = ["initialization", "groups", "regularizer", "gradientNoise", "clip", "constraint", *UNUSED]


class Experiment:
    """The file's keys as attributes, the data set in memory, and the model's builder."""

    def __init__(self, path):
        path = Path(path)
        spec = json.loads(path.read_text())
        if spec.get("format") != FORMAT:
            raise ValueError(f"{path}: format is {spec.get('format')!r}, expected {FORMAT!r}")
        missing = [key for key in REQUIRED if key not in spec]
        unknown = [key for key in spec if key not in REQUIRED + OPTIONAL]
        if missing or unknown:
            raise ValueError(f"{path}: missing keys {missing}, unknown keys {unknown}")
        self.spec = spec
        self.x, self.y = read_dataset(path, spec["dataset"])
        self.samples = len(self.x)

    def __getitem__(self, key):
        return self.spec[key]

    def get(self, key):
        return self.spec.get(key)

    def build(self):
        """The layers.Model; the input's features are the data set's."""
        return layers.Model(self["model"], int(np.prod(self.x.shape[1:])), self["seed"])

    def batch(self, step):
        """Rows (step * batchSize + i) mod N in file order."""
        rows = (step * self["batchSize"] + np.arange(self["batchSize"])) % self.samples
        return self.x[rows], self.y[rows]


def read_dataset(path, spec):
    if spec.get("type") != "safetensors" or spec.get("order") != "sequential" or set(spec) != {"type", "file", "order"}:
        raise ValueError(f"{path}: the oracle takes a dataset of type safetensors with a file and order sequential, not {spec}")
    tensors = safetensors.read(path.parent / spec["file"])
    if set(tensors) != {"x", "y"} or len(tensors["x"]) != len(tensors["y"]):
        raise ValueError(f"{spec['file']}: needs x and y with the same number of rows")
    return tensors["x"], tensors["y"]
