"""Who can have entered or left a segment between two sets of figures: nobody else is judged again.

Four things move an answer, and each is looked for where it can be: a trait that answers a condition
otherwise, a fact that came, went or changed, an instant at which a window lets a fact in or out,
and a condition PostgreSQL answers otherwise. What is found may be more members than moved, never
fewer.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.kernel.months import month_number
from huitou.lake import engine, store
from huitou.lake.engine import quoted
from huitou.lake.happenings import PRODUCTS
from huitou.lake.registry import tables
from huitou.lake.sessions import DUCKDB
from huitou.members.components import Ints
from huitou.segments import grounds, moments, versions
from huitou.segments.grounds import Files, Ground
from huitou.segments.levels import Asked, asked_of, level_of
from huitou.segments.moments import TICK, Ago, At
from huitou.segments.rules import Atom, Did, Rule, TraitIs, atoms, traits_of
from huitou.segments.statements import CARRIED, PEOPLE, Compiled, bind, literal, relation_of

# Members to judge again, and the traits of before and of now, in the session.
_CANDIDATES = "candidates"
_PEOPLE_BEFORE, _PEOPLE_NOW = "people_before", "people_now"
_ALIAS = "member_alias"
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
    replaced = _replaced(ground.brand_id, [*facts, _ALIAS, PRODUCTS], earlier.files, ground.files)
    if replaced is None or not Path(earlier.traits_path).exists():
        return None
    ground.connection.execute(f"CREATE OR REPLACE TEMP TABLE {_CANDIDATES} (member_id BIGINT)")
    _by_traits(ground, asked, earlier)
    if dids:
        _by_facts(ground, facts, replaced)
        for did in dids:
            _by_time(ground, did, earlier.at)
    for members in moved:
        _add_members(ground, members)
    found = _found(ground.connection)
    _narrow(ground, facts, traits_of(asked))
    return found


def _add_members(ground: Ground, members: Ints) -> None:
    ground.connection.register("added", pa.table({"member_id": members}))
    _add(ground.connection, "SELECT member_id FROM added")
    ground.connection.unregister("added")


def _found(connection: duckdb.DuckDBPyConnection) -> Candidates:
    """The candidates, each once, and whose money moved."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_CANDIDATES} AS SELECT DISTINCT member_id"
        f" FROM {_CANDIDATES} WHERE member_id IS NOT NULL"
    )
    rows = connection.execute(
        "SELECT member_id, c.member_id IS NOT NULL AS to_judge,"
        " coalesce(monetary_minor, 0)::BIGINT AS spent, coalesce(more, 0)::BIGINT AS more"
        f" FROM {_CANDIDATES} c FULL JOIN {_TRAITS_MOVED} USING (member_id)"
        f" LEFT JOIN {PEOPLE} USING (member_id)"
        " WHERE c.member_id IS NOT NULL OR more <> 0 ORDER BY member_id"
    ).fetchnumpy()
    named = ("member_id", "to_judge", "spent", "more")
    return Candidates(*(np.asarray(rows[name]) for name in named))


def _narrow(ground: Ground, facts: Mapping[str, Asked], traits: Collection[str]) -> None:
    """Let the session hold those to judge alone, in memory, with what is asked of them."""
    connection = ground.connection
    among = f"JOIN {_CANDIDATES} USING (member_id)"
    for table, asked in sorted(facts.items()):
        name = relation_of(table)
        rows = grounds.facts_sql(connection, table, ground.currency)
        columns = _of_columns(tables()[table].schema, asked.columns | {"month"})
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(
            f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM ({rows}) {among}"
            f"{_not_too_long_ago(asked, ground.at)}"
        )
    kept = ", ".join(sorted({"member_id", *CARRIED, *traits}))
    connection.execute(f"CREATE TEMP TABLE narrowed AS SELECT {kept} FROM {PEOPLE} {among}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {PEOPLE} AS SELECT * FROM narrowed")


def _of_columns(schema: pa.Schema, asked: Collection[str]) -> str:
    """Every column, to be selected; of those not asked for there is nothing."""
    unasked = [f for f in schema if f.name not in asked]
    empty = ", ".join(f"NULL::{engine.sql_type(f.type)} AS {f.name}" for f in unasked)
    return f"* REPLACE ({empty})" if empty else "*"


def _not_too_long_ago(asked: Asked, at: At) -> str:
    """The month before which no condition's window reaches, as a filter that skips files."""
    if asked.windows is None or not all(window.has_start for window in asked.windows):
        return ""
    starts = [window.stretch(at).start for window in asked.windows]
    first = min(start for start in starts if start is not None)
    return f" WHERE month >= {month_number(first.astimezone(at.zone).date())}"


