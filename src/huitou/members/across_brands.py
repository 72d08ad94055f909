"""One person over several brands: matched by the strong keys they share whenever somebody asks.

Nothing of it is stored: brands keep their members apart, and two of them stay two members. A key
counts only where both brands let it merge, and not where it is on too many accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from huitou.members.components import DEFAULT_POLICY, Policy
from huitou.members.contact_keys import SHARED_KINDS, keyed_in_brand, shared_keys
from huitou.members.models import IdentityPolicy
from huitou.members.queries import accounts_of

# A person with more keys than this is none; the surplus is not looked for.
KEYS_MAX = 100

Key = tuple[str, str]


@dataclass(frozen=True)
class MemberElsewhere:
    """A member of another brand with the kinds of key that say it is the same person."""

    brand_id: int
    member_id: int
    kinds: tuple[str, ...]


def members_elsewhere(
    brand_id: int, member_id: int, brand_ids: Collection[int]
) -> list[MemberElsewhere]:
    """The members of ``brand_ids`` who share a key with a member of ``brand_id``.

    In the order of brand and member; four queries for any number of brands.
    """
    own = accounts_of(brand_id, [member_id])[member_id]
    keys = {key for found in shared_keys(own).values() for key in found}
    others = [other for other in brand_ids if other != brand_id]
    if not keys or not others:
        return []
    policies = _policies([brand_id, *others])
    asked = sorted(key for key in keys if key[0] in policies[brand_id].kinds)[:KEYS_MAX]
    held = _holders(
        [
            (brand, key)
            for brand in (brand_id, *others)
            for key in asked
            if key[0] in policies[brand].kinds
        ],
        accounts_max=max(policy.accounts_max for policy in policies.values()),
    )
    sound = {
        (brand, key): accounts
        for (brand, key), accounts in held.items()
        if len(accounts) <= policies[brand].accounts_max
    }
    kinds: dict[tuple[int, int], set[str]] = {}
    persons = _persons({account for accounts in sound.values() for account in accounts})
    for (brand, key), accounts in sound.items():
        if brand != brand_id and (brand_id, key) in sound:
            for account in accounts:
                kinds.setdefault((brand, persons[account]), set()).add(key[0])
    return [
        MemberElsewhere(*who, tuple(kind for kind in SHARED_KINDS if kind in found))
        for who, found in sorted(kinds.items())
    ]


def _policies(brand_ids: Iterable[int]) -> dict[int, Policy]:
    own = {
        row.pk: Policy(frozenset(row.kinds), row.accounts_max)
        for row in IdentityPolicy.objects.filter(pk__in=list(brand_ids))
    }
    return {brand: own.get(brand, DEFAULT_POLICY) for brand in brand_ids}


def _holders(
    wanted: list[tuple[int, Key]], *, accounts_max: int
) -> dict[tuple[int, Key], list[int]]:
    """The accounts that have each key in each brand, one more than ``accounts_max`` at most."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select k.place, array(
              select distinct i.member_id from members_identity i
              where i.brand_id = k.brand and i.kind = k.kind and i.value = k.value
              limit %(limit)s)
            from unnest(%(brands)s::bigint[], %(kinds)s::text[], %(values)s::text[])
              with ordinality as k(brand, kind, value, place)
            """,
            {
                "limit": accounts_max + 1,
                "brands": [brand for brand, _key in wanted],
                "kinds": [kind for _brand, (kind, _value) in wanted],
                "values": [keyed_in_brand(brand, *key) for brand, key in wanted],
            },
        )
        return {wanted[place - 1]: accounts for place, accounts in cursor.fetchall()}


def _persons(accounts: Collection[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, coalesce(merged_into_id, id) from members_member where id = any(%s)",
            [list(accounts)],
        )
        return dict(cursor.fetchall())
