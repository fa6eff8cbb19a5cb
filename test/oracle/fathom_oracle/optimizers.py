"""Optimizers by the names of the experiment file: PyTorch's own where it has them, the others from their papers.

A table entry takes the parameter groups, each {"params", "factor", "decayFactor", "role"}, and the file's keys. trace.py writes each
step's learning rate into the groups, so that the one given here is never used.
"""

import torch
from torch import optim

from .tables import call


def shares(groups, weight_decay, decoupled=False):
    """PyTorch's groups. Of a decoupled decay PyTorch's optimizer knows nothing: `decay_weights` does it before the update."""
    return [
        {**group, "weight_decay": 0.0 if decoupled else weight_decay * group["decayFactor"],
         "decoupled": weight_decay * group["decayFactor"] if decoupled else 0.0}
        for group in groups
    ]  # fmt: skip


@torch.no_grad()
def decay_weights(groups):
    """w <- w - alpha * lambda * w (Loshchilov and Hutter, 2019)."""
    for group in groups:
        for parameter in group["params"]:
            if group["decoupled"]:
                parameter.mul_(1 - group["lr"] * group["decoupled"])


def sgd(groups, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0, decoupled_weight_decay=False):
    return optim.SGD(shares(groups, weight_decay, decoupled_weight_decay), lr=1.0, momentum=momentum, dampening=dampening, nesterov=nesterov)


def rmsprop(groups, alpha=0.99, epsilon=1e-8, momentum=0.0, centered=False, weight_decay=0.0, decoupled_weight_decay=False):
    shared = shares(groups, weight_decay, decoupled_weight_decay)
    return optim.RMSprop(shared, lr=1.0, alpha=alpha, eps=epsilon, momentum=momentum, centered=centered)


def adagrad(groups, learning_rate_decay=0.0, initial_accumulator=0.0, epsilon=1e-10, weight_decay=0.0, decoupled_weight_decay=False):
    shared = shares(groups, weight_decay, decoupled_weight_decay)
    return optim.Adagrad(shared, lr=1.0, lr_decay=learning_rate_decay, initial_accumulator_value=initial_accumulator, eps=epsilon)


def adam(groups, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
    return optim.Adam(shares(groups, weight_decay), lr=1.0, betas=(beta1, beta2), eps=epsilon)


def adam_w(groups, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    return optim.AdamW(shares(groups, weight_decay), lr=1.0, betas=(beta1, beta2), eps=epsilon)


def nadam(groups, beta1=0.9, beta2=0.999, epsilon=1e-8, momentum_decay=0.004, weight_decay=0.0, decoupled_weight_decay=False):
    shared = shares(groups, weight_decay, decoupled_weight_decay)
    # The other implementation of PyTorch 1.13 takes mu_t twice into the product for the next step; later versions agree with this one.
    return optim.NAdam(shared, lr=1.0, betas=(beta1, beta2), eps=epsilon, momentum_decay=momentum_decay, foreach=True)


def radam(groups, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0, decoupled_weight_decay=False):
    return optim.RAdam(shares(groups, weight_decay, decoupled_weight_decay), lr=1.0, betas=(beta1, beta2), eps=epsilon)


class OfPaper(optim.Optimizer):
    """An optimizer that PyTorch 1.13 lacks: `update(parameter, gradient, state, group, t)` of each parameter, t from 1."""

    def __init__(self, groups, **defaults):
        super().__init__(groups, {"lr": 1.0, **defaults})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                state["t"] = state.get("t", 0) + 1
                self.update(parameter, parameter.grad, state, group, state["t"])


def average(state, name, value, beta):
    """The moving average `name` after it took in `value`."""
    state[name] = beta * state.get(name, torch.zeros_like(value)) + (1 - beta) * value
    return state[name]


def adam_direction(gradient, state, beta1, beta2, epsilon, t):
    """m^ / (sqrt(v^) + epsilon)."""
    m = average(state, "m", gradient, beta1) / (1 - beta1**t)
    v = average(state, "v", gradient * gradient, beta2) / (1 - beta2**t)
    return m / (v.sqrt() + epsilon)


class Lion(OfPaper):
    """Chen et al., 2023, algorithm 2; the decay is decoupled."""

    def update(self, w, g, state, group, t):
        beta1, beta2 = group["betas"]
        before = state.get("m", torch.zeros_like(g))
        w.sub_(group["lr"] * torch.sign(beta1 * before + (1 - beta1) * g))
        average(state, "m", g, beta2)


class Lamb(OfPaper):
    """You et al., 2020, algorithm 2, with phi the identity."""

    def update(self, w, g, state, group, t):
        r = adam_direction(g, state, *group["betas"], group["eps"], t) + group["decay"] * w
        norms = w.norm(), r.norm()
        trust = float(norms[0] / norms[1]) if all(norm > 0 for norm in norms) else 1.0
        w.sub_(group["lr"] * trust * r)


class Muon(OfPaper):
    """Jordan et al., 2024, as torch.optim.Muon has it, in the precision of the run: for weights. All else goes by Adam's direction."""

    def update(self, w, g, state, group, t):
        if group["role"] != "weight":
            w.sub_(group["lr"] * adam_direction(g, state, *group["betas"], group["eps"], t))
            return
        mu = group["momentum"]
        b = average(state, "b", g, mu)
        u = (1 - mu) * g + mu * b if group["nesterov"] else b
        rows, columns = u.shape
        scale = {"original": max(1.0, rows / columns) ** 0.5, "matchRmsAdamW": 0.2 * max(rows, columns) ** 0.5}[group["adjust"]]
        w.sub_(group["lr"] * scale * orthogonalised(u, group["iterations"]))


def orthogonalised(u, iterations):
    """Newton and Schulz's quintic iteration, which drives the singular values towards 1."""
    x = u / u.norm().clamp(min=1e-7)
    tall = u.shape[0] > u.shape[1]
    x = x.T if tall else x
    for _ in range(iterations):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if tall else x


def lion(groups, beta1=0.9, beta2=0.99, weight_decay=0.0):
    return Lion(shares(groups, weight_decay, decoupled=True), betas=(beta1, beta2))


def lamb(groups, beta1=0.9, beta2=0.999, epsilon=1e-6, weight_decay=0.01):
    # Its decay is part of the direction, and neither coupled nor decoupled.
    own = [{**group, "decay": weight_decay * group["decayFactor"]} for group in shares(groups, 0.0)]
    return Lamb(own, betas=(beta1, beta2), eps=epsilon)


def muon(groups, momentum=0.95, nesterov=True, iterations=5, adjust="original", beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.1):
    own = {"momentum": momentum, "nesterov": nesterov, "iterations": iterations, "adjust": adjust}
    return Muon(shares(groups, weight_decay, decoupled=True), betas=(beta1, beta2), eps=epsilon, **own)


OPTIMIZERS = {
    "sgd": sgd, "rmsprop": rmsprop, "adagrad": adagrad, "adam": adam, "adamW": adam_w, "nadam": nadam, "radam": radam,
    "lion": lion, "lamb": lamb, "muon": muon,
}  # fmt: skip


class Update:
    """One optimizer over parameter groups: `step(rate)` is what is done to the weights."""

    def __init__(self, spec, groups):
        self.optimizer = call("optimizer", OPTIMIZERS, spec, groups)

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        decay_weights(self.optimizer.param_groups)
        self.optimizer.step()
