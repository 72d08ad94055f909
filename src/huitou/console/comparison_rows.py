"""A comparison of segments as a page and a file state it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huitou.brands.models import Brand
from huitou.console.figures import words
from huitou.console.member_traits import shown
from huitou.insight.rules import divided
from huitou.insight.traits import Trait
from huitou.kernel.money import from_minor
from huitou.segments.comparing import Comparison, Row
from huitou.segments.profiles import TRUE, UNKNOWN, Kpis, Spread
from huitou.ui.numbers import DASH, decimal_parts, money_parts, percent_parts

# A trait's picture lists no more values; the rest are one.
VALUES_SHOWN = 6
# Lines of effect sizes, largest first: from here on it is called so.
EFFECTS = (
    (0.8, gettext_lazy("large"), "red"),
    (0.5, gettext_lazy("medium"), "orange"),
    (0.2, gettext_lazy("small"), "blue"),
)
_EPOCH = date(1970, 1, 1)
# The width of a box plot in its own units.
BOX_WIDTH = 200

# Heading, kind of number, and the figure of a group (beside everybody's).
KPIS: tuple[tuple[Any, str, Callable[[Kpis, Kpis], float | None]], ...] = (
    (gettext_lazy("Members"), "count", lambda k, _all: k.members),
    (gettext_lazy("Share of members"), "ratio",
     lambda k, everybody: divided(k.members, everybody.members)),
    (gettext_lazy("Buyers"), "count", lambda k, _all: k.buyers),
    (gettext_lazy("Amount spent"), "money", lambda k, _all: k.sales_minor),
    (gettext_lazy("Share of sales"), "ratio",
     lambda k, everybody: divided(k.sales_minor, everybody.sales_minor)),
    (gettext_lazy("Average order"), "money", lambda k, _all: k.aov_minor),
    (gettext_lazy("Orders a buyer"), "number", lambda k, _all: k.orders_a_buyer),
    (gettext_lazy("Repurchase rate"), "ratio",
     lambda k, _all: k.repurchase_rate),
    (gettext_lazy("Churn rate"), "ratio", lambda k, _all: k.churn_rate),
    (gettext_lazy("New customers among buyers"), "ratio",
     lambda k, _all: k.new_share),
)  # fmt: skip


@dataclass(frozen=True)
class KpiRow:
    """A key figure over the groups: (value, its bar beside the largest, 0 to 1)."""

    heading: str
    kind: str
    cells: list[tuple[float | None, float]]


@dataclass(frozen=True)
class Effect:
    """An effect with a sign, and what size it is called ('' for a negligible one)."""

    value: float | None
    text: str
    size: str
    tone: str


@dataclass(frozen=True)
class Box:
    """A number of one group: its words, and its picture from the 10th to the 90th percentile."""

    name: str
    known: int
    median: str
    mean: str
    effect: Effect
    points: tuple[float, ...]

    @property
    def width(self) -> float:
        """From the first quartile to the third, no less than can be seen."""
        return max(1.0, round(self.points[3] - self.points[1], 1)) if self.points else 0.0


@dataclass(frozen=True)
class ValueRow:
    """One value of a trait: its share in every group."""

    text: str
    shares: list[float | None]


@dataclass(frozen=True)
class TraitCard:
    """One trait of the page: ``boxes`` of a number, else ``values``."""

    label: str
    explained: str
    largest: Effect
    boxes: list[Box]
    values: list[ValueRow]
    effects: list[Effect]


def kpi_rows(found: Comparison) -> list[KpiRow]:
    """Every key figure."""
    rows = []
    for heading, kind, figure in KPIS:
        values = [figure(kpis, found.kpis[0]) for kpis in found.kpis]
        largest = max((abs(v) for v in values if v is not None), default=0)
        cells = [(v, abs(v) / largest if v and largest else 0.0) for v in values]
        rows.append(KpiRow(str(heading), kind, cells))
    return rows


def trait_cards(brand: Brand, found: Comparison, *, by_effect: bool) -> list[TraitCard]:
    """Every trait of whom somebody has a value, as declared or by how much it sets apart."""
    rows = [row for row in found.rows if any(s.known for s in row.spreads) or _is_told(row)]
    if by_effect:
        rows.sort(key=lambda row: -row.effect)
    names = group_names(found)
    return [_card(brand, row, names) for row in rows]


def group_names(found: Comparison) -> list[str]:
    """Everybody, and the segments."""
    return [_("Everybody"), *(one.name for one in found.chosen)]


def effect_of(value: float | None) -> Effect:
    """An effect in words."""
    if value is None:
        return Effect(None, DASH, "", "")
    text = f"{'+' if value > 0 else ''}{decimal_parts(value)}"
    for line, word, tone in EFFECTS:
        if abs(value) >= line:
            return Effect(value, text, str(word), tone)
    return Effect(value, text, "", "")


def value_text(brand: Brand, trait: Trait, value: str) -> str:
    """A value of a code or text, yes or no, in words."""
    if value == UNKNOWN:
        return _("Not known")
    return str(shown(trait, value == TRUE if trait.kind == "boolean" else value, brand))


def number_text(brand: Brand, trait: Trait, value: float | None) -> str:
    """A number of a trait in words: an amount, a date, days, or a plain number."""
    if value is None:
        return DASH
    if trait.kind == "money":
        return str(money_parts(round(value), brand.currency))
    if trait.kind in ("date", "time"):
        return (_EPOCH + timedelta(days=round(value))).isoformat()
    if trait.kind == "ratio":
        return str(percent_parts(value))
    return str(decimal_parts(value, 0 if value == round(value) else 1))


def file_rows(brand: Brand, found: Comparison) -> Iterator[list[Any]]:
    """The comparison as rows of a file: the heading first, numbers as numbers."""
    names = group_names(found)
    effects = [_("Effect: %s") % one.name for one in found.chosen]
    yield [_("What"), _("Figure"), *names, *effects]
    nothing = [None] * len(found.chosen)
    for heading, kind, figure in KPIS:
        values: list[Any] = [figure(kpis, found.kpis[0]) for kpis in found.kpis]
        if kind == "money":
            values = [None if v is None else from_minor(int(v), brand.currency) for v in values]
        yield [str(heading), "", *values, *nothing]
    for row in found.rows:
        title, told = words(row.trait), list(row.effects[1:])
        for heading, of_spread in _SPREAD_FIGURES if row.spreads else ():
            figures = [_plain(brand, row.trait, of_spread(spread)) for spread in row.spreads]
            yield [title, str(heading), *figures, *told]
        if row.counts:
            for value in _values(row):
                counted = [counts.get(value, 0) for counts in row.counts]
                yield [title, value_text(brand, row.trait, value), *counted, *told]


_SPREAD_FIGURES: tuple[tuple[Any, Callable[[Spread], float | None]], ...] = (
    (gettext_lazy("Mean"), lambda spread: spread.mean),
    (gettext_lazy("First quartile"), lambda spread: spread.levels[1] if spread.levels else None),
    (gettext_lazy("Median"), lambda spread: spread.median),
    (gettext_lazy("Third quartile"), lambda spread: spread.levels[3] if spread.levels else None),
)


def _plain(brand: Brand, trait: Trait, value: float | None) -> Any:
    if value is None:
        return None
    if trait.kind == "money":
        return from_minor(round(value), brand.currency)
    if trait.kind in ("date", "time"):
        return (_EPOCH + timedelta(days=round(value))).isoformat()
    return round(value, 4)


def _is_told(row: Row) -> bool:
    return any(value != UNKNOWN for counts in row.counts for value in counts)


def _values(row: Row) -> list[str]:
    """The values of a trait, largest over any group first, unknown last."""
    largest: dict[str, float] = {}
    for counts in row.counts:
        total = sum(counts.values())
        for value, members in counts.items():
            largest[value] = max(largest.get(value, 0.0), members / total)
    return sorted(largest, key=lambda value: (value == UNKNOWN, -largest[value], value))


def _card(brand: Brand, row: Row, names: Sequence[str]) -> TraitCard:
    effects = [effect_of(effect) for effect in row.effects]
    largest = max(effects, key=lambda effect: abs(effect.value or 0))
    return TraitCard(
        label=words(row.trait),
        explained=words(row.trait, "explain"),
        largest=largest,
        boxes=_boxes(brand, row, names, effects),
        values=_value_rows(brand, row) if row.counts else [],
        effects=effects,
    )


def _boxes(brand: Brand, row: Row, names: Sequence[str], effects: Sequence[Effect]) -> list[Box]:
    ends = [level for spread in row.spreads for level in spread.levels or ()]
    low, high = min(ends, default=0), max(ends, default=0)
    scale = BOX_WIDTH / (high - low) if high > low else 0
    return [
        Box(
            name=name,
            known=spread.known,
            median=number_text(brand, row.trait, spread.median),
            mean=number_text(brand, row.trait, spread.mean),
            effect=effect,
            points=tuple(round((level - low) * scale, 1) for level in spread.levels or ()),
        )
        for name, spread, effect in zip(names, row.spreads, effects, strict=False)
    ]


def _value_rows(brand: Brand, row: Row) -> list[ValueRow]:
    totals = [sum(counts.values()) for counts in row.counts]

    def shares(values: Sequence[str]) -> list[float | None]:
        return [
            divided(sum(counts.get(value, 0) for value in values), total)
            for counts, total in zip(row.counts, totals, strict=True)
        ]

    values = _values(row)
    known = [value for value in values if value != UNKNOWN]
    rows = [
        ValueRow(value_text(brand, row.trait, value), shares([value]))
        for value in known[:VALUES_SHOWN]
    ]
    if len(known) > VALUES_SHOWN:
        rows.append(ValueRow(_("Others"), shares(known[VALUES_SHOWN:])))
    if UNKNOWN in values:
        rows.append(ValueRow(value_text(brand, row.trait, UNKNOWN), shares([UNKNOWN])))
    return rows
