"""What is bought together: by hand, and against a count of every basket in plain Python."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, OrderLine, Product
from huitou.eventlog.services import append
from huitou.insight import association, services
from huitou.insight.association import Pairing, Wanted
from huitou.insight.baskets import PairCounts
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.months import month_number
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, _order, make_members

AS_OF = date(2024, 6, 30)
CATALOGUE = {"tea": "茶具", "cup": "茶具", "lamp": "香薰", "sheet": "家纺", "gift": ""}
Basket = tuple[Bought, Sequence[str]]


def sell(brand: Brand, shops: list[Shop], members: list[int], baskets: Sequence[Basket]) -> None:
    """Write orders with lines of the products of ``CATALOGUE``."""
    products = {
        code: Product.objects.create(brand=brand, code=code, title=f"{code}!", category=category)
        for code, category in CATALOGUE.items()
    }
    with transaction.atomic():
        orders = Order.objects.bulk_create(
            [_order(brand, shops, members, bought) for bought, _ in baskets]
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, line_key=str(key), product=products[code])
            for order, (_, codes) in zip(orders, baskets, strict=True)
            for key, code in enumerate(codes)
        )
        append(
            brand_id=brand.pk,
            kind="commerce.orders_recorded",
            subject_ids=[order.pk for order in orders],
            occurred_at=NOW,
            origin="backfill",
            payload={"months": sorted({month_number(bought.day) for bought, _ in baskets})},
        )


def random_baskets(seed: int, *, orders: int = 400, members: int = 30) -> list[Basket]:
    rng = random.Random(seed)
    found = []
    for number in range(orders):
        bought = Bought(
            number=number,
            shop=0,
            member=rng.choice((None, *range(members))),
            day=AS_OF + timedelta(days=20) - timedelta(days=rng.randrange(600)),
            refunded_minor=rng.choice((0, 0, 0, 1000)),
            currency=rng.choice(("CNY", "CNY", "CNY", "USD")),
        )
        found.append((bought, rng.choices(list(CATALOGUE), [5, 4, 3, 2, 1], k=rng.randrange(5))))
    return found


def plain_rules(
    baskets: Sequence[Basket], pairing: Pairing, minimum: int = 3
) -> dict[tuple[str, str], dict[str, Any]]:
    """Support, confidence and lift of every pair in ``minimum`` baskets, counted one by one."""
    start = AS_OF - timedelta(days=(pairing.window_days or 10_000) - 1)
    held: dict[Any, set[str]] = {}
    for bought, codes in baskets:
        counts = bought.is_purchase and bought.currency == "CNY" and start <= bought.day <= AS_OF
        key = bought.number if pairing.basket == "order" else bought.member
        named = {CATALOGUE[code] if pairing.by == "category" else code for code in codes} - {""}
        if counts and key is not None and named:
            held.setdefault(key, set()).update(named)
    single = Counter(item for items in held.values() for item in items)
    both = Counter(pair for items in held.values() for pair in combinations(sorted(items), 2))
    found = {}
    for (a, b), number in both.items():
        for one, other in ((a, b), (b, a)):
            found[one, other] = {
                "baskets": number,
                "support": number / len(held),
                "confidence": number / single[one],
                "lift": number / single[one] / (single[other] / len(held)),
            }
    return {pair: measures for pair, measures in found.items() if measures["baskets"] >= minimum}


@pytest.mark.parametrize("by", ["product", "category"])
@pytest.mark.parametrize("basket", ["order", "member"])
@pytest.mark.parametrize("window_days", [365, None], ids=["year", "all"])
def test_rules_equal_a_count_of_every_basket(
    brand: Brand, home: Path, by: str, basket: str, window_days: int | None
) -> None:
    # given
    baskets = random_baskets(3)
    sell(brand, [make_shop(brand)], make_members(brand, 30), baskets)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    pairing = Pairing(by, basket, window_days)

    # when
    found = association.associations(Scope(brand.pk), pairing, Wanted(limit=1000))

    # then
    assert found is not None
    expected = plain_rules(baskets, pairing)
    rules = {(rule.a.code, rule.b.code): rule for rule in found.rules}
    assert rules.keys() == expected.keys()
    assert len(expected) > 2
    for pair, measures in expected.items():
        mine = {name: getattr(rules[pair], name) for name in measures}
        assert mine == pytest.approx(measures, rel=1e-12)
    assert (found.total, found.left_out) == (len(expected), 0)


BY_HAND = [
    (["tea", "cup"], 4),  # baskets with both
    (["tea"], 1),
    (["cup", "lamp", "lamp"], 3),  # a product twice is one
    (["lamp"], 2),
]


@pytest.fixture
def ten_baskets(brand: Brand, home: Path) -> Scope:
    """Ten orders: tea 5, cup 7, lamp 5; tea and cup 4, cup and lamp 3."""
    codes = [codes for codes, times in BY_HAND for _ in range(times)]
    baskets = [
        (Bought(number, 0, None, date(2024, 6, 1)), codes) for number, codes in enumerate(codes)
    ]
    sell(brand, [make_shop(brand)], [], baskets)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return Scope(brand.pk)


def test_ten_baskets_by_hand(ten_baskets: Scope) -> None:
    # when
    found = association.associations(ten_baskets, Pairing(), Wanted(sort="confidence", limit=10))

    # then
    assert found is not None
    assert (found.baskets, found.baskets_min) == (10, 3)
    assert [
        (r.a.code, r.b.code, r.baskets, r.support, r.confidence, round(r.lift, 4))
        for r in found.rules
    ] == [
        ("tea", "cup", 4, 0.4, 0.8, 1.1429),
        ("lamp", "cup", 3, 0.3, 0.6, 0.8571),
        ("cup", "tea", 4, 0.4, 4 / 7, 1.1429),
        ("cup", "lamp", 3, 0.3, 3 / 7, 0.8571),
    ]
    assert found.rules[0].a.title == "tea!"
    assert found.rules[0].a.category == "茶具"


@pytest.mark.parametrize(
    ("wanted", "pairs"),
    [
        (Wanted(min_support=0.4), ["cup→tea", "tea→cup"]),
        (Wanted(min_confidence=0.6), ["tea→cup", "lamp→cup"]),
        (Wanted(min_lift=1.0), ["cup→tea", "tea→cup"]),
        (Wanted(text="LAM"), ["cup→lamp", "lamp→cup"]),
        (Wanted(category="香薰"), ["cup→lamp", "lamp→cup"]),
        (Wanted(text="sheet"), []),
        (Wanted(sort="support", descending=False, limit=1), ["lamp→cup"]),
        (Wanted(sort="baskets", limit=1, offset=1), ["tea→cup"]),
    ],
    ids=["support", "confidence", "lift", "text", "category", "none", "least", "page"],
)
def test_rules_are_chosen_and_ordered(ten_baskets: Scope, wanted: Wanted, pairs: list[str]) -> None:
    # when
    found = association.associations(ten_baskets, Pairing(), wanted)

    # then
    assert found is not None
    assert sorted(f"{r.a.code}→{r.b.code}" for r in found.rules) == sorted(pairs)


@pytest.mark.parametrize(
    ("pairing", "wanted", "code"),
    [
        (Pairing(by="shop"), Wanted(), "BY"),
        (Pairing(basket="month"), Wanted(), "BASKET"),
        (Pairing(window_days=0), Wanted(), "WINDOW"),
        (Pairing(), Wanted(sort="title"), "SORT"),
        (Pairing(), Wanted(limit=0), "LIMIT"),
        (Pairing(), Wanted(limit=10_001), "LIMIT"),
        (Pairing(), Wanted(offset=-1), "LIMIT"),
    ],
    ids=["by", "basket", "window", "sort", "no rules", "too many", "offset"],
)
def test_what_there_is_not_is_refused(
    ten_baskets: Scope, pairing: Pairing, wanted: Wanted, code: str
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        association.associations(ten_baskets, pairing, wanted)

    assert refused.value.code == code


def test_a_brand_without_orders_has_no_rules(brand: Brand, home: Path) -> None:
    # given
    assert association.associations(Scope(brand.pk), Pairing(), Wanted()) is None
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    found = association.associations(Scope(brand.pk), Pairing(), Wanted())

    # then
    assert found is not None
    assert (found.total, found.baskets, found.rules) == (0, 0, [])


def test_rare_items_are_left_out_and_their_baskets_still_count(
    ten_baskets: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: room for the two most bought
    monkeypatch.setattr(association, "ITEMS_MAX", 2)

    # when
    found = association.associations(ten_baskets, Pairing(window_days=None), Wanted())

    # then: cup and lamp stay; tea alone is still a basket
    assert found is not None
    assert (found.baskets, found.left_out) == (10, 1)
    assert [(r.a.code, r.b.code, r.support) for r in found.rules] == [
        ("lamp", "cup", 0.3),
        ("cup", "lamp", 0.3),
    ]


def test_too_many_pairs_raise_the_floor(
    ten_baskets: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(association, "PAIRS_MAX", 1)

    # when
    found = association.associations(ten_baskets, Pairing(window_days=100), Wanted())

    # then
    assert found is not None
    assert (found.baskets_min, found.total) == (4, 2)


@settings(max_examples=100)
@given(
    lines=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), max_size=60),
    held=st.integers(1, 5),
)
def test_pairs_equal_a_plain_count(lines: list[tuple[int, int]], held: int) -> None:
    # given
    counts = PairCounts(9)
    parts = [[line for line in lines if line[0] % 2 == part] for part in (0, 1)]

    # when: the baskets come in two parts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huitou.insight.baskets._PAIRS_HELD", held)
        for part in parts:
            columns = np.array(part, np.int64).reshape(-1, 2)
            counts.add(columns[:, 0].copy(), columns[:, 1].copy())

    # then
    baskets: dict[int, set[int]] = {}
    for basket, item in lines:
        baskets.setdefault(basket, set()).add(item)
    both = Counter(p for items in baskets.values() for p in combinations(sorted(items), 2))
    assert counts.baskets == len(baskets)
    assert {(a, b): n for a, b, n in counts.pairs().tolist()} == dict(both)
    assert counts.of_item.tolist() == [
        sum(item in items for items in baskets.values()) for item in range(9)
    ]


def test_more_items_than_can_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="no more than 4096"):
        PairCounts(4097)
