"""Bring accounts together as persons after new keys or decisions; touches their components only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from huitou.eventlog.services import append
from huitou.kernel.columns import copy_in
from huitou.members.components import (
    DEFAULT_POLICY,
    Components,
    Ints,
    Policy,
    components,
    links,
    live_keys,
)
from huitou.members.models import DECIDED, NAMED_PHONE, PLATFORM_KINDS, IdentityPolicy
from huitou.vault.hashing import keyed_digests

# First key of the advisory lock that serialises writers of one brand's identities.
_IDENTITY_LOCK = 74_001
# Why an account is no longer part of a person, when no person decided it.
OVERUSED = "overused"
_SIGHTINGS = pa.schema(
    [
        ("account", pa.int64()),
        ("kind", pa.string()),
        ("value", pa.string()),
        ("scope", pa.string()),
        ("name", pa.string()),
    ]
)


@dataclass(frozen=True)
class Unified:
    """The accounts whose person changed: brought to another, and set free."""

    merged: Ints
    parted: Ints


def lock_identities(cursor: Any, brand_id: int) -> None:
    """Let one transaction at a time decide who is who in a brand."""
    cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_IDENTITY_LOCK, brand_id])


def policy_of(brand_id: int) -> Policy:
    """The brand's own policy, or the default."""
    own = IdentityPolicy.objects.filter(pk=brand_id).first()
    return Policy(frozenset(own.kinds), own.accounts_max) if own else DEFAULT_POLICY


def key_hash(brand_id: int, kind: str, value: str) -> str:
    """What evidence keeps of a key: equal for equal keys, useless to whoever reads it."""
    (digest,) = keyed_digests([f"{kind}:{value}"], purpose="members.key", brand_id=brand_id)
    return digest.hex()


def meeting_accounts(cursor: Any, brand_id: int, sightings: pa.Table, policy: Policy) -> Ints:
    """Accounts of ``sightings`` (member_id, platform, kind, value, name) that share a key."""
    if not sightings.num_rows:
        return np.array([], dtype=np.int64)
    cursor.execute(
        f"""
        select distinct s.member_id
        from unnest(%(members)s::bigint[], %(platforms)s::text[], %(kinds)s::text[],
                    %(values)s::text[], %(names)s::text[])
          as s(member_id, platform, kind, value, name)
        where s.kind = any(%(linking)s) and exists (
          select 1 from members_identity i
          where i.brand_id = %(brand)s and i.kind = s.kind and i.value = s.value
            and i.member_id <> s.member_id and (i.name = s.name or s.kind <> '{NAMED_PHONE}')
            and (i.platform = s.platform or s.kind <> all(%(local)s)))
        """,
        {
            "members": sightings["member_id"].to_pylist(),
            "platforms": sightings["platform"].to_pylist(),
            "kinds": sightings["kind"].to_pylist(),
            "values": sightings["value"].to_pylist(),
            "names": sightings["name"].to_pylist(),
            "linking": policy.linking,
            "local": sorted(PLATFORM_KINDS),
            "brand": brand_id,
        },
    )
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def unify(
    cursor: Any,
    *,
    brand_id: int,
    accounts: Ints,
    policy: Policy,
    source_ref: int | None,
    origin: str,
    now: datetime,
    parting: str = OVERUSED,
) -> Unified:
    """Find the persons of everything that hangs together with ``accounts``, and record changes.

    The caller holds the identity lock. Evidence and news are written for each account whose person
    changed; unchanged components cost reading only. ``parting`` names what sets accounts free; it
    is empty when people decided so, which has its own edge.
    """
    nothing = np.array([], dtype=np.int64)
    if not accounts.size:
        return Unified(nothing, nothing)
    values = {
        "brand": brand_id,
        "linking": policy.linking,
        "local": sorted(PLATFORM_KINDS),
        "limit": policy.accounts_max + 1,
        "decided": list(DECIDED),
    }
    _gather(cursor, accounts, values)
    void = _void(cursor, values)
    _tell_overused(cursor, brand_id, void, now)
    sightings = live_keys(_sightings(cursor, values), void)
    same, apart = _verdicts(cursor, values)
    cursor.execute(
        "select m.id, m.merged_into_id from members_member m join unify_touched using (id)"
    )
    before = dict(cursor.fetchall())
    touched = np.array(sorted(before), dtype=np.int64)
    natural = _natural_keys(cursor) if apart else {}
    found = components(touched, sightings, same=same, apart=apart, natural=natural)
    changes = _record(cursor, found, before)
    evidence = _evidence(brand_id, found, before, changes, sightings, parting)
    _keep(cursor, brand_id, evidence, source_ref, now)
    for kind, ids in (("merged", changes.merged), ("parted", changes.parted)):
        append(
            brand_id=brand_id,
            kind=f"members.members_{kind}",
            subject_ids=ids.tolist(),
            occurred_at=now,
            origin=origin,
        )
    cursor.execute("drop table unify_touched")
    return changes


