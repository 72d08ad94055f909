"""Tags a rule keeps: put on whoever it finds, ended for whoever it finds no longer.

They stand beside what people put (``tags``): an act of a person never ends what a rule keeps, nor
the other way round, and two rules may keep one tag. Which rule it is says ``rule_ref``, a number
the room that has rules gives.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from django.db import connection, transaction

from huitou.kernel.arrays import number_array
from huitou.kernel.errors import RefusedInputError
from huitou.members.components import Ints
from huitou.members.holders import selected_ids
from huitou.members.models import TagVerb
from huitou.members.ownership import require_members
from huitou.members.tags import Act, Changed, finished, locked_tag, started

_KEPT = """
select a.tag_id, a.account_id, coalesce(m.merged_into_id, m.id)
from members_tagassignment a join members_member m on m.id = a.account_id
where a.rule_ref = %(rule)s and a.removed_id is null
order by 2
"""
_PERSONS = """
select distinct coalesce(m.merged_into_id, m.id)
from members_member m join unnest(%(ids)s::bigint[]) i(id) on i.id = m.id
where m.brand_id = %(brand)s order by 1
"""


@dataclass(frozen=True)
class RuleMoves:
    """What is to do so that a rule's tag is carried by those it finds, and by nobody else.

    ``entering`` are the members to put it on; ``leaving`` by tag the accounts on which what the
    rule keeps ends. All ascending.
    """

    entering: Ints
    leaving: dict[int, Ints] = field(default_factory=dict)


def rule_moves(
    *, brand_id: int, rule_ref: int, tag_id: int | None, member_ids: Ints | None
) -> RuleMoves:
    """Compare what a rule keeps with ``member_ids``; without a ``tag_id`` it is to keep nothing.

    A person of several accounts carries the tag by any of them. Ids of members who are no more, or
    were merged since, are taken for what they became.
    """
    nobody = np.array([], dtype=np.int64)
    wanted = nobody
    if tag_id is not None and member_ids is not None and member_ids.size:
        ids = number_array(member_ids.tolist())
        wanted = selected_ids(_PERSONS, {"brand": brand_id, "ids": ids})
    tags, accounts, persons = selected_ids(_KEPT, {"rule": rule_ref}).reshape(-1, 3).T
    stays = (tags == tag_id) & np.isin(persons, wanted)
    return RuleMoves(
        entering=np.setdiff1d(wanted, persons[stays], assume_unique=False),
        leaving={
            int(tag): accounts[~stays & (tags == tag)] for tag in np.unique(tags[~stays]).tolist()
        },
    )


def rules_with_carriers(rule_refs: Collection[int]) -> set[int]:
    """Those of the rules that keep a tag on somebody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.id from unnest(%s::bigint[]) r(id) where exists ("
            " select 1 from members_tagassignment"
            " where rule_ref = r.id and removed_id is null)",
            [list(rule_refs)],
        )
        return {row[0] for row in cursor.fetchall()}


def rule_carriers(rule_ref: int, tag_id: int) -> int:
    """How many members carry a tag because the rule keeps it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(distinct coalesce(m.merged_into_id, m.id))"
            " from members_tagassignment a join members_member m on m.id = a.account_id"
            " where a.rule_ref = %s and a.tag_id = %s and a.removed_id is null",
            [rule_ref, tag_id],
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
def put_by_rule(*, brand_id: int, tag_id: int, member_ids: Collection[int], act: Act) -> Changed:
    """Put a tag on members as kept by ``act.rule_ref``; who carries it by the rule is left alone.

    Raises ``RefusedInputError``: ``RULE`` without a rule, ``TAG``, ``MEMBER``, ``SOURCE``,
    ``REASON``.
    """
    rule = _rule_of(act)
    tag = locked_tag(brand_id, tag_id)
    require_members(brand_id, member_ids)
    change = started(brand_id, tag, TagVerb.PUT, act)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into members_tagassignment (account_id, tag_id, put_id, rule_ref)"
            " select unnest(%s::bigint[]), %s, %s, %s"
            " on conflict (account_id, tag_id, rule_ref) where removed_id is null do nothing"
            " returning account_id",
            [sorted(set(member_ids)), tag.pk, change.pk, rule],
        )
        changed = [row[0] for row in cursor.fetchall()]
    return finished(change, changed, origin=act.origin)


@transaction.atomic
def end_by_rule(*, brand_id: int, tag_id: int, account_ids: Collection[int], act: Act) -> Changed:
    """End what ``act.rule_ref`` keeps of a tag on accounts; what others put stays.

    Raises ``RefusedInputError``: ``RULE`` without a rule, ``TAG``, ``SOURCE``, ``REASON``.
    """
    rule = _rule_of(act)
    tag = locked_tag(brand_id, tag_id)
    change = started(brand_id, tag, TagVerb.REMOVED, act)
    with connection.cursor() as cursor:
        cursor.execute(
            # As rows: before the table was ever analysed, the planner takes a list of thousands for
            # one, and then looks through all who carry the tag for each.
            "update members_tagassignment a set removed_id = %s"
            " from unnest(%s::bigint[]) account(id) where a.account_id = account.id"
            " and a.tag_id = %s and a.rule_ref = %s and a.removed_id is null"
            " returning a.account_id",
            [change.pk, list(account_ids), tag.pk, rule],
        )
        changed = [row[0] for row in cursor.fetchall()]
    return finished(change, changed, origin=act.origin)


def _rule_of(act: Act) -> int:
    if act.rule_ref is None:
        raise RefusedInputError("RULE", "Say which rule acts.")
    return act.rule_ref
