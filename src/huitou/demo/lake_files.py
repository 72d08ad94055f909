"""Lake tables of a generated population, written without PostgreSQL: for benches of the engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import Field, Schema, convert_to_deltalake
from deltalake.schema import PrimitiveType
from numpy.typing import NDArray

from huitou.commerce.lake import LINE_FACT, ORDER_FACT, PRODUCT_DIM
from huitou.demo import words_zh as words
from huitou.demo.draws import mixed, moments, picked
from huitou.demo.generator import (
    CANCELLED,
    CLOSED_REFUNDED,
    CURRENCY,
    SHOPS,
    STATUSES,
    Drawn,
    Population,
)
from huitou.demo.parcels import parcels
from huitou.demo.tables import birthdays, lunar_birthdays
from huitou.kernel.columns import text_column
from huitou.members.lake import MEMBER_DIM

_ZONE_OFFSET_SECONDS = 8 * 3_600
_DAY = 86_400
# The devices of ``parcels.DEVICES`` as the lake classes them.
_DEVICES = ("", "phone", "computer")


@dataclass(frozen=True)
class WrittenLake:
    """How many rows were written."""

    members: int
    orders: int
    lines: int


def write_lake(
    root: Path,
    population: Population,
    *,
    shop_ids: Sequence[int] = (1, 2, 3, 4, 5),
    with_lines: bool = True,
) -> WrittenLake:
    """Write ``population`` as Delta tables below ``root``, one file per month and table.

    ``root`` must not hold these tables yet; it can be the folder of a brand's lake, and then
    ``insight.services.refresh`` reads it as its own. ``shop_ids`` stand for ``generator.SHOPS`` in
    order; member ids are the members' numbers. Memory depends on ``population.chunk_members`` only.
    """
    orders = lines = 0
    with ExitStack() as stack:
        order_files = stack.enter_context(_MonthFiles(root, ORDER_FACT.name, ORDER_FACT.schema))
        line_files = stack.enter_context(_MonthFiles(root, LINE_FACT.name, LINE_FACT.schema))
        members = stack.enter_context(_single_file(root, MEMBER_DIM.name, MEMBER_DIM.schema))
        for number in range(population.chunks):
            drawn = population.drawn(number)
            facts = order_facts(drawn, population.seed, shop_ids)
            order_files.write(facts)
            orders += facts.num_rows
            members.write_table(member_rows(drawn, population.seed, shop_ids))
            if with_lines:
                rows = line_facts(drawn, facts)
                line_files.write(rows)
                lines += rows.num_rows
    with _single_file(root, PRODUCT_DIM.name, PRODUCT_DIM.schema) as products:
        products.write_table(product_rows())
    months = Schema([Field("month", PrimitiveType("integer"))])
    convert_to_deltalake(
        str(root / ORDER_FACT.name), partition_by=months, partition_strategy="hive"
    )
    if with_lines:
        convert_to_deltalake(
            str(root / LINE_FACT.name), partition_by=months, partition_strategy="hive"
        )
    for table in (MEMBER_DIM, PRODUCT_DIM):
        convert_to_deltalake(str(root / table.name))
    return WrittenLake(population.members, orders, lines)


class _MonthFiles:
    """One open Parquet file per month; rows are appended to their month's."""

    def __init__(self, root: Path, name: str, schema: pa.Schema) -> None:
        self._folder = root / name
        self._schema = schema.remove(schema.get_field_index("month"))
        self._writers: dict[int, pq.ParquetWriter] = {}

    def __enter__(self) -> _MonthFiles:
        return self

    def __exit__(self, *error: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, rows: pa.Table) -> None:
        """Append ``rows``, in their order, to the files of their months."""
        for month, part in _by_month(rows):
            if month not in self._writers:
                folder = self._folder / f"month={month}"
                folder.mkdir(parents=True)
                self._writers[month] = pq.ParquetWriter(folder / "part-0.parquet", self._schema)
            self._writers[month].write_table(part.drop_columns(["month"]))


