"""A segment's tag is put on and taken off while others settle tags and tag by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connections

from huitou.brands.models import Brand
from huitou.insight import services as insight
from huitou.members.models import Tag, TagAssignment
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag, remove_tag
from huitou.segments import refreshing, services, tagging
from huitou.segments.circles import TagCircleError
from huitou.segments.models import Segment
from huitou.segments.tagging import settle_tags
from tests.factories import make_brand, make_shop
from tests.insight.histories import NOW, Bought, make_members, store

ROUNDS = 12
MEMBERS = 9


def _prepared() -> tuple[Brand, list[int], Tag]:
    brand = make_brand()
    members = make_members(brand, MEMBERS)
    store(brand, [make_shop(brand)], members, [Bought(1, 0, 0, date(2024, 5, 1))])
    group = create_tag_group(brand_id=brand.pk, name="Rules")
    tag = create_tag(brand_id=brand.pk, group_id=group, name="vip")
    insight.refresh(brand.pk, as_of=date(2024, 5, 2), now=NOW)
    for slug in ("a", "b"):
        services.put_segment(brand=brand, slug=slug, name=slug, rule={"all": []}, now=NOW)
    refreshing.refresh(brand)
    return brand, members, Tag.objects.get(pk=tag)


@pytest.mark.django_db(transaction=True)
def test_tags_are_the_members_whoever_was_faster(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given small steps, so that there is much to come between
    monkeypatch.setattr(tagging, "MEMBERS_A_STEP", 2)
    brand, members, tag = _prepared()
    barrier = Barrier(5)

    def toggle(slug: str) -> None:
        for number in range(ROUNDS):
            name = "vip" if number % 2 else ""
            services.put_segment(
                brand=brand, slug=slug, name=slug, rule={"all": []}, now=NOW, tag=name
            )

    def settle(_slug: str) -> None:
        for _ in range(ROUNDS):
            settle_tags(brand, now=datetime.now(UTC))

    def by_hand(_slug: str) -> None:
        for number in range(ROUNDS):
            act = put_tag if number % 2 else remove_tag
            act(
                brand_id=brand.pk,
                tag_id=tag.pk,
                member_ids=members[:4],
                act=Act("staff", datetime.now(UTC)),
            )

    def run(work: object, slug: str) -> None:
        try:
            barrier.wait(timeout=30)
            work(slug)  # type: ignore[operator]
        finally:
            connections.close_all()

    # when
    works = [(toggle, "a"), (toggle, "b"), (settle, ""), (settle, ""), (by_hand, "")]
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(run, *one) for one in works]:
            done.result()
    settle_tags(brand, now=datetime.now(UTC))

    # then the last word of each holds: both segments put it, and so did the hand
    segments = sorted(Segment.objects.filter(brand=brand).values_list("pk", flat=True))
    carried = TagAssignment.objects.filter(tag=tag, removed=None)
    assert sorted(carried.values_list("rule_ref", "account_id"), key=str) == sorted(
        [(segment, member) for segment in segments for member in members]
        + [(None, member) for member in members[:4]],
        key=str,
    )


@pytest.mark.django_db(transaction=True)
def test_two_changes_never_make_a_circle_together(home: Path) -> None:
    # given
    brand, _members, _tag = _prepared()
    services.put_segment(brand=brand, slug="a", name="a", rule={"all": []}, now=NOW, tag="vip")
    group = create_tag_group(brand_id=brand.pk, name="Others")
    create_tag(brand_id=brand.pk, group_id=group, name="seen")
    services.put_segment(brand=brand, slug="b", name="b", rule={"all": []}, now=NOW, tag="seen")
    barrier = Barrier(2)

    def ask(slug: str, tag: str) -> bool:
        try:
            barrier.wait(timeout=30)
            services.put_segment(brand=brand, slug=slug, name=slug, rule={"tag": tag}, now=NOW)
        except TagCircleError:
            return False
        finally:
            connections.close_all()
        return True

    # when each asks for the tag the other puts
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(ask, "a", "seen"), pool.submit(ask, "b", "vip")]

    # then
    assert sorted(one.result() for one in made) == [False, True]
