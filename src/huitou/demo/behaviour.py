"""When invented members buy: latent types, promotions, weeks and hours.

Everything is a function of the member's number, the seed and the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from huitou.demo.draws import shares, weighted

LOYAL, REGULAR, ONE_OFF, PROMO_ONLY, GIFT = range(5)
# Share of members per type. The everyday mix gives about 3.4 orders per member over three years,
# the busy one about 10.
EVERYDAY_MIX = (0.07, 0.17, 0.48, 0.18, 0.10)
BUSY_MIX = (0.66, 0.27, 0.03, 0.03, 0.01)

# Days between two orders and days a member stays, on average.
_GAP_DAYS = {LOYAL: 34.0, REGULAR: 78.0}
_STAY_DAYS = {LOYAL: 800.0, REGULAR: 420.0}
_SERIES_MAX = 64
ORDERS_PER_MEMBER_MAX = 256

# Month, day and pull of each promotion; those above _MAIN are worth waiting for.
_PROMOTIONS = (
    (3, 8, 0.4), (6, 1, 0.4), (6, 17, 0.3), (6, 18, 1.0), (11, 1, 0.5), (11, 10, 0.4),
    (11, 11, 1.6), (12, 12, 0.4),
)  # fmt: skip
_MAIN = 0.9
_WAIT_DAYS = 24
_WAIT_SHARE = 0.45
_GIFT_DAYS = ((2, 12), (3, 6), (5, 8), (8, 18), (9, 12), (12, 22))

_HOUR_WEIGHTS = (
    1.2, 0.6, 0.3, 0.2, 0.2, 0.3, 0.8, 1.6, 2.8, 4.0, 5.0, 5.0,
    4.6, 4.4, 4.6, 4.8, 4.6, 4.2, 4.2, 5.0, 6.4, 7.2, 6.0, 3.4,
)  # fmt: skip
# On a promotion's day everybody is awake at midnight, and again in the evening.
_RUSH_WEIGHTS = (
    16.0, 5.0, 1.5, 0.6, 0.4, 0.5, 1.0, 2.0, 3.5, 5.0, 5.0, 4.5,
    4.0, 3.5, 3.5, 3.5, 3.5, 3.5, 4.0, 6.0, 9.0, 9.0, 8.0, 6.0,
)  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """The days the data covers, as days since 1970, and the promotions among them."""

    start: int
    end: int
    promo_days: NDArray[np.int64]
    promo_pull: NDArray[np.float64]
    gift_days: NDArray[np.int64]

    @classmethod
    def until(cls, today: date, days: int) -> Calendar:
        """The ``days`` days up to and including ``today``."""
        end = (today - date(1970, 1, 1)).days
        start = end - days + 1
        years = range(today.year - days // 365 - 1, today.year + 1)
        promos = sorted((_day(y, m, d), pull) for y in years for m, d, pull in _PROMOTIONS)
        gifts = sorted(_day(y, m, d) for y in years for m, d in _GIFT_DAYS)
        inside = [(day, pull) for day, pull in promos if start <= day <= end]
        return cls(
            start,
            end,
            np.array([day for day, _ in inside], dtype=np.int64),
            np.array([pull for _, pull in inside]),
            np.array([day for day in gifts if start <= day <= end], dtype=np.int64),
        )

    def is_promo(self, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of ``days`` are a promotion's."""
        return np.isin(days, self.promo_days)


@dataclass(frozen=True)
class Visits:
    """Orders as they happen: whose (position in the chunk), serial within the member, local time.

    Sorted by member and time; ``seconds`` are since 1970 by the brand's clock.
    """

    position: NDArray[np.int64]
    serial: NDArray[np.int64]
    seconds: NDArray[np.int64]
    is_promo: NDArray[np.bool_]


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


def member_types(
    members: NDArray[np.int64], seed: int, mix: tuple[float, ...]
) -> NDArray[np.int64]:
    """The latent type of each member."""
    return weighted(shares(members, seed, "type"), mix)


def visits(
    members: NDArray[np.int64], types: NDArray[np.int64], calendar: Calendar, seed: int
) -> Visits:
    """Every order the ``members`` place within ``calendar``."""
    span = calendar.end - calendar.start + 1
    # Members gather from the start; their repeat orders make the later months the larger ones.
    joined = calendar.start + (span * shares(members, seed, "joined") ** 1.3).astype(np.int64)
    found = [
        _series(members, types, joined, LOYAL, seed),
        _series(members, types, joined, REGULAR, seed),
        _one_offs(members, types, joined, seed),
        _occasions(members, types, joined, PROMO_ONLY, calendar.promo_days,
                   0.34 * calendar.promo_pull, seed),
        _occasions(members, types, joined, GIFT, calendar.gift_days,
                   np.full(len(calendar.gift_days), 0.28), seed),
    ]  # fmt: skip
    position = np.concatenate([where for where, _ in found])
    day = np.concatenate([days for _, days in found])
    inside = (day >= calendar.start) & (day <= calendar.end)
    position, day = position[inside], day[inside]
    order = np.lexsort((day, position))
    return _timed(members, types, position[order], day[order], calendar, seed)


