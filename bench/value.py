"""RFM and lifetime value of 1 M members beside lifetimes, and cohorts beside hand-written SQL.

Customers are drawn from the models themselves, so the true parameters are known. Processor seconds
are compared: the product reads the lake, sums up members (R, F, M), collapses their histories and
fits both models; lifetimes gets the same purchases in memory for its summary and the same histories
for its fits, once a row per member and once collapsed with weights.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.ground import OTHERS_PYTHON, ROOT, measured_apart, measured_of_others
from bench.report import Figure

MEMBERS = int(os.environ.get("HUITOU_BENCH_MEMBERS", "1000000"))
SEED = 2005
START, AS_OF = date(2021, 1, 1), date(2023, 12, 31)
DAYS = (AS_OF - START).days + 1
# About ten purchases a member; times in days, money in yuan.
TRUTH = {"r": 1.2, "alpha": 48.0, "a": 0.6, "b": 11.0, "p": 6.25, "q": 3.74, "v": 154.5}
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.45}
# Parameters equal to three digits.
ALIKE = 5e-4
# A likelihood that is less only by rounding is as good.
ROUNDING = 1e-9
BRAND_ID = 1
ROUNDS = 3


def run() -> list[Figure]:
    """Measure in a child process."""
    m = measured_apart("value", HUITOU_LAKE_MEMORY_MIB="3072")
    ratio = m["cohorts_s"] / m["cohorts_by_hand_s"]
    size = f"{m['buyers']:,} buyers, {m['orders']:,} purchases"
    return [
        Figure("value", f"{size}: sums of members, from the lake", f"{m['sums_s']:.2f} CPU-s"),
        Figure(
            "value",
            f"both fits: {m['histories']:,} histories, {m['amounts']:,} amounts",
            f"{m['fit_s']:.2f} CPU-s",
        ),
        Figure("value", "beside it: RFM lines and groups", f"{m['groups_s']:.2f} CPU-s"),
        Figure("value", "parameters drawn from", _listed(TRUTH)),
        Figure("value", "parameters found", _listed(m["parameters"])),
        *(_beside(m) if m["others"] else [_absent()]),
        Figure(
            "value",
            "parameters of CDNOW, rounded as published",
            _listed(m["cdnow"]),
            _listed(PUBLISHED),
            m["cdnow"] == PUBLISHED,
        ),
        Figure("value", "cohort matrix through the product", f"{m['cohorts_s']:.2f} s"),
        Figure("value", "hand-written SQL over the same files", f"{m['cohorts_by_hand_s']:.2f} s"),
        Figure("value", "against hand-written SQL", f"{ratio:.2f}", "≤ 1.3", ratio <= 1.3),
        Figure(
            "value",
            "cells of the matrix that differ",
            str(m["cells_different"]),
            "0",
            m["cells_different"] == 0,
        ),
    ]


def _beside(m: dict[str, Any]) -> Iterator[Figure]:
    others = m["others"]
    yield Figure(
        "value",
        "lifetimes: sums of members of purchases in memory; reading them",
        f"{others['sums_s']:.1f} CPU-s; {others['reading_s']:.1f} CPU-s",
    )
    fits = {"members": "a row per member", "collapsed": "collapsed, with weights"}
    for way, named in fits.items():
        said = others[way].get("failed") or f"{others[way]['fit_s']:.1f} CPU-s"
        yield Figure("value", f"lifetimes: both fits, {named}", said)
    fitted = [others[way] for way in fits if "failed" not in others[way]]
    if not fitted:
        return
    best = min(fitted, key=lambda found: found["fit_s"])
    fits_alone = best["fit_s"] / m["fit_s"]
    whole = (others["sums_s"] + best["fit_s"]) / (m["sums_s"] + m["fit_s"])
    yield Figure(
        "value", "times less processor time, fits", f"{fits_alone:.0f}", "≥ 10", fits_alone >= 10
    )
    yield Figure("value", "times less, sums and fits", f"{whole:.1f}", "≥ 10", whole >= 10)
    apart = max(
        abs(best["parameters"][name] / value - 1) for name, value in m["parameters"].items()
    )
    better = [a - b for a, b in zip(others["ours"]["likelihood"], best["likelihood"], strict=True)]
    yield Figure(
        "value",
        "parameters farthest apart; log-likelihoods above theirs",
        f"{apart:.1e}; {better[0]:+.1e}, {better[1]:+.1e}",
        "≤ 5e-4, or none below",
        apart <= ALIKE or min(better) >= -ROUNDING,
    )


def _absent() -> Figure:
    return Figure("value", "lifetimes", "not measured: .venv-bench is missing")


def _listed(parameters: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in parameters.items())


def _measure() -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    os.environ["HUITOU_HOME"] = str(home)
    try:
        from huitou.config.bootstrap import set_up_django

        set_up_django()
        from huitou.lake import store

        root = store.brand_root(BRAND_ID)
        files = _generate(root)
        found = {**_fits(files, root), **_cohorts(files), "cdnow": _cdnow()}
        folder = root / "others"
        compared = OTHERS_PYTHON.exists()
        given = json.dumps(found["parameters"])
        others = measured_of_others("value_others", str(folder), given) if compared else None
        return {**found, "others": others}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _fits(files: dict[str, list[str]], root: Path) -> dict[str, Any]:
    """The product's models and processor time; leaves what lifetimes gets in ``others``."""
    from huitou.insight import plan, value_steps
    from huitou.insight.types import RfmRule
    from huitou.lake.sessions import DUCKDB

    value = plan.value_steps(DUCKDB)
    works = {
        "groups_s": plan.rfm_steps(DUCKDB, AS_OF, RfmRule()),
        "sums_s": value[:-1],
        "fit_s": value[-1:],
    }
    with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
        connection = session.connection
        times = {
            name: _processor_time(partial(plan.run_steps, session, steps, AS_OF))
            for name, steps in works.items()
        }
        model = value_steps.model_row(connection)
        _hand_over(connection, root / "others")
        sizes = {
            name: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for name, table in (
                ("orders", plan.PURCHASES),
                ("buyers", "buyers"),
                ("histories", value_steps.HISTORIES),
                ("amounts", value_steps.SPENDING),
            )
        }
    del model["reason"]
    model["v"] /= 100
    return {**sizes, **times, "parameters": model}


