"""Segments side by side with everybody, on every trait and key figure.

Who is in a segment is what its latest refresh kept. How far a trait sets a segment apart is an
effect size against everybody: of numbers the difference of means in standard deviations of
everybody (Glass's delta), of codes the largest difference of shares as Cohen's h, which has the
same usual lines: 0.2 is small, 0.5 medium, 0.8 large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from huitou.brands.models import Brand
from huitou.insight.traits import TRAITS, Trait
from huitou.segments import grounds
from huitou.segments.files import Kept, kept_by, standing_rows
from huitou.segments.overlaps import Chosen, chosen_segments
from huitou.segments.profiles import Kpis, Profile, Shares, Spread, profiles
from huitou.segments.vocabulary import VALUE_KINDS


@dataclass(frozen=True)
class Row:
    """One trait over every group, everybody first: ``spreads`` of a number, else ``counts``.

    ``counts`` are members by value ('' where nothing is known). ``effects`` are against everybody,
    None for everybody and where there is nothing to compare.
    """

    trait: Trait
    spreads: tuple[Spread, ...]
    counts: tuple[Shares, ...]
    effects: tuple[float | None, ...]

    @property
    def effect(self) -> float:
        """The largest of any segment, without its sign."""
        return max((abs(e) for e in self.effects if e is not None), default=0.0)


@dataclass(frozen=True)
class Comparison:
    """``kpis`` by group, everybody first; ``rows`` in the order traits are declared."""

    chosen: tuple[Chosen, ...]
    kpis: tuple[Kpis, ...]
    rows: tuple[Row, ...]
    as_of: date
    refreshed_at: datetime


def compare(brand: Brand, slugs: Sequence[str]) -> Comparison:
    """Two to five segments beside everybody.

    Raises ``RefusedInputError`` as ``overlaps.chosen_segments``, and ``NO_FIGURES``.
    """
    chosen = chosen_segments(brand, slugs)
    snapshot = grounds.snapshot_of(brand.pk)
    segments = tuple((one.refresh.segment_id, kept_by(one.refresh)) for one in chosen)
    groups = _profiles(snapshot.traits_path, brand.pk, segments)
    return Comparison(
        chosen=chosen,
        kpis=tuple(group.kpis for group in groups),
        rows=tuple(_row(trait, groups) for trait in TRAITS),
        as_of=snapshot.as_of,
        refreshed_at=snapshot.refreshed_at,
    )


def glass_delta(mean: float | None, base: Spread) -> float | None:
    """How many standard deviations of the base a mean lies from the base's.

    >>> glass_delta(13.0, Spread(known=9, mean=10.0, deviation=2.0, levels=(0,) * 5))
    1.5
    """
    if mean is None or base.mean is None or not base.deviation:
        return None
    return (mean - base.mean) / base.deviation


def largest_h(shares: Shares, base: Shares) -> float | None:
    """Cohen's h of the value whose share differs most from the base's.

    >>> round(largest_h({"a": 1, "b": 1}, {"a": 1, "b": 3}), 3)
    0.524
    """
    total, of_base = sum(shares.values()), sum(base.values())
    if not total or not of_base:
        return None

    def angle(members: int, whole: int) -> float:
        return 2 * math.asin(math.sqrt(members / whole))

    values = dict.fromkeys((*base, *shares))
    return max(
        (angle(shares.get(v, 0), total) - angle(base.get(v, 0), of_base) for v in values), key=abs
    )


def _row(trait: Trait, groups: Sequence[Profile]) -> Row:
    base, *others = found = tuple(group.traits[trait.name] for group in groups)
    if trait.kind in VALUE_KINDS:
        return Row(trait, (), found, (None, *(largest_h(shares, base) for shares in others)))
    effects = (glass_delta(spread.mean, base) for spread in others)
    return Row(trait, found, (), (None, *effects))


@lru_cache(maxsize=64)
def _profiles(
    traits_path: str, brand_id: int, segments: tuple[tuple[int, Kept], ...]
) -> tuple[Profile, ...]:
    """Everybody and the segments; files never change, so they are counted once."""
    return profiles(
        traits_path, [standing_rows(brand_id, pk, kept).members for pk, kept in segments]
    )
