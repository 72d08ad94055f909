"""Loading a demo brand: recorded once, resumable, refreshed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count

from huitou.brands.models import Brand
from huitou.commerce.models import Order, OrderLine, Product, Refund
from huitou.demo import complete_journey, generator, services
from huitou.demo.generator import Population
from huitou.demo.loading import JOB_KIND, ShopPart, Source, load
from huitou.demo.services import silent
from huitou.demo.tables import source
from huitou.jobs.models import Job
from huitou.jobs.services import create_job
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Identity, Member
from huitou.segments.models import Segment, SegmentRefresh
from huitou.segments.starter import STARTERS
from tests.factories import make_brand, make_shop

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
POPULATION = Population(300, 1, NOW, chunk_members=100)


def empty_brand() -> tuple[Brand, Job]:
    """A brand with the five shops and its demo job."""
    brand = make_brand()
    for slug, platform, *_ in generator.SHOPS:
        make_shop(brand, slug=slug, platform=platform)
    return brand, create_job(brand_id=brand.pk, kind=JOB_KIND, subject="demo")


def content(brand: Brand) -> list[tuple[Any, ...]]:
    """What was recorded, without database ids."""
    return [
        *Order.objects.filter(brand=brand)
        .order_by("order_no")
        .values_list(
            "shop__slug", "order_no", "status", "paid_at", "biz_date", "list_minor",
            "discount_minor", "paid_minor", "refunded_minor", "is_purchase", "member__name",
        ),
        *OrderLine.objects.filter(order__brand=brand)
        .order_by("line_key")
        .values_list("order__order_no", "line_key", "product__code", "paid_minor"),
        *Refund.objects.filter(order__brand=brand)
        .order_by("refund_no")
        .values_list("refund_no", "amount_minor", "status"),
        *sorted(
            (i.platform, i.kind, i.clear, i.member.name)
            for i in Identity.objects.filter(brand=brand).select_related("member")
        ),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_generated_brand_is_recorded_as_it_was_drawn() -> None:
    brand, job = empty_brand()
    drawn = [POPULATION.drawn(number) for number in range(3)]

    assert load(brand, job, source(POPULATION), now=NOW, say=silent)

    orders = Order.objects.filter(brand=brand)
    assert Member.objects.filter(brand=brand).count() == 300
    assert orders.count() == sum(len(chunk.order_id) for chunk in drawn)
    assert orders.filter(member=None).count() == sum((~c.has_buyer).sum() for c in drawn)
    for column in ("paid_minor", "refunded_minor", "discount_minor"):
        assert sum(orders.values_list(column, flat=True)) == sum(
            getattr(chunk, column).sum() for chunk in drawn
        )


@pytest.mark.django_db
def test_a_second_load_changes_nothing() -> None:
    brand, job = empty_brand()
    load(brand, job, source(POPULATION), now=NOW, say=silent)
    before = content(brand)

    assert load(brand, job, source(POPULATION), now=NOW, say=silent)

    assert content(brand) == before


@pytest.mark.django_db
def test_a_load_that_broke_off_goes_on_where_it_stood() -> None:
    whole, whole_job = empty_brand()
    load(whole, whole_job, source(POPULATION), now=NOW, say=silent)
    brand, job = empty_brand()
    made: list[int] = []

    def breaking(number: int) -> list[ShopPart]:
        if number == 1:
            raise OSError("the machine went away")
        return source(POPULATION).chunk(number)

    def counted(number: int) -> list[ShopPart]:
        made.append(number)
        return source(POPULATION).chunk(number)

    with pytest.raises(OSError, match="went away"):
        load(brand, job, Source(3, breaking), now=NOW, say=silent)
    load(brand, job, Source(3, counted), now=NOW, say=silent)

    assert made == [1, 2]
    assert content(brand) == content(whole)


@pytest.mark.django_db
def test_two_loaders_of_one_job_do_not_record_a_chunk_twice() -> None:
    brand, job = empty_brand()
    first = POPULATION.drawn(0)

    def overtaken(message: str) -> None:
        Job.objects.filter(pk=job.pk).update(done=3)

    assert not load(brand, job, source(POPULATION), now=NOW, say=overtaken)

    assert Order.objects.filter(brand=brand).count() == len(first.order_id)


@pytest.mark.django_db(transaction=True)
def test_generating_twice_is_harmless_and_another_seed_is_refused(home: Path) -> None:
    first = services.generate(members=200, seed=3, slug="small")
    second = services.generate(members=200, seed=3, slug="small")
    with pytest.raises(RefusedInputError) as refusal:
        services.generate(members=200, seed=4, slug="small")

    assert first.is_new
    assert first.members == 200
    assert second == replace(first, is_new=False)
    assert refusal.value.code == "BRAND_EXISTS"
    assert first.orders == Order.objects.filter(is_purchase=True).count()
    assert "生成" in Brand.objects.get(slug="small").data_note_zh


@pytest.mark.django_db(transaction=True)
def test_a_generated_brand_has_the_starter_set_and_who_is_in_it(home: Path) -> None:
    services.generate(members=200, seed=3, slug="small")

    bought_once = (
        Order.objects.filter(is_purchase=True, member__isnull=False)
        .values("member_id")
        .annotate(times=Count("pk"))
        .filter(times=1)
    )
    segments = Segment.objects.filter(brand__slug="small")
    sizes = {
        slug: refresh.members
        for slug, pk in segments.values_list("slug", "pk")
        for refresh in SegmentRefresh.objects.filter(segment=pk)
    }
    assert sizes.keys() == {starter.slug for starter in STARTERS}
    assert sizes["one-order"] == bought_once.count() > 0


@pytest.mark.django_db(transaction=True)
def test_the_demo_brand_stands_at_2018_and_says_what_is_invented(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(complete_journey, "_CHUNK_BASKETS", 500)
    whole = complete_journey.source()
    monkeypatch.setattr(complete_journey, "source", lambda: Source(2, whole.chunk))

    loaded = services.load_complete_journey()

    brand = Brand.objects.get(slug="demo")
    assert (loaded.orders, Order.objects.count()) == (1_000, 1_000)
    assert (brand.currency, brand.time_zone, str(brand.pinned_as_of)) == (
        "USD", "UTC", "2018-01-01",
    )  # fmt: skip
    assert "generated" in brand.data_note_en
    assert Identity.objects.values_list("platform", "kind").distinct().get() == (
        "offline", "household_id",
    )  # fmt: skip
    assert not Product.objects.exclude(title="").filter(category="").exists()


@pytest.mark.django_db
def test_brands_of_the_operators_own_with_the_demos_names_are_left_alone() -> None:
    make_brand(slug="demo")
    make_brand(slug="qinghe")
    said: list[str] = []

    assert services.ensure_demo(said.append) == []

    assert [message.split("'")[1] for message in said] == ["demo", "qinghe"]
    assert Job.objects.count() == Order.objects.count() == 0
