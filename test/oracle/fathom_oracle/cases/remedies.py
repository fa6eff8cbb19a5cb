"""Cases about schedules, groups, noise, clips, penalties and constraints, and about gradients that vanish or explode."""

from .make import WIDTH, case, constant, layer, linear, of_classes, of_targets, repeat, residual
from .optimizers import NORMED, plain


def deep(times, *body, width=8, out=4):
    return [linear(width), repeat(times, *body), linear(out)]


CASES = {
    "plateau": case(
        "a plateau that drops with little patience, cools down, and ends at its minimum", 61, plain("relu"),
        {"type": "sgd", "momentum": 0.9}, {"type": "plateau", "initial": 0.2, "factor": 0.4, "patience": 1, "threshold": 0.05, "cooldown": 1,
                                           "minimum": 0.015},
    ),
    "plateau-absolute": case(
        "a plateau of an absolute threshold over pairs of steps, after a warm-up", 62, plain("tanh", "glorotNormal", out=3),
        {"type": "adam"}, {"type": "warmUp", "steps": 3, "then": {"type": "plateau", "initial": 0.03, "patience": 0, "threshold": 0.03,
                                                                   "thresholdMode": "absolute", "every": 2, "factor": 0.5}},
        loss="meanSquaredError", steps=24,
    ),
    "plateau-epochs": case(
        "a plateau of the mean loss of epochs", 63, NORMED,
        {"type": "sgd", "momentum": 0.5}, {"type": "plateau", "unit": "epoch", "initial": 0.3, "factor": 0.3, "patience": 0, "threshold": 0.5},
        steps=26, clip={"type": "value", "max": 0.08},
    ),
    "epochs": case(
        "rates that change with epochs, whose ends lie within batches", 64, plain("silu"),
        {"type": "sgd", "momentum": 0.8}, {"type": "join", "unit": "epoch", "segments": [
            {"until": 2, "schedule": {"type": "warmUp", "steps": 2, "then": {"type": "constant", "initial": 0.2}}},
            {"schedule": {"type": "exponential", "initial": 0.2, "gamma": 0.7}}]},
        data=of_classes(164, 25), batchSize=9, clip={"type": "globalNorm", "max": 1.1},
    ),
    "one-cycle": case(
        "one cycle through its peak and beyond its end, noise that soon fades, rescaled gradients", 65, NORMED,
        {"type": "sgd", "momentum": 0.9, "weightDecay": 0.01}, {"type": "oneCycle", "maximum": 0.15, "steps": 17, "warmUpFraction": 0.35,
                                                               "divideBy": 10, "finalDivideBy": 100},
        gradientNoise={"eta": 0.02, "gamma": 2}, clip={"type": "rescale", "threshold": 1.2},
    ),
    "restarts": case(
        "warm restarts of equal length, AMSGrad's rival with l2 in the gradient", 66, plain("elu", out=3),
        {"type": "adam", "weightDecay": 0.1}, {"type": "cosineRestarts", "initial": 0.03, "steps": 7}, loss={"type": "huber"},
        regularizer={"type": "ridge", "lambda": 0.01},
    ),
    "piecewise": case(
        "rates by pieces, up and down, after a warm-up, lasso", 67, plain("leakyRelu"),
        {"type": "sgd"}, {"type": "warmUp", "steps": 2, "then": {"type": "piecewise", "boundaries": [3, 8, 12],
                                                                 "values": [0.1, 0.3, 0.05, 0.2]}},
        loss={"type": "multiMargin", "margin": 0.6}, regularizer={"type": "lasso", "lambda": 0.003}, clip={"type": "globalNorm", "max": 1.0},
    ),
    "milestones": case(
        "milestones, and rates that fall with time, in one join", 68, plain("celu", out=3),
        {"type": "rmsprop"}, {"type": "join", "segments": [
            {"until": 11, "schedule": {"type": "multiStep", "initial": 0.01, "milestones": [3, 8]}},
            {"schedule": {"type": "inverseTime", "initial": 0.005, "decay": 0.5}}]},
        loss={"type": "meanSquaredError", "half": False}, regularizer={"type": "l1", "lambda": 0.02, "divideBy": "samples"},
    ),
    "parameter-norm": case(
        "clipping tensor by tensor below norms, decayed", 69, NORMED, {"type": "sgd", "momentum": 0.9, "weightDecay": 0.1},
        {"type": "polynomial", "initial": 0.2, "steps": 15, "power": 1.5, "end": 0.02}, clip={"type": "parameterNorm", "max": 0.35},
        regularizer={"type": "l2", "lambda": 0.01},
    ),
    "value-clip": case(
        "element-wise clipping under noise, and a penalty in the gradient that is clipped", 70, plain("relu"),
        {"type": "sgd", "momentum": 0.9}, constant(0.1), clip={"type": "value", "max": 0.05}, gradientNoise={"eta": 0.003},
        regularizer={"type": "elasticNet", "l1": 0.003, "l2": 0.02},
    ),
    "adaptive-clip": case(
        "adaptive clipping of deep residuals at its defaults for most, small rows held by epsilon", 71,
        deep(6, residual(linear(8, "heNormal", biasInit="zeros"), layer("relu")), out=3), {"type": "sgd", "momentum": 0.9}, constant(0.5),
        loss="meanSquaredError", clip={"type": "adaptive"},
    ),
    "max-norm": case(
        "rows held at 1.1 under Adam, batch-norm between, biases free", 72,
        [linear(WIDTH, "heNormal"), layer("relu"), repeat(2, linear(WIDTH), layer("batchNorm"), layer("relu")), linear(4)],
        {"type": "adam", "beta2": 0.9, "epsilon": 0.01}, constant(0.05), constraint={"type": "maxNorm", "max": 1.1},
    ),
    "max-norm-everything": case(
        "max-norm over a projection, a gate and weight-norm's v, with noise and decay", 73,
        [residual(linear(10, parametrization="weightNorm"), layer("tanh"), linear(10)),
         layer("highway", body=[linear(10), layer("relu")], gateBias=-0.5), linear(4)],
        {"type": "adamW", "weightDecay": 0.2}, constant(0.03), constraint={"type": "maxNorm", "max": 0.8}, gradientNoise={"eta": 0.01, "gamma": 0},
    ),
    "frozen": case(
        "the first layers and all norm shifts frozen: no norm, penalty, decay, noise, clip or max-norm takes heed of them", 74,
        [repeat(3, linear(WIDTH), layer("layerNorm"), layer("tanh")), linear(4)],
        {"type": "adamW", "weightDecay": 0.3, "epsilon": 0.01}, constant(0.03), clip={"type": "globalNorm", "max": 0.9},
        groups=[{"parameters": "0.0.*", "learningRateFactor": 0}, {"parameters": "*", "role": "normShift", "learningRateFactor": 0},
                {"parameters": "0.2.*.weight", "weightDecayFactor": 0}],
        gradientNoise={"eta": 0.003}, regularizer={"type": "l2", "lambda": 0.02}, constraint={"type": "maxNorm", "max": 0.65},
    ),
    "frozen-tail": case(
        "a frozen last layer and gate below dropout, momentum elsewhere", 75,
        [linear(WIDTH), layer("batchNorm"), layer("highway", body=[linear(WIDTH), layer("silu"), layer("dropout", rate=0.2)]), linear(4)],
        {"type": "sgd", "momentum": 0.9, "weightDecay": 0.02}, {"type": "step", "initial": 0.1, "every": 4, "gamma": 0.8},
        groups=[{"parameters": "3.*", "learningRateFactor": 0}, {"parameters": "2.gate.*", "learningRateFactor": 0}],
        clip={"type": "adaptive", "ratio": 0.05, "epsilon": 0.02},
    ),
    "noise": case(
        "gradient noise alone, of a size with the gradients", 76, plain("softsign", "lecunUniform"), {"type": "sgd"}, constant(0.3),
        gradientNoise={"eta": 0.05, "gamma": 0.3}, loss="multiMargin",
    ),
    "vanished": case(
        "gradients of 1e-20 in the first layers, all divided by their norm", 77,
        [*(entry for _ in range(24) for entry in (linear(8, {"type": "normal", "standardDeviation": 0.1}), layer("sigmoid"))), linear(4)],
        {"type": "sgd", "momentum": 0.9, "nesterov": True}, constant(0.02), clip="normalize",
    ),
    "faded": case(
        "gradients of 1e-13 throughout, divided by their norm", 78,
        [linear(WIDTH), layer("tanh"), linear(3, {"type": "normal", "standardDeviation": 1e-13}, biasInit="zeros")],
        {"type": "sgd", "momentum": 0.5}, constant(1e-13), clip="normalize", loss="meanSquaredError",
        data={key: value if key == "x" else value * value.dtype.type(1e-13) for key, value in of_targets(1078).items()},
    ),
    "exploded": case(
        "gradients of 1e10 rescaled, max-norm after it", 79,
        [*(entry for _ in range(10) for entry in (linear(WIDTH, {"type": "heNormal", "gain": 4}), layer("relu"))), linear(3)],
        {"type": "sgd", "momentum": 0.9}, constant(0.05), clip={"type": "rescale", "threshold": 1}, loss="meanSquaredError",
        constraint={"type": "maxNorm", "max": 4},
    ),
    "exploded-adaptive": case(
        "exploding gradients under adaptive clipping and Lion's memory of them", 80,
        [*(entry for _ in range(6) for entry in (linear(WIDTH, {"type": "heNormal", "gain": 4}), layer("leakyRelu"))), linear(4)],
        {"type": "sgd", "momentum": 0.8}, constant(0.3), clip={"type": "adaptive", "ratio": 0.02},
    ),
    "sixty-deep": case(
        "sixty tanh layers of orthogonal weights, normalised gradients, one cycle", 81,
        deep(60, linear(8, {"type": "orthogonal", "gain": 1.15}, biasInit="zeros"), layer("tanh")),
        {"type": "sgd", "momentum": 0.9}, {"type": "oneCycle", "maximum": 0.04, "steps": 20}, clip="normalize",
    ),
    "thirty-pre-norm": case(
        "thirty pre-norm residuals with stochastic depth and AdamW", 82,
        deep(30, residual(layer("rmsNorm", epsilon=0.01), linear(8), layer("silu"), scale={"type": "layerScale", "initial": 0.2},
                          stochasticDepth={"rate": 0.4, "mode": "row", "decay": "linear"})),
        {"type": "adamW"}, {"type": "warmUp", "steps": 6, "then": {"type": "cosine", "initial": 0.01, "steps": 12}},
        clip={"type": "globalNorm", "max": 1},
    ),
    "twenty-normed": case(
        "twenty residuals with batch-norm, Nesterov, label smoothing, milestones", 83,
        deep(20, residual(linear(8, "glorotNormal"), layer("batchNorm", momentum=0.2, epsilon=0.01), layer("leakyRelu", negativeSlope=0.3))),
        {"type": "sgd", "momentum": 0.8, "nesterov": True}, {"type": "multiStep", "initial": 0.02, "milestones": [8, 14], "gamma": 0.5},
        loss={"type": "softmaxCrossEntropy", "labelSmoothing": 0.1}, clip={"type": "globalNorm", "max": 8},
    ),
}  # fmt: skip
