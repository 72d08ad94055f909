"""The conditions of the member list as its address states them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.http import QueryDict
from django.utils.translation import gettext as _

from huitou.brands.models import Shop
from huitou.console.figures import words
from huitou.insight.traits import BY_NAME
from huitou.insight.types import MemberFilters
from huitou.kernel.money import from_minor, to_minor
from huitou.members.tags import TagGroupView, TagWord
from huitou.segments.queries import SegmentView
from huitou.ui.labels import FAMILIES, label
from huitou.ui.numbers import count_parts, money_parts

# Trait → family of its codes in ``huitou.ui.labels``.
CODE_FAMILIES = {
    "rfm_group": "rfm",
    "lifecycle_stage": "stage",
    "buyer_type": "buyer",
    "value_tier": "tier",
    "stage_5a": "stage_5a",
    "aarrr_stage": "aarrr",
    "journey_stage": "journey",
}
TEXT_TRAITS = ("province", "city")
COUNT_TRAITS = ("recency_days", "frequency")
SORTS = ("frequency", "monetary_minor", "aov_minor", "last_paid_at", "recency_days")
DEFAULT_SORT = "-monetary_minor"
TEXT_CHARS_MAX = 100
# Each group asked for is a set of ids beside the list; nobody reads a longer row of chips.
TAGS_MAX = 20
_COUNT_MAX = 10**9
_AMOUNT_MAX = Decimal(10**12)


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

    ``values``: trait → code or text. ``ranges``: trait → (low, high) in the trait's own unit.
    ``tags`` by group: one of each group's must be carried. ``sort`` is a trait, with a leading
    minus for descending.
    """

    text: str
    values: Mapping[str, str]
    ranges: Mapping[str, tuple[int | None, int | None]]
    shop: Shop | None
    sort: str
    page: int
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
            values={name: (value,) for name, value in self.values.items()}, ranges=self.ranges
        )

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


def parse_query(
    given: QueryDict,
    *,
    shops: tuple[Shop, ...],
    currency: str,
    groups: Sequence[TagGroupView] = (),
    segment: SegmentView | None = None,
) -> MemberQuery:
    """Read the address parameters.

    ``q`` search; those of ``CODE_FAMILIES`` codes; ``province``, ``city``;
    ``shop`` a slug; ``recency_days_min/_max`` and ``frequency_min/_max`` counts;
    ``monetary_min/_max`` amounts in whole currency; ``tag``, a tag of ``groups``, any number of
    times; ``sort``, ``page``. ``segment`` is the one the address names, looked up.
    """
    values = {}
    for trait, family in CODE_FAMILIES.items():
        if (code := given.get(trait, "")) in FAMILIES[family]:
            values[trait] = code
    for trait in TEXT_TRAITS:
        if text := given.get(trait, "").strip()[:TEXT_CHARS_MAX]:
            values[trait] = text
    ranges: dict[str, tuple[int | None, int | None]] = {}
    for trait in COUNT_TRAITS:
        ranges[trait] = (_count(given, f"{trait}_min"), _count(given, f"{trait}_max"))
    ranges["monetary_minor"] = (
        _amount(given, "monetary_min", currency),
        _amount(given, "monetary_max", currency),
    )
    sort = given.get("sort", "")
    return MemberQuery(
        text=given.get("q", "").strip()[:TEXT_CHARS_MAX],
        values=values,
        ranges={trait: bounds for trait, bounds in ranges.items() if bounds != (None, None)},
        shop=next((shop for shop in shops if shop.slug == given.get("shop")), None),
        sort=sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT,
        page=max(1, _count(given, "page") or 1),
        tags=_tags(given, groups),
        segment=segment,
    )


def _tags(
    given: QueryDict, groups: Sequence[TagGroupView]
) -> tuple[tuple[TagGroupView, tuple[TagWord, ...]], ...]:
    wanted = set(given.getlist("tag")[:TAGS_MAX])
    chosen = (
        (group, tuple(tag for tag in group.tags if str(tag.id) in wanted)) for group in groups
    )
    return tuple((group, tags) for group, tags in chosen if tags)


def chips(query: MemberQuery, currency: str) -> list[Chip]:
    """Each condition in words of the active language."""
    result = []
    if query.text:
        result.append(Chip(f"{_('Search')} {query.text}", ("q",)))
    for trait, value in query.values.items():
        family = CODE_FAMILIES.get(trait)
        word = str(label(family, value).text) if family else value
        result.append(Chip(f"{words(BY_NAME[trait])} {word}", (trait,)))
    if query.shop:
        result.append(Chip(f"{_('Shop')} {query.shop.name}", ("shop",)))
    if query.segment:
        result.append(Chip(f"{_('Segment')} {query.segment.name}", ("segment",)))
    for group, tags in query.tags:
        for place, tag in enumerate(tags):
            # Of one group any will do.
            start = _("or") if place else _("Tag")
            result.append(Chip(f"{start} {group.name} · {tag.name}", ("tag",), str(tag.id)))
    for trait, (low, high) in query.ranges.items():
        name = trait.removesuffix("_minor")
        text = f"{words(BY_NAME[trait])} {_range_text(trait, low, high, currency)}"
        result.append(Chip(text, (f"{name}_min", f"{name}_max")))
    return result


def field_values(query: MemberQuery, currency: str) -> dict[str, str]:
    """What the form's fields show: parameter → text as a number field takes it."""
    fields = {"q": query.text, "shop": query.shop.slug if query.shop else "", **query.values}
    if query.segment:
        fields["segment"] = query.segment.slug
    for trait, bounds in query.ranges.items():
        name = trait.removesuffix("_minor")
        for suffix, bound in zip(("min", "max"), bounds, strict=True):
            if bound is not None:
                is_money = trait == "monetary_minor"
                shown = f"{from_minor(bound, currency):f}" if is_money else str(bound)
                fields[f"{name}_{suffix}"] = shown.removesuffix(".00")
    return fields


def _range_text(trait: str, low: int | None, high: int | None, currency: str) -> str:
    def text(bound: int) -> str:
        if trait == "monetary_minor":
            return str(money_parts(bound, currency))
        return str(count_parts(bound))

    if low is not None and high is not None:
        return text(low) if low == high else f"{text(low)}–{text(high)}"
    return f"≥ {text(low)}" if low is not None else f"≤ {text(high or 0)}"


def _count(given: QueryDict, name: str) -> int | None:
    text = given.get(name, "").strip()
    return min(int(text), _COUNT_MAX) if text.isascii() and text.isdigit() else None


def _amount(given: QueryDict, name: str, currency: str) -> int | None:
    try:
        amount = Decimal(given.get(name, "").strip())
        if not 0 <= amount <= _AMOUNT_MAX:
            return None
        return to_minor(amount, currency)
    except (InvalidOperation, ValueError):
        return None
