"""Who can have entered or left a segment between two sets of figures: nobody else is judged again.

Four things move an answer, and each is looked for where it can be: a trait that answers a condition
otherwise, a fact that came, went or changed, an instant at which a window lets a fact in or out,
and a condition PostgreSQL answers otherwise. What is found may be more members than moved, never
fewer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.insight.traits import BY_NAME
from huitou.kernel.months import month_number
from huitou.lake import engine
from huitou.lake.engine import quoted
from huitou.lake.happenings import PRODUCTS
from huitou.lake.registry import tables
from huitou.lake.sessions import DUCKDB
from huitou.members.components import Ints
from huitou.segments import grounds, moments, versions
from huitou.segments.grounds import Files, Ground
from huitou.segments.levels import Asked, asked_of, level_of
from huitou.segments.moments import TICK, Ago, At
from huitou.segments.rules import Did, Rule, TraitIs, atoms, traits_of
from huitou.segments.statements import CARRIED, PEOPLE, Compiled, bind, literal, relation_of
from huitou.segments.versions import Fresh, Gone

# Members to judge again, and the traits of before and of now, in the session.
_CANDIDATES = "candidates"
_PEOPLE_BEFORE, _PEOPLE_NOW = "people_before", "people_now"
_ALIAS = "member_alias"
# The candidates and whose money moved, with their traits, in the session.
_LOOKED_AT = "looked_at"
# Of whom a trait answers otherwise or the amount spent moved, in the session.
_TRAITS_MOVED = "traits_moved"


@dataclass(frozen=True)
class Earlier:
    """The figures segments were last judged on: traits, files of the lake, and the instant."""

    traits_path: str
    files: Files
    at: At


@dataclass(frozen=True)
class Candidates:
    """Who can have moved, and who spent another amount than before; ascending by member.

    ``to_judge`` says of each whether it can have moved, ``spent`` what it spent in all (minor
    units), ``spent_more`` how much more that is than before.
    """

    members: Ints
    to_judge: NDArray[np.bool_]
    spent: Ints
    spent_more: Ints


def collect(
    ground: Ground, rules: Iterable[Rule], earlier: Earlier, moved: Iterable[Ints]
) -> Candidates | None:
    """Find the candidates, those that conditions of PostgreSQL ``moved`` among them.

    Afterwards the session holds the facts and traits of those to judge alone. None when the earlier
    figures are not there any more to compare with: then everybody is a candidate.
    """
    asked = list(dict.fromkeys(atom for rule in rules for atom in atoms(rule)))
    dids = [atom for atom in asked if isinstance(atom, Did)]
    facts = asked_of(dids)
    replaced = versions.replaced(
        ground.brand_id, [*facts, _ALIAS, PRODUCTS], earlier.files, ground.files
    )
    if replaced is None or not Path(earlier.traits_path).exists():
        return None
    connection, traits = ground.connection, traits_of(asked)
    rows = {table: grounds.facts_sql(connection, table, ground.currency) for table in sorted(facts)}
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_CANDIDATES} (member_id BIGINT)")
    on_traits = tuple(atom for atom in asked if isinstance(atom, TraitIs))
    with ThreadPoolExecutor(1) as beside:
        # One processor reads the figures while another reads the lake.
        figures = beside.submit(_figures_differing, ground, on_traits, traits, earlier)
        if dids:
            _by_facts(ground, facts, replaced, rows)
            for did in dids:
                _by_time(ground, did, earlier.at, rows[level_of(did).table])
        statement = grounds.compiled_once(on_traits, DUCKDB)
        _by_figures(ground, statement, len(on_traits), earlier, figures.result())
    if any(did.window.cycles is not None for did in dids):
        _add(
            connection,
            f"SELECT member_id FROM {_PEOPLE_BEFORE} o JOIN {_PEOPLE_NOW} n USING (member_id)"
            " WHERE o.cycle_days IS DISTINCT FROM n.cycle_days",
        )
    for members in moved:
        _add_members(ground, members)
    found = _found(connection, traits)
    _narrow(ground, facts, rows)
    return found


def _add_members(ground: Ground, members: Ints) -> None:
    ground.connection.register("added", pa.table({"member_id": members}))
    _add(ground.connection, "SELECT member_id FROM added")
    ground.connection.unregister("added")


def _found(connection: duckdb.DuckDBPyConnection, traits: Collection[str]) -> Candidates:
    """The candidates, each once, and whose money moved; ``people`` become those to judge."""
    kept = ", ".join(sorted({*CARRIED, *traits}))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_LOOKED_AT} AS"
        f" SELECT member_id, to_judge, more, p.member_id IS NOT NULL AS is_known, {kept}"
        " FROM (SELECT member_id, bool_or(to_judge) AS to_judge, sum(more)::BIGINT AS more FROM"
        f" (SELECT member_id, true AS to_judge, 0 AS more FROM {_CANDIDATES} UNION ALL"
        f" SELECT member_id, false, more FROM {_TRAITS_MOVED} WHERE more <> 0)"
        f" WHERE member_id IS NOT NULL GROUP BY member_id) LEFT JOIN {PEOPLE} p USING (member_id)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CANDIDATES} AS"
        f" SELECT member_id FROM {_LOOKED_AT} WHERE to_judge"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {PEOPLE} AS"
        f" SELECT member_id, {kept} FROM {_LOOKED_AT} WHERE to_judge AND is_known"
    )
    rows = connection.execute(
        "SELECT member_id, to_judge, coalesce(monetary_minor, 0)::BIGINT AS spent, more"
        f" FROM {_LOOKED_AT} ORDER BY member_id"
    ).fetchnumpy()
    named = ("member_id", "to_judge", "spent", "more")
    return Candidates(*(np.asarray(rows[name]) for name in named))


def _narrow(ground: Ground, facts: Mapping[str, Asked], rows: Mapping[str, str]) -> None:
    """Let the session hold the facts of those to judge alone, in memory, with what is asked."""
    connection = ground.connection
    for table, asked in facts.items():
        name, columns = relation_of(table), asked.columns | {"month"}
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE narrowed_{table} AS SELECT {', '.join(sorted(columns))}"
            f" FROM ({rows[table]}) JOIN {_CANDIDATES} USING (member_id)"
            f"{_not_too_long_ago(asked, ground.at)}"
        )
        listed = _of_columns(tables()[table].schema, columns)
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {listed} FROM narrowed_{table}"
        )
    ground.happened.update(facts)


def _of_columns(schema: pa.Schema, asked: Collection[str]) -> str:
    """Every column, to be selected; of those not asked for there is nothing."""
    return ", ".join(
        f.name if f.name in asked else f"NULL::{engine.sql_type(f.type)} AS {f.name}"
        for f in schema
    )


def _not_too_long_ago(asked: Asked, at: At) -> str:
    """The month before which no condition's window reaches, as a filter that skips files."""
    if asked.windows is None or not all(window.has_start for window in asked.windows):
        return ""
    starts = [window.stretch(at).start for window in asked.windows]
    first = min(start for start in starts if start is not None)
    return f" WHERE month >= {month_number(first.astimezone(at.zone).date())}"


