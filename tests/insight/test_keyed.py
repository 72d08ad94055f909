"""Traits looked up by member are those the snapshot says, whichever are asked for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import services
from huitou.insight.queries import member_traits
from huitou.insight.snapshots import snapshots_root
from huitou.insight.traits import BY_NAME
from tests.factories import make_shop
from tests.insight.histories import NOW, make_members, random_history, store

pytestmark = pytest.mark.django_db(transaction=True)
SOME = ("recency_days", "last_paid_at", "next_purchase_date", "lifecycle_stage", "price_band")


@pytest.fixture
def members(brand: Brand, home: Path) -> list[int]:
    """Forty members with random histories, and figures."""
    members = make_members(brand, 40)
    store(brand, [make_shop(brand, slug=s) for s in ("tm", "jd")], members, random_history(3))
    services.refresh(brand.pk, as_of=date(2024, 5, 2), now=NOW)
    return members


@pytest.mark.parametrize(
    "names", [SOME, ("frequency",), tuple(BY_NAME)], ids=["some", "one", "all"]
)
def test_named_traits_are_those_of_the_snapshot(
    brand: Brand, members: list[int], names: tuple[str, ...]
) -> None:
    # given somebody the snapshot lacks among them, and one member twice
    asked = [*members[::-1], members[0], 10**12]

    # when
    found = member_traits(brand.pk, asked, names=names)

    # then
    whole = member_traits(brand.pk, members)
    assert found == {m: {name: whole[m][name] for name in BY_NAME if name in names} for m in whole}
    assert set(found) == set(members)


def test_nothing_asked_and_nothing_there(brand: Brand, members: list[int]) -> None:
    assert member_traits(brand.pk, members, names=()) == {}
    assert member_traits(brand.pk, [], names=SOME) == {}
    assert member_traits(brand.pk, [10**12], names=SOME) == {}
    assert member_traits(brand.pk + 1, members, names=SOME) == {}


def test_newer_figures_are_looked_up_anew_and_files_go_with_theirs(
    brand: Brand, members: list[int]
) -> None:
    # given
    before = member_traits(brand.pk, members, names=["recency_days"])
    kept = list(snapshots_root(brand.pk).glob("*/keyed-*.arrow"))

    # when
    services.refresh(brand.pk, as_of=date(2024, 5, 3), now=NOW)

    # then
    after = member_traits(brand.pk, members, names=["recency_days"])
    known = [m for m in members if before[m]["recency_days"] is not None]
    assert [after[m]["recency_days"] - before[m]["recency_days"] for m in known] == [1] * len(known)
    assert len(kept) == 1
    assert len(list(snapshots_root(brand.pk).glob("*/keyed-*"))) == 2
