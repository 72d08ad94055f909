"""Cleaning whole columns: the short way for plain values, ``cells`` for the rest.

Each function takes a string column and gives ``Cleaned``. The short ways only accept values whose
outcome by ``cells`` is certain; a property test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading.cells import Cell
from huitou.ingest.reading.times import WallTime

TIME = pa.timestamp("us", tz="UTC")
_MICRO = 1_000_000
_DAY = 86_400 * _MICRO
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the origin of wall clock arithmetic
# Cleaned values remembered between chunks; beyond it the memory is emptied, to stay flat.
_MEMORY_MAX = 200_000
# Plain-looking texts that mean nothing or are garbled.
_NOT_PLAIN = r"(?i)^(null|none|n/a|nan|nil|无)$|锟斤拷"
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass
class Cleaned:
    """A column of clean values (null where refused), and where something was wrong or odd.

    ``problems`` and ``warnings`` give a code for positions in the column.
    """

    values: pa.Array
    problems: dict[int, str] = field(default_factory=dict)
    warnings: dict[str, np.ndarray] = field(default_factory=dict)


class Cleaner:
    """Runs a per-value cleaner over columns, once per distinct value."""

    def __init__(
        self,
        clean: Callable[[str], Cell],
        type_: pa.DataType,
        *,
        plain: str = "",
        bulk: Callable[[pa.Array], pa.Array] | None = None,
        part: Callable[[Any], Any] | None = None,
    ) -> None:
        """Cleans by ``clean``, except values whose outcome is certain.

        Those match ``plain`` and mean ``bulk`` of them, or themselves. ``part`` turns a cell's
        value into what the column of ``type_`` holds.
        """
        self.clean = clean
        self.type = type_
        self.plain = plain
        self.bulk = bulk
        self.part = part
        self.memory: dict[str, Cell] = {}

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column."""
        encoded = column.dictionary_encode()
        words = encoded.dictionary
        plain = np.zeros(len(words), bool)
        if fast and self.plain:
            plain = np.asarray(pc.match_substring_regex(words, self.plain))
            if self.bulk is None:
                plain &= ~np.asarray(pc.match_substring_regex(words, _NOT_PLAIN))
        odd = np.flatnonzero(~plain)
        cells = [self._cell(text) for text in words.take(odd).to_pylist()]
        indices = np.asarray(encoded.indices)
        result = Cleaned(self._values(words, plain, odd, cells).take(encoded.indices))
        for code in {cell.problem for cell in cells if cell.problem}:
            for row in _rows_where(cells, odd, indices, len(words), "problem", code):
                result.problems[int(row)] = code
        for code in {cell.warning for cell in cells if cell.warning and not cell.problem}:
            result.warnings[code] = _rows_where(cells, odd, indices, len(words), "warning", code)
        return result

    def _values(
        self, words: pa.Array, plain: np.ndarray, odd: np.ndarray, cells: list[Cell]
    ) -> pa.Array:
        """What each distinct word means."""
        part = self.part or (lambda value: value)
        values = pa.array(
            [None if cell.problem or cell.value is None else part(cell.value) for cell in cells],
            self.type,
        )
        if len(odd) == len(words):
            return values
        sure = words.take(np.flatnonzero(plain))
        order = np.empty(len(words), np.int64)
        order[plain] = np.arange(len(sure))
        order[odd] = len(sure) + np.arange(len(odd))
        return pa.concat_arrays([self.bulk(sure) if self.bulk else sure, values]).take(order)

    def _cell(self, text: str) -> Cell:
        cell = self.memory.get(text)
        if cell is None:
            if len(self.memory) >= _MEMORY_MAX:
                self.memory.clear()
            cell = self.memory[text] = self.clean(text)
        return cell


def patched(bulk: pa.Array, rest: np.ndarray, others: Cleaned) -> Cleaned:
    """``bulk`` with the rows at ``rest`` (ascending) replaced by ``others``."""
    order = np.arange(len(bulk))
    order[rest] = len(bulk) + np.arange(len(rest))
    return Cleaned(
        pa.concat_arrays([bulk, others.values]).take(order),
        {int(rest[at]): code for at, code in others.problems.items()},
        {code: rest[where] for code, where in others.warnings.items()},
    )


def _rows_where(
    cells: list[Cell], odd: np.ndarray, indices: np.ndarray, words: int, part: str, code: str
) -> np.ndarray:
    """The positions whose value's ``part`` (problem or warning) is ``code``."""
    having = np.zeros(words, bool)
    having[odd] = [getattr(cell, part) == code for cell in cells]
    return np.flatnonzero(having[indices])


