"""What a rule finds, before anybody keeps it: size, sales, a sample, and the rule in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from huitou.brands.models import Brand
from huitou.members.components import Ints
from huitou.members.reach import ADDRESSES, reachable_members
from huitou.segments import grounds
from huitou.segments.grounds import FOUND, Ground
from huitou.segments.portraits import Portrait, portrait
from huitou.segments.reading import read_rule
from huitou.segments.rules import Rule
from huitou.segments.sentences import sentence
from huitou.segments.words import names_of, vocabulary_of

# Consent given or withdrawn shows in counts no later than that.
_REACH_SECONDS = 60
_REACH_KEPT = 16


@dataclass(frozen=True)
class Preview(Portrait):
    """Whom a rule finds, and the rule in words; ``ms`` is how long finding them took.

    ``reach``: channel → how many agreed to marketing by it and have an address nobody closed.
    """

    reach: Mapping[str, int]
    sentence_zh: str
    sentence_en: str
    as_of: date
    at: datetime
    refreshed_at: datetime
    ms: int


def preview(brand: Brand, rule: Any, *, as_of: date | None = None) -> Preview:
    """What ``rule`` (as data) finds in the brand.

    Raises ``RuleError`` when the rule cannot be read, and ``RefusedInputError``: ``NO_FIGURES``.
    """
    tree = read_rule(rule, vocabulary_of(brand))
    with grounds.opened(brand, as_of=as_of) as ground:
        return of_tree(brand, ground, tree)


def of_tree(brand: Brand, ground: Ground, tree: Rule) -> Preview:
    """What a rule finds on a ground that is open."""
    began = time.perf_counter()
    grounds.find(ground, tree)
    seen = portrait(ground.connection, FOUND)
    reach = reached(brand.pk, ground)
    took = time.perf_counter() - began
    words = sentence(tree, names_of(brand))
    return Preview(
        **vars(seen),
        reach=reach,
        sentence_zh=words.zh,
        sentence_en=words.en,
        as_of=ground.as_of,
        at=ground.at.instant,
        refreshed_at=ground.refreshed_at,
        ms=round(took * 1000),
    )


def reached(brand_id: int, ground: Ground) -> dict[str, int]:
    """How many of those found can be reached by each channel."""
    rows = ground.connection.execute(f"SELECT member_id FROM {FOUND}").fetchnumpy()
    found = np.asarray(rows["member_id"])
    minute = int(time.time()) // _REACH_SECONDS
    return {
        channel.value: int(np.isin(_reachable(brand_id, channel.value, minute), found).sum())
        for channel in ADDRESSES
    }


@lru_cache(maxsize=_REACH_KEPT)
def _reachable(brand_id: int, channel: str, minute: int) -> Ints:
    """Whom a channel reaches, asked once a ``minute``: of a million it takes a second."""
    return reachable_members(brand_id, channel)
