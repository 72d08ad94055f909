"""Whose an account is, and whether a caller may speak of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db import connection

from huitou.kernel.errors import RefusedInputError

# The accounts of each member asked about: member id → account ids.
Accounts = Mapping[int, Sequence[int]]

# Ids travel as one array: a statement with a parameter for each takes seconds to read.
_ACCOUNTS = """
with person as (
  select distinct coalesce(merged_into_id, id) as id from members_member
  where brand_id = %(brand)s and id = any(%(ids)s)
)
select id from person
union all
select m.id from members_member m join person p on p.id = m.merged_into_id
order by 1
"""


def owners(accounts: Accounts) -> dict[int, int]:
    """The member of each account.

    >>> owners({7: [7, 9], 8: [8]})
    {7: 7, 9: 7, 8: 8}
    """
    return {account: member for member, own in accounts.items() for account in own}


def accounts_of_persons(brand_id: int, account_ids: Collection[int]) -> list[int]:
    """All accounts of the persons ``account_ids`` belong to, ascending.

    Refused (code ``MEMBER``) when one of them is none of the brand's.
    """
    require_members(brand_id, account_ids)
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, {"brand": brand_id, "ids": list(account_ids)})
        return [row[0] for row in cursor.fetchall()]


def require_members(brand_id: int, member_ids: Collection[int]) -> None:
    """Refuse (code ``MEMBER``) when one of ``member_ids`` is no member of the brand."""
    wanted = set(member_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from members_member where brand_id = %s and id = any(%s)",
            [brand_id, list(wanted)],
        )
        if cursor.fetchone()[0] != len(wanted):
            raise RefusedInputError("MEMBER", "The brand has no such member; nothing was recorded.")
