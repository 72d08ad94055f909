"""What invented members do beside buying, and what they write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest
from django.db.models import F

from huitou.behaviour.models import BehaviourEvent, EventKind
from huitou.commerce.models import Order, Review
from huitou.demo import conduct, generator
from huitou.demo.generator import FINISHED, Population
from huitou.demo.loading import JOB_KIND, load
from huitou.demo.services import silent
from huitou.demo.tables import source
from huitou.jobs.services import create_job
from tests.factories import make_brand, make_shop

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
POPULATION = Population(2_000, 1, NOW)


def test_events_lie_in_the_last_half_year_and_are_told_once() -> None:
    events = conduct.event_rows(POPULATION.drawn(0), POPULATION)

    assert pc.min(events["at"]).as_py() >= NOW - timedelta(days=180)
    assert pc.max(events["at"]).as_py() <= NOW
    assert len(pc.unique(events["source_id"])) == events.num_rows > 2_000
    assert set(events["kind"].to_pylist()) == {
        "visit", "search", "view", "favourite", "cart", "consult", "pay",
    }  # fmt: skip


def test_a_product_is_named_where_one_is_looked_at() -> None:
    events = conduct.event_rows(POPULATION.drawn(0), POPULATION)

    named = events.filter(pc.is_valid(events["product_code"]))
    assert set(named["kind"].to_pylist()) == {"view", "favourite", "cart"}
    assert set(events.filter(pc.is_null(events["product_code"]))["kind"].to_pylist()).isdisjoint(
        {"view", "favourite", "cart"}
    )


def test_whoever_never_ordered_came_by() -> None:
    drawn = POPULATION.drawn(0)
    events = conduct.event_rows(drawn, POPULATION)

    never = np.flatnonzero(drawn.joined == 0)
    assert len(never)
    assert set(never.tolist()) <= set(events["person"].to_pylist())


def test_the_same_population_does_the_same() -> None:
    again = Population(2_000, 1, NOW)
    assert conduct.event_rows(POPULATION.drawn(0), POPULATION).equals(
        conduct.event_rows(again.drawn(0), again)
    )


def test_one_finished_order_in_six_is_reviewed_mostly_well() -> None:
    drawn = POPULATION.drawn(0)

    told = conduct.reviewed(drawn, POPULATION)

    assert set(drawn.status[told].tolist()) == {FINISHED}
    assert 0.14 < len(told) / (drawn.status == FINISHED).sum() < 0.18


@pytest.mark.django_db
def test_what_is_recorded_belongs_to_who_did_it() -> None:
    # given
    brand = make_brand()
    for slug, platform, *_ in generator.SHOPS:
        make_shop(brand, slug=slug, platform=platform)
    job = create_job(brand_id=brand.pk, kind=JOB_KIND, subject="demo")
    population = Population(300, 1, NOW, chunk_members=100)

    # when
    load(brand, job, source(population), now=NOW, say=silent)

    # then
    events = BehaviourEvent.objects.filter(brand=brand)
    drawn = [population.drawn(number) for number in range(3)]
    assert events.count() == sum(conduct.event_rows(d, population).num_rows for d in drawn)
    pays = events.filter(kind=EventKind.PAY).values_list("member_id", "occurred_at")
    ordered = set(
        Order.objects.filter(shop__brand=brand, member__isnull=False).values_list(
            "member_id", "ordered_at"
        )
    )
    assert pays
    assert all(
        any((member, at + timedelta(seconds=late)) in ordered for late in range(5, 61))
        for member, at in pays
    )
    reviews = Review.objects.filter(shop__brand=brand)
    assert reviews.count() == sum(len(conduct.reviewed(d, population)) for d in drawn)
    assert not reviews.filter(reviewed_at__lte=F("order__finished_at")).exists()
    assert not reviews.filter(content="").exists()
