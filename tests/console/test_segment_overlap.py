"""The overlap page: intersections with their sizes, and one of them kept as a segment."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.segments import refreshing
from huitou.segments.overlaps import overlap
from huitou.segments.services import put_segment
from tests.console.sales import sell
from tests.insight.histories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {
    "recent": {"trait": "recency_days", "lt": 200},
    "often": {"trait": "frequency", "gte": 3},
    "never": {"trait": "frequency", "known": False},
}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, staff: Staff) -> Client:
    """An operator reading English, in a brand with figures and three refreshed segments."""
    sell(brand)
    for slug, rule in RULES.items():
        put_segment(brand=brand, slug=slug, name=slug.title(), rule=rule, now=NOW)
    refreshing.refresh(brand)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_intersections_stand_largest_first(signed_in: Client, brand: Brand) -> None:
    page = signed_in.get("/segments/overlap/?segment=recent&segment=often").content.decode()

    found = overlap(brand, ["recent", "often"])
    labels = re.findall(r'aria-label="([^"]*)"><svg class="ec-dots"', page)
    names = ["Recent", "Often"]
    assert labels == [" ∩ ".join(names[n] for n in i.inside) for i in found.intersections]


def test_an_intersection_is_kept_by_its_rule(signed_in: Client) -> None:
    asked = "segment=recent&segment=often&inside=often"
    page = signed_in.get(f"/segments/overlap/?{asked}").content.decode()

    rule = json.loads(html.unescape(re.findall(r'name="rule" value="([^"]+)"', page)[0]))
    assert rule == {"all": [{"segment": "often"}, {"not": {"segment": "recent"}}]}


def test_fewer_than_two_and_unknown_ones_ask_to_choose(signed_in: Client, brand: Brand) -> None:
    put_segment(brand=brand, slug="fresh", name="Fresh", rule=RULES["often"], now=NOW)

    for asked in ("", "?segment=recent", "?segment=recent&segment=gone&segment=fresh"):
        page = signed_in.get(f"/segments/overlap/{asked}").content.decode()
        assert "Choose at least two segments" in page
    # what was never refreshed cannot be chosen
    assert 'value="fresh"' not in page
