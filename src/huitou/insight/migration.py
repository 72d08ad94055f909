"""Churn over time, and who moved from stage to stage between any two month ends.

What is kept is how many buyers went through which stages: some ten thousand distinct histories of
a million members, from which every figure is a sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile

import duckdb

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
_CODES = (definitions.NOT_YET.code, *(label.code for label in definitions.STAGES))
_LOST = _CODES.index("lost")


@dataclass(frozen=True)
class Histories:
    """The relation ``stage_histories`` (see ``plan.stage_history_steps``), and its month ends."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    ends: tuple[date, ...]


def lifecycle_months(scope: Scope, months: int = MONTHS) -> LifecycleMonths | None:
    """The life cycle at the ends of the last months; ``None`` when the scope was never refreshed.

    Computed when first asked for, and kept. Raises ``RefusedInputError`` for too few or many.
    """
    with _kept(scope, months) as histories:
        return None if histories is None else months_of(histories)


def migration(scope: Scope, before: date, after: date, months: int = MONTHS) -> Flow | None:
    """Who moved from stage to stage between two ends of ``lifecycle_months``.

    Raises ``RefusedInputError`` when they are none, or not in this order.
    """
    with _kept(scope, months) as histories:
        return None if histories is None else migration_of(histories, before, after)


def computed(session: Session, as_of: date, months: int) -> Histories:
    """The histories of a session's purchases. Raises as ``lifecycle_months``."""
    ends = month_ends(as_of, months)
    plan.run_steps(session, plan.stage_history_steps(session.dialect, months), ends[-1])
    return Histories(session.connection, _HISTORIES, ends)


@contextmanager
def _kept(scope: Scope, months: int) -> Iterator[Histories | None]:
    snapshot = snapshots.current(scope)
    if snapshot is None:
        yield None
        return
    ends = month_ends(snapshot.as_of, months)
    (path,) = kept.kept_tables(
        snapshot,
        (f"stages-{months}",),
        lambda session: (
            session.connection.sql(
                f"FROM {computed(session, snapshot.as_of, months).relation}"
            ).to_arrow_table(),
        ),
    )
    with engine.cursor() as connection:
        yield Histories(connection, f"read_parquet({quoted(str(path))})", ends)


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


def months_of(histories: Histories) -> LifecycleMonths:
    """Stages, churn, newly lost and won back at each end but the first."""
    ends = histories.ends
    stages: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    lost: dict[int, int] = defaultdict(int)
    won: dict[int, int] = defaultdict(int)
    places = f"range(1, {len(ends)}) ends(place)"
    for place, now, bought, before, members in histories.connection.execute(
        f"""
        SELECT place, {_stage(ends, "place")}, {_bought(ends, "place")},
               {_stage(ends, "place - 1")}, sum(members)::BIGINT
        FROM {histories.relation}, {places} GROUP BY ALL
        """
    ).fetchall():
        stages[place][now] += members
        lost[place] += members if now == _LOST != before else 0
        won[place] += members if before == _LOST and bought else 0
    rows = [
        _month_end(day, stages[place], lost[place], won[place])
        for place, day in enumerate(ends[1:], start=1)
    ]
    return LifecycleMonths(ends[0], list(dropwhile(lambda row: not row.buyers, rows)))


def _month_end(day: date, members: dict[int, int], lost: int, won: int) -> MonthEnd:
    counts = [members.get(number, 0) for number in range(1, len(_CODES))]
    stages = [
        StageCount(label.code, label.zh, label.en, count)
        for label, count in zip(definitions.STAGES, counts, strict=True)
    ]
    buyers = sum(counts)
    return MonthEnd(day, buyers, stages, divided(members.get(_LOST, 0), buyers), lost, won)


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
