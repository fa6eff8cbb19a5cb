"""Random combinations drawn from the whole experiment file, 2 to 60 linear layers deep. A seed is a case, for ever."""

import numpy as np

from .make import DATA, Case, experiment, layer, linear, repeat, residual

# Those that are not chaotic, of the first that were tried; depths of all sizes.
SEEDS = [1, 5, 8, 13, 24, 26, 28, 31, 34, 35, 42, 44, 45, 46, 49, 52, 53, 56, 58, 59]

ACTIVATIONS = [
    "sigmoid", "tanh", "relu", "selu", "silu", "softplus", "mish", "hardSigmoid", "hardSwish", "softsign", "lecunTanh", "leakyRelu", "elu",
    "celu", "gelu", "prelu",
]  # fmt: skip
INITS = ["pytorchLinear", "glorotUniform", "glorotNormal", "heUniform", "heNormal", "lecunUniform", "lecunNormal", "orthogonal"]
# A rate that moves weights visibly and not wildly in twenty steps.
RATES = {
    "sgd": 0.05, "rmsprop": 0.002, "adagrad": 0.02, "adam": 0.005, "adamW": 0.005, "nadam": 0.005, "radam": 0.01, "lion": 0.002,
    "lamb": 0.02, "muon": 0.01,
}  # fmt: skip


