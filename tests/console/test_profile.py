"""What staff write down of members, and what a brand keeps of them at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.members.attribute_values import current_attributes
from huitou.members.attributes import attributes, define_usual_attributes
from huitou.members.consent import consents
from huitou.members.models import AttributeValue, ConsentEntry, Tag, TagAssignment, Touch
from huitou.members.tags import create_tag, create_tag_group
from huitou.members.touchpoints import add_touchpoint
from tests.console import people
from tests.console.test_members_list import text_of
from tests.factories import make_brand, make_staff

PAGE = f"/members/{people.public_id(0)}/"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand and something to keep."""
    people.fill(brand, shop)
    define_usual_attributes(brand_id=brand.pk)
    group = create_tag_group(brand_id=brand.pk, name="Habits")
    create_tag(brand_id=brand.pk, group_id=group, name="gift giver")
    add_touchpoint(brand_id=brand.pk, code="counter", name="Counter 1", kind="store")
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def said(client: Client, path: str, **fields: object) -> str:
    """Post and read the page it leads to."""
    return text_of(client.post(path, fields, follow=True).content.decode())


def test_only_values_that_were_changed_are_recorded(signed_in: Client, brand: Brand) -> None:
    page = said(
        signed_in,
        f"{PAGE}attributes/",
        **{"a-occupation": " teacher ", "was-occupation": "", "a-education": "bachelor"},
        **{"a-interests": "tea", "was-interests": "tea"},
    )

    assert "Education Bachelor Member&#x27;s own words" in page
    assert "Occupation teacher" in page
    assert AttributeValue.objects.count() == 2


def test_a_value_that_does_not_fit_is_told_by_name(signed_in: Client) -> None:
    page = said(signed_in, f"{PAGE}attributes/", **{"a-education": "doctor"})

    assert "Education – Choose one of those offered." in page
    assert not AttributeValue.objects.exists()


def test_a_tag_is_put_until_the_end_of_a_day_and_removed(signed_in: Client) -> None:
    tag = Tag.objects.get().pk

    page = said(signed_in, f"{PAGE}tag/", act="put", tag=tag, until="2099-12-31", reason="told us")
    assert "gift giver Habits Staff" in page
    assert "until 2099-12-31 · told us" in page
    assert "Tag put gift giver" in page

    page = said(signed_in, f"{PAGE}tag/", act="remove", tag=tag)
    assert "No tags" in page
    assert "Tag removed gift giver" in page


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"act": "put", "tag": "x"}, "Choose a tag."),
        ({"act": "put", "tag": "999999"}, "Choose a tag."),
        ({"act": "put", "tag": "TAG", "until": "someday"}, "Write a date such as 2026-05-01."),
        ({"act": "put", "tag": "TAG", "until": "2001-01-01"}, "must lie after today"),
    ],
)
def test_a_wrong_tag_or_day_is_refused(
    signed_in: Client, fields: dict[str, str], answer: str
) -> None:
    tag = str(Tag.objects.get().pk)
    fields = {name: value.replace("TAG", tag) for name, value in fields.items()}

    assert answer in said(signed_in, f"{PAGE}tag/", **fields)
    assert not TagAssignment.objects.exists()


def test_a_grant_needs_proof_and_a_withdrawal_holds_for_all_channels(
    signed_in: Client, brand: Brand, staff: Staff
) -> None:
    # when
    refused = said(
        signed_in, f"{PAGE}consent/", channel="sms", purpose="marketing", decision="granted"
    )
    granted = said(
        signed_in, f"{PAGE}consent/", channel="sms", purpose="marketing", decision="granted",
        place="counter", wording="v3",
    )  # fmt: skip
    said(signed_in, f"{PAGE}consent/", channel="all", purpose="marketing", decision="withdrawn")

    # then
    assert "A grant needs proof" in refused
    assert f"Told to staff {staff.username} · counter · text version v3" in granted
    assert "Consent granted SMS · Marketing" in granted
    member = ConsentEntry.objects.values_list("account_id", flat=True)[0]
    found = consents(brand.pk, {member: [member]})[member]
    assert {channel for (channel, _), consent in found.items() if not consent.is_granted} == {
        "sms", "email", "wechat", "phone", "app", "post",
    }  # fmt: skip


def test_a_grant_is_for_one_channel(signed_in: Client) -> None:
    page = said(
        signed_in, f"{PAGE}consent/", channel="all", purpose="marketing", decision="granted",
        place="counter", wording="v3",
    )  # fmt: skip

    assert "A grant is for one channel; choose it." in page
    assert not ConsentEntry.objects.exists()


def test_a_contact_is_recorded_with_its_first_source(signed_in: Client) -> None:
    page = said(
        signed_in, f"{PAGE}touch/", touchpoint="counter", direction="in", summary="asked for cups"
    )

    assert "Counter 1 Offline store First source asked for cups" in page
    assert Touch.objects.count() == 1


