"""Batch reads of members for the rooms above: plain values, nothing unmasked.

Phones and e-mails leave this room only with their middle hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from huitou.brands.models import Platform
from huitou.members.birthdays import Birthday, birthday_said
from huitou.members.contacts import open_own, stored_values
from huitou.members.models import (
    CONTACT_KINDS,
    IDENTITY_KINDS,
    PHONE_TAIL_DIGITS,
    Identity,
    Member,
    phone_tail,
)

# A search longer than this is no name and no number.
SEARCH_CHARS_MAX = 100
# Fewer hexadecimal digits would match too much to be meant as a member number.
_PUBLIC_ID_DIGITS_MIN = 8
_UUID_DIGITS = 32
# Phones that end alike and are compared with a longer number; nobody reads more hits.
_SAME_TAIL_MAX = 10_000


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
    birthday: Birthday
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
    """An identifier of a member's account; ``value`` is masked when it reaches the person."""

    member_id: int
    account_id: int
    platform: str
    kind: str
    value: str
    name: str
    created_at: datetime


def accounts_of(brand_id: int, member_ids: Iterable[int]) -> dict[int, list[int]]:
    """The accounts of each member, their own first: where other rooms look for what is theirs.

    An account that is merged into another gives itself alone: it is no member. One of another
    brand gives none.
    """
    wanted = list(member_ids)
    accounts: dict[int, list[int]] = {member: [] for member in wanted}
    with connection.cursor() as cursor:
        # The brand is looked at here: in the statement it tempts the planner to read all of its
        # members.
        cursor.execute(
            "select id, merged_into_id, brand_id from members_member"
            " where id = any(%(ids)s) or merged_into_id = any(%(ids)s) order by id",
            {"ids": wanted},
        )
        rows = cursor.fetchall()
    for account, person, of in rows:
        if of != brand_id:
            continue
        if account in accounts:
            accounts[account].insert(0, account)
        if person in accounts:
            accounts[person].append(account)
    return accounts


def persons_of(brand_id: int, account_ids: Iterable[int]) -> dict[int, int]:
    """The member each account of the brand belongs to; unknown ones are left out."""
    found = Member.objects.filter(brand_id=brand_id, pk__in=list(account_ids))
    pairs = found.values_list("id", "merged_into_id")
    return {account: person or account for account, person in pairs}


def profiles(brand_id: int, member_ids: Iterable[int]) -> dict[int, MemberProfile]:
    """The profiles of those of ``member_ids`` that belong to the brand, over all their accounts."""
    wanted = set(member_ids)
    people: dict[int, list[Member]] = {}
    for account in _accounts(brand_id, wanted):
        person = account.pk if account.pk in wanted else account.merged_into_id
        assert person is not None
        people.setdefault(person, []).append(account)
    return {person: _profile(accounts) for person, accounts in people.items()}


def _accounts(brand_id: int, member_ids: Iterable[int]) -> list[Member]:
    """The members' own rows and those merged into them, oldest first."""
    wanted = list(member_ids)
    mine = Q(pk__in=wanted) | Q(merged_into_id__in=wanted)
    # The brand is looked at here: in the statement it tempts the planner to read all its members.
    return [m for m in Member.objects.filter(mine).order_by("id") if m.brand_id == brand_id]


def member_by_public_id(brand_id: int, public_id: UUID) -> MemberProfile | None:
    """The member, or None when the brand has none; a merged account leads to its person."""
    asked = Member.objects.filter(brand_id=brand_id, public_id=public_id)
    for account, person in asked.values_list("id", "merged_into_id"):
        return profiles(brand_id, [person or account]).get(person or account)
    return None


def ids_by_public_id(brand_id: int, public_ids: Iterable[UUID]) -> list[int]:
    """The accounts of the brand with these public ids, ascending; unknown ones are left out."""
    found = Member.objects.filter(brand_id=brand_id, public_id__in=list(public_ids))
    return list(found.order_by("id").values_list("id", flat=True))


def identities(brand_id: int, member_ids: Iterable[int]) -> dict[int, list[MemberIdentity]]:
    """The identifiers of each member, by platform and kind; members without any are left out."""
    person_of = {
        account: member
        for member, accounts in accounts_of(brand_id, member_ids).items()
        for account in accounts
    }
    rows = Identity.objects.filter(member_id__in=list(person_of))
    keyed = [(row.platform, row.kind, row.clear, row) for row in rows]
    result: dict[int, list[MemberIdentity]] = {}
    for platform, kind, value, row in sorted(
        keyed, key=lambda key: (*key[:3], key[3].name, key[3].member_id)
    ):
        if row.brand_id != brand_id:
            continue
        member, shown = person_of[row.member_id], shown_value(kind, value)
        identity = MemberIdentity(
            member, row.member_id, platform, kind, shown, row.name, row.created_at
        )
        result.setdefault(member, []).append(identity)
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
    parts: list[QuerySet[Any]] = [
        mine.filter(name__startswith=wanted),
        # Platform and kind are spelled out: they lead the unique index.
        Identity.objects.filter(
            brand_id=brand_id,
            platform__in=Platform.values,
            kind__in=IDENTITY_KINDS,
            value__in=_stored_forms(brand_id, wanted),
        ),
    ]
    digits = re.sub(r"[\s-]", "", wanted)
    if digits.isascii() and digits.isdigit() and len(digits) >= PHONE_TAIL_DIGITS:
        parts.append(_with_phone(mine, brand_id, digits))
    if (bounds := _public_id_bounds(wanted)) is not None:
        parts.append(mine.filter(public_id__range=bounds))
    first, *others = (_persons(part, limit) for part in parts)
    return sorted(row[0] for row in first.union(*others))[:limit]