def _processor_time(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def _hand_over(connection: Any, folder: Path) -> None:
    """Purchases, and histories and amounts in both shapes; money in yuan."""
    folder.mkdir()
    repeats, recency, age = (
        "purchase_days - 1 AS repeats",
        "last_day - first_day AS recency",
        f"DATE '{AS_OF}' - first_day AS age",
    )
    amount = "purchase_days AS days, monetary_minor / 100.0 / purchase_days AS average"
    paid = "FROM buyers WHERE monetary_minor > 0"
    for name, sql in (
        (
            "purchases",
            "SELECT member_id, biz_date::TIMESTAMP AS biz_date,"
            " (paid_minor - refunded_minor) / 100.0 AS amount FROM purchases",
        ),
        ("members_histories", f"SELECT {repeats}, {recency}, {age}, 1 AS customers FROM buyers"),
        ("members_spending", f"SELECT {amount}, 1 AS customers {paid}"),
        (
            "collapsed_histories",
            f"SELECT {repeats}, {recency}, {age}, count(*) AS customers FROM buyers GROUP BY ALL",
        ),
        ("collapsed_spending", f"SELECT {amount}, count(*) AS customers {paid} GROUP BY ALL"),
    ):
        connection.execute(f"COPY ({sql}) TO '{folder / f'{name}.parquet'}' (FORMAT parquet)")


def _cdnow() -> dict[str, float]:
    """Both models of the published sample, with the digits that were published."""
    from huitou.insight.clv import purchases, spend

    rows = np.genfromtxt(ROOT / "tests/insight/data/cdnow.csv", delimiter=",", skip_header=5)
    repeats, again = rows[:, 0].astype(np.int64), rows[:, 0] > 0
    buying = purchases.fit(purchases.Histories(repeats, rows[:, 1], rows[:, 2], rows[:, 4]))
    total = rows[again, 0] * rows[again, 3]
    spent = spend.fit(spend.Spending(repeats[again], total, rows[again, 4]))
    return {
        **{name: round(getattr(buying, name), 3) for name in ("r", "alpha", "a", "b")},
        **{name: round(getattr(spent, name), 2) for name in ("p", "q", "v")},
    }


COHORTS_BY_HAND = f"""
WITH active AS (
    SELECT DISTINCT member_id, month FROM order_fact
    WHERE is_purchase AND currency = 'CNY' AND member_id IS NOT NULL
      AND biz_date <= DATE '{AS_OF}'
)
SELECT first_month, month - first_month AS age, count(*) AS members
FROM (SELECT month, min(month) OVER (PARTITION BY member_id) AS first_month FROM active)
GROUP BY ALL ORDER BY ALL
"""


def _cohorts(files: dict[str, list[str]]) -> dict[str, Any]:
    from huitou.insight import figures, plan

    ways: dict[str, list[float]] = {"cohorts_s": [], "cohorts_by_hand_s": []}
    with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
        connection = session.connection
        for _ in range(ROUNDS):
            ours, seconds = _timed(lambda: figures.cohorts(session, AS_OF))
            ways["cohorts_s"].append(seconds)
            theirs, seconds = _timed(lambda: connection.execute(COHORTS_BY_HAND).fetchall())
            ways["cohorts_by_hand_s"].append(seconds)
    different = {tuple(row) for row in ours} ^ set(theirs)
    return {"cells_different": len(different), **{name: min(of) for name, of in ways.items()}}


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    done = work()
    return done, time.perf_counter() - start


def _generate(root: Path) -> dict[str, list[str]]:
    """Orders of customers who behave as the models say, month by month."""
    import duckdb
    import pyarrow as pa

    member, day, paid = _drawn(np.random.default_rng(SEED))
    drawn = pa.table({"member_id": member, "day": day, "paid": paid})
    connection = duckdb.connect(config={"memory_limit": "4GiB"})
    connection.register("drawn", drawn)
    connection.execute(_ORDERS)
    del drawn
    months = connection.execute("SELECT DISTINCT month FROM orders ORDER BY 1").fetchall()
    files = []
    for (month,) in months:
        path = root / "order_fact" / f"month={month}" / "part.parquet"
        path.parent.mkdir(parents=True)
        connection.execute(
            f"COPY (SELECT * EXCLUDE (month) FROM orders WHERE month = {month})"
            f" TO '{path}' (FORMAT parquet)"
        )
        files.append(str(path.relative_to(root)))
    connection.close()
    return {"order_fact": files}


def _drawn(rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Member, day from ``START`` and amount in fen of every purchase."""
    t = TRUTH
    rate = rng.gamma(t["r"], 1 / t["alpha"], MEMBERS)
    leaving = rng.beta(t["a"], t["b"], MEMBERS)
    price = 1 / rng.gamma(t["q"], 1 / t["v"], MEMBERS)
    who, at = np.arange(MEMBERS), rng.uniform(0, DAYS, MEMBERS)
    members, days = [who], [at]
    while len(who):
        at = at + rng.exponential(1 / rate[who])
        seen = at < DAYS
        who, at = who[seen], at[seen]
        members.append(who)
        days.append(at)
        stays = rng.random(len(who)) >= leaving[who]
        who, at = who[stays], at[stays]
    member = np.concatenate(members)
    amount = rng.gamma(t["p"], price[member])
    return member + 1, np.concatenate(days).astype(np.int64), np.rint(100 * amount).astype(np.int64)


_ORDERS = f"""
CREATE TABLE orders AS
SELECT row_number() OVER () AS order_id, 1 AS shop_id, member_id, 'finished' AS status,
       'CNY' AS currency, true AS is_purchase, paid_at AS ordered_at, paid_at,
       paid_at AS happened_at, paid_at::DATE AS biz_date, 1::BIGINT AS quantity,
       paid AS list_minor, 0::BIGINT AS discount_minor, 0::BIGINT AS coupon_minor,
       paid AS paid_minor, 0::BIGINT AS refunded_minor, '' AS province, '' AS city,
       NULL::BIGINT AS receiver, '' AS device, NULL::SMALLINT AS local_hour, false AS gift_note,
       year(paid_at) * 12 + month(paid_at) - 1 AS month
FROM (SELECT *, (DATE '{START}' + day::INTEGER)::TIMESTAMP::TIMESTAMPTZ AS paid_at FROM drawn)
"""


if __name__ == "__main__":
    print(json.dumps(_measure()))
