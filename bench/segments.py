"""Rules over 1 M members, 10 M orders and 20 M lines, beside hand-written DuckDB SQL.

Product and hand-written SQL read the same Parquet files with the same engine settings, in turn,
best of several; the members found are compared. It runs in a process of its own, with DuckDB held
to a limit, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import insight_refresh
from bench.ground import measured_apart
from bench.insight_refresh import AS_OF, MEMBERS, MEMORY_MIB, MONTHS, ORDERS
from bench.report import Figure

ROUNDS = 5
CHANGED = 10_000
# Times that members change and the audiences follow, each time others.
CHANGES = 3
# Six conditions, three of them on what members did, as a reactivation plan would combine them.
RULE: dict[str, Any] = {
    "all": [
        {"trait": "recency_days", "lte": 120},
        {"trait": "lifecycle_stage", "in": ["active", "silent"]},
        {"did": "order.paid", "count": {"gte": 2}, "within": "365d"},
        {"did": "order.paid", "sum": {"of": "amount", "gte": 30_000}, "within": "180d"},
        {"did": "order.paid", "where": {"category": {"in": ["a", "b", "c"]}}, "within": "180d"},
        {"not": {"trait": "rfm_group", "eq": "no_value"}},
    ]
}
BY_HAND = """
WITH spent AS (
    SELECT member_id,
           count(*) AS year_orders,
           sum(paid_minor - refunded_minor) FILTER (happened_at >= $half) AS half_spent
    FROM order_fact
    WHERE is_purchase AND currency = 'CNY' AND member_id IS NOT NULL
      AND happened_at >= $year AND happened_at <= $now AND month >= $year_month
    GROUP BY member_id
), liked AS (
    SELECT DISTINCT member_id
    FROM line_fact JOIN product_dim USING (product_id)
    WHERE is_purchase AND currency = 'CNY' AND category IN ('a', 'b', 'c')
      AND happened_at >= $half AND happened_at <= $now AND month >= $half_month
)
SELECT t.member_id
FROM traits_file t JOIN spent USING (member_id) JOIN liked USING (member_id)
WHERE recency_days <= 120 AND lifecycle_stage IN ('active', 'silent')
  AND year_orders >= 2 AND half_spent >= 30000 AND rfm_group <> 'no_value'
"""


def run() -> list[Figure]:
    """Measure in a child process with a memory limit for DuckDB."""
    m = measured_apart("segments", HUITOU_LAKE_MEMORY_MIB=str(MEMORY_MIB))
    ratio = m["rule_s"] / m["by_hand_s"]
    cheaper = m["queries_s"] / m["changed_s"]
    cheaper_cpu = m["queries_cpu_s"] / m["changed_cpu_s"]
    size = f"{m['members']:,} members, {m['orders']:,} orders, {m['lines']:,} lines"
    return [
        Figure("segments", size, f"{m['found']:,} found"),
        Figure(
            "segments", "rule of six conditions", f"{m['rule_s']:.2f} s", "< 1.5 s",
            m["rule_s"] < 1.5,
        ),
        Figure("segments", "hand-written SQL over the same files", f"{m['by_hand_s']:.2f} s"),
        Figure("segments", "against hand-written SQL", f"{ratio:.2f}", "≤ 1.3", ratio <= 1.3),
        Figure("segments", "compiling it, once per rule", f"{m['compile_s'] * 1000:.0f} ms"),
        Figure(
            "segments", "members found by one and not the other", str(m["different"]), "0",
            m["different"] == 0,
        ),
        Figure(
            "segments",
            f"{m['segments']} audiences after {m['judged']:,} members changed, median of {CHANGES}",
            f"{m['changed_s']:.2f} s, {m['moved']:,} came or went",
        ),
        Figure(
            "segments",
            "the first of a process, which compiles",
            f"{m['first_changed_s']:.2f} s ({m['first_changed_cpu_s']:.2f} s of processors)",
        ),
        Figure("segments", "a full query for each of them", f"{m['queries_s']:.1f} s"),
        Figure("segments", "the same audiences, everybody judged", f"{m['whole_s']:.1f} s"),
        Figure("segments", "times cheaper", f"{cheaper:.0f}", "≥ 20", cheaper >= 20),
        Figure(
            "segments",
            "the same in processor time, without PostgreSQL",
            f"{cheaper_cpu:.0f} ({m['queries_cpu_s']:.1f} s / {m['changed_cpu_s']:.2f} s)",
        ),
        Figure("segments", "members missed", str(m["missed"]), "0", m["missed"] == 0),
        Figure(
            "segments", f"peak memory, DuckDB held to {MEMORY_MIB} MiB",
            f"{m['peak_mib']:.0f} MiB",
        ),
    ]  # fmt: skip


def _measure() -> dict[str, Any]:
    from bench.ground import installation

    with installation():
        from huitou.brands.models import Brand

        brand = Brand.objects.create(
            slug="bench", name="Bench", currency="CNY", time_zone="UTC", pinned_as_of=AS_OF
        )
        files = populate(brand)
        return {
            **insight_refresh._sizes(files, brand.pk),
            **_one_rule(brand),
            **_audiences(brand, files),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def populate(brand: Any) -> dict[str, list[str]]:
    """The members, orders and lines of the brand, with their figures in force; the lake's files."""
    from huitou.lake import store

    files = draw(store.brand_root(brand.pk))
    publish(brand, files, "before")
    return files


