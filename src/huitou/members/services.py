"""The only writers of members and identities; everything here works on sets.

People arrive as Arrow tables with columns ``name, phone, email, gender, birthday, province, city``
(all but ``name`` optional) and the strong identifiers ``id1_kind, id1_value … id3_kind,
id3_value``, best first. Equal identifiers of one platform are one member. Joining members across
platforms is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from numpy.typing import NDArray

from huitou.eventlog.before_images import keep_before, restore_rows
from huitou.kernel.columns import copy_in
from huitou.members.resolution import Resolution, resolve

PROFILE_COLUMNS = ("name", "phone", "email", "gender", "birthday", "province", "city")
# First key of the advisory lock that serialises writers of one brand's identities.
_IDENTITY_LOCK = 74_001


@dataclass(frozen=True)
class ResolvedPeople:
    """``member_ids`` per input row (0 where the row had no identifier) and the new ones."""

    member_ids: NDArray[np.int64]
    created_ids: NDArray[np.int64]


def resolve_people(
    *, brand_id: int, shop_id: int, platform: str, source_ref: int | None, people: pa.Table
) -> ResolvedPeople:
    """Find or create the member of every row, by exact identifiers.

    Must run in a transaction; writers of the same brand wait for each other. A row whose
    identifiers lead to several members belongs to that of its first known identifier.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_IDENTITY_LOCK, brand_id])
        plan = resolve(people, known=lambda keys: _known(brand_id, platform, keys))
        created = _allocate(cursor, "members_member", plan.new_rows.size)
        plan = plan.with_created(created)
        _insert_members(cursor, people, plan, brand_id, shop_id, source_ref)
        _insert_identities(cursor, plan, brand_id, platform, source_ref)
    return ResolvedPeople(member_ids=plan.member_ids, created_ids=created)


def record_profiles(
    *, brand_id: int, source_ref: int, people: pa.Table, resolved: ResolvedPeople
) -> NDArray[np.int64]:
    """Let declared profiles (a customer file) fill and replace those on record.

    Silent cells change nothing. Where several rows speak of one member, the first that says a
    thing counts, so the same rows again change nothing. Returns the position of the first row of
    each member that changed.
    """
    rows = _first_said(_profile(people), resolved.member_ids)
    if rows.num_rows == 0:
        return np.array([], dtype=np.int64)
    with connection.cursor() as cursor:
        cursor.execute(
            "create temp table stage_profile (n bigint, id bigint, name text, phone text,"
            " email text, gender text, birthday date, province text, city text) on commit drop"
        )
        copy_in(cursor, "stage_profile", rows, ["n", "id", *PROFILE_COLUMNS])
        said = " or ".join(
            f"coalesce(s.{c}::text, '') <> '' and s.{c} is distinct from m.{c}"
            for c in PROFILE_COLUMNS
        )
        cursor.execute(
            "create temp table changed_profile on commit drop as select s.* from stage_profile s"
            f" join members_member m on m.id = s.id and m.brand_id = %s where {said}",
            [brand_id],
        )
        keep_before(cursor, "members_member", "select id from changed_profile", source_ref)
        assignments = ", ".join(
            f"{c} = coalesce(nullif(s.{c}, ''), m.{c})" for c in PROFILE_COLUMNS if c != "birthday"
        )
        cursor.execute(
            f"update members_member m set {assignments},"
            " birthday = coalesce(s.birthday, m.birthday), changed_ref = %s"
            " from changed_profile s where m.id = s.id returning s.n",
            [source_ref],
        )
        changed = [row[0] for row in cursor.fetchall()]
        cursor.execute("drop table stage_profile, changed_profile")
    return np.array(sorted(changed), dtype=np.int64)


@transaction.atomic
def undo(*, brand_id: int, source_ref: int, in_use: Sequence[str]) -> int:
    """Take back what ``source_ref`` recorded; returns the number of members removed.

    A member stays while another source gave it an identity or one of the ``in_use`` queries (of
    rooms above, each naming ``m.id`` as the member) finds a row.
    """
    used = " or ".join(f"exists ({query})" for query in in_use) or "false"
    with connection.cursor() as cursor:
        restore_rows(cursor, "members_member", source_ref)
        cursor.execute(
            f"""
            delete from members_identity i using members_member m
            where i.source_ref = %(ref)s and i.brand_id = %(brand)s and m.id = i.member_id
              and (m.source_ref is distinct from %(ref)s or not ({used}))
            """,
            {"ref": source_ref, "brand": brand_id},
        )
        cursor.execute(
            f"""
            delete from members_member m
            where m.source_ref = %(ref)s and m.brand_id = %(brand)s
              and not exists (select 1 from members_identity i where i.member_id = m.id)
              and not ({used})
            """,
            {"ref": source_ref, "brand": brand_id},
        )
        return int(cursor.rowcount)


