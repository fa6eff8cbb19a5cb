"""Cases about optimizers: every key of each, with epsilons and decays large enough to be seen."""

from .make import WIDTH, case, constant, layer, linear, of_classes, of_targets, repeat, residual


def plain(activation, init="heNormal", hidden=3, out=4):
    """A plain net of `hidden` layers."""
    return [*(entry for _ in range(hidden) for entry in (linear(WIDTH, init), layer(activation))), linear(out)]


NORMED = [repeat(3, linear(WIDTH, bias=False), layer("batchNorm"), layer("relu")), linear(4)]

CASES = {
    "sgd-decoupled": case(
        "SGD with Nesterov's momentum and decoupled decay, biases and norms excused from it", 41, NORMED,
        {"type": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.3, "decoupledWeightDecay": True}, constant(0.05),
        groups=[{"parameters": "*.bias", "weightDecayFactor": 0}, {"parameters": "*", "role": "normScale", "weightDecayFactor": 0}],
    ),
    "sgd-dampened": case(
        "dampened momentum of normalised gradients, coupled decay", 42, plain("tanh", "glorotNormal"),
        {"type": "sgd", "momentum": 0.8, "dampening": 0.6, "weightDecay": 0.05}, {"type": "linear", "initial": 0.3, "steps": 18},
        clip="normalize",
    ),
    "rmsprop": case(
        "RMSprop with momentum and an epsilon of the gradient's size", 43, plain("relu"),
        {"type": "rmsprop", "alpha": 0.8, "epsilon": 0.02, "momentum": 0.7, "weightDecay": 0.1}, constant(0.004),
        clip={"type": "globalNorm", "max": 0.7},
    ),
    "rmsprop-centered": case(
        "centred RMSprop, decay decoupled and doubled for the last layer", 44, plain("softplus", "lecunNormal", out=3),
        {"type": "rmsprop", "alpha": 0.7, "epsilon": 0.05, "centered": True, "weightDecay": 0.4, "decoupledWeightDecay": True},
        {"type": "step", "initial": 0.02, "every": 8, "gamma": 0.5}, loss="meanSquaredError",
        groups=[{"parameters": "6.*", "learningRateFactor": 0.5, "weightDecayFactor": 2}],
    ),
    "adagrad": case(
        "Adagrad from nothing, with decoupled decay", 45, plain("mish"),
        {"type": "adagrad", "epsilon": 1e-3, "weightDecay": 0.2, "decoupledWeightDecay": True}, constant(0.05), loss="multiMargin",
    ),
    "adagrad-decaying": case(
        "Adagrad with a rate that decays, over an initial accumulator", 46, plain("hardSwish", out=3),
        {"type": "adagrad", "learningRateDecay": 0.3, "initialAccumulator": 0.01, "epsilon": 0.1}, constant(0.2),
        loss="binaryCrossEntropyWithLogits", regularizer={"type": "elasticNet", "l1": 0.001, "l2": 0.01},
    ),
    "adam": case(
        "Adam with coupled decay and a large epsilon over adaptive clipping", 47, plain("silu"),
        {"type": "adam", "beta1": 0.7, "beta2": 0.9, "epsilon": 0.02, "weightDecay": 0.05}, {"type": "cosine", "initial": 0.05, "steps": 20},
        clip={"type": "adaptive", "ratio": 0.05},
    ),
    "adam-tiny-epsilon": case(
        "Adam that divides gradients of 1e-12 by themselves", 48,
        [*plain("tanh", "glorotUniform", hidden=2, out=3)[:-1], linear(3, {"type": "normal", "standardDeviation": 1e-6}, biasInit="zeros")],
        {"type": "adam", "epsilon": 1e-15, "beta2": 0.99}, constant(1e-8), loss="meanSquaredError",
        data={key: value if key == "x" else value * value.dtype.type(1e-6) for key, value in of_targets(1048).items()},
    ),
    "adamw-groups": case(
        "AdamW, four groups by pattern and role, the first that matches", 49, NORMED,
        {"type": "adamW", "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001, "weightDecay": 0.5},
        {"type": "join", "segments": [
            {"until": 7, "schedule": {"type": "warmUp", "steps": 4, "then": {"type": "constant", "initial": 0.02}}},
            {"until": 12, "schedule": {"type": "linear", "initial": 0.02, "steps": 8}}, {"schedule": {"type": "constant", "initial": 0.004}},
        ]},
        groups=[
            {"parameters": "0.0.*", "role": "weight", "learningRateFactor": 0.3},
            {"parameters": "0.*.weight", "role": "weight", "learningRateFactor": 3, "weightDecayFactor": 0.1},
            {"parameters": "*", "role": "bias", "weightDecayFactor": 0},
            {"parameters": "0.*", "weightDecayFactor": 0, "learningRateFactor": 2},
        ],
    ),
    "nadam": case(
        "NAdam with decoupled decay under gradient noise", 50, plain("selu", "lecunNormal"),
        {"type": "nadam", "epsilon": 0.01, "weightDecay": 0.3, "decoupledWeightDecay": True}, constant(0.03),
        gradientNoise={"eta": 0.01}, clip={"type": "globalNorm", "max": 1.6},
    ),
    "nadam-no-momentum-decay": case(
        "NAdam whose momentum keeps its half, on absolute errors", 51, plain("leakyRelu", out=3),
        {"type": "nadam", "beta1": 0.95, "beta2": 0.9, "momentumDecay": 0}, {"type": "inverseScaling", "initial": 0.02}, loss="meanAbsoluteError",
    ),
    "radam": case(
        "RAdam that switches to the rectified step in its sixth", 52, plain("gelu", "glorotNormal"),
        {"type": "radam", "epsilon": 0.001, "weightDecay": 0.3, "decoupledWeightDecay": True}, constant(0.05),
        clip={"type": "globalNorm", "max": 0.35},
    ),
    "radam-short-memory": case(
        "RAdam that never switches: its beta2 forgets too soon", 53, plain("tanh", "glorotNormal", out=3),
        {"type": "radam", "beta1": 0.6, "beta2": 0.6}, constant(0.2), loss={"type": "huber", "delta": 0.3},
    ),
    "lion": case(
        "Lion, for which only signs count, under rising rates", 54, plain("tanh", "glorotNormal"),
        {"type": "lion", "weightDecay": 0.3}, {"type": "oneCycle", "maximum": 0.01, "steps": 20, "warmUpFraction": 0.4, "divideBy": 5,
                                               "finalDivideBy": 50, "anneal": "linear"},
    ),
    "lamb": case(
        "LAMB over norms and a zero tensor, whose trust is 1", 55,
        [*plain("relu", hidden=2)[:-1], layer("batchNorm"), residual(linear(WIDTH, "zeros", biasInit="zeros"), layer("tanh")), linear(4)],
        {"type": "lamb", "epsilon": 0.01}, constant(0.05), groups=[{"parameters": "*", "role": "bias", "weightDecayFactor": 0}],
    ),
    "lamb-no-decay": case(
        "LAMB without decay, its gradients noisy and clipped by tensor", 56, plain("elu", out=3),
        {"type": "lamb", "beta1": 0.5, "beta2": 0.9, "weightDecay": 0}, {"type": "warmUp", "steps": 3, "then": {
            "type": "cosine", "initial": 0.05, "steps": 12, "end": 0.01}},
        loss="meanSquaredError", gradientNoise={"eta": 1e-4, "gamma": 1.5}, clip={"type": "parameterNorm", "max": 0.1},
    ),
    "muon": case(
        "Muon over tall, wide and square weights, and Adam's step for the rest", 57,
        [linear(16, "heNormal"), layer("layerNorm"), layer("relu"), linear(WIDTH, "heNormal"), layer("relu"), linear(WIDTH), layer("prelu"),
         linear(4)],
        {"type": "muon"}, constant(0.02), clip={"type": "globalNorm", "max": 0.65},
    ),
    "muon-adjusted": case(
        "Muon without Nesterov, three iterations, adjusted to AdamW's size, factors for both halves", 58,
        [linear(10, "heNormal", parametrization="weightNorm"), layer("gelu"), repeat(2, residual(linear(10), layer("tanh"))), linear(3)],
        {"type": "muon", "momentum": 0.8, "nesterov": False, "iterations": 3, "adjust": "matchRmsAdamW", "beta1": 0.7, "beta2": 0.9,
         "epsilon": 0.001, "weightDecay": 0.4}, {"type": "polynomial", "initial": 0.03, "steps": 20, "power": 0.5},
        loss="meanSquaredError", groups=[{"parameters": "2.*", "learningRateFactor": 0.4, "weightDecayFactor": 2}],
    ),
    "identity-start": case(
        "plain deep relu that begins as the identity; Adam's defaults", 59,
        [linear(WIDTH), *(entry for _ in range(12) for entry in (linear(WIDTH, "identity", biasInit="zeros"), layer("relu"))), linear(4)],
        "adam", {"type": "linear", "initial": 0.01, "steps": 20, "end": 0.002}, data=of_classes(159),
    ),
}  # fmt: skip
