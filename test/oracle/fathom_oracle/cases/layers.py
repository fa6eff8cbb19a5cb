"""Cases about layers: norms, activations, parametrizations, and the ways around a body."""

from .make import WIDTH, case, constant, layer, linear, of_classes, of_targets, repeat, residual

BOUNDED = {"type": "uniform", "low": -0.5, "high": 0.5}

CASES = {
    "layer-norm": case(
        "layer-norm before tanh, Adam, cosine to its end and past it", 11,
        [repeat(4, linear(WIDTH, {"type": "glorotUniform", "gain": "tanh"}), layer("layerNorm", epsilon=0.01), layer("tanh")), linear(4)],
        {"type": "adam", "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001}, {"type": "cosine", "initial": 0.02, "end": 0.002, "steps": 15},
        clip={"type": "globalNorm", "max": 0.9}, regularizer={"type": "l2", "lambda": 0.3, "divideBy": "samples"},
    ),
    "pre-norm": case(
        "pre-norm residuals with layer scale and stochastic depth by rows, rising over the rounds, label smoothing", 12,
        [
            linear(WIDTH, {"type": "heNormal", "gain": "gelu"}),
            repeat(4, residual(
                layer("layerNorm"), linear(WIDTH, {"type": "heNormal", "gain": "gelu"}), layer("gelu"), linear(WIDTH),
                scale={"type": "layerScale", "initial": 0.5}, stochasticDepth={"rate": 0.5, "mode": "row", "decay": "linear"},
            )),
            layer("layerNorm"), linear(4),
        ],
        {"type": "adamW", "beta2": 0.98, "epsilon": 1e-5, "weightDecay": 0.1}, {"type": "oneCycle", "maximum": 0.02, "steps": 16},
        loss={"type": "softmaxCrossEntropy", "labelSmoothing": 0.15}, clip={"type": "globalNorm", "max": 0.8},
    ),
    "rms-swiglu": case(
        "RMS-norm and SwiGLU in residuals, half of the bodies with the default layer scale, LAMB", 13,
        [
            linear(WIDTH),
            repeat(3, residual(layer("rmsNorm"), linear(24, {"type": "glorotNormal", "gain": "silu"}, bias=False), layer("swiglu"),
                               linear(WIDTH, bias=False))),
            residual(layer("rmsNorm", epsilon=0.05), linear(WIDTH), scale="layerScale"),
            layer("rmsNorm"), linear(3),
        ],
        {"type": "lamb", "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001, "weightDecay": 0.05}, {"type": "polynomial", "initial": 0.03,
                                                                                              "power": 2, "end": 0.003, "steps": 16},
        loss="meanSquaredError", clip={"type": "parameterNorm", "max": 0.12},
    ),
    "group-norm-glu": case(
        "group-norms of three and two groups around GLU, NAdam", 14,
        [
            repeat(3, linear(24, {"type": "heUniform", "gain": "sigmoid"}), layer("groupNorm", groups=3, epsilon=0.001), layer("glu")),
            linear(WIDTH), layer("groupNorm", groups=2), layer("silu"), linear(4),
        ],
        {"type": "nadam", "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001, "momentumDecay": 0.02, "weightDecay": 0.02},
        {"type": "multiStep", "initial": 0.02, "milestones": [6, 13], "gamma": 0.4}, loss={"type": "multiMargin", "power": 2, "margin": 0.8},
    ),
    "bare-norms": case(
        "all norms without scale and shift, centred RMSprop with momentum", 15,
        [
            linear(WIDTH, "heNormal"), layer("batchNorm", affine=False, momentum=0.3, epsilon=0.01), layer("softsign"),
            linear(WIDTH, {"type": "heNormal", "gain": "softsign"}), layer("layerNorm", affine=False), layer("mish"),
            linear(WIDTH, {"type": "heNormal", "gain": "mish"}), layer("rmsNorm", affine=False), layer("elu"),
            linear(WIDTH, {"type": "heNormal", "gain": "elu"}), layer("groupNorm", groups=4, affine=False), layer("relu"), linear(3),
        ],
        {"type": "rmsprop", "alpha": 0.9, "epsilon": 0.01, "momentum": 0.6, "centered": True, "weightDecay": 0.05},
        {"type": "inverseTime", "initial": 0.01, "decay": 0.2}, loss={"type": "huber", "delta": 0.4},
    ),
    "weight-norm": case(
        "weight-normalised layers, rows of v held by a max-norm, ridge", 116,
        [repeat(5, linear(WIDTH, {"type": "orthogonal", "gain": "tanh"}, biasInit=BOUNDED, parametrization="weightNorm"), layer("tanh")),
         linear(4, parametrization="weightNorm", bias=False)],
        {"type": "sgd", "momentum": 0.9, "weightDecay": 0.01, "decoupledWeightDecay": True}, constant(0.15),
        constraint={"type": "maxNorm", "max": 1.66}, regularizer={"type": "ridge", "lambda": 0.5, "divideBy": "samples"},
    ),
    "weight-standardization": case(
        "standardised weights before group-norm, Nesterov with coupled decay, elastic net", 17,
        [repeat(3, linear(WIDTH, {"type": "heNormal", "gain": "relu"}, parametrization="weightStandardization"),
                layer("groupNorm", groups=3, epsilon=0.01), layer("relu")), linear(4, parametrization="weightStandardization")],
        {"type": "sgd", "momentum": 0.8, "nesterov": True, "weightDecay": 0.02}, {"type": "cosineRestarts", "initial": 0.05, "steps": 6,
                                                                                  "factor": 2, "end": 0.001},
        regularizer={"type": "elasticNet", "l1": 0.01, "l2": 0.3, "divideBy": "samples"},
    ),
    "prelu": case(
        "PReLU of one slope and of one for each feature, whose group learns ten times as fast", 18,
        [linear(WIDTH, {"type": "heNormal", "gain": "leakyRelu"}), layer("prelu"), linear(WIDTH, "heNormal"),
         layer("prelu", perFeature=True, initial=0.1), linear(WIDTH, "heNormal"), layer("prelu", perFeature=True), linear(3)],
        {"type": "adagrad", "learningRateDecay": 0.05, "initialAccumulator": 0.1, "epsilon": 0.01, "weightDecay": 0.03}, constant(0.05),
        loss="meanAbsoluteError", groups=[{"parameters": "*", "role": "activation", "learningRateFactor": 10, "weightDecayFactor": 0}],
    ),
    "scaled-tanh": case(
        "LeCun's tanh and softsign, from LeCun's initial weights, half squared error under value clipping", 19,
        [repeat(4, linear(WIDTH, {"type": "glorotNormal", "gain": "lecunTanh"}), layer("lecunTanh"), linear(WIDTH, "lecunNormal"),
                layer("softsign")), linear(3, "lecunUniform")],
        {"type": "sgd", "momentum": 0.9, "dampening": 0.2}, {"type": "inverseScaling", "initial": 0.6, "power": 0.3},
        loss={"type": "meanSquaredError", "half": True}, clip={"type": "value", "max": 0.012},
    ),
    "soft-and-hard": case(
        "mish, the hard sigmoid and swish, CELU, softplus and both GELUs in turn, RAdam past its switch", 20,
        [
            linear(WIDTH, {"type": "heUniform", "gain": "mish"}), layer("mish"),
            linear(WIDTH, {"type": "heUniform", "gain": "hardSwish"}), layer("hardSwish"),
            linear(WIDTH, {"type": "lecunUniform"}), layer("celu", alpha=0.6),
            linear(WIDTH, {"type": "heNormal", "gain": "celu"}), layer("hardSigmoid"),
            linear(WIDTH, {"type": "orthogonal", "gain": "hardSigmoid"}), layer("softplus"),
            linear(WIDTH, {"type": "heNormal", "gain": "softplus"}), layer("gelu", form="tanh"),
            linear(WIDTH, {"type": "glorotUniform", "gain": "selu"}), layer("selu"), linear(3),
        ],
        {"type": "radam", "beta1": 0.85, "beta2": 0.97, "epsilon": 1e-4, "weightDecay": 0.05}, constant(0.03),
        loss="binaryCrossEntropyWithLogits", clip={"type": "rescale", "threshold": 0.12},
    ),
    "highway": case(
        "ten highway layers, adaptive clipping unit by unit", 21,
        [linear(WIDTH), repeat(10, layer("highway", body=[linear(WIDTH, "heNormal"), layer("relu")], gateBias=-2)), linear(4)],
        {"type": "sgd", "momentum": 0.9}, constant(0.2), clip={"type": "adaptive", "ratio": 0.04, "epsilon": 0.01},
    ),
    "highway-tanh": case(
        "highway layers of two, at the default gate, value clipping of Adam", 22,
        [linear(WIDTH, "lecunNormal"),
         repeat(4, layer("highway", body=[linear(16, "glorotNormal"), layer("tanh"), linear(WIDTH, "glorotNormal"), layer("tanh")])),
         linear(3)],
        {"type": "adam", "beta2": 0.9, "epsilon": 0.01}, {"type": "linear", "initial": 0.03, "steps": 24, "end": 0.001},
        loss="meanSquaredError", clip={"type": "value", "max": 0.01},
    ),
    "dense": case(
        "densely connected rounds with norms, lasso", 23,
        [linear(10), layer("dense", times=4, body=[layer("batchNorm", epsilon=0.01), layer("relu"), linear(6, "heNormal")]), layer("relu"),
         linear(4)],
        {"type": "sgd", "momentum": 0.7, "nesterov": True}, {"type": "step", "initial": 0.1, "every": 3, "gamma": 0.6, "unit": "epoch"},
        regularizer={"type": "lasso", "lambda": 0.1, "divideBy": "samples"},
    ),
    # With this seed no scale comes near 0 again: there its block's gradients would be small differences, and mostly rounding in float32.
    "rezero": case(
        "sixteen residuals that begin as the identity, whose scales learn faster than their weights", 223,
        [linear(WIDTH), repeat(16, residual(linear(WIDTH, "heNormal"), layer("relu"), scale="rezero")), linear(4)],
        {"type": "sgd", "momentum": 0.9}, constant(0.03), clip={"type": "globalNorm", "max": 0.8},
        groups=[{"parameters": "*", "role": "residualScale", "learningRateFactor": 2}],
    ),
    "rezero-projected": case(
        "ReZero at 0.3 over projections, Lion with decay", 2025,
        [residual(linear(WIDTH), layer("celu"), scale={"type": "rezero", "initial": 0.3}), repeat(2, residual(
            linear(16, "heNormal"), layer("elu", alpha=0.5), linear(WIDTH), projection=True, scale={"type": "rezero", "initial": 0.3})),
         residual(linear(WIDTH), layer("tanh"), projection=False), linear(3)],
        {"type": "lion", "beta1": 0.7, "beta2": 0.9, "weightDecay": 0.5}, {"type": "exponential", "initial": 0.01, "gamma": 0.93},
        loss="meanSquaredError",
    ),
    "dropout": case(
        "dropout over odd widths, whose masks wrap around words of four", 26,
        [linear(13, "heNormal"), layer("relu"), layer("dropout", rate=0.3), linear(11, "heNormal"), layer("relu"), layer("dropout"),
         linear(7, "heNormal"), layer("dropout", rate=0.1), layer("relu"), linear(3)],
        {"type": "sgd", "momentum": 0.9}, constant(0.05), data=of_classes(126, 23, 6, 3), batchSize=9,
        regularizer={"type": "l2", "lambda": 0.01},
    ),
    "stochastic-depth": case(
        "stochastic depth of whole batches over dropout, from the largest seed", 4294967295,
        [linear(WIDTH), repeat(2, repeat(3, residual(
            linear(WIDTH, "heNormal"), layer("relu"), layer("dropout", rate=0.2), stochasticDepth={"rate": 0.4, "mode": "batch"}))),
         residual(linear(WIDTH), layer("softplus"), stochasticDepth={"rate": 0.3, "decay": "none"}), linear(4)],
        {"type": "adam"}, {"type": "warmUp", "steps": 5, "then": constant(0.01)},
    ),
    "auxiliary": case(
        "two auxiliary heads, one with dropout and norm of its own, under a penalty and a clip", 28,
        [
            linear(WIDTH, "heNormal"), layer("relu"), layer("auxiliary", name="early", body=[linear(4)]),
            linear(WIDTH, "heNormal"), layer("relu"), layer("dropout", rate=0.25),
            layer("auxiliary", name="late", weight=0.7, body=[linear(WIDTH), layer("batchNorm"), layer("tanh"), layer("dropout", rate=0.25),
                                                              linear(4)]),
            linear(WIDTH, "heNormal"), layer("relu"), linear(4),
        ],
        {"type": "sgd", "momentum": 0.9}, constant(0.06), regularizer={"type": "l1", "lambda": 0.002}, clip={"type": "globalNorm", "max": 1.5},
    ),
    "auxiliary-regression": case(
        "an auxiliary head inside a residual and one of weight 0, Huber's loss", 29,
        [
            linear(WIDTH), residual(linear(WIDTH), layer("silu"), layer("auxiliary", name="inner", weight=0.5, body=[linear(3)]),
                                    linear(WIDTH)),
            layer("auxiliary", name="watched", weight=0, body=[layer("layerNorm"), linear(3)]), layer("silu"), linear(3),
        ],
        {"type": "adamW", "beta1": 0.7, "epsilon": 0.001}, {"type": "piecewise", "boundaries": [4, 9], "values": [0.02, 0.008, 0.003]},
        loss={"type": "huber", "delta": 0.25}, groups=[{"parameters": "2.*", "weightDecayFactor": 3}],
    ),
    "branched-norms": case(
        "branches of norms, one empty and one of a repeat, in a dense round; multi-margin loss", 30,
        [
            layer("concat", branches=[[linear(6), layer("batchNorm"), layer("relu")], [], [repeat(2, linear(6), layer("layerNorm"),
                                                                                                     layer("gelu"))]]),
            linear(WIDTH), layer("dense", times=2, body=[layer("rmsNorm"), linear(8), layer("glu")]), linear(4),
        ],
        {"type": "rmsprop", "alpha": 0.95, "epsilon": 0.05}, {"type": "exponential", "initial": 0.02, "gamma": 0.95},
        loss="multiMargin", clip={"type": "parameterNorm", "max": 0.15},
    ),
    "every-layer": case(
        "one of every kind of layer", 31,
        [
            linear(WIDTH, {"type": "identity", "gain": 0.9}, biasInit={"type": "normal", "mean": 0.1, "standardDeviation": 0.2}),
            layer("sigmoid"), layer("batchNorm"), linear(WIDTH, "heNormal", parametrization="weightNorm"), layer("tanh"),
            layer("layerNorm"), linear(WIDTH, {"type": "glorotUniform", "gain": "linear"}, parametrization="weightStandardization"),
            layer("selu"), layer("rmsNorm"), linear(WIDTH, {"type": "uniform", "low": -0.5, "high": 0.5}, biasInit="zeros"), layer("silu"),
            layer("groupNorm", groups=3), layer("softplus"), linear(WIDTH, "glorotNormal"), layer("mish"), layer("hardSigmoid"),
            linear(WIDTH, "orthogonal", biasInit={"type": "constant", "value": 0.1}), layer("hardSwish"), layer("softsign"),
            layer("lecunTanh"), layer("leakyRelu", negativeSlope=0.2), linear(24, "lecunNormal"), layer("elu", alpha=0.8),
            layer("celu"), layer("gelu"), layer("prelu"), layer("glu"), layer("dropout", rate=0.1), linear(24), layer("swiglu"),
            repeat(2, residual(linear(WIDTH), layer("relu"), scale={"type": "layerScale", "initial": 0.3},
                               stochasticDepth={"rate": 0.2})),
            layer("highway", body=[linear(WIDTH), layer("gelu", form="tanh")]), layer("dense", times=2, body=[linear(3, biasInit="ones")]),
            layer("concat", branches=[[linear(5)], []]), layer("auxiliary", name="head", body=[linear(3)]),
            residual(linear(6), layer("prelu", perFeature=True), scale="rezero"), linear(3),
        ],
        {"type": "adam", "epsilon": 1e-4}, constant(0.005), loss="meanSquaredError",
        groups=[{"parameters": "*", "role": "normShift", "learningRateFactor": 2}],
        data=of_targets(131, 26, 12, 3),
    ),
}  # fmt: skip