class Draw:
    """Random choices, in the order in which they are asked for."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def of(self, *choices):
        return choices[self.generator.integers(len(choices))]

    def whole(self, least, most):
        return int(self.generator.integers(least, most + 1))

    def number(self, least, most):
        """Evenly over magnitudes, short enough to read."""
        return float(f"{np.exp(self.generator.uniform(np.log(least), np.log(most))):.2g}")

    def chance(self, probability):
        return bool(self.generator.random() < probability)

    def some(self, keys, probability=0.5):
        """Some of the keys; the others keep their defaults."""
        return {key: value for key, value in keys.items() if self.chance(probability)}


def activation(draw):
    kind = draw.of(*ACTIVATIONS)
    keys = {
        "leakyRelu": {"negativeSlope": draw.number(0.01, 0.5)},
        "elu": {"alpha": draw.number(0.3, 2)},
        "celu": {"alpha": draw.number(0.3, 2)},
        "gelu": {"form": draw.of("erf", "tanh")},
        "prelu": {"perFeature": draw.chance(0.5), "initial": draw.number(0.05, 0.5)},
    }.get(kind, {})
    return layer(kind, **draw.some(keys))


def norm(draw, width):
    keys = draw.some({"epsilon": draw.number(1e-5, 0.1), "affine": draw.chance(0.5)})
    kind = draw.of("batchNorm", "layerNorm", "rmsNorm", "groupNorm")
    if kind == "groupNorm":
        return layer(kind, groups=draw.of(*(groups for groups in (1, 2, 3) if width % groups == 0 and width // groups >= 3)), **keys)
    return layer(kind, **(draw.some({"momentum": draw.number(0.05, 0.5)}) if kind == "batchNorm" else {}), **keys)


def block(draw, width):
    """A linear layer of `width` outputs, with or without a norm, an activation, dropout."""
    normed, gated = draw.chance(0.4), draw.chance(0.15)
    # A bias before a norm, and v's length before one, have gradients of nothing; they are left to cases of their own.
    keys = {"init": draw.of(*INITS), "bias": not normed and draw.chance(0.8)}
    if not normed:
        keys |= draw.some({"parametrization": draw.of("weightNorm", "weightStandardization")}, 0.3)
    return [
        linear(2 * width if gated else width, **keys),
        *([norm(draw, width)] if normed and not gated else []),
        layer(draw.of("glu", "swiglu")) if gated else activation(draw),
        *([layer("dropout", rate=draw.number(0.05, 0.4))] if draw.chance(0.2) else []),
    ]


def residual_block(draw, width, in_repeat):
    scale = draw.of(None, {"type": "rezero", "initial": draw.number(0.1, 1)}, {"type": "layerScale", "initial": draw.number(0.1, 1)})
    depth = {"rate": draw.number(0.1, 0.5), **draw.some({"mode": draw.of("row", "batch"), "decay": "linear" if in_repeat else "none"})}
    keys = {**({"scale": scale} if scale else {}), **draw.some({"stochasticDepth": depth, "projection": draw.chance(0.3)}, 0.4)}
    return residual(*([norm(draw, width)] if draw.chance(0.4) else []), *block(draw, width), **keys)


def piece(draw, width, out, depth, heads):
    """Some layers of one width, and how many linear layers deep they are: at most `depth`."""
    kind = draw.of("block", "block", "residual", "repeat", "highway", "dense", "concat", "auxiliary")
    if kind == "repeat" and depth > 2:
        times = draw.whole(2, depth)
        body = draw.of(
            lambda: [residual_block(draw, width, True)], lambda: [residual_block(draw, width, True)], lambda: block(draw, width),
            lambda: [layer("highway", body=block(draw, width), **draw.some({"gateBias": draw.number(0.1, 2)}))],
        )()
        # Without a way around it a deep plain stack would be chaos, or nothing.
        return ([repeat(times, *body)], times) if len(body) == 1 else ([repeat(min(times, 5), *body)], min(times, 5))
    if kind == "residual":
        return [residual_block(draw, width, False)], 1
    if kind == "highway":
        return [layer("highway", body=block(draw, width), **draw.some({"gateBias": -draw.number(0.1, 2)}))], 1
    if kind == "dense" and depth > 2:
        return [layer("dense", times=2, body=block(draw, 4)), linear(width, draw.of(*INITS))], 3
    if kind == "concat" and depth > 1:
        return [layer("concat", branches=[block(draw, 5), [], block(draw, 3)]), linear(width, draw.of(*INITS))], 2
    if kind == "auxiliary" and len(heads) < 2:
        heads.append(f"head {len(heads)}")
        return [layer("auxiliary", name=heads[-1], **draw.some({"weight": draw.number(0.1, 1)}), body=[linear(out)])], 0
    return block(draw, width), 1


def model(draw, out):
    depth = round(draw.number(2, 60))
    width = draw.of(6, 9, 12) if depth < 20 else 6
    heads, layers, left = [], [linear(width), activation(draw)], depth - 2
    while left > 0:
        made, used = piece(draw, width, out, left, heads)
        layers, left = layers + made, left - used
    return [*layers, linear(out)]


def optimizer(draw):
    kind = draw.of(*RATES)
    betas = {"beta1": draw.number(0.5, 0.95), "beta2": draw.number(0.7, 0.999), "epsilon": draw.number(1e-4, 0.01)}
    decay = {"weightDecay": draw.number(0.01, 0.3)}
    decoupled = {**decay, "decoupledWeightDecay": draw.chance(0.5)}
    keys = {
        "sgd": {"momentum": draw.number(0.3, 0.95), "dampening": draw.number(0.1, 0.5), **decoupled},
        "rmsprop": {"alpha": draw.number(0.7, 0.99), "epsilon": 0.01, "momentum": draw.number(0.3, 0.9), "centered": draw.chance(0.5), **decoupled},
        "adagrad": {"learningRateDecay": draw.number(0.01, 0.3), "initialAccumulator": draw.number(0.01, 0.3), **decoupled},
        "adam": {**betas, **decay},
        "adamW": {**betas, **decay},
        "nadam": {**betas, "momentumDecay": draw.number(0.001, 0.1), **decoupled},
        "radam": {**betas, **decoupled},
        "lion": {"beta1": betas["beta1"], "beta2": draw.number(0.7, 0.99), **decay},
        "lamb": {**betas, **decay},
        "muon": {**betas, **decay, "momentum": draw.number(0.5, 0.95), "nesterov": draw.chance(0.5), "iterations": draw.whole(2, 5),
                 "adjust": draw.of("original", "matchRmsAdamW")},
    }  # fmt: skip
    # Adam's kind divides vanishing gradients by themselves, unless epsilon says otherwise: rounding noise must not move weights.
    return {"type": kind, **draw.some(keys[kind]), **({"epsilon": betas["epsilon"]} if kind not in ("sgd", "lion") else {})}


def schedule(draw, rate, nested=False):
    whole, end, gamma = lambda least, most: draw.whole(least, most), {"end": rate / 10}, {"gamma": draw.number(0.3, 0.9)}
    made = draw.of(
        {"type": "constant", "initial": rate},
        {"type": "linear", "initial": rate, "steps": whole(5, 30), **draw.some(end)},
        {"type": "step", "initial": rate, "every": whole(2, 9), **gamma},
        {"type": "multiStep", "initial": rate, "milestones": [whole(2, 6), whole(7, 15)], **gamma},
        {"type": "exponential", "initial": rate, "gamma": draw.number(0.85, 0.99)},
        {"type": "inverseScaling", "initial": rate, **draw.some({"power": draw.number(0.2, 1)})},
        {"type": "inverseTime", "initial": rate, "decay": draw.number(0.02, 0.5)},
        {"type": "polynomial", "initial": rate, "steps": whole(5, 30), **draw.some({"power": draw.number(0.5, 3), **end})},
        {"type": "cosine", "initial": rate, "steps": whole(5, 30), **draw.some(end)},
        {"type": "cosineRestarts", "initial": rate, "steps": whole(3, 8), **draw.some({"factor": whole(1, 3), **end})},
        {"type": "oneCycle", "maximum": rate, "steps": whole(8, 30), **draw.some({"warmUpFraction": draw.number(0.2, 0.6),
                                                                                  "anneal": draw.of("cosine", "linear")})},
        {"type": "piecewise", "boundaries": [whole(2, 6), whole(7, 15)], "values": [rate / 2, rate, rate / 5]},
        {"type": "plateau", "initial": rate, "patience": whole(0, 2), "threshold": 0.02, **draw.some({"factor": 0.5, "every": whole(1, 3),
                                                                                                       "cooldown": whole(0, 2)})},
    )  # fmt: skip
    if nested:
        return made if made["type"] != "plateau" else {"type": "constant", "initial": rate}
    if draw.chance(0.3):
        made = {"type": "warmUp", "steps": whole(1, 6), "then": made}
    elif draw.chance(0.2):
        made = {"type": "join", "segments": [{"until": whole(3, 12), "schedule": schedule(draw, rate, True)}, {"schedule": schedule(draw, rate, True)}]}
    return {**made, **draw.some({"unit": "epoch"}, 0.2)}


def remedies(draw):
    size = draw.number(0.002, 0.05)
    shared = draw.some({"divideBy": "samples"})
    return draw.some({
        "regularizer": draw.of(
            {"type": draw.of("l1", "lasso", "l2", "ridge"), "lambda": size, **shared}, {"type": "elasticNet", "l1": size, "l2": size, **shared}
        ),
        "gradientNoise": {"eta": draw.number(1e-4, 0.01), **draw.some({"gamma": draw.number(0.2, 1)})},
        "clip": draw.of(
            {"type": "globalNorm", "max": draw.number(0.3, 2)}, {"type": "parameterNorm", "max": draw.number(0.05, 0.5)},
            {"type": "value", "max": draw.number(0.01, 0.1)}, {"type": "rescale", "threshold": draw.number(0.3, 2)}, {"type": "normalize"},
            {"type": "adaptive", "ratio": draw.number(0.01, 0.1)},
        ),
        "constraint": {"type": "maxNorm", "max": draw.number(0.5, 2)},
        "groups": draw.of(
            [{"parameters": "0.*", "learningRateFactor": draw.of(0, 0.5)}],
            [{"parameters": "*.bias", "weightDecayFactor": 0}, {"parameters": "*", "role": "weight", "learningRateFactor": 1.5}],
        ),
    })  # fmt: skip


def random_case(seed):
    draw = Draw(seed)
    loss = draw.of(
        {"type": "softmaxCrossEntropy", **draw.some({"labelSmoothing": draw.number(0.05, 0.3)})}, {"type": "binaryCrossEntropyWithLogits"},
        {"type": "meanSquaredError", **draw.some({"half": True})}, {"type": "meanAbsoluteError"}, {"type": "huber", "delta": draw.number(0.2, 2)},
        {"type": "multiMargin", **draw.some({"power": 2, "margin": draw.number(0.3, 2)})},
    )  # fmt: skip
    out, optimized = draw.whole(2, 5), optimizer(draw)
    data = DATA[loss["type"]](seed, draw.whole(14, 40), draw.whole(4, 10), out)
    keys = {"model": model(draw, out), "loss": loss, "optimizer": optimized, "schedule": schedule(draw, RATES[optimized["type"]])}
    spec = experiment(f"random combination {seed}", seed=seed, batchSize=draw.whole(5, 14), steps=20, **keys, **remedies(draw))
    return Case(spec, data, sharp=False)


CASES = {f"random-{seed}": random_case(seed) for seed in SEEDS}
