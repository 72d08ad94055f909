"""Where a member stands in their purchase cycle, as the drawing of a bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# Stages by the number of cycles without a purchase at which they end; the same as in insight.
from huitou.insight.definitions import STAGE_LIMITS, WARNING_CYCLES

WIDTH = 600
# The bar reaches a little beyond the last limit, where "lost" begins.
_CYCLES_SHOWN = 6.0


@dataclass(frozen=True)
class Zone:
    """A stretch of the bar in which a member is in one stage."""

    stage: str
    x: float
    width: float


@dataclass(frozen=True)
class Mark:
    """A date on the bar; ``anchor`` is where its text is tied: start, middle or end."""

    code: str
    day: date
    x: float
    anchor: str


@dataclass(frozen=True)
class CycleBar:
    """The bar: zones by stage, and the marks last, next, warning and today.

    ``is_beyond`` tells that today lies right of what the bar shows.
    """

    cycle_days: int
    zones: list[Zone]
    marks: dict[str, Mark]
    is_beyond: bool


def cycle_bar(
    *,
    last: date | None,
    cycle_days: int | None,
    as_of: date | None,
    expected: date | None = None,
) -> CycleBar | None:
    """The bar of a member who last bought on ``last``; None while anything is unknown.

    ``expected`` is the next purchase, where there is an expectation.

    >>> bar = cycle_bar(last=date(2026, 1, 1), cycle_days=30, as_of=date(2026, 2, 15))
    >>> [(zone.stage, zone.x, zone.width) for zone in bar.zones][:2]
    [('active', 0.0, 100.0), ('silent', 100.0, 100.0)]
    >>> bar.marks["today"].x, bar.marks["warning"].day.isoformat()
    (150.0, '2026-04-01')
    """
    if last is None or as_of is None or not cycle_days:
        return None

    def place(cycles: float) -> float:
        return round(min(cycles, _CYCLES_SHOWN) / _CYCLES_SHOWN * WIDTH, 1)

    def mark(code: str, day: date) -> Mark:
        x = place(max(0, (day - last).days) / cycle_days)
        anchor = "start" if x < WIDTH * 0.1 else "end" if x > WIDTH * 0.9 else "middle"
        return Mark(code, day, x, anchor)

    zones, start = [], 0.0
    for stage, limit in (*STAGE_LIMITS, ("lost", _CYCLES_SHOWN)):
        zones.append(Zone(stage, start, round(place(limit) - start, 1)))
        start = place(limit)
    return CycleBar(
        cycle_days=cycle_days,
        zones=zones,
        marks={
            "last": mark("last", last),
            **({"next": mark("next", expected)} if expected else {}),
            "warning": mark("warning", last + timedelta(days=WARNING_CYCLES * cycle_days)),
            "today": mark("today", as_of),
        },
        is_beyond=(as_of - last).days > _CYCLES_SHOWN * cycle_days,
    )
