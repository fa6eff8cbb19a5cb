"""Trains an experiment in one precision, and records what every step must report."""

import numpy as np
import torch

from .losses import LOSSES, REGULARIZERS
from .optimizers import Update
from .remedies import CLIPS, CONSTRAINTS, add_noise, groups_of
from .learning_rates import Schedule
from .tables import call


OUTPUT_ROWS = 3


class Run:
    """What training gave: `steps`, `final` state as {name: array}, `evaluation`, `frozen` names; and how its remedies bit."""

    def __init__(self, experiment, weights, dtype):
        default = torch.get_default_dtype()
        # Some of PyTorch's optimizers keep scalars, such as NAdam's product, in the default precision.
        torch.set_default_dtype(dtype)
        try:
            self.train(experiment, weights, dtype)
        finally:
            torch.set_default_dtype(default)

    def train(self, experiment, weights, dtype):
        self.model = experiment.build()
        network = self.model.network
        load(network, weights)
        network.to(dtype).train()
        roles = self.model.roles()
        parameters = dict(network.named_parameters())
        update = Update(experiment["optimizer"], groups_of(experiment.get("groups") or [], parameters, roles))
        self.names = list(parameters)
        self.frozen = {name for name, parameter in parameters.items() if not parameter.requires_grad}
        self.trained = [parameter for parameter in parameters.values() if parameter.requires_grad]
        self.weights = [parameters[name] for name in parameters if roles[name] == "weight" and name not in self.frozen]
        self.schedule = Schedule(experiment["schedule"], experiment["batchSize"], experiment.samples)
        # Fractions of elements that the clip changed, and of rows that the constraint bound, by step.
        self.clipped, self.bound = [], []
        self.steps = [self.step(experiment, parameters, update, step, dtype) for step in range(experiment["steps"])]
        self.final = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
        self.evaluation = evaluate(experiment, network, dtype)

    def step(self, experiment, parameters, update, step, dtype):
        """Loss, heads and penalty; noise; norms; clip; update; constraint: the order that docs/experiment.md fixes."""
        self.model.randomness.begin(step)
        x, y = tensors(*experiment.batch(step), dtype)
        loss = call("loss", LOSSES, experiment["loss"], self.model.network(x), y)
        heads = [(head, call("loss", LOSSES, experiment["loss"], head.output, y)) for head in self.model.auxiliaries]
        penalty = torch.zeros((), dtype=dtype)
        if experiment.get("regularizer"):
            penalty = penalty + call("regularizer", REGULARIZERS, experiment["regularizer"], self.weights, experiment.samples)
        update.zero_grad()
        (loss + sum(head.loss_weight * value for head, value in heads) + penalty).backward()
        if experiment.get("gradientNoise"):
            add_noise(experiment["gradientNoise"], list(parameters.values()), experiment["seed"], step)
        # Norms are taken in float64, as any error of their own would count as PyTorch's straying.
        norms = [0.0 if name in self.frozen else float(np.linalg.norm(p.grad.double().numpy())) for name, p in parameters.items()]
        scale = 1.0
        if experiment.get("clip"):
            before = [parameter.grad.clone() for parameter in self.trained]
            scale = call("clip", CLIPS, experiment["clip"], self.trained)
            changed = sum(int((parameter.grad != gradient).sum()) for parameter, gradient in zip(self.trained, before))
            self.clipped.append(changed / sum(gradient.numel() for gradient in before))
        rate = self.schedule.rate(step)
        update.step(rate)
        if experiment.get("constraint"):
            self.bound.append(call("constraint", CONSTRAINTS, experiment["constraint"], self.weights))
        self.schedule.after(step, loss.item())
        record = {
            "step": step,
            "loss": loss.item(),
            "regularization": penalty.item(),
            "learningRate": rate,
            "gradientNorm": float(np.linalg.norm(norms)),
            "clipScale": scale,
            "layers": norms,
        }
        return {**record, "auxiliary": [value.item() for _, value in heads]} if heads else record


def evaluate(experiment, network, dtype):
    """Loss and accuracy over the whole data set, with running statistics in the place of the batch's; and the first rows' outputs."""
    network.eval()
    with torch.no_grad():
        x, y = tensors(experiment.x, experiment.y, dtype)
        output = network(x)
        loss = call("loss", LOSSES, experiment["loss"], output, y).item()
        accuracy = None if y.is_floating_point() else (output.argmax(dim=1) == y).double().mean().item()
    return {"loss": loss, "accuracy": accuracy, "outputs": output[:OUTPUT_ROWS].tolist()}


def load(network, weights):
    """load_state_dict(strict=True) of {name: array}; also refuses a wrong shape."""
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()}, strict=True)


def tensors(x, y, dtype):
    """Classes as PyTorch's cross-entropy wants them, targets in the precision of the run."""
    x = torch.from_numpy(x.reshape(len(x), -1).copy()).to(dtype)
    y = torch.from_numpy(y.copy())
    return x, y.to(dtype) if y.is_floating_point() else y.to(torch.int64)