def _add(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(f"INSERT INTO {_CANDIDATES} {sql}")


def _figures_differing(
    ground: Ground, on_traits: Sequence[TraitIs], traits: Collection[str], earlier: Earlier
) -> tuple[pa.Table, pa.Table] | None:
    """The traits of before and of now, of members with others; None for everybody's.

    While the points of time of the conditions stand still, none is answered otherwise of a member
    with the same traits: such members are left out.
    """
    if _points(on_traits, earlier.at) != _points(on_traits, ground.at):
        return None
    needed = sorted({*traits, *CARRIED})
    return versions.differing(earlier.traits_path, ground.traits_path, needed)


def _points(on_traits: Sequence[TraitIs], at: At) -> list[date]:
    """The points of time that move with the instant, as days where a trait is a day."""
    return [
        (moments.day_of if BY_NAME[atom.trait].kind == "date" else moments.instant_of)(value, at)
        for atom in on_traits
        for value in (test.value for test in atom.tests)
        if isinstance(value, Ago)
    ]


def _by_figures(
    ground: Ground,
    statement: Compiled,
    answers: int,
    earlier: Earlier,
    differing: tuple[pa.Table, pa.Table] | None,
) -> None:
    """Members of whom a condition on traits is answered otherwise.

    Leaves in the session of whom that holds and of whom the amount spent moved, and by how much.
    """
    connection = ground.connection
    before, now = differing or (None, None)
    for name, path, rows in (
        (_PEOPLE_BEFORE, earlier.traits_path, before),
        (_PEOPLE_NOW, ground.traits_path, now),
    ):
        if rows is None:
            rows = connection.read_parquet(path)
        connection.register(name, rows)
    was = bind(statement, earlier.at, people=_PEOPLE_BEFORE)
    is_now = bind(statement, ground.at, people=_PEOPLE_NOW)
    differs = ["o.member_id IS NULL", "n.member_id IS NULL"]
    differs += [f"o.rule_{n} <> n.rule_{n}" for n in range(answers)]
    more = "coalesce(n.monetary_minor, 0) - coalesce(o.monetary_minor, 0)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_TRAITS_MOVED} AS"
        f" SELECT coalesce(o.member_id, n.member_id) AS member_id, {more} AS more,"
        f" {' OR '.join(differs)} AS differs"
        f" FROM ({was}) o FULL JOIN ({is_now}) n USING (member_id) WHERE differs OR {more} <> 0"
    )
    _add(connection, f"SELECT member_id FROM {_TRAITS_MOVED} WHERE differs")