def _known(brand_id: int, platform: str, keys: pa.Table) -> pa.Table:
    """Of ``keys`` (kind, value) those already on record, with their member_id."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select k.n - 1, i.member_id
            from unnest(%s::text[], %s::text[]) with ordinality as k(kind, value, n)
            join members_identity i
              on i.brand_id = %s and i.platform = %s and i.kind = k.kind and i.value = k.value
            """,
            [keys["kind"].to_pylist(), keys["value"].to_pylist(), brand_id, platform],
        )
        found = cursor.fetchall()
    return pa.table(
        {
            "key": pa.array([row[0] for row in found], pa.int64()),
            "member_id": pa.array([row[1] for row in found], pa.int64()),
        }
    )


def _allocate(cursor: object, table: str, count: int) -> NDArray[np.int64]:
    """Take ``count`` primary keys of ``table`` in one go, so that COPY can name them."""
    if count == 0:
        return np.array([], dtype=np.int64)
    cursor.execute(  # type: ignore[attr-defined]
        "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)",
        [table, count],
    )
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)  # type: ignore[attr-defined]


def _profile(people: pa.Table) -> pa.Table:
    """The profile columns, absent ones empty."""
    columns = {}
    for name in PROFILE_COLUMNS:
        if name in people.column_names:
            columns[name] = people[name]
        elif name == "birthday":
            columns[name] = pa.nulls(people.num_rows, pa.date32())
        else:
            columns[name] = pa.nulls(people.num_rows, pa.string())
    return pa.table(columns)


def _first_said(profiles: pa.Table, member_ids: NDArray[np.int64]) -> pa.Table:
    """One row per member: for each column the first value said; ``n`` is the first position."""
    members, first = np.unique(member_ids, return_index=True)
    members, first = members[members > 0], first[members > 0]
    columns = {"n": pa.array(first), "id": pa.array(members)}
    for name in PROFILE_COLUMNS:
        column = profiles[name].combine_chunks()
        said = pc.is_valid(column)
        if name != "birthday":
            said = pc.and_(said, pc.not_equal(column, ""))
        at = np.flatnonzero(pc.fill_null(said, False).to_numpy(zero_copy_only=False))
        speaking, first_at = np.unique(member_ids[at], return_index=True)
        place = np.searchsorted(speaking, members)
        found = place < speaking.size
        found[found] = speaking[place[found]] == members[found]
        source = np.zeros(members.size, dtype=np.int64)
        source[found] = at[first_at[place[found]]]
        columns[name] = column.take(pa.array(source, mask=~found))
    return pa.table(columns)


def _insert_members(
    cursor: object,
    people: pa.Table,
    plan: Resolution,
    brand_id: int,
    shop_id: int,
    source_ref: int | None,
) -> None:
    size = plan.new_rows.size
    if size == 0:
        return
    rows = _profile(people).take(pa.array(plan.new_rows))
    for index, name in enumerate(PROFILE_COLUMNS):
        if name != "birthday":
            rows = rows.set_column(index, name, pc.fill_null(rows[name], ""))
    rows = (
        rows.append_column("id", pa.array(plan.created_ids))
        .append_column("brand_id", pa.array(np.full(size, brand_id)))
        .append_column("first_shop_id", pa.array(np.full(size, shop_id)))
        .append_column("source_ref", pa.array([source_ref] * size, pa.int64()))
        .append_column("changed_ref", pa.array([source_ref] * size, pa.int64()))
    )
    copy_in(cursor, "members_member", rows, rows.column_names)  # type: ignore[arg-type]


def _insert_identities(
    cursor: object, plan: Resolution, brand_id: int, platform: str, source_ref: int | None
) -> None:
    rows = plan.new_identities
    size = rows.num_rows
    if size == 0:
        return
    rows = (
        rows.append_column("brand_id", pa.array(np.full(size, brand_id)))
        .append_column("platform", pa.array([platform] * size))
        .append_column("source_ref", pa.array([source_ref] * size, pa.int64()))
    )
    copy_in(cursor, "members_identity", rows, rows.column_names)  # type: ignore[arg-type]
