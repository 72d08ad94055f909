"""The generated brand: reproducible, and shaped like a shop's real three years."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from datetime import UTC, date, datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from huitou.commerce.recording import (
    STAGE_LINE_COLUMNS,
    STAGE_ORDER_COLUMNS,
    STAGE_REFUND_COLUMNS,
    STAGE_REVIEW_COLUMNS,
)
from huitou.demo import words_zh as words
from huitou.demo.generator import CANCELLED, CLOSED_REFUNDED, Drawn, Population
from huitou.demo.tables import order_rows, people_rows, shop_parts

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Ten thousand members."""
    return Population(10_000, 1, NOW).drawn(0)


def digest(drawn: Drawn) -> str:
    """One number for everything in a chunk."""
    return hashlib.sha256(b"".join(array.tobytes() for array in astuple(drawn))).hexdigest()


def days_of(drawn: Drawn) -> np.ndarray:
    """The day of each order by the brand's clock."""
    return ((drawn.ordered_at + 8 * 3_600) // 86_400).astype("datetime64[D]")


def test_the_same_seed_gives_the_same_members_and_another_one_others() -> None:
    first = Population(500, 1, NOW).drawn(0)
    again = Population(500, 1, NOW).drawn(0)
    other = Population(500, 2, NOW).drawn(0)

    assert digest(first) == digest(again)
    assert digest(first) != digest(other)


def test_a_member_does_not_depend_on_how_many_there_are() -> None:
    few = Population(100, 1, NOW).drawn(0)
    second_chunk = Population(300, 1, NOW, chunk_members=50).drawn(1)
    members_51_to_100 = few.buyer >= 50

    assert np.array_equal(few.order_id[members_51_to_100], second_chunk.order_id)
    assert np.array_equal(few.paid_minor[members_51_to_100], second_chunk.paid_minor)


def test_nothing_happens_after_now_or_more_than_three_years_before(drawn: Drawn) -> None:
    for times in (drawn.ordered_at, drawn.paid_at, drawn.shipped_at, drawn.finished_at):
        assert times.max() <= NOW.timestamp()
    assert days_of(drawn).min() >= np.datetime64(date(2023, 7, 1))


def test_11_11_and_6_18_tower_above_ordinary_days(drawn: Drawn) -> None:
    days, orders = np.unique(days_of(drawn), return_counts=True)
    ordinary = np.median(orders)
    per_day = dict(zip(days.astype(str).tolist(), orders.tolist(), strict=True))

    assert min(per_day["2025-11-11"], per_day["2024-11-11"]) > 15 * ordinary
    assert min(per_day["2026-06-18"], per_day["2025-06-18"]) > 10 * ordinary


def test_saturdays_and_evenings_are_busier(drawn: Drawn) -> None:
    weekday = (days_of(drawn).astype(np.int64) + 3) % 7
    hour = (drawn.ordered_at + 8 * 3_600) // 3_600 % 24

    assert (weekday == 5).sum() > 1.2 * (weekday == 0).sum()
    assert (hour == 21).sum() > 10 * (hour == 3).sum()


def test_refunds_and_unpaid_orders_have_realistic_shares(drawn: Drawn) -> None:
    orders = len(drawn.order_id)
    partial = (drawn.refunded_minor > 0) & (drawn.status != CLOSED_REFUNDED)

    assert 0.04 < (drawn.status == CANCELLED).sum() / orders < 0.06
    assert 0.02 < (drawn.status == CLOSED_REFUNDED).sum() / orders < 0.05
    assert 0.015 < partial.sum() / orders < 0.025
    assert 0.02 < (~drawn.has_buyer).sum() / orders < 0.04


def test_amounts_of_orders_are_those_of_their_lines(drawn: Drawn) -> None:
    per_order = np.bincount(drawn.line_order, weights=drawn.line_list_minor)
    reductions = np.bincount(drawn.line_order, weights=drawn.line_discount_minor)
    paid = drawn.paid_at > 0

    assert np.array_equal(per_order.astype(np.int64), drawn.list_minor)
    assert np.array_equal(reductions.astype(np.int64), drawn.discount_minor)
    assert np.array_equal(
        drawn.paid_minor[paid],
        (drawn.list_minor - drawn.discount_minor + drawn.shipping_minor)[paid],
    )
    assert (drawn.paid_minor[~paid] == 0).all()
    assert (drawn.refunded_minor <= drawn.paid_minor).all()
    assert (drawn.coupon_minor <= drawn.discount_minor).all()


def test_every_phone_is_masked_and_nearly_half_of_the_names(drawn: Drawn) -> None:
    people = people_rows(drawn, 1)
    names = people["name"].to_pylist()

    assert all(phone[3:7] == "****" for phone in people["phone"].to_pylist())
    assert 0.4 < sum(name.endswith("**") for name in names) / len(names) < 0.5
    assert not any("*" in value for value in people["id1_value"].to_pylist())


def test_identifiers_are_unique_within_a_platform() -> None:
    population = Population(5_000, 1, NOW)
    parts = shop_parts(population.drawn(0), population)

    for part in parts:
        values = part.people["id1_value"].to_pylist()
        assert len(set(values)) == len(values)
    assert sum(part.people.num_rows for part in parts) == 5_000


def test_rows_have_the_columns_recording_expects() -> None:
    population = Population(300, 1, NOW)
    drawn = population.drawn(0)
    part = shop_parts(drawn, population)[0]

    assert {*part.orders.column_names, "member_id"} == set(STAGE_ORDER_COLUMNS)
    assert set(part.lines.column_names) == set(STAGE_LINE_COLUMNS)
    assert part.refunds is not None
    assert set(part.refunds.column_names) == set(STAGE_REFUND_COLUMNS)
    assert part.reviews is not None
    assert set(part.reviews.column_names) == set(STAGE_REVIEW_COLUMNS)
    assert order_rows(drawn, people_rows(drawn, 1), 1)["paid_at"].type == pa.timestamp("us", "UTC")


def test_a_third_of_second_lines_go_with_the_first() -> None:
    drawn = Population(5_000, 1, NOW).drawn(0)

    first = np.flatnonzero(np.r_[True, np.diff(drawn.line_order) > 0])
    second = first[np.isin(first + 1, np.setdiff1d(np.arange(len(drawn.line_order)), first))] + 1
    # by the catalogue: the next ware of the same range and scent, after the last the first
    codes = [ware.code for ware in words.CATALOGUE]
    bought = [codes[ware] for ware in drawn.line_ware]
    after = {a: b for a, b in pairwise(codes) if a[:-2] == b[:-2]}
    with_next = [bought[place] == after.get(bought[place - 1]) for place in second]
    has_next = [bought[place - 1] in after for place in second]
    assert 0.34 < sum(with_next) / sum(has_next) < 0.4
