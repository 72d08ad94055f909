"""Ways to part a brand's members: each dimension's cuts, of which every member is in exactly one.

A dimension comes from a trait by its kind, so a new trait is one without a line here; numbers are
parted by bands, texts by their most common values. A cut is rule data, so what is counted in it and
the segment made from it are the same members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from huitou.brands.models import Brand, Shop
from huitou.insight import definitions, queries
from huitou.insight.snapshots import Snapshot
from huitou.insight.traits import BY_NAME, TRAITS, Trait
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake import engine
from huitou.lake.engine import quoted
from huitou.segments.vocabulary import NUMBER_KINDS, VALUE_KINDS

SHOPS = "shops"
ORDER = "order.paid"
# A table with more columns is not read; the rest of the values are one cut.
VALUES_MAX = 12
# Numbers without fixed bands are parted at these quantiles, rounded to two digits that count.
QUANTILES = (0.2, 0.4, 0.6, 0.8)
_DIGITS = 2
# Lower ends of all bands but the first.
FIXED_EDGES: dict[str, tuple[int, ...]] = {
    "recency_days": tuple(low for low, _high in definitions.RECENCY_BANDS[1:]),
    "frequency": tuple(low for low, _high in definitions.FREQUENCY_BANDS[1:]),
    **dict.fromkeys(("r_score", "f_score", "m_score"), (2, 3, 4, 5)),
}
# Beside texts, what of the traits speaks of things and not of conduct.
_OF_OBJECTS = frozenset({"aov_minor"})
# Offered first as the next step of a drill.
USUAL = (
    "lifecycle_stage",
    "rfm_group",
    "recency_days",
    "frequency",
    "monetary_minor",
    "aov_minor",
    "main_category",
    "province",
)


@dataclass(frozen=True)
class Kind:
    """A dimension by name, before it is known what the members are like.

    ``is_object``: it speaks of products, places and shops rather than of conduct.
    """

    name: str
    label_zh: str
    label_en: str
    is_object: bool
    trait: Trait | None


@dataclass(frozen=True)
class Cut:
    """One part; ``key`` names it in addresses and ``rule`` (data) finds its members.

    ``sort``: ``value`` (a code or text ``value``; of shops a slug), ``band`` (from ``low`` up to
    but not including ``high``, either None), ``other``, ``several`` or ``unknown``.
    """

    key: str
    rule: Mapping[str, Any]
    sort: str
    value: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dimension:
    """A kind with its cuts."""

    kind: Kind
    cuts: tuple[Cut, ...]


_WHETHER = (("yes", True), ("no", False))


def kinds() -> dict[str, Kind]:
    """Every dimension by name."""
    found = [
        Kind(
            t.name,
            t.label_zh,
            t.label_en,
            t.kind == "text" or t.name in _OF_OBJECTS,
            t,
        )
        for t in TRAITS
        if t.kind in NUMBER_KINDS | VALUE_KINDS
    ]
    found.append(Kind(SHOPS, "购买店铺", "Shops bought in", True, None))
    return {kind.name: kind for kind in found}


def dimension(brand: Brand, snapshot: Snapshot, name: str) -> Dimension:
    """A dimension of the brand's members on these figures.

    Raises ``RefusedInputError``: ``DIMENSION``.
    """
    kind = kinds().get(name)
    if kind is None:
        raise RefusedInputError("DIMENSION", f"There is no dimension {name!r}.")
    if kind.trait is None:
        slugs = Shop.objects.filter(brand=brand).order_by("id").values_list("slug", flat=True)
        return Dimension(kind, _shop_cuts(list(slugs)))
    trait = kind.trait
    if trait.kind == "code":
        return Dimension(kind, (*_values(trait.name, trait.choices), _unknown(trait.name)))
    if trait.kind == "boolean":
        whether = [Cut(key, {"trait": name, "eq": is_so}, "value", key) for key, is_so in _WHETHER]
        return Dimension(kind, (*whether, _unknown(name)))
    if trait.kind == "text":
        common = queries.choices(Scope(brand.pk), trait.name)
        return Dimension(kind, _text_cuts(trait.name, [value for value, _members in common]))
    edges: Sequence[float] = FIXED_EDGES.get(name) or _edges(snapshot.traits_path, name)
    return Dimension(kind, (*_bands(name, edges), _unknown(name)))


def rounded_edges(quantiles: Sequence[float | None]) -> tuple[int, ...]:
    """Bounds of bands from quantiles: two digits that count, none twice, none at or below zero.

    >>> rounded_edges([1234, 1249, 8, 0, None, 98_765])
    (8, 1200, 99000)
    """
    rounded = {round(q, _DIGITS - len(str(int(q)))) for q in quantiles if q is not None and q >= 1}
    return tuple(sorted(int(edge) for edge in rounded))


@lru_cache(maxsize=256)
def _edges(traits_path: str, name: str) -> tuple[int, ...]:
    levels = ", ".join(map(str, QUANTILES))
    with engine.cursor() as connection:
        rows = connection.execute(
            f"SELECT quantile_disc({BY_NAME[name].name}, [{levels}])"
            f" FROM read_parquet({quoted(traits_path)})"
        ).fetchall()
    return rounded_edges(rows[0][0] or ())


def _values(trait: str, values: Sequence[str]) -> list[Cut]:
    return [Cut(value, {"trait": trait, "eq": value}, "value", value) for value in values]


def _unknown(trait: str) -> Cut:
    return Cut("unknown", {"trait": trait, "known": False}, "unknown")


def _text_cuts(trait: str, values: Sequence[str]) -> tuple[Cut, ...]:
    """The most common values, each under a key no other cut has."""
    shown = [value for value in values if value][:VALUES_MAX]
    cuts = [Cut(f"={v}", {"trait": trait, "eq": v}, "value", v) for v in shown]
    if len(values) > len(shown):
        known = {"trait": trait, "known": True}
        others = {"all": [known, {"not": {"trait": trait, "in": shown}}]}
        cuts.append(Cut("other", others if shown else known, "other"))
    return (*cuts, _unknown(trait))


def _bands(trait: str, edges: Sequence[float]) -> list[Cut]:
    if not edges:
        return [Cut("known", {"trait": trait, "known": True}, "band")]
    ends = [None, *edges, None]
    cuts = []
    for low, high in pairwise(ends):
        tests = {"gte": low, "lt": high}
        rule = {"trait": trait} | {key: end for key, end in tests.items() if end is not None}
        key = f"{'' if low is None else low}..{'' if high is None else high}"
        cuts.append(Cut(key, rule, "band", low=low, high=high))
    return cuts


def _shop_cuts(slugs: Sequence[str]) -> tuple[Cut, ...]:
    """Who bought in one shop alone, by shop; in several; in none."""
    shown, cuts = list(slugs[:VALUES_MAX]), []
    none = {"not": {"did": ORDER}}
    for slug in shown:
        inside = {"did": ORDER, "where": {"shop": {"in": [slug]}}}
        others = [other for other in slugs if other != slug]
        outside = {"not": {"did": ORDER, "where": {"shop": {"in": others}}}}
        rule = {"all": [inside, outside]} if others else inside
        cuts.append(Cut(f"={slug}", rule, "value", slug))
    if len(slugs) > 1:
        single = [cut.rule for cut in cuts]
        several = {"all": [{"did": ORDER}, {"not": {"any": single}}]}
        cuts.append(Cut("several", several, "several"))
    return (*cuts, Cut("unknown", none, "unknown"))
