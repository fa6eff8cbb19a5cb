"""Losses and regularisers: one total table each, by the names of the experiment file."""

from torch.nn import functional as F

# loss(output, target, ...) -> mean over the batch (and, where targets have many features, over those too).
LOSSES = {
    "softmaxCrossEntropy": lambda output, target, label_smoothing=0.0: F.cross_entropy(output, target, label_smoothing=label_smoothing),
    "binaryCrossEntropyWithLogits": lambda output, target: F.binary_cross_entropy_with_logits(output, target),
    "meanSquaredError": lambda output, target, half=False: F.mse_loss(output, target) / (2 if half else 1),
    "meanAbsoluteError": lambda output, target: F.l1_loss(output, target),
    "huber": lambda output, target, delta=1.0: F.huber_loss(output, target, delta=delta),
    "multiMargin": lambda output, target, power=1, margin=1.0: F.multi_margin_loss(output, target, p=power, margin=margin),
}


def shared(lambda_, divide_by, samples):
    return lambda_ / samples if divide_by == "samples" else lambda_


def l1(weights, samples, lambda_, divide_by="none"):
    return shared(lambda_, divide_by, samples) * sum(w.abs().sum() for w in weights)


def l2(weights, samples, lambda_, divide_by="none"):
    return shared(lambda_, divide_by, samples) / 2 * sum((w * w).sum() for w in weights)


# penalty(weights of role weight, samples in the training set, ...) -> scalar added to the loss.
REGULARIZERS = {
    "l1": l1,
    "lasso": l1,
    "l2": l2,
    "ridge": l2,
    "elasticNet": lambda weights, samples, l1, l2, divide_by="none": (
        REGULARIZERS["l1"](weights, samples, l1, divide_by) + REGULARIZERS["l2"](weights, samples, l2, divide_by)
    ),
}
