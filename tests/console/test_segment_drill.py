"""The drill page: the address is the path, both branches have links, and a branch can be kept."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Staff
from huitou.segments.models import Segment, SegmentVersion
from huitou.segments.previews import preview
from tests.console.sales import sell
from tests.factories import make_staff

pytestmark = pytest.mark.django_db(transaction=True)
RECENT = '+{"trait":"recency_days","lt":200}'
RULE = {"trait": "recency_days", "lt": 200}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, staff: Staff) -> Client:
    """An operator reading English, in a brand with figures."""
    sell(brand)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def _row(page: str, text: str) -> list[str]:
    """The cells of the row of a branch."""
    rows = re.findall(r"<tr.*?</tr>", page, re.S)
    row = next(html.unescape(r) for r in rows if text in html.unescape(r))
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)]


def test_both_branches_stand_with_their_sizes(signed_in: Client, brand: Brand) -> None:
    # when
    page = signed_in.get("/segments/drill/", {"step": [RECENT]}).content.decode()

    # then
    met, rest = preview(brand, RULE), preview(brand, {"not": RULE})
    first, second = _row(page, "✓"), _row(page, "✗")
    assert met.members + rest.members == 60
    assert [first[0], second[0]] == [str(met.members), str(rest.members)]
    assert [first[4], second[4]] == [f"{met.sales_share:.1%}", f"{rest.sales_share:.1%}"]


def test_links_go_on_with_either_branch(signed_in: Client) -> None:
    page = signed_in.get("/segments/drill/", {"step": [RECENT]}).content.decode()

    links = [
        parse_qsl(urlsplit(html.unescape(a)).query) for a in re.findall(r'href="([^"]+)"', page)
    ]

    assert [("step", RECENT)] in links
    assert [("step", f"-{RECENT[1:]}")] in links
    # a next cut keeps the way so far
    group = ("step", '+{"trait":"rfm_group","eq":"privileged"}')
    assert [("step", RECENT), group] in links


@pytest.mark.parametrize(
    ("given", "step"),
    [
        ({"trait": "monetary_minor", "operator": "gte", "value": "99.5"},
         {"trait": "monetary_minor", "gte": 9950}),
        ({"trait": "frequency", "operator": "eq", "value": "2"}, {"trait": "frequency", "eq": 2}),
        ({"tag": "Habits/tea"}, {"tag": "Habits/tea"}),
        ({"among": "loyal"}, {"segment": "loyal"}),
    ],
)  # fmt: skip
def test_a_condition_becomes_a_step_of_the_address(
    signed_in: Client, given: dict[str, str], step: dict[str, object]
) -> None:
    answer = signed_in.get("/segments/drill/", {"step": [RECENT], **given})

    steps = [v for k, v in parse_qsl(urlsplit(answer.headers["Location"]).query) if k == "step"]
    assert [s[0] for s in steps] == ["+", "+"]
    assert [json.loads(s[1:]) for s in steps] == [RULE, step]


def test_what_cannot_be_read_is_said_and_left_out(signed_in: Client) -> None:
    # a value that is no number
    given = {"trait": "frequency", "operator": "gte", "value": "many"}
    page = signed_in.get("/segments/drill/", given).content.decode()
    assert "Write a number to compare with." in page

    # a condition on something that is gone: back to the steps before it
    answer = signed_in.get("/segments/drill/", {"step": [RECENT, '+{"tag":"gone"}']}, follow=True)
    assert parse_qsl(urlsplit(answer.redirect_chain[0][0]).query) == [("step", RECENT)]
    assert "there is no tag" in html.unescape(answer.content.decode())

    # a step that is no condition at all
    assert signed_in.get("/segments/drill/", {"step": ["+[", "x"]}).status_code == 200


def test_the_branch_is_kept_as_a_segment(signed_in: Client, brand: Brand) -> None:
    # given
    page = signed_in.get("/segments/drill/", {"step": [f"-{RECENT[1:]}"]}).content.decode()
    rule = html.unescape(re.findall(r'name="rule" value="([^"]+)"', page)[0])
    form = {"rule": rule, "name": "沉睡", "slug": "asleep", "next": "/segments/drill/"}

    # when
    signed_in.post("/segments/keep/", form)

    # then
    segment = Segment.objects.get(brand=brand, slug="asleep")
    assert segment.name == "沉睡"
    assert SegmentVersion.objects.get(segment=segment).rule == {"all": [{"not": RULE}]}

    # and when somebody keeps another under the same short name
    other = signed_in.post("/segments/keep/", form | {"name": "另一个"}, follow=True)
    assert "already" in other.content.decode()
    assert Segment.objects.get(brand=brand, slug="asleep").name == "沉睡"


def test_who_may_only_look_gets_no_form(client: Client, home: Path, brand: Brand) -> None:
    sell(brand)
    client.force_login(make_staff(brand, role=Role.ANALYST, username="analyst"))

    page = client.get("/segments/drill/", {"step": [RECENT]}).content.decode()

    assert 'name="rule"' not in page
    assert client.post("/segments/keep/", {"rule": "{}"}).status_code == 403


def test_without_figures_the_page_says_how_to_get_them(
    client: Client, home: Path, brand: Brand, staff: Staff
) -> None:
    client.force_login(staff)

    answer = client.get("/segments/drill/")

    assert answer.status_code == 200
    assert "/imports/" in answer.content.decode()
