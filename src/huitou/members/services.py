"""The only writers of members and identities; everything here works on sets.

People arrive as Arrow tables with columns ``name, phone, email, gender, birthday, lunar_birthday,
province, city`` (all but ``name`` optional), the strong identifiers ``id1_kind, id1_value …
id3_kind, id3_value``, best first, and ``reached_name, reached_phone`` when a parcel names who is
reached where. A row's account is found or made (``resolution``); which accounts are one person
follows from the keys they share (``components``), by the brand's policy and what people decided
(``decisions``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from numpy.typing import NDArray

from huitou.eventlog.before_images import LIVE_SOURCE, keep_before, restore_rows
from huitou.eventlog.services import append
from huitou.kernel.columns import copy_in, text_column
from huitou.members.birthdays import BIRTHDAY_COLUMNS, PROFILES_CHANGED
from huitou.members.conflicts import set_conflicts_aside
from huitou.members.contacts import Concealed, sealed_profile, without_known
from huitou.members.resolution import Rows, by_account, sightings
from huitou.members.unification import (
    lock_identities,
    meeting_accounts,
    policy_of,
    unify,
)

PROFILE_COLUMNS = ("name", "phone", "email", "gender", *BIRTHDAY_COLUMNS, "province", "city")
SEALED_COLUMNS = ("phone", "email")
# Silent when null; the others are silent when empty.
_NULL_COLUMNS = (*SEALED_COLUMNS, *BIRTHDAY_COLUMNS)

# What staff, members and other sources said of an account m keeps it when its import is undone.
_PROFILE_IN_USE = (
    "select 1 from members_attributevalue v"
    " where v.account_id = m.id and v.source_ref is distinct from %(ref)s",
    # A rule puts its tag again wherever the account is found again.
    "select 1 from members_tagassignment t where t.account_id = m.id and t.rule_ref is null",
    "select 1 from members_touch t where t.account_id = m.id",
    "select 1 from members_consententry c where c.account_id = m.id",
    f"select 1 where m.changed_ref = {LIVE_SOURCE}",
)


@dataclass(frozen=True)
class ResolvedPeople:
    """``member_ids``: the account of each row, 0 without identifier; ``created_ids``: the new."""

    member_ids: NDArray[np.int64]
    created_ids: NDArray[np.int64]


@dataclass(frozen=True)
class RecordedProfiles:
    """``changed``: the first row of each account that changed; ``waiting``: rows in question."""

    changed: NDArray[np.int64]
    waiting: int


def resolve_people(
    *,
    brand_id: int,
    shop_id: int,
    platform: str,
    source_ref: int | None,
    people: pa.Table,
    origin: str,
    now: datetime,
) -> ResolvedPeople:
    """Find or create the account of every row, and bring together those that share a key.

    Must run in a transaction; writers of the same brand wait for each other. News of new accounts
    and of changed persons is appended.
    """
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        policy = policy_of(brand_id)
        concealed = Concealed(people, brand_id=brand_id)
        rows = by_account(concealed.people)
        member_of_row, new_keys = _owners(cursor, brand_id, platform, rows)
        created = _allocate(cursor, "members_member", new_keys.size)
        member_of_key = np.zeros(rows.keys.num_rows + 1, dtype=np.int64)
        member_of_key[new_keys] = created
        member_of_row = np.where(member_of_row > 0, member_of_row, member_of_key[rows.key_of_row])
        first_rows = rows.first_row[new_keys]
        _insert_members(cursor, people, first_rows, created, brand_id, shop_id, source_ref)
        seen = _insert_sightings(
            cursor,
            _with_owners(sightings(concealed.people, rows, member_of_row), rows, new_keys, created),
            known=np.unique(member_of_row[~np.isin(member_of_row, created)]),
            concealed=concealed,
            brand_id=brand_id,
            platform=platform,
            source_ref=source_ref,
        )
        append(
            brand_id=brand_id,
            kind="members.members_recorded",
            subject_ids=created.tolist(),
            occurred_at=now,
            origin=origin,
        )
        unify(
            cursor,
            brand_id=brand_id,
            accounts=meeting_accounts(cursor, brand_id, seen, policy),
            policy=policy,
            source_ref=source_ref,
            origin=origin,
            now=now,
        )
    return ResolvedPeople(member_ids=member_of_row, created_ids=created)


def _owners(
    cursor: Any, brand_id: int, platform: str, rows: Rows
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The account on record of each row (0: none), and the positions of keys that have none.

    A contact that two people share has an owner for each name; a row with neither name goes to
    the one without.
    """
    cursor.execute(
        """
        select k.n - 1, i.member_id, i.name
        from unnest(%s::text[], %s::text[]) with ordinality as k(kind, value, n)
        join members_identity i on i.brand_id = %s and i.platform = %s and i.owns
          and i.kind = k.kind and i.value = k.value
        """,
        [rows.keys["kind"].to_pylist(), rows.keys["value"].to_pylist(), brand_id, platform],
    )
    found = cursor.fetchall()
    member_of_key = np.zeros(rows.keys.num_rows + 1, dtype=np.int64)
    for key, member, name in found:
        if not name:
            member_of_key[key] = member
    member_of_row = member_of_key[rows.key_of_row]
    named = [(key, member, name) for key, member, name in found if name]
    for key, member, name in named:
        called = pc.equal(rows.name, name).to_numpy(zero_copy_only=False)
        member_of_row[(rows.key_of_row == key) & called] = member
    used = np.unique(rows.key_of_row[(member_of_row == 0) & (rows.key_of_row >= 0)])
    return member_of_row, used


