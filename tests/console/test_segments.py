"""The list of segments and the page of one: figures, states, versions, and who may act."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.jobs.models import Job
from huitou.jobs.services import advance_job, finish_job
from huitou.segments import refreshing, services
from huitou.segments.models import Segment, SegmentVersion
from huitou.segments.refresh_job import refresh_as_job
from tests.console import people
from tests.factories import make_staff
from tests.queue import queued

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
BUYERS = {"trait": "frequency", "gte": 1}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members, of whom two have bought."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def put(brand: Brand, slug: str, rule: Any, **fields: Any) -> Segment:
    values = {"name": slug.title(), "now": NOW, **fields}
    return services.put_segment(brand=brand, slug=slug, rule=rule, **values)


def text_of(response: Any) -> str:
    """The page's words without its marks."""
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(page))


def test_the_list_tells_size_share_and_sentence(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "buyers", BUYERS)
    put(brand, "big", {"trait": "monetary_minor", "gte": 50_000})
    put(brand, "new", {"trait": "recency_days", "known": False})
    refreshing.refresh(brand, slugs=["buyers", "big"])

    # when
    text = text_of(signed_in.get("/segments/"))

    # then
    assert "Buyers Purchases is at least 1 Dynamic 2" in text
    assert "¥650.00 100.0% +2 / −0 2026-06-30" in text
    assert "¥600.00 92.3% +1 / −0 2026-06-30" in text
    assert "New Days since last purchase is not known Dynamic not refreshed yet" in text


def test_without_segments_the_list_says_what_they_are(signed_in: Client) -> None:
    assert "No segments yet" in text_of(signed_in.get("/segments/"))


def test_the_empty_list_offers_the_starter_set(signed_in: Client, brand: Brand) -> None:
    # given
    assert "Add the starter set" in text_of(signed_in.get("/segments/"))

    # when
    first = signed_in.post("/segments/starter/", follow=True)
    second = signed_in.post("/segments/starter/", follow=True)

    # then
    assert "One order so far" in text_of(first)
    assert "All of the starter set is there already." in text_of(second)
    assert Job.objects.get().kind == "segments"


def test_a_rule_that_can_no_longer_be_read_says_why(signed_in: Client, brand: Brand) -> None:
    # given a segment that names another, which goes out of use
    put(brand, "inner", BUYERS)
    put(brand, "outer", {"segment": "inner"})
    services.archive_segment(brand=brand, slug="inner", now=NOW)

    # when
    listed = text_of(signed_in.get("/segments/"))
    page = text_of(signed_in.get("/segment/outer/"))

    # then
    assert "there is no segment 'inner'; was it deleted?" in listed
    assert "Rule broken" in listed
    assert "The rule cannot be read, so the members stay as they are." in page
    assert "Inner" in text_of(signed_in.get("/segments/?state=archived"))


def test_the_page_shows_members_moves_and_mix(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "buyers", BUYERS, description="whoever bought")
    refreshing.refresh(brand)

    # when
    response = signed_in.get("/segment/buyers/")
    text = text_of(response)

    # then
    assert "whoever bought" in text
    assert "2 members entered 沈知夏 顾岚" in text
    assert "Active 2 100.0%" in text
    assert "Average order ¥ 162 .50".replace(" ", "") in text.replace(" ", "")
    assert "19900000001" not in response.content.decode()
    assert signed_in.get("/segment/nobody/").status_code == 404


def test_the_member_list_narrows_to_a_segment(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "big", {"trait": "monetary_minor", "gte": 50_000})
    refreshing.refresh(brand)

    # when
    text = text_of(signed_in.get("/members/?segment=big"))

    # then
    assert "1 member · spent ¥600.00" in text
    assert "Segment Big" in text
    exported = signed_in.get("/members/export.csv?segment=big")
    assert b"".join(exported).decode().count("\n") == 2


def test_the_chart_counts_members(signed_in: Client, brand: Brand) -> None:
    # given two refreshes with another rule in between
    put(brand, "s", BUYERS)
    refreshing.refresh(brand)
    put(brand, "s", {"trait": "monetary_minor", "gte": 50_000})
    first = json.loads(signed_in.get("/segment/s/sizes/").content)
    refreshing.refresh(brand)

    # when
    second = json.loads(signed_in.get("/segment/s/sizes/").content)

    # then
    assert first == {"empty": "A line appears after the second refresh."}
    assert second["series"] == [{"name": "Members", "values": [2, 1]}]
    assert second["unit"] == "count"


def test_an_older_rule_is_restored_as_a_new_version(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "s", BUYERS)
    put(brand, "s", {"trait": "frequency", "gte": 3})

    # when
    response = signed_in.post("/segment/s/restored/", {"version": "1"})

    # then
    assert response.headers["Location"] == "/segment/s/"
    newest = SegmentVersion.objects.latest("number")
    assert (newest.number, newest.rule) == (3, BUYERS)
    assert newest.staff.username in text_of(signed_in.get("/segment/s/"))
    wrong = signed_in.post("/segment/s/restored/", {"version": "x"}, follow=True)
    assert "The segment has no such version." in text_of(wrong)


