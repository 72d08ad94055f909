"""Rules over 1 M members, 10 M orders and 20 M lines, beside hand-written DuckDB SQL.

Product and hand-written SQL read the same Parquet files with the same engine settings, in turn,
best of several; the members found are compared. It runs in a process of its own, with DuckDB held
to a limit, so that its peak memory is its own.
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
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import insight_refresh
from bench.insight_refresh import AS_OF, BRAND_ID, MEMORY_MIB
from bench.report import Figure

ROUNDS = 5
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
    out = subprocess.run(
        [sys.executable, "-m", "bench.segments"],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "HUITOU_LAKE_MEMORY_MIB": str(MEMORY_MIB)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    m = json.loads(out.splitlines()[-1])
    ratio = m["rule_s"] / m["by_hand_s"]
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
            "segments", f"peak memory, DuckDB held to {MEMORY_MIB} MiB",
            f"{m['peak_mib']:.0f} MiB",
        ),
    ]  # fmt: skip


def _measure() -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    os.environ["HUITOU_HOME"] = str(home)
    try:
        from huitou.config.bootstrap import set_up_django

        set_up_django()
        from huitou.lake import store

        root = store.brand_root(BRAND_ID)
        files = insight_refresh._generate(root)
        traits = root / "traits.parquet"
        insight_refresh._product(files, traits)
        with ExitStack() as stack:
            ground = _ground(stack, files, traits)
            return {
                **insight_refresh._sizes(files),
                **_one_rule(ground),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _ground(stack: ExitStack, files: dict[str, list[str]], traits: Path) -> Any:
    """What ``grounds.opened`` gives, over the generated files."""
    from zoneinfo import ZoneInfo

    from huitou.insight import plan
    from huitou.lake.engine import quoted
    from huitou.segments.grounds import Ground
    from huitou.segments.moments import end_of_day
    from huitou.segments.statements import PEOPLE

    session = plan.session(BRAND_ID, files, currency="CNY", shop_id=None)
    connection = stack.enter_context(session)
    for view in (PEOPLE, "traits_file"):
        connection.execute(
            f"CREATE TEMP VIEW {view} AS SELECT * FROM read_parquet({quoted(str(traits))})"
        )
    at = end_of_day(AS_OF, ZoneInfo("UTC"))
    return Ground(connection, BRAND_ID, "CNY", at, AS_OF, at.instant)


def _one_rule(ground: Any) -> dict[str, Any]:
    from huitou.segments import grounds
    from huitou.segments.compiling import compiled
    from huitou.segments.reading import read_rule
    from huitou.segments.vocabulary import Vocabulary

    rule = read_rule(RULE, Vocabulary())
    compile_s = _best(lambda: compiled([rule]))
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
