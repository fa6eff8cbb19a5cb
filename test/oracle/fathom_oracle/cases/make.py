"""What cases are made of: experiments as data, and the numbers they train on."""

from typing import NamedTuple

import numpy as np

FORMAT = "fathom-experiment/1"
DATASET = {"type": "safetensors", "file": "data.safetensors", "order": "sequential"}


class Case(NamedTuple):
    """An experiment and its data {x, y}. Of a sharp one the generator demands that its remedies bite."""

    spec: dict
    data: dict
    sharp: bool = True


def classes(seed, rows, features, count, dtype):
    """Gaussian rows, labelled by the largest of `count` random linear scores."""
    generator = np.random.default_rng(seed)
    x = generator.normal(0.0, 1.0, (rows, features)).astype(np.float32)
    scores = x.astype(np.float64) @ generator.normal(0.0, 1.0, (features, count))
    return {"x": x, "y": scores.argmax(axis=1).astype(dtype)}


def targets(seed, rows, features, count):
    """Gaussian rows, and smooth targets: sines of random linear scores."""
    generator = np.random.default_rng(seed)
    x = generator.normal(0.0, 1.0, (rows, features)).astype(np.float32)
    scores = x.astype(np.float64) @ generator.normal(0.0, 1.0 / np.sqrt(features), (features, count))
    return {"x": x, "y": np.sin(2 * scores).astype(np.float32)}


def bits(seed, rows, features, count):
    """Gaussian rows, and for each `count` independent yes-or-no targets as 0 and 1."""
    data = targets(seed, rows, features, count)
    return {"x": data["x"], "y": (data["y"] > 0).astype(np.float32)}


def experiment(name, **keys):
    return {"format": FORMAT, "name": name, "dataset": DATASET, "monitor": {"every": 1}, **keys}


def linear(units, init=None, **keys):
    return {"type": "linear", "units": units, **({"init": init} if init else {}), **keys}


def layer(kind, **keys):
    return {"type": kind, **keys}


# Most cases have the same shapes, so that they share compiled pipelines: 30 rows of 8 features, in batches of 12 that wrap around.
ROWS, BATCH, FEATURES, WIDTH, CLASSES, TARGETS = 30, 12, 8, 12, 4, 3


def case(name, seed, model, optimizer, schedule, loss="softmaxCrossEntropy", data=None, **keys):
    """A case of the usual shapes, with the data that its loss wants."""
    kind = loss if isinstance(loss, str) else loss["type"]
    if data is None:
        data = DATA[kind](1000 + seed % 1000)
    more = {"batchSize": BATCH, "steps": 20, **keys}
    return Case(experiment(name, seed=seed, model=model, loss=loss, optimizer=optimizer, schedule=schedule, **more), data)


def of_classes(seed, rows=ROWS, features=FEATURES, count=CLASSES):
    return classes(seed, rows, features, count, np.int32)


def of_targets(seed, rows=ROWS, features=FEATURES, count=TARGETS):
    return targets(seed, rows, features, count)


def of_chances(seed, rows=ROWS, features=FEATURES, count=TARGETS):
    """Targets between 0 and 1, some of them 0 or 1."""
    data = targets(seed, rows, features, count)
    return {"x": data["x"], "y": np.clip(0.5 + 0.7 * data["y"], 0, 1).astype(np.float32)}


DATA = {
    "softmaxCrossEntropy": of_classes,
    "multiMargin": of_classes,
    "meanSquaredError": of_targets,
    "meanAbsoluteError": of_targets,
    "huber": of_targets,
    "binaryCrossEntropyWithLogits": of_chances,
}


def repeat(times, *body):
    return layer("repeat", times=times, body=list(body))


def residual(*body, **keys):
    return layer("residual", body=list(body), **keys)


def constant(rate):
    return {"type": "constant", "initial": rate}
