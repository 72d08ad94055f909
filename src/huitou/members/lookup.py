"""One member by an identifier or by the public id, in one statement.

The door for other systems asks this for every till and chat, so it goes around the ORM.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from huitou.brands.models import Platform

# Platforms are spelled out because they lead the unique index of identities.
_PLATFORMS = list(Platform.values)
_COLUMNS = """
  m.public_id, m.name, m.phone, m.email, m.gender, m.birthday, m.province, m.city, m.created_at,
  (select array_agg(array[i.platform, i.kind, i.value]::text[] order by i.platform, i.kind, i.value)
   from members_identity i where i.member_id = m.id)
"""
_BY_IDENTIFIER = f"""
select {_COLUMNS}
from members_member m
where m.brand_id = %(brand)s and m.id = (
  select f.member_id from members_identity f
  where f.brand_id = %(brand)s and f.platform = any(%(platforms)s::text[])
    and f.kind = %(kind)s and f.value = %(value)s
  order by f.member_id limit 1)
"""
_BY_PUBLIC_ID = f"""
select {_COLUMNS} from members_member m where m.brand_id = %(brand)s and m.public_id = %(id)s
"""


@dataclass(frozen=True)
class KnownMember:
    """A member with contacts in clear; ``identities`` are (platform, kind, value)."""

    public_id: UUID
    name: str
    phone: str
    email: str
    gender: str
    birthday: date | None
    province: str
    city: str
    created_at: datetime
    identities: tuple[tuple[str, str, str], ...]


def member_by_identifier(brand_id: int, kind: str, value: str) -> KnownMember | None:
    """The member with the identifier on any platform; of several the one known longest."""
    return _one(
        _BY_IDENTIFIER,
        {"brand": brand_id, "platforms": _PLATFORMS, "kind": kind, "value": value},
    )


def member_by_public_id(brand_id: int, public_id: UUID) -> KnownMember | None:
    """The member of the brand with this public id."""
    return _one(_BY_PUBLIC_ID, {"brand": brand_id, "id": public_id})


def _one(statement: str, values: dict[str, Any]) -> KnownMember | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return None
    identities = tuple(tuple(identity) for identity in row[-1] or ())
    return KnownMember(*(*row[:-1], identities))
