"""How far PyTorch's own float32 strays from float64: what the comparison with Fathom earns its tolerance from."""

import math
from typing import NamedTuple

import numpy as np

SCALARS = ["loss", "regularization", "learningRate", "gradientNorm", "clipScale"]
# Beyond this a case amplifies rounding so much that agreement would say nothing.
CHAOTIC = 1e-3
# The tolerance of compareTrace.ts: so many times PyTorch's stray, and at least so much.
MARGIN, LEAST = 10, 1e-5
# A gradient this small beside the other parameters of its layer is zero by construction (a bias that feeds a batch-norm):
# what is computed is rounding noise, and it is measured against the scale of its layer.
ZERO = 1e-10


def relative(value, truth, scale):
    """|value - truth| / scale, where 0 / 0 is 0."""
    difference = abs(value - truth)
    return 0.0 if difference == 0 else difference / scale if scale > 0 else math.inf


def scalar_strays(steps64, steps32):
    """{quantity: largest relative deviation over the steps}."""
    return {
        key: max(relative(b[key], a[key], abs(a[key])) for a, b in zip(steps64, steps32)) for key in SCALARS
    }


def auxiliary_strays(steps64, steps32):
    """[largest relative deviation of each auxiliary head's loss over the steps]."""
    pairs = [(a["auxiliary"], b["auxiliary"]) for a, b in zip(steps64, steps32) if "auxiliary" in a]
    return [max(relative(b[head], a[head], abs(a[head])) for a, b in pairs) for head in range(len(pairs[0][0]) if pairs else 0)]


def scale_names(names, frozen, steps64):
    """{parameter: whose gradient norm is its scale}: itself, or its layer's largest where its own is zero by construction.

    A frozen parameter's norm is exactly 0, and is its own scale.
    """
    found = {}
    for index, name in enumerate(names):
        layer = name.rpartition(".")[0]
        siblings = [other for other, sibling in enumerate(names) if sibling.rpartition(".")[0] == layer]
        largest = max(siblings, key=lambda other: max(step["layers"][other] for step in steps64))
        zero = name not in frozen and all(step["layers"][index] < ZERO * step["layers"][largest] for step in steps64)
        found[name] = names[largest] if zero else name
    return found


def layer_strays(names, scales, steps64, steps32):
    """[largest deviation of each parameter's gradient norm over the steps, relative to its scale]."""
    strays = []
    for index, name in enumerate(names):
        by = names.index(scales[name])
        strays.append(max(relative(b["layers"][index], a["layers"][index], a["layers"][by]) for a, b in zip(steps64, steps32)))
    return strays


def final_strays(final64, final32, scales):
    """{tensor: largest deviation of an element, relative to the largest magnitude in the tensor (or in the one it scales by)}."""
    strays = {}
    for name, truth in final64.items():
        by = final64[scales.get(name, name)]
        scale = max(float(np.abs(truth).max()), float(np.abs(by).max()))
        strays[name] = relative(float(np.abs(final32[name].astype(np.float64) - truth).max()), 0.0, scale)
    return strays


class Strays(NamedTuple):
    """How far a run is from the truth, by quantity; `scales` says whose gradient norm a parameter is measured by."""

    scalars: dict
    auxiliary: dict
    layers: dict
    final: dict
    evaluation: float
    scales: dict

    def all(self):
        named = {**self.scalars, "evaluation": self.evaluation}
        for kind in ("auxiliary", "layers", "final"):
            named |= {f"{kind} {name}": stray for name, stray in getattr(self, kind).items()}
        return named


def of(truth, run):
    """The strays of a trace.Run from the true one."""
    scales = scale_names(truth.names, truth.frozen, truth.steps)
    heads = [head.name for head in truth.model.auxiliaries]
    loss = truth.evaluation["loss"]
    return Strays(
        scalar_strays(truth.steps, run.steps),
        dict(zip(heads, auxiliary_strays(truth.steps, run.steps))),
        dict(zip(truth.names, layer_strays(truth.names, scales, truth.steps, run.steps))),
        final_strays(truth.final, run.final, scales),
        relative(run.evaluation["loss"], loss, abs(loss)),
        scales,
    )


def rounded_otherwise(weights, seed):
    """The weights, about half of those that are not 0 one float32 up or down."""
    generator = np.random.default_rng(seed)
    moved = {}
    for name, array in weights.items():
        towards = np.where(generator.random(array.shape) < 0.5, np.inf, -np.inf)
        near = np.nextafter(array, towards.astype(np.float32)) if array.dtype == np.float32 else array
        moved[name] = np.where((array != 0) & (generator.random(array.shape) < 0.5), near, array).astype(array.dtype)
    return moved


def refuse_chaos(case, strays):
    """Raises where anything strays by more than CHAOTIC: such a case must be replaced."""
    worst = [(stray, name) for name, stray in strays.items() if not stray <= CHAOTIC]
    if worst:
        listed = ", ".join(f"{name} {stray:.1e}" for stray, name in sorted(worst, reverse=True)[:5])
        raise SystemExit(f"{case}: chaotic, PyTorch's float32 strays by more than {CHAOTIC:g} in {listed}; choose another case")


def refuse_luck(case, strays, moved):
    """Raises where float32 strays beyond the tolerance as soon as weights are rounded otherwise: one run told too little."""
    worst = [(stray, name) for name, stray in moved.items() if not stray <= max(MARGIN * strays[name], LEAST)]
    if worst:
        listed = ", ".join(f"{name} {stray:.1e} against {strays[name]:.1e}" for stray, name in sorted(worst, reverse=True)[:3])
        raise SystemExit(f"{case}: the tolerance is luck, from weights rounded otherwise PyTorch's float32 strays farther: {listed}; choose another case")


def refuse_close_decisions(case, plateau):
    """Raises where a plateau found a loss better, or not, by less than rounding could turn."""
    if plateau is not None and plateau.nearest < CHAOTIC:
        raise SystemExit(f"{case}: chaotic, a plateau decides by a margin of {plateau.nearest:.1e}; choose another case")
