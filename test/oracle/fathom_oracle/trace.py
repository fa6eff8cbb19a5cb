"""Trains an experiment in one precision, and records what every step must report."""

import numpy as np
import torch

from .layers import roles
from .tables import call
from .training import CLIPS, LOSSES, OPTIMIZERS, REGULARIZERS, learning_rate


def run(experiment, weights, dtype):
    """Returns (steps, final state as {name: array}, evaluation) of training in `dtype` from the state_dict `weights`."""
    model, _ = experiment.build()
    load(model, weights)
    model.to(dtype).train()
    role = roles(model)
    parameters = dict(model.named_parameters())
    penalised = [parameter for name, parameter in parameters.items() if role[name] == "weight"]
    optimizer = call("optimizer", OPTIMIZERS, experiment["optimizer"], list(parameters.values()))
    steps = []
    for step in range(experiment["steps"]):
        rate = learning_rate(experiment["schedule"], step)
        x, y = tensors(*experiment.batch(step), dtype)
        loss = call("loss", LOSSES, experiment["loss"], model(x), y)
        penalty = torch.zeros((), dtype=dtype)
        if experiment.get("regularizer"):
            penalty = call("regularizer", REGULARIZERS, experiment["regularizer"], penalised, experiment.samples)
        optimizer.zero_grad()
        (loss + penalty).backward()
        # Norms stand after the regulariser and before the clip; they are taken in float64, as any error of their own would
        # count as PyTorch's straying.
        norms = [float(np.linalg.norm(parameter.grad.double().numpy())) for parameter in parameters.values()]
        scale = 1.0
        if experiment.get("clip"):
            scale = call("clip", CLIPS, experiment["clip"], list(parameters.values()))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        steps.append({
            "step": step,
            "loss": loss.item(),
            "regularization": penalty.item(),
            "learningRate": rate,
            "gradientNorm": float(np.linalg.norm(norms)),
            "clipScale": scale,
            "layers": norms,
        })
    final = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    return list(parameters), steps, final, evaluate(experiment, model, dtype)


def evaluate(experiment, model, dtype):
    """Loss and accuracy over the whole data set, with running statistics in the place of the batch's."""
    model.eval()
    with torch.no_grad():
        x, y = tensors(experiment.x, experiment.y, dtype)
        output = model(x)
        loss = call("loss", LOSSES, experiment["loss"], output, y).item()
        accuracy = None if y.is_floating_point() else (output.argmax(dim=1) == y).double().mean().item()
    return {"loss": loss, "accuracy": accuracy}


def load(model, weights):
    """load_state_dict(strict=True) of {name: array}; also refuses a wrong shape."""
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()}, strict=True)


def tensors(x, y, dtype):
    """Classes as PyTorch's cross-entropy wants them, targets in the precision of the run."""
    x = torch.from_numpy(x.reshape(len(x), -1).copy()).to(dtype)
    y = torch.from_numpy(y.copy())
    return x, y.to(dtype) if y.is_floating_point() else y.to(torch.int64)
