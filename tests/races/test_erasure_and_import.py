"""An erasure between two chunks of an import: the rows are erased, or filtered, never neither."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from huitou.privacy.memory import remembered
from huitou.privacy.services import request_erasure, run_erasure
from huitou.privacy.steps import share_imports
from tests.factories import make_shop
from tests.privacy.test_services import make_member

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_waits_for_the_chunk_that_looked_before_it(home: Path) -> None:
    # given a chunk that found nobody erased and has not committed yet
    shop = make_shop()
    member = make_member(shop, "沈知夏", "19900000001")
    request = request_erasure(
        brand_id=shop.brand_id, member_id=member.pk, reason="x", requested_by_id=None, now=NOW
    )
    done = threading.Event()

    def erase() -> None:
        try:
            run_erasure(request.pk, now=NOW)
            done.set()
        finally:
            connection.close()

    eraser = threading.Thread(target=erase)
    with transaction.atomic():
        share_imports(shop.brand_id)
        assert remembered(shop.brand_id) is None

        # when
        eraser.start()
        waited = not done.wait(1.0)
        late = make_member(shop, "沈知夏", "19900000002", nick="late99")
        late.merged_into = member
        late.save()

    # then it begins only after the chunk, and the next chunk knows the person
    eraser.join(30)
    assert waited
    assert done.is_set()
    found = remembered(shop.brand_id)
    assert found is not None
    phones = [("phone", "19900000001"), ("phone", "19900000002"), ("phone", "19900000003")]
    assert found.hits(phones).tolist() == [True, True, False]
    late.refresh_from_db()
    assert (late.name, late.phone) == ("", None)
