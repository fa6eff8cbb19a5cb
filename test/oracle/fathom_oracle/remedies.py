"""What is done to gradients and weights around an update: groups, gradient noise, clips, constraints."""

import re

import numpy as np
import torch
from torch import nn

from . import philox


def groups_of(specs, parameters, roles):
    """Optimizer groups of the parameters {name: tensor}, one for each group of the file and role; frozen ones lose their gradient.

    The first group whose pattern and role a parameter matches is its own.
    """
    found, met = {}, set()
    for name, parameter in parameters.items():
        role, own = roles[name], next((index for index, spec in enumerate(specs) if matches(spec, name, roles[name])), None)
        met.add(own)
        spec = {} if own is None else specs[own]
        factor = spec.get("learningRateFactor", 1.0)
        if factor == 0:
            parameter.requires_grad_(False)
            continue
        empty = {"params": [], "factor": factor, "decayFactor": spec.get("weightDecayFactor", 1.0), "role": role}
        found.setdefault((own, role), empty)["params"].append(parameter)
    unmet = [spec["parameters"] for index, spec in enumerate(specs) if index not in met]
    if unmet:
        raise ValueError(f"groups: no parameter is in {', '.join(unmet)}; there are {', '.join(parameters)}")
    return list(found.values())


def matches(spec, name, role):
    pattern = ".*".join(re.escape(part) for part in spec["parameters"].split("*"))
    return re.fullmatch(pattern, name) is not None and spec.get("role", role) == role


def add_noise(spec, parameters, seed, step):
    """Adds N(0, eta / (1 + step)^gamma) to each gradient; frozen parameters count, but have none (Neelakantan et al., 2015)."""
    sigma = (spec["eta"] / (1 + step) ** spec.get("gamma", 0.55)) ** 0.5
    for index, parameter in enumerate(parameters):
        if parameter.grad is not None:
            z = philox.normals(parameter.numel(), seed, step, index).reshape(parameter.shape)
            parameter.grad.add_((sigma * z).to(parameter.dtype))


def multiply(gradients, factors):
    """Multiplies each gradient by its factor, a number or a column of one for each row; returns the smallest."""
    for gradient, factor in zip(gradients, factors):
        gradient.mul_(factor)
    return min(float(torch.as_tensor(factor).min()) for factor in factors)


def whole_norm(gradients):
    return float(np.linalg.norm([float(gradient.norm()) for gradient in gradients]))


def global_norm(parameters, max):
    norm = float(nn.utils.clip_grad_norm_(parameters, max))
    return min(1.0, max / (norm + 1e-6))


def parameter_norm(parameters, max):
    return min(global_norm([parameter], max) for parameter in parameters)


def value(parameters, max):
    largest = float(torch.stack([parameter.grad.abs().max() for parameter in parameters]).max())
    nn.utils.clip_grad_value_(parameters, max)
    return max / largest if largest > max else 1.0


def rescale(parameters, threshold):
    gradients = [parameter.grad for parameter in parameters]
    norm = whole_norm(gradients)
    return multiply(gradients, [threshold / norm] * len(gradients)) if norm > threshold else 1.0


def normalize(parameters):
    gradients = [parameter.grad for parameter in parameters]
    norm = whole_norm(gradients)
    return multiply(gradients, [1 / norm] * len(gradients)) if norm > 0 else 1.0


def adaptive(parameters, ratio=0.01, epsilon=1e-3):
    """Row by row of a matrix, and a vector as one (Brock et al., 2021)."""
    factors = []
    for parameter in parameters:
        dims = 1 if parameter.dim() > 1 else 0
        norm = parameter.grad.norm(dim=dims, keepdim=True)
        most = ratio * parameter.detach().norm(dim=dims, keepdim=True).clamp(min=epsilon)
        factors.append(torch.where(norm > most, most / norm, torch.ones_like(norm)))
    return multiply([parameter.grad for parameter in parameters], factors)


# clip(parameters with gradients, ...) -> the smallest factor that any element was multiplied by.
CLIPS = {
    "globalNorm": global_norm,
    "parameterNorm": parameter_norm,
    "value": value,
    "rescale": rescale,
    "normalize": normalize,
    "adaptive": adaptive,
}


@torch.no_grad()
def max_norm(weights, max):
    """Shortens every longer row to max, and returns the fraction of rows that were (Srivastava et al., 2014)."""
    longer = torch.cat([weight.norm(dim=1) > max for weight in weights])
    for weight in weights:
        weight.copy_(torch.renorm(weight, 2, 0, max))
    return longer.double().mean().item()


# constraint(weights of role weight that are not frozen, ...) -> the fraction of rows that it bound.
CONSTRAINTS = {"maxNorm": max_norm}