def draw(root: Path) -> dict[str, list[str]]:
    """Members, orders and lines in the folder of a brand's lake; its files."""
    import duckdb

    files = insight_refresh._generate(root)
    members = root / "member_dim" / "part.parquet"
    members.parent.mkdir()
    duckdb.sql(
        "COPY (SELECT i AS member_id, '' AS public_id, '' AS province, '' AS city,"
        " (i % 5)::INTEGER AS first_shop_id, 'shop-' || i % 5 AS first_shop,"
        " 'taobao' AS first_channel, (1 + i % 12)::SMALLINT AS birth_month,"
        " (1 + i % 28)::SMALLINT AS birth_day,"
        " CASE WHEN i % 16 = 0 THEN format('{:02}-{:02}', 1 + i % 12, 1 + i % 30) END"
        " AS lunar_birthday, DATE '2021-01-01' AS created_date"
        f" FROM range(1, {MEMBERS + 1}) t(i)) TO '{members}' (FORMAT parquet)"
    )
    files["member_dim"] = [str(members.relative_to(root))]
    return files


def publish(brand: Any, files: dict[str, list[str]], name: str) -> None:
    """Compute the traits of the files and put them in force, as a refresh does."""
    from huitou.insight import plan, snapshots
    from huitou.lake.engine import quoted

    folder = snapshots.snapshots_root(brand.pk) / f"{AS_OF}-all-{name}"
    folder.mkdir(parents=True)
    with plan.session(brand.pk, files, currency=brand.currency, shop_id=None) as session:
        plan.run_steps(session, plan.trait_steps(session.dialect), AS_OF)
        traits = quoted(str(folder / snapshots.TRAITS_FILE))
        session.connection.execute(
            f"COPY ({plan.members_sql()} ORDER BY member_id) TO {traits} (FORMAT parquet)"
        )
    snapshots.write_summary(folder, {"files": files})
    pointer = {
        "as_of": AS_OF.isoformat(),
        "refreshed_at": datetime(2024, 1, 1, 6, tzinfo=UTC).isoformat(),
        "currency": brand.currency,
        "shops": [],
        "folders": {"all": folder.name},
    }
    snapshots.publish(brand.pk, pointer)


