"""The probability that two accounts are one person: a Fellegi–Sunter model of three kinds of pair.

A pair is one person, two people of one household, or two strangers. Each kind gives every level of
agreement its own probability; fields are independent within a kind. Households are a kind of their
own because their members share address, phone and surname at once: with strangers alone, that
would look like one person. The probabilities are learnt from the accounts themselves by
expectation–maximisation (Dempster, Laird and Rubin 1977; Fellegi and Sunter 1969), starting from,
and held near by a fixed weight, the values below. Agreement on a rare value counts more
(``comparing.Frequencies``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.members.suggestions.blocking import FIELD_BITS
from huitou.members.suggestions.comparing import SHOWN_SHARE, TAIL_SHARE, Compared

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Groups = tuple[tuple[float, ...], ...]
# Per field the levels from 1, in groups: which group applies depends on what is shown of the two
# (whole or masked, address or region alone), and within a group the values sum to one. Level 0,
# nothing to compare, tells nothing.
_SAME: dict[str, Groups] = {
    "name": ((0.88, 0.05, 0.01, 0.02, 0.04), (0.97, 0.03), (0.90, 0.10)),
    "phone": ((0.88, 0.01, 0.11), (0.90, 0.10), (0.90, 0.10)),
    "place": (
        (0.75, 0.08, 0.02, 0.04, 0.05, 0.02, 0.04), (0.88, 0.07, 0.02, 0.03), (0.94, 0.02, 0.04),
    ),
    "email": ((0.80, 0.20),),
    "nick": ((0.40, 0.60),),
    "birthday": ((0.90, 0.05, 0.05),),
}  # fmt: skip
_HOUSEHOLD: dict[str, Groups] = {
    "name": ((0.001, 0.01, 0.02, 0.35, 0.619), (0.38, 0.62), (0.03, 0.97)),
    "phone": ((0.20, 0.01, 0.79), (0.20, 0.80), (0.20, 0.80)),
    "place": (
        (0.75, 0.08, 0.02, 0.04, 0.05, 0.02, 0.04), (0.88, 0.07, 0.02, 0.03), (0.94, 0.02, 0.04),
    ),
    "email": ((0.02, 0.98),),
    "nick": ((0.01, 0.99),),
    "birthday": ((0.03, 0.03, 0.94),),
}  # fmt: skip
# Phones are random digits: equal ends are one in ten thousand, and about thirty prefixes are
# common. The other values hold where too few random pairs agree to count them.
_STRANGERS: dict[str, Groups] = {
    "name": ((2e-4, 1e-3, 1e-3, 0.03, 0.97), (0.03, 0.97), (0.02, 0.98)),
    "phone": ((1e-8, 1e-6, 1.0), (SHOWN_SHARE, 1.0), (TAIL_SHARE, 1.0)),
    "place": (
        (1e-7, 1e-6, 1e-4, 5e-3, 0.02, 0.05, 0.92), (5e-3, 0.02, 0.05, 0.92), (0.03, 0.05, 0.92),
    ),
    "email": ((1e-6, 1.0),),
    "nick": ((1e-5, 1.0),),
    "birthday": ((6e-5, 5e-3, 0.995),),
}  # fmt: skip
# Levels that agree in part. Where the part is known to agree (the surname a mask shows, the city),
# what is left of them is a difference.
_PARTLY = {"name": (4,), "place": (5, 9)}
_COUNTED = ("name", "place", "birthday")
# How many pairs the values above are worth against those observed.
_KNOWN_PAIRS, _KNOWN_RANDOM_PAIRS = 300.0, 100_000.0
# Pairs of two people of one household to pairs of one person, where nothing tells.
_HOUSEHOLDS = 0.25
# Of any two accounts: however few accounts there are, most pairs are of strangers.
_SHARE_MAX = 0.1
# A level this rare is met by chance or not at all among the random pairs.
_TOO_RARE_TO_COUNT = 1e-4
_ROUNDS = 12


@dataclass(frozen=True)
class Weights:
    """Log likelihood ratios against strangers by field and level, and the log prior odds.

    ``against`` is what each level objects to one person when its agreeing part is known: 0 or less.
    """

    same: dict[str, Floats]
    household: dict[str, Floats]
    against: dict[str, Floats]
    prior_same: float
    prior_household: float

    def probability(self, pairs: Compared) -> Floats:
        """The probability of each pair to be one person."""
        return self.posteriors(pairs)[0]

    def posteriors(self, pairs: Compared) -> tuple[Floats, Floats]:
        """The probabilities of each pair to be one person, and to be of one household."""
        return _posteriors(*self._ratios(pairs))

    def objections(self, third: Compared, sides: tuple[Compared, Compared]) -> Floats:
        """What speaks against the ``third`` side of triangles: a logarithm, 0 for nothing.

        What speaks for it is left out, and what spoke against one of the two ``sides`` already.
        """
        against = np.zeros(next(iter(third.levels.values())).size)
        for field, level in third.levels.items():
            weights = self.against[field]
            said = (weights[sides[0].levels[field]] < 0) | (weights[sides[1].levels[field]] < 0)
            against += np.where(said, 0.0, weights[level])
        return against

    def _ratios(self, pairs: Compared) -> tuple[Floats, Floats]:
        first = next(iter(pairs.levels.values()))
        same = np.full(first.size, self.prior_same)
        household = np.full(first.size, self.prior_household)
        for field, level in pairs.levels.items():
            same += self.same[field][level]
            household += self.household[field][level]
        for rarity in pairs.rarity.values():
            same -= rarity
            household -= rarity
        return same, household


@dataclass(frozen=True)
class Sample:
    """Pairs to learn from: a ``share`` of the candidates among ``accounts``.

    ``free`` has the bits of the fields each pair was found without: what one person's phones are
    like is learnt from pairs that did not need equal phones to be found, and so on. Pairs
    ``joined`` already are one person for sure. ``with_address`` accounts show an address.
    """

    pairs: Compared
    free: NDArray[np.int8]
    joined: Flags
    share: float
    accounts: int
    with_address: int

    def without(self, field: str) -> Flags:
        """Pairs found without ``field``."""
        return (self.free & FIELD_BITS[field]) > 0

    def in_first_group(self, field: str) -> Flags:
        """Pairs whose ``field`` is whole on both sides: a whole name, a written address."""
        level = self.pairs.levels[field]
        return (level > 0) & (level <= len(_SAME[field][0]))


def learnt(sample: Sample, random_pairs: Compared) -> Weights:
    """The weights from a ``sample`` of candidates; pairs that are no candidates are strangers."""
    strangers = {field: _stranger_levels(field, random_pairs) for field in _SAME}
    same = {field: np.concatenate(groups) for field, groups in _SAME.items()}
    household = {field: np.concatenate(groups) for field, groups in _HOUSEHOLD.items()}
    # Households are found by their addresses, so only accounts that show one can count them; how
    # often they share a phone shows where whole names tell them apart.
    addressed = sample.in_first_group("place")
    told_apart = addressed & sample.in_first_group("name") & sample.without("phone")
    everything = _pairs_among(sample.accounts)
    known_pairs = everything / 100  # what the usual share of households is worth
    with_addresses = _pairs_among(sample.with_address) + known_pairs
    share_same = min(max(sample.accounts, 1) / everything, _SHARE_MAX)
    weights = _weights(same, household, strangers, share_same, share_same * _HOUSEHOLDS)
    for _ in range(_ROUNDS):
        one, home = weights.posteriors(sample.pairs)
        one, home = np.where(sample.joined, 1.0, one), np.where(sample.joined, 0.0, home)
        for field, level in sample.pairs.levels.items():
            told = one * sample.without(field)
            same[field] = _maximised(level, told, _SAME[field], _KNOWN_PAIRS)
        household["phone"] = _shared_phones(sample.pairs.levels["phone"], home * told_apart)
        # At least one expected pair, so that a small brand can still learn of the first.
        share_same = max(one[~sample.joined].sum() / sample.share, 1.0) / everything
        share_same = min(share_same, _SHARE_MAX)
        homes = home[addressed].sum() / sample.share + known_pairs * share_same * _HOUSEHOLDS
        weights = _weights(same, household, strangers, share_same, homes / with_addresses)
    return weights


def _pairs_among(accounts: int) -> float:
    return max(accounts * (accounts - 1) / 2, 1.0)


def _posteriors(same: Floats, household: Floats) -> tuple[Floats, Floats]:
    """Probabilities of one person and of one household from log odds against strangers."""
    top = np.maximum(np.maximum(same, household), 0.0)
    one, home, none = np.exp(same - top), np.exp(household - top), np.exp(-top)
    total = one + home + none
    return one / total, home / total


def _maximised(
    level: NDArray[np.int8], weight: Floats | None, known: Groups, known_pairs: float
) -> Floats:
    """The share of each level within its group, ``known`` shares counting as many pairs."""
    size = sum(map(len, known)) + 1
    counts = np.bincount(level, weights=weight, minlength=size)[1:]
    shares: list[Floats] = []
    start = 0
    for group in known:
        total = counts[start : start + len(group)] + np.array(group) * known_pairs
        shares.append(total / total.sum())
        start += len(group)
    return np.concatenate(shares)


def _shared_phones(level: NDArray[np.int8], home: Floats) -> Floats:
    """A household's shares of phone levels: equal as often however much a platform shows."""
    counts = np.bincount(level, weights=home, minlength=8)
    (known, slip, _), *_ = _HOUSEHOLD["phone"]
    equal, different = counts[[1, 4, 6]].sum(), counts[[3, 5, 7]].sum()
    share = (equal + known * _KNOWN_PAIRS) / (equal + different + _KNOWN_PAIRS)
    return np.array([share, slip, 1 - slip - share, share, 1 - share, share, 1 - share])


def _stranger_levels(field: str, random_pairs: Compared) -> Floats:
    known = _STRANGERS[field]
    if field not in _COUNTED:
        return np.concatenate(known)
    shares = np.concatenate(known)
    counted = _maximised(random_pairs.levels[field], None, known, _KNOWN_RANDOM_PAIRS)
    return np.where(shares < _TOO_RARE_TO_COUNT, shares, counted)


def _weights(
    same: dict[str, Floats],
    household: dict[str, Floats],
    strangers: dict[str, Floats],
    share_same: float,
    share_household: float,
) -> Weights:
    def ratios(of: dict[str, Floats]) -> dict[str, Floats]:
        return {
            field: np.concatenate([[0.0], np.log(values / strangers[field])])
            for field, values in of.items()
        }

    one = ratios(same)
    against = {field: np.minimum(weights, 0.0) for field, weights in one.items()}
    for field, levels in _PARTLY.items():
        for level in levels:
            against[field][level] = np.log(same[field][level - 1])
    return Weights(
        one, ratios(household), against, float(np.log(share_same)), float(np.log(share_household))
    )
