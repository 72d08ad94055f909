"""Whose an account is, and whether a caller may speak of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Member
from huitou.members.queries import accounts_of, persons_of

# The accounts of each member asked about: member id → account ids.
Accounts = Mapping[int, Sequence[int]]


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
    persons = persons_of(brand_id, account_ids)
    if len(persons) != len(set(account_ids)):
        raise RefusedInputError("MEMBER", "The brand has no such member; nothing was recorded.")
    return sorted(owners(accounts_of(brand_id, set(persons.values()))))


def require_members(brand_id: int, member_ids: Collection[int]) -> None:
    """Refuse (code ``MEMBER``) when one of ``member_ids`` is no member of the brand."""
    wanted = set(member_ids)
    if Member.objects.filter(brand_id=brand_id, pk__in=wanted).count() != len(wanted):
        raise RefusedInputError("MEMBER", "The brand has no such member; nothing was recorded.")