# The keys of the accounts found last, each with the accounts that have it too: at most one more
# than a key may be on, the oldest first, so that those a newcomer makes too many are among them.
_NEIGHBOURS = f"""
insert into unify_touched
select distinct found.id, %(hop)s from (
  select other.member_id as id
  from (select distinct i.kind, i.value, i.name,
               case when i.kind = any(%(local)s) then i.platform else '' end as scope
        from unify_touched t join members_identity i on i.member_id = t.id
        where t.hop = %(hop)s - 1 and i.kind = any(%(linking)s)) k
  cross join lateral (
    select distinct j.member_id from members_identity j
    where j.brand_id = %(brand)s and j.kind = k.kind and j.value = k.value
      and (k.kind <> '{NAMED_PHONE}' or j.name = k.name)
      and (k.scope = '' or j.platform = k.scope)
    order by j.member_id limit %(limit)s) other
  union all
  select n.id from unify_touched t join members_member m on m.id = t.id
  join members_member n on n.merged_into_id = coalesce(m.merged_into_id, m.id)
  where t.hop = %(hop)s - 1
  union all
  select m.merged_into_id from unify_touched t join members_member m on m.id = t.id
  where t.hop = %(hop)s - 1 and m.merged_into_id is not null
  union all
  select case when e.a_id = t.id then e.b_id else e.a_id end
  from unify_touched t join members_identityedge e on t.id in (e.a_id, e.b_id)
  where t.hop = %(hop)s - 1 and e.rule = any(%(decided)s)
) found
on conflict do nothing
"""


def _gather(cursor: Any, accounts: Ints, values: dict[str, Any]) -> None:
    """Fill ``unify_touched`` with the accounts and all that can be joined to them."""
    cursor.execute(
        "create temp table unify_touched (id bigint primary key, hop int) on commit drop"
    )
    unique = np.unique(accounts)
    rows = pa.table({"id": unique, "hop": np.zeros(unique.size, dtype=np.int64)})
    copy_in(cursor, "unify_touched", rows, ["id", "hop"])
    hop, found = 0, 1
    while found:
        cursor.execute("analyze unify_touched")
        hop += 1
        cursor.execute(_NEIGHBOURS, {**values, "hop": hop})
        found = cursor.rowcount


def _sightings(cursor: Any, values: dict[str, Any]) -> pa.Table:
    """Sightings of keys that at least two of the touched accounts have."""
    cursor.execute(
        f"""
        select account, kind, value, scope, name from (
          select *, min(account) over same_key <> max(account) over same_key as is_shared
          from (
            select i.member_id as account, i.kind, i.value,
                   case when i.kind = any(%(local)s) then i.platform else '' end as scope,
                   case when i.kind = '{NAMED_PHONE}' then i.name else '' end as name
            from unify_touched t join members_identity i on i.member_id = t.id
            where i.kind = any(%(linking)s)) sighted
          window same_key as (partition by kind, value, scope, name)) s
        where is_shared
        """,
        values,
    )
    rows = cursor.fetchall()
    return pa.table(
        [pa.array([row[at] for row in rows], f.type) for at, f in enumerate(_SIGHTINGS)],
        schema=_SIGHTINGS,
    )


def _void(cursor: Any, values: dict[str, Any]) -> pa.Table:
    """Keys of the touched accounts that are on more accounts than they may be.

    A phone counts with and without a name beside it.
    """
    cursor.execute(
        f"""
        select k.kind, k.value, k.scope
        from (select distinct case i.kind when '{NAMED_PHONE}' then 'phone' else i.kind end as kind,
                     i.value, case when i.kind = any(%(local)s) then i.platform else '' end as scope
              from unify_touched t join members_identity i on i.member_id = t.id
              where i.kind = any(%(linking)s)) k
        cross join lateral (
          select count(*) as accounts from (
            select distinct j.member_id from members_identity j
            where j.brand_id = %(brand)s and j.value = k.value
              and j.kind = any(case when k.kind = 'phone' then array['phone', '{NAMED_PHONE}']
                               else array[k.kind]::text[] end)
              and (k.scope = '' or j.platform = k.scope)
            limit %(limit)s) holders) used
        where used.accounts >= %(limit)s
        """,
        values,
    )
    rows = cursor.fetchall()
    return pa.table(
        {
            name: pa.array([row[at] for row in rows], pa.string())
            for at, name in enumerate(("kind", "value", "scope"))
        }
    )


