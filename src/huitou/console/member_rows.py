"""What the member list and its export say of one member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from huitou.brands.models import Brand, Shop
from huitou.insight.types import MemberRow
from huitou.members import queries as members
from huitou.members.queries import MemberProfile


@dataclass(frozen=True)
class ListRow:
    """A line of the list: who, what insight says of them, and where they first bought."""

    profile: MemberProfile
    traits: dict[str, Any]
    shop: Shop | None
    last_day: date | None


def list_rows(brand: Brand, found: Iterable[MemberRow], shops: Mapping[int, Shop]) -> list[ListRow]:
    """The lines of some members; who left since the figures were computed has none."""
    rows = list(found)
    profiles = members.profiles(brand.pk, [row.member_id for row in rows])
    return [
        ListRow(
            profile,
            dict(row.traits),
            shops.get(profile.first_shop_id or 0),
            local_day(row.traits["last_paid_at"], brand),
        )
        for row in rows
        if (profile := profiles.get(row.member_id))
    ]


def local_day(value: datetime | None, brand: Brand) -> date | None:
    """The date of a moment in the brand's time zone; moments without a zone are in UTC."""
    if value is None:
        return None
    moment = value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC"))
    return moment.astimezone(ZoneInfo(brand.time_zone)).date()
