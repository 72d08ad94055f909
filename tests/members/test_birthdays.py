"""Solar and lunar birthdays: what is stored, who wins, and what staff write down."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import IntegrityError, transaction

from huitou.brands.models import Shop
from huitou.eventlog.models import Event
from huitou.ingest.records import CUSTOMERS
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar import LunarDay
from huitou.members import lookup, queries, services
from huitou.members.birthdays import Birthday, declare_birthday
from huitou.members.models import Member
from tests.factories import make_shop

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)  # 27 November in Shanghai
PHONE = {"id1_kind": "phone", "id1_value": "+8619900000001"}
MID_AUTUMN = LunarDay(8, 15)


def declared(shop: Shop, ref: int, *rows: dict[str, Any]) -> list[int]:
    """A customer file; returns the accounts."""
    said = [{"row_no": n, **PHONE, **row} for n, row in enumerate(rows, start=1)]
    people = pa.Table.from_pylist(said, schema=CUSTOMERS)
    about = {"brand_id": shop.brand_id, "source_ref": ref, "people": people, "now": NOW}
    with transaction.atomic():
        resolved = services.resolve_people(
            shop_id=shop.pk, platform=shop.platform, origin="backfill", **about
        )
        services.record_profiles(resolved=resolved, origin="backfill", **about)
    return resolved.member_ids.tolist()


def birthday_of(shop: Shop, member: int) -> Birthday:
    """As the queries give it, and as the look-up does."""
    profile = queries.profiles(shop.brand_id, [member])[member]
    found = lookup.member_by_public_id(shop.brand_id, profile.public_id)
    assert found is not None
    assert found.birthday == profile.birthday
    return profile.birthday


def test_a_file_fills_a_lunar_birthday_and_silence_keeps_it(shop: Shop) -> None:
    (member,) = declared(shop, 1, {"birthday": date(1990, 10, 3)})

    declared(shop, 2, {"lunar_birthday": "1990-08-15"})
    declared(shop, 3, {"name": "沈知夏"})

    assert birthday_of(shop, member) == Birthday(date(1990, 10, 3), LunarDay(8, 15, year=1990))


def test_undoing_the_file_takes_the_lunar_birthday_back(shop: Shop) -> None:
    (member,) = declared(shop, 1, {"name": "沈知夏"})
    declared(shop, 2, {"lunar_birthday": "08-15"})

    services.undo(brand_id=shop.brand_id, source_ref=2, in_use=[], now=NOW)

    assert not birthday_of(shop, member)


def test_what_changed_is_told_each_time(shop: Shop) -> None:
    (member,) = declared(shop, 1, {"name": "沈知夏"})
    declared(shop, 2, {"lunar_birthday": "08-15"})
    declared(shop, 3, {"lunar_birthday": "08-15"})
    services.undo(brand_id=shop.brand_id, source_ref=2, in_use=[], now=NOW)

    told = Event.objects.filter(kind="members.profiles_changed").values_list("subject_ids")

    assert list(told) == [([member],), ([member],)]


@pytest.mark.parametrize(
    "text",
    ["13-01", "00-15", "08-31", "08-00", "8-15", "01L-03", "12L-03", "1790-08-15", "", "08-15 "],
)
def test_the_database_keeps_lunar_days_only(shop: Shop, text: str) -> None:
    with pytest.raises(IntegrityError, match="member_lunar_birthday_is_a_lunar_day"):
        Member.objects.create(brand=shop.brand, lunar_birthday=text)


def test_the_first_account_that_says_a_birthday_counts(shop: Shop) -> None:
    # given: the person's own account is silent, the next keeps it by the lunar calendar
    own = Member.objects.create(brand=shop.brand)
    says = ({"lunar_birthday": "06L-30"}, {"birthday": date(1990, 7, 2)})
    for said in says:
        Member.objects.create(brand=shop.brand, merged_into=own, **said)
    assert birthday_of(shop, own.pk) == Birthday(None, LunarDay(6, 30, is_leap=True))

    # when
    declare_birthday(brand_id=shop.brand_id, member_id=own.pk, birthday=date(1991, 7, 2), now=NOW)

    # then
    assert birthday_of(shop, own.pk) == Birthday(date(1991, 7, 2))


def test_staff_write_down_either_calendar(shop: Shop) -> None:
    # given
    member = Member.objects.create(brand=shop.brand, birthday=date(1990, 10, 3)).pk
    ids = {"brand_id": shop.brand_id, "member_id": member, "now": NOW}

    # when: the date of birth stays beside the lunar day; a solar birthday takes its place
    declare_birthday(birthday=MID_AUTUMN, **ids)
    lunar = birthday_of(shop, member)
    declare_birthday(birthday=date(1990, 10, 4), **ids)

    # then
    assert lunar == Birthday(date(1990, 10, 3), MID_AUTUMN)
    assert birthday_of(shop, member) == Birthday(date(1990, 10, 4))


def test_what_staff_wrote_outlives_the_imports(shop: Shop) -> None:
    # given: one import brought the member, the next changed them
    (member,) = declared(shop, 1, {"name": "沈"})
    declared(shop, 2, {"name": "沈知夏", "lunar_birthday": "08-14"})
    declare_birthday(brand_id=shop.brand_id, member_id=member, birthday=MID_AUTUMN, now=NOW)

    # when
    for ref in (2, 1):
        services.undo(brand_id=shop.brand_id, source_ref=ref, in_use=[], now=NOW)

    # then
    assert Member.objects.get().name == "沈"
    assert birthday_of(shop, member) == Birthday(None, MID_AUTUMN)


@pytest.mark.parametrize(
    "birthday",
    [date(1899, 12, 31), date(2026, 11, 28), LunarDay(10, 20, year=2026)],
    ids=["too-old", "tomorrow", "lunar-tomorrow"],
)
def test_nobody_is_born_tomorrow(shop: Shop, birthday: date | LunarDay) -> None:
    member = Member.objects.create(brand=shop.brand).pk

    with pytest.raises(RefusedInputError) as refused:
        declare_birthday(brand_id=shop.brand_id, member_id=member, birthday=birthday, now=NOW)

    assert refused.value.code == "BORN"
    assert not birthday_of(shop, member)


def test_born_today_by_the_brands_clock(shop: Shop) -> None:
    member = Member.objects.create(brand=shop.brand).pk

    declare_birthday(brand_id=shop.brand_id, member_id=member, birthday=date(2026, 11, 27), now=NOW)

    assert birthday_of(shop, member) == Birthday(date(2026, 11, 27))


def test_no_other_brands_member_is_written_to(shop: Shop) -> None:
    other = Member.objects.create(brand=make_shop().brand).pk

    with pytest.raises(RefusedInputError) as refused:
        declare_birthday(brand_id=shop.brand_id, member_id=other, birthday=MID_AUTUMN, now=NOW)

    assert refused.value.code == "MEMBER"
    assert Member.objects.get(pk=other).lunar_birthday is None
