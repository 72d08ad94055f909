"""Events through HTTP in batches of 1,000 beside a bare COPY, and one member beside a bare view.

The server is granian as ``huitou up`` starts it. The floor of the events copies the same rows,
already clean, into the same emptied table with its indexes, in as many transactions. The floor of
the look-up is a view in the same server that runs one query by an indexed identifier and answers.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.ground import measured_apart
from bench.report import Figure

EVENTS = int(os.environ.get("HUITOU_BENCH_EVENTS", "200000"))
BATCH = 1_000
SENDERS = 4
MEMBERS = 20_000
CLIENTS = 32
LOOKUPS = 8_000
SEED = 20261111
KINDS = ("visit", "search", "view", "favourite", "cart", "consult", "pay")


def run() -> list[Figure]:
    """Measure in a child process, which sets Django up for a folder of its own."""
    m = measured_apart("events")
    rate = m["events"] / m["http_s"]
    size = f"{m['events']:,} in batches of {BATCH:,}, {SENDERS} senders"
    return [
        Figure("events", size, f"{m['http_s']:.1f} s"),
        Figure("events", "accepted a second", f"{rate:,.0f}", "≥ 40,000", rate >= 40_000),
        Figure("events", "bare COPY, rows a second", f"{m['events'] / m['copy_s']:,.0f}"),
        Figure("events", "rate against bare COPY", f"{m['copy_s'] / m['http_s']:.2f}"),
        Figure("events", "the same again, a second", f"{m['events'] / m['again_s']:,.0f}"),
        *(
            Figure(
                "events",
                f"{name}, {CLIENTS} clients: requests a second, p50 / p99",
                f"{rate:,.0f}, {p50:.0f} / {p99:.0f} ms",
            )
            for name, (rate, p50, p99) in m["lookups"].items()
        ),
    ]


def _measure() -> dict[str, Any]:
    from bench.ground import installation

    with installation() as home:
        key, floor_url = _fill()
        bodies = _bodies()
        from bench.pages import _served

        os.environ["DJANGO_SETTINGS_MODULE"] = "huitou.config.settings"
        with _lifted_limit(), _served(home) as address:
            host = address.removeprefix("http://")
            _post(host, key, bodies[:2])  # the first request of each thread connects
            _empty()
            http_s = _timed(lambda: _spread(host, key, bodies))
            again_s = _timed(lambda: _spread(host, key, bodies))
            lookups = {
                "member by identifier": _ask_many(host, key, _lookup_url),
                floor_url[0]: _ask_many(host, key, lambda chance: floor_url[1]),
            }
        return {
            "events": EVENTS,
            "http_s": http_s,
            "again_s": again_s,
            "copy_s": _bare_copy(),
            "lookups": lookups,
        }


def _fill() -> tuple[str, tuple[str, str]]:
    """A brand with members, a key, and the address of the bare view."""
    from huitou.brands.api_keys import issue_api_key
    from huitou.brands.models import Scope
    from huitou.brands.services import create_brand, create_shop

    brand = create_brand(slug="bench", name="Bench")
    create_shop(brand=brand, slug="shop", platform="taobao")
    from datetime import UTC, datetime

    from huitou.api.intake.members import take_members
    from huitou.api.intake.senders import Sender
    from huitou.api.messages import Member

    now = datetime.now(UTC)
    members = [Member(f"c{n}", now, phone=f"139{n + 1:08d}") for n in range(MEMBERS)]
    take_members(
        Sender(brand.pk, brand.currency, brand.time_zone), members, now=now, origin="backfill"
    )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("analyze members_member, members_identity")
    secret = issue_api_key(brand=brand, name="bench", scopes=Scope.values).secret
    return secret, ("health view, one query", "/healthz")


@contextmanager
def _lifted_limit() -> Iterator[None]:
    """The server without the rate limit of a key, which 32 clients of one key would meet."""
    os.environ["HUITOU_API_BURST"] = "100000000"
    try:
        yield
    finally:
        del os.environ["HUITOU_API_BURST"]


def _bodies() -> list[bytes]:
    chance = random.Random(SEED)
    bodies = []
    for start in range(0, EVENTS, BATCH):
        events = [
            {
                "id": f"e{n}",
                "type": chance.choice(KINDS),
                "occurred_at": f"2026-{chance.randint(1, 9):02d}-{chance.randint(1, 28):02d}"
                f"T{chance.randint(0, 23):02d}:15:00+08:00",
                "member": {"kind": "customer_id", "value": f"c{chance.randrange(MEMBERS)}"},
                "product_code": f"P{chance.randrange(500)}",
                "properties": {"page": "home", "seconds": chance.randint(1, 300)},
            }
            for n in range(start, start + BATCH)
        ]
        bodies.append(json.dumps({"events": events}).encode())
    return bodies


def _spread(host: str, key: str, bodies: list[bytes]) -> None:
    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [pool.submit(_post, host, key, bodies[at::SENDERS]) for at in range(SENDERS)]:
            done.result()


def _post(host: str, key: str, bodies: list[bytes]) -> None:
    link = http.client.HTTPConnection(host, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for body in bodies:
        link.request("POST", "/api/v1/events", body, headers)
        answer = link.getresponse()
        content = answer.read()
        assert answer.status == 200, content
    link.close()


def _lookup_url(chance: random.Random) -> str:
    return f"/api/v1/members?kind=phone&value=139{chance.randrange(MEMBERS) + 1:08d}"


def _ask_many(
    host: str, key: str, url_of: Callable[[random.Random], str]
) -> tuple[float, float, float]:
    """Requests a second, and p50 and p99 in milliseconds."""

    def ask(number: int) -> list[float]:
        chance = random.Random(SEED + number)
        link = http.client.HTTPConnection(host, timeout=60)
        times = []
        for _ in range(LOOKUPS // CLIENTS):
            begun = time.perf_counter()
            link.request("GET", url_of(chance), headers={"Authorization": f"Bearer {key}"})
            answer = link.getresponse()
            answer.read()
            assert answer.status == 200
            times.append((time.perf_counter() - begun) * 1000)
        link.close()
        return times

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, range(CLIENTS)))  # connections and plans stand before the clock runs
        begun = time.perf_counter()
        times = sorted(t for part in pool.map(ask, range(CLIENTS)) for t in part)
        seconds = time.perf_counter() - begun
    return len(times) / seconds, statistics.median(times), times[int(len(times) * 0.99)]


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("truncate behaviour_behaviourevent")


def _bare_copy() -> float:
    """Copy the recorded rows back into the emptied table, a batch a transaction."""
    from django.db import connection, transaction

    columns = (
        "id, brand_id, source, source_id, shop_id, member_id, kind, name, occurred_at, biz_date,"
        " month, order_no, product_code, properties, recorded_at"
    )
    with connection.cursor() as cursor:
        with cursor.copy(
            f"copy (select {columns} from behaviour_behaviourevent order by id) to stdout"
        ) as copy:
            rows = list(copy)
        assert len(rows) == EVENTS, len(rows)
        cursor.execute("truncate behaviour_behaviourevent")
        begun = time.perf_counter()
        for start in range(0, EVENTS, BATCH):
            with (
                transaction.atomic(),
                cursor.copy(f"copy behaviour_behaviourevent ({columns}) from stdin") as copy,
            ):
                copy.write(b"".join(rows[start : start + BATCH]))
        return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(_measure()))