def _by_month(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    month = rows["month"].to_numpy()
    order = np.argsort(month, kind="stable")
    sorted_rows = rows.take(pa.array(order))
    months, starts = np.unique(month[order], return_index=True)
    ends = np.r_[starts[1:], len(order)]
    for number, start, end in zip(months.tolist(), starts, ends, strict=True):
        yield number, sorted_rows.slice(start, end - start)


def _single_file(root: Path, name: str, schema: pa.Schema) -> pq.ParquetWriter:
    (root / name).mkdir(parents=True)
    return pq.ParquetWriter(root / name / "part-0.parquet", schema)


def order_facts(drawn: Drawn, seed: int, shop_ids: Sequence[int]) -> pa.Table:
    """The orders of a chunk in the columns of ``order_fact``."""
    day = _business_days(drawn)
    member = drawn.members[drawn.buyer]
    place = drawn.place[drawn.buyer]
    sent = parcels(drawn, seed)
    is_purchase = (
        (drawn.paid_at > 0)
        & ~np.isin(drawn.status, (CANCELLED, CLOSED_REFUNDED))
        & ((drawn.refunded_minor == 0) | (drawn.refunded_minor < drawn.paid_minor))
    )
    columns = {
        "order_id": pa.array(drawn.order_id),
        "shop_id": pa.array(np.array(shop_ids)[drawn.shop[drawn.buyer]], pa.int32()),
        "member_id": pa.array(member, pa.int64(), mask=~drawn.has_buyer),
        "status": picked(STATUSES, drawn.status),
        "currency": text_column(len(member), CURRENCY),
        "is_purchase": pa.array(is_purchase),
        "ordered_at": moments(drawn.ordered_at),
        "paid_at": moments(drawn.paid_at),
        "happened_at": moments(_happened(drawn)),
        "biz_date": pa.array(day, pa.int32()).cast(pa.date32()),
        "month": pa.array(_months(day), pa.int32()),
        "quantity": pa.array(drawn.quantity),
        "list_minor": pa.array(drawn.list_minor),
        "discount_minor": pa.array(drawn.discount_minor),
        "coupon_minor": pa.array(drawn.coupon_minor),
        "paid_minor": pa.array(drawn.paid_minor),
        "refunded_minor": pa.array(drawn.refunded_minor),
        "province": picked([place[0] for place in words.PLACES], place),
        "city": picked([place[1] for place in words.PLACES], place),
        "receiver": pa.array(member * 10 + sent.friend),
        "device": picked(_DEVICES, sent.device),
        "local_hour": pa.array(
            (_happened(drawn) + _ZONE_OFFSET_SECONDS) % _DAY // 3_600, pa.int16()
        ),
        "gift_note": pa.array(sent.note > 0),
    }
    return pa.table(columns).select(ORDER_FACT.schema.names).cast(ORDER_FACT.schema)


def line_facts(drawn: Drawn, orders: pa.Table) -> pa.Table:
    """The lines of a chunk in the columns of ``line_fact``; ``orders`` are its order facts."""
    shared = orders.select(
        [
            "order_id", "shop_id", "member_id", "currency", "is_purchase", "happened_at",
            "biz_date", "month",
        ]
    ).take(pa.array(drawn.line_order))  # fmt: skip
    is_paid = drawn.paid_at[drawn.line_order] > 0
    columns = {name: shared[name] for name in shared.column_names} | {
        "line_id": pa.array(drawn.line_id),
        "product_id": pa.array(drawn.line_ware + 1),
        "quantity": pa.array(drawn.line_quantity),
        "list_minor": pa.array(drawn.line_list_minor),
        "paid_minor": pa.array(
            np.where(is_paid, drawn.line_list_minor - drawn.line_discount_minor, 0)
        ),
        "discount_minor": pa.array(drawn.line_discount_minor),
        "refunded_minor": pa.array(drawn.line_refunded_minor),
    }
    return pa.table(columns).select(LINE_FACT.schema.names).cast(LINE_FACT.schema)


def member_rows(drawn: Drawn, seed: int, shop_ids: Sequence[int]) -> pa.Table:
    """The members of a chunk in the columns of ``member_dim``."""
    high = mixed(drawn.members, seed, "uuid high").tolist()
    low = mixed(drawn.members, seed, "uuid low").tolist()
    created = (drawn.joined + _ZONE_OFFSET_SECONDS) // _DAY
    born = birthdays(drawn.members, seed)
    columns = {
        "member_id": pa.array(drawn.members),
        "public_id": [
            str(uuid.UUID(int=(a << 64) | b, version=4)) for a, b in zip(high, low, strict=True)
        ],
        "province": picked([place[0] for place in words.PLACES], drawn.place),
        "city": picked([place[1] for place in words.PLACES], drawn.place),
        "first_shop_id": pa.array(np.array(shop_ids)[drawn.shop], pa.int32()),
        "first_shop": picked([shop[0] for shop in SHOPS], drawn.shop),
        "first_channel": picked([shop[1] for shop in SHOPS], drawn.shop),
        "birth_month": pc.month(born).cast(pa.int16()),
        "birth_day": pc.day(born).cast(pa.int16()),
        "lunar_birthday": lunar_birthdays(drawn.members, seed),
        "created_date": pa.array(created, pa.int32()).cast(pa.date32()),
    }
    return pa.table(columns).select(MEMBER_DIM.schema.names).cast(MEMBER_DIM.schema)


def product_rows() -> pa.Table:
    """The catalogue in the columns of ``product_dim``."""
    columns = {
        "product_id": pa.array(range(1, len(words.CATALOGUE) + 1), pa.int64()),
        "code": [ware.code for ware in words.CATALOGUE],
        "title": [ware.title for ware in words.CATALOGUE],
        "category": [ware.category for ware in words.CATALOGUE],
    }
    return pa.table(columns).select(PRODUCT_DIM.schema.names).cast(PRODUCT_DIM.schema)


def _business_days(drawn: Drawn) -> NDArray[np.int64]:
    """Days since 1970 by the brand's clock."""
    return (_happened(drawn) + _ZONE_OFFSET_SECONDS) // _DAY


def _happened(drawn: Drawn) -> NDArray[np.int64]:
    """Seconds since 1970: of payment, else of ordering."""
    return np.where(drawn.paid_at > 0, drawn.paid_at, drawn.ordered_at)


def _months(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Months as year * 12 + month - 1."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months + 1970 * 12