def _with_owners(
    seen: pa.Table, rows: Rows, new_keys: NDArray[np.int64], created: NDArray[np.int64]
) -> pa.Table:
    """``seen`` with ``owns``: true for the key by which each new account was made."""
    owned = rows.keys.take(pa.array(new_keys))
    own = pc.binary_join_element_wise(
        pa.array(created).cast(pa.string()), owned["kind"], owned["value"], "\x1f"
    )
    each = pc.binary_join_element_wise(
        seen["member_id"].cast(pa.string()), seen["kind"], seen["value"], "\x1f"
    )
    return seen.append_column("owns", pc.is_in(each, value_set=own.combine_chunks()))


def _insert_sightings(
    cursor: Any,
    seen: pa.Table,
    *,
    known: NDArray[np.int64],
    concealed: Concealed,
    brand_id: int,
    platform: str,
    source_ref: int | None,
) -> pa.Table:
    """Add what is not on record of ``seen``; returns it. Only ``known`` accounts can have some."""
    is_old = np.isin(seen["member_id"].to_numpy(), known)
    old = seen.filter(pa.array(is_old))
    fresh = [seen.filter(pa.array(~is_old))]
    if old.num_rows:
        cursor.execute(
            """
            select s.n - 1
            from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
              with ordinality as s(member_id, kind, value, name, n)
            where not exists (
              select 1 from members_identity i where i.brand_id = %s and i.kind = s.kind
                and i.value = s.value and i.member_id = s.member_id
                and (i.owns or i.name = s.name))
            """,
            [*(old[c].to_pylist() for c in ("member_id", "kind", "value", "name")), brand_id],
        )
        fresh.append(old.take(pa.array([row[0] for row in cursor.fetchall()], pa.int64())))
    rows = pa.concat_tables(fresh).combine_chunks()
    size = rows.num_rows
    rows = (
        rows.append_column("brand_id", pa.array(np.full(size, brand_id)))
        .append_column("platform", text_column(size, platform))
        .append_column("source_ref", pa.array([source_ref] * size, pa.int64()))
    )
    stored = rows.append_column("sealed", concealed.sealed(rows["value"].combine_chunks()))
    copy_in(cursor, "members_identity", stored, stored.column_names)
    return rows


def record_profiles(
    *,
    brand_id: int,
    source_ref: int,
    people: pa.Table,
    resolved: ResolvedPeople,
    origin: str,
    now: datetime,
) -> RecordedProfiles:
    """Let declared profiles (a customer file) fill and replace those on record.

    Silent cells change nothing. Where several rows speak of one account, the first that says a
    thing counts, so the same rows again change nothing; a row that calls the person at a contact
    by another name than the file's first waits in ``Conflict``. News of the changed is appended.
    """
    with connection.cursor() as cursor:
        speaking = set_conflicts_aside(
            cursor,
            brand_id=brand_id,
            source_ref=source_ref,
            people=people,
            member_ids=resolved.member_ids,
            columns=PROFILE_COLUMNS,
        )
        rows = _first_said(_profile(people), speaking)
        waiting = int((speaking != resolved.member_ids).sum())
        if rows.num_rows == 0:
            return RecordedProfiles(np.array([], dtype=np.int64), waiting)
        cursor.execute(
            "create temp table stage_profile (n bigint, id bigint, name text, phone bytea,"
            " email bytea, phone_tail text, gender text, birthday date,"
            " lunar_birthday text, province text, city text) on commit drop"
        )
        rows = sealed_profile(without_known(cursor, rows))
        copy_in(cursor, "stage_profile", rows, ["n", "id", "phone_tail", *PROFILE_COLUMNS])
        said = " or ".join(
            f"s.{c} is not null"
            if c in SEALED_COLUMNS
            else f"coalesce(s.{c}::text, '') <> '' and s.{c} is distinct from m.{c}"
            for c in PROFILE_COLUMNS
        )
        cursor.execute(
            "create temp table changed_profile on commit drop as select s.* from stage_profile s"
            f" join members_member m on m.id = s.id and m.brand_id = %s where {said}",
            [brand_id],
        )
        keep_before(cursor, "members_member", "select id from changed_profile", source_ref)
        assignments = ", ".join(
            f"{c} = coalesce(s.{c}, m.{c})"
            if c in _NULL_COLUMNS
            else f"{c} = coalesce(nullif(s.{c}, ''), m.{c})"
            for c in PROFILE_COLUMNS
        )
        cursor.execute(
            f"update members_member m set {assignments}, changed_ref = %s,"
            " phone_tail = case when s.phone is null then m.phone_tail else s.phone_tail end"
            " from changed_profile s where m.id = s.id returning s.n, m.id",
            [source_ref],
        )
        changed = sorted(cursor.fetchall())
        cursor.execute("drop table stage_profile, changed_profile")
    append(
        brand_id=brand_id,
        kind=PROFILES_CHANGED,
        subject_ids=sorted(account for _, account in changed),
        occurred_at=now,
        origin=origin,
    )
    return RecordedProfiles(np.array([row for row, _ in changed], dtype=np.int64), waiting)


