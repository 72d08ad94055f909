"""The real baskets come out to the cent."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from huitou.commerce.recording import STAGE_LINE_COLUMNS, STAGE_ORDER_COLUMNS
from huitou.demo import complete_journey
from huitou.demo.complete_journey import cents
from huitou.demo.loading import ShopPart


@pytest.fixture(scope="module")
def parts() -> list[ShopPart]:
    """Everything the brand is made of."""
    source = complete_journey.source()
    return [part for number in range(source.chunks) for part in source.chunk(number)]


@pytest.fixture(scope="module")
def orders(parts: list[ShopPart]) -> pa.Table:
    """All orders."""
    return pa.concat_tables([part.orders for part in parts])


@pytest.fixture(scope="module")
def lines(parts: list[ShopPart]) -> pa.Table:
    """All lines."""
    return pa.concat_tables([part.lines for part in parts])


def total(table: pa.Table, column: str) -> int:
    """Sum of a column."""
    return pc.sum(table[column]).as_py()


def test_there_are_155848_baskets_with_1469307_lines_of_2469_households(
    parts: list[ShopPart], orders: pa.Table, lines: pa.Table
) -> None:
    households = {value for part in parts for value in part.people["id1_value"].to_pylist()}

    assert orders.num_rows == pc.count_distinct(orders["order_no"]).as_py() == 155_848
    assert lines.num_rows == 1_469_307
    assert len(households) == 2_469


def test_sales_and_discounts_are_those_published(orders: pa.Table, lines: pa.Table) -> None:
    assert total(orders, "paid_minor") == total(lines, "paid_minor") == 459_603_958
    assert total(orders, "coupon_minor") == 2_635_990
    assert total(orders, "discount_minor") - total(orders, "coupon_minor") == 79_165_064


def test_list_less_discount_is_paid_in_every_order_and_line(
    orders: pa.Table, lines: pa.Table
) -> None:
    for table in (orders, lines):
        listed, discount = table["list_minor"].to_numpy(), table["discount_minor"].to_numpy()
        assert np.array_equal(listed - discount, table["paid_minor"].to_numpy())


def test_a_fill_up_of_petrol_is_one_item(orders: pa.Table, lines: pa.Table) -> None:
    petrol = lines.filter(pc.match_substring(lines["product_title"], complete_journey.PETROL))

    assert (petrol.num_rows, total(petrol, "quantity")) == (14_697, 14_697)
    assert total(petrol, "paid_minor") == 38_404_407
    assert pc.max(lines["quantity"]).as_py() == 144
    assert total(orders, "quantity") == total(lines, "quantity") == 1_917_225


def test_478_baskets_were_paid_with_nothing(orders: pa.Table) -> None:
    assert pc.sum(pc.equal(orders["paid_minor"], 0)).as_py() == 478
    assert orders["paid_at"].null_count == 0


def test_a_product_stands_once_in_a_basket(lines: pa.Table) -> None:
    keys = lines.group_by(["order_no", "line_key"]).aggregate([])

    assert keys.num_rows == 1_469_307


def test_rows_have_the_columns_recording_expects(parts: list[ShopPart]) -> None:
    assert {*parts[0].orders.column_names, "member_id"} == set(STAGE_ORDER_COLUMNS)
    assert set(parts[0].lines.column_names) == set(STAGE_LINE_COLUMNS)


def test_a_household_has_the_same_invented_name_in_every_chunk(parts: list[ShopPart]) -> None:
    people = pa.concat_tables([part.people for part in parts])
    per_household = people.group_by("id1_value").aggregate(
        [("name", "count_distinct"), ("city", "count_distinct")]
    )

    assert pc.max(per_household["name_count_distinct"]).as_py() == 1
    assert pc.max(per_household["city_count_distinct"]).as_py() == 1
    assert all(phone.startswith("***-***-**") for phone in people["phone"].to_pylist())


def test_an_amount_with_a_fraction_of_a_cent_is_refused() -> None:
    with pytest.raises(ValueError, match="whole cents"):
        cents(pa.chunked_array([[0.125]]))
