"""Contact data in clear: never without a reason on record."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from huitou.eventlog.audit import Actor, record_access
from huitou.members import queries as members
from huitou.members.models import Identity, Member
from huitou.privacy.subjects import reasoned
from huitou.vault.hashing import EMAIL, PHONE, TOKEN_PREFIX, normalised

UNMASKED = "members.contact"


@dataclass(frozen=True)
class Contact:
    """What reaches a member, over all their accounts, each once."""

    phones: tuple[str, ...]
    emails: tuple[str, ...]
    payment_accounts: tuple[str, ...]


@transaction.atomic
def unmask(*, brand_id: int, member_id: int, reason: str, actor: Actor) -> Contact:
    """The member's contact in clear; who looks, at whom and why goes on record first.

    Raises ``RefusedInputError``: ``NO_REASON``.
    """
    record_access(actor, UNMASKED, [member_id], reasoned(reason), brand_id=brand_id)
    accounts = members.accounts_of(brand_id, [member_id])[member_id]
    found: dict[str, dict[str, str]] = {PHONE: {}, EMAIL: {}, "payment_account": {}}
    own = Member.objects.filter(brand_id=brand_id, pk__in=accounts).order_by("id")
    said = [pair for row in own for pair in ((PHONE, row.phone), (EMAIL, row.email))]
    keys = Identity.objects.filter(brand_id=brand_id, member_id__in=accounts, kind__in=found)
    shown = [(key.kind, key.clear) for key in keys.order_by("id")]
    for kind, value in [*said, *shown]:
        if value and not value.startswith(TOKEN_PREFIX):
            found[kind].setdefault(normalised(kind, value) or value, value)
    return Contact(*(tuple(values.values()) for values in found.values()))
