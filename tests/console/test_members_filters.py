"""Conditions on traits in the member list: chips, fields, and the same as a segment's rule."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.console.trait_filters import is_chosen, parameter
from huitou.insight.traits import TRAITS
from huitou.members import tags as member_tags
from huitou.members.models import Member
from huitou.segments.models import Segment
from huitou.segments.previews import preview
from tests.console import people
from tests.console.test_members_list import names, text_of
from tests.factories import make_staff

BOTH = ["沈知夏", "顾岚"]
CHIP = re.compile(r'class="ec-chip" href="[^"]*"[^>]*>([^<]*)')


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand."""
    people.fill(brand, shop, birthdays=(date(1990, 6, 3), date(1991, 7, 3)))
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_no_two_conditions_share_a_name() -> None:
    asked = [
        name
        for trait in TRAITS
        for name in (
            [parameter(trait)]
            if is_chosen(trait)
            else [f"{parameter(trait)}_min", f"{parameter(trait)}_max"]
        )
    ]
    reserved = ["q", "shop", "tag", "segment", "sort", "page", "add"]

    assert len({*asked, *reserved}) == len(asked) + len(reserved)


@pytest.mark.parametrize(
    ("query", "listed", "chip"),
    [
        ("city=杭州市", BOTH, "City 杭州市"),
        ("buyer_type=new", ["顾岚"], "New or returning New"),
        ("region=east", BOTH, "Region East"),
        ("is_birthday_month=no", ["顾岚"], "Birthday this month No"),
        ("is_birthday_month=yes", ["沈知夏"], "Birthday this month Yes"),
        ("aov_min=60&aov_max=300", ["沈知夏"], "Average order value ¥60.00–¥300.00"),
        ("r_score_min=1&r_score_max=5", BOTH, "R score 1–5"),
        ("main_category_share_min=50", BOTH, "Share of the main category ≥ 50.0%"),
        ("expected_purchases_min=0.5", None, "Purchases of the coming year ≥ 0.50"),
        ("last_paid_at_min=2026-06-25&last_paid_at_max=2026-06-25", BOTH,
         "Last purchase 2026-06-25"),
        ("last_paid_at_max=2026-06-24", [], "Last purchase ≤ 2026-06-24"),
        ("first_paid_at_min=2026-06-26", [], "First purchase ≥ 2026-06-26"),
        ("loss_warning_date_min=2026-01-01", BOTH, "Loss-warning date ≥ 2026-01-01"),
    ],
    ids=["text", "code", "region", "no", "yes", "money", "score", "ratio", "number", "day",
         "before", "after", "date"],
)  # fmt: skip
def test_any_trait_narrows_the_list_and_a_segment_finds_the_same(
    signed_in: Client, brand: Brand, query: str, listed: list[str] | None, chip: str
) -> None:
    # when
    page = signed_in.get(f"/members/?{query}").content.decode()

    # then
    assert listed is None or names(page) == listed
    assert [html.unescape(text) for text in CHIP.findall(page)] == [chip]
    (rule,) = re.findall(r'name="rule" value="([^"]*)"', page)
    assert preview(brand, json.loads(html.unescape(rule))).members == len(names(page))


@pytest.mark.parametrize(
    "query",
    ["city=", "region=nowhere", "promotion_only=maybe", "aov_min=NaN", "aov_min=1e99",
     "last_paid_at_min=2026-02-30", "last_paid_at_min=0001-01-01", "p_alive_min=-1",
     f"r_score_min={'9' * 5000}", f"page={'9' * 5000}"],
    ids=["empty", "code", "boolean", "nan", "large", "no day", "year", "negative", "digits",
         "page"],
)  # fmt: skip
def test_what_cannot_be_read_is_no_condition(signed_in: Client, query: str) -> None:
    page = signed_in.get(f"/members/?{query}").content.decode()

    assert len(names(page)) == 3
    assert CHIP.findall(page) == []
    assert 'name="rule"' not in page


def test_a_condition_asked_for_has_its_field_and_one_can_be_added(signed_in: Client) -> None:
    # when
    part = signed_in.get("/members/filters/?aov_min=60&add=city&q=x").content.decode()

    # then
    fields = re.findall(r'(?:<input|<select)[^>]* name="(\w+)"(?: value="([^"]*)")?', part)
    assert fields == [("aov_min", "60"), ("aov_max", ""), ("city", ""), ("add", "")]
    assert '<option value="杭州市">杭州市</option>' in part
    assert re.findall(r'name="(\w+)" autofocus', part) == ["city"]
    # what is there cannot be added again
    assert 'value="city"' not in part
    assert 'value="price_band"' in part


def test_a_range_whose_low_end_is_always_there_gets_the_other(signed_in: Client) -> None:
    page = signed_in.get("/members/?frequency_min=2&frequency_max=3").content.decode()

    assert page.count('name="frequency_min"') == 1
    assert page.count('name="frequency_max"') == 1
    assert "Purchases 2–3" in text_of(page)


def test_what_is_no_condition_of_a_segment_cannot_be_saved_as_one(
    signed_in: Client, shop: Shop
) -> None:
    for query in ("", "q=沈", f"shop={shop.slug}&frequency_min=1"):
        page = signed_in.get(f"/members/?{query}").content.decode()
        assert '<div id="save-rule" hidden></div>' in page


def test_only_who_makes_segments_is_offered_to(signed_in: Client, brand: Brand) -> None:
    signed_in.force_login(make_staff(brand, role=Role.AGENT))

    assert "Save as a segment" not in signed_in.get("/members/?frequency_min=1").content.decode()


def test_tags_and_a_segment_go_into_the_rule(signed_in: Client, brand: Brand) -> None:
    # given
    group = member_tags.create_tag_group(brand_id=brand.pk, name="Likes")
    tea, cake = (
        member_tags.create_tag(brand_id=brand.pk, group_id=group, name=name)
        for name in ("tea", "cake")
    )
    first, second = list(Member.objects.order_by("id"))[:2]
    for tag, member in ((tea, first), (cake, second)):
        member_tags.put_tag(
            brand_id=brand.pk,
            tag_id=tag,
            member_ids=[member.pk],
            act=member_tags.Act("staff", people.NOW),
        )
    page = signed_in.get(f"/members/?tag={tea}&tag={cake}&frequency_min=2").content.decode()
    (rule,) = re.findall(r'name="rule" value="([^"]*)"', page)

    # when
    signed_in.post(
        "/segments/keep/", {"name": "Tea or cake", "slug": "likes", "rule": html.unescape(rule)}
    )

    # then
    assert json.loads(html.unescape(rule)) == {
        "all": [
            {"trait": "frequency", "gte": 2},
            {"any": [{"tag": "Likes/cake"}, {"tag": "Likes/tea"}]},
        ]
    }
    assert Segment.objects.get().slug == "likes"
    assert preview(brand, json.loads(html.unescape(rule))).members == 1
