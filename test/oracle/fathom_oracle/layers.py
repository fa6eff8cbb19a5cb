"""Builds the model of an experiment out of PyTorch modules, so that every parameter has PyTorch's name."""

import torch
from torch import nn

from .tables import call


class Residual(nn.Sequential):
    """A Sequential whose output is added to its input, or to the input's projection where the widths differ."""

    def __init__(self, body, projection=None):
        super().__init__(*body)
        self.length = len(body)
        if projection is not None:
            self.projection = projection

    def forward(self, x):
        y = x
        for index in range(self.length):
            y = self[index](y)
        return y + (self.projection(x) if hasattr(self, "projection") else x)


class Concat(nn.ModuleList):
    """Branches side by side: each sees the whole input, and their outputs are joined along the features."""

    def forward(self, x):
        return torch.cat([branch(x) for branch in self], dim=1)


class Builder:
    """Builds one list of layers; `width` is the number of features that reach the layer to be built next.

    `initial` collects what the generator needs: the init of each linear layer, by module.
    """

    def __init__(self, width):
        self.width = width
        self.initial = {}

    def sequence(self, specs):
        return [call("layer", LAYERS, spec, self) for spec in specs]

    def branch(self, specs, width):
        """Builds `specs` on an input of `width` features."""
        self.width = width
        return self.sequence(specs)


def linear(builder, units, bias=True, init="pytorchLinear", bias_init="pytorchLinear"):
    layer = nn.Linear(builder.width, units, bias=bias)
    builder.initial[layer] = {"weight": init, "bias": bias_init}
    builder.width = units
    return layer


def batch_norm(builder, epsilon=1e-5, momentum=0.1):
    return nn.BatchNorm1d(builder.width, eps=epsilon, momentum=momentum)


def repeat(builder, times, body):
    return nn.Sequential(*(nn.Sequential(*builder.sequence(body)) for _ in range(times)))


def residual(builder, body, projection=None):
    """`projection` absent: where the body changes the width; true: always; false: never."""
    width = builder.width
    layers = builder.sequence(body)
    if projection is None:
        projection = builder.width != width
    if not projection and builder.width != width:
        raise ValueError(f"residual: the body turns {width} features into {builder.width}, which needs a projection")
    shortcut = None
    if projection:
        shortcut = nn.Linear(width, builder.width, bias=False)
        builder.initial[shortcut] = {"weight": "pytorchLinear"}
    return Residual(layers, shortcut)


def concat(builder, branches):
    width, joined, total = builder.width, [], 0
    for body in branches:
        joined.append(nn.Sequential(*builder.branch(body, width)))
        total += builder.width
    builder.width = total
    return Concat(joined)


def dropout(_builder, rate=0.5):
    raise ValueError(f"dropout (rate {rate}): the oracle cannot run it, because PyTorch draws other random numbers than Fathom")


LAYERS = {
    "linear": linear,
    "sigmoid": lambda _builder: nn.Sigmoid(),
    "tanh": lambda _builder: nn.Tanh(),
    "relu": lambda _builder: nn.ReLU(),
    "leakyRelu": lambda _builder, negative_slope=0.01: nn.LeakyReLU(negative_slope),
    "elu": lambda _builder, alpha=1.0: nn.ELU(alpha),
    "selu": lambda _builder: nn.SELU(),
    "gelu": lambda _builder, form="erf": nn.GELU(approximate={"erf": "none", "tanh": "tanh"}[form]),
    "silu": lambda _builder: nn.SiLU(),
    "softplus": lambda _builder: nn.Softplus(),
    "batchNorm": batch_norm,
    "dropout": dropout,
    "repeat": repeat,
    "residual": residual,
    "concat": concat,
}

# What each parameter is for, by module: the regulariser covers role weight only.
ROLES = {
    nn.Linear: {"weight": "weight", "bias": "bias"},
    nn.BatchNorm1d: {"weight": "norm scale", "bias": "norm shift"},
}


def build(specs, width):
    """Returns (model, inits by module) for the list `specs` on `width` input features."""
    builder = Builder(width)
    return nn.Sequential(*builder.sequence(specs)), builder.initial


def roles(model):
    """{parameter name: role}; a module with parameters that is not in ROLES is an error."""
    found = {}
    for prefix, module in model.named_modules():
        for name, _ in module.named_parameters(recurse=False):
            found[f"{prefix}.{name}" if prefix else name] = ROLES[type(module)][name]
    return found
