"""Birthdays by both calendars: on the member page, in its form, and where two are compared."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.console.birthday_words import birthday_text, lunar_this_year
from huitou.kernel.lunar import LunarDay
from huitou.members.birthdays import Birthday
from huitou.members.models import Member
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_staff

PAGE = f"/members/{people.public_id(0)}/"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def saved(client: Client, **fields: str) -> str:
    """Post the form and read the page it leads to."""
    return text_of(client.post(f"{PAGE}birthday/", fields, follow=True).content.decode())


def first() -> Member:
    """The member of the page."""
    return Member.objects.get(public_id=people.public_id(0))


@pytest.mark.parametrize(
    ("language", "lunar", "today", "words"),
    [
        ("zh-hans", LunarDay(8, 15), date(2026, 1, 2), "农历八月十五（今年公历 9 月 25 日）"),
        ("zh-hans", LunarDay(8, 15), date(2026, 12, 31), "农历八月十五（今年公历 9 月 25 日）"),
        (
            "zh-hans", LunarDay(5, 3, is_leap=True, year=1990), date(2026, 1, 2),
            "农历1990年闰五月初三（今年公历 6 月 17 日）",
        ),
        ("zh-hans", LunarDay(12, 1), date(2025, 6, 1), "农历腊月初一（明年公历 1 月 19 日）"),
        (
            "en", LunarDay(8, 15), date(2026, 1, 2),
            "day 15 of lunar month 8 (25 September this year)",
        ),
        (
            "en", LunarDay(12, 1), date(2025, 6, 1),
            "day 1 of lunar month 12 (19 January next year)",
        ),
    ],
    ids=["zh", "zh-past", "zh-leap", "zh-next", "en", "en-next"],
)  # fmt: skip
def test_a_lunar_birthday_is_said_with_its_solar_date(
    language: str, lunar: LunarDay, today: date, words: str
) -> None:
    with translation.override(language):
        assert lunar_this_year(lunar, today) == words


def test_both_calendars_are_said_where_people_are_compared() -> None:
    with translation.override("zh-hans"):
        said = [
            birthday_text(one)
            for one in (
                Birthday(date(1990, 10, 3), LunarDay(8, 15, year=1990)),
                Birthday(lunar=LunarDay(1, 1)),
                Birthday(date(1990, 10, 3)),
                Birthday(),
            )
        ]

    assert said == ["农历1990年八月十五 · 1990-10-03", "农历正月初一", "1990-10-03", ""]


def test_either_calendar_is_written_down(signed_in: Client) -> None:
    # when
    with time_machine.travel("2026-11-26T02:00:00Z", tick=False):
        lunar = saved(signed_in, calendar="lunar", month="08", day="15", year="", date="")
        as_lunar = (first().birthday, first().lunar_birthday)
        leap = saved(signed_in, calendar="lunar", month="05L", day="03", year="1990")
        solar = saved(signed_in, calendar="solar", date="1990-10-03", month="08", day="15")

    # then
    assert "Birthday day 15 of lunar month 8 (25 September this year)" in lunar
    assert "Birthday day 3 of lunar leap month 5, 1990 (17 June this year)" in leap
    assert "born 1990-10-03" in solar
    assert "lunar month 8 (" not in solar
    assert as_lunar == (None, "08-15")
    assert (first().birthday, first().lunar_birthday) == (date(1990, 10, 3), None)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"calendar": "lunar", "month": "06L", "day": "03", "year": "1990"}, "no such day"),
        ({"calendar": "lunar", "month": "08", "day": "30", "year": "1990"}, "no such day"),
        ({"calendar": "lunar", "month": "08", "day": "15", "year": "90"}, "no such day"),
        ({"calendar": "lunar"}, "no such day"),
        ({"calendar": "lunar", "month": "08", "day": "15", "year": "2099"}, "not after today"),
        ({"calendar": "solar", "date": ""}, "Write a date such as 2026-05-01."),
        ({"calendar": "solar", "date": "2099-01-01"}, "not after today"),
        ({}, "Write a date such as 2026-05-01."),
    ],
    ids=[
        "no-leap",
        "short-month",
        "short-year",
        "nothing",
        "future",
        "no-date",
        "tomorrow",
        "empty",
    ],
)
def test_a_day_there_is_not_changes_nothing(
    signed_in: Client, fields: dict[str, str], told: str
) -> None:
    Member.objects.filter(pk=first().pk).update(lunar_birthday="01-01")

    page = saved(signed_in, **fields)

    assert told in page
    assert (first().birthday, first().lunar_birthday) == (None, "01-01")


def test_who_may_not_edit_sees_the_birthday_only(
    client: Client, home: Path, brand: Brand, shop: Shop
) -> None:
    # given
    people.fill(brand, shop, birthdays=(date(1990, 10, 3),))
    client.force_login(make_staff(brand, role=Role.ANALYST))
    client.cookies["django_language"] = "en"

    # when
    page = text_of(client.get(PAGE).content.decode())
    refused = client.post(f"{PAGE}birthday/", {"calendar": "solar", "date": "1991-01-01"})

    # then
    assert refused.status_code == 403
    assert "born 1990-10-03" in page
    assert "Change the birthday" not in page
    assert first().birthday == date(1990, 10, 3)


def test_a_merge_shows_both_birthdays_before_it_is_done(signed_in: Client) -> None:
    # given
    own, other = first(), Member.objects.get(public_id=people.public_id(1))
    Member.objects.filter(pk=own.pk).update(lunar_birthday="1990-08-15")
    Member.objects.filter(pk=other.pk).update(birthday=date(1990, 10, 3))

    # when
    page = text_of(signed_in.get(f"{PAGE}merge/", {"with": str(other.public_id)}).content.decode())

    # then
    assert "Birthday day 15 of lunar month 8, 1990" in page
    assert "Birthday 1990-10-03" in page
