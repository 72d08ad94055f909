"""Dashboard and member pages with 1 M members, through HTTP with a signed-in session.

The population is drawn from a fixed seed into the lake and, with the same ids, into PostgreSQL. The
dashboard is asked for changing periods, so that most of its figures are computed anew; every part
that the page loads by itself (charts, regions) counts as a request of its own.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.ground import measured_apart
from bench.report import Figure

MEMBERS = int(os.environ.get("HUITOU_BENCH_MEMBERS", "1000000"))
SEED = 20261111
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ROUNDS = 60
PASSWORD = "bench-password"  # of a throw-away installation
# Conditions of the member list, of every kind of trait; three are asked together.
TRAIT_CONDITIONS = (
    "buyer_type=returning",
    "value_tier=core",
    "price_band=low",
    "region=east",
    "is_birthday_month=yes",
    "aov_min=50&aov_max=500",
    "p_alive_min=20",
    "r_score_min=3",
    "expected_purchases_min=0.5",
    "first_paid_at_min=2025-01-01",
    "next_purchase_date_min=2026-11-22",
    "city=" + urllib.parse.quote("杭州市"),
)


def run() -> list[Figure]:
    """Measure in a child process, which sets Django up for a folder of its own."""
    m = measured_apart("pages")
    size = f"{m['members']:,} members, {m['orders']:,} orders"
    goals = {"dashboard": 300, "dashboard parts": 300, "member list": 150, "member page": 150}
    goals |= {"what to offer": 300, "back-test": 150, "bought together": 300}
    goals |= {"customer value": 150, "funnel": 150, "member list, by traits": 150}
    refresh = f"{m['refresh_s']:.0f} s / {m['refresh_cpu_s']:.0f} s"
    figures = [
        Figure("pages", size, ""),
        Figure("pages", "refresh of all shops, wall / processor time", refresh),
    ]
    for name, ms in m["pages"].items():
        p95 = sorted(ms)[int(len(ms) * 0.95)]
        goal = goals.get(name)
        figures.append(
            Figure(
                "pages",
                f"{name}: p50 / p95 of {len(ms)}",
                f"{statistics.median(ms):.0f} / {p95:.0f} ms",
                f"p95 < {goal} ms" if goal else "",
                p95 < goal if goal else None,
            )
        )
    return figures


def _measure() -> dict[str, object]:
    from bench.ground import installation

    with installation() as home:
        brand_id, orders = _fill()
        from huitou.insight.services import refresh

        begun, begun_cpu = time.perf_counter(), time.process_time()
        refresh(brand_id, now=NOW)
        spent, spent_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        with _served(home) as address:
            return {
                "members": MEMBERS,
                "orders": orders,
                "refresh_s": spent,
                "refresh_cpu_s": spent_cpu,
                "pages": _visit(address, brand_id),
            }


def _fill() -> tuple[int, int]:
    """The population in the lake and in PostgreSQL; the brand and the number of orders."""
    from huitou.brands.models import Brand, Shop, Staff
    from huitou.demo.generator import BUSY_MIX, SHOPS, Population
    from huitou.demo.lake_files import write_lake
    from huitou.lake import store

    brand = Brand.objects.create(slug="bench", name="Bench", pinned_as_of=NOW.date())
    shops = [
        Shop.objects.create(brand=brand, slug=f"shop-{n}", name=f"Shop {n}", platform="taobao")
        for n in range(1, len(SHOPS) + 1)
    ]
    Staff.objects.create_superuser(username="bench", password=PASSWORD)
    population = Population(members=MEMBERS, seed=SEED, now=NOW, mix=BUSY_MIX)
    root = store.brand_root(brand.pk)
    written = write_lake(root, population, shop_ids=[s.pk for s in shops])
    _copy_to_postgres(root, brand.pk)
    return brand.pk, written.orders


def _copy_to_postgres(root: Path, brand_id: int) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from django.db import connection, transaction

    from huitou.kernel.columns import copy_in

    def constant(table: pa.Table, name: str, value: object, kind: pa.DataType) -> pa.Table:
        return table.append_column(name, pa.array([value] * table.num_rows, kind))

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        for batch in ds.dataset(root / "member_dim", format="parquet").to_batches():
            rows = (
                pa.table(batch)
                .rename_columns({"member_id": "id"})
                .drop_columns(
                    ["created_date", "first_shop", "first_channel", "birth_month", "birth_day"]
                )
            )
            rows = constant(rows, "brand_id", brand_id, pa.int64())
            rows = rows.append_column("name", rows["id"].cast(pa.string()))
            copy_in(cursor, "members_member", rows, rows.column_names)
        dataset = ds.dataset(root / "order_fact", format="parquet", partitioning="hive")
        for batch in dataset.to_batches():
            rows = pa.table(batch).rename_columns({"order_id": "id"})
            derived = ["is_purchase", "happened_at", "receiver", "local_hour", "gift_note"]
            rows = rows.drop_columns(derived)
            rows = constant(rows, "brand_id", brand_id, pa.int64())
            rows = constant(rows, "header_rank", 2, pa.int16())
            rows = rows.append_column("order_no", rows["id"].cast(pa.string()))
            copy_in(cursor, "commerce_order", rows, rows.column_names)
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        cursor.execute("analyze members_member, commerce_order")


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """The web server as ``huitou up`` starts it."""
    from huitou.config.bootstrap import collect_static
    from huitou.config.up import _web

    collect_static(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(_web(home, "127.0.0.1", port).command, stdout=sys.stderr)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/login/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


class _Visitor:
    """A signed-in browser without scripts: cookies, a form, timed requests."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        page = self.get("/login/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        form = {
            "csrfmiddlewaretoken": token[1],
            "username": "bench",
            "password": PASSWORD,
        }
        self.opener.open(
            f"{address}/login/", data=urllib.parse.urlencode(form).encode(), timeout=60
        ).close()
        assert any(cookie.name == "sessionid" for cookie in self.jar)

    def get(self, path: str) -> tuple[float, str]:
        """Milliseconds to the last byte, and the page."""
        begun = time.perf_counter()
        with self.opener.open(self.address + path, timeout=60) as response:
            body = response.read().decode()
            assert response.status in (200, 204), (path, response.status)
        return (time.perf_counter() - begun) * 1000, body


