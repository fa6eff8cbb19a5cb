"""Known answers of single ops where PyTorch is the arbiter: values and gradients in float64, at extremes, ties and kinks.

Every input is exact in float32, so that an engine of either precision gets the very same numbers. A gradient is the
vector-Jacobian product with the committed cotangent.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FORMAT = "fathom-ops/1"

# Both signs of zero, tiny, ordinary, beyond saturation of every activation, and where exp overflows float32.
EXTREMES = [
    -1e4, -100.0, -30.0, -20.0, -12.0, -8.0, -5.0, -3.0, -2.0, -1.0, -0.5, -0.1, -1e-3, -1e-6, -1e-20, -0.0,
    0.0, 1e-20, 1e-6, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 100.0, 1e4,
]  # fmt: skip
COTANGENTS = [1.0, -2.0, 0.5, 3.0, -0.25]

ACTIVATIONS = [
    ("sigmoid", {}, torch.sigmoid),
    ("tanh", {}, torch.tanh),
    ("relu", {}, torch.relu),
    ("leakyRelu", {"negativeSlope": 0.01}, lambda x: F.leaky_relu(x, 0.01)),
    ("leakyRelu", {"negativeSlope": 0.25}, lambda x: F.leaky_relu(x, 0.25)),
    ("elu", {"alpha": 1.0}, F.elu),
    ("elu", {"alpha": 0.5}, lambda x: F.elu(x, 0.5)),
    ("selu", {}, F.selu),
    ("gelu", {"form": "erf"}, F.gelu),
    ("gelu", {"form": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", {}, F.silu),
    ("softplus", {}, F.softplus),
    ("mish", {}, F.mish),
    ("hardSigmoid", {}, F.hardsigmoid),
    ("hardSwish", {}, F.hardswish),
    ("softsign", {}, F.softsign),
    ("celu", {"alpha": 1.0}, F.celu),
    ("celu", {"alpha": 0.5}, lambda x: F.celu(x, 0.5)),
    ("lecunTanh", {}, lambda x: 1.7159 * torch.tanh(2 * x / 3)),
]

TIED = [[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 5.0], [-1.0, -2.0, -3.0, -1.0]]
LOGITS = [[1000.0, 0.0, -1000.0], [100.0, 99.0, 98.0], [-1e30, 0.0, 1e30], [5.0, 5.0, 5.0], [-3.0, 0.5, 2.0], [1e-6, 0.0, -1e-6]]


def write(path):
    cases = [*activations(), *ties(), *kinks(), *reductions(), *softmaxes(), *losses(), *lookups()]
    record = {"format": FORMAT, "cases": cases, "batchNorm": [batch_norm(*options) for options in BATCH_NORMS]}
    lines = [f" {json.dumps(key)}: " + (json.dumps(value) if key == "format" else listed(value)) for key, value in record.items()]
    Path(path).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"ops.json: {len(cases)} cases and {len(BATCH_NORMS)} of batch-norm, {Path(path).stat().st_size / 1024:.0f} KiB")


def listed(items):
    return "[\n" + ",\n".join("  " + json.dumps(item, separators=(",", ":"), allow_nan=False) for item in items) + "\n ]"


def case(op, options, inputs, function, constants=None, note=None):
    """One record: `function` of `inputs` (differentiated) and `constants` (not), by name in the order given."""
    leaves = {name: exact(value).requires_grad_() for name, value in inputs.items()}
    constants = {name: torch.tensor(value) for name, value in (constants or {}).items()}
    output = function(*leaves.values(), *constants.values())
    cotangent = cotangents(output.shape)
    output.backward(cotangent)
    return {
        "op": op,
        **({"note": note} if note else {}),
        "options": options,
        "inputs": {name: array(leaf) for name, leaf in leaves.items()},
        **({"constants": {name: array(value) for name, value in constants.items()}} if constants else {}),
        "output": array(output),
        "cotangent": array(cotangent),
        "gradients": {name: array(leaf.grad) for name, leaf in leaves.items()},
    }


def exact(value):
    """The nearest float32 numbers, as float64."""
    return torch.tensor(np.array(value, dtype=np.float32).astype(np.float64))


def cotangents(shape):
    count = math.prod(shape)
    return torch.tensor([COTANGENTS[i % len(COTANGENTS)] for i in range(count)], dtype=torch.float64).reshape(shape)


def array(tensor):
    """Shape and numbers; what JSON cannot say is a string."""
    return {"shape": list(tensor.shape), "data": [number(value) for value in tensor.detach().reshape(-1).tolist()]}


def number(value):
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def activations():
    for name, options, function in ACTIVATIONS:
        yield case(name, options, {"x": EXTREMES}, function)
    rows = [EXTREMES[i : i + 4] for i in range(0, len(EXTREMES), 4)]
    for weight in ([0.25], [-0.5], [0.25, 0.0, -1.0, 2.0]):
        yield case("prelu", {}, {"x": rows, "weight": weight}, F.prelu)
    # Halves: what is gated, and its gate.
    halves = [[2.0, -1e4, 0.0, 1e-20, *row] for row in rows]
    yield case("glu", {}, {"x": halves}, lambda x: F.glu(x, dim=1))
    yield case("swiglu", {}, {"x": halves}, lambda x: x.chunk(2, 1)[0] * F.silu(x.chunk(2, 1)[1]))


def ties():
    a, b = [1.0, 2.0, 0.0, -0.0, -1.0], [1.0, -2.0, 0.0, 0.0, 3.0]
    yield case("maximum", {}, {"a": a, "b": b}, torch.maximum, note="a tie shares the gradient evenly")
    yield case("minimum", {}, {"a": a, "b": b}, torch.minimum, note="a tie shares the gradient evenly")
    for axis in (0, 1):
        yield case("amax", {"axis": axis}, {"x": TIED}, lambda x: x.amax(axis), note="all that are largest share the gradient")
        yield case("amin", {"axis": axis}, {"x": TIED}, lambda x: x.amin(axis), note="all that are smallest share the gradient")
        yield case("max", {"axis": axis}, {"x": TIED}, lambda x: first(x, axis, "max"), note="the first of the largest has it")
        yield case("min", {"axis": axis}, {"x": TIED}, lambda x: first(x, axis, "min"), note="the first of the smallest has it")


def first(x, axis, name):
    """torch's own max(dim), after making sure that on a tie it chose the first."""
    values, indices = getattr(x, name)(axis)
    assert torch.equal(indices, (x == values.unsqueeze(axis)).double().argmax(axis)), "PyTorch did not choose the first"
    return values


