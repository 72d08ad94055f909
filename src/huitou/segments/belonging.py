"""Which segments a member belongs to now: for the chat window, a journey, the member's page.

The rules are judged on the records as they are, not on the last refresh, in a fixed number of
statements for any number of segments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from huitou.brands.models import Brand
from huitou.segments import files, grounds
from huitou.segments.judging import Judge, judge_of
from huitou.segments.known import Questions, answered, questions_of
from huitou.segments.moments import At
from huitou.segments.vocabulary import Vocabulary
from huitou.segments.words import read_segments, vocabulary_of, words_stamp

# Brands whose rules a process keeps read: reading a hundred takes longer than judging by them.
_BRANDS_KEPT = 64


@dataclass(frozen=True)
class Belonging:
    """A segment a member is in."""

    slug: str
    name: str


@dataclass(frozen=True)
class _Kept:
    """The rules of the segments in use that can be read, by slug, and what they rest on."""

    stamp: str
    words: Vocabulary
    judges: Mapping[Belonging, Judge]
    questions: Questions


_kept: dict[int, _Kept] = {}


def belongings(
    brand: Brand, member_ids: Sequence[int], *, now: datetime
) -> dict[int, list[Belonging]]:
    """The segments in use that each member belongs to at ``now``, by slug.

    A frozen one has whom it was frozen with. One whose rule can no longer be read is left out.
    Raises ``RefusedInputError``: ``NO_FIGURES``.
    """
    return _judged(brand, member_ids, _kept_of(brand), instant_of_judging(brand, now))


@dataclass(frozen=True)
class Standing:
    """A segment a member is in; ``since`` None while the latest refresh did not see it yet."""

    slug: str
    name: str
    since: datetime | None


@dataclass(frozen=True)
class Standings:
    """The segments a member is in, judged at ``at``, by slug."""

    at: datetime
    segments: list[Standing]


def standings(brand: Brand, member_id: int, *, now: datetime) -> Standings:
    """The segments in use that a member belongs to at ``now``, and since when; as ``belongings``.

    Raises ``RefusedInputError``: ``NO_FIGURES``.
    """
    kept, at = _kept_of(brand), instant_of_judging(brand, now)
    found = _judged(brand, [member_id], kept, at)[member_id]
    ids = {one.slug: int(kept.words.segments[one.slug].key) for one in found}
    since = files.member_since(brand.pk, ids.values(), member_id)
    return Standings(
        at.instant, [Standing(one.slug, one.name, since.get(ids[one.slug])) for one in found]
    )


def instant_of_judging(brand: Brand, now: datetime) -> At:
    """``now``, or the instant of the figures where the brand's date is pinned.

    Raises ``RefusedInputError``: ``NO_FIGURES``.
    """
    snapshot = grounds.snapshot_of(brand.pk)
    zone = ZoneInfo(brand.time_zone)
    if brand.pinned_as_of:
        return grounds.instant_of(snapshot.as_of, snapshot.refreshed_at, zone)
    return At(now, zone)


def _judged(
    brand: Brand, member_ids: Sequence[int], kept: _Kept, at: At
) -> dict[int, list[Belonging]]:
    known = answered(brand, member_ids, kept.questions, at)
    return {
        member: [one for one, holds in kept.judges.items() if holds(known[member], at)]
        for member in member_ids
    }


def _kept_of(brand: Brand) -> _Kept:
    """What is kept of the brand's rules, read anew where a word of theirs may have changed."""
    stamp = words_stamp(brand.pk)
    kept = _kept.get(brand.pk)
    if kept and kept.stamp == stamp:
        return kept
    words = vocabulary_of(brand)
    if kept and kept.words == words:
        kept = replace(kept, stamp=stamp)
    else:
        read, _ = read_segments(words)
        judges = {
            Belonging(slug, words.segments[slug].word): judge_of(rule)
            for slug, rule in read.items()
        }
        kept = _Kept(stamp, words, judges, questions_of(read.values()))
    if len(_kept) >= _BRANDS_KEPT:
        _kept.clear()
    _kept[brand.pk] = kept
    return kept