def _visit(address: str, brand_id: int) -> dict[str, list[float]]:
    from django.db import connection

    visitor = _Visitor(address)
    chance = random.Random(SEED)
    today = NOW.date()
    pages: dict[str, list[float]] = {
        "dashboard": [],
        "dashboard parts": [],
        "member list": [],
        "member list, by traits": [],
        "member page": [],
    }
    visitor.get("/")  # the first request of a process loads the engine
    for _ in range(ROUNDS):
        query = _period(chance, today)
        ms, body = visitor.get(f"/?{query}")
        pages["dashboard"].append(ms)
        parts = re.findall(r'(?:src|hx-get)="(/(?:charts|regions)/[^"]*)"', body)
        assert parts
        pages["dashboard parts"] += [visitor.get(p.replace("&amp;", "&"))[0] for p in parts]
        sort = chance.choice(["monetary_minor", "frequency", "recency_days"])
        pages["member list"].append(
            visitor.get(f"/members/?sort={sort}&page={chance.randint(1, 50)}")[0]
        )
        asked = "&".join(chance.sample(TRAIT_CONDITIONS, 3))
        pages["member list, by traits"].append(visitor.get(f"/members/?sort={sort}&{asked}")[0])
    with connection.cursor() as cursor:
        numbers = [chance.randint(1, MEMBERS) for _ in range(200)]
        cursor.execute("select public_id from members_member where id = any(%s)", [numbers])
        ids = [row[0] for row in cursor.fetchall()]
    pages["member page"] = [visitor.get(f"/members/{public_id}/")[0] for public_id in ids]
    offers = [visitor.get(f"/members/{public_id}/recommendations/")[0] for public_id in ids]
    pages["what to offer, counted first"], pages["what to offer"] = offers[:1], offers[1:]
    for name, path in (
        ("back-test", "/value/backtest/?days=365"),
        ("bought together", "/association/?basket=order"),
    ):
        pages[f"{name}, computed first"] = [visitor.get(path)[0]]
        pages[name] = [visitor.get(path)[0] for _ in range(ROUNDS)]
    for name, path in (("customer value", "/value/"), ("funnel", "/funnel/?kind=aarrr")):
        pages[name] = [visitor.get(path)[0] for _ in range(ROUNDS)]
    return pages


def _period(chance: random.Random, today: date) -> str:
    """One of the page's own periods, or two days of the last two years."""
    days = chance.choice([7, 30, 90, 365, None])
    if days is not None:
        return f"period={days}"
    end = today - timedelta(days=chance.randint(0, 600))
    start = end - timedelta(days=chance.randint(1, 120))
    return f"start={start}&end={end}"


if __name__ == "__main__":
    print(json.dumps(_measure()))
