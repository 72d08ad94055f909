"""Segments in a real browser: the list, the page of one, and a rule built by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand, Shop, Staff
from huitou.jobs.models import Job
from huitou.jobs.services import advance_job, finish_job
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from huitou.segments import grounds, refreshing, services
from tests.browser.test_imports import LOOKS, assert_clean
from tests.console import people

Visits = Callable[..., Any]
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
# What htmx has put in answers to clicks a moment later.
SETTLED = ":not(.htmx-added)"
ROWS = "**/segments/rule/row/**"
BUYERS = {"trait": "frequency", "gte": 1}
NESTED = {
    "all": [
        {"trait": "frequency", "gte": 1},
        {"any": [{"trait": "monetary_minor", "gte": 50_000}, {"not": {"did": "order.paid"}}]},
    ]
}
DID = {
    "all": [
        {
            "did": "order.paid",
            "where": {"category": {"in": ["茶具"]}, "amount": {"gte": 5_000, "lte": 90_000}},
            "count": {"gte": 2},
            "within": "365d",
        },
        {"trait": "recency_days", "gt": {"trait": "cycle_days", "times": 1.5}},
        {"trait": "last_paid_at", "gte": {"ago": "30d"}},
        {"trait": "rfm_group", "in": ["privileged", "important_value"]},
        {"not": {"consent": "sms"}},
        {"identity": "phone", "platform": "jd"},
    ]
}


@pytest.fixture
def brand(transactional_db: None, home: Path, brand: Brand) -> Brand:
    """A brand in a database the browser's server sees too."""
    return brand


@pytest.fixture(autouse=True)
def _segments(brand: Brand, shop: Shop) -> None:
    shopper, *_ = people.fill(brand, shop)
    group = create_tag_group(brand_id=brand.pk, name="习惯")
    regular, _gift = (
        create_tag(brand_id=brand.pk, group_id=group, name=n) for n in ("常客", "送礼")
    )
    act = Act("staff", NOW, reason="到店说的")
    put_tag(brand_id=brand.pk, tag_id=regular, member_ids=[shopper.pk], act=act)
    put(brand, "buyers", BUYERS, name="买过的人", description="买过至少一次")
    put(brand, "big", BUYERS, name="大客户", tag="习惯/常客")
    refreshing.refresh(brand)
    put(brand, "big", NESTED, name="大客户")
    refreshing.refresh(brand)
    put(brand, "did", DID, name="行为")
    put(brand, "fresh", {"segment": "buyers"}, name="新建的")


def put(brand: Brand, slug: str, rule: Any, **fields: Any) -> None:
    services.put_segment(brand=brand, slug=slug, rule=rule, now=NOW, **fields)


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean(
    visit: Visits, staff: Staff, language: str, theme: str, width: int
) -> None:
    # given
    seen = visit(staff, language=language, theme=theme, width=width)
    pages = {
        "segments": "/segments/",
        "segment": "/segment/big/",
        "segment-fresh": "/segment/fresh/",
        "members-of-segment": "/members/?segment=big",
        "segment-new": "/segments/new/",
        "segment-edit": "/segment/big/edit/",
        "segment-edit-did": "/segment/did/edit/",
        "segment-why": f"/segment/big/?member={people.public_id(0).hex}#explain",
        "member-in-segments": f"/members/{people.public_id(0)}/",
        "tags-of-segments": "/tags/",
    }

    for name, address in pages.items():
        # when
        seen.open(address)
        seen.shot(f"{name}-{language}-{theme}-{width}")

        # then
        assert_clean(seen)


