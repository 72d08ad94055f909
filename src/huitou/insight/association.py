"""What is bought together: support, confidence and lift of pairs, straight from the lake.

A basket is an order, or everything a member bought in the window; its items are products or
categories. A basket that holds something twice counts it once. Orders are read month by month and
members in parts, so memory does not grow with the number of orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet

from huitou.insight import kept, plan, snapshots
from huitou.insight.baskets import ITEMS_MAX, PairCounts
from huitou.insight.snapshots import Snapshot
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.months import month_number
from huitou.lake import engine
from huitou.lake.engine import quoted

ITEMS = {"product", "category"}
BASKETS = {"order": "order_id", "member": "member_id"}
WINDOW_DAYS = 365
# In fewer baskets two things lie together by chance.
PAIR_BASKETS_MIN = 3
# Nobody reads more; the floor of baskets rises until they are no more.
PAIRS_MAX = 500_000
RULES_MAX = 10_000
# Lines of members that are counted at once: baskets of members know no months.
_MEMBER_LINES = 8_000_000
SORTS = ("support", "confidence", "lift", "baskets")


@dataclass(frozen=True)
class Pairing:
    """What lies in what: ``by`` product or category, in an ``basket`` of an order or a member.

    ``window_days`` are the days up to and including the as-of date; all history without.
    """

    by: str = "product"
    basket: str = "order"
    window_days: int | None = WINDOW_DAYS

    def checked(self) -> Pairing:
        """Itself. Raises ``RefusedInputError`` for what there is not."""
        if self.by not in ITEMS:
            raise RefusedInputError("BY", f"{self.by!r} is neither product nor category")
        if self.basket not in BASKETS:
            raise RefusedInputError("BASKET", f"{self.basket!r} is neither order nor member")
        if self.window_days is not None and self.window_days < 1:
            raise RefusedInputError("WINDOW", "a window has at least one day")
        return self

    @property
    def name(self) -> str:
        """As files are named."""
        return f"{self.by}-{self.basket}-{self.window_days or 'all'}"


@dataclass(frozen=True)
class Wanted:
    """Which rules, and in what order. ``text`` is part of the code or name of either item.

    An ``offset`` beyond the end gives the last page.
    """

    min_support: float = 0.0
    min_confidence: float = 0.0
    min_lift: float = 0.0
    text: str = ""
    category: str = ""
    sort: str = "lift"
    descending: bool = True
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True)
class Item:
    """A product or a category; a category has its name for ``code`` and ``title``."""

    product_id: int | None
    code: str
    title: str
    category: str


@dataclass(frozen=True)
class Association:
    """Who buys ``a`` also buys ``b``.

    ``baskets`` have both, ``a_baskets`` and ``b_baskets`` each. ``support`` is the share of all
    baskets with both, ``confidence`` of those with ``a``; ``lift`` is confidence over the share
    of all baskets that have ``b``.
    """

    a: Item
    b: Item
    baskets: int
    a_baskets: int
    b_baskets: int
    support: float
    confidence: float
    lift: float


@dataclass(frozen=True)
class Associations:
    """A page of the rules. ``baskets`` counts all that hold anything known.

    Pairs in fewer than ``baskets_min`` baskets are not kept; ``left_out`` items are too rare to be
    paired at all.
    """

    as_of: date
    total: int
    baskets: int
    baskets_min: int
    left_out: int
    rules: list[Association]


@dataclass(frozen=True)
class Counted:
    """Items and pairs as they were counted; tables of Arrow, or files of them."""

    items: pa.Table
    pairs: pa.Table
    facts: Mapping[str, int]


def associations(scope: Scope, pairing: Pairing, wanted: Wanted) -> Associations | None:
    """Rules of the snapshot in force; ``None`` when the scope was never refreshed.

    Counted when first asked for. Raises ``RefusedInputError`` for a pairing or an order there is
    not, or a page of more than ``RULES_MAX``.
    """
    snapshot = snapshots.current(scope)
    if snapshot is None:
        return None
    items, pairs = files_of(snapshot, pairing.checked())
    facts = facts_of(items)
    with engine.cursor() as connection:
        sources = (f"read_parquet({quoted(str(path))})" for path in (items, pairs))
        return _page(connection, (*sources,), facts, snapshot.as_of, wanted)


def files_of(snapshot: Snapshot, pairing: Pairing) -> tuple[Path, Path]:
    """The Parquet files of items and pairs of a snapshot, counted when first asked for.

    Items have ``place, product_id, code, title, category, baskets``; pairs the places of both,
    ``first`` and ``later``, and ``baskets``. ``facts_of`` says how many baskets there are.
    """
    items, pairs = kept.kept_tables(
        snapshot,
        (f"items-{pairing.name}", f"pairs-{pairing.name}"),
        lambda session: _tables(counted(session.connection, snapshot.as_of, pairing)),
    )
    return items, pairs


def facts_of(items: Path) -> dict[str, int]:
    """``baskets``, ``baskets_min`` and ``left_out`` (see ``Associations``) of a file of items."""
    metadata: Mapping[bytes, bytes] = pyarrow.parquet.read_schema(items).metadata
    names = ("baskets", "baskets_min", "left_out")
    return {name: int(metadata[name.encode()]) for name in names}


def associations_of(
    connection: duckdb.DuckDBPyConnection, as_of: date, pairing: Pairing, wanted: Wanted
) -> Associations:
    """Rules of a session's purchases; raises as ``associations``."""
    found = counted(connection, as_of, pairing.checked())
    connection.register("items_counted", found.items)
    connection.register("pairs_counted", found.pairs)
    return _page(connection, ("items_counted", "pairs_counted"), found.facts, as_of, wanted)


