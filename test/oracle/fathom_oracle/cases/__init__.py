"""The committed cases, by name."""

from . import layers, optimizers, random_cases, remedies, spine

CASES = {**spine.CASES, **layers.CASES, **optimizers.CASES, **remedies.CASES, **random_cases.CASES}
