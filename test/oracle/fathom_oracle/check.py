"""Compares fixtures made anew with the committed ones."""

import json

import numpy as np

from . import safetensors

# Another machine's float64 may round otherwise in every operation; over a few hundred layers that stays far below this.
TOLERANCE = 1e-7


def differences(made, committed):
    """[one line for each file of `made` that differs from its counterpart in `committed`]."""
    found = []
    for path in sorted(path for path in made.rglob("*") if path.is_file()):
        name = path.relative_to(made)
        if not (committed / name).exists():
            found.append(f"{name} is missing")
        elif path.suffix == ".json":
            found += compare(str(name), json.loads(path.read_text()), json.loads((committed / name).read_text()))
        else:
            found += compare_tensors(str(name), safetensors.read(path), safetensors.read(committed / name))
    return found


def compare(where, a, b):
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        # A stray is the rounding of one machine.
        return [line for key in a if key not in ("stray", "strays") for line in compare(f"{where}.{key}", a[key], b[key])]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        # Of a long list of numbers, such as a tensor's data, the scale is the largest: its zeros may be rounding noise.
        if a and all(is_number(value) for value in a + b):
            return compare_tensors(where, {"": np.array(a, float)}, {"": np.array(b, float)})
        return [line for index, pair in enumerate(zip(a, b)) for line in compare(f"{where}[{index}]", *pair)]
    if is_number(a) and is_number(b):
        return [] if abs(a - b) <= TOLERANCE * abs(b) else [f"{where}: {a} is made, {b} is committed"]
    return [] if a == b else [f"{where}: {str(a)[:80]} is made, {str(b)[:80]} is committed"]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare_tensors(where, a, b):
    if list(a) != list(b):
        return [f"{where}: other tensors"]
    found = []
    for name, tensor in a.items():
        other = b[name]
        if tensor.shape != other.shape or tensor.dtype != other.dtype:
            found.append(f"{where} {name}: {tensor.dtype}{list(tensor.shape)} is made, {other.dtype}{list(other.shape)} is committed")
        elif tensor.size and np.abs(tensor.astype(float) - other).max() > TOLERANCE * np.abs(other).max():
            found.append(f"{where} {name}: numbers differ")
    return found
