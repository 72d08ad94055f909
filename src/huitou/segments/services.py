"""The only writer of segments and their rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments.circles import refuse_circle
from huitou.segments.models import Keeping, Segment, SegmentRefresh, SegmentVersion
from huitou.segments.queries import segment_by_slug
from huitou.segments.reading import read_rule
from huitou.segments.vocabulary import Vocabulary
from huitou.segments.words import vocabulary_of

NAME_CHARS_MAX = 80
DESCRIPTION_CHARS_MAX = 200
# A brand has no more: beyond, nobody knows what they are for.
SEGMENTS_MAX = 500
# Changes of a brand's segments, one at a time: "segr" in ASCII.
_LOCK_CLASS = 0x73656772
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\Z")


@transaction.atomic
def put_segment(
    *,
    brand: Brand,
    slug: str,
    name: str,
    rule: Mapping[str, Any],
    now: datetime,
    staff_id: int | None = None,
    description: str | None = None,
    tag: str | None = None,
    seen_version: int | None = None,
) -> Segment:
    """Make a dynamic segment, or give the one of that slug another name and rule.

    A frozen one may have another name, description and tag; its rule is that it was frozen with.
    ``tag`` is what its members carry: a name as rules call it, '' for none. The same rule again
    makes no new version; no ``description`` and no ``tag`` leave them as they are.
    ``seen_version`` is the number of the rule the change was made from, 0 for a new segment: when
    it is no longer the latest, somebody else was faster. Raises ``RuleError`` when the rule cannot
    be read or names the segment itself, ``TagCircleError`` when it depends on the tag, and
    ``RefusedInputError``: ``SLUG``, ``NAME``, ``DESCRIPTION``, ``TAG``, ``FULL``, ``FROZEN``,
    ``CHANGED``, ``TAKEN``.
    """
    _check(slug, name, description or "")
    _take_turn(brand)
    words = vocabulary_of(brand)
    before = Segment.objects.filter(brand=brand, slug=slug).first()
    tag_id = (before.tag_id if before else None) if tag is None else _tag_id(tag, words)
    is_frozen = before is not None and before.keeping == Keeping.FROZEN
    words = words.with_rule(slug, None if is_frozen else rule, str(tag_id or ""))
    # Read as by its name, so that a circle through other segments is found too.
    read_rule({"segment": slug}, words)
    refuse_circle(words, slug)
    segment = Segment.objects.select_for_update().filter(brand=brand, slug=slug).first()
    if segment is None:
        segment = _made(brand, slug, name)
    last = SegmentVersion.objects.filter(segment=segment).order_by("-number").first()
    _check_seen(seen_version, last, slug)
    if segment.keeping == Keeping.FROZEN and (last is None or last.rule != rule):
        raise RefusedInputError("FROZEN", f"{slug} is frozen: its members stay as they are.")
    segment.name = name.strip()
    segment.description = segment.description if description is None else description.strip()
    segment.archived_at = None
    if segment.tag_id != tag_id:
        segment.tag_id, segment.tagged_by = tag_id, None
    segment.save(update_fields=["name", "description", "archived_at", "tag", "tagged_by"])
    if last is None or last.rule != rule:
        number = last.number + 1 if last else 1
        SegmentVersion.objects.create(
            segment=segment, number=number, rule=rule, staff_id=staff_id, at=now
        )
        # Rules that name this one change with it.
        _look_anew(brand)
    return segment


@transaction.atomic
def freeze_segment(*, brand: Brand, slug: str) -> Segment:
    """Let the segment keep the members it has; rules that name it mean these from now on.

    Raises ``RefusedInputError``: ``SEGMENT``, ``NOT_REFRESHED`` while nobody was ever looked for.
    """
    segment = segment_by_slug(brand, slug)
    if not SegmentRefresh.objects.filter(segment=segment).exists():
        raise RefusedInputError("NOT_REFRESHED", f"Refresh {slug} first: it has no members yet.")
    segment.keeping = Keeping.FROZEN
    segment.save(update_fields=["keeping"])
    _look_anew(brand)
    return segment


@transaction.atomic
def archive_segment(*, brand: Brand, slug: str, now: datetime) -> None:
    """Take a segment out of use; rules that name it can then no longer be read.

    Its members lose the tag it puts. Raises ``RefusedInputError``: ``SEGMENT``.
    """
    segment = segment_by_slug(brand, slug)
    segment.archived_at, segment.tagged_by = now, None
    segment.save(update_fields=["archived_at", "tagged_by"])
    _look_anew(brand)


def _take_turn(brand: Brand) -> None:
    """Let two changes of a brand's rules wait for each other: together they may make a circle."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, brand.pk])


def _tag_id(name: str, words: Vocabulary) -> int | None:
    """The tag rules call so; None for ''."""
    if not name:
        return None
    found = words.tags.get(name)
    if found is None:
        several = " Several groups have it: write group/name." if name in words.tags else ""
        raise RefusedInputError("TAG", f"The brand has no such tag: {name[:200]!r}.{several}")
    return int(found.key)


def _look_anew(brand: Brand) -> None:
    Segment.objects.filter(brand=brand).update(looked_at="")


def _check_seen(seen: int | None, last: SegmentVersion | None, slug: str) -> None:
    if seen == 0 and last is not None:
        raise RefusedInputError("TAKEN", f"There is a segment {slug} already.")
    if seen is not None and last is not None and seen != last.number:
        raise RefusedInputError("CHANGED", f"{slug} was changed meanwhile: look at it again.")


def _check(slug: str, name: str, description: str) -> None:
    if not _SLUG.match(slug):
        raise RefusedInputError(
            "SLUG", f"{slug[:60]!r} is no slug: lower-case letters, digits and hyphens, at most 60."
        )
    if not 0 < len(name.strip()) <= NAME_CHARS_MAX or not name.isprintable():
        raise RefusedInputError("NAME", f"A name has 1 to {NAME_CHARS_MAX} printable characters.")
    if len(description.strip()) > DESCRIPTION_CHARS_MAX or "\x00" in description:
        raise RefusedInputError(
            "DESCRIPTION", f"A description has at most {DESCRIPTION_CHARS_MAX} characters."
        )


def _made(brand: Brand, slug: str, name: str) -> Segment:
    if Segment.objects.filter(brand=brand, archived_at=None).count() >= SEGMENTS_MAX:
        raise RefusedInputError("FULL", f"A brand has at most {SEGMENTS_MAX} segments.")
    try:
        with transaction.atomic():
            return Segment.objects.create(brand=brand, slug=slug, name=name.strip())
    except IntegrityError:  # another request made it in between
        return Segment.objects.select_for_update().get(brand=brand, slug=slug)
