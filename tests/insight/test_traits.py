"""Every trait equals a plain computation, member by member."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import definitions, plan, queries, services
from huitou.insight.types import Scope
from tests.factories import make_shop
from tests.insight import plain
from tests.insight.histories import NOW, make_members, of_shop, random_history, store

AS_OF = date(2024, 6, 30)


@pytest.fixture(autouse=True)
def _little_support(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small histories have category cycles."""
    plan.trait_steps.cache_clear()
    monkeypatch.setattr(definitions, "CATEGORY_SUPPORT_MIN", 5)
    yield
    plan.trait_steps.cache_clear()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_trait_equals_the_plain_computation(brand: Brand, home: Path, seed: int) -> None:
    # given a random history in two shops
    shops = [make_shop(brand), make_shop(brand)]
    members = make_members(brand, 40)
    history = random_history(seed)
    store(brand, shops, members, history)

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    expected = plain.traits(history, AS_OF, support=5)
    found = queries.member_traits(brand.pk, members)
    nothing = dict.fromkeys(found[members[0]])
    assert found == {member: expected.get(place, nothing) for place, member in enumerate(members)}


def test_a_shop_counts_only_its_own_orders(brand: Brand, home: Path) -> None:
    # given
    shops = [make_shop(brand), make_shop(brand)]
    members = make_members(brand, 40)
    history = random_history(7)
    store(brand, shops, members, history)

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    page = queries.find_members(
        Scope(brand.pk, shops[1].pk), queries.MemberFilters(), sort="member_id", descending=False
    )
    expected = plain.traits(of_shop(history, 1), AS_OF, support=5)
    assert {row.member_id: dict(row.traits) for row in page.rows} == {
        members[place]: traits for place, traits in sorted(expected.items())
    }
