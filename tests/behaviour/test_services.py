"""Behaviour events: appended once, told, projected into the lake by month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.behaviour.models import BehaviourEvent
from huitou.behaviour.queries import events, silent_parcels
from huitou.behaviour.services import EventRow, record_events
from huitou.brands.models import Brand, Shop
from huitou.eventlog.models import Event
from huitou.lake import store
from huitou.lake.projection import project
from huitou.lake.registry import tables

NOW = datetime(2026, 6, 1, tzinfo=UTC)
# 2026-04-30 17:00 in London is 2026-05-01 in Shanghai.
LATE = datetime(2026, 4, 30, 17, tzinfo=UTC)


def record(brand: Brand, *rows: EventRow) -> set[int]:
    return record_events(
        brand_id=brand.pk, time_zone=brand.time_zone, rows=rows, now=NOW, origin="live"
    )


@pytest.mark.django_db
def test_an_event_is_appended_once(brand: Brand, shop: Shop) -> None:
    # given
    first = EventRow("till", "1", "view", LATE, shop_id=shop.pk, product_code="P\t1\\")
    changed = EventRow("till", "1", "cart", LATE)
    other = EventRow("site", "1", "cart", LATE, properties={"a": "\n"})

    # when
    stored = [record(brand, first), record(brand, changed, other), record(brand)]

    # then
    assert stored == [{0}, {1}, set()]
    kept = BehaviourEvent.objects.get(source="till")
    assert (kept.kind, kept.product_code, str(kept.biz_date)) == ("view", "P\t1\\", "2026-05-01")
    assert BehaviourEvent.objects.get(source="site").properties == {"a": "\n"}
    assert events(brand.pk, [kept.pk])[kept.pk].occurred_at == LATE
    assert [len(news.subject_ids) for news in Event.objects.all()] == [1, 1]


@pytest.mark.django_db
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=64))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_kept_as_it_is(text: str, brand: Brand) -> None:
    # when
    record(brand, EventRow("till", f"i{text}", "custom", LATE, name=text, properties={text: text}))

    # then
    kept = BehaviourEvent.objects.get(source_id=f"i{text}")
    assert (kept.name, kept.properties) == (text, {text: text})


@pytest.mark.django_db(transaction=True)
def test_events_reach_the_lake(brand: Brand, home: Path) -> None:
    # given
    record(brand, EventRow("till", "1", "visit", LATE), EventRow("till", "2", "visit", NOW))
    project(brand.pk)
    record(brand, EventRow("till", "3", "visit", NOW))

    # when
    project(brand.pk)

    # then
    delta = store.open_table(brand.pk, tables()["touch_fact"])
    assert delta is not None
    rows = delta.to_pyarrow_table().to_pylist()
    assert sorted((r["kind"], r["month"]) for r in rows) == [
        ("visit", 24316), ("visit", 24317), ("visit", 24317),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_parcel_is_asked_for_once_for_every_day_of_silence(brand: Brand, shop: Shop) -> None:
    # given
    rows = [
        EventRow(
            "till", f"{parcel}{step}", "logistics", NOW - timedelta(hours=hours), shop_id=shop.pk,
            name=step, properties={"carrier": "zto", "parcel": parcel},
        )
        for parcel, step, hours in (
            ("open", "picked_up", 40), ("open", "departed", 30), ("signed", "signed", 30),
            ("young", "departed", 20), ("old", "departed", 31 * 24),
        )
    ]  # fmt: skip
    record(brand, *rows)

    # when
    asked = [
        silent_parcels(
            shop.pk,
            since=NOW + timedelta(hours=since),
            until=NOW + timedelta(hours=until),
            ends=["signed"],
        )
        for since, until in ((-24, 0), (-1, 0), (-7, -5), (3, 5), (17, 19), (-90, 19))
    ]

    # then
    zto = {name: [("zto", name)] for name in ("open", "young")}
    assert asked == [
        zto["open"], [], zto["open"], zto["young"], zto["open"], zto["young"] + zto["open"],
    ]  # fmt: skip
