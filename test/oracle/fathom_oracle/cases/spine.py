"""The first cases: nets deep, branched, vanishing and exploding, under SGD and Adam; and those whose dispatches are counted."""

import numpy as np

from .make import Case, bits, classes, experiment, layer, linear, targets


def deep_tanh():
    """A deep tanh net with Nesterov momentum, clipped in about half of the steps. 40 rows at batch 16: batches wrap around the end."""
    hidden = [entry for _ in range(8) for entry in (linear(24, "glorotUniform"), layer("tanh"))]
    return experiment(
        "deep tanh", seed=1, batchSize=16, steps=24, model=[*hidden, linear(5, "glorotUniform")], loss="softmaxCrossEntropy",
        optimizer={"type": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.001},
        schedule={"type": "linear", "initial": 0.2, "steps": 20}, clip={"type": "globalNorm", "max": 1.2},
    ), classes(101, 40, 12, 5, np.int64)


def residual_batch_norm():
    """Residual blocks with batch-norm in a repeat, one projected; AdamW under cosine with warm-up; l2 over the weights."""
    block = layer("residual", body=[linear(20, "heNormal", bias=False), layer("batchNorm"), layer("relu")])
    return experiment(
        "residual batch-norm", seed=2, batchSize=16, steps=24,
        model=[
            linear(20, "heUniform", bias=False), layer("batchNorm"), layer("relu"),
            layer("repeat", times=4, body=[block]),
            layer("residual", projection=True, body=[linear(14, "heNormal", bias=False), layer("batchNorm"), layer("relu")]),
            linear(6),
        ],
        loss="softmaxCrossEntropy", optimizer={"type": "adamW", "weightDecay": 0.05},
        schedule={"type": "warmUp", "steps": 4, "then": {"type": "cosine", "initial": 0.003, "end": 0.0001, "steps": 16}},
        regularizer={"type": "l2", "lambda": 0.002},
    ), classes(102, 48, 10, 6, np.int32)


def branches():
    """Branches of smooth activations joined, plain Adam on mean squared error, l1 per sample, and a step schedule."""
    return experiment(
        "branches", seed=3, batchSize=12, steps=24,
        model=[
            linear(16, "lecunNormal"), layer("silu"),
            layer("concat", branches=[
                [linear(8, "glorotNormal"), layer("gelu")],
                [linear(6, "orthogonal"), layer("elu", alpha=0.7), linear(5), layer("gelu", form="tanh")],
                [],
            ]),
            linear(12, "lecunUniform"), layer("selu"), layer("residual", body=[linear(12), layer("softplus")]),
            linear(3),
        ],
        loss="meanSquaredError", optimizer={"type": "adam", "beta1": 0.85, "beta2": 0.99, "epsilon": 1e-6, "weightDecay": 0.01},
        schedule={"type": "step", "initial": 0.01, "gamma": 0.5, "every": 7},
        regularizer={"type": "l1", "lambda": 0.05, "divideBy": "samples"},
    ), targets(103, 30, 7, 3)


def batch_norm_sgd():
    """Biases that feed a batch-norm (true gradient zero), leaky relu and sigmoid, dampened momentum, binary targets."""
    return experiment(
        "batch-norm SGD", seed=4, batchSize=10, steps=20,
        model=[
            layer("repeat", times=3, body=[linear(14, "heNormal"), layer("batchNorm", momentum=0.2, epsilon=0.001), layer("leakyRelu", negativeSlope=0.1)]),
            linear(9), layer("sigmoid"), linear(4),
        ],
        loss="binaryCrossEntropyWithLogits", optimizer={"type": "sgd", "momentum": 0.8, "dampening": 0.3},
        schedule={"type": "inverseScaling", "initial": 0.3, "power": 0.5}, clip={"type": "globalNorm", "max": 100.0},
        regularizer={"type": "l2", "lambda": 0.5, "divideBy": "samples"},
    ), bits(104, 25, 9, 4)


