"""A million new records on top of five million identities: one pass, beside a bare look-up.

Records are rows of order files of three platforms: a nickname or account, for most the buyer's
phone, for some an e-mail; every fourth new account shares its phone with one that is there. The
floor asks PostgreSQL for the same keys by the same index and does nothing with the answer.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from bench.report import Figure

KNOWN = int(os.environ.get("HUITOU_BENCH_IDENTITIES", "5000000"))
NEW = int(os.environ.get("HUITOU_BENCH_RECORDS", "1000000"))
CHUNK = 50_000
PLATFORMS = ("taobao", "jd", "youzan")
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
# Of the new records: known accounts, new ones that share a phone, new ones alone.
_KNOWN_SHARE, _SHARED_SHARE = 0.5, 0.125


def run() -> list[Figure]:
    """Fill, then measure the new records."""
    from bench.ground import installation

    with installation():
        from huitou.brands.models import Brand, Shop

        brand = Brand.objects.create(slug="bench", name="Bench")
        shops = [Shop.objects.create(brand=brand, slug=p, name=p, platform=p) for p in PLATFORMS]
        accounts = KNOWN // 2  # each has its own key and a phone
        start = time.perf_counter()
        for chunk in np.array_split(np.arange(accounts), max(1, accounts // CHUNK)):
            _resolve(shops[0], _people(chunk, chunk, "buyer_nick"))
        filled = time.perf_counter() - start
        with _cursor() as cursor:
            cursor.execute("vacuum analyze members_identity, members_member")
        rng = np.random.default_rng(7)
        kind = rng.random(NEW)
        known = rng.integers(0, accounts, NEW)
        fresh = accounts + np.arange(NEW)
        start, cpu = time.perf_counter(), time.process_time()
        for at in np.array_split(np.arange(NEW), max(1, NEW // CHUNK)):
            again = at[kind[at] < _KNOWN_SHARE]
            new = at[kind[at] >= _KNOWN_SHARE]
            shares = kind[new] < _KNOWN_SHARE + _SHARED_SHARE
            phone = np.where(shares, known[new], fresh[new])
            _resolve(shops[0], _people(known[again], known[again], "buyer_nick"))
            _resolve(shops[1], _people(fresh[new], phone, "account"))
        seconds, processor = time.perf_counter() - start, time.process_time() - cpu
        floor = _bare_look_up(brand.pk, known, fresh, kind)
        merged = _count("select count(*) from members_member where merged_into_id is not null")
        identities = _count("select count(*) from members_identity")
        expected = int(((kind >= _KNOWN_SHARE) & (kind < _KNOWN_SHARE + _SHARED_SHARE)).sum())
        return [
            Figure("resolution", f"{KNOWN:,} identities by the same way", f"{filled:.0f} s"),
            Figure("resolution", f"{NEW:,} new records in one pass", f"{seconds:.1f} s"),
            Figure("resolution", "records a second", f"{NEW / seconds:,.0f}"),
            Figure("resolution", "processor time of the client", f"{processor:.1f} s"),
            Figure("resolution", "bare look-up of the same keys", f"{floor:.1f} s"),
            Figure("resolution", "against the bare look-up", f"{seconds / floor:.1f}"),
            Figure("resolution", "identities afterwards", f"{identities:,}"),
            Figure(
                "resolution",
                "accounts merged, of those that share a phone",
                f"{merged:,}",
                f"{expected:,}",
                merged == expected,
            ),
        ]


def _people(number: Any, phone: Any, kind: str) -> pa.Table:
    size = len(number)
    key = pa.array([f"{kind}-{n}" for n in number.tolist()])
    return pa.table(
        {
            "name": pa.nulls(size, pa.string()),
            "id1_kind": pa.array([kind] * size),
            "id1_value": key,
            "id2_kind": pa.array(["phone"] * size),
            "id2_value": pa.array([f"+8615{n:09d}" for n in phone.tolist()]),
        }
    )


def _resolve(shop: Any, people: pa.Table) -> None:
    from django.db import transaction

    from huitou.members.services import resolve_people

    with transaction.atomic():
        with _cursor() as cursor:
            cursor.execute("set local synchronous_commit = off")
            cursor.execute("set local statement_timeout = 0")
        resolve_people(
            brand_id=shop.brand_id,
            shop_id=shop.pk,
            platform=shop.platform,
            source_ref=None,
            people=people,
            origin="backfill",
            now=NOW,
        )


def _bare_look_up(brand_id: int, known: Any, fresh: Any, kind: Any) -> float:
    """The keys of the new records asked for by the index, in the same portions.

    Hashing the phones is not part of it.
    """
    from huitou.members.contacts import stored_values

    seconds = 0.0
    for at in np.array_split(np.arange(NEW), max(1, NEW // CHUNK)):
        new = kind[at] >= _KNOWN_SHARE
        shares = kind[at] < _KNOWN_SHARE + _SHARED_SHARE
        kinds = np.where(new, "account", "buyer_nick")
        number = np.where(new, fresh[at], known[at])
        phone = np.where(new & ~shares, fresh[at], known[at])
        values = [f"{k}-{n}" for k, n in zip(kinds.tolist(), number.tolist(), strict=True)]
        phones = stored_values(brand_id, "phone", [f"+8615{n:09d}" for n in phone.tolist()])
        start = time.perf_counter()
        with _cursor() as cursor:
            cursor.execute(
                "select count(i.id) from unnest(%s::text[], %s::text[]) as k(kind, value)"
                " left join members_identity i on i.brand_id = %s and i.kind = k.kind"
                " and i.value = k.value",
                [kinds.tolist() + ["phone"] * len(phones), values + phones, brand_id],
            )
            cursor.fetchone()
        seconds += time.perf_counter() - start
    return seconds


def _count(query: str) -> int:
    with _cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def _cursor() -> Any:
    from django.db import connection

    return connection.cursor()
