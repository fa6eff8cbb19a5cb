"""Builds the model of an experiment out of PyTorch modules, so that every parameter has PyTorch's name."""

import torch
from torch import nn
from torch.nn.utils import weight_norm

from . import modules
from .philox import Randomness
from .tables import call


class Builder:
    """Builds one list of layers; `width` is the number of features that reach the layer to be built next.

    `initial` collects what the generator needs, the inits of each linear layer by module; `auxiliaries` the auxiliary heads in order.
    `round` is (r, n) within the innermost repeat.
    """

    def __init__(self, width, seed):
        self.width = width
        self.initial = {}
        self.auxiliaries = []
        self.randomness = Randomness(seed)
        self.round = None

    def sequence(self, specs):
        return [call("layer", LAYERS, spec, self) for spec in specs]

    def branch(self, specs, width):
        """Builds `specs` on an input of `width` features."""
        self.width = width
        return self.sequence(specs)

    def linear(self, out, bias=True, init="pytorchLinear", bias_init="pytorchLinear", kind=nn.Linear):
        layer = kind(self.width, out, bias=bias)
        self.initial[layer] = {"weight": init, "bias": bias_init}
        return layer


def linear(builder, units, bias=True, init="pytorchLinear", bias_init="pytorchLinear", parametrization="none"):
    kind = modules.StandardizedLinear if parametrization == "weightStandardization" else nn.Linear
    layer = builder.linear(units, bias, init, bias_init, kind)
    builder.width = units
    return {"none": lambda: layer, "weightNorm": lambda: weight_norm(layer), "weightStandardization": lambda: layer}[parametrization]()


def repeat(builder, times, body):
    outer, rounds = builder.round, []
    for r in range(times):
        builder.round = (r, times)
        rounds.append(nn.Sequential(*builder.sequence(body)))
    builder.round = outer
    return nn.Sequential(*rounds)


# The number or numbers that a residual block's body is multiplied by: (name, parameter) of width features.
SCALES = {
    "rezero": lambda _width, initial=0.0: ("alpha", nn.Parameter(torch.full((1,), float(initial)))),
    "layerScale": lambda width, initial=1e-4: ("gamma", nn.Parameter(torch.full((width,), float(initial)))),
}


def stochastic_depth(builder, rate, mode="row", decay="none"):
    if decay == "linear":
        if builder.round is None:
            raise ValueError("stochasticDepth: decay linear stands for a residual within a repeat")
        r, n = builder.round
        rate = rate * (r + 1) / n
    return modules.StochasticDepth(rate, mode, builder.randomness)


def residual(builder, body, projection=None, scale=None, stochastic_depth=None):
    """`projection` absent: where the body changes the width; true: always; false: never."""
    width = builder.width
    layers = builder.sequence(body)
    if projection is None:
        projection = builder.width != width
    if not projection and builder.width != width:
        raise ValueError(f"residual: the body turns {width} features into {builder.width}, which needs a projection")
    out, builder.width = builder.width, width
    shortcut = builder.linear(out, bias=False) if projection else None
    builder.width = out
    scaled = call("scale", SCALES, scale, out) if scale else None
    dropped = call("stochasticDepth", DEPTHS, {"type": "stochasticDepth", **stochastic_depth}, builder) if stochastic_depth else None
    return modules.Residual(layers, shortcut, scaled, dropped)


DEPTHS = {"stochasticDepth": stochastic_depth}


def highway(builder, body, gate_bias=-1.0):
    width = builder.width
    layers = builder.sequence(body)
    if builder.width != width:
        raise ValueError(f"highway: the body turns {width} features into {builder.width}, and must keep them")
    return modules.Highway(layers, builder.linear(width, bias_init={"type": "constant", "value": gate_bias}))


def dense(builder, times, body):
    rounds = []
    for _ in range(times):
        width = builder.width
        rounds.append(nn.Sequential(*builder.branch(body, width)))
        builder.width += width
    return modules.Dense(*rounds)


def concat(builder, branches):
    width, joined, total = builder.width, [], 0
    for body in branches:
        joined.append(nn.Sequential(*builder.branch(body, width)))
        total += builder.width
    builder.width = total
    return modules.Concat(joined)


