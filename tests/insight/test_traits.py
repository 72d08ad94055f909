"""Every trait equals a plain computation, member by member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.insight import definitions, plan, queries, services
from huitou.insight.traits import BY_NAME
from huitou.insight.types import Scope
from huitou.members import decisions
from tests.factories import make_shop
from tests.insight import plain
from tests.insight.histories import NOW, make_members, of_shop, random_history, store

AS_OF = date(2024, 6, 30)


@pytest.fixture(autouse=True)
def _little_support(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small histories have category cycles."""
    caches = (plan.compiled_traits, plan.stage_steps)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(definitions, "CATEGORY_SUPPORT_MIN", 5)
    monkeypatch.setattr(definitions, "SURVIVAL_SUPPORT_MIN", 5)
    yield
    for cached in caches:
        cached.cache_clear()


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
    expected = plain.traits(history, AS_OF, support=5, waited=5)
    found = queries.member_traits(brand.pk, members)
    nothing = dict.fromkeys(found[members[0]])
    assert found == {
        member: nothing | expected.get(place, {}) for place, member in enumerate(members)
    }


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
    expected = plain.traits(of_shop(history, 1), AS_OF, support=5, waited=5)
    assert {row.member_id: dict(row.traits) for row in page.rows} == {
        members[place]: dict.fromkeys(BY_NAME) | traits
        for place, traits in sorted(expected.items())
    }


@pytest.mark.django_db(transaction=True)
def test_a_person_of_several_accounts_is_counted_as_one(brand: Brand, home: Path) -> None:
    # given: every second account is merged into the one before it, after their orders came
    shops = [make_shop(brand), make_shop(brand)]
    accounts = make_members(brand, 40)
    history = random_history(11)
    store(brand, shops, accounts, history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    for first, second in zip(accounts[::2], accounts[1::2], strict=True):
        decisions.merge(
            brand_id=brand.pk, member_ids=[first, second], reason="", actor_id=None, now=NOW
        )

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW)

    # then: as if each pair had bought with one account, which the lake's orders do not know
    merged = [
        replace(bought, member=bought.member // 2 * 2 if bought.member is not None else None)
        for bought in history
    ]
    expected = plain.traits(merged, AS_OF, support=5, waited=5)
    found = queries.member_traits(brand.pk, accounts[::2])
    nothing = dict.fromkeys(found[accounts[0]])
    assert found == {
        member: nothing | expected.get(place, {})
        for place, member in zip(range(0, 40, 2), accounts[::2], strict=True)
    }
    assert queries.member_traits(brand.pk, accounts[1::2]) == {}

    # and split again they are who they were
    for second in accounts[1::2]:
        decisions.split(brand_id=brand.pk, account_ids=[second], reason="", actor_id=None, now=NOW)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW)
    expected = plain.traits(history, AS_OF, support=5, waited=5)
    found = queries.member_traits(brand.pk, accounts)
    assert found == {member: nothing | expected.get(n, {}) for n, member in enumerate(accounts)}
