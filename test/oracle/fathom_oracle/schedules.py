"""What torch.optim.lr_scheduler makes of the schedules that it has: the known answers in schedules.json."""

import json
import random

import torch
from torch.optim import lr_scheduler as torch_schedules


def optimizer_at(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=rate)


def rates(spec, make, steps, rate=None):
    """The rates of the first steps."""
    optimizer = optimizer_at(spec["initial"] if rate is None else rate)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return {"schedule": spec, "rates": found}


def linear():
    spec = {"type": "linear", "initial": 0.1, "steps": 7, "end": 0.02}
    return rates(spec, lambda of: torch_schedules.LinearLR(of, 1.0, 0.02 / 0.1, 7), 12)


def step():
    spec = {"type": "step", "initial": 0.5, "every": 3, "gamma": 0.3}
    return rates(spec, lambda of: torch_schedules.StepLR(of, 3, 0.3), 14)


def multi_step():
    spec = {"type": "multiStep", "initial": 0.5, "milestones": [2, 3, 9], "gamma": 0.2}
    return rates(spec, lambda of: torch_schedules.MultiStepLR(of, [2, 3, 9], 0.2), 14)


def exponential():
    spec = {"type": "exponential", "initial": 0.5, "gamma": 0.9}
    return rates(spec, lambda of: torch_schedules.ExponentialLR(of, 0.9), 30)


def polynomial():
    spec = {"type": "polynomial", "initial": 0.3, "steps": 9, "power": 2.5}
    return rates(spec, lambda of: torch_schedules.PolynomialLR(of, 9, 2.5), 14)


def cosine():
    # Not past T, where PyTorch's rises again.
    spec = {"type": "cosine", "initial": 0.3, "steps": 20, "end": 0.01}
    return rates(spec, lambda of: torch_schedules.CosineAnnealingLR(of, 20, 0.01), 21)


def cosine_restarts(factor, end):
    spec = {"type": "cosineRestarts", "initial": 0.3, "steps": 5, "factor": factor, "end": end}
    return rates(spec, lambda of: torch_schedules.CosineAnnealingWarmRestarts(of, 5, factor, end), 60)


def one_cycle(anneal, steps, fraction):
    keys = {"warmUpFraction": fraction, "divideBy": 20, "finalDivideBy": 50, "anneal": anneal}
    spec = {"type": "oneCycle", "maximum": 0.4, "steps": steps, **keys}
    words = {"cosine": "cos", "linear": "linear"}

    def make(of):
        more = {"div_factor": 20, "final_div_factor": 50, "anneal_strategy": words[anneal], "cycle_momentum": False}
        return torch_schedules.OneCycleLR(of, 0.4, total_steps=steps, pct_start=fraction, **more)

    optimizer = optimizer_at(1.0)
    schedule = make(optimizer)
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        found.append(optimizer.param_groups[0]["lr"])
    return {"schedule": spec, "rates": found}


def warm_up():
    """A straight line that would be at 1/(k + 1) in step 0, and then a schedule of its own."""
    spec = {"type": "warmUp", "steps": 4, "then": {"type": "exponential", "initial": 0.2, "gamma": 0.8}}

    def make(of):
        line = torch_schedules.LinearLR(of, 1 / 5, 1.0, 4)
        return torch_schedules.SequentialLR(of, [line, torch_schedules.ExponentialLR(of, 0.8)], [4])

    return rates(spec, make, 14, rate=0.2)


def plateau(seed, **keys):
    """Losses that fall, get stuck and jump, and the rate of each interval."""
    draw = random.Random(seed)
    losses, level = [], 2.0
    for interval in range(80):
        level *= draw.choice([0.9, 1.0, 1.0, 0.99995, 1.02])
        losses.append(float(torch.tensor(level + 0.001 * draw.random(), dtype=torch.float32)))
    optimizer = optimizer_at(keys["initial"])
    words = {"relative": "rel", "absolute": "abs"}
    names = {"factor": "factor", "patience": "patience", "threshold": "threshold", "cooldown": "cooldown", "minimum": "min_lr"}
    more = {names[key]: value for key, value in keys.items() if key in names}
    schedule = torch_schedules.ReduceLROnPlateau(optimizer, threshold_mode=words[keys.get("thresholdMode", "relative")], **more)
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"])
        schedule.step(loss)
    return {"schedule": {"type": "plateau", **keys}, "losses": losses, "rates": found}


def write(path):
    closed = [
        linear(),
        step(),
        multi_step(),
        exponential(),
        polynomial(),
        cosine(),
        cosine_restarts(1, 0),
        cosine_restarts(2, 0.02),
        cosine_restarts(3, 0),
        one_cycle("cosine", 50, 0.3),
        one_cycle("linear", 37, 0.45),
        # The maximum between two steps, and before the first.
        one_cycle("cosine", 11, 0.25),
        one_cycle("linear", 5, 0.1),
        warm_up(),
    ]
    plateaus = [
        plateau(1, initial=0.5, patience=2),
        plateau(2, initial=0.5, factor=0.5, patience=0, cooldown=3, threshold=0.01),
        plateau(3, initial=0.1, factor=0.3, patience=1, threshold=0.05, thresholdMode="absolute", minimum=0.002),
        # So small that the drops end by the eps of 1e-8.
        plateau(4, initial=1e-6, factor=0.5, patience=0),
    ]
    lines = {name: ",\n  ".join(json.dumps(one) for one in cases) for name, cases in (("closed", closed), ("plateaus", plateaus))}
    path.write_text(f'{{\n "closed": [\n  {lines["closed"]}\n ],\n "plateaus": [\n  {lines["plateaus"]}\n ]\n}}\n')