def _tell_overused(cursor: Any, brand_id: int, void: pa.Table, now: datetime) -> None:
    """Remember keys that stop merging, for people to look at."""
    if not void.num_rows:
        return
    rows = void.to_pylist()
    cursor.execute(
        """
        insert into members_overusedkey (brand_id, key_hash, identity_id, at)
        select %(brand)s, k.hash, one.id, %(now)s
        from unnest(%(hashes)s::text[], %(kinds)s::text[], %(values)s::text[])
          as k(hash, kind, value)
        cross join lateral (
          select i.id from members_identity i
          where i.brand_id = %(brand)s and i.kind = k.kind and i.value = k.value limit 1) one
        on conflict do nothing
        """,
        {
            "brand": brand_id,
            "now": now,
            "hashes": [key_hash(brand_id, row["kind"], row["value"]) for row in rows],
            "kinds": [row["kind"] for row in rows],
            "values": [row["value"] for row in rows],
        },
    )


Pairs = list[tuple[int, int]]


def _verdicts(cursor: Any, values: dict[str, Any]) -> tuple[Pairs, Pairs]:
    """Pairs of touched accounts that people called one person, and two."""
    cursor.execute(
        """
        select distinct on (e.a_id, e.b_id) e.a_id, e.b_id, e.verdict
        from members_identityedge e join unify_touched t on t.id = e.a_id
        where e.rule = any(%(decided)s) order by e.a_id, e.b_id, e.id desc
        """,
        values,
    )
    rows = cursor.fetchall()
    same = [(a, b) for a, b, verdict in rows if verdict == "same"]
    apart = [(a, b) for a, b, verdict in rows if verdict == "apart"]
    return same, apart


def _natural_keys(cursor: Any) -> dict[int, tuple[str, ...]]:
    """The key that owns each touched account: the same in whatever order files came."""
    cursor.execute(
        "select i.member_id, i.platform, i.kind, i.value, i.name"
        " from members_identity i join unify_touched t on t.id = i.member_id where i.owns"
    )
    return {row[0]: tuple(row[1:]) for row in cursor.fetchall()}


def _record(cursor: Any, found: Components, before: dict[int, int | None]) -> Unified:
    """Write the person of each account that has another one now."""
    was = np.array([before[a] or a for a in found.accounts.tolist()], dtype=np.int64)
    changed = np.flatnonzero(was != found.person)
    accounts, person = found.accounts[changed], found.person[changed]
    free = accounts == person
    if changed.size:
        cursor.execute(
            """
            update members_member m set merged_into_id = nullif(c.person, c.account)
            from unnest(%s::bigint[], %s::bigint[]) as c(account, person) where m.id = c.account
            """,
            [accounts.tolist(), person.tolist()],
        )
    return Unified(merged=accounts[~free], parted=accounts[free])


@dataclass(frozen=True)
class _Evidence:
    account: int
    partner: int
    verdict: str
    rule: str
    key_hash: str = ""


def _evidence(
    brand_id: int,
    found: Components,
    before: dict[int, int | None],
    changes: Unified,
    sightings: pa.Table,
    parting: str,
) -> list[_Evidence]:
    """What the keys did; decisions have their own edges."""
    moved = set(changes.merged.tolist())
    edges = [
        _Evidence(
            link.account,
            link.partner,
            "same",
            link.kind,
            key_hash(brand_id, link.kind, link.value),
        )
        for link in links(found, sightings)
        if link.account in moved
    ]
    if parting:
        edges += [
            _Evidence(free, before[free] or free, "apart", parting)
            for free in changes.parted.tolist()
        ]
    return edges


def _keep(
    cursor: Any,
    brand_id: int,
    edges: Sequence[_Evidence],
    source_ref: int | None,
    now: datetime,
) -> None:
    """Append the evidence."""
    size = len(edges)
    rows = pa.table(
        {
            "brand_id": pa.array([brand_id] * size, pa.int64()),
            "a_id": pa.array([min(e.account, e.partner) for e in edges], pa.int64()),
            "b_id": pa.array([max(e.account, e.partner) for e in edges], pa.int64()),
            "verdict": pa.array([e.verdict for e in edges], pa.string()),
            "rule": pa.array([e.rule for e in edges], pa.string()),
            "key_hash": pa.array([e.key_hash for e in edges], pa.string()),
            "confidence": pa.array([1.0] * size, pa.float64()),
            "source_ref": pa.array([source_ref] * size, pa.int64()),
            "at": pa.array([now] * size, pa.timestamp("us", "UTC")),
        }
    )
    copy_in(cursor, "members_identityedge", rows, rows.column_names)
