"""Customers that a file calls by two names at one phone or e-mail: nobody guesses who is meant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.kernel.columns import copy_in
from huitou.members.models import PLATFORM_KINDS
from huitou.members.resolution import whole_names
from huitou.vault.columns import sealed_column

Ints = NDArray[np.int64]


def set_conflicts_aside(
    cursor: Any,
    *,
    brand_id: int,
    source_ref: int,
    people: pa.Table,
    member_ids: Ints,
    columns: Sequence[str],
) -> Ints:
    """Record customers called otherwise than the one who has their contact already.

    Only accounts found by a phone or an e-mail are concerned, and only names of one file: a new
    name in a later file is that person's new name. What the row says (``columns``) is kept with
    the question. Returns ``member_ids`` with 0 for the rows that wait for an answer.
    """
    names = np.asarray(whole_names(people["name"]).to_pylist(), dtype=object)
    named = np.flatnonzero((member_ids > 0) & (names != ""))
    chosen = _names_kept(cursor, source_ref, member_ids[named], names[named])
    asked = _asked(cursor, np.unique(member_ids[named]))
    waiting: list[int] = []
    fresh: dict[tuple[int, str], int] = {}
    for row in named.tolist():
        member, name = int(member_ids[row]), names[row]
        answer = asked.get((member, name))
        if answer == "same" or (answer is None and name == chosen.get(member, name)):
            continue
        waiting.append(row)
        if answer is None:
            fresh.setdefault((member, name), row)
    _ask(cursor, brand_id, source_ref, people, columns, fresh)
    kept = member_ids.copy()
    kept[waiting] = 0
    return kept


def _names_kept(cursor: Any, source_ref: int, members: Ints, names: Any) -> dict[int, str]:
    """The name that stays with each account which this file may call by two."""
    pairs = dict.fromkeys(zip(members.tolist(), names.tolist(), strict=True))
    said: dict[int, list[str]] = {}
    for member, name in pairs:
        said.setdefault(member, []).append(name)
    several = [member for member, found in said.items() if len(found) > 1]
    cursor.execute(
        """
        select m.id, m.name, m.source_ref = %(ref)s or m.changed_ref = %(ref)s
        from members_member m
        where (m.id = any(%(several)s)
               or m.id = any(%(all)s) and (m.source_ref = %(ref)s or m.changed_ref = %(ref)s))
          and exists (select 1 from members_identity i
                      where i.member_id = m.id and i.owns and i.kind <> all(%(local)s))
        """,
        {
            "ref": source_ref,
            "several": several,
            "all": list(said),
            "local": sorted(PLATFORM_KINDS),
        },
    )
    found = cursor.fetchall()
    on_record = whole_names(pa.array([row[1] for row in found], pa.string())).to_pylist()
    chosen = {}
    for (member, _, is_ours), name in zip(found, on_record, strict=True):
        keeps = name and (is_ours or name in said[member])
        chosen[member] = name if keeps else said[member][0]
    return chosen


def _asked(cursor: Any, members: Ints) -> dict[tuple[int, str], str]:
    """The answer, or "open", to each question asked before about an account and a name."""
    cursor.execute(
        "select member_id, name, state from members_conflict where member_id = any(%s)",
        [members.tolist()],
    )
    rows = cursor.fetchall()
    names = whole_names(pa.array([row[1] for row in rows], pa.string())).to_pylist()
    return {(row[0], name): row[2] for row, name in zip(rows, names, strict=True)}


def _ask(
    cursor: Any,
    brand_id: int,
    source_ref: int,
    people: pa.Table,
    columns: Sequence[str],
    fresh: dict[tuple[int, str], int],
) -> None:
    if not fresh:
        return
    rows = people.take(pa.array(list(fresh.values()))).to_pylist()
    members = [member for member, _ in fresh]
    cursor.execute(
        "select member_id, kind from members_identity where owns and member_id = any(%s)",
        [members],
    )
    kinds = dict(cursor.fetchall())
    profiles = [{c: str(row[c]) for c in columns if row.get(c) not in (None, "")} for row in rows]
    size = len(rows)
    table = pa.table(
        {
            "brand_id": pa.array([brand_id] * size, pa.int64()),
            "member_id": pa.array(members, pa.int64()),
            "kind": [kinds[member] for member in members],
            "name": [row["name"] for row in rows],
            "profile": sealed_column(
                pa.array([json.dumps(profile, ensure_ascii=False) for profile in profiles]),
                table="members_conflict",
                column="profile",
            ),
            "source_ref": pa.array([source_ref] * size, pa.int64()),
        }
    )
    copy_in(cursor, "members_conflict", table, table.column_names)
