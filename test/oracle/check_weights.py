#!/usr/bin/env python3
"""Loads a safetensors weights file strictly into the PyTorch model of an experiment, and prints what the model says.

    check_weights.py FILE WEIGHTS [--rows N]

Prints JSON {"logits": [[...], ...]}: the outputs, in evaluation mode and float64, of the data set's first N rows (default: one
batch). A missing, unknown or wrongly shaped tensor ends it with PyTorch's own message and exit code 1.
"""

import argparse
import json
import sys

from fathom_oracle.environment import need_torch

need_torch()

import torch

from fathom_oracle import safetensors, trace
from fathom_oracle.experiment import Experiment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="an experiment file")
    parser.add_argument("weights", help="safetensors with PyTorch's names")
    parser.add_argument("--rows", type=int, help="how many rows of the data set; default: the experiment's batch")
    arguments = parser.parse_args()
    experiment = Experiment(arguments.file)
    network = experiment.build().network
    weights = safetensors.read(arguments.weights)
    try:
        trace.load(network, weights)
    except RuntimeError as error:
        sys.exit(str(error))
    rows = experiment["batchSize"] if arguments.rows is None else arguments.rows
    x, _ = trace.tensors(experiment.x[:rows], experiment.y[:rows], torch.float64)
    with torch.no_grad():
        print(json.dumps({"logits": network.double().eval()(x).tolist()}))


if __name__ == "__main__":
    main()
