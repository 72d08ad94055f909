"""The conditions of the member list as its address states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _

from huitou.brands.models import Shop
from huitou.console.figures import words
from huitou.console.trait_filters import (
    TEXT_CHARS_MAX,
    Bound,
    Bounds,
    bound_of,
    bound_text,
    bounds_words,
    is_chosen,
    parameter,
    trait_rules,
    value_of,
    value_text,
    value_words,
)
from huitou.insight.traits import BY_NAME, TRAITS
from huitou.insight.types import MemberFilters
from huitou.members.tags import TagGroupView, TagWord
from huitou.segments.queries import SegmentView

SORTS = ("frequency", "monetary_minor", "aov_minor", "last_paid_at", "recency_days")
DEFAULT_SORT = "-monetary_minor"
# Each group asked for is a set of ids beside the list; nobody reads a longer row of chips.
TAGS_MAX = 20
# Beyond, there is no page of any list.
_PAGE_DIGITS_MAX = 9


@dataclass(frozen=True)
class Chip:
    """A condition in words, and the address parameters whose removal lifts it.

    Of a parameter given several times only ``value`` goes, when there is one.
    """

    text: str
    parameters: tuple[str, ...]
    value: str = ""


@dataclass(frozen=True)
class MemberQuery:
    """What the member list is asked for; anything malformed in the address is left out.

    ``values``: trait → code, text or yes and no. ``ranges``: trait → (low, high) in the trait's
    own unit, of times days of ``zone``. ``tags`` by group: one of each group's must be carried.
    ``sort`` is a trait, with a leading minus for descending.
    """

    text: str
    values: Mapping[str, str | bool]
    ranges: Mapping[str, Bounds]
    shop: Shop | None
    sort: str
    page: int
    zone: ZoneInfo
    tags: tuple[tuple[TagGroupView, tuple[TagWord, ...]], ...] = ()
    segment: SegmentView | None = None

    @property
    def tag_ids(self) -> list[int]:
        """The tags asked for."""
        return [tag.id for _group, tags in self.tags for tag in tags]

    @property
    def filters(self) -> MemberFilters:
        """The conditions as insight takes them."""
        return MemberFilters(
            values={name: (value,) for name, value in self.values.items()},
            ranges={
                name: _instants(bounds, self.zone) if BY_NAME[name].kind == "time" else bounds
                for name, bounds in self.ranges.items()
            },
        )

    @property
    def rule(self) -> dict[str, Any] | None:
        """The same members as a segment's rule; None for everybody, and for what is no rule.

        Names searched for are none, and neither is a shop: figures of a shop are its own.
        """
        if self.text or self.shop:
            return None
        parts = trait_rules(
            {BY_NAME[name]: value for name, value in self.values.items()},
            {BY_NAME[name]: bounds for name, bounds in self.ranges.items()},
        )
        for group, tags in self.tags:
            carried = [{"tag": f"{group.name}/{tag.name}"} for tag in tags]
            parts.append(carried[0] if len(carried) == 1 else {"any": carried})
        if self.segment:
            parts.append({"segment": self.segment.slug})
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else {"all": parts}

    @property
    def sort_trait(self) -> str:
        """The trait sorted by."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest come first."""
        return self.sort.startswith("-")

    @property
    def is_narrowed(self) -> bool:
        """Whether any condition holds."""
        return bool(
            self.text or self.values or self.ranges or self.shop or self.tags or self.segment
        )