def test_a_segment_is_frozen_archived_and_used_again(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "s", BUYERS)
    too_early = signed_in.post("/segment/s/state/", {"act": "freeze"}, follow=True)
    refreshing.refresh(brand)

    # when
    signed_in.post("/segment/s/state/", {"act": "archive"})
    archived = Segment.objects.get().archived_at
    signed_in.post("/segment/s/state/", {"act": "use"})
    used = Segment.objects.get().archived_at
    signed_in.post("/segment/s/state/", {"act": "freeze"})

    # then
    assert "Refresh the segment first" in text_of(too_early)
    assert (archived is None, used) == (False, None)
    assert Segment.objects.get().keeping == "frozen"
    assert signed_in.post("/segment/s/state/", {"act": "x"}).status_code == 404


def test_a_refresh_is_queued_once_and_tells_how_it_ended(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "s", BUYERS)

    # when asked twice
    for _ in range(2):
        signed_in.post("/segments/refresh/", {"slug": "s"})

    # then
    job = Job.objects.get()
    asked = {"brand_id": brand.pk, "job_id": job.pk, "slugs": ["s"]}
    assert queued("segments.refresh_now", brand) == [asked]
    refresh_as_job(brand.pk, job_id=job.pk, slugs=["s"])
    job.refresh_from_db()
    assert (job.state, job.done, job.result_url) == ("done", 1, "/segments/")


def test_the_page_shows_how_far_a_refresh_is(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "s", BUYERS)
    job = Job.objects.create(brand=brand, kind="segments", subject="Tea", state="running")
    advance_job(job.pk, done=3, total=12, step="judging")

    # when
    listed, page, part = (
        text_of(signed_in.get(address))
        for address in ("/segments/", "/segment/s/", "/segments/progress/")
    )

    # then
    for text in (listed, page, part):
        assert "Refresh segments Tea · Judging members by the rules · 3 / 12 · 25%" in text

    # when it is over, the page asks for the new numbers
    finish_job(job.pk, now=NOW)
    over = signed_in.get("/segments/progress/")

    # then
    assert over.headers["HX-Refresh"] == "true"
    assert "Judging" not in text_of(signed_in.get("/segments/"))


def test_a_rule_that_cannot_be_read_is_named_by_the_job(signed_in: Client, brand: Brand) -> None:
    # given
    put(brand, "inner", BUYERS)
    put(brand, "outer", {"segment": "inner"})
    services.archive_segment(brand=brand, slug="inner", now=NOW)
    job = Job.objects.create(brand=brand, kind="segments", subject="x")

    # when
    refresh_as_job(brand.pk, job_id=job.pk)
    signed_in.cookies["django_language"] = "zh-hans"

    # then
    assert "无法读取的规则: outer" in text_of(signed_in.get("/jobs/tray/"))


def test_a_refresh_without_figures_fails_the_job_with_what_to_do(brand: Brand, home: Path) -> None:
    job = Job.objects.create(brand=brand, kind="segments", subject="x")

    refresh_as_job(brand.pk, job_id=job.pk)

    job.refresh_from_db()
    assert (job.state, "no figures yet" in job.message) == ("failed", True)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AGENT])
def test_who_only_looks_is_offered_no_act(signed_in: Client, brand: Brand, role: Role) -> None:
    # given
    put(brand, "s", BUYERS)
    signed_in.force_login(make_staff(brand, role=role))

    # when
    page = signed_in.get("/segment/s/").content.decode()

    # then
    assert 'action="/segment/' not in page
    assert signed_in.post("/segment/s/state/", {"act": "archive"}).status_code == 403
    assert Segment.objects.get().archived_at is None


def test_a_member_is_explained_condition_by_condition(signed_in: Client, brand: Brand) -> None:
    # given
    spent = {"did": "order.paid", "sum": {"of": "amount", "gte": 100}}
    rule = {"all": [BUYERS, {"trait": "frequency", "gte": 3}, spent]}
    put(brand, "s", rule)
    refreshing.refresh(brand)

    # when
    inside = text_of(signed_in.get("/segment/s/explain/?member=沈知夏"))
    outside = text_of(signed_in.get("/segment/s/explain/?member=顾岚"))

    # then
    assert "沈知夏 fits the rule · in since 2026-06-30" in inside
    assert "holds Purchases is at least 3 → 3" in inside
    assert "顾岚 does not fit the rule" in outside
    assert "does not hold Purchases is at least 3 → 1" in outside
    assert "→ ¥600.00" in inside
    assert "No member matches." in text_of(signed_in.get("/segment/s/explain/?member=nobody"))
    assert "Several members match" in text_of(signed_in.get("/segment/s/explain/?member=abcd0000"))