def _audiences(brand: Any, files: dict[str, list[str]]) -> dict[str, Any]:
    """A hundred segments: refreshed whole, then each time orders came again, then whole again."""
    from django.utils import timezone

    from huitou.segments import refreshing
    from huitou.segments.services import put_segment

    for number, rule in enumerate(_rules()):
        put_segment(
            brand=brand, slug=f"s{number}", name=f"s{number}", rule=rule, now=timezone.now()
        )
    refreshing.refresh(brand)
    rounds = []
    for nth in range(CHANGES):
        files = _with_changes(brand, files, nth)
        publish(brand, files, f"after-{nth}")
        start, start_cpu = time.perf_counter(), time.process_time()
        done = refreshing.refresh(brand)
        seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
        rounds.append((seconds, cpu, sum(d.entered + d.left for d in done)))
    changed_s, changed_cpu_s, moved = sorted(rounds)[CHANGES // 2]
    after_changes = {d.slug: d.members for d in done}
    start = time.perf_counter()
    whole = refreshing.refresh(brand, whole=True)
    whole_s = time.perf_counter() - start
    queries_s, queries_cpu_s = _queries(brand)
    return {
        "changed_s": changed_s,
        "changed_cpu_s": changed_cpu_s,
        "first_changed_s": rounds[0][0],
        "first_changed_cpu_s": rounds[0][1],
        "whole_s": whole_s,
        "queries_s": queries_s,
        "queries_cpu_s": queries_cpu_s,
        "judged": done[0].judged,
        "segments": len(done),
        "moved": moved,
        # Whoever a whole refresh moves, the other had missed.
        "missed": sum(d.entered + d.left for d in whole)
        + sum(after_changes[d.slug] != d.members for d in whole),
    }


def _queries(brand: Any) -> tuple[float, float]:
    """Seconds, and of the processor, to ask for everybody in each audience; compiled before."""
    from huitou.segments import grounds
    from huitou.segments.reading import read_rule
    from huitou.segments.vocabulary import Vocabulary

    rules = [read_rule(rule, Vocabulary()) for rule in _rules()]
    with grounds.opened(brand) as ground:
        for rule in rules:
            grounds.compiled_once((rule,), ground.session.dialect)
        start_cpu = time.process_time()
        seconds = _timed(lambda: [grounds.find(ground, rule) for rule in rules])
        return seconds, time.process_time() - start_cpu


def _rules() -> list[dict[str, Any]]:
    """Four shapes of audience with twenty-five measures each."""
    found: list[dict[str, Any]] = []
    for n in range(25):
        days, letter = 30 + 10 * n, chr(97 + n % 24)
        liked = {"category": {"in": [letter, chr(97 + (n + 7) % 24)]}}
        found += [
            {"all": [{"trait": "recency_days", "lte": days}, {"trait": "frequency", "gte": 3}]},
            {"did": "order.paid", "within": f"{days}d", "count": {"gte": 2}},
            {"did": "order.paid", "where": liked, "within": f"{days}d"},
            {
                "all": [
                    {"trait": "lifecycle_stage", "in": ["active", "silent"]},
                    {"did": "order.paid", "within": f"{days}d", "sum": {"gte": 1000 * days}},
                    {"not": {"did": "order.paid", "where": liked, "within": "365d"}},
                ]
            },
        ]
    return found


def _with_changes(brand: Any, files: dict[str, list[str]], nth: int) -> dict[str, list[str]]:
    """The files after ``CHANGED`` orders of the last month came again under other numbers."""
    import duckdb

    from huitou.lake import store

    root = store.brand_root(brand.pk)
    moved = dict(files)
    every = max(1, ORDERS // len(MONTHS) // CHANGED)
    for table, keys in (("order_fact", ("order_id",)), ("line_fact", ("order_id", "line_id"))):
        last = files[table][-1]
        fresh = Path(last).with_name(f"part-{nth + 2}.parquet")
        rows = f"read_parquet('{root / last}', hive_partitioning = false)"
        anew = ", ".join(f"{key} + {nth + 1}000000000000 AS {key}" for key in keys)
        duckdb.sql(
            f"COPY (SELECT * FROM {rows} UNION ALL SELECT * REPLACE ({anew}) FROM {rows}"
            f" WHERE order_id % {every} = {nth} AND order_id < 1000000000000)"
            f" TO '{root / fresh}' (FORMAT parquet)"
        )
        moved[table] = [*files[table][:-1], str(fresh)]
    return moved


def _one_rule(brand: Any) -> dict[str, Any]:
    from huitou.segments import grounds
    from huitou.segments.reading import read_rule
    from huitou.segments.vocabulary import Vocabulary

    rule = read_rule(RULE, Vocabulary())
    with grounds.opened(brand) as ground:
        ground.connection.execute("CREATE TEMP VIEW traits_file AS SELECT * FROM people")
        return _compared(ground, rule)


def _compared(ground: Any, rule: Any) -> dict[str, Any]:
    from huitou.segments import grounds
    from huitou.segments.compiling import compiled

    compile_s = _best(lambda: compiled([rule], ground.session.dialect))
    by_hand = f"CREATE OR REPLACE TEMP TABLE by_hand AS {_filled(BY_HAND, ground)}"
    times: dict[str, list[float]] = {"rule": [], "by_hand": []}
    for _ in range(ROUNDS):
        times["rule"].append(_timed(lambda: grounds.find(ground, rule)))
        times["by_hand"].append(_timed(lambda: ground.connection.execute(by_hand)))
    found, different = ground.connection.execute(
        "SELECT (SELECT count(*) FROM found),"
        " (SELECT count(*) FROM found j FULL JOIN by_hand b USING (member_id)"
        " WHERE j.member_id IS NULL OR b.member_id IS NULL)"
    ).fetchall()[0]
    return {
        "rule_s": min(times["rule"]),
        "by_hand_s": min(times["by_hand"]),
        "compile_s": compile_s,
        "found": found,
        "different": different,
    }


def _filled(sql: str, ground: Any) -> str:
    """Hand-written SQL with its moments, as somebody would type them."""
    from datetime import timedelta

    now = ground.at.instant
    half, year = now - timedelta(days=180), now - timedelta(days=365)
    for name, value in (
        ("$year_month", str(year.year * 12 + year.month - 1)),
        ("$half_month", str(half.year * 12 + half.month - 1)),
        ("$half", _literal(half)),
        ("$year", _literal(year)),
        ("$now", _literal(now)),
    ):
        sql = sql.replace(name, value)
    return sql


def _literal(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).isoformat()}'"


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _best(work: Callable[[], Any]) -> float:
    return min(_timed(work) for _ in range(3))


if __name__ == "__main__":
    print(json.dumps(_measure()))
