"""What the member list and its export say of one member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from huitou.brands.models import Brand, Shop
from huitou.members.queries import MemberProfile


@dataclass(frozen=True)
class ListRow:
    """A line of the list: who, what insight says of them, and where they first bought."""

    profile: MemberProfile
    traits: dict[str, Any]
    shop: Shop | None
    last_day: date | None


def local_day(value: datetime | None, brand: Brand) -> date | None:
    """The date of a moment in the brand's time zone; moments without a zone are in UTC."""
    if value is None:
        return None
    moment = value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC"))
    return moment.astimezone(ZoneInfo(brand.time_zone)).date()
