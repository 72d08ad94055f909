"""Customer lifetime value: published figures, slow references, and samples that say nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.insight.clv import purchases, spend, values
from huitou.insight.clv.newton import maximum
from huitou.insight.clv.purchases import Histories, PurchaseModel
from huitou.insight.clv.spend import Spending, SpendModel

CDNOW = np.genfromtxt(
    Path(__file__).parent / "data" / "cdnow.csv", delimiter=",", skip_header=5, encoding="utf-8"
)
PUBLISHED = PurchaseModel(r=0.243, alpha=4.414, a=0.793, b=2.426)


def histories_of(rows: np.ndarray) -> Histories:
    return Histories(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], rows[:, 4])


def spending_of(rows: np.ndarray) -> Spending:
    again = rows[rows[:, 0] > 0]
    return Spending(again[:, 0].astype(np.int64), again[:, 0] * again[:, 3], again[:, 4])


def test_the_sample_is_the_published_one() -> None:
    assert CDNOW[:, 4].sum() == 2357
    assert CDNOW[CDNOW[:, 0] > 0, 4].sum() == 946


def test_cdnow_gives_the_published_purchase_parameters() -> None:
    # Fader, Hardie and Lee (2005), table 2
    model = purchases.fit(histories_of(CDNOW))
    assert model is not None
    found = [round(value, 3) for value in (model.r, model.alpha, model.a, model.b)]
    assert found == [0.243, 4.414, 0.793, 2.426]


def test_cdnow_gives_the_published_spend_parameters() -> None:
    # Fader and Hardie (2013), section 6
    model = spend.fit(spending_of(CDNOW))
    assert model is not None
    assert [round(value, 2) for value in (model.p, model.q, model.v)] == [6.25, 3.74, 15.45]


def test_the_published_customer_makes_the_published_purchases() -> None:
    # given: the worked example of the paper, who bought twice, last at 30.43 of 38.86 weeks
    one = Histories(np.array([2]), np.array([30.43]), np.array([38.86]), np.ones(1))

    # when
    ahead = purchases.purchases_if_alive(PUBLISHED, one.repeats, one.age, 39)

    # then
    expected = float((purchases.probability_alive(PUBLISHED, one) * ahead)[0])
    assert round(expected, 3) == 1.226


def test_customers_alike_count_like_one_row_with_a_weight() -> None:
    # given
    rows = np.repeat(CDNOW, CDNOW[:, 4].astype(int), axis=0)
    rows[:, 4] = 1

    # when
    one_by_one, counted = purchases.fit(histories_of(rows)), purchases.fit(histories_of(CDNOW))

    # then
    assert one_by_one is not None
    assert counted is not None
    assert one_by_one.alpha == pytest.approx(counted.alpha, rel=1e-8)
    assert one_by_one.b == pytest.approx(counted.b, rel=1e-8)


def test_a_multitude_of_rows_is_fitted_like_few() -> None:
    # given: so many rows that some of them are fitted first, every second one of nobody returning
    again, once = CDNOW[CDNOW[:, 0] > 0], CDNOW[CDNOW[:, 0] == 0]
    returning = np.resize(again, (40_000, 5))
    returning[:, 4] *= len(again) / 40_000
    gone = np.resize(once, (40_000, 5))
    gone[:, 4] *= len(once) / 40_000
    rows = np.stack([gone, returning], axis=1).reshape(-1, 5)
    few = np.concatenate([_folded(gone), _folded(returning)])

    # when
    many, counted = purchases.fit(histories_of(rows)), purchases.fit(histories_of(few))
    spent, spent_counted = spend.fit(spending_of(rows)), spend.fit(spending_of(few))

    # then
    assert many is not None
    assert counted is not None
    assert spent is not None
    assert spent_counted is not None
    assert (many.r, many.alpha) == pytest.approx((counted.r, counted.alpha), rel=1e-6)
    assert (spent.p, spent.v) == pytest.approx((spent_counted.p, spent_counted.v), rel=1e-6)


def _folded(rows: np.ndarray) -> np.ndarray:
    """Rows alike as one."""
    alike, place = np.unique(rows[:, :4], axis=0, return_inverse=True)
    return np.column_stack([alike, np.bincount(place.ravel(), rows[:, 4])])


@pytest.mark.parametrize("unit", [1 / 7, 7.0, 365.0], ids=["days", "slower", "years"])
def test_the_unit_of_time_and_money_changes_only_their_own_parameters(unit: float) -> None:
    # given
    rows = CDNOW * np.array([1, 1 / unit, 1 / unit, 100, 1])

    # when
    buying, spent = purchases.fit(histories_of(rows)), spend.fit(spending_of(rows))

    # then
    assert buying is not None
    assert spent is not None
    assert (buying.alpha * unit, buying.r) == pytest.approx((4.41353, 0.242593), rel=1e-5)
    assert (spent.v / 100, spent.p) == pytest.approx((15.4477, 6.24880), rel=1e-5)


@pytest.mark.parametrize("column", range(4), ids=["r", "alpha", "a", "b"])
def test_the_derivatives_are_those_of_the_likelihood(column: int) -> None:
    # given
    surface = purchases._Likelihood(histories_of(CDNOW), 39.0)
    at = np.array([0.4, 0.2, 0.9, 3.1])
    step = np.zeros(4)
    step[column] = 1e-6

    # when
    above, below = surface(at + step), surface(at - step)

    # then
    _, gradient, curvature = surface(at)
    assert (above[0] - below[0]) / 2e-6 == pytest.approx(gradient[column], rel=1e-6, abs=1e-8)
    assert (above[1] - below[1]) / 2e-6 == pytest.approx(curvature[column], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("column", range(3), ids=["p", "q", "v"])
def test_the_derivatives_are_those_of_the_spend_likelihood(column: int) -> None:
    # given
    surface = spend._Likelihood(spending_of(CDNOW), 35.0)
    at = np.array([5.1, 3.3, 0.6])
    step = np.zeros(3)
    step[column] = 1e-6

    # when
    above, below = surface(at + step), surface(at - step)

    # then
    _, gradient, curvature = surface(at)
    assert (above[0] - below[0]) / 2e-6 == pytest.approx(gradient[column], rel=1e-6, abs=1e-8)
    assert (above[1] - below[1]) / 2e-6 == pytest.approx(curvature[column], rel=1e-5, abs=1e-7)


def plain_log_likelihood(model: PurchaseModel, x: int, recency: float, age: float) -> float:
    """Equation 6 of the paper as it stands."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b

    def log_beta(first: float, second: float) -> float:
        return math.lgamma(first) + math.lgamma(second) - math.lgamma(first + second)

    head = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
    stayed = math.exp(log_beta(a, b + x) - log_beta(a, b)) * (alpha + age) ** -(r + x)
    left = (
        math.exp(log_beta(a + 1, b + x - 1) - log_beta(a, b)) * (alpha + recency) ** -(r + x)
        if x
        else 0.0
    )
    return head + math.log(stayed + left)