def _instants(bounds: Bounds, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The first and the last instant of days."""
    low, high = bounds
    return (
        None if low is None else _midnight(low, zone),
        None if high is None else _midnight(high, zone, days=1) - timedelta(microseconds=1),
    )


def _midnight(day: Bound, zone: ZoneInfo, *, days: int = 0) -> datetime:
    assert isinstance(day, date)  # of a time, as ``bound_of`` reads it
    return datetime.combine(day + timedelta(days=days), time.min, zone).astimezone(UTC)


def parse_query(
    given: QueryDict,
    *,
    shops: tuple[Shop, ...],
    currency: str,
    zone: ZoneInfo,
    groups: Sequence[TagGroupView] = (),
    segment: SegmentView | None = None,
) -> MemberQuery:
    """Read the address parameters.

    ``q`` search; those of traits as ``trait_filters`` names them; ``shop`` a slug; ``tag``, a tag
    of ``groups``, any number of times; ``sort``, ``page``. ``segment`` is the one the address
    names, looked up.
    """
    values: dict[str, str | bool] = {}
    ranges: dict[str, Bounds] = {}
    for trait in TRAITS:
        name = parameter(trait)
        if is_chosen(trait):
            value = value_of(trait, given.get(name, ""))
            if value is not None:
                values[trait.name] = value
            continue
        low, high = (
            bound_of(trait, given.get(f"{name}_{end}", ""), currency) for end in ("min", "max")
        )
        if low is not None or high is not None:
            ranges[trait.name] = (low, high)
    sort = given.get("sort", "")
    return MemberQuery(
        text=given.get("q", "").strip()[:TEXT_CHARS_MAX],
        values=values,
        ranges=ranges,
        shop=next((shop for shop in shops if shop.slug == given.get("shop")), None),
        sort=sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT,
        page=_page(given.get("page", "")),
        zone=zone,
        tags=_tags(given, groups),
        segment=segment,
    )


def _page(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _PAGE_DIGITS_MAX
    return max(1, int(text)) if is_number else 1


def _tags(
    given: QueryDict, groups: Sequence[TagGroupView]
) -> tuple[tuple[TagGroupView, tuple[TagWord, ...]], ...]:
    wanted = set(given.getlist("tag")[:TAGS_MAX])
    chosen = (
        (group, tuple(tag for tag in group.tags if str(tag.id) in wanted)) for group in groups
    )
    return tuple((group, tags) for group, tags in chosen if tags)


def chips(query: MemberQuery, currency: str, shops: Sequence[Shop] = ()) -> list[Chip]:
    """Each condition in words of the active language."""
    result = []
    if query.text:
        result.append(Chip(f"{_('Search')} {query.text}", ("q",)))
    for name, value in query.values.items():
        trait = BY_NAME[name]
        said = f"{words(trait)} {value_words(trait, value, shops)}"
        result.append(Chip(said, (parameter(trait),)))
    if query.shop:
        result.append(Chip(f"{_('Shop')} {query.shop.name}", ("shop",)))
    if query.segment:
        result.append(Chip(f"{_('Segment')} {query.segment.name}", ("segment",)))
    for group, tags in query.tags:
        for place, tag in enumerate(tags):
            # Of one group any will do.
            start = _("or") if place else _("Tag")
            result.append(Chip(f"{start} {group.name} · {tag.name}", ("tag",), str(tag.id)))
    for name, bounds in query.ranges.items():
        trait = BY_NAME[name]
        asked = parameter(trait)
        said = f"{words(trait)} {bounds_words(trait, bounds, currency)}"
        result.append(Chip(said, (f"{asked}_min", f"{asked}_max")))
    return result


def field_values(query: MemberQuery, currency: str) -> dict[str, str]:
    """What the form's fields show: parameter → text as a field takes it."""
    fields = {"q": query.text, "shop": query.shop.slug if query.shop else ""}
    if query.segment:
        fields["segment"] = query.segment.slug
    for name, value in query.values.items():
        trait = BY_NAME[name]
        fields[parameter(trait)] = value_text(trait, value)
    for name, bounds in query.ranges.items():
        trait = BY_NAME[name]
        for end, bound in zip(("min", "max"), bounds, strict=True):
            if bound is not None:
                fields[f"{parameter(trait)}_{end}"] = bound_text(trait, bound, currency)
    return fields
