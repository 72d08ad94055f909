"""The greatest value of a smooth function of a few positive parameters, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Value, gradient and matrix of second derivatives at positive parameters; all per observation.
Surface = Callable[[Floats], tuple[float, Floats, Floats]]

# Per observation and unit of a parameter's logarithm: parameters are then good to 6 digits.
GRADIENT_MAX = 1e-9
STEPS_MAX = 200
# No step changes a parameter by more than this factor (e), so that none runs over the hill.
STEP_LOG_MAX = 1.0
# Beyond these the surface is a ridge without a top: the sample says "none" or "all alike".
PARAMETER_MIN, PARAMETER_MAX = 1e-5, 1e5
# The flattest direction at the top, per observation; flatter is a ridge.
CURVATURE_MIN = 1e-9
_DAMPING_MAX = 1e12
# The maximum over this many rows is a place to start from: two steps from that of all.
_FEW = 5_000
# Rows whose numbers lie in the processor's cache together; and so few that no product of matrices
# is worth a thread.
_TOGETHER = 4_096


@dataclass(frozen=True)
class Maximum:
    """Where the function is greatest, its value there, and in how many steps it was found."""

    at: Floats
    value: float
    steps: int


def maximum(surface: Surface, start: Floats) -> Maximum | None:
    """The maximum ``surface`` has near ``start``; ``None`` when it has none within the limits.

    Newton's method in the logarithms of the parameters, damped (Levenberg, Marquardt) until a step
    goes up. What is returned has a gradient of nought and a surface falling off on every side.

    >>> def hill(p):
    ...     return (
    ...         np.log(p[0]) - p[0] / 3,
    ...         np.array([1 / p[0] - 1 / 3]),
    ...         np.array([[-1 / p[0] ** 2]]),
    ...     )
    >>> round(float(maximum(hill, np.array([1.0])).at[0]), 6)
    3.0
    """
    place = np.log(start)
    value, gradient, curvature = _in_logs(surface, place)
    damping = 1e-3
    for step in range(STEPS_MAX):
        if np.abs(gradient).max() <= GRADIENT_MAX:
            top = bool(np.linalg.eigvalsh(curvature).max() < -CURVATURE_MIN)
            return Maximum(np.exp(place), value, step) if top else None
        while True:
            ahead = place + _step(gradient, curvature, damping)
            if not _within(ahead):
                return None
            there = _in_logs(surface, ahead)
            # At the very top the values differ by rounding only; the gradient then decides.
            flat = there[0] >= value - 1e-13 * abs(value)
            if there[0] > value or (flat and _length(there[1]) < _length(gradient)):
                break
            damping *= 10
            if damping > _DAMPING_MAX:
                return None
        place, (value, gradient, curvature) = ahead, there
        damping = max(damping / 10, 1e-12)
    return None


def maximum_of_many(
    surface_of: Callable[[slice], Surface], rows: int, start: Floats
) -> Maximum | None:
    """``maximum`` of the surface of all ``rows``, looked for near that of some."""
    if rows > 2 * _FEW:
        near = maximum(surface_of(slice(None, None, rows // _FEW)), start)
        start = start if near is None else near.at
    return maximum(surface_of(slice(None)), start)


def parts_of(rows: int) -> Iterator[slice]:
    """All rows, part by part: several times faster than all at once.

    >>> [part.start for part in parts_of(10_000)]
    [0, 4096, 8192]
    """
    return (slice(start, start + _TOGETHER) for start in range(0, rows, _TOGETHER))


def _in_logs(surface: Surface, place: Floats) -> tuple[float, Floats, Floats]:
    at = np.exp(place)
    value, gradient, curvature = surface(at)
    slope = at * gradient
    return value, slope, np.outer(at, at) * curvature + np.diag(slope)


def _step(gradient: Floats, curvature: Floats, damping: float) -> Floats:
    """Newton's step on a surface bent down in every direction, and never a leap."""
    bends, directions = np.linalg.eigh(curvature)
    uphill = directions.T @ gradient
    step: Floats = directions @ (uphill / (np.maximum(np.abs(bends), 1e-12) + damping))
    longest = float(np.abs(step).max())
    return step * min(1.0, STEP_LOG_MAX / longest) if longest > 0 else step


def _within(place: Floats) -> bool:
    low, high = np.log(PARAMETER_MIN), np.log(PARAMETER_MAX)
    return bool(np.all((place > low) & (place < high)))


def _length(vector: Floats) -> float:
    return float(np.linalg.norm(vector))
