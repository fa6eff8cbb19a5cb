"""Initial weights, drawn by numpy in float64 and rounded once to float32, so that PyTorch and Fathom start equal."""

import math

import numpy as np

from .tables import call

# Each takes (generator, shape [out, in]), then its own keys.


def uniform(generator, shape, low=0.0, high=1.0):
    return generator.uniform(low, high, shape)


def normal(generator, shape, mean=0.0, standard_deviation=1.0):
    return generator.normal(mean, standard_deviation, shape)


def scaled(distribution, deviation, standard_gain=1.0):
    """Zero-mean numbers of standard deviation gain * deviation(fan_in, fan_out)."""

    def draw(generator, shape, gain=standard_gain):
        sigma = gain * deviation(shape[1], shape[0])
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
    return gain * (q if rows >= columns else q.T)


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
}


def initial_state(model, inits, seed):
    """The state_dict the training starts from, as {name: array}: f32 parameters and buffers, i64 counters."""
    generator = np.random.default_rng(seed)
    drawn = {}
    for prefix, module in model.named_modules():
        if module not in inits:
            continue
        shape = tuple(module.weight.shape)
        drawn[f"{prefix}.weight"] = call("init", INITIALISERS, inits[module]["weight"], generator, shape)
        if module.bias is not None:
            # A bias is drawn as a column next to the weights, so that "pytorchLinear" takes its fan_in from them.
            bias_init = inits[module]["bias"]
            drawn[f"{prefix}.bias"] = call("init", INITIALISERS, bias_init, generator, shape)[:, 0]
    return {name: drawn.get(name, tensor.numpy()).astype(storage(tensor)) for name, tensor in model.state_dict().items()}


def storage(tensor):
    return np.float32 if tensor.is_floating_point() else np.int64