@pytest.mark.parametrize(
    ("x", "recency", "age"), [(0, 0, 20), (1, 5, 38), (7, 30, 31)], ids=["none", "one", "seven"]
)
def test_the_likelihood_is_that_of_the_paper(x: int, recency: float, age: float) -> None:
    # given
    one = Histories(np.array([x]), np.array([float(recency)]), np.array([float(age)]), np.ones(1))
    at = np.array([PUBLISHED.r, PUBLISHED.alpha, PUBLISHED.a, PUBLISHED.b])

    # when
    value, _, _ = purchases._Likelihood(one, 1.0)(at)

    # then
    assert value == pytest.approx(plain_log_likelihood(PUBLISHED, x, recency, age), rel=1e-12)


def hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """The Gauss function by its series; fine while numbers are small."""
    term, total, n = 1.0, 1.0, 0
    while term > 1e-17 * total:
        term *= (a + n) * (b + n) / (c + n) / (n + 1) * z
        total += term
        n += 1
    return total


@settings(max_examples=60)
@given(
    x=st.integers(0, 20),
    age=st.floats(1, 100),
    ahead=st.floats(0.5, 60),
    r=st.floats(0.1, 3),
    a=st.floats(0.1, 0.9),
    b=st.floats(1, 5),
)
def test_purchases_ahead_are_those_of_the_hypergeometric_formula(
    x: int, age: float, ahead: float, r: float, a: float, b: float
) -> None:
    # given
    alpha = 4.0
    model = PurchaseModel(r, alpha, a, b)
    z = ahead / (alpha + age + ahead)
    inner = ((alpha + age) / (alpha + age + ahead)) ** (r + x) * hypergeometric(
        r + x, b + x, a + b + x - 1, z
    )

    # when
    found = purchases.purchases_if_alive(model, np.array([x]), np.array([age]), ahead)

    # then: equation 10 of the paper without the chance to be alive
    formula = (a + b + x - 1) / (a - 1) * (1 - inner)
    assert found[0] == pytest.approx(formula, rel=1e-7)


