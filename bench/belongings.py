"""One member against a hundred segments, with 1 M members, 10 M orders and 20 M lines on record.

The orders of ``bench.segments`` lie in the lake and, with the same ids, in PostgreSQL: the segments
are refreshed over the lake, then single members are judged on the records, each after the other,
and every answer is compared with who is in by the refresh. Of the tables' indexes those stand that
a member's rows are found by; the others would only make loading them longer.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import insight_refresh, segments
from bench.ground import measured_apart
from bench.insight_refresh import AS_OF, MEMBERS, MEMORY_MIB
from bench.report import Figure

ASKED = 1_000
SEED = 5
_COLUMNS = {
    "members_member": {"id": "member_id", "brand_id": "$brand", "name": "member_id"},
    "commerce_product": {
        "id": "product_id", "brand_id": "$brand", "code": "code", "title": "title",
        "category": "category",
    },
    "commerce_order": {
        "id": "order_id", "brand_id": "$brand", "shop_id": "shop_id", "order_no": "order_id",
        "member_id": "member_id", "status": "status", "currency": "currency",
        "ordered_at": "ordered_at", "paid_at": "paid_at", "biz_date": "biz_date", "month": "month",
        "quantity": "quantity", "list_minor": "list_minor", "discount_minor": "discount_minor",
        "coupon_minor": "coupon_minor", "paid_minor": "paid_minor",
        "refunded_minor": "refunded_minor", "province": "province", "city": "city",
        "device": "device", "header_rank": "2",
    },
    "commerce_orderline": {
        "id": "line_id", "order_id": "order_id", "line_key": "line_id", "product_id": "product_id",
        "quantity": "quantity", "list_minor": "list_minor", "paid_minor": "paid_minor",
        "discount_minor": "discount_minor", "refunded_minor": "refunded_minor",
    },
}  # fmt: skip
_LAKE_TABLES = {
    "members_member": "member_dim",
    "commerce_product": "product_dim",
    "commerce_order": "order_fact",
    "commerce_orderline": "line_fact",
}
# How the rows of a member are found, beside primary keys.
_INDEXES = ("order_of_member", "line_unique_in_order")


def run() -> list[Figure]:
    """Measure in a child process with a memory limit for DuckDB."""
    m = measured_apart("belongings", HUITOU_LAKE_MEMORY_MIB=str(MEMORY_MIB))
    size = f"{m['members']:,} members, {m['orders']:,} orders, {m['lines']:,} lines"
    p50, p95 = _quantiles(m["judging_ms"])
    since = _quantiles(m["standing_ms"])
    return [
        Figure("belongings", f"{size}, {m['segments']} segments", ""),
        Figure(
            "belongings",
            f"one member against all: p50 / p95 of {len(m['judging_ms']):,}",
            f"{p50:.1f} / {p95:.1f} ms",
            "p95 < 5 ms",
            p95 < 5,
        ),
        Figure(
            "belongings",
            "processor time of one, product / database",
            f"{m['own_ms']:.1f} / {m['database_ms']:.1f} ms",
        ),
        Figure("belongings", "with since when: p50 / p95", f"{since[0]:.1f} / {since[1]:.1f} ms"),
        Figure(
            "belongings", "the first of a process, which reads the rules", f"{m['first_ms']:.0f} ms"
        ),
        Figure(
            "belongings",
            f"a tag put on a segment of {m['tagged']:,} / taken off",
            f"{m['put_s']:.1f} / {m['ended_s']:.1f} s",
        ),
        Figure(
            "belongings",
            f"answers other than the refresh's, of {m['answers']:,}",
            str(m["different"]),
            "0",
            m["different"] == 0,
        ),
    ]


def _quantiles(ms: list[float]) -> tuple[float, float]:
    return statistics.median(ms), sorted(ms)[int(len(ms) * 0.95)]


def _measure() -> dict[str, Any]:
    from bench.ground import installation

    with installation() as home:
        from django.utils import timezone

        from huitou.brands.models import Brand
        from huitou.segments import refreshing
        from huitou.segments.services import put_segment

        brand = Brand.objects.create(
            slug="bench", name="Bench", currency="CNY", time_zone="UTC", pinned_as_of=AS_OF
        )
        files = segments.populate(brand)
        for number, rule in enumerate(segments._rules()):
            put_segment(
                brand=brand, slug=f"s{number}", name=f"s{number}", rule=rule, now=timezone.now()
            )
        refreshing.refresh(brand)
        for table in _COLUMNS:
            _load(brand.pk, table, files, home / "rows.csv")
        sizes = insight_refresh._sizes(files, brand.pk)
        return {**sizes, **_asked(brand), **_tagged(brand)}


def _load(brand_id: int, table: str, files: dict[str, list[str]], passing: Path) -> None:
    """The rows of the lake in PostgreSQL, through a file of text."""
    import duckdb
    from django.db import connection

    from huitou.lake import store

    root = store.brand_root(brand_id)
    columns = _COLUMNS[table]
    picked = ", ".join(source.replace("$brand", str(brand_id)) for source in columns.values())
    nulls = ", force_null (member_id)" if "member_id" in columns else ""
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format csv{nulls})"
    duckdb.sql("SET TimeZone = 'UTC'")
    with connection.cursor() as cursor:
        wanted = _without_indexes(cursor, table)
        for path in files[_LAKE_TABLES[table]]:
            _, _, month = Path(path).parent.name.partition("month=")
            dated = f", {month} AS month" if month else ""
            rows = f"SELECT *{dated} FROM read_parquet('{root / path}', hive_partitioning = false)"
            duckdb.sql(
                f"COPY (SELECT {picked} FROM ({rows})) TO '{passing}'"
                " (FORMAT csv, HEADER false, FORCE_QUOTE (*), NULLSTR '')"
            )
            with passing.open("rb") as text, cursor.copy(statement) as copy:
                while block := text.read(1 << 20):
                    copy.write(block)
        for definition in wanted:
            cursor.execute(definition)
        cursor.execute(f"analyze {table}")


def _without_indexes(cursor: Any, table: str) -> list[str]:
    """Take foreign keys off, and of orders and lines the indexes; how those wanted are made."""
    cursor.execute("set statement_timeout = 0")
    cursor.execute(
        "select conrelid::regclass, conname from pg_constraint where contype = 'f'"
        " and (conrelid = %s::regclass or confrelid = %s::regclass)",
        [table, table],
    )
    for owner, name in cursor.fetchall():
        cursor.execute(f'alter table {owner} drop constraint "{name}"')
    if table not in ("commerce_order", "commerce_orderline"):
        return []
    cursor.execute(
        "select indexname, indexdef from pg_indexes where tablename = %s and indexname not in"
        " (select conname from pg_constraint where contype = 'p')",
        [table],
    )
    found = dict(cursor.fetchall())
    for name in found:
        cursor.execute(f'alter table {table} drop constraint if exists "{name}"')
        cursor.execute(f'drop index if exists "{name}"')
    return [found[name] for name in _INDEXES if name in found]


def _asked(brand: Any) -> dict[str, Any]:
    """Members drawn from all, asked for one by one; and who is in by the refresh."""
    import numpy as np
    from django.utils import timezone

    from huitou.segments.belonging import belongings, standings
    from huitou.segments.files import standing_among
    from huitou.segments.models import Segment

    chance = random.Random(SEED)
    members = chance.sample(range(1, MEMBERS + 1), ASKED)
    now = timezone.now()
    first_ms, _ = _timed(lambda: belongings(brand, [1], now=now))
    judging, standing, found = [], [], {}
    began = _processor_ms()
    for member in members:
        ms, answer = _timed(lambda member=member: belongings(brand, [member], now=now))
        judging.append(ms)
        found[member] = {one.slug for one in answer[member]}
    own, database = (
        (after - before) / ASKED for after, before in zip(_processor_ms(), began, strict=True)
    )
    for member in members[:200]:
        ms, _ = _timed(lambda member=member: standings(brand, member, now=now))
        standing.append(ms)
    ids = np.array(sorted(members), dtype=np.int64)
    different = 0
    for pk, slug in Segment.objects.values_list("pk", "slug"):
        among = set(standing_among(brand.pk, pk, ids).tolist())
        different += sum((slug in found[member]) != (member in among) for member in members)
    return {
        "first_ms": first_ms,
        "judging_ms": judging,
        "standing_ms": standing,
        "own_ms": own,
        "database_ms": database,
        "segments": Segment.objects.count(),
        "answers": len(members) * Segment.objects.count(),
        "different": different,
    }


def _tagged(brand: Any) -> dict[str, Any]:
    """The largest segment puts a tag on its members, and takes it off again."""
    from django.utils import timezone

    from huitou.members.tags import create_tag, create_tag_group
    from huitou.segments.queries import latest_versions, segments_in_use
    from huitou.segments.services import put_segment
    from huitou.segments.tagging import settle_tags

    group = create_tag_group(brand_id=brand.pk, name="Bench")
    create_tag(brand_id=brand.pk, group_id=group, name="tag")
    largest = max(segments_in_use(brand), key=lambda one: one.members)
    rule = latest_versions([largest.id])[largest.id].rule
    seconds = []
    for tag in ("tag", ""):
        put_segment(
            brand=brand, slug=largest.slug, name="s", rule=rule, now=timezone.now(), tag=tag
        )
        ms, _ = _timed(lambda: settle_tags(brand, now=timezone.now()))
        seconds.append(ms / 1000)
    return {"tagged": largest.members, "put_s": seconds[0], "ended_s": seconds[1]}


def _processor_ms() -> tuple[float, float]:
    """Processor time this process has used, and the one of the database that serves it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        spent = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    ticks = int(spent[11]) + int(spent[12])  # in user and in system mode
    return time.process_time() * 1000, ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return (time.perf_counter() - start) * 1000, done


if __name__ == "__main__":
    print(json.dumps(_measure()))