@transaction.atomic
def undo(*, brand_id: int, source_ref: int, in_use: Sequence[str], now: datetime) -> int:
    """Take back what ``source_ref`` recorded; returns the number of accounts removed.

    An account stays while another source gave it a key or one of the ``in_use`` queries (of rooms
    above, each naming ``m.id`` as the account) finds a row; then the key that owns it stays too.
    Persons that keys of this source held together come apart.
    """
    used = " or ".join(f"exists ({query})" for query in (*_PROFILE_IN_USE, *in_use))
    values = {"ref": source_ref, "brand": brand_id}
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        cursor.execute(
            f"""
            create temp table undone on commit drop as
            select m.id, coalesce(m.merged_into_id, m.id) as person,
              m.source_ref is not distinct from %(ref)s and not ({used})
              and not exists (select 1 from members_identity i where i.member_id = m.id
                              and i.source_ref is distinct from %(ref)s) as is_gone
            from members_member m
            where m.brand_id = %(brand)s and (m.source_ref = %(ref)s or m.id in (
              select member_id from members_identity
              where brand_id = %(brand)s and source_ref = %(ref)s))
            """,
            values,
        )
        restored = restore_rows(cursor, "members_member", source_ref)
        append(
            brand_id=brand_id,
            kind=PROFILES_CHANGED,
            subject_ids=sorted(restored),
            occurred_at=now,
            origin="backfill",
        )
        cursor.execute(
            "delete from members_attributevalue"
            " where brand_id = %(brand)s and source_ref = %(ref)s",
            values,
        )
        cursor.execute(
            "delete from members_conflict where brand_id = %(brand)s and source_ref = %(ref)s"
            " and state = 'open'",
            values,
        )
        cursor.execute(
            "delete from members_identity i using undone u"
            " where i.member_id = u.id and i.source_ref = %(ref)s and (u.is_gone or not i.owns)",
            values,
        )
        cursor.execute(
            "delete from members_identityedge e using undone u"
            " where u.is_gone and u.id in (e.a_id, e.b_id)"
        )
        cursor.execute(
            "select m.id from members_member m where coalesce(m.merged_into_id, m.id) in"
            " (select person from undone) or m.id in (select id from undone)"
        )
        touched = np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        unify(
            cursor,
            brand_id=brand_id,
            accounts=touched,
            policy=policy_of(brand_id),
            source_ref=source_ref,
            origin="backfill",
            now=now,
            parting="undone",
        )
        removed = _remove_gone(cursor)
        cursor.execute("drop table undone")
    return removed


def _remove_gone(cursor: Any) -> int:
    """Delete the accounts of ``undone`` that are gone, with all that hangs on them."""
    for table, column in (
        ("members_identityedge", "a_id"), ("members_identityedge", "b_id"),
        ("members_suggestion", "a_id"), ("members_suggestion", "b_id"),
        ("members_conflict", "member_id"), ("members_tagassignment", "account_id"),
    ):  # fmt: skip
        cursor.execute(
            f"delete from {table} t using undone u where t.{column} = u.id and u.is_gone"
        )
    cursor.execute("delete from members_member m using undone u where m.id = u.id and u.is_gone")
    return int(cursor.rowcount)


def _allocate(cursor: Any, table: str, count: int) -> NDArray[np.int64]:
    """Take ``count`` primary keys of ``table`` in one go, so that COPY can name them."""
    if count == 0:
        return np.array([], dtype=np.int64)
    cursor.execute(
        "select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)",
        [table, count],
    )
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


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
    cursor: Any,
    people: pa.Table,
    first_rows: NDArray[np.int64],
    created: NDArray[np.int64],
    brand_id: int,
    shop_id: int,
    source_ref: int | None,
) -> None:
    """Write the new accounts with the profile of the row that shows each first."""
    size = created.size
    if size == 0:
        return
    rows = sealed_profile(_profile(people).take(pa.array(first_rows)))
    for index, name in enumerate(rows.column_names):
        if name not in _NULL_COLUMNS:
            rows = rows.set_column(index, name, pc.fill_null(rows[name], ""))
    rows = (
        rows.append_column("id", pa.array(created))
        .append_column("brand_id", pa.array(np.full(size, brand_id)))
        .append_column("first_shop_id", pa.array(np.full(size, shop_id)))
        .append_column("source_ref", pa.array([source_ref] * size, pa.int64()))
        .append_column("changed_ref", pa.array([source_ref] * size, pa.int64()))
    )
    copy_in(cursor, "members_member", rows, rows.column_names)