def test_frequent_buyers_get_a_number_and_not_an_overflow() -> None:
    # given: somebody who bought 5,000 times in 1,000 days, and one whose a is 1, where the
    # published formula divides by nought
    model = PurchaseModel(0.8, 60, 1.0, 2.5)

    # when
    found = purchases.purchases_if_alive(model, np.array([5000, 0]), np.array([1000.0, 0.0]), 365)

    # then: less than at their present rate, since some leave
    assert 1000 < found[0] < 5000 / 1060 * 365
    assert 0 < found[1] < 0.8 / 60 * 365


def test_who_stays_silent_is_less_likely_to_be_alive_and_never_more_than_surely() -> None:
    # given: ten repeats, the last ever longer ago
    silent = np.arange(0, 100, 7.0)
    size = len(silent)
    rows = Histories(np.full(size, 10), np.full(size, 30.0), 30 + silent, np.ones(size))

    # when
    alive = purchases.probability_alive(PUBLISHED, rows)

    # then
    assert np.all(np.diff(alive) < 0)
    assert alive[0] < 1
    assert alive[-1] > 0


def test_a_drawn_sample_gives_back_what_it_was_drawn_from() -> None:
    # given
    rng = np.random.default_rng(7)
    rows = drawn(rng, 40_000, PurchaseModel(0.8, 60, 0.7, 2.5))

    # when
    model = purchases.fit(rows)

    # then
    assert model is not None
    assert (model.r, model.alpha) == pytest.approx((0.8, 60), rel=0.05)
    assert (model.a, model.b) == pytest.approx((0.7, 2.5), rel=0.15)


def drawn(rng: np.random.Generator, size: int, model: PurchaseModel) -> Histories:
    """Customers who behave as the model says."""
    age = rng.integers(100, 1000, size).astype(np.float64)
    rate = rng.gamma(model.r, 1 / model.alpha, size)
    leaving = rng.beta(model.a, model.b, size)
    repeats, recency, clock = np.zeros(size, np.int64), np.zeros(size), np.zeros(size)
    there = np.ones(size, bool)
    while there.any():
        clock[there] += rng.exponential(1 / rate[there])
        there &= clock <= age
        repeats[there] += 1
        recency[there] = clock[there]
        there &= rng.random(size) >= leaving
    return Histories(repeats, recency, age, np.ones(size))


NOBODY = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def test_without_customers_there_is_a_reason_and_no_model() -> None:
    found = values.fitted(Histories(*NOBODY, np.zeros(0)), Spending(*NOBODY))
    assert found == values.ValueModel(None, None, "few_repeaters")