def counted(connection: duckdb.DuckDBPyConnection, as_of: date, pairing: Pairing) -> Counted:
    """Items and pairs of a session's purchases up to ``as_of``."""
    where = _within(as_of, pairing.window_days)
    left_out = _number_items(connection, pairing.by, where)
    items = connection.execute("SELECT * EXCLUDE (lines) FROM basket_items ORDER BY place")
    named = items.to_arrow_table()
    counts = PairCounts(named.num_rows)
    for baskets, places in _lines(connection, pairing, where):
        counts.add(baskets, places)
    whole = counts.baskets
    if left_out:  # baskets of rare items alone are baskets too
        whole = _all_baskets(connection, BASKETS[pairing.basket], where)
    pairs, floor = _kept_pairs(counts)
    return Counted(
        named.append_column("baskets", pa.array(counts.of_item)),
        pa.table(dict(zip(("first", "later", "baskets"), pairs.T, strict=True))),
        {"baskets": whole, "baskets_min": floor, "left_out": left_out},
    )


def _within(as_of: date, window_days: int | None) -> str:
    parts = [f"month <= {month_number(as_of)}", f"biz_date <= DATE '{as_of}'"]
    if window_days is not None:
        start = as_of - timedelta(days=window_days - 1)
        parts += [f"month >= {month_number(start)}", f"biz_date >= DATE '{start}'"]
    return " AND ".join(parts)


def _number_items(connection: duckdb.DuckDBPyConnection, by: str, where: str) -> int:
    """Leave ``basket_items`` and ``basket_products``: the most bought; how many are left out."""
    if by == "product":
        item, known = "product_id, code, title, category", "true"
    else:
        item = "NULL::BIGINT AS product_id, category AS code, category AS title, category"
        known = "category <> ''"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE basket_items AS
        WITH sold AS (
            SELECT product_id, count(*) AS lines FROM {plan.PURCHASE_LINES}
            WHERE {where} GROUP BY product_id
        ), items AS (
            SELECT {item}, sum(lines)::BIGINT AS lines FROM sold JOIN product_dim USING (product_id)
            WHERE {known} GROUP BY ALL
        )
        SELECT row_number() OVER (ORDER BY lines DESC, code, product_id) - 1 AS place, *
        FROM items
        """
    )
    found = connection.execute("SELECT count(*) FROM basket_items").fetchall()[0][0]
    connection.execute(f"DELETE FROM basket_items WHERE place >= {ITEMS_MAX}")
    joined = "i.product_id = p.product_id" if by == "product" else "i.category = p.category"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE basket_products AS
        SELECT p.product_id, i.place FROM product_dim p JOIN basket_items i ON {joined}
        """
    )
    return max(0, int(found) - ITEMS_MAX)


