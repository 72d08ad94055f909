"""Churn over time, and who moved from stage to stage between any two month ends.

What is kept is how many buyers went through which stages, from which every figure is a sum. The
worker computes it once a refresh has published its snapshots; until then what is told is of the
snapshot before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import dropwhile
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet

from huitou.insight import definitions, kept, plan, readings, snapshots
from huitou.insight.rules import divided
from huitou.insight.types import Flow, LifecycleMonths, MonthEnd, Scope, StageCount
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.months import month_number, month_start
from huitou.lake import engine
from huitou.lake.engine import quoted
from huitou.lake.sessions import Session

MONTHS = 12
# Three years: beyond, most buyers are lost at one end and the other.
MONTHS_MAX = 36
_HISTORIES = "stage_histories"
# One file serves every number of months: a month end's digit is the same however far one looks.
_FILE = f"stages-{MONTHS_MAX}"
_COUNTS = "month_counts"
_CODES = (definitions.NOT_YET.code, *(label.code for label in definitions.STAGES))
_LOST = _CODES.index("lost")
# Of each end: members by the place of the stage in ``_CODES``, newly lost, won back.
Counts = list[Any]


@dataclass(frozen=True)
class Computed:
    """What the histories that are kept were computed from."""

    as_of: date
    refreshed_at: datetime


@dataclass(frozen=True)
class Histories:
    """The relation ``stage_histories`` (see ``plan.stage_history_steps``), and its month ends."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    ends: tuple[date, ...]


def keep(scope: Scope) -> None:
    """Compute the histories of the snapshot in force and keep them, unless they are.

    Takes far longer than a page may: for the worker. Nothing when the scope was never refreshed.
    """
    snapshot = snapshots.current(scope)
    if snapshot is not None:
        kept.kept_tables(
            snapshot, (_FILE,), lambda session: (_table(computed(session, snapshot.as_of)),)
        )


def _table(histories: Histories) -> pa.Table:
    """The histories, with what the page tells of every month at hand."""
    table = histories.connection.sql(f"FROM {histories.relation}").to_arrow_table()
    return table.replace_schema_metadata({_COUNTS: json.dumps(counts_of(histories))})


def is_kept(scope: Scope) -> bool:
    """Whether nothing is left to ``keep``."""
    snapshot = snapshots.current(scope)
    found = kept.newest_table(scope, _FILE)
    return snapshot is None or (found is not None and found[0] == snapshot)


def freshness(scope: Scope) -> Computed | None:
    """Of which snapshot the histories are; ``None`` when none are kept."""
    found = kept.newest_table(scope, _FILE)
    return None if found is None else Computed(found[0].as_of, found[0].refreshed_at)


def lifecycle_months(scope: Scope, months: int = MONTHS) -> LifecycleMonths | None:
    """The life cycle at the ends of the last months, as kept; ``None`` when nothing is.

    See ``freshness`` for what they are of. Raises ``RefusedInputError`` for too few or many.
    """
    found = kept.newest_table(scope, _FILE)
    if found is None:
        return None
    snapshot, path = found
    metadata = pyarrow.parquet.read_schema(path).metadata
    counts = json.loads(metadata[_COUNTS.encode()])
    return months_of(counts[-months - 1 :], month_ends(snapshot.as_of, months))


def migration(scope: Scope, before: date, after: date) -> Flow | None:
    """Who moved from stage to stage between any two of the month ends that are kept.

    Raises ``RefusedInputError`` when they are none, or not in this order.
    """
    with _kept(scope) as histories:
        return None if histories is None else migration_of(histories, before, after)


def computed(session: Session, as_of: date, months: int = MONTHS_MAX) -> Histories:
    """The histories of a session's purchases. Raises as ``lifecycle_months``."""
    ends = month_ends(as_of, months)
    plan.run_steps(session, plan.stage_history_steps(session.dialect, months), ends[-1])
    return Histories(session.connection, _HISTORIES, ends)


@contextmanager
def _kept(scope: Scope) -> Iterator[Histories | None]:
    found = kept.newest_table(scope, _FILE)
    if found is None:
        yield None
        return
    snapshot, path = found
    with engine.cursor() as connection:
        relation = f"read_parquet({quoted(str(path))})"
        yield Histories(connection, relation, month_ends(snapshot.as_of, MONTHS_MAX))


