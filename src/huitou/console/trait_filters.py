"""A trait as a condition of the member list: from the address, in fields, in words, as a rule.

A code, a text or a yes-or-no is one parameter of the trait's name; everything that has an order is
two, ``<name>_min`` and ``<name>_max``, both included. Money is typed in whole currency under its
name without ``_minor``, a ratio in percent, and a time as days of the brand's calendar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from huitou.brands.models import Shop
from huitou.console.figures import words
from huitou.insight.traits import Trait
from huitou.kernel.money import SYMBOLS, from_minor, to_minor
from huitou.segments.vocabulary import TIME_KINDS, VALUE_KINDS
from huitou.ui.numbers import count_parts, decimal_parts, money_parts, percent_parts

# A bound of an ordered trait: a number in the trait's own unit, or a day.
Bound = int | float | date
Bounds = tuple[Bound | None, Bound | None]

TEXT_CHARS_MAX = 100
_COUNT_MAX = 10**9
_AMOUNT_MAX = Decimal(10**12)
_YES_OR_NO = {"yes": True, "no": False}


def is_chosen(trait: Trait) -> bool:
    """Whether one of its values is asked for, rather than a range."""
    return trait.kind in VALUE_KINDS


def parameter(trait: Trait) -> str:
    """What the trait is called in the address.

    >>> from huitou.insight.traits import BY_NAME
    >>> parameter(BY_NAME["monetary_minor"]), parameter(BY_NAME["frequency"])
    ('monetary', 'frequency')
    """
    return trait.name.removesuffix("_minor")


def value_of(trait: Trait, text: str) -> str | bool | None:
    """The value the address asks for; None for one the trait cannot have."""
    text = text.strip()[:TEXT_CHARS_MAX]
    if trait.kind == "boolean":
        return _YES_OR_NO.get(text)
    if trait.kind == "code":
        return text if text in trait.choices else None
    return text or None


def bound_of(trait: Trait, text: str, currency: str) -> Bound | None:
    """A bound as typed; None for one that cannot be read.

    >>> from huitou.insight.traits import BY_NAME
    >>> [bound_of(BY_NAME[n], "5", "CNY") for n in ("monetary_minor", "frequency", "p_alive")]
    [500, 5, 0.05]
    """
    text = text.strip()
    try:
        if trait.kind in TIME_KINDS:
            day = date.fromisoformat(text)
            return day if 1900 <= day.year <= 2200 else None
        if trait.kind in ("money", "ratio", "number"):
            return _decimal_bound(trait.kind, Decimal(text), currency)
        return min(int(text), _COUNT_MAX) if text.isascii() and text.isdigit() else None
    except (InvalidOperation, ValueError):
        return None


def _decimal_bound(kind: str, number: Decimal, currency: str) -> Bound | None:
    if not 0 <= number <= _AMOUNT_MAX:
        return None
    if kind == "money":
        return to_minor(number, currency)
    share = float(number / 100 if kind == "ratio" else number)
    return share if math.isfinite(share) else None


def bound_text(trait: Trait, bound: Bound, currency: str) -> str:
    """A bound as a field takes it: what ``bound_of`` reads again."""
    if isinstance(bound, date):
        return bound.isoformat()
    if trait.kind == "money":
        return f"{from_minor(int(bound), currency):f}".removesuffix(".00")
    if trait.kind == "ratio":
        return f"{(Decimal(repr(bound)) * 100).normalize():f}"
    return f"{Decimal(repr(bound)).normalize():f}"


def value_text(trait: Trait, value: str | bool) -> str:
    """A value as a field takes it."""
    return ("yes" if value else "no") if isinstance(value, bool) else value


def value_words(trait: Trait, value: str | bool, shops: Sequence[Shop]) -> str:
    """A value in words of the active language."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if trait.kind == "code":
        return words(trait.label_of(value), "")
    if trait.name == "first_shop":
        return next((shop.name for shop in shops if shop.slug == value), value)
    return value


def bounds_words(trait: Trait, bounds: Bounds, currency: str) -> str:
    """A range in words: ``≥ 5``, ``≤ 5``, ``5–9`` or ``5``."""
    low, high = (
        None if bound is None else _bound_words(trait, bound, currency) for bound in bounds
    )
    if low is not None and high is not None:
        return low if low == high else f"{low}–{high}"
    return f"≥ {low}" if low is not None else f"≤ {high}"


def _bound_words(trait: Trait, bound: Bound, currency: str) -> str:
    if isinstance(bound, date):
        return bound.isoformat()
    if trait.kind == "money":
        return str(money_parts(int(bound), currency))
    if trait.kind == "ratio":
        return str(percent_parts(bound))
    return str(count_parts(bound) if isinstance(bound, int) else decimal_parts(bound))


def trait_rules(
    values: Mapping[Trait, str | bool], ranges: Mapping[Trait, Bounds]
) -> list[dict[str, Any]]:
    """The conditions as parts of a segment's rule.

    >>> from huitou.insight.traits import BY_NAME
    >>> trait_rules({}, {BY_NAME["first_paid_at"]: (date(2026, 1, 1), None)})
    [{'trait': 'first_paid_at', 'gte': '2026-01-01'}]
    """
    rules: list[dict[str, Any]] = [{"trait": t.name, "eq": value} for t, value in values.items()]
    for trait, bounds in ranges.items():
        tests = {
            operator: bound.isoformat() if isinstance(bound, date) else bound
            for operator, bound in zip(("gte", "lte"), bounds, strict=True)
            if bound is not None
        }
        rules.append({"trait": trait.name, **tests})
    return rules


@dataclass(frozen=True)
class RangeEnd:
    """One end of a range as a field; ``sign`` is ≥ or ≤."""

    name: str
    sign: str
    value: str


@dataclass(frozen=True)
class FilterField:
    """A condition as the form draws it: a choice (``options``: value, words) or ``ends``.

    ``kind`` is that of the trait, ``unit`` what a number is counted in.
    """

    trait: str
    name: str
    title: str
    kind: str
    value: str = ""
    options: Sequence[tuple[str, str]] = ()
    ends: Sequence[RangeEnd] = ()
    unit: str = ""

    @property
    def names(self) -> list[str]:
        """The parameters of its fields."""
        return [end.name for end in self.ends] or [self.name]


def filter_field(
    trait: Trait,
    given: Mapping[str, str],
    *,
    currency: str,
    found: Sequence[str] = (),
    shops: Sequence[Shop] = (),
    ends: Sequence[str] = ("min", "max"),
) -> FilterField:
    """The field of ``trait`` with what is ``given``; ``found`` are the texts to choose from."""
    name, title = parameter(trait), words(trait)
    if not is_chosen(trait):
        signs = {"min": "≥", "max": "≤"}
        units = {"money": SYMBOLS.get(currency, currency), "ratio": "%", "days": _("days")}
        shown = [
            RangeEnd(f"{name}_{end}", signs[end], given.get(f"{name}_{end}", "")) for end in ends
        ]
        unit = units.get(trait.kind, "")
        return FilterField(trait.name, name, title, trait.kind, ends=shown, unit=unit)
    value = given.get(name, "")
    if trait.kind == "boolean":
        options = [(text, value_words(trait, yes, ())) for text, yes in _YES_OR_NO.items()]
    else:
        offered = trait.choices or dict.fromkeys([*found, *filter(None, [value])])
        options = [(code, value_words(trait, code, shops)) for code in offered]
    return FilterField(trait.name, name, title, trait.kind, value, options)
