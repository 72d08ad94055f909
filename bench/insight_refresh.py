"""Every trait of buyers of 1 M members and 10 M orders, beside hand-written DuckDB SQL.

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
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from bench.ground import measured_apart
from bench.report import Figure

MEMBERS = int(os.environ.get("HUITOU_BENCH_MEMBERS", "1000000"))
ORDERS = MEMBERS * int(os.environ.get("HUITOU_BENCH_ORDERS_A_MEMBER", "10"))
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
    m = measured_apart("insight_refresh", HUITOU_LAKE_MEMORY_MIB=str(MEMORY_MIB))
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
        Figure("insight", "beside it: categories of members", f"{m['categories_s']:.1f} s"),
        Figure(
            "insight",
            "stages at 13 month ends / at one: processor time",
            f"{m['months_cpu_s']:.1f} s / {m['stages_cpu_s']:.1f} s",
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
            "categories_s": _categories(files, root / "categories.parquet"),
            "months_cpu_s": _stages(
                files, lambda plan, dialect: plan.stage_history_steps(dialect, 12)
            ),
            "stages_cpu_s": _stages(files, lambda plan, dialect: plan.stage_steps(dialect)),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _product(files: dict[str, list[str]], out: Path, brand_id: int = BRAND_ID) -> None:
    """What a refresh does for the traits of one scope."""
    from huitou.insight import plan
    from huitou.lake.engine import quoted

    with plan.session(brand_id, files, currency="CNY", shop_id=None) as session:
        plan.run_steps(session, plan.trait_steps(session.dialect, _sql_themes()), AS_OF)
        session.connection.execute(
            f"COPY (SELECT * FROM traits ORDER BY member_id) TO {quoted(str(out))} (FORMAT parquet)"
        )


def _sql_themes() -> tuple[Any, ...]:
    """Every theme but value, whose models SQL cannot fit; ``bench.value`` measures it."""
    from huitou.insight.traits import THEMES, value

    return tuple(theme for theme in THEMES if theme is not value.THEME)


def _categories(files: dict[str, list[str]], out: Path) -> float:
    """Seconds to write when each category of each buyer is due, after the traits."""
    from huitou.insight import plan
    from huitou.lake.engine import quoted

    with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
        plan.run_steps(session, plan.trait_steps(session.dialect), AS_OF)
        start = time.perf_counter()
        session.connection.execute(
            f"COPY (SELECT * FROM ({plan.categories_sql(session.dialect)}) ORDER BY member_id)"
            f" TO {quoted(str(out))} (FORMAT parquet, COMPRESSION lz4_raw)"
        )
        return time.perf_counter() - start


def _stages(files: dict[str, list[str]], steps: Callable[[Any, str], Any]) -> float:
    """Processor seconds of the life-cycle stages of every buyer."""
    from huitou.insight import plan

    with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
        start = time.process_time()
        plan.run_steps(session, steps(plan, session.dialect), AS_OF)
        return time.process_time() - start


def _by_hand(files: dict[str, list[str]], out: Path) -> None:
    from huitou.lake import engine, store
    from huitou.lake.engine import quoted

    with engine.session(store.absolute(BRAND_ID, files)) as connection:
        connection.execute(f"COPY ({by_hand()}) TO {quoted(str(out))} (FORMAT parquet)")


def _largest(counts: dict[str, str]) -> str:
    """SQL of the code whose count is the largest, the first of equals; null when all are 0."""
    greatest = f"greatest({', '.join(counts.values())})"
    whens = " ".join(f"WHEN {greatest} = {count} THEN '{code}'" for code, count in counts.items())
    return f"CASE WHEN {greatest} = 0 THEN NULL {whens} END"


def _sure(counts: dict[str, str]) -> str:
    """SQL of the smoothed share of the largest count."""
    greatest, total = f"greatest({', '.join(counts.values())})", " + ".join(counts.values())
    return f"CASE WHEN {greatest} > 0 THEN ({greatest} + 1) / ({total} + {len(counts)})::DOUBLE END"


def _names(part: str, code: str) -> str:
    from huitou.insight.places import PROVINCES

    names = [name for p in PROVINCES if getattr(p, part) == code for name in p.names]
    return ", ".join(f"'{name}'" for name in names)


_DEVICES = {"phone": "phones", "computer": "computers", "store": "stores"}
_HOURS = {"night": "h0", "morning": "h1", "afternoon": "h2", "evening": "h3"}
_ROLES = {"baby": "babies", "child": "0", "elders": "0", "pets": "pets"}
_GENDERS = {"female": "women", "male": "men"}
_AGES = {"under_25": "0", "25_39": "babies", "40_59": "0", "60_up": "0"}


def by_hand() -> str:
    """The traits of buyers in one statement, as somebody who knows DuckDB would write it."""
    return f"""
