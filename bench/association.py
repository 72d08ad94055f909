"""What is bought together in 10 M orders and 20 M lines, beside fastapriori.

The product counts straight from the lake: products in orders, all history. fastapriori reads the
same lines from one Parquet file of the columns it needs, and counts pairs down to the support at
which the product stops. Processor seconds are compared, reading included on both sides; each runs
in a process of its own, apart from the one that draws the orders, so that its memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.ground import OTHERS_PYTHON, measured_apart, measured_of_others
from bench.report import Figure

MEMORY_MIB = 1_024
ROUNDS = 3
BRAND_ID = 1


def run() -> list[Figure]:
    """Draw the orders, count, let fastapriori count, and compare pair for pair."""
    with tempfile.TemporaryDirectory(prefix="huitou-bench-") as home:
        apart = {"HUITOU_HOME": home, "HUITOU_LAKE_MEMORY_MIB": str(MEMORY_MIB)}
        files = measured_apart("association", "draw", **apart)
        given = json.dumps(files)
        m = measured_apart("association", "count", given, **apart)
        figures = [
            Figure(
                "association",
                f"{m['baskets']:,} baskets, {m['lines']:,} lines: {m['pairs']:,} pairs of"
                f" {m['baskets_min']} baskets or more, from the lake",
                f"{m['cpu_s']:.1f} CPU-s, {m['wall_s']:.1f} s",
            ),
            Figure("association", "peak memory", f"{m['peak_mib']:.0f} MiB"),
        ]
        if not OTHERS_PYTHON.exists():
            said = "not measured: .venv-bench is missing"
            return [*figures, Figure("association", "fastapriori", said)]
        folder = Path(m["folder"])
        pairs = str(folder / "theirs.parquet")
        # Half a basket less: no quotient is rounded to the wrong side.
        support = (m["baskets_min"] - 0.5) / m["baskets"]
        lines = str(folder / "lines.parquet")
        others = measured_of_others("association_others", lines, str(support), pairs)
        different = measured_apart("association", "compare", str(folder), **apart)
    return figures + _beside(m, others, different)


def _beside(m: dict[str, Any], others: dict[str, float], different: int) -> list[Figure]:
    whole = others["reading_s"] + others["counting_s"]
    ratio, alone = m["cpu_s"] / whole, m["cpu_s"] / others["counting_s"]
    return [
        Figure(
            "association",
            "fastapriori: reading Parquet; counting in memory",
            f"{others['reading_s']:.1f} CPU-s; {others['counting_s']:.1f} CPU-s",
        ),
        Figure("association", "fastapriori: peak memory", f"{others['peak_mib']:.0f} MiB"),
        Figure(
            "association", "against fastapriori, both reading", f"{ratio:.2f}", "≤ 1.3",
            ratio <= 1.3,
        ),
        Figure("association", "against its counting alone", f"{alone:.2f}"),
        Figure("association", "pairs that differ", str(different), "0", different == 0),
    ]  # fmt: skip


def _draw() -> dict[str, list[str]]:
    from bench import insight_refresh
    from huitou.lake import store

    return insight_refresh._generate(store.brand_root(BRAND_ID))


def _count(given: str) -> dict[str, Any]:
    """Count, best of several; the rules, and what fastapriori reads, are written afterwards."""
    from bench.insight_refresh import AS_OF
    from huitou.insight import association, plan
    from huitou.insight.association import Pairing
    from huitou.lake import store

    files = json.loads(given)
    cpu, wall = [], []
    for _ in range(ROUNDS):
        start, start_cpu = time.perf_counter(), time.process_time()
        with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
            found = association.counted(session.connection, AS_OF, Pairing(window_days=None))
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    folder = store.brand_root(BRAND_ID)
    with plan.session(BRAND_ID, files, currency="CNY", shop_id=None) as session:
        connection = session.connection
        connection.register("items_counted", found.items)
        connection.register("pairs_counted", found.pairs)
        for name, sql in (
            ("ours", _RULES.format(baskets=found.facts["baskets"])),
            ("lines", "SELECT order_id, product_id, is_purchase FROM line_fact"),
        ):
            connection.execute(f"COPY ({sql}) TO '{folder / name}.parquet' (FORMAT parquet)")
        lines = connection.execute(f"SELECT count(*) FROM {plan.PURCHASE_LINES}").fetchall()
    return {
        **found.facts,
        "lines": lines[0][0],
        "pairs": found.pairs.num_rows,
        "folder": str(folder),
        "cpu_s": min(cpu),
        "wall_s": min(wall),
        "peak_mib": peak,
    }


_RULES = """
WITH directed AS (
    SELECT first AS a, later AS b, baskets FROM pairs_counted
    UNION ALL SELECT later, first, baskets FROM pairs_counted
)
SELECT i.product_id AS a, j.product_id AS b, d.baskets, d.baskets / {baskets} AS support,
       d.baskets / i.baskets AS confidence,
       d.baskets * {baskets} / (i.baskets * j.baskets::DOUBLE) AS lift
FROM directed d JOIN items_counted i ON i.place = d.a JOIN items_counted j ON j.place = d.b
"""


def _compare(folder: str) -> int:
    """Directed pairs that only one has, or with other figures."""
    import duckdb

    ours, theirs = (f"read_parquet('{folder}/{name}.parquet')" for name in ("ours", "theirs"))
    apart = " OR ".join(
        f"abs(o.{name} / t.{name} - 1) > 1e-9" for name in ("support", "confidence", "lift")
    )
    found = duckdb.sql(
        f"SELECT count(*) FROM {ours} o FULL JOIN {theirs} t ON o.a = t.item_A AND o.b = t.item_B"
        f" WHERE o.a IS NULL OR t.item_A IS NULL OR o.baskets <> t.instances OR {apart}"
    ).fetchall()
    return int(found[0][0])


if __name__ == "__main__":
    from huitou.config.bootstrap import set_up_django

    os.environ.pop("DATABASE_URL", None)
    set_up_django()
    what, *arguments = sys.argv[1:]
    print(json.dumps({"draw": _draw, "count": _count, "compare": _compare}[what](*arguments)))
