"""Pairs that do not fit together: one account cannot be two people.

A masked account may look like either of two customers who are plainly not each other. Judged alone
both pairs are likely; together at most one of them is right. For every account with two likely
partners that are no likely pair themselves, the four possibilities (neither, one, the other, all
three one person) are weighed, and each pair keeps the smallest probability that this gives it.
What the two partners have in common counts nothing for all three: it is what made them both look
like the account. What speaks against the two being one person counts, once: not what already
spoke against one of them being the account.
"""

from __future__ import annotations

import numpy as np

from huitou.members.suggestions.blocking import pairs_within
from huitou.members.suggestions.comparing import Compared, Frequencies, compared
from huitou.members.suggestions.features import Features
from huitou.members.suggestions.model import Floats, Weights
from huitou.members.suggestions.texts import Ints

# Pairs less likely than this are left out of the weighing.
TRIANGLE_LEAST = 0.2
# Partners of one account looked at, likeliest first: bounds the work at an account many resemble.
PARTNERS_MAX = 8
# A third side this likely closes the triangle: nothing to weigh.
_AGREED = 0.9
# A rival that has lost against others in one round weighs less in the next.
_ROUNDS = 3


def consistent(
    f: Features,
    a: Ints,
    b: Ints,
    found: Compared,
    probability: Floats,
    weights: Weights,
    frequencies: Frequencies,
) -> Floats:
    """The ``probability`` of the pairs ``a``, ``b`` (rows, a < b, sorted) when held together.

    ``found`` is how the two of each pair compare.
    """
    size, pairs = f.member.size, a.size
    centre, edge = np.concatenate([a, b]), np.tile(np.arange(pairs), 2)
    partner = np.concatenate([b, a])
    order = np.lexsort((partner, -probability[edge], centre))
    starts = np.flatnonzero(np.append(True, np.diff(centre[order]) > 0)[: order.size])
    place = np.arange(order.size) - np.repeat(starts, np.diff(np.append(starts, order.size)))
    order = order[place < PARTNERS_MAX]
    first, second = pairs_within(centre[order])
    first, second = order[first], order[second]

    y, z = partner[first], partner[second]
    low, high = np.minimum(y, z), np.maximum(y, z)
    keys = a * size + b
    at = np.searchsorted(keys, low * size + high)
    at = np.minimum(at, pairs - 1)
    agreed = (keys[at] == low * size + high) & (probability[at] >= _AGREED)
    open_ = ~agreed & (f.member[y] != f.member[z])
    first, second, y, z = first[open_], second[open_], y[open_], z[open_]

    sides = found.take(edge[first]), found.take(edge[second])
    third = weights.objections(compared(f, y, z, frequencies), sides)
    odds = held_odds = _odds(probability)
    first, second = edge[first], edge[second]
    held = probability
    for _ in range(_ROUNDS):
        held = probability.copy()
        for own, other in ((first, second), (second, first)):
            mine, theirs = odds[own], held_odds[other]
            every = mine + theirs + third
            total = np.logaddexp(np.logaddexp(0.0, mine), np.logaddexp(theirs, every))
            np.minimum.at(held, own, np.exp(np.logaddexp(mine, every) - total))
        held_odds = _odds(held)
    return held


def _odds(probability: Floats) -> Floats:
    inside = np.clip(probability, 1e-12, 1 - 1e-12)
    log_odds: Floats = np.log(inside) - np.log1p(-inside)
    return log_odds