def exponential_relu():
    """A plain relu net by plain SGD under an exponential schedule after a warm-up."""
    hidden = [entry for _ in range(4) for entry in (linear(16, "heUniform"), layer("relu"))]
    return experiment(
        "exponential relu", seed=5, batchSize=8, steps=20, model=[*hidden, linear(3)], loss="softmaxCrossEntropy",
        optimizer={"type": "sgd"},
        schedule={"type": "warmUp", "steps": 3, "then": {"type": "exponential", "initial": 0.1, "gamma": 0.9}},
        regularizer={"type": "l1", "lambda": 0.001},
    ), classes(105, 32, 8, 3, np.int64)


def vanishing_sigmoid():
    """Twenty sigmoid layers from small weights: the first layer's gradient is 1e-20 of the last's, and must not be lost."""
    hidden = [entry for _ in range(20) for entry in (linear(12, {"type": "normal", "standardDeviation": 0.1}), layer("sigmoid"))]
    return experiment(
        "vanishing sigmoid", seed=6, batchSize=16, steps=20, model=[*hidden, linear(4)], loss="softmaxCrossEntropy",
        optimizer={"type": "sgd", "momentum": 0.9}, schedule={"type": "constant", "initial": 0.1},
        clip={"type": "globalNorm", "max": 0.1},
    ), classes(106, 32, 8, 4, np.int64)


def exploding_relu():
    """Relu layers from weights almost three times too large: gradients of 1e8, held by the clip."""
    hidden = [entry for _ in range(8) for entry in (linear(12, {"type": "heNormal", "gain": 4.0}), layer("relu"))]
    return experiment(
        "exploding relu", seed=7, batchSize=16, steps=20, model=[*hidden, linear(2)], loss="meanSquaredError",
        optimizer={"type": "sgd", "momentum": 0.5}, schedule={"type": "join", "segments": [
            {"until": 6, "schedule": {"type": "constant", "initial": 0.01}},
            {"schedule": {"type": "cosine", "initial": 0.01, "steps": 10}},
        ]},
        clip={"type": "globalNorm", "max": 1.0},
    ), targets(107, 32, 8, 2)


def faint():
    """Gradients of 1e-4 under a clip of 1e-5: the clip's 1e-6 and Adam's epsilon weigh in, wherever they stand."""
    hidden = [entry for _ in range(3) for entry in (linear(10), layer("tanh"))]
    data = targets(108, 30, 6, 2)
    return experiment(
        "faint gradients", seed=8, batchSize=10, steps=20,
        model=[*hidden, linear(2, {"type": "normal", "standardDeviation": 0.0001}, biasInit="zeros")],
        loss="meanSquaredError", optimizer={"type": "adam", "epsilon": 1e-6},
        schedule={"type": "linear", "initial": 0.00002, "end": 0.00001, "steps": 10}, clip={"type": "globalNorm", "max": 1e-5},
    ), {"x": data["x"], "y": (data["y"].astype(np.float64) * 0.0002).astype(np.float32)}


def counted(hidden, width):
    """The net whose dispatches are counted: `hidden` layers of tanh, SGD, clip and per-parameter norms.

    The gain keeps the first of 200 layers learning: with a gain of 1 its gradient is 1e-12, and no weight moves by a bit.
    """
    init = {"type": "glorotUniform", "gain": 1.2}
    layers = [entry for _ in range(hidden) for entry in (linear(width, init), layer("tanh"))]
    return experiment(
        f"{hidden} hidden layers", seed=hidden, batchSize=32, steps=5, model=[*layers, linear(10, "glorotUniform")],
        loss="softmaxCrossEntropy", optimizer={"type": "sgd"}, schedule={"type": "constant", "initial": 0.05},
        clip={"type": "globalNorm", "max": 1.0},
    ), classes(200 + hidden, 64, 16, 10, np.int32)


CASES = {
    name: Case(*made(), sharp=False)
    for name, made in {
        "deep-tanh": deep_tanh,
        "residual-batch-norm": residual_batch_norm,
        "branches": branches,
        "batch-norm-sgd": batch_norm_sgd,
        "exponential-relu": exponential_relu,
        "vanishing-sigmoid": vanishing_sigmoid,
        "exploding-relu": exploding_relu,
        "faint": faint,
        "count-3": lambda: counted(3, 32),
        "count-10": lambda: counted(10, 32),
        "count-50": lambda: counted(50, 16),
        "count-200": lambda: counted(200, 16),
    }.items()
}
