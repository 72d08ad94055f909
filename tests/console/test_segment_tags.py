"""Segments that put a tag, on pages: the builder, the page of one, the list, and the member.

And the segments a member is in, on the member's page.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff, StaffRole
from huitou.members.models import Tag, TagAssignment
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from huitou.segments import refreshing
from huitou.segments.models import Segment
from tests.console import people
from tests.console.test_segment_builder import BIG, form
from tests.console.test_segments import BUYERS, NOW, put, text_of
from tests.factories import make_brand, make_staff
from tests.queue import queued

PAGE = f"/members/{people.public_id(0)}/"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English; of three members two have bought; two tags."""
    people.fill(brand, shop)
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    for name in ("regular", "gift giver"):
        create_tag(brand_id=brand.pk, group_id=group, name=name)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_the_builder_keeps_the_tag_and_shows_it_again(signed_in: Client, brand: Brand) -> None:
    # when
    fields = form(brand, BIG) | {"slug": "big", "name": "Big", "tag": "Habits/regular"}
    signed_in.post("/segments/save/", fields)
    page = signed_in.get("/segment/big/edit/").content.decode()
    kept = Segment.objects.get()
    signed_in.post("/segments/save/", fields | {"own_slug": "big", "seen_version": "1", "tag": ""})

    # then
    assert kept.tag == Tag.objects.get(name="regular")
    assert '<option value="Habits/regular" selected>' in page
    assert Segment.objects.get().tag is None


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ("Habits/regular", "would depend on the tag this segment puts"),
        ("Habits/gone", "The brand has no such tag"),
    ],
    ids=["circle", "unknown"],
)
def test_a_tag_that_cannot_be_is_told_with_the_rule_as_it_was(
    signed_in: Client, brand: Brand, tag: str, word: str
) -> None:
    # given
    fields = form(brand, {"tag": "Habits/regular"})

    # when
    response = signed_in.post("/segments/save/", fields | {"slug": "s", "name": "S", "tag": tag})

    # then
    assert response.status_code == 422
    assert word in text_of(response)
    assert f'value="{tag}" selected' in response.content.decode() or tag == "Habits/gone"
    assert not Segment.objects.exists()


def test_the_pages_say_which_tag_and_how_many_carry_it(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "buyers", BUYERS, tag="regular")
    before = text_of(signed_in.get("/segment/buyers/"))
    refreshing.refresh(brand)

    # when
    after = text_of(signed_in.get("/segment/buyers/"))

    # then
    assert "Puts the tag regular 0 members carry it" in before
    assert "· follows within five minutes" in before
    assert "Puts the tag regular 2 members carry it because of this segment As text" in after
    assert "Buyers Puts the tag regular Purchases is at least 1" in text_of(
        signed_in.get("/segments/")
    )
    listed = text_of(signed_in.get("/tags/"))
    assert "Segment Buyers Put regular 2 members" in listed
    assert "Take back" not in listed


def test_the_member_page_tells_both_origins_and_removes_only_the_hands(
    signed_in: Client, brand: Brand, staff: Staff
) -> None:
    # given
    put(brand, "buyers", BUYERS, tag="regular")
    tag = Tag.objects.get(name="regular")
    who = people.Member.objects.get(public_id=people.public_id(0))
    act = Act("staff", NOW, staff_id=staff.pk, reason="at the till")
    put_tag(brand_id=brand.pk, tag_id=tag.pk, member_ids=[who.pk], act=act)
    refreshing.refresh(brand)
    both = signed_in.get(PAGE)

    # when
    alone = signed_in.post(f"{PAGE}tag/", {"act": "remove", "tag": tag.pk}, follow=True)

    # then
    assert f"regular Habits Staff {staff.username} · 2026-07-01 · at the till Segment Buyers ·" in (
        text_of(both)
    )
    assert '<a href="/segment/buyers/">Buyers</a>' in both.content.decode()
    assert "Remove the tag regular" in both.content.decode()
    assert "regular Habits Segment Buyers ·" in text_of(alone)
    assert "Remove the tag regular" not in alone.content.decode()
    assert TagAssignment.objects.filter(account=who, removed=None).count() == 1


def test_who_may_not_see_segments_reads_the_name_without_a_link(
    signed_in: Client, brand: Brand, shop: Shop
) -> None:
    # given
    put(brand, "buyers", BUYERS, tag="regular")
    refreshing.refresh(brand)
    agent = make_staff(brand, role=Role.AGENT)
    agent.roles.update(shop=shop)
    signed_in.force_login(agent)

    # when
    page = signed_in.get(PAGE)

    # then
    assert "regular Habits Segment Buyers ·" in text_of(page)
    assert "/segment/buyers/" not in page.content.decode()


def test_archiving_lets_go_of_the_tag_at_once(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "buyers", BUYERS, tag="regular")
    refreshing.refresh(brand)

    # when
    page = signed_in.post("/segment/buyers/state/", {"act": "archive"}, follow=True)
    due = queued("segments.refresh_brand", brand)
    refreshing.refresh(brand)

    # then
    assert "carry it because of this segment · being taken off" in text_of(page)
    assert due == [{"brand_id": brand.pk}]
    assert "on nobody while it is archived" in text_of(signed_in.get("/segment/buyers/"))


def test_the_member_page_lists_the_segments_the_member_is_in(
    signed_in: Client, brand: Brand
) -> None:
    # given
    put(brand, "buyers", BUYERS)
    put(brand, "none", {"trait": "frequency", "gte": 99})
    refreshing.refresh(brand)
    put(brand, "new", {"all": []})

    # when
    page = signed_in.get(PAGE)
    why = "/segment/buyers/?member=" + people.public_id(0).hex
    explained = signed_in.get(why).content.decode()

    # then
    said = text_of(page)
    assert "Segments 2 Buyers in since 2026-06-30 Why? New counted with the next refresh" in said
    assert "Judged on the records of" in said
    assert f'href="{why}#explain"' in page.content.decode()
    assert f'value="{people.public_id(0).hex}"' in explained
    assert 'hx-trigger="submit, load"' in explained
    assert "submit, load" not in signed_in.get("/segment/buyers/").content.decode()


def test_a_member_in_no_segment_and_a_brand_without_figures_say_so(
    signed_in: Client, brand: Brand, staff: Staff
) -> None:
    # given
    other = make_brand()
    StaffRole.objects.create(staff=staff, brand=other, role=Role.OPERATOR)
    stranger = people.Member.objects.create(brand=other, name="x")

    # when
    here = text_of(signed_in.get(PAGE))
    signed_in.post("/scope/", {"brand": other.slug})
    there = text_of(signed_in.get(f"/members/{stranger.public_id}/"))

    # then
    assert "In no segment at present." in here
    assert "Segments appear with the first figures" in there
