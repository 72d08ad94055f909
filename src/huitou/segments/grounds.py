"""Where rules are judged: a session over one version of the lake, as of one instant.

Figures say as of when they are. On the day figures were made, that is when they were made: later
news is not in them. On any other day it is the day's last instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from huitou.brands.models import Brand
from huitou.insight import plan, snapshots
from huitou.insight.snapshots import Snapshot
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake.engine import quoted
from huitou.lake.registry import tables
from huitou.lake.sessions import Session
from huitou.members.components import Ints
from huitou.segments import moments
from huitou.segments.holding import members_of, numbered
from huitou.segments.moments import At
from huitou.segments.rules import Holds, Rule
from huitou.segments.statements import (
    CARRIED,
    HOLDINGS,
    PEOPLE,
    Compiled,
    bind,
    relation_of,
)

Files = Mapping[str, Sequence[str]]

# Statements a process keeps compiled; a brand has a hundred segments, not a thousand.
_COMPILED_KEPT = 512
# Rules that share a statement: beyond some, it costs more to plan than the scans it saves.
_RULES_A_STATEMENT = 25
# The table ``find`` leaves in the session.
FOUND = "found"


@dataclass(frozen=True)
class Ground:
    """A session with ``people``; what else a rule asks about is added when it is judged.

    ``figures`` is the name of the snapshot, ``traits_path`` its traits, ``files`` are the lake's it
    was made from; ``answers`` are those of PostgreSQL, asked once each, and ``happened`` names the
    lake tables whose facts the session has (``relation_of``).
    """

    session: Session
    brand_id: int
    currency: str
    at: At
    as_of: date
    refreshed_at: datetime
    figures: str
    traits_path: str
    files: Files
    answers: dict[Holds, Ints] = field(default_factory=dict)
    happened: set[str] = field(default_factory=set)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Where what was found is read."""
        return self.session.connection

    def holders_of(self, atom: Holds) -> Ints:
        """The members of whom a condition of PostgreSQL holds."""
        if atom not in self.answers:
            self.answers[atom] = members_of(self.brand_id, atom, self.at)
        return self.answers[atom]


def snapshot_of(brand_id: int) -> Snapshot:
    """The figures in force. Raises ``RefusedInputError``: ``NO_FIGURES`` before the first."""
    snapshot = snapshots.current(Scope(brand_id))
    if snapshot is None:
        raise RefusedInputError(
            "NO_FIGURES", "This brand has no figures yet: import orders, or run a refresh."
        )
    return snapshot


@contextmanager
def opened(brand: Brand, *, as_of: date | None = None) -> Iterator[Ground]:
    """A session over the figures in force, as of their day or another; as ``snapshot_of``."""
    snapshot = snapshot_of(brand.pk)
    day = as_of or snapshot.as_of
    files = files_of(snapshot.folder)
    with plan.session(brand.pk, files, currency=brand.currency, shop_id=None) as session:
        if day == snapshot.as_of:
            session.read(PEOPLE, snapshot.traits_path)
        else:
            _make_people(session, day)
        at = instant_of(day, snapshot.refreshed_at, ZoneInfo(brand.time_zone))
        yield Ground(
            session=session,
            brand_id=brand.pk,
            currency=brand.currency,
            at=at,
            as_of=day,
            refreshed_at=snapshot.refreshed_at,
            figures=Path(snapshot.folder).name,
            traits_path=snapshot.traits_path,
            files=files,
        )


def files_of(folder: str) -> Files:
    """The files of the lake that a snapshot was made from, by table."""
    found: Files = snapshots.summary(folder)["files"]
    return found


def find(ground: Ground, rule: Rule) -> None:
    """Leave in the session a table ``found``: the members of whom the rule holds."""
    statement = compiled_once((rule,), ground.session.dialect)
    prepare(ground, statement)
    columns = ", ".join(("member_id", *CARRIED))
    ground.session.make(FOUND, f"SELECT {columns} FROM ({bind(statement, ground.at)}) WHERE rule_0")


@dataclass(frozen=True)
class Found:
    """Whom a rule found, ascending, and what each spent in all (minor units)."""

    members: Ints
    spent: Ints


def find_each(ground: Ground, rules: Sequence[Rule]) -> Iterator[Found]:
    """Whom each rule finds, in order: several share one reading of the facts.

    A statement is kept compiled, so who asks again with the same rules should give them in the
    same order.
    """
    for start in range(0, len(rules), _RULES_A_STATEMENT):
        asked = tuple(rules[start : start + _RULES_A_STATEMENT])
        statement = compiled_once(asked, ground.session.dialect)
        prepare(ground, statement)
        answers = [f"rule_{n}" for n in range(len(asked))]
        found = ground.session.rows(
            "SELECT member_id, CAST(coalesce(monetary_minor, 0) AS BIGINT) AS spent,"
            f" {', '.join(answers)} FROM ({bind(statement, ground.at)})"
            f" WHERE {' OR '.join(answers)}"
        )
        rows = ground.connection.execute(found).fetchnumpy()
        order = np.argsort(rows["member_id"])
        members, spent = (np.asarray(rows[name])[order] for name in ("member_id", "spent"))
        for answer in answers:
            holds = np.asarray(rows[answer])[order]
            yield Found(members[holds], spent[holds])


@lru_cache(maxsize=_COMPILED_KEPT)
def compiled_once(rules: tuple[Rule, ...], dialect: str) -> Compiled:
    """``compiled``, remembered."""
    from huitou.segments.compiling import compiled  # loads Ibis, which takes a second

    return compiled(rules, dialect)


def prepare(ground: Ground, statement: Compiled) -> None:
    """Give the session the relations the statement reads and does not have yet."""
    for table in sorted(statement.relations - ground.happened):
        rows = facts_sql(ground.connection, table, ground.currency)
        ground.session.view(relation_of(table), rows)
        ground.happened.add(table)
    if statement.holdings:
        found = numbered([ground.holders_of(atom) for atom in statement.holdings])
        ground.session.put(HOLDINGS, found)


def facts_sql(connection: duckdb.DuckDBPyConnection, table: str, currency: str) -> str:
    """The facts of a lake table under their persons; those with a price in the brand's currency."""
    rows = plan.of_persons(connection, table)
    if "currency" not in tables()[table].schema.names:
        return rows
    return f"SELECT * FROM ({rows}) WHERE currency = {quoted(currency)}"


def instant_of(day: date, refreshed_at: datetime, zone: ZoneInfo) -> At:
    """The instant of judging figures of ``day`` that were made at ``refreshed_at``."""
    made = At(refreshed_at, zone)
    return made if made.day == day else moments.end_of_day(day, zone)


def _make_people(session: Session, day: date) -> None:
    """Every member with the traits of a day."""
    plan.run_steps(session, plan.trait_steps(session.dialect), day)
    session.make(PEOPLE, plan.members_sql())
