"""Segments as documents of configuration: the rule, and what it is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from huitou.brands.configuration import Document, Kind, read_fields, register_kind
from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.members.tags import tag_names
from huitou.segments.circles import named_in
from huitou.segments.models import Keeping, Segment
from huitou.segments.queries import latest_versions
from huitou.segments.services import archive_segment, freeze_segment, put_segment
from huitou.segments.words import read_segments, vocabulary_of

# What a condition is about comes first, then how it is narrowed, compared and dated.
_FIRST = (
    "all", "any", "not", "trait", "did", "tag", "attribute", "identity", "consent", "segment",
    "where", "count", "sum", "average", "first", "last",
)  # fmt: skip


def register_kinds() -> None:
    """Declare segments; they rest on tags and attributes."""
    register_kind(
        Kind("segments", 20, _segments, _read, _put, _archive, names=_named, problems=_problems)
    )


def ordered(rule: Any) -> Any:
    """A rule with its keys in an order people read: JSON of the database keeps none.

    >>> ordered({"lte": 30, "trait": "recency_days"})
    {'trait': 'recency_days', 'lte': 30}
    """
    if isinstance(rule, list):
        return [ordered(part) for part in rule]
    if not isinstance(rule, Mapping):
        return rule
    places = {key: place for place, key in enumerate(_FIRST)}
    keys = sorted(rule, key=lambda key: (places.get(key, len(_FIRST)), key))
    return {key: ordered(rule[key]) for key in keys}


def _segments(brand: Brand) -> Mapping[str, Document]:
    segments = list(Segment.objects.filter(brand=brand, archived_at=None))
    versions = latest_versions(segment.pk for segment in segments)
    tags = tag_names(brand.pk)
    return {
        segment.slug: {
            "name": segment.name,
            "description": segment.description,
            "keeping": segment.keeping,
            "tag": tags.get(segment.tag_id or 0, ""),
            "rule": ordered(versions[segment.pk].rule),
        }
        for segment in segments
    }


def _read(_slug: str, given: Any) -> Document:
    required = {"name": str, "rule": dict}
    others = {"description": "", "keeping": str(Keeping.DYNAMIC), "tag": ""}
    document = read_fields(given, required, others)
    if document["keeping"] not in Keeping.values:
        raise RefusedInputError("DOCUMENT", f"keeping: is one of {', '.join(Keeping.values)}")
    if document["tag"] and "/" not in document["tag"]:
        raise RefusedInputError("DOCUMENT", f"tag: {document['tag']!r}: write group/name")
    return {
        "name": document["name"],
        "description": document["description"],
        "keeping": document["keeping"],
        "tag": document["tag"],
        "rule": ordered(document["rule"]),
    }


def _put(
    brand: Brand, slug: str, document: Document, before: Document | None, now: datetime
) -> None:
    if before is None and document["keeping"] == Keeping.FROZEN:
        raise RefusedInputError(
            "FROZEN",
            "keeping: the members of a frozen segment are no configuration; make it dynamic, and"
            " freeze it after its first refresh",
        )
    if document["keeping"] == Keeping.DYNAMIC and before and before["keeping"] == Keeping.FROZEN:
        raise RefusedInputError(
            "FROZEN",
            "keeping: a frozen segment keeps its members for good; give the rule to another",
        )
    put_segment(
        brand=brand,
        slug=slug,
        name=document["name"],
        description=document["description"],
        tag=document["tag"],
        rule=document["rule"],
        now=now,
    )
    if before and document["keeping"] != before["keeping"]:
        freeze_segment(brand=brand, slug=slug)


def _archive(brand: Brand, slug: str, now: datetime) -> None:
    archive_segment(brand=brand, slug=slug, now=now)


def _named(document: Document) -> Collection[str]:
    return set(named_in(document["rule"], "segment"))


def _problems(brand: Brand) -> Mapping[str, str]:
    """Rules that can no longer be read: what they name was taken out of use."""
    _, problems = read_segments(vocabulary_of(brand))
    return problems