def test_the_member_page_leads_to_why(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open(f"/members/{people.public_id(0)}/")

    # when
    page.click("[aria-label='Why in 大客户?']")

    # then the segment's page says so without a further click
    page.wait_for_selector("#explained >> text=fits the rule")


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_page_follows_a_refresh_and_is_drawn_anew_after_it(
    visit: Visits, staff: Staff, brand: Brand, language: str, theme: str, width: int
) -> None:
    # given
    job = Job.objects.create(brand=brand, kind="segments", subject="大客户", state="running")
    advance_job(job.pk, done=0, total=4, step="comparing")
    seen = visit(staff, language=language, theme=theme, width=width)
    page = seen.open("/segments/")

    # when
    advance_job(job.pk, done=1, step="judging")
    page.wait_for_selector("#segments-progress:has-text('1 / 4')")
    seen.shot(f"segments-refreshing-{language}-{theme}-{width}")

    # then
    assert_clean(seen)

    # when
    finish_job(job.pk, now=NOW)

    # then
    page.wait_for_selector("#segments-progress", state="detached")
    page.wait_for_load_state("networkidle")
    assert_clean(seen)


def test_a_nested_rule_is_built_and_kept(visit: Visits, staff: Staff, brand: Brand) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/segments/new/")

    # when a condition is chosen by keyboard
    page.focus("#rule select[name$='.s']")
    page.keyboard.type("Purchases")
    page.keyboard.press("Tab")
    page.wait_for_selector("#rule input[name$='.v']")
    page.wait_for_selector("[data-found='2']")

    # then
    assert_clean(seen)

    # when a group is added by mouse, and a condition in it
    page.click("text=Group of conditions")
    page.wait_for_selector(f".ec-rule-group .ec-rule-group{SETTLED}")
    inner = page.locator(".ec-rule-group .ec-rule-group")
    inner.locator("select[name$='.s']").select_option("trait:monetary_minor")
    inner.locator("input[name$='.v']").fill("500")
    page.wait_for_selector("[data-found='1']")
    inner.locator("[data-add]").press("Enter")
    page.wait_for_selector(f".ec-rule-group .ec-rule-group .ec-rule-row:nth-child(2){SETTLED}")
    added = inner.locator(".ec-rule-row").nth(1)
    added.locator("select[name$='.s']").select_option("did:order.paid")
    page.wait_for_selector("[data-found='2']")
    added.locator("input[name$='.not']").check()
    page.wait_for_selector("[data-found='1']")

    # then
    assert "not bought" in page.inner_text("#rule-preview .ec-says")
    assert_clean(seen)
    seen.shot("segment-built")

    # when
    page.fill("#s-name", "Built by hand")
    page.fill("#s-slug", "by-hand")
    page.click("text=Save segment")
    page.wait_for_selector("h1:has-text('Built by hand')")
    refreshing.refresh(brand, slugs=["by-hand"])
    page.reload()

    # then the size is that of the rule said in SQL
    with grounds.opened(brand) as ground:
        asked = "frequency >= 1 AND (monetary_minor >= 50000 OR coalesce(frequency, 0) = 0)"
        sql = f"SELECT count(*) FROM people WHERE {asked}"
        (size,) = ground.connection.execute(sql).fetchall()[0]
    assert page.inner_text(".ec-tile .ec-figure >> nth=0") == str(size) == "1"


def test_rows_are_removed_and_the_text_is_read_back(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/segment/big/edit/")
    page.wait_for_selector("[data-found='1']")

    # when the group goes, the keyboard goes on at the button that adds
    page.click("[aria-label='Remove the group']")
    page.wait_for_selector("[data-found='2']")

    # then
    assert page.evaluate("document.activeElement.hasAttribute('data-add')")

    # when
    page.click("#rule-panel >> text=As text")
    text = page.locator("#rule-text")
    text.fill("all:\n- trait: frequency\n  gte: 3\n- tag: gone")
    page.wait_for_selector("#rule-preview >> text=there is no tag 'gone'")
    page.click("#rule-panel >> text=As conditions")

    # then the row is marked
    page.wait_for_selector(f"[data-node]:has-text('no longer exists'){SETTLED}")
    marked = page.locator(".ec-rule-row", has_text="no longer exists")
    assert marked.count() == 1
    assert_clean(seen)

    # when
    marked.locator("[data-remove-node]").click()

    # then
    page.wait_for_selector("[data-found='1']")
    assert_clean(seen)


def test_a_choice_typed_slowly_is_the_one_kept(visit: Visits, staff: Staff) -> None:
    # given
    seen = visit(staff)
    page = seen.open("/segments/new/")
    select = page.locator("#rule select[name$='.s']")

    # when every letter finds another entry on the way, and the answer is there before the next
    select.focus()
    page.keyboard.type("Purchases", delay=150)

    # then
    page.wait_for_selector("#rule input[name$='.v']")
    assert select.input_value() == "trait:frequency"
    page.wait_for_selector("[data-found='2']")


def test_what_is_changed_while_an_answer_is_awaited_stays(visit: Visits, staff: Staff) -> None:
    # given a row whose first answer is held back
    seen = visit(staff)
    page = seen.open("/segments/new/")
    row = page.locator(".ec-rule-row")
    row.locator("select[name$='.s']").select_option("did:order.paid")
    page.wait_for_selector(f".ec-rule-row{SETTLED} >> text=Narrow down")
    held: list[Any] = []
    page.route(ROWS, lambda route: held.append(route), times=1)
    with page.expect_request(ROWS):
        row.locator("select[name$='.k2']").select_option("within")

    # when more is chosen and a button is pressed before it comes
    row.locator("select[name$='.m']").select_option("count")
    row.locator("text=Narrow down").click()
    held[0].continue_()

    # then
    page.wait_for_selector(f".ec-rule-row{SETTLED} [aria-label='Remove the filter']")
    assert row.locator("select[name$='.k2']").input_value() == "within"
    assert row.locator("select[name$='.m']").input_value() == "count"
    assert row.locator("[aria-label='Remove the filter']").count() == 1
    assert row.locator("[aria-label='How long']").count() == 1


def test_a_subject_chosen_twice_is_the_second(visit: Visits, staff: Staff) -> None:
    # given a row whose first answer is held back
    seen = visit(staff)
    page = seen.open("/segments/new/")
    held: list[Any] = []
    page.route(ROWS, lambda route: held.append(route), times=1)
    subject = page.locator(".ec-rule-row select[name$='.s']")
    with page.expect_request(ROWS):
        subject.select_option("trait:frequency")

    # when
    subject.select_option("trait:monetary_minor")
    held[0].continue_()

    # then
    page.wait_for_selector(f".ec-rule-row{SETTLED} [name$='.was'][value='trait:monetary_minor']",
                           state="attached")  # fmt: skip
    assert subject.input_value() == "trait:monetary_minor"
