"""The matrix page: cells, whole rows, and what is picked becomes a segment of that size."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from huitou.brands.models import Brand, Staff
from huitou.segments.matrices import matrix
from huitou.segments.previews import preview
from tests.console.sales import sell

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = {"rows": "lifecycle_stage", "columns": "province"}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, staff: Staff) -> Client:
    """An operator reading English, in a brand with figures."""
    sell(brand)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def _cells(page: str) -> dict[str, str]:
    """What every cell shows, by its value in the address."""
    found = re.findall(r'name="pick" value="([^"]+)".*?<span>(.*?)</span></label>', page)
    return {html.unescape(pick): re.sub(r"<[^>]+>", "", shown) for pick, shown in found}


def test_cells_show_what_is_asked_for(signed_in: Client, brand: Brand) -> None:
    found = matrix(brand, "lifecycle_stage", "province")
    picks = [f"{r.key}~~{c.key}" for r in found.rows.cuts for c in found.columns.cuts]
    parts = [part for row in found.cells for part in row]

    members = _cells(signed_in.get("/segments/matrix/", ASKED).content.decode())
    aov = _cells(signed_in.get("/segments/matrix/", ASKED | {"measure": "aov"}).content.decode())

    assert members == {p: f"{part.members:,}" for p, part in zip(picks, parts, strict=True)}
    assert aov == {
        p: "–" if part.aov_minor is None else f"¥{part.aov_minor / 100:,.2f}"
        for p, part in zip(picks, parts, strict=True)
    }


def test_what_is_picked_is_counted_and_can_be_kept(signed_in: Client, brand: Brand) -> None:
    # given two cells and one that no longer exists
    found = matrix(brand, "lifecycle_stage", "province")
    first, last = found.rows.cuts[0], found.rows.cuts[-1]
    cells = {(first.key, found.columns.cuts[0].key), (last.key, found.columns.cuts[-1].key)}
    picks = ["~~".join(cell) for cell in cells]

    # when the browser asks for the part it replaces
    asked = ASKED | {"pick": [*picks, "gone~~=Atlantis"]}
    part = signed_in.get("/segments/matrix/", asked, headers={"HX-Request": "true"})
    page = part.content.decode()

    # then
    assert "<html" not in page
    rule = json.loads(html.unescape(re.findall(r'name="rule" value="([^"]+)"', page)[0]))
    kept = preview(brand, rule)
    assert kept.members == found.part_of(cells).members
    assert f"<dd>{kept.members}</dd>" in page
    assert kept.sentence_en in html.unescape(page)


def test_a_heading_picks_its_whole_row_and_drops_it_again(signed_in: Client, brand: Brand) -> None:
    # given
    found = matrix(brand, "lifecycle_stage", "province")
    row = {f"{found.rows.cuts[0].key}~~{column.key}" for column in found.columns.cuts}
    other = f"{found.rows.cuts[1].key}~~{found.columns.cuts[0].key}"
    asked = ASKED | {"row": found.rows.cuts[0].key}

    # when
    picked = signed_in.get("/segments/matrix/", asked | {"pick": [other]}).headers["Location"]
    dropped = signed_in.get("/segments/matrix/", asked | {"pick": [other, *row]}).headers[
        "Location"
    ]

    # then
    assert {v for name, v in parse_qsl(urlsplit(picked).query) if name == "pick"} == {other, *row}
    assert {v for name, v in parse_qsl(urlsplit(dropped).query) if name == "pick"} == {other}


def test_another_measure_keeps_what_is_picked(signed_in: Client, brand: Brand) -> None:
    found = matrix(brand, "lifecycle_stage", "province")
    pick = f"{found.rows.cuts[0].key}~~{found.columns.cuts[0].key}"

    asked = ASKED | {"measure": "members", "show": "sales", "pick": pick}
    answer = signed_in.get("/segments/matrix/", asked)

    assert dict(parse_qsl(urlsplit(answer.headers["Location"]).query)) == {
        **ASKED, "measure": "sales", "pick": pick
    }  # fmt: skip


def test_twice_the_same_dimension_is_said(signed_in: Client) -> None:
    asked = {"rows": "province", "columns": "province"}
    page = signed_in.get("/segments/matrix/", asked, follow=True).content.decode()
    assert "choose two" in page

    # what is not known falls back to the usual
    assert signed_in.get("/segments/matrix/?rows=height&measure=x").status_code == 200
