"""What a rule finds, before anybody keeps it: size, sales, a sample, and the rule in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.insight.rules import divided, rounded
from huitou.segments import grounds
from huitou.segments.grounds import FOUND, Ground
from huitou.segments.reading import read_rule
from huitou.segments.rules import Rule
from huitou.segments.sentences import sentence
from huitou.segments.statements import PEOPLE
from huitou.segments.words import names_of, vocabulary_of

SAMPLE_MAX = 10
# Odd and near 2**32 divided by the golden ratio: consecutive ids land far apart (Knuth).
_SCATTER = 2_654_435_761


@dataclass(frozen=True)
class Preview:
    """``sales_minor`` is what the members spent in all, ``sales_share`` of what everybody did.

    ``sample`` is always the same for the same members. ``ms`` is how long finding them took.
    """

    members: int
    of_members: int
    sales_minor: int
    sales_share: float | None
    aov_minor: int | None
    sample: tuple[int, ...]
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
    total, sales, orders = ground.connection.execute(
        f"""
        SELECT count(*), coalesce(sum(monetary_minor), 0)::BIGINT,
               coalesce(sum(frequency), 0)::BIGINT
        FROM {FOUND}
        """
    ).fetchall()[0]
    everybody, all_sales = ground.connection.execute(
        f"SELECT count(*), coalesce(sum(monetary_minor), 0)::BIGINT FROM {PEOPLE}"
    ).fetchall()[0]
    sample = ground.connection.execute(
        f"SELECT member_id FROM {FOUND}"
        f" ORDER BY (member_id * {_SCATTER}) % 4294967296, member_id LIMIT {SAMPLE_MAX}"
    ).fetchall()
    took = time.perf_counter() - began
    words = sentence(tree, names_of(brand))
    return Preview(
        members=total,
        of_members=everybody,
        sales_minor=sales,
        sales_share=divided(sales, all_sales),
        aov_minor=rounded(divided(sales, orders)),
        sample=tuple(row[0] for row in sample),
        sentence_zh=words.zh,
        sentence_en=words.en,
        as_of=ground.as_of,
        at=ground.at.instant,
        refreshed_at=ground.refreshed_at,
        ms=round(took * 1000),
    )