def _by_facts(
    ground: Ground,
    facts: Mapping[str, Asked],
    replaced: Mapping[str, Sequence[tuple[Gone, Fresh]]],
    rows: Mapping[str, str],
) -> None:
    """Members with a fact that only one version has, or whose accounts were merged or parted."""
    connection = ground.connection
    for table, asked in facts.items():
        # What makes a row one of the happening's, for whichever condition, is one of its columns.
        priced = "currency" in tables()[table].schema.names
        where = f"WHERE currency = {quoted(ground.currency)}" if priced else ""
        differing = versions.differing_facts(table, replaced[table], sorted(asked.columns), where)
        if differing:
            _add(connection, f"SELECT member_id FROM ({differing})")
    aliases = versions.differing_facts(_ALIAS, replaced[_ALIAS], ("account_id", "member_id"))
    if aliases:
        _add(connection, f"SELECT unnest([account_id, member_id]) FROM ({aliases})")
    # A fact names an account; its member is the person.
    _add(
        connection,
        f"SELECT a.member_id FROM {_ALIAS} a JOIN {_CANDIDATES} c ON c.member_id = a.account_id",
    )
    changed = versions.differing_facts(
        PRODUCTS, replaced[PRODUCTS], tables()[PRODUCTS].schema.names
    )
    for table, asked in facts.items():
        if changed and asked.products and asked.level.product:
            ours, theirs = asked.level.product
            keys = f"SELECT {theirs} FROM ({changed})"
            _add(connection, f"SELECT member_id FROM ({rows[table]}) WHERE {ours} IN ({keys})")


def _by_time(ground: Ground, did: Did, before: At, rows: str) -> None:
    """Members with a fact, of ``rows``, that time let into the condition's window, or out."""
    connection, happened = ground.connection, level_of(did).moment
    for first, last in _edges(did, before, ground.at):
        months = [month_number(end.astimezone(before.zone).date()) for end in (first, last)]
        _add(
            connection,
            f"SELECT member_id FROM ({rows}) WHERE {happened} >= {literal(first)}"
            f" AND {happened} < {literal(last)}"
            f" AND month BETWEEN {months[0]} AND {months[1]}",
        )
    if did.window.cycles is not None:
        ends = sorted((before.instant, ground.at.instant))
        # A second more on both sides: cycles are counted in whole seconds.
        cycle = f"to_seconds(p.cycle_days * {did.window.cycles * 86_400})"
        _add(
            connection,
            f"SELECT member_id FROM ({rows}) f JOIN {PEOPLE} p USING (member_id)"
            f" WHERE f.{happened} + {cycle} BETWEEN {literal(ends[0] - timedelta(seconds=1))}"
            f" AND {literal(ends[1] + timedelta(seconds=1))}",
        )


def _edges(did: Did, before: At, now: At) -> list[tuple[datetime, datetime]]:
    """Where facts lie whose answer differs between two instants, as (from, before)."""
    old, new = did.window.stretch(before), did.window.stretch(now)
    pairs: list[tuple[datetime | None, datetime | None]] = [
        (old.start, new.start),
        (old.end, new.end),
    ]
    if did.measure.kind in ("first", "last"):
        points = [test.value for test in did.measure.tests if isinstance(test.value, Ago)]
        pairs += [(moments.instant_of(p, before), moments.instant_of(p, now)) for p in points]
    found = []
    for one, other in pairs:
        if one is not None and other is not None and one != other:
            found.append((min(one, other), max(one, other) + TICK))
    return found
