"""An import killed at random points, again and again, ends as if nothing had happened."""

from __future__ import annotations

import multiprocessing
import random
from bisect import insort
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from huitou.brands.models import Shop
from huitou.commerce.models import Order
from huitou.demo.taobao_csv import write_taobao_csv
from huitou.ingest.models import Batch
from huitou.ingest.services import create_batch, run_batch
from huitou.members.models import Identity, Member
from tests.factories import make_brand, make_shop
from tests.races.importing import go_on

ROWS = 100_000
DAMAGE = 0.05
KILLS = 50
COUNTS = (
    "state", "position", "rows", "stored", "updated", "unchanged", "repeated", "quarantined",
    "orders", "lines", "without_buyer", "paid_minor", "refunded_minor", "warnings",
)  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_fifty_kills_lead_to_the_same_final_state(tmp_path: Path, home: Path) -> None:
    # given a large file with 5 % damaged rows, and what an undisturbed import makes of it
    path = tmp_path / "list.csv"
    written = write_taobao_csv(path, ROWS, 7, damage=DAMAGE)
    expected_shop = make_shop(make_brand())
    expected = run_batch(_queued(expected_shop, path).pk, chunk_rows=5_000)
    assert (expected.rows, expected.quarantined) == (ROWS, written.damaged)

    # when imports of it are killed at random points until fifty kills are done
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.races.importing", "huitou.ingest.reading"])
    chance = random.Random(20261111)
    kills = 0
    finished: list[Batch] = []
    while kills < KILLS or not finished:
        batch = _queued(make_shop(make_brand()), path)
        while True:
            child = context.Process(
                target=go_on,
                args=(
                    connection.settings_dict["NAME"],
                    str(home),
                    batch.pk,
                    2_000,
                ),
            )
            child.start()
            child.join(timeout=chance.uniform(0.2, 1.6) if kills < KILLS else None)
            if child.exitcode is None:
                child.kill()
                child.join()
                kills += 1
                continue
            assert child.exitcode == 0
            break
        finished.append(Batch.objects.get(pk=batch.pk))

    # then every one of them stands exactly where the undisturbed one does
    assert kills >= KILLS
    for batch in finished:
        assert _state(batch) == _state(expected)


def _queued(shop: Shop, path: Path) -> Batch:
    return create_batch(shop=shop, path=path, file_name=path.name)


def _state(batch: Batch) -> dict[str, Any]:
    """What a batch left behind, without the numbers that differ by accident."""
    state: dict[str, Any] = {name: getattr(batch, name) for name in COUNTS}
    digests = {
        "orders": """
            select to_jsonb(o) - '{id,brand_id,shop_id,member_id,source_ref,changed_ref,
              recorded_at,receiver,receiver_phone,receiver_key}'::text[]
            from commerce_order o where o.source_ref = %s order by o.order_no""",
        "members": """
            select to_jsonb(m) - '{id,public_id,brand_id,first_shop_id,source_ref,changed_ref,
              created_at,merged_into_id,phone,email}'::text[]
            from members_member m where m.source_ref = %s order by 1""",
        "quarantine": """
            select to_jsonb(q) - '{id,batch_id}'::text[]
            from ingest_quarantinedrow q where q.batch_id = %s order by q.row_no""",
    }
    with connection.cursor() as cursor:
        for name, query in digests.items():
            cursor.execute(
                f"select count(*), md5(string_agg(t::text, '|')) from ({query}) as t(t)",
                [batch.pk],
            )
            state[name] = cursor.fetchone()
    # Equal values have different seals, and in every brand another pseudonym.
    keys: dict[int | None, list[str]] = defaultdict(list)
    for key in Identity.objects.filter(brand=batch.brand):
        insort(keys[key.member_id], f"{key.kind}:{key.clear}")
    state["receivers"] = [
        (o.receiver, o.receiver_phone, keys[o.member_id])
        for o in Order.objects.filter(source_ref=batch.pk).order_by("order_no")
    ]
    state["people"] = sorted(
        (keys[m.pk], keys[m.merged_into_id or m.pk], m.phone or "", m.email or "")
        for m in Member.objects.filter(source_ref=batch.pk)
    )
    return state
