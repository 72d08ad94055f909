"""Recommendations by hand, and against plain Python over random baskets."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand
from huitou.insight import queries, recommendations, services
from huitou.insight.recommendations import Recommendation
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, make_members
from tests.insight.test_association import (
    AS_OF,
    CATALOGUE,
    Basket,
    plain_rules,
    random_baskets,
    sell,
)

LATELY = date(2024, 6, 25)


def told(found: list[Recommendation]) -> list[tuple[Any, ...]]:
    return [(r.reason, r.item.code, r.because.code if r.because else None, r.share) for r in found]


@pytest.fixture
def shoppers(brand: Brand, home: Path) -> tuple[Scope, list[int]]:
    """Six bought tea and cup, four tea alone, five lamp alone; one nothing; nobody is due."""
    codes = [["tea", "cup"]] * 6 + [["tea"]] * 4 + [["lamp"]] * 5
    baskets = [(Bought(n, 0, n, LATELY), held) for n, held in enumerate(codes)]
    members = make_members(brand, len(codes) + 1)
    sell(brand, [make_shop(brand)], members, baskets)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return Scope(brand.pk), members


def test_who_bought_tea_is_offered_the_cup(shoppers: tuple[Scope, list[int]]) -> None:
    # given
    scope, members = shoppers
    both, tea, lamp, nobody = members[0], members[6], members[10], members[15]

    # when
    found = recommendations.recommendations(scope, [nobody, tea, both, lamp], limit=2)

    # then: six of ten who bought tea also bought the cup
    assert told(found[tea]) == [("together", "cup", "tea", 0.6), ("popular", "lamp", None, 5 / 15)]
    assert told(found[both]) == [("popular", "lamp", None, 5 / 15)]
    assert told(found[lamp]) == [
        ("popular", "tea", None, 10 / 15),
        ("popular", "cup", None, 6 / 15),
    ]
    assert told(found[nobody]) == [
        ("popular", "tea", None, 10 / 15),
        ("popular", "cup", None, 6 / 15),
    ]


def test_what_is_due_again_comes_first(brand: Brand, home: Path) -> None:
    # given: tea every ten days, last on the 10th; the cup of the same category before it
    days = [date(2024, 5, 21), date(2024, 5, 31), date(2024, 6, 10)]
    baskets: list[Basket] = [
        (Bought(n, 0, 0, day), [code])
        for n, (day, code) in enumerate(zip(days, ["tea", "cup", "tea"], strict=True))
    ]
    members = make_members(brand, 1)
    sell(brand, [make_shop(brand)], members, baskets)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    found = recommendations.recommendations(Scope(brand.pk), members)[members[0]]

    # then
    assert told(found) == [("due", "tea", None, None)]
    assert found[0].since == date(2024, 6, 20)


@pytest.mark.parametrize("seed", [3, 4])
def test_offers_equal_a_plain_computation(brand: Brand, home: Path, seed: int) -> None:
    # given
    members = make_members(brand, 30)
    baskets = random_baskets(seed)
    sell(brand, [make_shop(brand)], members, baskets)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    found = recommendations.recommendations(Scope(brand.pk), members, limit=4)

    # then
    kept = [
        (b, codes)
        for b, codes in baskets
        if b.is_purchase and b.currency == "CNY" and b.member is not None and b.day <= AS_OF
    ]
    owned: dict[int, set[str]] = defaultdict(set)
    for bought, codes in kept:
        owned[bought.member or 0] |= set(codes)
    rules = plain_rules(baskets, recommendations.PAIRING, 5)
    for place, member in enumerate(members):
        offers = found[member]
        assert len({offer.item.code for offer in offers}) == len(offers)
        together = [offer for offer in offers if offer.reason == "together"]
        candidates: dict[str, float] = {}
        for (a, b), rule in rules.items():
            if a in owned[place] and b not in owned[place] and rule["lift"] > 1 + 1e-12:
                candidates[b] = max(candidates.get(b, 0), rule["confidence"])
        due = [offer for offer in offers if offer.reason == "due"]
        assert {offer.item.code for offer in due} <= owned[place]
        expected = sorted(candidates.values(), reverse=True)[: 4 - len(due)]
        assert [offer.share for offer in together] == pytest.approx(expected)
        for offer in together:
            assert offer.because is not None
            assert offer.because.code in owned[place]
        popular = [offer.item.code for offer in offers if offer.reason == "popular"]
        assert not set(popular) & (owned[place] | candidates.keys())
        left = set(CATALOGUE) - owned[place] - candidates.keys()
        assert len(popular) == min(len(left), 4 - len(due) - len(together))
    # what is due is what the categories say
    every = queries.member_categories(brand.pk, members)
    for place, member in enumerate(members):
        dues = [c for c in every.get(member, []) if c.next_date <= AS_OF]
        offered = [offer for offer in found[member] if offer.reason == "due"]
        assert len(offered) == min(2, len(dues)), place
        assert {offer.item.category for offer in offered} <= {c.category for c in dues}
    assert Counter(offer.reason for offers in found.values() for offer in offers)["together"] > 0


@pytest.mark.parametrize("limit", [0, 21])
def test_too_many_or_no_products_are_refused(shoppers: tuple[Scope, list[int]], limit: int) -> None:
    with pytest.raises(RefusedInputError):
        recommendations.recommendations(shoppers[0], shoppers[1], limit=limit)


def test_before_the_first_refresh_nothing_is_offered(brand: Brand, home: Path) -> None:
    assert recommendations.recommendations(Scope(brand.pk), [1, 2]) == {}
