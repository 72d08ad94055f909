"""Of whom something holds: whole sets of members at once, for audiences.

The rules are those of ``standing``, said in SQL; a test holds the two equal. What one member
carries, agreed to and is called is asked of ``tags``, ``consent``, ``queries`` and ``attributes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection

from huitou.members.components import Ints
from huitou.members.models import ConsentSource, Decision, Identity
from huitou.members.ownership import Accounts, owners
from huitou.members.standing import nearness_order
from huitou.vault.hashing import TOKEN_PREFIX

# Per account: no consent while the latest withdrawal is not followed by a grant of the member's
# own. Per person: a withdrawal standing on any account beats the grants of all others.
_CONSENTING = """
select person from (
  select coalesce(m.merged_into_id, m.id) as person, s.is_granted, s.is_withdrawn
  from (
    select account_id,
      bool_or(decision = %(granted)s) as is_granted,
      coalesce(max(at) filter (where decision = %(withdrawn)s)
        >= coalesce(max(at) filter (where decision = %(granted)s and source <> %(import)s),
                    '-infinity'), false) as is_withdrawn
    from members_consententry
    where brand_id = %(brand)s and channel = %(channel)s and purpose = %(purpose)s
    group by account_id) s
  join members_member m on m.id = s.account_id) a
group by person having bool_or(is_granted) and not bool_or(is_withdrawn)
order by person
"""
_IDENTIFIED = """
select distinct coalesce(m.merged_into_id, m.id)
from members_identity i join members_member m on m.id = i.member_id
where i.brand_id = %(brand)s and i.kind = %(kind)s and not starts_with(i.value, %(erased)s)
  and (%(platform)s = '' or i.platform = %(platform)s)
order by 1
"""
_ATTRIBUTED = """
select distinct on (person) person, value from (
  select coalesce(m.merged_into_id, m.id) as person, v.value, v.observed_at, v.id,
    array_position(%(order)s::text[], v.source::text) as nearness
  from members_attributevalue v
  join members_attributedefinition d on d.id = v.definition_id and d.brand_id = v.brand_id
  join members_member m on m.id = v.account_id
  where v.brand_id = %(brand)s and d.code = %(code)s) s
order by person, nearness > 1 desc, observed_at desc, nearness desc, id desc
"""


def consenting_members(brand_id: int, channel: str, purpose: str) -> Ints:
    """The members whose consent holds, ascending; silence is no consent."""
    return selected_ids(
        _CONSENTING,
        {
            "brand": brand_id,
            "channel": channel,
            "purpose": purpose,
            "granted": Decision.GRANTED.value,
            "withdrawn": Decision.WITHDRAWN.value,
            "import": ConsentSource.IMPORT.value,
        },
    )


def identified_members(brand_id: int, kind: str, platform: str) -> Ints:
    """The members known by an identifier of the kind (on one platform, or ''), ascending.

    What stands in place of an erased identifier is none.
    """
    values = {"brand": brand_id, "kind": kind, "platform": platform, "erased": TOKEN_PREFIX}
    return selected_ids(_IDENTIFIED, values)


def identifier_kinds(accounts: Accounts) -> dict[int, set[tuple[str, str]]]:
    """The kinds of identifier each member is known by, with their platforms; as above."""
    member_of = owners(accounts)
    rows = Identity.objects.filter(member_id__in=list(member_of))
    found: dict[int, set[tuple[str, str]]] = {member: set() for member in accounts}
    kept = rows.exclude(value__startswith=TOKEN_PREFIX)
    for account, kind, platform in kept.values_list("member_id", "kind", "platform").distinct():
        found[member_of[account]].add((kind, platform))
    return found


def attribute_values(brand_id: int, code: str) -> Iterator[tuple[int, Any]]:
    """Each member with the value of an attribute that counts; those without one are left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ATTRIBUTED,
            {"brand": brand_id, "code": code, "order": nearness_order()},
        )
        for person, value in cursor:
            said = json.loads(value) if isinstance(value, str) else value
            if said is not None:
                yield person, said


def selected_ids(sql: str, values: dict[str, Any]) -> Ints:
    """The ids a statement selects: by COPY, since a row at a time takes as long as finding them."""
    with connection.cursor() as cursor, cursor.copy(f"copy ({sql}) to stdout", values) as copy:
        listed = b"".join(copy)
    return np.array(listed.split(), dtype=np.int64)
