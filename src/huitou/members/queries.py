"""Batch reads of members for the rooms above: plain values, nothing unmasked.

Phones and e-mails leave this room only with their middle hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Right

from huitou.brands.models import Platform
from huitou.members.models import IDENTITY_KINDS, Identity, Member

# A search longer than this is no name and no number.
SEARCH_CHARS_MAX = 100
PHONE_TAIL_DIGITS = 4
# Fewer hexadecimal digits would match too much to be meant as a member number.
_PUBLIC_ID_DIGITS_MIN = 8
_UUID_DIGITS = 32
# Kinds of identifier that contact a person.
_CONTACT_KINDS = frozenset({"phone", "email", "payment_account"})


@dataclass(frozen=True)
class MemberProfile:
    """Who a member is, as a page may show it: ``phone`` and ``email`` are masked."""

    id: int
    public_id: UUID
    name: str
    phone: str
    phone_tail: str
    email: str
    gender: str
    birthday: date | None
    province: str
    city: str
    first_shop_id: int | None
    created_at: datetime

    @property
    def number(self) -> str:
        """The short member number people read out: the first eight digits of the public id."""
        return self.public_id.hex[:_PUBLIC_ID_DIGITS_MIN].upper()


@dataclass(frozen=True)
class MemberIdentity:
    """An identifier of a member; ``value`` is masked when it reaches the person."""

    member_id: int
    platform: str
    kind: str
    value: str
    created_at: datetime


def profiles(brand_id: int, member_ids: Iterable[int]) -> dict[int, MemberProfile]:
    """The profiles of those of ``member_ids`` that belong to the brand."""
    found = Member.objects.filter(brand_id=brand_id, pk__in=list(member_ids))
    return {member.pk: _profile(member) for member in found}


def member_by_public_id(brand_id: int, public_id: UUID) -> MemberProfile | None:
    """The member, or None when the brand has no such member."""
    member = Member.objects.filter(brand_id=brand_id, public_id=public_id).first()
    return _profile(member) if member else None


def identities(brand_id: int, member_ids: Iterable[int]) -> dict[int, list[MemberIdentity]]:
    """The identifiers of each member, by platform and kind; members without any are left out."""
    rows = Identity.objects.filter(brand_id=brand_id, member_id__in=list(member_ids))
    result: dict[int, list[MemberIdentity]] = {}
    for row in rows.order_by("member_id", "platform", "kind", "value"):
        value = masked(row.value) if row.kind in _CONTACT_KINDS else row.value
        identity = MemberIdentity(row.member_id, row.platform, row.kind, value, row.created_at)
        result.setdefault(row.member_id, []).append(identity)
    return result


def search(brand_id: int, text: str, limit: int) -> list[int]:
    """Ids of at most ``limit`` members that ``text`` leads to, ascending.

    ``text`` is the beginning of a name, a whole identifier, the last four or more digits of a
    phone, or the beginning (eight digits or more) of the member number.
    """
    wanted = text.strip()[:SEARCH_CHARS_MAX]
    if not wanted:
        return []
    mine = Member.objects.filter(brand_id=brand_id)
    # Separate statements joined by UNION, so that each can use its own index.
    parts = [
        mine.filter(name__startswith=wanted).values_list("id"),
        # Platform and kind are spelled out: they lead the unique index.
        Identity.objects.filter(
            brand_id=brand_id,
            platform__in=Platform.values,
            kind__in=IDENTITY_KINDS,
            value__in=_identifier_forms(wanted),
        ).values_list("member_id"),
    ]
    digits = re.sub(r"[\s-]", "", wanted)
    if digits.isascii() and digits.isdigit() and len(digits) >= PHONE_TAIL_DIGITS:
        parts.append(_with_phone(mine, digits).values_list("id"))
    if (bounds := _public_id_bounds(wanted)) is not None:
        parts.append(mine.filter(public_id__range=bounds).values_list("id"))
    found: set[int] = set()
    limited = [part.order_by(F("member_id" if part.model is Identity else "id")) for part in parts]
    first, *others = (part[:limit] for part in limited)
    found.update(row[0] for row in first.union(*others))
    return sorted(found)[:limit]


def masked(value: str) -> str:
    """``value`` with all but what tells people apart hidden.

    >>> masked("13800138000"), masked("linxi@example.com"), masked("138****8000"), masked("123")
    ('*******8000', 'l***@example.com', '*******8000', '***')
    """
    name, at, host = value.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    tail = value[-PHONE_TAIL_DIGITS:] if len(value) > PHONE_TAIL_DIGITS else ""
    return "*" * (len(value) - len(tail)) + tail


def _profile(member: Member) -> MemberProfile:
    tail = member.phone[-PHONE_TAIL_DIGITS:]
    return MemberProfile(
        id=member.pk,
        public_id=member.public_id,
        name=member.name,
        phone=masked(member.phone),
        phone_tail=tail if tail.isdigit() and len(member.phone) > len(tail) else "",
        email=masked(member.email) if member.email else "",
        gender=member.gender,
        birthday=member.birthday,
        province=member.province,
        city=member.city,
        first_shop_id=member.first_shop_id,
        created_at=member.created_at,
    )


def _identifier_forms(text: str) -> list[str]:
    """How an identifier typed by a person may be stored: as is, folded, or as a +86 phone."""
    forms = {text, text.casefold()}
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"1\d{10}", digits):
        forms |= {digits, f"+86{digits}"}
    return sorted(forms)


def _with_phone(members: QuerySet[Member], digits: str) -> QuerySet[Member]:
    tail = members.annotate(tail=Right("phone", PHONE_TAIL_DIGITS)).filter(
        tail=digits[-PHONE_TAIL_DIGITS:]
    )
    # The whole number may be masked on record, so only its tail can be compared beyond this point.
    return tail.filter(Q(phone__endswith=digits) | Q(phone__contains="*"))


def _public_id_bounds(text: str) -> tuple[UUID, UUID] | None:
    """The first and last public id that begin with ``text``; None when it cannot be one."""
    digits = text.replace("-", "").lower()
    is_long_enough = _PUBLIC_ID_DIGITS_MIN <= len(digits) <= _UUID_DIGITS
    if not is_long_enough or not re.fullmatch("[0-9a-f]+", digits):
        return None
    return UUID(digits.ljust(_UUID_DIGITS, "0")), UUID(digits.ljust(_UUID_DIGITS, "f"))
