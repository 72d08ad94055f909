"""Value traits of a brand equal the models applied member by member, as of any date."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from huitou.brands.models import Brand
from huitou.insight import queries, services, value
from huitou.insight.clv import spend, values
from huitou.insight.clv.purchases import Histories
from huitou.insight.clv.spend import Spending
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, lively_history, make_members, store
from tests.insight.plain import VALUE_TRAITS, bought_until, half_up

AS_OF = date(2024, 6, 30)
MEMBERS = 300


def plain_values(history: list[Bought], as_of: date) -> dict[int, dict[str, Any]]:
    """Value traits by the models, one row per member and nothing collapsed."""
    bought = bought_until(history, as_of)
    rows = []
    for orders in bought.values():
        days = sorted({order.day for order in orders})
        total = sum(order.net for order in orders)
        gone = (days[-1] - days[0]).days, (as_of - days[0]).days
        rows.append((len(days) - 1, *gone, total))
    columns = np.array(rows, dtype=np.float64).T
    repeats, ones = columns[0].astype(np.int64), np.ones(len(rows))
    histories = Histories(repeats, columns[1], columns[2], ones)
    model = values.fitted(histories, Spending(repeats + 1, columns[3], ones))
    if model.purchases is None:
        return {member: dict.fromkeys(VALUE_TRAITS) for member in bought}
    outlook = values.outlook(model.purchases, histories)
    found = {
        member: {"p_alive": outlook.alive[n], "expected_purchases": outlook.purchases[n]}
        for n, member in enumerate(bought)
    }
    if model.spend is None:
        nothing = dict.fromkeys(("value_tier", "clv_minor", "expected_spend_minor"))
        return {member: {**traits, **nothing} for member, traits in found.items()}
    worth = spend.expected_spend(model.spend, repeats + 1, columns[3])
    clv = [half_up(value) for value in outlook.discounted * worth]
    promising = head(clv, 0.8)
    proven = head([int(total) for total in columns[3]], 0.5)
    for n, member in enumerate(bought):
        tier = "ordinary"
        if clv[n] >= promising:
            tier = "core" if columns[3][n] >= proven else "potential"
        found[member] |= {
            "clv_minor": clv[n],
            "expected_spend_minor": half_up(worth[n]),
            "value_tier": tier,
        }
    return found


def head(amounts: list[int], share: float) -> int:
    """The least amount of the fewest who together have the share of it all."""
    reached = 0
    of_amount: dict[int, int] = defaultdict(int)
    for amount in amounts:
        of_amount[amount] += amount
    for amount in sorted(of_amount, reverse=True):
        reached += of_amount[amount]
        if reached >= sum(amounts) * share:
            return amount
    raise AssertionError("nobody has anything")


@pytest.mark.parametrize("as_of", [AS_OF, date(2024, 1, 31)], ids=["last", "earlier"])
def test_value_traits_equal_the_models_member_by_member(
    brand: Brand, home: Path, as_of: date
) -> None:
    # given
    members = make_members(brand, MEMBERS + 1)
    history = lively_history(5)
    store(brand, [make_shop(brand)], members, history)

    # when
    services.refresh(brand.pk, as_of=as_of, now=NOW, rebuild=True)

    # then
    expected = plain_values(history, as_of)
    found = queries.member_traits(brand.pk, members)
    assert {trait["value_tier"] for trait in expected.values()} == {"core", "potential", "ordinary"}
    for place, traits in expected.items():
        mine = found[members[place]]
        tier, numbers = traits.pop("value_tier"), traits
        assert mine["value_tier"] == tier
        assert {name: mine[name] for name in numbers} == pytest.approx(numbers, rel=1e-6)
    assert {found[members[MEMBERS]][name] for name in VALUE_TRAITS} == {None}


def test_one_price_leaves_amounts_unsaid_and_purchases_foretold(brand: Brand, home: Path) -> None:
    # given: a visit never costs anything but 99, so one customer is as good as the other
    members = make_members(brand, MEMBERS)
    history = [
        replace(orders[0], number=number)
        for number, orders in enumerate(by_visit(lively_history(6, price=9900)))
    ]
    store(brand, [make_shop(brand)], members, history)

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    summary = value.summary(Scope(brand.pk))
    assert summary is not None
    assert summary.model.reason == "no_spend_model"
    first = queries.member_traits(brand.pk, members)[members[0]]
    assert first["expected_purchases"] > 0
    assert first["clv_minor"] is None
    assert first["value_tier"] is None


def by_visit(history: list[Bought]) -> list[list[Bought]]:
    """The orders of each member and day."""
    found: dict[tuple[int | None, date], list[Bought]] = defaultdict(list)
    for order in history:
        found[order.member, order.day].append(order)
    return list(found.values())


def test_the_summary_counts_every_buyer_in_a_tier(brand: Brand, home: Path) -> None:
    # given
    members = make_members(brand, MEMBERS)
    history = lively_history(5)
    store(brand, [make_shop(brand)], members, history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    summary = value.summary(Scope(brand.pk))

    # then
    assert summary is not None
    expected = plain_values(history, AS_OF)
    counted = Counter(traits["value_tier"] for traits in expected.values())
    assert {tier.label.code: tier.members for tier in summary.tiers} == dict(counted)
    assert sum(tier.clv_minor for tier in summary.tiers) == sum(
        traits["clv_minor"] for traits in expected.values()
    )
    assert summary.reason is None


@pytest.mark.parametrize("days", [90, 100], ids=["weeks and a bit", "others"])
def test_the_back_test_compares_with_what_happened(brand: Brand, home: Path, days: int) -> None:
    # given
    members = make_members(brand, MEMBERS)
    history = lively_history(8)
    store(brand, [make_shop(brand)], members, history)
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    found = value.backtest(Scope(brand.pk), days)

    # then: member by member
    assert found is not None
    calibration = AS_OF - timedelta(days=days)
    assert (found.calibration, found.as_of) == (calibration, AS_OF)
    before = bought_until(history, calibration)
    until = bought_until(history, AS_OF)
    model = found.model.purchases
    assert model is not None
    expected, actual, classes = 0.0, 0, [[0, 0.0, 0] for _ in range(8)]
    away, sales = 0.0, 0
    for member, orders in before.items():
        bought = sorted({order.day for order in orders})
        one = Histories(
            np.array([len(bought) - 1]),
            np.array([float((bought[-1] - bought[0]).days)]),
            np.array([float((calibration - bought[0]).days)]),
            np.ones(1),
        )
        mine = float(values.expected_by(model, one, days)[0])
        after = [order for order in until[member] if order.day > calibration]
        came = len({order.day for order in after})
        row = classes[min(len(bought) - 1, 7)]
        row[0], row[1], row[2] = row[0] + 1, row[1] + mine, row[2] + came
        expected, actual, away = expected + mine, actual + came, away + abs(mine - came)
        sales += sum(order.net for order in after)
    assert (found.customers, found.actual) == (len(before), actual)
    assert found.expected == pytest.approx(expected)
    assert found.mean_error == pytest.approx(away / len(before))
    assert found.error == pytest.approx(expected / actual - 1)
    assert found.actual_sales_minor == sales
    assert [(c.customers, c.actual) for c in found.classes] == [(c[0], c[2]) for c in classes]
    assert [c.expected for c in found.classes] == pytest.approx([c[1] for c in classes])
    assert len(found.weeks) == -(-days // 7)
    assert (found.weeks[-1].until, found.weeks[-1].actual) == (AS_OF, actual)
    assert found.weeks[-1].expected == pytest.approx(expected)
    assert [week.expected for week in found.weeks] == sorted(week.expected for week in found.weeks)
    # and it is about right: the customers behave as the model says
    assert abs(found.error) < 0.25


def test_a_back_test_of_too_little_says_why(brand: Brand, home: Path) -> None:
    # given: one customer
    members = make_members(brand, 1)
    store(brand, [make_shop(brand)], members, [Bought(0, 0, 0, date(2024, 1, 5))])
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    found = value.backtest(Scope(brand.pk))

    # then
    assert found is not None
    assert found.reason is not None
    assert found.reason.code == "few_repeaters"
    assert (found.error, found.weeks, found.classes) == (None, [], [])


def test_before_the_first_refresh_there_is_nothing(brand: Brand, home: Path) -> None:
    assert value.summary(Scope(brand.pk)) is None
    assert value.backtest(Scope(brand.pk)) is None


@pytest.mark.parametrize("days", [0, 27, 731, -5])
def test_a_back_test_is_neither_too_short_nor_too_long(brand: Brand, home: Path, days: int) -> None:
    # given
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # when
    with pytest.raises(RefusedInputError) as refused:
        value.backtest(Scope(brand.pk), days)

    # then
    assert refused.value.code == "BACKTEST_DAYS"
