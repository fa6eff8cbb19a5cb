#!/usr/bin/env python3
"""Runs one experiment file in PyTorch and writes what training must give.

    oracle.py FILE --weights W.safetensors --out DIR     DIR/trace.json, DIR/final.safetensors
    oracle.py FILE --seed-weights W.safetensors          draws initial weights by the file's seed and writes them
"""

import argparse

from fathom_oracle.environment import need_torch

need_torch()

import torch

from fathom_oracle import fixture, safetensors
from fathom_oracle.experiment import Experiment
from fathom_oracle.initialisers import starting_state


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="an experiment file")
    parser.add_argument("--weights", help="initial weights, safetensors with PyTorch's names")
    parser.add_argument("--out", help="folder for the trace and the final weights")
    parser.add_argument("--seed-weights", help="write initial weights here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.seed_weights:
        safetensors.write(arguments.seed_weights, starting_state(Experiment(arguments.file)))
    elif arguments.weights and arguments.out:
        print(f"float32 strays by {fixture.write(arguments.file, arguments.weights, arguments.out).stray:.1e} at most")
    else:
        parser.error("give --weights and --out, or --seed-weights")


if __name__ == "__main__":
    main()
