"""Philox4x32-10 in numpy, from its definition (Salmon et al., 2011), and the random numbers that docs/experiment.md makes of it."""

import numpy as np
import torch

MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = 0x9E3779B9, 0xBB67AE85
WORD = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)

# The second word of the key tells what the numbers are for.
DROPOUT, GRADIENT_NOISE = 3, 4


def philox4x32(counters, key):
    """[n, 4] words of the n counters [n, 4] under one key of two words."""
    a, b, c, d = np.asarray(counters, np.uint64).T
    k, l = key
    for _ in range(10):
        first, second = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b, c, d = (second >> HALF) ^ b ^ np.uint64(k), second & WORD, (first >> HALF) ^ d ^ np.uint64(l), first & WORD
        k, l = (k + WEYL[0]) & 0xFFFFFFFF, (l + WEYL[1]) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=1)


def words(count, key, step, node):
    """Word e mod 4 of counter (e // 4, step, node, 0), for e below `count`."""
    blocks = (count + 3) // 4
    counters = np.zeros((blocks, 4), np.uint64)
    counters[:, 0], counters[:, 1], counters[:, 2] = np.arange(blocks), step, node
    return philox4x32(counters, key).reshape(-1)[:count]


def uniforms(count, seed, step, node):
    """Uniform in [0, 1) for dropout: the upper 24 bits over 2**24, float64."""
    return torch.from_numpy((words(count, (seed, DROPOUT), step, node) >> np.uint64(8)).astype(np.float64) / 2.0**24)


def normals(count, seed, step, node):
    """Standard normal numbers for gradient noise: the inverse of the distribution at (word + 1/2) / 2**32, float64."""
    return inverse_normal(torch.from_numpy((words(count, (seed, GRADIENT_NOISE), step, node).astype(np.float64) + 0.5) / 2.0**32))


def inverse_normal(u):
    """z with P(Z < z) = u. The smaller tail is inverted, where erfc keeps its digits, and polished by Newton's method."""
    tail = torch.minimum(u, 1 - u)
    z = torch.erfinv(2 * tail - 1) * 2**0.5
    for _ in range(3):
        density = torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5
        z = z - (torch.erfc(-z / 2**0.5) / 2 - tail) / density
    return torch.where(u < 0.5, z, -z)


class Randomness:
    """What dropout and stochastic depth draw from: the seed, the step, and a count of the random layers met in this forward pass."""

    def __init__(self, seed):
        self.seed, self.step, self.met = seed, 0, 0

    def begin(self, step):
        self.step, self.met = step, 0

    def uniforms(self, count):
        """Those of the next random layer."""
        numbers = uniforms(count, self.seed, self.step, self.met)
        self.met += 1
        return numbers


# Random123, kat_vectors, "philox4x32 10": counter, key, answer.
KNOWN_ANSWERS = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], (0xA4093822, 0x299F31D0), [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]
# Abramowitz and Stegun, table 26.5: P(Z < z) = u.
KNOWN_QUANTILES = [(0.025, -1.959963984540054), (0.5, 0.0), (0.9, 1.2815515655446004), (1e-9, -5.997807015007686), (1 - 2.0**-33, 6.3379575)]


def check_known_answers():
    """Raises where the generator or the inverse is not what was published."""
    for counter, key, answer in KNOWN_ANSWERS:
        found = philox4x32([counter], key)[0].tolist()
        if found != answer:
            raise AssertionError(f"philox4x32{counter}, {key} is {found}, not {answer}")
    for u, z in KNOWN_QUANTILES:
        found = float(inverse_normal(torch.tensor([u], dtype=torch.float64)))
        if abs(found - z) > 1e-6 * abs(z) if u > 0.9 else abs(found - z) > 1e-13 + 1e-12 * abs(z):
            raise AssertionError(f"the normal quantile of {u} is {found}, not {z}")


check_known_answers()
