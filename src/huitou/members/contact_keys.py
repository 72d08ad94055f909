"""Contacts opened for rules that compare them, and how a brand keys one: known here alone.

What is opened here never leaves the room unmasked.
"""

from __future__ import annotations

from collections.abc import Iterable

from huitou.members.components import MERGING_KINDS
from huitou.members.contacts import stored_values
from huitou.members.models import NAMED_PHONE, Identity
from huitou.vault.hashing import TOKEN_PREFIX

# Kinds under which a person reaches several platforms and brands; what is typed by people may be
# anybody's, so a name with a phone is not among them.
SHARED_KINDS = tuple(kind for kind in MERGING_KINDS if kind != NAMED_PHONE)


def shared_keys(account_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """The keys of each account as (kind, value) in clear; accounts without any are left out."""
    rows = Identity.objects.filter(member_id__in=list(account_ids), kind__in=SHARED_KINDS)
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows.order_by("id"):
        if not row.clear.startswith(TOKEN_PREFIX):
            found.setdefault(row.member_id, []).append((row.kind, row.clear))
    return found


def keyed_in_brand(brand_id: int, kind: str, value: str) -> str:
    """How ``brand_id`` stores the key ``value`` in its table of identities: each in its own way."""
    return stored_values(brand_id, kind, [value])[0]
