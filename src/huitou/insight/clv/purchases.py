"""How often customers buy, and whether they still do: the BG/NBD model.

Fader, Hardie and Lee, "Counting Your Customers the Easy Way" (Marketing Science, 2005). While
alive a customer buys at random at a rate of their own; the rates are Gamma(r, alpha) distributed.
After every repeat purchase they leave for good with a chance of their own, Beta(a, b) distributed.

A history is (repeats, recency, age): purchases after the first, and the times from the first
purchase to the last one and to now. Customers with the same history count as one row with a
weight. Repeats are whole numbers, so every quotient of gamma functions is a product of a few
factors, and is needed once for each number of repeats only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.insight.clv.newton import Floats, maximum_of_many, parts_of

Ints = NDArray[np.int64]

# Purchases further ahead than this many are not summed up; nobody buys so often in a year.
AHEAD_MAX = 20_000
# A term of the sum below this changes no digit that is shown.
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class Histories:
    """Distinct histories and how many customers have each; times in one unit, any."""

    repeats: Ints
    recency: Floats
    age: Floats
    customers: Floats

    def of(self, rows: slice) -> Histories:
        """Some of them."""
        return Histories(
            self.repeats[rows], self.recency[rows], self.age[rows], self.customers[rows]
        )


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted BG/NBD model; ``alpha`` is in the time unit of the histories."""

    r: float
    alpha: float
    a: float
    b: float
    steps: int = 0


def fit(histories: Histories) -> PurchaseModel | None:
    """The parameters of greatest likelihood; ``None`` when the likelihood has no maximum.

    That is so when nobody ever came back, when nobody ever left, or when all buy alike.
    """
    if not histories.repeats.any():
        return None
    unit = float(np.average(histories.age, weights=histories.customers))
    if unit <= 0:
        return None
    rate = float(histories.repeats @ histories.customers / histories.customers.sum())
    start = np.array([1.0, max(1 / rate, 0.01), 1.0, 2.0])
    found = maximum_of_many(
        lambda rows: _Likelihood(histories.of(rows), unit), len(histories.repeats), start
    )
    if found is None:
        return None
    r, alpha, a, b = (float(value) for value in found.at)
    return PurchaseModel(r, alpha * unit, a, b, found.steps)


