"""Who came and went: those found beside those of before, within a session.

Whoever was in lies in two files (``segments.files``): a base, and those who moved since it was
written. A refresh of candidates reads the base once and writes the moved alone; when these grow
beyond a share of the base, or everybody was judged, a new base is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from huitou.lake.engine import quoted
from huitou.segments.changes import CANDIDATES, PEOPLE_BEFORE
from huitou.segments.files import Kept, folder_of, members_sql, new_name
from huitou.segments.grounds import FOUND, Ground
from huitou.segments.statements import PEOPLE, literal

Ints = NDArray[np.int64]

# Beyond one moved member for so many of the base, a new base is cheaper to read.
_BASE_PER_MOVED = 4
# Of whom the amount spent differs from before, and by how much, in the session.
MONEY_MOVED = "money_moved"


@dataclass(frozen=True)
class Moves:
    """Who entered and who left (ascending), how many are in and what they spent, and the files."""

    entered: Ints
    left: Ints
    members: int
    sales_minor: int
    kept: Kept


def look_beyond_candidates(ground: Ground) -> None:
    """Before the session is narrowed: note of whom the amount spent is another than before."""
    ground.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {MONEY_MOVED} AS"
        " SELECT coalesce(o.member_id, n.member_id) AS member_id,"
        " coalesce(n.monetary_minor, 0) - coalesce(o.monetary_minor, 0) AS more"
        f" FROM {PEOPLE_BEFORE} o FULL JOIN {PEOPLE} n USING (member_id)"
        " WHERE coalesce(n.monetary_minor, 0) <> coalesce(o.monetary_minor, 0)"
    )


def of_candidates(ground: Ground, segment_id: int, before: Kept, sales_minor: int) -> Moves:
    """The moves of the candidates, by those found among them; nobody else is looked at."""
    connection = ground.connection
    was = members_sql(ground.brand_id, segment_id, before)
    # One look at the base for all that is asked of it.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE was_looked_at AS SELECT w.member_id, w.since,"
        f" c.member_id IS NOT NULL AS is_candidate, coalesce(m.more, 0) AS more FROM ({was}) w"
        f" LEFT JOIN {CANDIDATES} c USING (member_id) LEFT JOIN {MONEY_MOVED} m USING (member_id)"
        " WHERE c.member_id IS NOT NULL OR m.member_id IS NOT NULL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE was_in AS"
        " SELECT member_id, since FROM was_looked_at WHERE is_candidate"
    )
    entered, left = _entered_and_left(connection)
    came, went = (
        f"(SELECT sum(monetary_minor) FROM {PEOPLE} SEMI JOIN {moved} USING (member_id))"
        for moved in ("came", "went")
    )
    more = _number(
        connection,
        "SELECT coalesce((SELECT sum(more) FROM was_looked_at), 0)"
        f" + coalesce({came}, 0) - coalesce({went}, 0)",
    )
    members = before.members + entered.size - left.size
    kept = before
    if entered.size or left.size:
        kept = _with_moves(ground, segment_id, before, members)
    return Moves(entered, left, members, sales_minor + more, kept)


def of_everybody(ground: Ground, segment_id: int, before: Kept | None) -> Moves:
    """The moves of all members, by those found among all."""
    connection = ground.connection
    was = members_sql(ground.brand_id, segment_id, before)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE was_in AS {was}")
    entered, left = _entered_and_left(connection)
    members = _number(connection, f"SELECT count(*) FROM {FOUND}")
    sales = _number(connection, f"SELECT sum(monetary_minor) FROM {FOUND}")
    kept = before
    if kept is None or entered.size or left.size:
        rows = (
            f"SELECT f.member_id, coalesce(w.since, {_at(ground)}) AS since"
            f" FROM {FOUND} f LEFT JOIN was_in w USING (member_id)"
        )
        kept = Kept(_written(ground, segment_id, rows), "", members)
    return Moves(entered, left, members, sales, kept)


def _entered_and_left(connection: duckdb.DuckDBPyConnection) -> tuple[Ints, Ints]:
    moved = []
    for name, there, here in (("came", FOUND, "was_in"), ("went", "was_in", FOUND)):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS"
            f" SELECT member_id FROM {there} ANTI JOIN {here} USING (member_id)"
        )
        rows = connection.execute(f"SELECT member_id FROM {name} ORDER BY 1").fetchnumpy()
        moved.append(np.asarray(rows["member_id"]))
    return moved[0], moved[1]


def _with_moves(ground: Ground, segment_id: int, before: Kept, members: int) -> Kept:
    """The files after ``came`` and ``went``: the base as it is, or a new one."""
    earlier = (
        f"SELECT member_id, since FROM read_parquet({_path(ground, segment_id, before.moved)})"
        " WHERE member_id NOT IN (SELECT member_id FROM came UNION ALL SELECT member_id FROM went)"
        " UNION ALL "
        if before.moved
        else ""
    )
    moved = (
        f"{earlier}SELECT member_id, {_at(ground)} AS since FROM came"
        " UNION ALL SELECT member_id, NULL::TIMESTAMPTZ AS since FROM went"
    )
    ground.connection.execute(f"CREATE OR REPLACE TEMP TABLE moved_since AS {moved}")
    count = _number(ground.connection, "SELECT count(*) FROM moved_since")
    if count * _BASE_PER_MOVED <= members:
        name = _written(ground, segment_id, "SELECT * FROM moved_since")
        return Kept(before.base, name, members)
    rows = (
        f"SELECT member_id, since FROM read_parquet({_path(ground, segment_id, before.base)})"
        " ANTI JOIN moved_since USING (member_id)"
        " UNION ALL SELECT * FROM moved_since WHERE since IS NOT NULL"
    )
    return Kept(_written(ground, segment_id, rows), "", members)


def _written(ground: Ground, segment_id: int, rows: str) -> str:
    """Keep rows of (member_id, since) in a new file; returns its name."""
    folder = folder_of(ground.brand_id, segment_id)
    folder.mkdir(parents=True, exist_ok=True)
    name = new_name()
    ground.connection.execute(
        f"COPY (SELECT * FROM ({rows}) ORDER BY member_id)"
        f" TO {_path(ground, segment_id, name)} (FORMAT parquet)"
    )
    return name


def _path(ground: Ground, segment_id: int, name: str) -> str:
    return quoted(str(folder_of(ground.brand_id, segment_id) / name))


def _at(ground: Ground) -> str:
    return literal(ground.at.instant)


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0] or 0)