def test_the_page_asks_no_more_for_more(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given: two of everything
    tag = Tag.objects.get().pk
    said(signed_in, f"{PAGE}tag/", act="put", tag=tag)
    said(signed_in, f"{PAGE}attributes/", **{"a-occupation": "teacher", "a-interests": "tea"})
    for _ in range(2):
        said(signed_in, f"{PAGE}consent/", channel="all", purpose="service", decision="withdrawn")
        said(signed_in, f"{PAGE}touch/", touchpoint="counter", direction="in")

    # then: as many as test_members_page counts for an empty profile
    with django_assert_num_queries(31):
        signed_in.get(PAGE)


def test_a_tag_goes_to_those_ticked_and_is_taken_back(signed_in: Client) -> None:
    # when
    page = said(
        signed_in, "/members/tag/", act="put", tag=Tag.objects.get().pk, scope="chosen",
        member=[str(people.public_id(0)), str(people.public_id(1))], filters="sort=frequency",
    )  # fmt: skip

    # then
    assert "Members changed: 2." in page
    assert "gift giver 2 members" in text_of(signed_in.get("/tags/").content.decode())

    # when
    change = TagAssignment.objects.values_list("put_id", flat=True)[0]
    page = said(signed_in, f"/tags/{change}/undo/")

    # then
    assert "Taken back. " in page
    assert not TagAssignment.objects.filter(removed=None).exists()


def test_a_tag_goes_to_all_that_match_the_list(signed_in: Client) -> None:
    fields = {"act": "put", "tag": Tag.objects.get().pk, "scope": "all"}

    narrow = said(signed_in, "/members/tag/", filters="frequency_min=2", **fields)
    searched = said(signed_in, "/members/tag/", filters="q=顾", **fields)

    assert "Members changed: 1." in narrow
    assert "Members changed: 1." in searched
    assert TagAssignment.objects.count() == 2


def test_nobody_chosen_is_told(signed_in: Client) -> None:
    page = said(signed_in, "/members/tag/", act="put", tag=Tag.objects.get().pk, scope="chosen")

    assert "Choose members first." in page


@pytest.mark.parametrize(
    ("path", "fields", "shown"),
    [
        ("/tags/add/", {"name": "Service"}, "Service No tags"),
        (
            "/attributes/add/",
            {"code": "baby_month", "kind": "integer", "label_zh": "宝宝月龄",
             "label_en": "Age of the baby", "unit": "months"},
            "Age of the baby baby_month Whole number months",
        ),
        (
            "/attributes/add/",
            {"code": "drink", "kind": "choice", "label_zh": "饮品", "label_en": "Drink",
             "choices": "tea, 茶, Tea\ncoffee，咖啡，Coffee"},
            "Drink drink One of several Tea · Coffee",
        ),
        ("/attributes/add/", {"code": "Drink!", "kind": "text"}, "lower-case letter"),
        ("/attributes/add/", {"code": "d", "kind": "choice", "choices": "tea"}, "one a line"),
        ("/touchpoints/add/", {"code": "live", "name": "Live room", "kind": "live"},
         "Live room live Live stream 0"),
        ("/touchpoints/add/", {"code": "counter", "name": "Counter", "kind": "store"}, "already"),
    ],
)  # fmt: skip
def test_definitions_are_added_or_refused(
    signed_in: Client, path: str, fields: dict[str, str], shown: str
) -> None:
    assert shown in said(signed_in, path, **fields)


def test_what_is_retired_is_offered_no_more_and_can_come_back(
    signed_in: Client, brand: Brand
) -> None:
    said(signed_in, "/attributes/income/retired/", retired="1")
    said(signed_in, "/touchpoints/counter/retired/", retired="1")
    page = signed_in.get(PAGE).content.decode()
    assert 'name="a-income"' not in page
    assert "The brand has no touchpoints yet." in page

    said(signed_in, "/attributes/income/retired/", retired="0")
    assert 'name="a-income"' in signed_in.get(PAGE).content.decode()


def test_an_analyst_reads_and_writes_nothing(signed_in: Client, brand: Brand) -> None:
    signed_in.force_login(make_staff(brand, role=Role.ANALYST))

    pages = [signed_in.get(path) for path in (PAGE, "/tags/", "/attributes/", "/touchpoints/")]
    writes = [
        signed_in.post(path, {"name": "x", "tag": Tag.objects.get().pk, "act": "put"})
        for path in (
            f"{PAGE}tag/",
            f"{PAGE}consent/",
            "/members/tag/",
            "/tags/add/",
            "/attributes/add/",
        )
    ]

    assert [page.status_code for page in pages] == [200] * 4
    assert ['<form method="post" action="/members' in p.content.decode() for p in pages] == [
        False
    ] * 4
    assert [answer.status_code for answer in writes] == [403] * 5
    assert not TagAssignment.objects.exists()


def test_an_agent_writes_of_members_but_defines_nothing(signed_in: Client, brand: Brand) -> None:
    signed_in.force_login(make_staff(brand, role=Role.AGENT))

    assert signed_in.post("/attributes/add/", {}).status_code == 403
    assert signed_in.post("/touchpoints/counter/retired/", {"retired": "1"}).status_code == 403
    assert "Saved." in said(signed_in, f"{PAGE}attributes/", **{"a-occupation": "nurse"})


def test_another_brands_member_is_not_found(signed_in: Client, home: Path) -> None:
    other = make_brand()
    signed_in.force_login(make_staff(other))

    assert signed_in.post(f"{PAGE}consent/", {"decision": "withdrawn"}).status_code == 404
    assert attributes(other.pk) == []
    assert current_attributes(other.pk, {}) == {}


def test_empty_brands_are_led_to_the_first_step(
    client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff
) -> None:
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"

    pages = [text_of(client.get(p).content.decode()) for p in ("/tags/", "/attributes/",
                                                               "/touchpoints/", PAGE)]  # fmt: skip

    for page, words in zip(
        pages,
        ("No tags yet", "No attributes yet", "No touchpoints yet", "Define attributes"),
        strict=True,
    ):
        assert words in page
