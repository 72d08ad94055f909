"""One member by an identifier or by the public id, over all their accounts, in one statement.

The door for other systems asks this for every till and chat, so it goes around the ORM.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from huitou.members.birthdays import Birthday, birthday_said
from huitou.members.contacts import clear_values, open_own, stored_values
from huitou.members.models import NAMED_PHONE
from huitou.members.queries import _first_said

# The account a key owns knows its person best; of several persons the one known longest.
_PERSON_BY_IDENTIFIER = """
  select coalesce(m.merged_into_id, m.id) as id
  from members_identity i join members_member m on m.id = i.member_id
  where i.brand_id = %(brand)s and i.kind = %(kind)s and i.value = %(value)s
  order by i.owns desc, i.member_id limit 1
"""
_PERSON_BY_PUBLIC_ID = """
  select coalesce(merged_into_id, id) as id from members_member
  where brand_id = %(brand)s and public_id = %(id)s
"""
_ACCOUNTS = f"""
with person as ({{person}})
select m.public_id, m.name, m.phone, m.email, m.gender, m.birthday, m.lunar_birthday, m.province,
  m.city, m.created_at,
  (select array_agg(array[i.platform, i.kind, i.value, i.sealed::text]::text[])
   from members_identity i where i.member_id = m.id and i.kind <> '{NAMED_PHONE}')
from members_member m, person p
where m.id = p.id or m.merged_into_id = p.id
order by m.id
"""


@dataclass(frozen=True)
class KnownMember:
    """A member with contacts in clear; ``identities`` are (platform, kind, value)."""

    public_id: UUID
    name: str
    phone: str
    email: str
    gender: str
    birthday: Birthday
    province: str
    city: str
    created_at: datetime
    identities: tuple[tuple[str, str, str], ...]


def member_by_identifier(brand_id: int, kind: str, value: str) -> KnownMember | None:
    """The member with the identifier on any platform; of several the one known longest."""
    (stored,) = stored_values(brand_id, kind, [value])
    return _one(_PERSON_BY_IDENTIFIER, {"brand": brand_id, "kind": kind, "value": stored})


def member_by_public_id(brand_id: int, public_id: UUID) -> KnownMember | None:
    """The member of the brand with this public id; that of a merged account leads to its person."""
    return _one(_PERSON_BY_PUBLIC_ID, {"brand": brand_id, "id": public_id})


def _one(person: str, values: dict[str, Any]) -> KnownMember | None:
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS.format(person=person), values)
        accounts = cursor.fetchall()
    if not accounts:
        return None
    (
        public_ids, names, phones, emails, genders, solar, lunar, provinces, cities, since, keys
    ) = zip(*accounts, strict=True)  # fmt: skip
    home = next((at for at, province in enumerate(provinces) if province), 0)
    shown = [key for found in keys for key in found or ()]
    clear = clear_values((value, box) for _, _, value, box in shown)
    return KnownMember(
        public_id=public_ids[0],
        name=_first_said(names),
        phone=_first_said(open_own("phone", phones)),
        email=_first_said(open_own("email", emails)),
        gender=_first_said(genders),
        birthday=birthday_said(zip(solar, lunar, strict=True)),
        province=provinces[home],
        city=cities[home],
        created_at=since[0],
        identities=tuple(
            sorted({(key[0], key[1], value) for key, value in zip(shown, clear, strict=True)})
        ),
    )
