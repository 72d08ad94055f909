"""Small pure rules of insight: thresholds, periods and ratios."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta

from huitou.insight.types import RfmRule
from huitou.kernel.errors import RefusedInputError


@dataclass(frozen=True)
class Threshold:
    """A quantile (0 to 1), three fixed lines (recency, frequency, amount), or neither: the mean."""

    quantile: float | None = None
    fixed: tuple[float, float, float] | None = None


def parse_threshold(text: str) -> Threshold:
    """Read ``mean``, ``median``, ``q60`` or ``R,F,M``.

    Raises ``RefusedInputError`` for anything else.

    >>> parse_threshold("q60").quantile, parse_threshold("90,3,50000").fixed
    (0.6, (90.0, 3.0, 50000.0))
    """
    if text == "mean":
        return Threshold()
    if text == "median":
        return Threshold(quantile=0.5)
    if quantile := re.fullmatch(r"q(\d{1,2})", text):
        return Threshold(quantile=int(quantile[1]) / 100)
    number = r"(\d{1,15}(?:\.\d{1,6})?)"
    if fixed := re.fullmatch(f"{number},{number},{number}", text):
        return Threshold(fixed=(float(fixed[1]), float(fixed[2]), float(fixed[3])))
    raise RefusedInputError(
        "THRESHOLD",
        f"threshold {text!r} is not mean, median, a quantile such as q60, or three numbers R,F,M",
    )


def checked_rule(rule: RfmRule) -> RfmRule:
    """``rule`` itself. Raises ``RefusedInputError`` when a part of it cannot be read."""
    parse_threshold(rule.threshold)
    if rule.amount not in ("total", "average"):
        raise RefusedInputError("AMOUNT", f"amount {rule.amount!r} is neither total nor average")
    if rule.window_days is not None and rule.window_days < 1:
        raise RefusedInputError("WINDOW", "a window has at least one day")
    return rule


def year_before(day: date) -> date:
    """The same date a year earlier; 29 February becomes the 28th.

    >>> year_before(date(2024, 2, 29))
    datetime.date(2023, 2, 28)
    """
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def period_before(start: date, end: date) -> tuple[date, date]:
    """The period of the same length that ends the day before ``start``.

    >>> period_before(date(2018, 1, 8), date(2018, 1, 14))
    (datetime.date(2018, 1, 1), datetime.date(2018, 1, 7))
    """
    days = (end - start).days + 1
    return start - timedelta(days=days), start - timedelta(days=1)


def divided(numerator: float, denominator: float) -> float | None:
    """``numerator / denominator``, or ``None`` when there is nothing to divide by.

    >>> divided(1, 4), divided(1, 0)
    (0.25, None)
    """
    return numerator / denominator if denominator else None


def rounded(number: float | None) -> int | None:
    """The nearest whole number, halves up; ``None`` stays.

    >>> rounded(2.5), rounded(None)
    (3, None)
    """
    return None if number is None else math.floor(number + 0.5)