def test_too_few_who_came_back_are_not_modelled() -> None:
    # given: 49 came back, one customer fewer than needed
    rows = Histories(
        np.array([0, 2]), np.array([0, 9.0]), np.array([30, 30.0]), np.array([500, 49])
    )

    # when
    found = values.fitted(rows, Spending(np.array([1, 3]), np.ones(2), rows.customers))

    # then
    assert found.reason == "few_repeaters"


def test_customers_who_are_all_alike_have_no_model() -> None:
    # given: everybody bought five times at the same moments
    rows = Histories(np.array([5]), np.array([50.0]), np.array([60.0]), np.array([900.0]))

    # when
    found = values.fitted(rows, Spending(np.array([6]), np.array([600.0]), np.array([900.0])))

    # then
    assert found == values.ValueModel(None, None, "no_purchase_model")


def test_one_price_for_all_leaves_the_purchases_foretold() -> None:
    # given: lively customers, each purchase exactly 100
    rows = histories_of(CDNOW)
    spent = Spending(rows.repeats + 1, (rows.repeats + 1) * 100.0, rows.customers)

    # when
    found = values.fitted(rows, spent)

    # then
    assert found.reason == "no_spend_model"
    assert found.purchases is not None
    assert found.spend is None


def test_gifts_only_say_nothing_of_spending() -> None:
    # given
    rows = histories_of(CDNOW)

    # when
    found = values.fitted(rows, Spending(rows.repeats + 1, np.zeros(len(rows.age)), rows.customers))

    # then
    assert found.reason == "no_spend_model"


def test_the_outlook_adds_up_months_that_are_worth_ever_less() -> None:
    # given
    model = PurchaseModel(0.8, 60, 0.7, 2.5)
    rows = Histories(np.array([0, 3]), np.array([0.0, 90.0]), np.array([10.0, 200.0]), np.ones(2))

    # when
    found = values.outlook(model, rows)

    # then
    alive = purchases.probability_alive(model, rows)
    by_month = [
        alive * purchases.purchases_if_alive(model, rows.repeats, rows.age, 365 * month / 12)
        for month in range(13)
    ]
    worth = sum((by_month[m] - by_month[m - 1]) / 1.01**m for m in range(1, 13))
    assert found.purchases == pytest.approx(by_month[12], rel=1e-12)
    assert found.discounted == pytest.approx(worth, rel=1e-12)
    assert found.purchases == pytest.approx(values.expected_by(model, rows, 365), rel=1e-12)


def test_the_more_often_somebody_bought_the_more_their_own_spend_counts() -> None:
    # given: mean over customers is 6.25 * 15.44 / 2.74 = 35.22
    model = SpendModel(6.25, 3.74, 15.44)
    often = np.array([0, 1, 5, 50, 5000])

    # when
    found = spend.expected_spend(model, often, often * 100.0)

    # then
    assert np.all(np.diff(found) > 0)
    assert found[0] == pytest.approx(35.219, abs=1e-3)
    assert found[-1] == pytest.approx(100, abs=0.01)


def test_a_ridge_has_no_maximum() -> None:
    def ridge(p: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        return -1 / p[0], np.array([p[0] ** -2]), np.array([[-2 * p[0] ** -3]])

    assert maximum(ridge, np.array([1.0])) is None


@pytest.mark.parametrize("number", [0.01, 0.5, 1.0, 3.7, 11.9, 12.0, 400.0])
def test_digamma_and_trigamma_are_the_derivatives_of_log_gamma(number: float) -> None:
    # when
    step = 1e-4 * number
    slope = (math.lgamma(number + step) - math.lgamma(number - step)) / (2 * step)
    above, below = spend._digamma(np.array([number + step, number - step]))

    # then
    assert spend._digamma(np.array([number]))[0] == pytest.approx(slope, rel=1e-6, abs=1e-6)
    bend = (above - below) / (2 * step)
    assert spend._trigamma(np.array([number]))[0] == pytest.approx(bend, rel=1e-6)
