"""Addresses nobody may write to, known only by their keyed digest; opting out outlives the member.

An address may be suppressed for several reasons; it is free when all of them are lifted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from huitou.kernel.errors import RefusedInputError
from huitou.members.addresses import address_digest, address_form
from huitou.members.models import AddressKind, Suppression, SuppressionReason

NOTE_CHARS_MAX = 200


def suppress_addresses(
    *, brand_id: int, kind: str, addresses: Iterable[str], reason: str, now: datetime
) -> int:
    """Let nobody write to ``addresses``; returns how many were free of this reason before.

    Raises ``RefusedInputError`` with the code ``ADDRESS`` or ``SUPPRESSION``; nothing is
    suppressed then.
    """
    if reason not in SuppressionReason.values:
        raise RefusedInputError(
            "SUPPRESSION", f"{reason!r} is not one of: {', '.join(SuppressionReason.values)}."
        )
    digests = {_digest(brand_id, kind, address) for address in addresses}
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into members_suppression (brand_id, kind, digest, reason, at)"
            " select %s, %s, digest, %s, %s from unnest(%s::bytea[]) as digest"
            " on conflict do nothing",
            [brand_id, kind, reason, now, sorted(digests)],
        )
        return int(cursor.rowcount)


def suppressed_addresses(brand_id: int, kind: str, addresses: Iterable[str]) -> set[str]:
    """Those of ``addresses`` nobody may write to, as given; what is no address is among them."""
    form_of = {address: address_form(kind, address) for address in addresses}
    digest_of = {
        address: address_digest(brand_id, kind, form)
        for address, form in form_of.items()
        if form is not None
    }
    found = _active(brand_id, kind, set(digest_of.values()))
    closed = {bytes(digest) for digest in found.values_list("digest", flat=True)}
    return {a for a in form_of if a not in digest_of or digest_of[a] in closed}


def lift_suppression(
    *,
    brand_id: int,
    kind: str,
    address: str,
    note: str,
    now: datetime,
    staff_id: int | None = None,
) -> int:
    """Let people write to the address again, with the reason; returns how many suppressions ended.

    What was erased stays closed. Raises ``RefusedInputError`` with the code ``ADDRESS`` or
    ``NOTE``.
    """
    if not note.strip() or len(note) > NOTE_CHARS_MAX:
        raise RefusedInputError(
            "NOTE", f"Say why it is lifted, in 1 to {NOTE_CHARS_MAX} characters."
        )
    found = _active(brand_id, kind, {_digest(brand_id, kind, address)})
    return found.exclude(reason=SuppressionReason.ERASED).update(
        lifted_at=now, lifted_note=note.strip(), lifted_by=staff_id
    )


def _active(brand_id: int, kind: str, digests: set[bytes]) -> QuerySet[Suppression]:
    return Suppression.objects.filter(
        brand_id=brand_id, kind=kind, digest__in=digests, lifted_at=None
    )


def _digest(brand_id: int, kind: str, address: str) -> bytes:
    form = address_form(kind, address) if kind in AddressKind.values else None
    if form is None:
        raise RefusedInputError(
            "ADDRESS", "This is no whole phone number or e-mail address; masked ones are neither."
        )
    return address_digest(brand_id, kind, form)