def month_ends(as_of: date, months: int) -> tuple[date, ...]:
    """The last days of ``months`` months that are over, and of the one before them.

    >>> [day.isoformat() for day in month_ends(date(2024, 3, 30), 1)]
    ['2024-01-31', '2024-02-29']
    >>> month_ends(date(2024, 3, 31), 1)[-1]
    datetime.date(2024, 3, 31)
    """
    if not 1 <= months <= MONTHS_MAX:
        raise RefusedInputError("MONTHS", f"from 1 to {MONTHS_MAX} months can be looked back")
    over = month_number(as_of + timedelta(days=1))
    return tuple(
        month_start(number) - timedelta(days=1) for number in range(over - months, over + 1)
    )


def counts_of(histories: Histories) -> Counts:
    """Of each end: members by stage, newly lost, won back; the latter two not of the first."""
    ends = histories.ends
    counts: Counts = [[[0] * len(_CODES), 0, 0] for _ in ends]
    places = f"range(1, {len(ends)}) ends(place)"
    for place, now, bought, before, members in histories.connection.execute(
        f"""
        SELECT place, {_stage(ends, "place")}, {_bought(ends, "place")},
               {_stage(ends, "place - 1")}, sum(members)::BIGINT
        FROM {histories.relation}, {places} GROUP BY ALL
        """
    ).fetchall():
        row = counts[place]
        row[0][now] += members
        row[1] += members if now == _LOST != before else 0
        row[2] += members if before == _LOST and bought else 0
        if place == 1:
            counts[0][0][before] += members
    return counts


def months_of(counts: Counts, ends: Sequence[date]) -> LifecycleMonths:
    """Stages, churn, newly lost and won back at each of ``ends`` but the first."""
    first, *rows = [_month_end(day, *row) for day, row in zip(ends, counts, strict=True)]
    rows = list(dropwhile(lambda row: not row.buyers, rows))
    begins = first if first.buyers or len(rows) < 2 else rows[0]
    return LifecycleMonths(begins.day, rows)


def _month_end(day: date, members: list[int], lost: int, won: int) -> MonthEnd:
    counts = members[1:]
    stages = [
        StageCount(label.code, label.zh, label.en, count)
        for label, count in zip(definitions.STAGES, counts, strict=True)
    ]
    buyers = sum(counts)
    return MonthEnd(day, buyers, stages, divided(members[_LOST], buyers), lost, won)


def migration_of(histories: Histories, before: date, after: date) -> Flow:
    """Who moved between two of the ends. Raises as ``migration``."""
    ends = histories.ends
    if before not in ends or after not in ends or before >= after:
        raise RefusedInputError(
            "MONTH_ENDS",
            f"{before} and {after} are not two month ends from {ends[0]} to {ends[-1]}, in order",
        )
    source, target = (_stage(ends, str(ends.index(day))) for day in (before, after))
    rows = histories.connection.execute(
        f"""
        SELECT {source} AS source, {target} AS target, sum(members)::BIGINT
        FROM {histories.relation} WHERE target > 0 GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    named = [[_CODES[source], _CODES[target], members] for source, target, members in rows]
    return readings.migration(before, after, named)


def _digit(ends: tuple[date, ...], place: str) -> str:
    """SQL of the digit at a place of a packed history; see ``expressions.stage_history``."""
    from huitou.insight.expressions.stage_history import DIGIT_BITS, DIGITS

    parts = range((len(ends) - 1) // DIGITS + 1)
    of_part = " ".join(f"WHEN {part} THEN part_{part}" for part in parts)
    return (
        f"((CASE ({place}) // {DIGITS} {of_part} END >> (({place}) % {DIGITS} * {DIGIT_BITS}))"
        f" & {2**DIGIT_BITS - 1})"
    )


def _stage(ends: tuple[date, ...], place: str) -> str:
    from huitou.insight.expressions.stage_history import BOUGHT

    return f"{_digit(ends, place)} % {BOUGHT}"


def _bought(ends: tuple[date, ...], place: str) -> str:
    from huitou.insight.expressions.stage_history import BOUGHT

    return f"{_digit(ends, place)} >= {BOUGHT}"