def _lines(
    connection: duckdb.DuckDBPyConnection, pairing: Pairing, where: str
) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Lines as (basket, place of the item), every basket whole in one part."""
    basket = BASKETS[pairing.basket]
    counted = f"SELECT month, count(*) FROM {plan.PURCHASE_LINES} WHERE {where} GROUP BY 1"
    months = dict(connection.execute(counted).fetchall())
    if pairing.basket == "order":
        parts = [f"month = {month}" for month in sorted(months)]
    else:
        size = 1 + sum(months.values()) // _MEMBER_LINES
        parts = [f"member_id % {size} = {part}" for part in range(size)]
    for part in parts:
        found = connection.execute(
            f"""
            SELECT {basket} AS basket, place FROM {plan.PURCHASE_LINES}
            JOIN basket_products USING (product_id)
            WHERE {where} AND {part} AND {basket} IS NOT NULL
            """
        ).fetchnumpy()
        yield np.asarray(found["basket"]), np.asarray(found["place"])


def _all_baskets(connection: duckdb.DuckDBPyConnection, basket: str, where: str) -> int:
    found = connection.execute(
        f"""
        SELECT count(DISTINCT {basket}) FROM {plan.PURCHASE_LINES}
        WHERE {where} AND product_id IN (SELECT product_id FROM product_dim)
        """
    ).fetchall()
    return int(found[0][0])


def _kept_pairs(counts: PairCounts) -> tuple[np.ndarray[Any, Any], int]:
    pairs = counts.pairs(PAIR_BASKETS_MIN)
    floor = PAIR_BASKETS_MIN
    if len(pairs) > PAIRS_MAX:
        # Whole steps: of pairs as frequent as the last one none is kept.
        floor = int(np.partition(pairs[:, 2], -PAIRS_MAX - 1)[-PAIRS_MAX - 1]) + 1
        pairs = pairs[pairs[:, 2] >= floor]
    return pairs, floor


def _tables(found: Counted) -> tuple[pa.Table, pa.Table]:
    facts = {key: str(value) for key, value in found.facts.items()}
    return found.items.replace_schema_metadata(facts), found.pairs


_ITEM = "{0}.product_id, {0}.code, {0}.title, {0}.category"
_RULES = f"""
    WITH pairs AS (SELECT * FROM {{pairs}}), items AS (SELECT * FROM {{items}}),
    directed AS (
        SELECT first AS a, later AS b, baskets FROM pairs
        UNION ALL SELECT later, first, baskets FROM pairs
    ), rules AS (
        SELECT {_ITEM.format("ia")}, {_ITEM.format("ib")},
               d.baskets, ia.baskets AS a_baskets, ib.baskets AS b_baskets,
               d.baskets / $all AS support, d.baskets / ia.baskets AS confidence,
               d.baskets * $all / (ia.baskets * ib.baskets::DOUBLE) AS lift, d.a, d.b
        FROM directed d JOIN items ia ON ia.place = d.a JOIN items ib ON ib.place = d.b
        WHERE ($text = '' OR contains(lower(concat_ws(' ', ia.code, ia.title)), $text)
               OR contains(lower(concat_ws(' ', ib.code, ib.title)), $text))
          AND ($category = '' OR ia.category = $category OR ib.category = $category)
    )
    SELECT * EXCLUDE (a, b), count(*) OVER () FROM rules
    WHERE support >= $min_support AND confidence >= $min_confidence AND lift >= $min_lift
    ORDER BY {{order}} {{direction}}, baskets DESC, a, b LIMIT {{limit}} OFFSET {{offset}}
"""


def _page(
    connection: duckdb.DuckDBPyConnection,
    sources: tuple[str, ...],
    facts: Mapping[str, int],
    as_of: date,
    wanted: Wanted,
) -> Associations:
    if wanted.sort not in SORTS:
        raise RefusedInputError("SORT", f"rules are sorted by one of {', '.join(SORTS)}")
    if not 0 < wanted.limit <= RULES_MAX or wanted.offset < 0:
        raise RefusedInputError("LIMIT", f"a page has 1 to {RULES_MAX} rules")
    rows = connection.execute(
        _RULES.format(
            items=sources[0],
            pairs=sources[1],
            order=wanted.sort,
            direction="DESC" if wanted.descending else "ASC",
            limit=int(wanted.limit),
            offset=int(wanted.offset),
        ),
        {
            "all": float(facts["baskets"]),
            "text": wanted.text.strip().lower(),
            "category": wanted.category,
            "min_support": wanted.min_support,
            "min_confidence": wanted.min_confidence,
            "min_lift": wanted.min_lift,
        },
    ).fetchall()
    if wanted.offset and not rows:
        total = _page(connection, sources, facts, as_of, replace(wanted, offset=0, limit=1)).total
        last = max(0, total - 1) // wanted.limit * wanted.limit
        return _page(connection, sources, facts, as_of, replace(wanted, offset=last))
    return Associations(
        as_of=as_of,
        total=int(rows[0][-1]) if rows else 0,
        rules=[Association(Item(*row[:4]), Item(*row[4:8]), *row[8:14]) for row in rows],
        **facts,
    )
