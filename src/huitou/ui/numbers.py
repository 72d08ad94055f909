"""How numbers are written. ``web/src/numbers.js`` keeps the same rules; one table tests both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from django.utils.formats import get_format

from huitou.kernel.money import SYMBOLS, minor_digits

# Below this a number is written in full: 9,999 reads better than 1.0万 or 10.0K.
COMPACT_FROM = 10_000
DASH = "–"
# From here on a percentage says nothing but "from next to nothing".
CHANGE_SHOWN_MAX = 1_000

Kind = Literal["money", "count", "ratio", "number"]


Direction = Literal["rise", "fall", "flat"]


@dataclass(frozen=True)
class NumberParts:
    """A written number in pieces, so that a page can set sign and unit smaller than the digits."""

    prefix: str
    digits: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.digits}{self.unit}"


def rounded(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` to the nearest whole number, halves away from zero.

    >>> rounded(5, 2), rounded(-5, 2), rounded(49, 100)
    (3, -3, 0)
    """
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def half_up(value: float, digits: int = 0) -> float:
    """``value`` with ``digits`` decimals, halves away from zero.

    >>> half_up(0.25, 1), half_up(-2.5)
    (0.3, -3.0)
    """
    scale = 10**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


def compact_units() -> list[tuple[int, str]]:
    """The large units of the active language, largest first: 亿 and 万, or B, M and K."""
    return get_format("COMPACT_UNITS")


def compact_parts(value: int, scale: int = 1) -> tuple[str, str] | None:
    """Digits and unit of ``value / scale`` with one decimal; None when it is written in full.

    ``scale`` is the number of minor units in one (100 for fen). The unit is chosen after rounding,
    so 999,950 is 1.0M and not 1000.0K.
    """
    size = abs(value)
    if size < COMPACT_FROM * scale:
        return None
    units = compact_units()
    for index, (worth, name) in enumerate(units):
        tenths = rounded(size * 10, worth * scale)
        larger = units[index - 1][0] if index else None
        if larger and tenths * worth >= larger * 10:
            return _tenths(rounded(size * 10, larger * scale)), units[index - 1][1]
        if size >= worth * scale:
            return _tenths(tenths), name
    return None


def _tenths(tenths: int) -> str:
    return f"{tenths // 10:,}.{tenths % 10}"


def money_parts(minor: int, currency: str, *, compact: bool = False) -> NumberParts:
    """An amount of ``minor`` units: ``¥1,234.56``, or compact ``¥58.7万``.

    A currency without a symbol shows its code.
    """
    digits = minor_digits(currency)
    scale = 10**digits
    prefix = ("-" if minor < 0 else "") + SYMBOLS.get(currency, f"{currency} ")
    if compact and (short := compact_parts(minor, scale)):
        return NumberParts(prefix, *short)
    whole, rest = divmod(abs(minor), scale)
    return NumberParts(prefix, f"{whole:,}" + (f".{rest:0{digits}d}" if digits else ""))


def count_parts(value: int, *, compact: bool = False) -> NumberParts:
    """A count: ``12,340``, or compact ``123.4万`` from a hundred thousand on."""
    prefix = "-" if value < 0 else ""
    if compact and abs(value) >= 10 * COMPACT_FROM and (short := compact_parts(value)):
        return NumberParts(prefix, *short)
    return NumberParts(prefix, f"{abs(value):,}")


def percent_parts(ratio: float) -> NumberParts:
    """A share of one as a percentage with one decimal: 0.716 is ``71.6%``."""
    value = half_up(ratio * 100, 1)
    return NumberParts("-" if value < 0 else "", f"{abs(value):,.1f}", "%")


def decimal_parts(value: float, digits: int = 2) -> NumberParts:
    """A plain number with ``digits`` decimals."""
    value = half_up(value, digits)
    return NumberParts("-" if value < 0 else "", f"{abs(value):,.{digits}f}")


def kind_parts(
    value: float | None, kind: Kind, currency: str, *, compact: bool = False
) -> NumberParts:
    """A figure by its ``kind``; a dash when there is none."""
    if value is None:
        return NumberParts("", DASH)
    if kind == "money":
        return money_parts(round(value), currency, compact=compact)
    if kind == "count":
        return count_parts(round(value), compact=compact)
    if kind == "ratio":
        return percent_parts(value)
    return decimal_parts(value)


@dataclass(frozen=True)
class Change:
    """How a figure moved: ``direction`` is rise, fall or flat; ``text`` such as 3.6% or 1.5pp."""

    direction: Direction
    text: str


def change(value: float | None, before: float | None, kind: Kind) -> Change | None:
    """The move from ``before`` to ``value``: relative, or in percentage points for a ratio.

    None when there is nothing to compare with.

    >>> change(103.6, 100, "count")
    Change(direction='rise', text='3.6%')
    >>> change(0.701, 0.716, "ratio")
    Change(direction='fall', text='1.5pp')
    """
    if value is None or before is None or (kind != "ratio" and before == 0):
        return None
    moved = (value - before) if kind == "ratio" else (value - before) / abs(before)
    points = half_up(moved * 100, 1)
    direction: Direction = "rise" if points > 0 else "fall" if points < 0 else "flat"
    if kind != "ratio" and abs(points) >= CHANGE_SHOWN_MAX:
        return Change(direction, f">{CHANGE_SHOWN_MAX - 1}%")
    return Change(direction, f"{abs(points):,.1f}{'pp' if kind == 'ratio' else '%'}")
