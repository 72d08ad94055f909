"""News is read exactly once, in commit-safe order."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from huitou.brands.models import Brand
from huitou.eventlog import services
from tests.factories import make_brand

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def tell(brand: Brand, *subjects: int, kind: str = "commerce.orders_recorded") -> None:
    """Append one piece of news."""
    services.append(
        brand_id=brand.pk, kind=kind, subject_ids=subjects, occurred_at=NOW, origin="live"
    )


@pytest.mark.django_db(transaction=True)
def test_a_reader_sees_each_event_once_and_goes_on_where_it_stopped() -> None:
    brand = make_brand()
    tell(brand, 1)
    tell(brand, 2, 3)

    first = services.read_batch("r", limit=1)
    services.advance("r", first[-1].position)
    second = services.read_batch("r", limit=10)
    services.advance("r", second[-1].position)

    assert [n.subject_ids for n in first + second] == [(1,), (2, 3)]
    assert services.read_batch("r", limit=10) == []
    assert len(services.read_batch("another", limit=10)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_crash_before_advancing_repeats_and_never_skips() -> None:
    tell(make_brand(), 1)

    assert services.read_batch("r", limit=10) == services.read_batch("r", limit=10) != []


@pytest.mark.django_db(transaction=True)
def test_a_reader_never_moves_back() -> None:
    brand = make_brand()
    tell(brand, 1)
    tell(brand, 2)
    first, second = services.read_batch("r", limit=10)

    services.advance("r", second.position)
    services.advance("r", first.position)

    assert services.read_batch("r", limit=10) == []


@pytest.mark.django_db(transaction=True)
def test_news_of_a_rolled_back_transaction_never_was() -> None:
    brand = make_brand()

    with transaction.atomic():
        tell(brand, 1)
        transaction.set_rollback(True)

    assert services.read_batch("r", limit=10) == []


@pytest.mark.django_db(transaction=True)
def test_news_appended_together_is_read_in_its_order() -> None:
    # given news of several kinds, some of it of nobody
    brand = make_brand()
    news = [
        services.Fresh("segments.members_entered", [1, 2], "live", {"segment": "a"}),
        services.Fresh("segments.members_left", [], "live", {"segment": "a"}),
        services.Fresh("segments.members_entered", [3], "backfill", {"segment": "b"}),
    ]

    # when it is appended in one go
    with transaction.atomic():
        services.append_each(brand_id=brand.pk, occurred_at=NOW, news=news)

    # then readers see what is of somebody
    found = services.read_batch("r", limit=10)
    assert [(n.kind, n.subject_ids, n.origin, n.payload) for n in found] == [
        ("segments.members_entered", (1, 2), "live", {"segment": "a"}),
        ("segments.members_entered", (3,), "backfill", {"segment": "b"}),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_to_speak_of_is_no_news_and_many_subjects_are_several_events(monkeypatch) -> None:
    monkeypatch.setattr(services, "SUBJECTS_MAX", 2)
    brand = make_brand()

    tell(brand)
    tell(brand, 1, 2, 3)

    news = services.read_batch("r", limit=10)
    assert [n.subject_ids for n in news] == [(1, 2), (3,)]


@pytest.mark.django_db(transaction=True)
def test_racing_writers_that_commit_late_are_not_overtaken() -> None:
    # given writers whose transactions overlap, so that ids commit out of order
    brand = make_brand()
    writers, events_each = 6, 40
    chance = random.Random(5)
    pauses = [[chance.random() * 0.01 for _ in range(events_each)] for _ in range(writers)]

    def write(writer: int) -> None:
        for number, pause in enumerate(pauses[writer]):
            with transaction.atomic():
                tell(brand, writer * events_each + number)
                time.sleep(pause)
        connection.close()

    threads = [threading.Thread(target=write, args=(w,)) for w in range(writers)]
    for thread in threads:
        thread.start()

    # when a reader follows while they write
    read: list[int] = []
    while True:
        alive = any(thread.is_alive() for thread in threads)
        news = services.read_batch("follower", limit=7)
        if news:
            read += [subject for n in news for subject in n.subject_ids]
            services.advance("follower", news[-1].position)
        elif not alive:
            break

    # then it saw every event exactly once
    assert sorted(read) == list(range(writers * events_each))
