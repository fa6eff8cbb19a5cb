"""Initial weights, drawn by numpy in float64 and rounded once to float32, so that PyTorch and Fathom start equal."""

import math

import numpy as np
import torch
from torch import nn

from .initialization import initialize
from .modules import lecun_tanh
from .tables import call

# Gains by activation: PyTorch's where it has one. The others keep the second moment of a normal input, 1 / sqrt(E[f(z)^2]).
PYTORCH_GAINS = {"linear": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leakyRelu": "leaky_relu", "selu": "selu"}
OTHER_GAINS = {
    "elu": nn.ELU(), "celu": nn.CELU(), "gelu": nn.GELU(), "silu": nn.SiLU(), "softplus": nn.Softplus(), "mish": nn.Mish(),
    "hardSigmoid": nn.Hardsigmoid(), "hardSwish": nn.Hardswish(), "softsign": nn.Softsign(), "lecunTanh": lecun_tanh,
    "prelu": nn.LeakyReLU(0.25), "glu": nn.Sigmoid(), "swiglu": nn.SiLU(),
}  # fmt: skip


def gain_of(gain):
    """A number as it is, the gain of an activation by its name."""
    if gain in PYTORCH_GAINS:
        return nn.init.calculate_gain(PYTORCH_GAINS[gain])
    if gain in OTHER_GAINS:
        z = torch.linspace(-12, 12, 240_001, dtype=torch.float64)
        density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return float(torch.trapezoid(OTHER_GAINS[gain](z) ** 2 * density, z) ** -0.5)
    return float(gain)

# Each takes (generator, shape [out, in]), then its own keys.


def uniform(generator, shape, low=0.0, high=1.0):
    return generator.uniform(low, high, shape)


def normal(generator, shape, mean=0.0, standard_deviation=1.0):
    return generator.normal(mean, standard_deviation, shape)


def scaled(distribution, deviation, standard_gain=1.0):
    """Zero-mean numbers of standard deviation gain * deviation(fan_in, fan_out)."""

    def draw(generator, shape, gain=standard_gain):
        sigma = gain_of(gain) * deviation(shape[1], shape[0])
        if distribution == "normal":
            return generator.normal(0.0, sigma, shape)
        bound = math.sqrt(3.0) * sigma
        return generator.uniform(-bound, bound, shape)

    return draw


def orthogonal(generator, shape, gain=1.0):
    """Orthonormal rows or columns, whichever are fewer, from the QR factors of a normal matrix with the signs made uniform."""
    rows, columns = shape
    tall = generator.normal(0.0, 1.0, (max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return gain_of(gain) * (q if rows >= columns else q.T)


def glorot(fan_in, fan_out):
    return math.sqrt(2.0 / (fan_in + fan_out))


def he(fan_in, _fan_out):
    return 1.0 / math.sqrt(fan_in)


def pytorch_linear(generator, shape):
    bound = 1.0 / math.sqrt(shape[1])
    return generator.uniform(-bound, bound, shape)


INITIALISERS = {
    "pytorchLinear": pytorch_linear,
    "zeros": lambda _generator, shape: np.zeros(shape),
    "ones": lambda _generator, shape: np.ones(shape),
    "constant": lambda _generator, shape, value: np.full(shape, float(value)),
    "uniform": uniform,
    "normal": normal,
    "glorotUniform": scaled("uniform", glorot),
    "glorotNormal": scaled("normal", glorot),
    # The gain is that of a relu unless another is given; LeCun's is He's with a gain of 1.
    "heUniform": scaled("uniform", he, math.sqrt(2.0)),
    "heNormal": scaled("normal", he, math.sqrt(2.0)),
    "lecunUniform": scaled("uniform", he),
    "lecunNormal": scaled("normal", he),
    "orthogonal": orthogonal,
    "identity": lambda _generator, shape, gain=1.0: gain_of(gain) * np.eye(*shape),
}


def initial_state(model, seed):
    """The state_dict that the drawn weights make, as {name: array}: f32 parameters and buffers, i64 counters."""
    generator = np.random.default_rng(seed)
    drawn = {}
    for prefix, module in model.network.named_modules():
        if module not in model.initial:
            continue
        init = model.initial[module]
        # Of a weight-normalised layer v is drawn, and g is the norm of v's rows.
        normalised = hasattr(module, "weight_v")
        shape = (module.out_features, module.in_features)
        weight = call("init", INITIALISERS, init["weight"], generator, shape)
        drawn[f"{prefix}.weight_v" if normalised else f"{prefix}.weight"] = weight
        if normalised:
            drawn[f"{prefix}.weight_g"] = np.linalg.norm(weight, axis=1, keepdims=True)
        if module.bias is not None:
            # A bias is drawn as a column next to the weights, so that "pytorchLinear" takes its fan_in from them.
            drawn[f"{prefix}.bias"] = call("init", INITIALISERS, init["bias"], generator, shape)[:, 0]
    return {name: drawn.get(name, tensor.numpy()).astype(storage(tensor)) for name, tensor in model.network.state_dict().items()}


def starting_state(experiment):
    """The weights that training starts from where no file gives them: drawn, and then what `initialization` does to them."""
    model = experiment.build()
    state = initial_state(model, experiment["seed"])
    if experiment.get("initialization") is None:
        return state
    return initialize(experiment["initialization"], model, state, experiment.batch(0)[0])


def storage(tensor):
    return np.float32 if tensor.is_floating_point() else np.int64
