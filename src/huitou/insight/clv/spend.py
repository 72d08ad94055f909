"""How much customers spend each time: the Gamma-Gamma model.

Fader, Hardie and Lee, "RFM and CLV" (Journal of Marketing Research, 2005); Fader and Hardie, "The
Gamma-Gamma Model of Monetary Value" (2013). The amounts of a customer's purchases are
Gamma(p, nu) distributed, and nu differs between customers as Gamma(q, v). How much somebody spends
is taken to have nothing to do with how often.

The likelihood needs the number of repeat purchases and what they came to together, so customers
alike in both count as one row with a weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.insight.clv.newton import Floats, maximum_of_many, parts_of

Ints = NDArray[np.int64]

# From here on the asymptotic series of digamma and trigamma are exact to double precision.
_SERIES_FROM = 12.0


@dataclass(frozen=True)
class Spending:
    """Distinct (repeat purchases, what they came to) and how many customers have each."""

    repeats: Ints
    total: Floats
    customers: Floats

    def of(self, rows: slice) -> Spending:
        """Some of them."""
        return Spending(self.repeats[rows], self.total[rows], self.customers[rows])


@dataclass(frozen=True)
class SpendModel:
    """A fitted Gamma-Gamma model; ``v`` is in the money of the totals."""

    p: float
    q: float
    v: float
    steps: int = 0


def fit(spending: Spending) -> SpendModel | None:
    """The parameters of greatest likelihood; ``None`` when there is none, or no finite mean.

    Histories without repeats or of gifts only (a total of 0) say nothing and must be left out.
    """
    if not len(spending.repeats):
        return None
    unit = float(np.average(spending.total / spending.repeats, weights=spending.customers))
    start = np.array([2.0, 3.0, 1.0])
    found = maximum_of_many(
        lambda rows: _Likelihood(spending.of(rows), unit), len(spending.repeats), start
    )
    if found is None:
        return None
    p, q, v = (float(value) for value in found.at)
    # At q <= 1 the mean over customers is infinite: nothing can be said of who bought once.
    return SpendModel(p, q, v * unit, found.steps) if q > 1 else None


class _Likelihood:
    """Mean log-likelihood of the spending, without constants, with its derivatives."""

    def __init__(self, spending: Spending, unit: float) -> None:
        weights = spending.customers / spending.customers.sum()
        self.total = spending.total / unit
        self.weights = np.stack([weights, weights * spending.repeats])
        self.sizes, place = np.unique(spending.repeats, return_inverse=True)
        self.of_size = np.bincount(place, weights)
        self.logs = float(self.weights[1] @ np.log(self.total))

    def __call__(self, at: Floats) -> tuple[float, Floats, Floats]:
        p, q, v = at
        x, w = self.sizes.astype(np.float64), self.of_size
        sums = np.zeros((2, 3))
        for part in parts_of(len(self.total)):
            whole = v + self.total[part]
            shares = 1 / whole
            terms = np.stack([np.log(whole), shares, shares * shares])
            sums += self.weights[:, part] @ terms.T
        (once, once_part, once_square), (often, often_part, often_square) = sums.tolist()
        value = float(w @ (_log_gamma(p * x + q) - _log_gamma(p * x))) - math.lgamma(q)
        value += q * math.log(v) + p * self.logs - p * often - q * once
        one, own = _digamma(p * x + q), _digamma(p * x)
        two, own_two = _trigamma(p * x + q), _trigamma(p * x)
        gradient = np.array(
            [
                float(w @ (x * (one - own))) + self.logs - often,
                float(w @ one) - float(_digamma(np.array([q]))[0]) + math.log(v) - once,
                q / v - p * often_part - q * once_part,
            ]
        )
        pp = float(w @ (x * x * (two - own_two)))
        pq = float(w @ (x * two))
        qq = float(w @ two) - float(_trigamma(np.array([q]))[0])
        qv = 1 / v - once_part
        vv = p * often_square + q * once_square - q / v**2
        curvature = np.array([[pp, pq, -often_part], [pq, qq, qv], [-often_part, qv, vv]])
        return value, gradient, curvature


def expected_spend(model: SpendModel, repeats: Ints, total: Floats) -> Floats:
    """What the next purchase of a customer with such a past is worth: the more, the more their own.

    >>> model = SpendModel(p=6.25, q=3.74, v=15.44)
    >>> found = expected_spend(model, np.array([0, 2]), np.array([0.0, 2 * 22.35]))
    >>> [round(float(value), 2) for value in found]
    [35.22, 24.66]
    """
    spend: Floats = model.p * (model.v + total) / (model.p * repeats + model.q - 1)
    return spend


def _log_gamma(numbers: Floats) -> Floats:
    return np.array([math.lgamma(number) for number in numbers])


def _digamma(numbers: Floats) -> Floats:
    """The derivative of ln Γ: by its recurrence up to where the series is exact."""
    found = np.zeros_like(numbers)
    ahead = numbers.copy()
    while (small := ahead < _SERIES_FROM).any():
        found[small] -= 1 / ahead[small]
        ahead[small] += 1
    square = ahead**-2
    series = 1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132)))
    return np.asarray(found + np.log(ahead) - 0.5 / ahead - square * series)


def _trigamma(numbers: Floats) -> Floats:
    """The second derivative of ln Γ, likewise."""
    found = np.zeros_like(numbers)
    ahead = numbers.copy()
    while (small := ahead < _SERIES_FROM).any():
        found[small] += ahead[small] ** -2
        ahead[small] += 1
    square = ahead**-2
    series = 1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * 5 / 66)))
    return np.asarray(found + (1 + 0.5 / ahead + square * series) / ahead)