def _series(
    members: NDArray[np.int64],
    types: NDArray[np.int64],
    joined: NDArray[np.int64],
    kind: int,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Orders at fairly even gaps until the member loses interest."""
    at = np.flatnonzero(types == kind)
    who = members[at]
    cell = who[:, None] * _SERIES_MAX + np.arange(_SERIES_MAX)[None, :]
    # The sum of two exponentials is steadier than one: a purchase cycle shows.
    gaps = -np.log1p(-shares(cell, seed, "gap a")) - np.log1p(-shares(cell, seed, "gap b"))
    own = _GAP_DAYS[kind] * (0.6 + 0.8 * shares(who, seed, "pace"))
    gaps *= own[:, None] / 2
    gaps[:, 0] = 0
    since = np.cumsum(gaps, axis=1)
    stay = -_STAY_DAYS[kind] * np.log1p(-shares(who, seed, "stay"))
    row, column = np.nonzero(since <= stay[:, None])
    return at[row], joined[at[row]] + since[row, column].astype(np.int64)


def _one_offs(
    members: NDArray[np.int64], types: NDArray[np.int64], joined: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One order, now and then a second one much later."""
    at = np.flatnonzero(types == ONE_OFF)
    again = at[shares(members[at], seed, "again") < 0.1]
    later = joined[again] + 20 + (300 * shares(members[again], seed, "later")).astype(np.int64)
    return np.concatenate([at, again]), np.concatenate([joined[at], later])


def _occasions(
    members: NDArray[np.int64],
    types: NDArray[np.int64],
    joined: NDArray[np.int64],
    kind: int,
    days: NDArray[np.int64],
    chances: NDArray[np.float64],
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Orders on some of ``days`` only, the first one on the next such day after joining."""
    at = np.flatnonzero(types == kind)
    if not len(days) or not len(at):
        return at, joined[at]
    first = np.searchsorted(days, joined[at]).clip(max=len(days) - 1)
    cell = members[at][:, None] * len(days) + np.arange(len(days))[None, :]
    comes = shares(cell, seed, f"occasion {kind}") < chances[None, :]
    comes &= np.arange(len(days))[None, :] > first[:, None]
    comes[np.arange(len(at)), first] = True
    row, column = np.nonzero(comes)
    return at[row], days[column]


def _timed(
    members: NDArray[np.int64],
    types: NDArray[np.int64],
    position: NDArray[np.int64],
    day: NDArray[np.int64],
    calendar: Calendar,
    seed: int,
) -> Visits:
    """Give each order its final day and time of day, and number those of each member."""
    serial = _serials(position)
    cell = members[position] * ORDERS_PER_MEMBER_MAX + serial
    day = _waited(day, types[position], shares(cell, seed, "wait"), calendar)
    is_promo = calendar.is_promo(day)
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    to_saturday = (weekday < 4) & ~is_promo & (shares(cell, seed, "weekend") < 0.12)
    day = np.minimum(np.where(to_saturday, day + 5 - weekday, day), calendar.end)
    is_promo = calendar.is_promo(day)
    at = shares(cell, seed, "hour")
    hour = np.where(is_promo, weighted(at, _RUSH_WEIGHTS), weighted(at, _HOUR_WEIGHTS))
    within = (3_600 * shares(cell, seed, "second")).astype(np.int64)
    seconds = day * 86_400 + hour * 3_600 + within
    order = np.lexsort((seconds, position))
    return Visits(position[order], serial, seconds[order], is_promo[order])


def _serials(position: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of equal positions."""
    if not len(position):
        return position
    starts = np.flatnonzero(np.r_[True, position[1:] != position[:-1]])
    return np.arange(len(position)) - np.repeat(starts, np.diff(np.r_[starts, len(position)]))


def _waited(
    day: NDArray[np.int64],
    types: NDArray[np.int64],
    draws: NDArray[np.float64],
    calendar: Calendar,
) -> NDArray[np.int64]:
    """Many an order shortly before a main promotion waits for it."""
    main = calendar.promo_days[calendar.promo_pull > _MAIN]
    if not len(main):
        return day
    coming = main[np.searchsorted(main, day).clip(max=len(main) - 1)]
    wait = coming - day
    waits = (wait > 0) & (wait <= _WAIT_DAYS) & (types != GIFT) & (draws < _WAIT_SHARE)
    return np.where(waits, coming, day)
