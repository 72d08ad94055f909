"""Who can have entered or left a segment between two sets of figures: nobody else is judged again.

Four things move an answer, and each is looked for where it can be: a trait that answers a condition
otherwise, a fact that came, went or changed, an instant at which a window lets a fact in or out,
and a condition PostgreSQL answers otherwise. What is found may be more members than moved, never
fewer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from huitou.kernel.months import month_number
from huitou.lake import engine, store
from huitou.lake.engine import quoted
from huitou.lake.happenings import PRODUCTS
from huitou.lake.registry import tables
from huitou.segments import grounds, moments
from huitou.segments.grounds import Files, Ground
from huitou.segments.holding import Ints
from huitou.segments.levels import Level, asks_products, level_of, levels_of
from huitou.segments.moments import TICK, Ago, At
from huitou.segments.rules import Atom, Did, Rule, TraitIs, atoms
from huitou.segments.statements import PEOPLE, bind, literal, relation_of

# Members to judge again, and the traits of before, in the session.
CANDIDATES, PEOPLE_BEFORE = "candidates", "people_before"
_ALIAS = "member_alias"


@dataclass(frozen=True)
class Earlier:
    """The figures segments were last judged on: traits, files of the lake, and the instant."""

    traits_path: str
    files: Files
    at: At


def collect(ground: Ground, rules: Iterable[Rule], earlier: Earlier) -> bool:
    """Leave in the session a table ``candidates``, but for conditions of PostgreSQL.

    False when the earlier figures are not there any more to compare with: then everybody is a
    candidate.
    """
    asked = list(dict.fromkeys(atom for rule in rules for atom in atoms(rule)))
    dids = [atom for atom in asked if isinstance(atom, Did)]
    levels = {level.table: level for did in dids for level in levels_of(did)}
    replaced = _replaced(ground.brand_id, [*levels, _ALIAS, PRODUCTS], earlier.files, ground.files)
    if replaced is None or not Path(earlier.traits_path).exists():
        return False
    ground.connection.execute(f"CREATE OR REPLACE TEMP TABLE {CANDIDATES} (member_id BIGINT)")
    _by_traits(ground, asked, earlier)
    if dids:
        _by_facts(ground, levels, replaced, products=any(map(asks_products, dids)))
        for did in dids:
            _by_time(ground, did, earlier.at)
    return True


def add_members(ground: Ground, members: Ints) -> None:
    """Add members to the candidates."""
    ground.connection.register("added", pa.table({"member_id": members}))
    _add(ground.connection, "SELECT member_id FROM added")
    ground.connection.unregister("added")


def narrow(ground: Ground, rules: Iterable[Rule]) -> int:
    """Let the session hold the candidates alone, in memory; returns how many there are."""
    connection = ground.connection
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CANDIDATES} AS SELECT DISTINCT member_id"
        f" FROM {CANDIDATES} WHERE member_id IS NOT NULL"
    )
    among = f"member_id IN (SELECT member_id FROM {CANDIDATES})"
    dids = [atom for rule in rules for atom in atoms(rule) if isinstance(atom, Did)]
    for table in sorted({level.table for did in dids for level in levels_of(did)}):
        name = relation_of(table)
        rows = grounds.facts_sql(connection, table, ground.currency)
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM ({rows}) WHERE {among}")
    connection.execute(f"CREATE TEMP TABLE narrowed AS SELECT * FROM {PEOPLE} WHERE {among}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {PEOPLE} AS SELECT * FROM narrowed")
    return int(connection.execute(f"SELECT count(*) FROM {CANDIDATES}").fetchall()[0][0])


def _add(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    connection.execute(f"INSERT INTO {CANDIDATES} {sql}")


def _by_traits(ground: Ground, asked: Sequence[Atom], earlier: Earlier) -> None:
    """Members of whom a condition on traits, or their cycle where it is used, is otherwise."""
    connection = ground.connection
    traits = tuple(atom for atom in asked if isinstance(atom, TraitIs))
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {PEOPLE_BEFORE} AS"
        f" SELECT * FROM read_parquet({quoted(earlier.traits_path)})"
    )
    statement = grounds.compiled_once(traits)
    now = bind(statement, ground.at)
    before = bind(statement, earlier.at, people=PEOPLE_BEFORE)
    answers = [f"rule_{n}" for n in range(len(traits))]
    differs = ["o.member_id IS NULL", "n.member_id IS NULL"]
    differs += [f"o.{answer} <> n.{answer}" for answer in answers]
    _add(
        connection,
        f"SELECT coalesce(o.member_id, n.member_id) FROM ({before}) o"
        f" FULL JOIN ({now}) n USING (member_id) WHERE {' OR '.join(differs)}",
    )
    if any(isinstance(atom, Did) and atom.window.cycles is not None for atom in asked):
        _add(
            connection,
            f"SELECT member_id FROM {PEOPLE_BEFORE} o JOIN {PEOPLE} n USING (member_id)"
            " WHERE o.cycle_days IS DISTINCT FROM n.cycle_days",
        )


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
    ground: Ground,
    levels: Mapping[str, Level],
    replaced: Mapping[str, _Replaced],
    *,
    products: bool,
) -> None:
    """Members with a fact that only one version has, or whose accounts were merged or parted."""
    connection = ground.connection
    for table in levels:
        rows = _differing(table, replaced[table])
        if rows:
            _add(connection, f"SELECT member_id FROM ({rows})")
    aliases = _differing(_ALIAS, replaced[_ALIAS])
    if aliases:
        _add(connection, f"SELECT unnest([account_id, member_id]) FROM ({aliases})")
    # A fact names an account; its member is the person.
    _add(
        connection,
        f"SELECT a.member_id FROM {_ALIAS} a JOIN {CANDIDATES} c ON c.member_id = a.account_id",
    )
    changed = _differing(PRODUCTS, replaced[PRODUCTS]) if products else ""
    for table, level in levels.items():
        if changed and level.product:
            ours, theirs = level.product
            rows = grounds.facts_sql(connection, table, ground.currency)
            keys = f"SELECT {theirs} FROM ({changed})"
            _add(connection, f"SELECT member_id FROM ({rows}) WHERE {ours} IN ({keys})")


def _differing(table: str, replaced: _Replaced) -> str:
    """The rows only one of two versions has; '' when no file differs."""
    if not replaced.gone and not replaced.fresh:
        return ""
    gone, fresh = (
        engine.rows_sql(tables()[table], paths) for paths in (replaced.gone, replaced.fresh)
    )
    return f"(({gone}) EXCEPT ALL ({fresh})) UNION ALL (({fresh}) EXCEPT ALL ({gone}))"


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
    window = did.window
    pairs: list[tuple[datetime | None, datetime | None]] = []
    if window.within is not None:
        old, new = moments.within(window.within, before), moments.within(window.within, now)
    else:
        old = moments.between(window.first, window.last, before)
        new = moments.between(window.first, window.last, now)
    pairs += [(old.start, new.start), (old.end, new.end)]
    if did.measure.kind in ("first", "last"):
        points = [test.value for test in did.measure.tests if isinstance(test.value, Ago)]
        pairs += [(moments.instant_of(p, before), moments.instant_of(p, now)) for p in points]
    found = []
    for one, other in pairs:
        if one is not None and other is not None and one != other:
            found.append((min(one, other), max(one, other) + TICK))
    return found
