"""When members are expected back: by hand on small histories, and never in the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import definitions, plan, queries, services
from huitou.insight.types import CategoryDue
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, make_members, random_history, store

JANUARY = date(2024, 1, 1)


@pytest.fixture(autouse=True)
def _no_support(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two members make a curve."""
    plan.compiled_traits.cache_clear()
    monkeypatch.setattr(definitions, "SURVIVAL_SUPPORT_MIN", 1)
    yield
    plan.compiled_traits.cache_clear()


def on_days(member: int, *days: int, categories: tuple[str, ...] = ()) -> list[Bought]:
    """Purchases on days of January, from 1 on."""
    return [
        Bought(member * 100 + day, 0, member, JANUARY + timedelta(days=day - 1),
               categories=categories)
        for day in days
    ]  # fmt: skip


# Both have a cycle of 10 days. Three waits of four last ten tenths of it or longer, and so on: with
# nobody waiting the shares beyond bins 5, 10, 15 are 3/4, 1/4, 0 of those at risk.
EVEN = on_days(0, 1, 11, 21)
UNEVEN = on_days(1, 1, 6, 21)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        # Two are silent for 0 days: shares 3/4, 1/4 (of 4, then 3 at risk): half in bin 10.
        (date(2024, 1, 21), date(2024, 2, 1)),
        # Silent for 8 tenths: 5/6 before, 5/18 in bin 10, which is less than half of it.
        (date(2024, 1, 29), date(2024, 2, 1)),
        # Silent for 12: 1/2 before; the last wait ends in bin 15, 16 days after the last purchase.
        (date(2024, 2, 2), date(2024, 2, 6)),
        # Silent for longer than anybody who came back.
        (date(2024, 2, 8), None),
    ],
)
def test_the_expected_day_moves_on_with_the_silence(
    brand: Brand, home: Path, as_of: date, expected: date | None
) -> None:
    # given
    members = make_members(brand, 2)
    store(brand, [make_shop(brand)], members, [*EVEN, *UNEVEN])

    # when
    services.refresh(brand.pk, as_of=as_of, now=NOW, rebuild=True)

    # then
    found = queries.member_traits(brand.pk, members)
    assert [found[member]["next_purchase_date"] for member in members] == [expected, expected]
    assert [found[member]["cycle_days"] for member in members] == [10, 10]


def test_the_curve_ends_where_too_few_are_waited_for(
    brand: Brand, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given four at risk in bin 5, where a quarter buys, and three in bin 10
    monkeypatch.setattr(definitions, "SURVIVAL_SUPPORT_MIN", 4)
    members = make_members(brand, 2)
    store(brand, [make_shop(brand)], members, [*EVEN, *UNEVEN])

    # when
    services.refresh(brand.pk, as_of=date(2024, 1, 21), now=NOW, rebuild=True)

    # then
    found = queries.member_traits(brand.pk, members)
    assert [found[member]["next_purchase_date"] for member in members] == [None, None]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_expected_in_the_past(brand: Brand, home: Path) -> None:
    # given
    members = make_members(brand, 40)
    store(brand, [make_shop(brand), make_shop(brand)], members, random_history(4))

    # then
    for days in (0, 1, 7, 30, 90):
        as_of = date(2024, 3, 1) + timedelta(days=days)
        services.refresh(brand.pk, as_of=as_of, now=NOW)
        traits = queries.member_traits(brand.pk, members).values()
        expected = [t["next_purchase_date"] for t in traits if t["next_purchase_date"]]
        assert len(expected) >= 10
        assert min(expected) >= as_of


def test_every_category_has_its_own_date_and_warning_line(brand: Brand, home: Path) -> None:
    # given teaware every ten days and incense once; on all days together every seventh
    (member,) = make_members(brand, 1)
    history = on_days(0, 1, 11, 21, categories=("茶具",)) + on_days(0, 5, categories=("香薰", ""))
    store(brand, [make_shop(brand)], [member], history)
    teaware = CategoryDue("茶具", 3, date(2024, 1, 21), 10, date(2024, 1, 31), date(2024, 2, 20))
    incense = CategoryDue("香薰", 1, date(2024, 1, 5), 7, date(2024, 1, 12), date(2024, 1, 26))

    # when
    services.refresh(brand.pk, as_of=date(2024, 1, 25), now=NOW, rebuild=True)

    # then
    assert queries.member_categories(brand.pk, [member, -1]) == {member: [teaware, incense]}
    traits = queries.member_traits(brand.pk, [member])[member]
    assert traits["main_category"] == "茶具"
    assert traits["main_category_share"] == 0.75
    assert traits["second_category"] == "香薰"
    assert traits["due_category"] == "香薰"

    # when teaware is due as well, and then crosses its line
    states = {}
    for as_of in (date(2024, 1, 26), date(2024, 1, 31), date(2024, 2, 20)):
        services.refresh(brand.pk, as_of=as_of, now=NOW)
        due = queries.member_traits(brand.pk, [member])[member]["due_category"]
        states[as_of] = (due, teaware.state(as_of), incense.state(as_of))

    # then
    assert states == {
        date(2024, 1, 26): (None, "resting", "crossed"),
        date(2024, 1, 31): ("茶具", "due", "crossed"),
        date(2024, 2, 20): (None, "crossed", "crossed"),
    }