class _Likelihood:
    """Mean log-likelihood of the histories with its first and second derivatives."""

    def __init__(self, histories: Histories, unit: float) -> None:
        weights = histories.customers / histories.customers.sum()
        self.of_repeats = np.bincount(histories.repeats, weights)
        age, recency = histories.age / unit, histories.recency / unit
        self.ages, place = np.unique(age, return_inverse=True)
        self.of_age = np.bincount(place, weights)
        self.repeats_of_age = np.bincount(place, weights * histories.repeats)
        again = histories.repeats > 0
        self.again = histories.repeats[again].astype(np.float64)
        self.weights = weights[again]
        self.age_place = place[again]
        self.recencies, self.recency_place = np.unique(recency[again], return_inverse=True)

    def __call__(self, at: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = at
        value, gradient, curvature = self._of_leaving(at)
        last = alpha + self.ages
        rows = self.of_age * r + self.repeats_of_age
        log_r, one_r, two_r = self._rising(r)
        log_b, one_b, two_b = self._rising(b)
        log_ab, one_ab, two_ab = self._rising(a + b)
        logs = np.log(last)
        value += log_r + log_b - log_ab + r * np.log(alpha) - float(rows @ logs)
        gradient += [
            one_r + np.log(alpha) - float(self.of_age @ logs),
            r / alpha - float(rows @ (1 / last)),
            -one_ab,
            one_b - one_ab,
        ]
        curvature[0, 0] -= two_r
        curvature[0, 1] += 1 / alpha - float(self.of_age @ (1 / last))
        curvature[1, 1] += float(rows @ last**-2) - r / alpha**2
        curvature[2, 2] += two_ab
        curvature[2, 3] += two_ab
        curvature[3, 3] += two_ab - two_b
        return value, gradient, np.triu(curvature) + np.triu(curvature, 1).T

    def _of_leaving(self, at: Floats) -> tuple[float, Floats, Floats]:
        """ln(1 + e^z) summed over who came back: e^z are the odds that they left since."""
        r, alpha, a, b = at
        ages, recencies = alpha + self.ages, alpha + self.recencies
        by_age = np.stack([np.log(ages), 1 / ages, -(ages**-2)])
        by_recency = np.stack([np.log(recencies), 1 / recencies, -(recencies**-2)])
        total, gradient, curvature = 0.0, np.zeros(4), np.zeros((4, 4))
        for part in parts_of(len(self.again)):
            times = by_age[:, self.age_place[part]] - by_recency[:, self.recency_place[part]]
            silent, bend, twice = times
            weights, again = self.weights[part], self.again[part]
            order, before = r + again, b + again - 1
            odds = np.log(a / before) + order * silent
            rare = np.exp(-np.abs(odds))  # the lesser of odds and their inverse: never overflows
            left = np.where(odds >= 0, 1.0, rare) / (1 + rare)
            weight = weights * left
            slopes = np.stack([silent, order * bend, np.full_like(before, 1 / a), -1 / before])
            total += float(weights @ (np.maximum(odds, 0) + np.log1p(rare)))
            gradient += slopes @ weight
            curvature += (slopes * (weight * (1 - left))) @ slopes.T
            curvature[0, 1] += float(weight @ bend)
            curvature[1, 1] += float(weight @ (order * twice))
            curvature[2, 2] -= float(weight.sum()) / a**2
            curvature[3, 3] += float(weight @ before**-2)
        return total, gradient, np.triu(curvature)

    def _rising(self, base: float) -> tuple[float, float, float]:
        """ln(base (base+1) … (base+x-1)), Σ 1/(base+i) and Σ 1/(base+i)², mean over customers."""
        steps = base + np.arange(len(self.of_repeats) - 1)
        # Those with more than i repeats have the factor i.
        more = self.of_repeats[::-1].cumsum()[::-1][1:]
        return float(more @ np.log(steps)), float(more @ (1 / steps)), float(more @ steps**-2)


def probability_alive(model: PurchaseModel, histories: Histories) -> Floats:
    """The chance that a customer with each history has not left.

    The model lets nobody leave before a repeat purchase, so it is 1 without any.

    >>> model = PurchaseModel(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> one = Histories(np.array([2]), np.array([30.43]), np.array([38.86]), np.ones(1))
    >>> round(float(probability_alive(model, one)[0]), 4)
    0.7266
    """
    again = histories.repeats > 0
    x = np.maximum(histories.repeats, 1)
    silent = np.log(model.alpha + histories.age) - np.log(model.alpha + histories.recency)
    odds = np.log(model.a / (model.b + x - 1)) + (model.r + x) * silent
    return np.where(again, np.exp(-np.logaddexp(0, odds)), 1.0)


def purchases_if_alive(model: PurchaseModel, repeats: Ints, age: Floats, ahead: float) -> Floats:
    """How many purchases a customer who has not left will make in the time ``ahead``.

    The published formula holds a Gauss hypergeometric function, which overflows for frequent
    buyers, and a difference divided by ``a - 1``. The same number is the sum over k of the chance
    to still be there after k - 1 more purchases, times the chance that there was time for k: the
    times form a negative binomial distribution. Every term is between 0 and 1.
    """
    found = np.zeros(len(repeats))
    if ahead <= 0:
        return found
    order = np.arange(len(repeats))
    size = model.r + repeats
    share = ahead / (model.alpha + age + ahead)
    log_share, log_chance = np.log(share), size * np.log1p(-share)
    at_least = 1 - np.exp(log_chance)
    staying = np.ones(len(repeats))
    for k in range(1, AHEAD_MAX + 1):
        term = at_least * staying
        found[order] += term
        log_chance = log_chance + np.log((size + k - 1) / k) + log_share
        staying = staying * (model.b + repeats[order] + k - 1)
        staying /= model.a + model.b + repeats[order] + k - 1
        at_least = np.maximum(at_least - np.exp(log_chance), 0)
        kept = at_least * staying > _NEGLIGIBLE * np.maximum(found[order], _NEGLIGIBLE)
        if not kept.any():
            break
        if not kept.all():
            order, size, log_share = order[kept], size[kept], log_share[kept]
            log_chance, staying, at_least = log_chance[kept], staying[kept], at_least[kept]
    return found