def _add(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(f"INSERT INTO {_CANDIDATES} {sql}")


def _by_traits(ground: Ground, asked: Sequence[Atom], earlier: Earlier) -> None:
    """Members of whom a condition on traits, or their cycle where it is used, is otherwise.

    Leaves in the session of whom that holds and of whom the amount spent moved, and by how much.
    """
    connection = ground.connection
    traits = tuple(atom for atom in asked if isinstance(atom, TraitIs))
    statement = grounds.compiled_once(traits, DUCKDB)
    _both_versions(ground, statement, traits_of(asked), earlier)
    now = bind(statement, ground.at, people=_PEOPLE_NOW)
    before = bind(statement, earlier.at, people=_PEOPLE_BEFORE)
    answers = [f"rule_{n}" for n in range(len(traits))]
    differs = ["o.member_id IS NULL", "n.member_id IS NULL"]
    differs += [f"o.{answer} <> n.{answer}" for answer in answers]
    more = "coalesce(n.monetary_minor, 0) - coalesce(o.monetary_minor, 0)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_TRAITS_MOVED} AS"
        f" SELECT coalesce(o.member_id, n.member_id) AS member_id, {more} AS more,"
        f" {' OR '.join(differs)} AS differs"
        f" FROM ({before}) o FULL JOIN ({now}) n USING (member_id) WHERE differs OR {more} <> 0"
    )
    _add(connection, f"SELECT member_id FROM {_TRAITS_MOVED} WHERE differs")
    if any(isinstance(atom, Did) and atom.window.cycles is not None for atom in asked):
        _add(
            connection,
            f"SELECT member_id FROM {_PEOPLE_BEFORE} o JOIN {_PEOPLE_NOW} n USING (member_id)"
            " WHERE o.cycle_days IS DISTINCT FROM n.cycle_days",
        )


def _both_versions(
    ground: Ground, statement: Compiled, traits: Collection[str], earlier: Earlier
) -> None:
    """Give the session the traits of before and of now.

    While the points of time of the conditions stand still, none is answered otherwise of a member
    with the same traits: such members are left out.
    """
    connection = ground.connection
    if all(moment(ground.at) == moment(earlier.at) for moment in statement.moments):
        needed = sorted({*traits, *CARRIED})
        sides = versions.differing(earlier.traits_path, ground.traits_path, needed)
        for name, rows in zip((_PEOPLE_BEFORE, _PEOPLE_NOW), sides, strict=True):
            connection.register(name, rows)
        return
    for name, path in ((_PEOPLE_BEFORE, earlier.traits_path), (_PEOPLE_NOW, ground.traits_path)):
        connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM read_parquet({quoted(path)})")


@dataclass(frozen=True)
class _Replaced:
    """Paths of a table that only one of two versions has."""

    gone: list[str]
    fresh: list[str]


def _replaced(
    brand_id: int, names: Iterable[str], before: Files, now: Files
) -> dict[str, _Replaced] | None:
    """What differs between two versions; None when files of before are no longer there."""
    found = {}
    for name in names:
        old, new = set(before.get(name, ())), set(now.get(name, ()))
        gone, fresh = sorted(old - new), sorted(new - old)
        paths = store.absolute(brand_id, {"gone": gone, "fresh": fresh})
        if not all(os.path.exists(path) for path in paths["gone"]):
            return None
        found[name] = _Replaced(paths["gone"], paths["fresh"])
    return found


def _by_facts(
    ground: Ground, facts: Mapping[str, Asked], replaced: Mapping[str, _Replaced]
) -> None:
    """Members with a fact that only one version has, or whose accounts were merged or parted."""
    connection = ground.connection
    for table, asked in facts.items():
        # What makes a row one of the happening's, for whichever condition, is one of its columns.
        priced = "currency" in tables()[table].schema.names
        where = f"WHERE currency = {quoted(ground.currency)}" if priced else ""
        rows = _differing(table, replaced[table], sorted(asked.columns), where)
        if rows:
            _add(connection, f"SELECT member_id FROM ({rows})")
    aliases = _differing(_ALIAS, replaced[_ALIAS], ("account_id", "member_id"))
    if aliases:
        _add(connection, f"SELECT unnest([account_id, member_id]) FROM ({aliases})")
    # A fact names an account; its member is the person.
    _add(
        connection,
        f"SELECT a.member_id FROM {_ALIAS} a JOIN {_CANDIDATES} c ON c.member_id = a.account_id",
    )
    changed = _differing(PRODUCTS, replaced[PRODUCTS], tables()[PRODUCTS].schema.names)
    for table, asked in facts.items():
        if changed and asked.products and asked.level.product:
            ours, theirs = asked.level.product
            keys = f"SELECT {theirs} FROM ({changed})"
            rows = grounds.facts_sql(connection, table, ground.currency)
            _add(connection, f"SELECT member_id FROM ({rows}) WHERE {ours} IN ({keys})")


def _differing(table: str, replaced: _Replaced, columns: Sequence[str], where: str = "") -> str:
    """The rows, by ``columns``, that only one of two versions has; '' when no file differs."""
    if not replaced.gone and not replaced.fresh:
        return ""
    listed = ", ".join(columns)
    sides = [
        f"SELECT {listed}, {count} AS times"
        f" FROM ({engine.rows_sql(tables()[table], paths)}) {where}"
        for count, paths in ((-1, replaced.gone), (1, replaced.fresh))
    ]
    return (
        f"SELECT {listed} FROM ({' UNION ALL '.join(sides)})"
        f" GROUP BY {listed} HAVING sum(times) <> 0"
    )


def _by_time(ground: Ground, did: Did, before: At) -> None:
    """Members with a fact that the passing of time let into the condition's window, or out."""
    connection, level = ground.connection, level_of(did)
    rows = grounds.facts_sql(connection, level.table, ground.currency)
    happened = level.moment
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
