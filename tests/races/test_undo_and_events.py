"""An import undone while events name its accounts: no event is left without its account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from huitou.api.intake.events import take_events
from huitou.api.intake.senders import Sender
from huitou.api.messages import Event, Identifier
from huitou.behaviour.models import BehaviourEvent
from huitou.ingest.services import undo_batch
from huitou.members.models import Identity, Member
from tests.factories import make_shop
from tests.ingest.pages import imported

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_an_undone_import_waits_for_the_event_that_found_its_account(
    home: Path, samples: Path
) -> None:
    # given an event of an account that only the import made, not committed yet
    shop = make_shop(platform="jd")
    batch = imported(shop, home, (samples / "jd_orders.csv").read_bytes())
    seen = Identity.objects.filter(kind="account").earliest("pk")
    sender = Sender(shop.brand_id, "CNY", "Asia/Shanghai", shop.pk)
    visit = Event("e1", "visit", NOW, member=Identifier(seen.kind, seen.value))
    done = threading.Event()

    def undo() -> None:
        try:
            undo_batch(batch.pk)
            done.set()
        finally:
            connection.close()

    undoing = threading.Thread(target=undo)
    with transaction.atomic():
        take_events(sender, [visit], now=NOW, origin="live")

        # when
        undoing.start()
        waited = not done.wait(1.0)

    # then it begins only after the event, and leaves the account the event names
    undoing.join(30)
    assert waited
    assert done.is_set()
    assert list(Member.objects.values_list("pk", flat=True)) == [seen.member_id]
    assert BehaviourEvent.objects.get().member_id == seen.member_id
