"""Reproducible draws that need no memory: the same number and salt always give the same draw.

A member's name, city or habits are functions of the member's number, so ten million members cost
no more memory than the chunk at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def mixed(numbers: NDArray[np.int64], seed: int, salt: str) -> NDArray[np.uint64]:
    """64 well-mixed bits per number (splitmix64); another ``salt`` gives independent bits.

    >>> int(mixed(np.array([7]), 1, "name")[0]) == int(mixed(np.array([7]), 1, "name")[0])
    True
    """
    start = int.from_bytes(f"{seed}:{salt}".encode()[-64:], "little") % (1 << 64)
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + _scrambled(start)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _scrambled(start: int) -> np.uint64:
    """``start`` spread over 64 bits, so that similar salts do not give shifted sequences."""
    value = start
    for _ in range(2):
        value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD % (1 << 64)
    return np.uint64(value ^ (value >> 33))


def shares(numbers: NDArray[np.int64], seed: int, salt: str) -> NDArray[np.float64]:
    """A draw in [0, 1) per number."""
    bits: NDArray[np.uint64] = mixed(numbers, seed, salt) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def below(numbers: NDArray[np.int64], limit: int, seed: int, salt: str) -> NDArray[np.int64]:
    """A whole draw from 0 to ``limit`` - 1 per number."""
    return (shares(numbers, seed, salt) * limit).astype(np.int64)


def weighted(draws: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.int64]:
    """The position each draw in [0, 1) falls on when positions weigh ``weights``.

    >>> weighted(np.array([0.1, 0.6, 0.99]), [1, 1, 2]).tolist()
    [0, 2, 2]
    """
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    return np.searchsorted(edges / edges[-1], draws, side="right").clip(0, len(weights) - 1)


def picked(words: Sequence[str | None], positions: NDArray[np.int64]) -> pa.Array:
    """The word at each position, as text."""
    return pa.array(words, pa.string()).take(pa.array(positions))


def moments(seconds: NDArray[np.int64]) -> pa.Array:
    """UTC seconds as timestamps; 0 is null."""
    utc = pa.timestamp("us", "UTC")
    return pa.array(seconds * 1_000_000, pa.int64(), mask=seconds == 0).cast(utc)
