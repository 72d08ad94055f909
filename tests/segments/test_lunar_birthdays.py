"""Birthday this month: whoever keeps a lunar birthday is in it on the solar date of this year."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import services as insight
from huitou.kernel.lunar import LunarDay
from huitou.members.birthdays import declare_birthday
from huitou.segments import explaining, files, refreshing, starter
from huitou.segments.models import Segment
from tests.insight.histories import NOW, make_members

pytestmark = pytest.mark.django_db(transaction=True)
SLUG = "birthday-month"


def _in_it(brand: Brand, day: date) -> list[int]:
    """The members of the segment as of a day, refreshed as every night."""
    insight.refresh(brand.pk, as_of=day, now=NOW)
    refreshing.refresh(brand)
    segment = Segment.objects.get(brand=brand, slug=SLUG)
    return sorted(files.standing_members(brand.pk, segment.pk).tolist())


def test_the_starter_segment_hits_the_solar_date_of_the_year(brand: Brand, home: Path) -> None:
    # given: mid-autumn is on 6 October 2025 and on 25 September 2026
    autumn, september, _silent = make_members(brand, 3)
    for member, birthday in ((autumn, LunarDay(8, 15)), (september, date(1990, 9, 10))):
        declare_birthday(brand_id=brand.pk, member_id=member, birthday=birthday, now=NOW)
    starter.add_starter_set(brand=brand, now=NOW)

    # when
    days = [(2025, 9, 1), (2025, 10, 6), (2026, 9, 25), (2026, 9, 26), (2026, 10, 1)]
    found = {day: _in_it(brand, date(*day)) for day in days}

    # then
    assert found == {
        (2025, 9, 1): [september],
        (2025, 10, 6): [autumn],
        (2026, 9, 25): [autumn, september],
        (2026, 9, 26): [autumn, september],
        (2026, 10, 1): [],
    }


def test_a_member_who_tells_the_lunar_calendar_moves(brand: Brand, home: Path) -> None:
    # given: on record is the date of birth
    (member,) = make_members(brand, 1)
    ids = {"brand_id": brand.pk, "member_id": member, "now": NOW}
    declare_birthday(birthday=date(1990, 10, 3), **ids)
    starter.add_starter_set(brand=brand, now=NOW)
    before = _in_it(brand, date(2026, 9, 1))

    # when
    declare_birthday(birthday=LunarDay(8, 15, year=1990), **ids)
    after = _in_it(brand, date(2026, 9, 1))
    segment = Segment.objects.get(brand=brand, slug=SLUG)
    said = explaining.explain(brand=brand, segment=segment, member_id=member, now=NOW)

    # then
    assert (before, after) == ([], [member])
    assert (said.holds, said.finding.holds, said.finding.actual) == (True, True, True)