def _persons(rows: QuerySet[Any], limit: int) -> QuerySet[Any, Any]:
    """The persons of the first rows, whose accounts they are or belong to."""
    account = "member_id" if rows.model is Identity else "id"
    merged_into = "member__merged_into_id" if rows.model is Identity else "merged_into_id"
    return rows.order_by(account).values_list(Coalesce(merged_into, account))[:limit]


def accounts_named(brand_id: int, text: str, limit: int = 2) -> list[int]:
    """Ids of at most ``limit`` accounts that ``text`` names, ascending.

    ``text`` is a member number (eight digits or more), or an identifier as ``kind:value``.
    """
    wanted = text.strip()
    kind, colon, value = wanted.partition(":")
    if colon and kind in IDENTITY_KINDS:
        forms = stored_values(brand_id, kind, _identifier_forms(value))
        rows = Identity.objects.filter(brand_id=brand_id, kind=kind, value__in=forms, owns=True)
        return list(rows.order_by("member_id").values_list("member_id", flat=True)[:limit])
    bounds = _public_id_bounds(wanted)
    if bounds is None:
        return []
    found = Member.objects.filter(brand_id=brand_id, public_id__range=bounds)
    return list(found.order_by("id").values_list("id", flat=True)[:limit])


def shown_value(kind: str, value: str) -> str:
    """A key as a page may show it: masked when it reaches the person."""
    return masked(value) if kind in CONTACT_KINDS else value


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


def _profile(accounts: Sequence[Member]) -> MemberProfile:
    """The person of ``accounts``, their own first: each thing from the first account that says it.

    A whole name or number says more than a masked one.
    """
    own = accounts[0]
    phone = _first_said(account.phone for account in accounts)
    email = _first_said(account.email for account in accounts)
    home = next((account for account in accounts if account.province), own)
    return MemberProfile(
        id=own.pk,
        public_id=own.public_id,
        name=_first_said(account.name for account in accounts),
        phone=masked(phone),
        phone_tail=phone_tail(phone),
        email=masked(email) if email else "",
        gender=_first_said(account.gender for account in accounts),
        birthday=birthday_said((a.birthday, a.lunar_birthday) for a in accounts),
        province=home.province,
        city=home.city,
        first_shop_id=own.first_shop_id,
        created_at=own.created_at,
    )


def _first_said(texts: Iterable[str | None]) -> str:
    said = [text for text in texts if text]
    return next((text for text in said if "*" not in text), said[0] if said else "")


def _identifier_forms(text: str) -> list[str]:
    """How an identifier typed by a person may be stored: as is, folded, or as a +86 phone."""
    forms = {text, text.casefold()}
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"1\d{10}", digits):
        forms |= {digits, f"+86{digits}"}
    return sorted(forms)


def _stored_forms(brand_id: int, text: str) -> list[str]:
    """How any kind of identifier typed by a person may be stored."""
    forms = _identifier_forms(text)
    contacts = {
        value
        for kind in CONTACT_KINDS & set(IDENTITY_KINDS)
        for value in stored_values(brand_id, kind, forms)
    }
    return sorted({*forms, *contacts})


def _with_phone(members: QuerySet[Member], brand_id: int, digits: str) -> QuerySet[Member]:
    tail = digits[-PHONE_TAIL_DIGITS:]
    if digits == tail:
        return members.filter(phone_tail=tail)
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, phone from members_member where brand_id = %s and phone_tail = %s"
            " order by id limit %s",
            [brand_id, tail, _SAME_TAIL_MAX],
        )
        rows = cursor.fetchall()
    phones = zip(rows, open_own("phone", [row[1] for row in rows]), strict=True)
    # The whole number may be masked on record: then its tail is all there is to compare.
    return members.filter(
        pk__in=[row[0] for row, phone in phones if phone.endswith(digits) or "*" in phone]
    )


def _public_id_bounds(text: str) -> tuple[UUID, UUID] | None:
    """The first and last public id that begin with ``text``; None when it cannot be one."""
    digits = text.replace("-", "").lower()
    is_long_enough = _PUBLIC_ID_DIGITS_MIN <= len(digits) <= _UUID_DIGITS
    if not is_long_enough or not re.fullmatch("[0-9a-f]+", digits):
        return None
    return UUID(digits.ljust(_UUID_DIGITS, "0")), UUID(digits.ljust(_UUID_DIGITS, "f"))