def auxiliary(builder, name, body, weight=0.3):
    width = builder.width
    head = modules.Auxiliary(name, weight, builder.sequence(body))
    builder.width = width
    builder.auxiliaries.append(head)
    return head


def halves(builder, module):
    if builder.width % 2:
        raise ValueError(f"{builder.width} features have no two halves")
    builder.width //= 2
    return module


LAYERS = {
    "linear": linear,
    "sigmoid": lambda _builder: nn.Sigmoid(),
    "tanh": lambda _builder: nn.Tanh(),
    "relu": lambda _builder: nn.ReLU(),
    "leakyRelu": lambda _builder, negative_slope=0.01: nn.LeakyReLU(negative_slope),
    "elu": lambda _builder, alpha=1.0: nn.ELU(alpha),
    "celu": lambda _builder, alpha=1.0: nn.CELU(alpha),
    "selu": lambda _builder: nn.SELU(),
    "gelu": lambda _builder, form="erf": nn.GELU(approximate={"erf": "none", "tanh": "tanh"}[form]),
    "silu": lambda _builder: nn.SiLU(),
    "mish": lambda _builder: nn.Mish(),
    "hardSigmoid": lambda _builder: nn.Hardsigmoid(),
    "hardSwish": lambda _builder: nn.Hardswish(),
    "softplus": lambda _builder: nn.Softplus(),
    "softsign": lambda _builder: nn.Softsign(),
    "lecunTanh": lambda _builder: modules.Function(modules.lecun_tanh),
    "prelu": lambda builder, per_feature=False, initial=0.25: nn.PReLU(builder.width if per_feature else 1, initial),
    "glu": lambda builder: halves(builder, nn.GLU(dim=1)),
    "swiglu": lambda builder: halves(builder, modules.Function(modules.swiglu)),
    "batchNorm": lambda builder, epsilon=1e-5, momentum=0.1, affine=True: nn.BatchNorm1d(builder.width, epsilon, momentum, affine),
    "layerNorm": lambda builder, epsilon=1e-5, affine=True: nn.LayerNorm(builder.width, epsilon, affine),
    "rmsNorm": lambda builder, epsilon=1e-6, affine=True: modules.RMSNorm(builder.width, epsilon, affine),
    "groupNorm": lambda builder, groups, epsilon=1e-5, affine=True: nn.GroupNorm(groups, builder.width, epsilon, affine),
    "dropout": lambda builder, rate=0.5: modules.Dropout(rate, builder.randomness),
    "repeat": repeat,
    "residual": residual,
    "highway": highway,
    "dense": dense,
    "concat": concat,
    "auxiliary": auxiliary,
}

LINEAR = {"weight": "weight", "weight_v": "weight", "weight_g": "normScale", "bias": "bias"}
NORM = {"weight": "normScale", "bias": "normShift"}
# What each parameter is for, by module: the regulariser covers role weight only.
ROLES = {
    nn.Linear: LINEAR,
    modules.StandardizedLinear: LINEAR,
    nn.BatchNorm1d: NORM,
    nn.LayerNorm: NORM,
    nn.GroupNorm: NORM,
    modules.RMSNorm: NORM,
    nn.PReLU: {"weight": "activation"},
    modules.Residual: {"alpha": "residualScale", "gamma": "residualScale"},
}


class Model:
    """A model, and what goes with it: `network`, `initial` (the inits by module), `auxiliaries`, `randomness`."""

    def __init__(self, specs, width, seed):
        builder = Builder(width, seed)
        self.network = nn.Sequential(*builder.sequence(specs))
        self.initial, self.auxiliaries, self.randomness = builder.initial, builder.auxiliaries, builder.randomness
        names = [head.name for head in self.auxiliaries]
        if len(set(names)) != len(names):
            raise ValueError(f"auxiliary: the names {names} are not unique")

    def roles(self):
        """{parameter name: role}; a module with parameters that is not in ROLES is an error."""
        return {
            f"{prefix}.{name}" if prefix else name: ROLES[type(module)][name]
            for prefix, module in self.network.named_modules()
            for name, _ in module.named_parameters(recurse=False)
        }
