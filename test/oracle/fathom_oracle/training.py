"""Losses, regularisers, clips, optimizers and schedules: one total table each, by the names of the experiment file."""

import math

import torch
from torch import nn

from .tables import call

# loss(output, target) -> mean over the batch (and, where targets have many features, over those too).
LOSSES = {
    "softmaxCrossEntropy": lambda output, target: nn.functional.cross_entropy(output, target),
    "meanSquaredError": lambda output, target: nn.functional.mse_loss(output, target),
    "binaryCrossEntropyWithLogits": lambda output, target: nn.functional.binary_cross_entropy_with_logits(output, target),
}


def shared(lambda_, divide_by, samples):
    return lambda_ / samples if divide_by == "samples" else lambda_


# penalty(weights of role weight, samples in the training set, ...) -> scalar added to the loss.
REGULARIZERS = {
    "l2": lambda weights, samples, lambda_, divide_by="none": shared(lambda_, divide_by, samples) / 2 * sum((w * w).sum() for w in weights),
    "l1": lambda weights, samples, lambda_, divide_by="none": shared(lambda_, divide_by, samples) * sum(w.abs().sum() for w in weights),
}


def global_norm(parameters, max):
    """Scales every gradient by min(1, max / (norm + 1e-6)), the norm over all of them; returns that scale."""
    norm = float(nn.utils.clip_grad_norm_(parameters, max))
    return min(1.0, max / (norm + 1e-6))


CLIPS = {"globalNorm": global_norm}


def sgd(parameters, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0):
    return torch.optim.SGD(parameters, lr=1.0, momentum=momentum, dampening=dampening, nesterov=nesterov, weight_decay=weight_decay)


def adam(parameters, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
    return torch.optim.Adam(parameters, lr=1.0, betas=(beta1, beta2), eps=epsilon, weight_decay=weight_decay)


def adam_w(parameters, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    return torch.optim.AdamW(parameters, lr=1.0, betas=(beta1, beta2), eps=epsilon, weight_decay=weight_decay)


# The learning rate of every step is written into the optimizer by trace.py; 1.0 above is never used.
OPTIMIZERS = {"sgd": sgd, "adam": adam, "adamW": adam_w}


def warm_up(t, steps, then):
    """Rises in a straight line towards the first rate of `then`, and goes on with `then` from its beginning."""
    if t < steps:
        return learning_rate(then, 0) * (t + 1) / (steps + 1)
    return learning_rate(then, t - steps)


def join(t, segments):
    """One schedule after another, each counting from 0; all but the last say `until` which step."""
    start = 0
    for segment in segments:
        if "until" not in segment or t < segment["until"]:
            return learning_rate(segment["schedule"], t - start)
        start = segment["until"]
    raise ValueError("schedule join: the last segment must have no `until`")


def progress(t, steps):
    return min(t, steps) / steps


# schedule(t, ...) -> learning rate of step t, from 0; each is clamped past its end.
SCHEDULES = {
    "constant": lambda t, initial: initial,
    "linear": lambda t, initial, steps, end=0.0: end + (initial - end) * (1 - progress(t, steps)),
    "step": lambda t, initial, every, gamma=0.1: initial * gamma ** (t // every),
    "exponential": lambda t, initial, gamma: initial * gamma**t,
    "inverseScaling": lambda t, initial, power=0.5: initial / (t + 1) ** power,
    "cosine": lambda t, initial, steps, end=0.0: end + (initial - end) * (1 + math.cos(math.pi * progress(t, steps))) / 2,
    "warmUp": warm_up,
    "join": join,
}


def learning_rate(schedule, t):
    return float(call("schedule", SCHEDULES, schedule, t))
