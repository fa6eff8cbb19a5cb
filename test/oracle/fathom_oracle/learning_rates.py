"""Learning rates: a total table of schedules, PyTorch's own where it has them."""

import functools
import json

import torch
from torch.optim import lr_scheduler

from .tables import call


@functools.lru_cache(maxsize=None)
def rates_of(name, initial, steps, keys):
    """The rates of the first steps of PyTorch's scheduler `name`."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=initial)
    scheduler = getattr(lr_scheduler, name)(optimizer, **json.loads(keys))
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < steps:
            scheduler.step()
    return rates


def pytorch(name, initial, t, last=None, **keys):
    """PyTorch's rate of step t, or of the step `last` after it."""
    count = t + 1 if last is None else last + 1
    return rates_of(name, float(initial), count, json.dumps(keys))[min(t, count - 1)]


def polynomial(t, initial, steps, power=1.0, end=0.0):
    return end + (initial - end) * (1 - min(t, steps) / steps) ** power


def one_cycle(t, maximum, steps, warm_up_fraction=0.3, divide_by=25.0, final_divide_by=1e4, anneal="cosine"):
    return pytorch(
        "OneCycleLR", maximum, t, steps - 1, max_lr=maximum, total_steps=steps, pct_start=warm_up_fraction, div_factor=divide_by,
        final_div_factor=final_divide_by, anneal_strategy={"cosine": "cos", "linear": "linear"}[anneal], cycle_momentum=False,
    )  # fmt: skip


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


def piecewise(t, boundaries, values):
    return values[sum(boundary <= t for boundary in boundaries)]


# schedule(t, ...) -> learning rate of step t, from 0; each is clamped past its end.
SCHEDULES = {
    "constant": lambda t, initial: initial,
    "linear": lambda t, initial, steps, end=0.0: polynomial(t, initial, steps, 1.0, end),
    "step": lambda t, initial, every, gamma=0.1: pytorch("StepLR", initial, t, step_size=every, gamma=gamma),
    "multiStep": lambda t, initial, milestones, gamma=0.1: pytorch("MultiStepLR", initial, t, milestones=milestones, gamma=gamma),
    "exponential": lambda t, initial, gamma: pytorch("ExponentialLR", initial, t, gamma=gamma),
    "inverseScaling": lambda t, initial, power=0.5: initial / (t + 1) ** power,
    "inverseTime": lambda t, initial, decay: initial / (1 + decay * t),
    "polynomial": polynomial,
    "cosine": lambda t, initial, steps, end=0.0: pytorch("CosineAnnealingLR", initial, t, steps, T_max=steps, eta_min=end),
    "cosineRestarts": lambda t, initial, steps, factor=1, end=0.0: pytorch(
        "CosineAnnealingWarmRestarts", initial, t, T_0=steps, T_mult=factor, eta_min=end
    ),
    "oneCycle": one_cycle,
    "piecewise": piecewise,
    "plateau": lambda t, state: state.rate(),
    "warmUp": warm_up,
    "join": join,
}


def learning_rate(schedule, t):
    return float(call("schedule", SCHEDULES, schedule, t))


class Plateau:
    """PyTorch's ReduceLROnPlateau, told the mean loss of every `every` units."""

    def __init__(self, initial, factor=0.1, patience=10, threshold=1e-4, threshold_mode="relative", cooldown=0, minimum=0.0, every=1):
        self.optimizer = torch.optim.SGD([torch.zeros(1)], lr=initial)
        self.scheduler = lr_scheduler.ReduceLROnPlateau(
            self.optimizer, mode="min", factor=factor, patience=patience, threshold=threshold,
            threshold_mode={"relative": "rel", "absolute": "abs"}[threshold_mode], cooldown=cooldown, min_lr=minimum, eps=1e-8,
        )  # fmt: skip
        self.every, self.losses, self.drops, self.nearest = every, [], 0, float("inf")

    def rate(self):
        return self.optimizer.param_groups[0]["lr"]

    def end_interval(self):
        mean = sum(self.losses) / len(self.losses)
        self.losses = []
        # How near a decision was: one that rounding could turn makes a case chaotic.
        best = self.scheduler.best
        bound = best * (1 - self.scheduler.threshold) if self.scheduler.threshold_mode == "rel" else best - self.scheduler.threshold
        self.nearest = min(self.nearest, abs(mean - bound) / abs(mean))
        before = self.rate()
        self.scheduler.step(mean)
        self.drops += self.rate() < before


class Schedule:
    """The schedule of a run: `rate(step)`, and `after(step, loss)` for a plateau."""

    def __init__(self, spec, batch, samples):
        self.unit, self.batch, self.samples = spec.get("unit", "step"), batch, samples
        self.plateau, self.begin = None, 0
        self.spec = self.prepared({key: value for key, value in spec.items() if key != "unit"}, 0)

    def prepared(self, spec, begin):
        """`spec` with a state in the place of a plateau's keys; `begin` is where its counts begin."""
        if spec["type"] == "plateau":
            self.plateau, self.begin = call("schedule", {"plateau": Plateau}, spec), begin
            return {"type": "plateau", "state": self.plateau}
        return {**spec, "then": self.prepared(spec["then"], begin + spec["steps"])} if spec["type"] == "warmUp" else spec

    def time(self, step):
        if self.unit == "step":
            return step
        if self.unit != "epoch":
            raise ValueError(f"schedule: unknown unit {self.unit!r}; known are step, epoch")
        return step * self.batch // self.samples

    def rate(self, step):
        return learning_rate(self.spec, self.time(step))

    def after(self, step, loss):
        """The loss of a step of the plateau's; an interval ends with it where the next step's time is in the next."""
        if self.plateau is None or self.time(step) < self.begin:
            return
        self.plateau.losses.append(loss)
        now, then = ((self.time(each) - self.begin) // self.plateau.every for each in (step, step + 1))
        if then > now:
            self.plateau.end_interval()