WITH bought AS MATERIALIZED (
    SELECT member_id, order_id, biz_date, paid_at, paid_minor - refunded_minor AS net,
           province, city, receiver, device, local_hour, gift_note,
           coupon_minor > 0 OR (list_minor > 0 AND discount_minor * 10 >= list_minor) AS promo,
           coupon_minor > 0 OR (list_minor > 0 AND discount_minor IS NOT NULL) AS told
    FROM order_fact
    WHERE is_purchase AND currency = 'CNY' AND member_id IS NOT NULL
      AND biz_date <= DATE '{AS_OF}'
), visits AS MATERIALIZED (
    SELECT member_id, biz_date,
           biz_date - lag(biz_date) OVER (PARTITION BY member_id ORDER BY biz_date) AS gap
    FROM (SELECT DISTINCT member_id, biz_date FROM bought)
), dated AS (
    SELECT member_id, min(biz_date) AS first_day, max(biz_date) AS last_day, count(*) AS days,
           date_diff('day', max(biz_date), DATE '{AS_OF}') AS r
    FROM visits GROUP BY member_id
), parcels AS (
    SELECT member_id, count(*) AS receivers
    FROM (SELECT DISTINCT member_id, receiver FROM bought WHERE receiver IS NOT NULL) GROUP BY 1
), buyers AS MATERIALIZED (
    SELECT * FROM (
        SELECT member_id, count(*) AS f, sum(net)::BIGINT AS m, min(paid_at) AS first_paid_at,
               max(paid_at) AS last_paid_at,
               arg_max(province, epoch_us(paid_at)) FILTER (province <> '') AS province,
               nullif(arg_max(city, epoch_us(paid_at)) FILTER (province <> ''), '') AS city,
               count(*) FILTER (local_hour < 6) AS h0,
               count(*) FILTER (local_hour >= 6 AND local_hour < 12) AS h1,
               count(*) FILTER (local_hour >= 12 AND local_hour < 18) AS h2,
               count(*) FILTER (local_hour >= 18) AS h3,
               count(*) FILTER (device = 'phone') AS phones,
               count(*) FILTER (device = 'computer') AS computers,
               count(*) FILTER (device = 'store') AS stores,
               count(*) FILTER (isodow(biz_date) >= 6) AS weekends,
               count(*) FILTER (gift_note) AS notes,
               count(*) FILTER (receiver IS NOT NULL OR gift_note) AS sent,
               count(*) FILTER (promo) AS promos, count(*) FILTER (told) AS told
        FROM bought GROUP BY member_id
    ) JOIN dated USING (member_id) LEFT JOIN parcels USING (member_id)
), category_days AS MATERIALIZED (
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
), brand AS MATERIALIZED (
    SELECT floor(median((last_day - first_day) / (days - 1.0)::DOUBLE) + 0.5)::BIGINT AS cycle
    FROM buyers WHERE days >= 2
), due AS (
    SELECT c.member_id, c.category, c.days, c.last_day,
           greatest(1, CASE WHEN days >= 3
               THEN floor((last_day - first_day) / (days - 1.0)::DOUBLE + 0.5)::BIGINT
               ELSE coalesce(norms.cycle, (SELECT cycle FROM brand)) END)::INTEGER AS c
    FROM category_days c LEFT JOIN norms USING (category)
), main AS (
    SELECT member_id, max_by(category, (days, last_day, -unicode(category)), 2) AS two,
           arg_max(category, (days, last_day, -unicode(category)))
               FILTER (last_day + c <= DATE '{AS_OF}' AND DATE '{AS_OF}' < last_day + 3 * c) AS due,
           max(days) / sum(days)::DOUBLE AS share
    FROM due GROUP BY member_id
), prices AS MATERIALIZED (
    SELECT product_id, category, floor(paid / pieces::DOUBLE + 0.5)::BIGINT AS price
    FROM (SELECT product_id, sum(paid_minor) AS paid, sum(quantity) AS pieces FROM line_fact
          WHERE is_purchase AND currency = 'CNY' AND biz_date <= DATE '{AS_OF}'
            AND paid_minor IS NOT NULL AND quantity > 0
          GROUP BY 1) JOIN product_dim USING (product_id)
), marks AS MATERIALIZED (
    SELECT product_id, 1 - (price < round(low, 2))::INTEGER + (price > round(high, 2))::INTEGER
               AS band, title LIKE '%baby%' AS baby, title LIKE '%dog%' AS pet,
           title LIKE '%women%' AS women, title LIKE '%shaving%' AS men
    FROM product_dim LEFT JOIN prices USING (product_id, category)
    LEFT JOIN (SELECT category, quantile_cont(price::DOUBLE, 1 / 3.0::DOUBLE) AS low,
                      quantile_cont(price::DOUBLE, 2 / 3.0::DOUBLE) AS high
               FROM prices GROUP BY 1) USING (category)
), goods AS (
    SELECT member_id, sum(band) AS bands, count(band) AS priced, count(*) FILTER (baby) AS babies,
           count(*) FILTER (pet) AS pets, count(*) FILTER (women) AS women,
           count(*) FILTER (men) AS men
    FROM line_fact l JOIN marks USING (product_id)
    WHERE is_purchase AND currency = 'CNY' AND member_id IS NOT NULL
      AND biz_date <= DATE '{AS_OF}'
    GROUP BY 1
), scale AS (
    SELECT sum(r) / count(*)::DOUBLE AS r_mean, sum(f) / count(*)::DOUBLE AS f_mean,
           sum(m) / count(*)::DOUBLE AS m_mean,
           quantile_cont(r::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS r_q,
           quantile_cont(f::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS f_q,
           quantile_cont(m::DOUBLE, [0.2, 0.4, 0.6, 0.8]) AS m_q,
           sum(promos)::BIGINT AS all_promos, sum(told)::BIGINT AS all_told
    FROM buyers
), known AS MATERIALIZED (
    SELECT b.*, s.*, g.* EXCLUDE (member_id), two[1] AS main_category, two[2] AS second_category,
           due AS due_category, share,
           greatest(1, CASE WHEN days >= 3
               THEN floor((last_day - first_day) / (days - 1.0)::DOUBLE + 0.5)::BIGINT
               ELSE coalesce(norms.cycle, (SELECT cycle FROM brand)) END) AS c
    FROM buyers b CROSS JOIN scale s
    LEFT JOIN main USING (member_id) LEFT JOIN norms ON norms.category = main.two[1]
    LEFT JOIN goods g USING (member_id)
), waits AS (
    SELECT bin, sum(bought)::BIGINT AS bought, sum(n)::BIGINT AS n FROM (
        SELECT least(gap * 10 // c, 100) AS bin, count(*) AS bought, count(*) AS n
        FROM visits JOIN known USING (member_id) WHERE gap IS NOT NULL GROUP BY 1
        UNION ALL
        SELECT least(r * 10 // c, 100), 0, count(*) FROM known GROUP BY 1
    ) GROUP BY bin
), curve AS MATERIALIZED (
    SELECT bin, sum(ln(1 - bought / at_risk::DOUBLE)) OVER (ORDER BY bin) AS s FROM (
        SELECT bin, bought, sum(n) OVER (ORDER BY bin DESC) AS at_risk FROM waits
    ) WHERE bin < 100 AND at_risk >= 10
), expected AS MATERIALIZED (
    SELECT now, min(bin) AS half FROM (
        SELECT now, coalesce(min(s) FILTER (bin < now), 0) AS s0
        FROM range(100) t(now), curve GROUP BY now
    ), curve WHERE bin >= now AND s <= s0 + ln(0.5) + 1e-9 GROUP BY now
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
       c AS cycle_days, last_day + ((half + 1) * c / 10).ceil()::INTEGER AS next_purchase_date,
       CASE WHEN r <= c THEN 'active' WHEN r <= 2 * c THEN 'silent' WHEN r <= 3 * c THEN 'sleeping'
            WHEN r <= 5 * c THEN 'near_loss' ELSE 'lost' END AS lifecycle_stage,
       province, city, last_day + 3 * c::INTEGER AS loss_warning_date,
       CASE WHEN days >= 3 THEN 'loyal' WHEN days = 2 THEN 'returning' ELSE 'new' END AS buyer_type,
       main_category, share AS main_category_share, second_category, due_category,
       CASE WHEN coalesce(priced, 0) = 0 THEN NULL WHEN bands * 3 < priced * 2 THEN 'low'
            WHEN bands * 3 >= priced * 4 THEN 'high' ELSE 'mid' END AS price_band,
       CASE WHEN told > 0 THEN promos / told::DOUBLE END AS discount_share,
       CASE WHEN told > 0 THEN promos = f AND f >= 2 END AS promotion_only,
       CASE WHEN told = 0 THEN NULL
            WHEN 4 * (promos * all_told + 4 * all_promos) < 3 * all_promos * (told + 4) THEN 'low'
            WHEN 4 * (promos * all_told + 4 * all_promos) > (all_told + 3 * all_promos) * (told + 4)
            THEN 'high' ELSE 'medium' END AS discount_sensitivity,
       CASE WHEN sent = 0 THEN NULL
            WHEN notes = sent OR (receivers >= 3 AND receivers = sent) THEN 'gift'
            WHEN notes > 0 OR receivers >= 3 THEN 'both' ELSE 'self' END AS buys_for,
       CASE WHEN sent = 0 THEN NULL
            WHEN notes > 0 OR receivers >= 3
            THEN (notes + greatest(coalesce(receivers, 0) - 2, 0))
                 / (notes + greatest(coalesce(receivers, 0) - 2, 0) + 1)::DOUBLE
            ELSE sent / (sent + 2)::DOUBLE END AS buys_for_confidence,
       receivers,
       {_largest(_DEVICES)} AS device, {_sure(_DEVICES)} AS device_confidence,
       {_largest(_HOURS)} AS hour_band, {_sure(_HOURS)} AS hour_band_confidence,
       CASE WHEN 7 * weekends >= 4 * f THEN 'weekend' WHEN 7 * weekends <= f THEN 'weekday'
            ELSE 'any' END AS week_habit,
       (CASE WHEN 7 * weekends >= 4 * f THEN weekends WHEN 7 * weekends <= f THEN f - weekends
             ELSE f END + 1) / (f + 2)::DOUBLE AS week_habit_confidence,
       {_largest(_ROLES)} AS family_role,
       CASE WHEN greatest(babies, pets) > 0
            THEN greatest(babies, pets) / (greatest(babies, pets) + 2)::DOUBLE
            END AS family_role_confidence,
       CASE WHEN women <> men THEN {_largest(_GENDERS)} END AS likely_gender,
       {_sure(_GENDERS)} AS likely_gender_confidence,
       {_largest(_AGES)} AS age_band, {_sure(_AGES)} AS age_band_confidence,
       CASE WHEN province IN ({_names("region", "east")}) THEN 'east'
            WHEN province IN ({_names("region", "south")}) THEN 'south' END AS region,
       CASE WHEN province IN ({_names("zone", "hot_cold")}) THEN 'hot_cold'
            WHEN province IN ({_names("zone", "hot_warm")}) THEN 'hot_warm' END AS climate_zone
FROM known LEFT JOIN expected ON expected.now = least(r * 10 // c, 100)
ORDER BY member_id
"""


def _different(root: Path) -> int:
    """Rows in one result and not in the other."""
    from huitou.lake import engine
    from huitou.lake.engine import quoted

    # Traits that need no purchase are read off the members' own rows: nothing to compute.
    traits = [trait for theme in _sql_themes() for trait in theme.traits]
    columns = ", ".join(["member_id", *(t.name for t in traits if not t.of_everyone)])
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
        f"COPY (SELECT i AS product_id, 'P' || i AS code, "
        f"{_TITLES}[i % 50 + 1] AS title, "
        f"chr(97 + (i % {CATEGORIES})::INTEGER) AS category FROM range({PRODUCTS}) t(i)) "
        f"TO '{products}' (FORMAT parquet)"
    )
    files["product_dim"] = [str(products.relative_to(root))]
    connection.close()
    return files


# A few products in fifty hint at who buys them.
_TITLES = ["baby food", "dog food", "women dress", "shaving set", *["thing"] * 46]
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
       ['浙江省', '广东省', '上海市', 'Elsewhere', ''][floor(draw(i, 6) * 5)::INTEGER + 1]
           AS province,
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
