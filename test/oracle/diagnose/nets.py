"""The nets that diagnose() is tested on, as model lists of the experiment file: inputs 64, hidden layers of 32, 10 classes."""

WIDTH = 32
HE = {"type": "heNormal"}
GLOROT = {"type": "glorotNormal"}
LECUN = {"type": "lecunNormal"}
DEFAULT = {"type": "pytorchLinear"}


def he(gain):
    return {"type": "heNormal", "gain": gain}


def normal(deviation, mean=0.0):
    return {"type": "normal", "mean": mean, "standardDeviation": deviation}


def constant(value):
    return {"type": "constant", "value": value}


def linear(init, bias=None):
    layer = {"type": "linear", "units": WIDTH, "init": init, "biasInit": bias if bias else "zeros"}
    return layer


def model(depth, first, body):
    """`first` on the inputs, then depth − 1 rounds of `body`, and a linear layer for the classes."""
    last = {"type": "linear", "units": 10, "init": GLOROT, "biasInit": "zeros"}
    return [*first, {"type": "repeat", "times": depth - 1, "body": body}, last]


def plain(activation, init, depth, bias=None):
    layers = [linear(init, bias), {"type": activation}]
    return model(depth, layers, layers)


def normed(activation, init, depth, norm="batchNorm"):
    layers = [linear(init), {"type": norm}, {"type": activation}]
    return model(depth, layers, layers)


def residual(depth, body):
    return model(depth, [linear(HE)], [{"type": "residual", "body": body}])


NETS = {
    # Squashing functions and weights that are too small.
    "sigmoid-glorot-4": plain("sigmoid", GLOROT, 4),
    "sigmoid-glorot-8": plain("sigmoid", GLOROT, 8),
    "sigmoid-glorot-20": plain("sigmoid", GLOROT, 20),
    "sigmoid-glorot-50": plain("sigmoid", GLOROT, 50),
    "sigmoid-default-12": plain("sigmoid", DEFAULT, 12, DEFAULT),
    "tanh-default-10": plain("tanh", DEFAULT, 10, DEFAULT),
    "tanh-default-20": plain("tanh", DEFAULT, 20, DEFAULT),
    "tanh-small-6": plain("tanh", normal(0.03), 6),
    "relu-default-10": plain("relu", DEFAULT, 10, DEFAULT),
    "relu-default-20": plain("relu", DEFAULT, 20, DEFAULT),
    "relu-default-50": plain("relu", DEFAULT, 50, DEFAULT),
    "relu-glorot-30": plain("relu", GLOROT, 30),
    "gelu-lecun-20": plain("gelu", LECUN, 20),
    "silu-lecun-20": plain("silu", LECUN, 20),
    "leaky-default-20": plain("leakyRelu", DEFAULT, 20, DEFAULT),
    "elu-default-30": plain("elu", DEFAULT, 30, DEFAULT),
    # Weights that are too large for what is not bounded.
    "relu-he4-10": plain("relu", he(4.0), 10),
    "relu-he3-20": plain("relu", he(3.0), 20),
    "relu-he3-30": plain("relu", he(3.0), 30),
    "relu-normal-12": plain("relu", normal(0.7), 12),
    "leaky-he3-20": plain("leakyRelu", he(3.0), 20),
    "selu-he2-20": plain("selu", he(2.0), 20),
    "elu-he3-30": plain("elu", he(3.0), 30),
    "gelu-he4-12": plain("gelu", he(4.0), 12),
    "residual-relu-he-24": residual(24, [linear(HE), {"type": "relu"}]),
    "batchnorm-relu-50": normed("relu", HE, 50),
    # Units that give nothing.
    "relu-bias-4": plain("relu", HE, 4, constant(-4.0)),
    "relu-bias-8": plain("relu", HE, 8, constant(-1.5)),
    "relu-bias-16": plain("relu", HE, 16, constant(-1.0)),
    "relu-negative-4": plain("relu", {"type": "uniform", "low": -0.3, "high": 0.0}, 4),
    "relu-negative-8": plain("relu", {"type": "uniform", "low": -0.2, "high": -0.02}, 8),
    "relu-negative-12": plain("relu", normal(0.05, -0.1), 12),
    "relu-zeros-6": plain("relu", "zeros", 6),
    # Squashing functions and weights that are too large.
    "tanh-normal1-4": plain("tanh", normal(1.0), 4),
    "tanh-normal1-8": plain("tanh", normal(1.0), 8),
    "tanh-normal1-16": plain("tanh", normal(1.0), 16),
    "tanh-normal2-10": plain("tanh", normal(2.0), 10),
    "tanh-normal1-24": plain("tanh", normal(1.0), 24),
    "tanh-normal3-6": plain("tanh", normal(3.0), 6),
    "tanh-he4-12": plain("tanh", he(4.0), 12),
    "tanh-he3-20": plain("tanh", he(3.0), 20),
    "tanh-bias-8": plain("tanh", GLOROT, 8, constant(3.0)),
    "sigmoid-normal3-4": plain("sigmoid", normal(3.0), 4),
    "sigmoid-normal3-8": plain("sigmoid", normal(3.0), 8),
    "sigmoid-normal5-12": plain("sigmoid", normal(5.0), 12),
    "sigmoid-bias-6": plain("sigmoid", GLOROT, 6, constant(6.0)),
    # What is said to work.
    "relu-he-4": plain("relu", HE, 4),
    "relu-he-8": plain("relu", HE, 8),
    "relu-he-16": plain("relu", HE, 16),
    "tanh-glorot-4": plain("tanh", GLOROT, 4),
    "tanh-glorot-10": plain("tanh", GLOROT, 10),
    "tanh-orthogonal-20": plain("tanh", {"type": "orthogonal"}, 20),
    "tanh-orthogonal-30": plain("tanh", {"type": "orthogonal"}, 30),
    "selu-lecun-10": plain("selu", LECUN, 10),
    "gelu-he-6": plain("gelu", HE, 6),
    "silu-he-5": plain("silu", he(1.7), 5),
    "elu-he-8": plain("elu", he(1.2), 8),
    "leaky-he-10": plain("leakyRelu", HE, 10),
    "batchnorm-relu-8": normed("relu", HE, 8),
    "batchnorm-relu-16": normed("relu", HE, 16),
    "batchnorm-sigmoid-6": normed("sigmoid", GLOROT, 6),
    "batchnorm-tanh-12": normed("tanh", GLOROT, 12),
    "layernorm-relu-16": normed("relu", HE, 16, "layerNorm"),
    "layernorm-tanh-24": normed("tanh", GLOROT, 24, "layerNorm"),
    "residual-layernorm-40": residual(40, [{"type": "layerNorm"}, {"type": "relu"}, linear(LECUN)]),
    "residual-batchnorm-24": residual(24, [linear(HE), {"type": "batchNorm"}, {"type": "relu"}]),
    "residual-batchnorm-50": residual(50, [{"type": "batchNorm"}, {"type": "relu"}, linear(LECUN)]),
    "residual-batchnorm-100": residual(100, [{"type": "batchNorm"}, {"type": "relu"}, linear(LECUN)]),
    "residual-small-50": residual(50, [linear(normal(0.02)), {"type": "relu"}]),
    "residual-tanh-30": residual(30, [linear(normal(0.05)), {"type": "tanh"}]),
}
