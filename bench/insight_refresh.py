"""RFM, life cycle and cycle of 1 M members and 10 M orders, beside hand-written DuckDB SQL.

Both read the same Parquet files with the same engine settings and write the same sorted Parquet
file, in turn, best of three; the results are compared column by column. The orders are drawn from a
fixed seed straight into the layout of the lake. It runs in a process of its own, so that its peak
memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from bench.report import Figure

MEMBERS = int(os.environ.get("HUITOU_BENCH_MEMBERS", "1000000"))
ORDERS = 10 * MEMBERS
SEED = 618
MONTHS = range(2021 * 12, 2024 * 12)
AS_OF = date(2023, 12, 31)
PRODUCTS = 2_000
CATEGORIES = 24
MEMORY_MIB = 3_072
ROUNDS = 3
BRAND_ID = 1


def run() -> list[Figure]:
    """Measure in a child process with a memory limit for DuckDB."""
    environment = {**os.environ, "HUITOU_LAKE_MEMORY_MIB": str(MEMORY_MIB)}
    out = subprocess.run(
        [sys.executable, "-m", "bench.insight_refresh"],
        cwd=Path(__file__).parent.parent,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    m = json.loads(out.splitlines()[-1])
    ratio = m["product_s"] / m["by_hand_s"]
    cpu = f"{m['product_cpu_s']:.1f} s / {m['by_hand_cpu_s']:.1f} s"
    size = f"{m['members']:,} members, {m['orders']:,} orders, {m['lines']:,} lines"
    return [
        Figure("insight", f"{size}: traits through the product", f"{m['product_s']:.1f} s"),
        Figure("insight", "hand-written SQL over the same files", f"{m['by_hand_s']:.1f} s"),
        Figure("insight", "against hand-written SQL", f"{ratio:.2f}", "≤ 1.3", ratio <= 1.3),
        Figure("insight", "processor time, product / by hand", cpu),
        Figure(
            "insight",
            "members whose traits differ",
            str(m["different"]),
            "0",
            m["different"] == 0,
        ),
        Figure(
            "insight", f"peak memory, DuckDB held to {MEMORY_MIB} MiB", f"{m['peak_mib']:.0f} MiB"
        ),
    ]


def _measure() -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    os.environ["HUITOU_HOME"] = str(home)
    try:
        from huitou.config.bootstrap import set_up_django

        set_up_django()
        from huitou.lake import store

        root = store.brand_root(BRAND_ID)
        files = _generate(root)
        times: dict[str, list[float]] = {"product": [], "by_hand": []}
        cpu: dict[str, list[float]] = {"product": [], "by_hand": []}
        ways = {"product": _product, "by_hand": _by_hand}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start, start_cpu = time.perf_counter(), time.process_time()
                way(files, root / f"{name}.parquet")
                times[name].append(time.perf_counter() - start)
                cpu[name].append(time.process_time() - start_cpu)
        return {
            **_sizes(files),
            "product_s": min(times["product"]),
            "by_hand_s": min(times["by_hand"]),
            "product_cpu_s": min(cpu["product"]),
            "by_hand_cpu_s": min(cpu["by_hand"]),
            "different": _different(root),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _product(files: dict[str, list[str]], out: Path, brand_id: int = BRAND_ID) -> None:
    """What a refresh does for the traits of one scope."""
    from huitou.insight import plan
    from huitou.lake.engine import quoted

    with plan.session(brand_id, files, currency="CNY", shop_id=None) as connection:
        plan.run_steps(connection, plan.trait_steps(), AS_OF)
        connection.execute(
            f"COPY (SELECT * FROM traits ORDER BY member_id) TO {quoted(str(out))} (FORMAT parquet)"
        )


def _by_hand(files: dict[str, list[str]], out: Path) -> None:
    from huitou.lake import engine, store
    from huitou.lake.engine import quoted

    with engine.session(store.absolute(BRAND_ID, files)) as connection:
        connection.execute(f"COPY ({BY_HAND}) TO {quoted(str(out))} (FORMAT parquet)")


BY_HAND = f"""
WITH bought AS (
    SELECT member_id, order_id, biz_date, paid_at, paid_minor - refunded_minor AS net,
           province, city
    FROM order_fact
    WHERE is_purchase AND currency = 'CNY' AND member_id IS NOT NULL
      AND biz_date <= DATE '{AS_OF}'
), buyers AS (
    SELECT member_id, count(*) AS f, sum(net)::BIGINT AS m, min(paid_at) AS first_paid_at,
           max(paid_at) AS last_paid_at, min(biz_date) AS first_day, max(biz_date) AS last_day,
           count(DISTINCT biz_date) AS days, date_diff('day', max(biz_date), DATE '{AS_OF}') AS r,
           arg_max(province, epoch_us(paid_at)) FILTER (province <> '') AS province,
           nullif(arg_max(city, epoch_us(paid_at)) FILTER (province <> ''), '') AS city
    FROM bought GROUP BY member_id
), category_days AS (
    SELECT l.member_id, p.category, count(DISTINCT l.biz_date) AS days,
           min(l.biz_date) AS first_day, max(l.biz_date) AS last_day
    FROM line_fact l JOIN product_dim p USING (product_id)
    WHERE l.is_purchase AND l.currency = 'CNY' AND l.member_id IS NOT NULL
      AND l.biz_date <= DATE '{AS_OF}'
    GROUP BY ALL
), norms AS (
    SELECT category,
           floor(median((last_day - first_day) / (days - 1.0)::DOUBLE) + 0.5)::BIGINT AS cycle
    FROM category_days WHERE days >= 2 GROUP BY category HAVING count(*) >= 30
), main AS (
    SELECT member_id, arg_max(category, (days, last_day, -unicode(category))) AS category
    FROM category_days GROUP BY member_id
), brand AS (
    SELECT floor(median((last_day - first_day) / (days - 1.0)::DOUBLE) + 0.5)::BIGINT AS cycle
    FROM buyers WHERE days >= 2
), scale AS (
    SELECT sum(r) / count(*)::DOUBLE AS r_mean, sum(f) / count(*)::DOUBLE AS f_mean,
           sum(m) / count(*)::DOUBLE AS m_mean,
           quantile_cont(r::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS r_q,
           quantile_cont(f::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS f_q,
           quantile_cont(m::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS m_q
    FROM buyers
), known AS (
    SELECT b.*, s.*, main.category AS main_category,
           greatest(1, CASE WHEN days >= 3
               THEN floor((last_day - first_day) / (days - 1.0)::DOUBLE + 0.5)::BIGINT
               ELSE coalesce(norms.cycle, (SELECT cycle FROM brand)) END) AS c
    FROM buyers b CROSS JOIN scale s
    LEFT JOIN main USING (member_id) LEFT JOIN norms ON norms.category = main.category
)
SELECT member_id, r AS recency_days, f AS frequency, m AS monetary_minor,
       floor(m / f::DOUBLE + 0.5)::BIGINT AS aov_minor, first_paid_at, last_paid_at,
       CASE WHEN r <= r_mean AND f >= f_mean AND m >= m_mean THEN 'privileged'
            WHEN r <= r_mean AND f < f_mean AND m < m_mean THEN 'main_development'
            WHEN r <= r_mean AND f < f_mean THEN 'important_value'
            WHEN r <= r_mean THEN 'regular_upkeep'
            WHEN f >= f_mean AND m >= m_mean THEN 'important_win_back'
            WHEN f >= f_mean THEN 'general_upkeep'
            WHEN m >= m_mean THEN 'key_upkeep'
            ELSE 'no_value' END AS rfm_group,
       5 - len(list_filter(r_q, lambda q: r > round(q, 2))) AS r_score,
       1 + len(list_filter(f_q, lambda q: f > round(q, 2))) AS f_score,
       1 + len(list_filter(m_q, lambda q: m > round(q, 2))) AS m_score,
       c AS cycle_days, last_day + c::INTEGER AS next_purchase_date,
       CASE WHEN r <= c THEN 'active' WHEN r <= 2 * c THEN 'silent' WHEN r <= 3 * c THEN 'sleeping'
            WHEN r <= 5 * c THEN 'near_loss' ELSE 'lost' END AS lifecycle_stage,
       province, city, last_day + 3 * c::INTEGER AS loss_warning_date,
       CASE WHEN days >= 3 THEN 'loyal' WHEN days = 2 THEN 'returning' ELSE 'new' END AS buyer_type,
       main_category
FROM known ORDER BY member_id
"""


def _different(root: Path) -> int:
    """Rows in one result and not in the other."""
    from huitou.insight.traits import TRAITS
    from huitou.lake import engine
    from huitou.lake.engine import quoted

    columns = ", ".join(["member_id", *(trait.name for trait in TRAITS)])
    product, by_hand = (
        f"SELECT {columns} FROM read_parquet({quoted(str(root / f'{name}.parquet'))})"
        for name in ("product", "by_hand")
    )
    with engine.cursor() as connection:
        found = connection.execute(
            f"SELECT (SELECT count(*) FROM ({product} EXCEPT {by_hand})) + "
            f"(SELECT count(*) FROM ({by_hand} EXCEPT {product}))"
        ).fetchall()
    return int(found[0][0])


def _sizes(files: dict[str, list[str]], brand_id: int = BRAND_ID) -> dict[str, int]:
    from huitou.lake import engine, store

    with engine.session(store.absolute(brand_id, files)) as connection:
        counted = {
            name: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for name, table in (("orders", "order_fact"), ("lines", "line_fact"))
        }
    return {"members": MEMBERS, **counted}


def _generate(root: Path) -> dict[str, list[str]]:
    """Orders, two lines each on average, and a catalogue, month by month from ``SEED``."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": f"{MEMORY_MIB}MiB"})
    connection.execute("SET TimeZone = 'UTC'")
    # A fraction from 0 to 1 per row and purpose: hash() of distinct integers, never of pairs.
    connection.execute(
        f"CREATE MACRO draw(i, purpose) AS "
        f"(hash(i * 64 + purpose + {SEED}::BIGINT * 1000000007) >> 11) / 9007199254740992.0"
    )
    files: dict[str, list[str]] = {"order_fact": [], "line_fact": [], "member_dim": []}
    per_month = ORDERS // len(MONTHS)
    for place, month in enumerate(MONTHS):
        connection.execute(_ORDERS.format(start=place * per_month, rows=per_month, month=month))
        for table, sql in (("order_fact", "SELECT * FROM orders"), ("line_fact", _LINES)):
            path = root / table / f"month={month}" / "part.parquet"
            path.parent.mkdir(parents=True)
            connection.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
            files[table].append(str(path.relative_to(root)))
    products = root / "product_dim" / "part.parquet"
    products.parent.mkdir()
    connection.execute(
        f"COPY (SELECT i AS product_id, 'P' || i AS code, 'P' || i AS title, "
        f"chr(97 + (i % {CATEGORIES})::INTEGER) AS category FROM range({PRODUCTS}) t(i)) "
        f"TO '{products}' (FORMAT parquet)"
    )
    files["product_dim"] = [str(products.relative_to(root))]
    connection.close()
    return files


# Paid moments are distinct within a member but for a hair, so "latest" has one answer.
_ORDERS = f"""
CREATE OR REPLACE TEMP TABLE orders AS
SELECT i AS order_id, (i % 5)::INTEGER AS shop_id,
       CASE WHEN draw(i, 1) < 0.98
            THEN 1 + floor({MEMBERS} * draw(i, 2) ** 1.6)::BIGINT END AS member_id,
       CASE WHEN draw(i, 3) < 0.95 THEN 'finished' ELSE 'closed_refunded' END AS status,
       'CNY' AS currency, draw(i, 3) < 0.95 AS is_purchase,
       paid_at AS ordered_at, paid_at, paid_at AS happened_at, paid_at::DATE AS biz_date,
       (1 + draw(i, 4) * 4)::BIGINT AS quantity, paid + 500 AS list_minor,
       500::BIGINT AS discount_minor, 0::BIGINT AS coupon_minor, paid AS paid_minor,
       CASE WHEN draw(i, 5) < 0.03 THEN paid // 3 ELSE 0 END AS refunded_minor,
       'P' || floor(draw(i, 6) * 31)::INTEGER AS province,
       'C' || floor(draw(i, 6) * 300)::INTEGER AS city,
       CASE WHEN draw(i, 11) < 0.9 THEN 0 ELSE floor(draw(i, 12) * 4)::BIGINT END AS receiver,
       CASE WHEN draw(i, 13) < 0.7 THEN 'phone' WHEN draw(i, 13) < 0.9 THEN 'computer'
            WHEN draw(i, 13) < 0.95 THEN 'store' ELSE '' END AS device,
       hour(paid_at AT TIME ZONE 'Asia/Shanghai')::SMALLINT AS local_hour,
       draw(i, 14) < 0.02 AS gift_note
FROM (
    SELECT i, (-ln(1 - draw(i, 7)) * 15000)::BIGINT + 100 AS paid,
           make_timestamptz({{month}} // 12, {{month}} % 12 + 1, 1 + floor(draw(i, 8) * 28)::BIGINT,
                            0, 0, 0)
               + to_microseconds(floor(draw(i, 9) * 86400000000)::BIGINT) AS paid_at
    FROM range({{start}}, {{start}} + {{rows}}) t(i)
)
"""
_LINES = f"""
SELECT order_id * 3 + n AS line_id, order_id, shop_id, member_id, currency, is_purchase,
       happened_at, biz_date, floor(draw(order_id * 3 + n, 10) * {PRODUCTS})::BIGINT AS product_id,
       1::BIGINT AS quantity,
       list_minor // 2 AS list_minor, paid_minor // 2 AS paid_minor, 250::BIGINT AS discount_minor,
       0::BIGINT AS refunded_minor
FROM orders, range(3) t(n) WHERE n <= order_id % 3
"""


if __name__ == "__main__":
    print(json.dumps(_measure()))
