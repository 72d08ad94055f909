"""Import of 1 M rows of a 54-column GBK order list, beside a bare COPY of the clean rows.

The floor copies what the import stored (members, identities, orders, events) into the same,
emptied tables with the same indexes and constraints, from files already clean, in one transaction.
The import runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.ground import measured_apart
from bench.report import Figure

ROWS = int(os.environ.get("HUITOU_BENCH_ROWS", "1000000"))
SEED = 20181111
TABLES = ("members_member", "members_identity", "commerce_order", "eventlog_event")


def run() -> list[Figure]:
    """Measure in a child process, which sets Django up for a folder of its own."""
    m = measured_apart("import_orders")
    ratio = m["copy_s"] / m["import_s"]
    return [
        Figure("import", f"{m['rows']:,} rows, 54 columns, GBK", f"{m['import_s']:.1f} s"),
        Figure("import", "rows a second", f"{m['rows'] / m['import_s']:,.0f}"),
        Figure("import", "bare COPY of the clean rows", f"{m['copy_s']:.1f} s"),
        Figure("import", "rate against bare COPY", f"{ratio:.2f}", "≥ 0.33", ratio >= 1 / 3),
        Figure(
            "import",
            "peak memory of the importing process",
            f"{m['peak_mib']:.0f} MiB",
            "< 1024 MiB",
            m["peak_mib"] < 1024,
        ),
        Figure("import", "the same file again, nothing changed", f"{m['again_s']:.1f} s"),
    ]


def _measure() -> dict[str, float]:
    from bench.ground import installation

    with installation() as home:
        from huitou.demo.taobao_csv import write_taobao_csv

        path = home / "ExportOrderList.csv"
        write_taobao_csv(path, ROWS, SEED)
        first = _import(home, path)
        again = _import(home, path)
        assert first["stored"] == ROWS, first
        assert again["unchanged"] == ROWS, again
        return {
            "rows": ROWS,
            "import_s": first["seconds"],
            "again_s": again["seconds"],
            "peak_mib": first["peak_mib"],
            "copy_s": _bare_copy(home),
        }


def _import(home: Path, path: Path) -> dict[str, float]:
    child = subprocess.run(
        [sys.executable, "-m", "bench.import_orders", "import", str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


def _import_here(path: Path) -> dict[str, float]:
    from huitou.config.bootstrap import set_up_django

    set_up_django()
    from huitou.brands.models import Brand, Shop
    from huitou.ingest.services import create_batch, run_batch

    brand, _ = Brand.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    shop, _ = Shop.objects.get_or_create(
        brand=brand, slug="bench", defaults={"name": "Bench", "platform": "taobao"}
    )
    start = time.perf_counter()
    batch = run_batch(create_batch(shop=shop, path=path, file_name=path.name).pk)
    return {
        "seconds": time.perf_counter() - start,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stored": batch.stored,
        "unchanged": batch.unchanged,
    }


def _bare_copy(home: Path) -> float:
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        columns = {}
        for table in TABLES:
            cursor.execute(
                "select string_agg(quote_ident(column_name), ',' order by ordinal_position)"
                " from information_schema.columns where table_name = %s and is_generated = 'NEVER'",
                [table],
            )
            columns[table] = cursor.fetchone()[0]
            with (
                (home / table).open("wb") as target,
                cursor.copy(
                    f"copy (select {columns[table]} from {table} order by id) to stdout"
                ) as copy,
            ):
                for piece in copy:
                    target.write(piece)
        cursor.execute(f"truncate {', '.join(TABLES)} cascade")
        start = time.perf_counter()
        with transaction.atomic():
            for table in TABLES:
                with (
                    (home / table).open("rb") as source,
                    cursor.copy(f"copy {table} ({columns[table]}) from stdin") as copy,
                ):
                    while piece := source.read(1 << 20):
                        copy.write(piece)
        return time.perf_counter() - start


if __name__ == "__main__":
    outcome = _import_here(Path(sys.argv[2])) if sys.argv[1:2] == ["import"] else _measure()
    print(json.dumps(outcome))
