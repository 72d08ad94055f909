"""Dimensions and their cuts in the reader's language, and what part of a whole something is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from huitou.brands.models import Brand, Shop
from huitou.console.figures import band_text, words
from huitou.console.member_traits import shown
from huitou.insight.rules import divided
from huitou.insight.types import Band
from huitou.segments.dimensions import SHOPS, Cut, Dimension, Kind, kinds
from huitou.segments.parting import Part
from huitou.ui.numbers import decimal_parts, money_parts


@dataclass(frozen=True)
class PartRow:
    """A part beside others: shares are of the ``members`` and ``sales`` it is compared with."""

    part: Part
    members_share: float | None
    sales_share: float | None


def part_row(part: Part, whole: Part) -> PartRow:
    """``part`` as a share of ``whole``."""
    return PartRow(
        part,
        divided(part.members, whole.members),
        divided(part.sales_minor, whole.sales_minor),
    )


def dimension_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The dimensions to choose from, by sort: (heading, [(name, label)])."""
    found = kinds().values()
    return [
        (_("Conduct"), [(k.name, words(k)) for k in found if not k.is_object]),
        (_("Object"), [(k.name, words(k)) for k in found if k.is_object]),
    ]


def cut_labels(brand: Brand, dimension: Dimension) -> dict[str, str]:
    """What each cut is called, by its key."""
    shops: Mapping[str, str] = {}
    if dimension.kind.name == SHOPS:
        shops = dict(Shop.objects.filter(brand=brand).values_list("slug", "name"))
    return {cut.key: _label(brand, dimension.kind, cut, shops) for cut in dimension.cuts}


def _label(brand: Brand, kind: Kind, cut: Cut, shops: Mapping[str, str]) -> str:
    if cut.sort == "other":
        return _("Others")
    if cut.sort == "several":
        return _("Several shops")
    if cut.sort == "unknown":
        return _("No purchase") if kind.trait is None else _("Not known")
    if cut.sort == "band":
        return band_label(brand, kind, cut.low, cut.high)
    if kind.trait is not None:
        return str(shown(kind.trait, cut.rule["eq"], brand))
    return shops.get(cut.value, cut.value)


def band_label(brand: Brand, kind: Kind, low: float | None, high: float | None) -> str:
    """A range of a trait's values, from ``low`` up to but not including ``high``."""
    if low is None and high is None:
        return _("Known")
    trait_kind = kind.trait.kind if kind.trait else "count"
    if trait_kind == "money":
        return _range(
            low,
            high,
            lambda minor: str(money_parts(int(minor), brand.currency)).removesuffix(".00"),
        )
    if isinstance(low, float) or isinstance(high, float):
        return _range(low, high, lambda value: str(decimal_parts(value)))
    text = band_text(Band(int(low or 0), None if high is None else int(high) - 1))
    return _("%(band)s days") % {"band": text} if trait_kind == "days" else text


def _range(low: float | None, high: float | None, text: Callable[[Any], str]) -> str:
    if high is None:
        return f"≥{text(low)}"
    return f"<{text(high)}" if low is None else f"{text(low)}–{text(high)}"
