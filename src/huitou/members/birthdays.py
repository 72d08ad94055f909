"""When a member's birthday is: by the solar or the lunar calendar, and how staff write it down.

The first account that says a birthday counts; one that says both keeps it by the lunar calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from huitou.brands.models import Brand
from huitou.eventlog.before_images import LIVE_SOURCE, follow_rows
from huitou.eventlog.services import append
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar import MONTHS_ZH, LunarDay, day_zh, stored_lunar_day
from huitou.members.attributes import reads_chinese
from huitou.members.models import Member

# Of an account.
BIRTHDAY_COLUMNS = ("birthday", "lunar_birthday")
# News: what an account says of its person's profile is otherwise than before.
PROFILES_CHANGED = "members.profiles_changed"
# Nobody alive is older.
BORN_FIRST = date(1900, 1, 1)


@dataclass(frozen=True)
class Birthday:
    """What is known: the solar date of birth, the lunar day, both, or nothing (false)."""

    solar: date | None = None
    lunar: LunarDay | None = None

    def __bool__(self) -> bool:
        return self.solar is not None or self.lunar is not None


def birthday_said(accounts: Iterable[tuple[date | None, str | None]]) -> Birthday:
    """The birthday of a person by the columns of their accounts, their own first.

    >>> birthday_said([(None, None), (None, "08-15"), (date(1990, 10, 3), None)]).lunar.zh
    '农历八月十五'
    """
    for solar, lunar in accounts:
        if solar or lunar:
            return Birthday(solar, stored_lunar_day(lunar) if lunar else None)
    return Birthday()


def lunar_words(lunar: LunarDay | None) -> str:
    """The day in the active language; '' for none."""
    if lunar is None:
        return ""
    return lunar.zh if reads_chinese() else lunar.en


def month_words(month: int, *, is_leap: bool) -> str:
    """A lunar month as a list of months calls it, in the active language."""
    if reads_chinese():
        return f"{'闰' if is_leap else ''}{MONTHS_ZH[month - 1]}月"
    return f"{'Leap month' if is_leap else 'Month'} {month}"


def monthday_words(day: int) -> str:
    """A day of a lunar month, in the active language."""
    return day_zh(day) if reads_chinese() else str(day)


@transaction.atomic
def declare_birthday(
    *, brand_id: int, member_id: int, birthday: date | LunarDay, now: datetime
) -> None:
    """Write down the birthday a member told, by the calendar it is kept by.

    A solar date takes the place of a lunar day; a date of birth stays beside a lunar day. Undoing
    an import leaves it. Raises ``RefusedInputError`` with the code ``MEMBER``, or ``BORN`` for a
    date before 1900 or after today.
    """
    is_lunar = isinstance(birthday, LunarDay)
    born = birthday.born if isinstance(birthday, LunarDay) else birthday
    zone = ZoneInfo(Brand.objects.values_list("time_zone", flat=True).get(pk=brand_id))
    if born is not None and not BORN_FIRST <= born <= now.astimezone(zone).date():
        raise RefusedInputError("BORN", "A date of birth is from 1900 on and not after today.")
    said = {"lunar_birthday": str(birthday)} if is_lunar else {
        "birthday": birthday, "lunar_birthday": None,
    }  # fmt: skip
    own = Member.objects.filter(brand_id=brand_id, pk=member_id, merged_into=None)
    if not own.update(**said, changed_ref=LIVE_SOURCE):
        raise RefusedInputError("MEMBER", "The brand has no such member; nothing was recorded.")
    with connection.cursor() as cursor:
        follow_rows(cursor, "members_member", (*BIRTHDAY_COLUMNS, "changed_ref"), [member_id])
    append(
        brand_id=brand_id,
        kind=PROFILES_CHANGED,
        subject_ids=[member_id],
        occurred_at=now,
        origin="live",
    )