def kinks():
    edges = [-2.0, -1.0, -0.5, 0.0, 0.75, 1.5, 2.0]
    yield case("clamp", {"min": -1.0, "max": 1.5}, {"x": edges}, lambda x: x.clamp(-1.0, 1.5), note="the edges pass the gradient")
    yield case("abs", {}, {"x": edges}, torch.abs, note="0 at 0")
    yield case("sign", {}, {"x": edges}, torch.sign)
    yield case("sqrt", {}, {"x": [0.0, 1e-30, 0.25, 4.0, 1e30]}, torch.sqrt, note="infinite at 0")
    yield case("log", {}, {"x": [0.0, 1e-30, 0.25, 1.0, 1e30]}, torch.log, note="-Infinity at 0, its gradient infinite")
    for exponent in (0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0):
        base = [0.0, 0.25, 1.0, 3.0] if exponent == 0.5 else [-2.0, -0.5, 0.0, 0.25, 3.0]
        yield case("pow", {"exponent": exponent}, {"x": base}, lambda x: x.pow(exponent))
    yield case("where", {}, {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}, lambda a, b, c: torch.where(c, a, b), {"condition": [True, False, True]})


def reductions():
    x = [[0.0, 0.0, 0.0], [3.0, -4.0, 0.0], [1e-20, 2e-20, 2e-20], [1e20, -2e20, 2e20]]
    yield case("norm", {"axis": 1}, {"x": x}, lambda x: torch.linalg.vector_norm(x, dim=1), note="the gradient at 0 is 0; tiny and huge rows keep theirs")
    values = [[1.0, 2.0, 4.0, 8.0], [1000.0, 1000.5, 1001.0, 1000.25], [3.0, 3.0, 3.0, 3.0]]
    for correction in (0, 1):
        yield case("variance", {"axis": 1, "correction": correction}, {"x": values}, lambda x: x.var(dim=1, unbiased=bool(correction)))
    yield case("mean", {"axis": 0}, {"x": values}, lambda x: x.mean(0))


def softmaxes():
    yield case("softmax", {"axis": 1}, {"x": LOGITS}, lambda x: x.softmax(1))
    yield case("softmax", {"axis": 0}, {"x": LOGITS}, lambda x: x.softmax(0))
    yield case("logSoftmax", {"axis": 1}, {"x": LOGITS}, lambda x: x.log_softmax(1))
    yield case("logSoftmax", {"axis": 0}, {"x": LOGITS}, lambda x: x.log_softmax(0))


