"""Who carries tags: whole sets of members at once, for lists and counts.

Ids leave the database as one text: a row for each of a million costs several seconds.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection

from huitou.members.components import Ints

_LIVE = "a.removed_id is null and (a.until is null or a.until > %(now)s::timestamptz)"
_CARRIERS = f"""
select t.group_id, g.is_exclusive, string_agg(a.account_id::text, ' ')
from members_tag t
join members_taggroup g on g.id = t.group_id
left join members_tagassignment a on a.tag_id = t.id and {_LIVE}
where g.brand_id = %(brand)s and t.id = any(%(tags)s::bigint[])
group by 1, 2 order by 1
"""
_MERGED = """
select string_agg(id::text, ' ' order by id), string_agg(merged_into_id::text, ' ' order by id)
from members_member where merged_into_id is not null and brand_id = %(brand)s
"""
# Who carries another tag of an exclusive group later than the chosen ones: the last one put is the
# one that counts, as in ``standing.standing_tags``. Only persons of several accounts, and those on
# whom a rule keeps a tag of the group, can carry two.
_REPLACED = f"""
with several as (
  select id as account, merged_into_id as person from members_member
  where merged_into_id is not null and brand_id = %(brand)s
  union
  select merged_into_id, merged_into_id from members_member
  where merged_into_id is not null and brand_id = %(brand)s
  union
  select m.id, coalesce(m.merged_into_id, m.id)
  from members_tagassignment a
  join members_tag t on t.id = a.tag_id
  join members_member m on m.id = a.account_id
  where t.group_id = any(%(groups)s::bigint[]) and a.rule_ref is not null and a.removed_id is null)
select group_id, string_agg(person::text, ' ') from (
  select distinct on (s.person, t.group_id) s.person, t.group_id, t.id
  from several s
  join members_tagassignment a on a.account_id = s.account
  join members_tag t on t.id = a.tag_id
  join members_tagchange c on c.id = a.put_id
  where t.group_id = any(%(groups)s::bigint[]) and {_LIVE}
  order by s.person, t.group_id, c.at desc, a.id desc) latest
where id <> all(%(tags)s::bigint[])
group by group_id
"""


def tagged_members(brand_id: int, tag_ids: Collection[int], now: datetime) -> list[Ints]:
    """For each group of ``tag_ids`` the members who carry one of its tags at ``now``.

    In no order, and some more than once. Who carries tags of all groups is in all of the sets.
    Tags of other brands are left out.
    """
    values: dict[str, Any] = {"brand": brand_id, "tags": list(tag_ids), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_CARRIERS, values)
        found = [(group, exclusive, _ids(text)) for group, exclusive, text in cursor.fetchall()]
        cursor.execute(_MERGED, values)
        accounts, persons = map(_ids, cursor.fetchone())
        exclusive_groups = [group for group, is_exclusive, _ in found if is_exclusive]
        replaced: dict[int, Ints] = {}
        if exclusive_groups:
            cursor.execute(_REPLACED, values | {"groups": exclusive_groups})
            replaced = {group: _ids(text) for group, text in cursor.fetchall()}
    sets = []
    for group, _is_exclusive, carriers in found:
        members = _persons(carriers, accounts, persons)
        if group in replaced:
            members = members[~np.isin(members, replaced[group])]
        sets.append(members)
    return sets


def _ids(text: str | None) -> Ints:
    return np.fromstring(text or "", dtype=np.int64, sep=" ")


def _persons(carriers: Ints, accounts: Ints, persons: Ints) -> Ints:
    """``carriers`` with the merged ``accounts`` (ascending) replaced by their ``persons``."""
    if not accounts.size:
        return carriers
    place = np.minimum(np.searchsorted(accounts, carriers), accounts.size - 1)
    return np.where(accounts[place] == carriers, persons[place], carriers)
