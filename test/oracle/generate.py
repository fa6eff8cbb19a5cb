#!/usr/bin/env python3
"""Regenerates every fixture of the oracle: `npm run oracle`, or with the names of some cases behind it.

With --check nothing is written: it fails where a committed fixture is not what these sources make. Strays and last digits
depend on the machine's arithmetic and are not compared.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from fathom_oracle.environment import need_torch

need_torch()

import numpy
import torch

from fathom_oracle import fixture, lsuv_fixture, ops, optimizer_fixture, safetensors, schedules
from fathom_oracle.cases import CASES
from fathom_oracle.check import differences
from fathom_oracle.experiment import Experiment
from fathom_oracle.initialisers import starting_state
from fathom_oracle.sharpness import blunt

HERE = Path(__file__).resolve().parent
# What is not about training runs: known answers of ops, schedules, optimizers and initialisation.
FIXTURES = {"ops.json": ops, "schedules.json": schedules, "optimizers.json": optimizer_fixture, "lsuv.json": lsuv_fixture}


def make(name, root):
    """Makes the case in root/cases/name."""
    spec, data, sharp = CASES[name]
    # Made beside the old folder and then put in its place, so that a refused case leaves the old one whole.
    folder = root / "cases" / f".{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "experiment.json").write_text(json.dumps(spec, indent=2) + "\n")
    safetensors.write(folder / "data.safetensors", data)
    safetensors.write(folder / "weights.safetensors", starting_state(Experiment(folder / "experiment.json")))
    stray, truth = fixture.write(folder / "experiment.json", folder / "weights.safetensors", folder)
    dull = blunt(spec, truth) if sharp else []
    if dull:
        raise SystemExit(f"{name}: {'; '.join(dull)}")
    shutil.rmtree(root / "cases" / name, ignore_errors=True)
    folder = folder.rename(root / "cases" / name)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {spec['steps']} steps, {size / 1024:.0f} KiB, float32 strays by {stray:.1e} at most")


def main(arguments):
    check = "--check" in arguments
    names = [argument for argument in arguments if argument != "--check"]
    unknown = [name for name in names if name not in CASES]
    if unknown:
        sys.exit(f"no case is called {', '.join(unknown)}; there are {', '.join(CASES)}")
    # One thread: the order of a sum then does not depend on the number of cores.
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, numpy {numpy.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) if check else HERE
        for name in names or CASES:
            make(name, root)
        if not names:
            for name, fixtures in FIXTURES.items():
                fixtures.write(root / name)
            stale = [folder for folder in (HERE / "cases").iterdir() if folder.name not in CASES]
            if not check:
                for folder in stale:
                    shutil.rmtree(folder)
        if check:
            found = differences(root, HERE) + ([f"cases/{folder.name} is no case" for folder in stale] if not names else [])
            if found:
                sys.exit("\n".join([*found[:20], "The committed fixtures are stale. Regenerate them with: npm run oracle"]))
            print("the committed fixtures are what these sources make")


if __name__ == "__main__":
    main(sys.argv[1:])