def losses():
    # Without the row of 1e30, beside which every other would be lost in the mean.
    moderate = [row for row in LOGITS if max(row) < 1e30]
    for classes in ([2, 1, 0, 0, 1], [0, 0, 2, 2, 2]):
        yield case("softmaxCrossEntropy", {}, {"x": moderate}, F.cross_entropy, {"classes": classes}, note="the mean over the batch")
        for smoothing in (0.125, 0.5):
            smoothed = lambda x, c, e=smoothing: F.cross_entropy(x, c, label_smoothing=e)  # noqa: E731
            yield case("softmaxCrossEntropy", {"labelSmoothing": smoothing}, {"x": moderate}, smoothed, {"classes": classes})
    yield case("softmaxCrossEntropy", {}, {"x": LOGITS[1:3]}, F.cross_entropy, {"classes": [0, 2]})
    # Row by row: right by more than the margin, by the margin exactly, by less, a tie, and wrong.
    scores = [[4.0, 1.0, -2.0], [3.0, 2.0, 2.5], [0.5, 0.25, 0.0], [2.0, 2.0, 2.0], [-1.0, 5.0, 100.0]]
    for power in (1, 2):
        for margin in (1.0, 0.5, -0.25):
            hinge = lambda x, c, p=power, m=margin: F.multi_margin_loss(x, c, p=p, margin=m)  # noqa: E731
            yield case("multiMargin", {"power": power, "margin": margin}, {"x": scores}, hinge, {"classes": [0, 0, 0, 1, 0]})
    x = [[-1e4, -100.0, -1.0, 0.0], [1e4, 100.0, 1.0, 1e-6]]
    for target in ([[0.0] * 4] * 2, [[1.0] * 4] * 2, [[0.25, 0.5, 0.75, 1.0], [0.0, 0.25, 0.5, 0.75]]):
        exactly = np.array(target, dtype=np.float64)
        yield case("binaryCrossEntropyWithLogits", {}, {"x": x}, F.binary_cross_entropy_with_logits, {"targets": exactly}, note="the mean over all elements")
    target = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 100.0, 2.0, -1.0]])
    yield case("meanSquaredError", {}, {"x": x}, F.mse_loss, {"targets": target}, note="the mean over all elements")
    yield case("meanSquaredError", {"half": True}, {"x": x}, lambda x, y: F.mse_loss(x, y) / 2, {"targets": target})
    # Differences at 0, at the edges of the parabola, and on both sides of them.
    x = [[-1e4, -1.5, -1.0, -0.5, 0.0, 1e-6], [1e4, 1.5, 1.0, 0.5, 0.25, 2.0]]
    target = np.array([[0.0] * 6, [0.0, 0.0, 0.0, 0.0, 0.25, 4.0]])
    yield case("meanAbsoluteError", {}, {"x": x}, F.l1_loss, {"targets": target}, note="the gradient at 0 is 0")
    for delta in (1.0, 0.5):
        bent = lambda x, y, d=delta: F.huber_loss(x, y, delta=d)  # noqa: E731
        yield case("huber", {"delta": delta}, {"x": x}, bent, {"targets": target}, note="the mean over all elements")


def lookups():
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    yield case("embedding", {}, {"weight": rows}, lambda w, i: F.embedding(i, w), {"indices": [3, 1, 3, 0, 3]}, note="a row that is read twice gets both gradients")


# (what it shows, offset and scale of each channel, epsilon, momentum)
BATCH_NORMS = [
    ("ordinary", [0.0, 1.0, -2.0], [1.0, 0.5, 3.0], 1e-5, 0.1),
    ("a mean far larger than the spread, a tiny and a zero variance", [1000.0, 0.0, 4.0], [0.5, 1e-4, 0.0], 1e-5, 0.1),
    ("other epsilon and momentum", [0.0, 1.0, -2.0], [1.0, 0.5, 3.0], 1e-3, 0.25),
]


def batch_norm(note, offsets, scales, epsilon, momentum):
    """Two training batches and one in evaluation mode, with gradients and the running statistics after each."""
    generator = np.random.default_rng(9)
    module = nn.BatchNorm1d(3, eps=epsilon, momentum=momentum).double()
    with torch.no_grad():
        module.weight.copy_(exact([1.0, -0.75, 2.0]))
        module.bias.copy_(exact([0.0, 0.5, -1.0]))
    steps = []
    for mode, rows in (("train", 5), ("train", 8), ("eval", 4)):
        module.train(mode == "train").zero_grad()
        x = exact(np.array(offsets) + np.array(scales) * generator.normal(0.0, 1.0, (rows, 3))).requires_grad_()
        output = module(x)
        cotangent = cotangents(output.shape)
        output.backward(cotangent)
        steps.append({
            "mode": mode,
            "x": array(x),
            "output": array(output),
            "cotangent": array(cotangent),
            "gradients": {"x": array(x.grad), "weight": array(module.weight.grad), "bias": array(module.bias.grad)},
            "runningMean": array(module.running_mean),
            "runningVariance": array(module.running_var),
            "batches": int(module.num_batches_tracked),
        })
    options = {"epsilon": epsilon, "momentum": momentum}
    return {"note": note, "options": options, "weight": array(module.weight), "bias": array(module.bias), "steps": steps}