class Clock:
    """Wall clock times of a zone to UTC, by whole days."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.offsets: dict[int, int | None] = {}

    def day_offset(self, day: int) -> int | None:
        """The offset from UTC in microseconds on ``day`` (since 1970); None if it changes then."""
        if day not in self.offsets:
            noon = _EPOCH + timedelta(days=day)
            found = {
                (noon + timedelta(hours=hour)).replace(tzinfo=self.zone).utcoffset()
                for hour in (-3, 0, 12, 24, 27)
            }
            one = found.pop() if len(found) == 1 else None
            self.offsets[day] = None if one is None else round(one.total_seconds() * _MICRO)
        return self.offsets[day]

    def to_utc(self, time: WallTime) -> tuple[datetime, str]:
        """``time`` in UTC, and DST_ADJUSTED when the wall clock skips or repeats it (fold 0)."""
        if time.offset is not None:
            return (time.wall - time.offset).replace(tzinfo=UTC), ""
        local = time.wall.replace(tzinfo=self.zone)
        instant = local.astimezone(UTC)
        back = instant.astimezone(self.zone).replace(tzinfo=None)
        repeated = local.utcoffset() != local.replace(fold=1).utcoffset()
        return instant, "DST_ADJUSTED" if back != time.wall or repeated else ""


class TimeCleaner:
    """Cleans a column of times to UTC: ``2018-09-01 10:02:11`` in bulk, other forms one by one."""

    def __init__(
        self,
        clean: Callable[[str], Cell],
        zone: str,
        latest: datetime,
        *,
        formats_override: bool = False,
    ) -> None:
        """Cleans by ``clean`` in ``zone``; ``latest`` is the last acceptable instant.

        With ``formats_override`` every value goes through ``clean``, whose patterns may read a
        plain form otherwise.
        """
        self.clock = Clock(zone)
        self.clean = clean
        self.latest = latest
        self.bulk = not formats_override
        self._by_value = Cleaner(self._cell, TIME)

    def _cell(self, text: str) -> Cell:
        cell = self.clean(text)
        if cell.problem or cell.value is None:
            return cell
        assert isinstance(cell.value, WallTime)
        if not 1970 <= cell.value.wall.year <= 9998:
            return Cell(None, "DATE_OUT_OF_RANGE")
        instant, warning = self.clock.to_utc(cell.value)
        if instant.timestamp() == 0:
            return Cell(None, "", "DATE_UNKNOWN")
        if instant > self.latest:
            return Cell(None, "FUTURE_DATE")
        return Cell(instant, "", warning)

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column."""
        if not (fast and self.bulk):
            return self._by_value(column)
        lengths = np.asarray(pc.binary_length(column))
        known = np.zeros(len(column), bool)
        micros = np.zeros(len(column), np.int64)
        long = np.flatnonzero(lengths == 19)
        if len(long):
            found, instants = self._bulk(
                column if len(long) == len(column) else column.take(pa.array(long))
            )
            known[long], micros[long] = found, instants
        empty = lengths == 0
        rest = np.flatnonzero(~known & ~empty)
        values = pa.array(micros, pa.int64(), mask=~known).cast(TIME)
        if not len(rest):
            return Cleaned(values)
        return patched(values, rest, self._by_value(column.take(rest)))

    def _bulk(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Which of the 19-byte texts are plain times, and their UTC microseconds."""
        data = column.buffers()[2]
        start = int(np.frombuffer(column.buffers()[1], np.int32)[column.offset])
        text = np.frombuffer(data, np.uint8)[start : start + 19 * len(column)].reshape(-1, 19)
        digits = text[:, [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]].astype(np.int16) - 48
        shaped = ((digits >= 0) & (digits <= 9)).all(axis=1)
        shaped &= (text[:, [4, 7, 10, 13, 16]] == np.frombuffer(b"-- ::", np.uint8)).all(axis=1)
        parts = digits * np.array([1000, 100, 10, 1] + [10, 1] * 5, np.int16)
        year = parts[:, 0:4].sum(axis=1)
        month, day, hour, minute, second = (
            parts[:, at : at + 2].sum(axis=1) for at in range(4, 14, 2)
        )
        # Placeholder dates, 29 February and leap seconds are left to the careful way.
        plain = shaped & (year > 1970) & (year < 2200) & (month >= 1) & (month <= 12)
        plain &= (day >= 1) & (day <= _MONTH_DAYS[np.clip(month, 0, 12)])
        plain &= (hour < 24) & (minute < 60) & (second < 60)
        days = np.zeros(len(text), np.int64)
        days[plain] = _days_of(year[plain], month[plain], day[plain])
        seconds = hour.astype(np.int64) * 3600 + minute * 60 + second
        offsets, stable = self._offsets(days)
        instants = days * _DAY + seconds * _MICRO - offsets
        plain &= stable & (instants <= round(self.latest.timestamp() * _MICRO))
        return plain, instants

    def _offsets(self, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distinct, where = np.unique(days, return_inverse=True)
        found = [self.clock.day_offset(int(day)) for day in distinct]
        offsets = np.array([0 if offset is None else offset for offset in found], np.int64)
        stable = np.array([offset is not None for offset in found], bool)
        return offsets[where], stable[where]


def _days_of(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 of calendar dates (Howard Hinnant's days_from_civil)."""
    year = year.astype(np.int64) - (month <= 2)
    era = year // 400
    year_of_era = year - era * 400
    shifted = (month.astype(np.int64) + 9) % 12
    day_of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    days: np.ndarray = era * 146_097 + day_of_era - 719_468
    return days
