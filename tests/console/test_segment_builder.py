"""The builder: its fragments, the preview, the text, and what saving does and refuses."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.console.rule_form import form_of
from huitou.console.rule_words import RuleWords
from huitou.members import tags as member_tags
from huitou.segments import services
from huitou.segments.models import Segment, SegmentVersion
from tests.console import people
from tests.factories import make_staff

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
BIG = {"trait": "monetary_minor", "gte": 50_000}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members, of whom two have bought."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def form(brand: Brand, rule: Any) -> dict[str, list[str]]:
    return form_of(rule, RuleWords(brand).vocabulary, brand.currency)


def text_of(response: Any) -> str:
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(page))


def sent(response: Any) -> dict[str, list[str]]:
    """The fields of a fragment as a browser would send them."""
    page = response.content.decode()
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>|<select.*?</select>", page, re.S):
        name = re.search(r'name="([^"]+)"', tag)
        if name is None or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        if tag.startswith("<select"):
            chosen = re.search(r'value="([^"]*)" selected', tag) or re.search(r'value="(.*?)"', tag)
        else:
            chosen = re.search(r'value="([^"]*)"', tag)
        value = html.unescape(chosen.group(1)) if chosen else ""
        found.setdefault(name.group(1), []).append(value)
    return found


def saved(client: Client, fields: dict[str, Any], **more: Any) -> Any:
    given = {"name": "Big spenders", "slug": "big", "seen_version": "0", **more}
    return client.post("/segments/save/", {**fields, **given})


def test_a_new_page_offers_every_trait_and_happening(signed_in: Client, brand: Brand) -> None:
    # when
    page = signed_in.get("/segments/new/").content.decode()

    # then
    words = RuleWords(brand).vocabulary
    wanted = [f"trait:{name}" for name in words.traits] + [f"did:{n}" for n in words.happenings]
    assert [value for value in wanted if f'value="{value}"' not in page] == []


@pytest.mark.parametrize(
    ("subject", "rule"),
    [
        ("trait:frequency", {"trait": "frequency", "gte": 1}),
        ("trait:recency_days", {"trait": "recency_days", "lte": 30}),
        ("trait:last_paid_at", {"trait": "last_paid_at", "gte": {"ago": "30d"}}),
        ("did:order.paid", {"did": "order.paid"}),
        ("did:event.cart", {"did": "event.cart"}),
    ],
    ids=["count", "days", "time", "did", "event"],
)
def test_a_chosen_subject_brings_its_fields(
    signed_in: Client, brand: Brand, subject: str, rule: dict[str, Any]
) -> None:
    # given a new row
    fields = form(brand, {"all": []})
    added = signed_in.post("/segments/rule/add/?parent=root&kind=row", fields)
    row = sent(added)
    (node,) = row["node"]

    # when
    chosen = {**fields, **row, "node": ["root", node], f"{node}.s": subject}
    drawn = signed_in.post(f"/segments/rule/row/?node={node}", chosen)

    # then what it says is a rule
    assert drawn.headers["HX-Trigger-After-Settle"] == '{"rule-changed": {}}'
    fields |= {**sent(drawn), "node": ["root", node]}
    assert saved(signed_in, fields).status_code == 302
    assert SegmentVersion.objects.get().rule == rule


def test_another_subject_begins_anew(signed_in: Client, brand: Brand) -> None:
    # given
    fields = form(brand, {"all": [BIG]})
    node = fields["node"][1]
    fields[f"{node}.was"] = ["trait:monetary_minor"]

    # when
    drawn = signed_in.post(f"/segments/rule/row/?node={node}", {**fields, f"{node}.s": "tag"})

    # then
    assert sorted(name for name in sent(drawn) if ".v" in name) == []


def test_comparisons_and_filters_come_and_go(signed_in: Client, brand: Brand) -> None:
    # given
    rule = {"did": "order.paid", "count": {"gte": 2}, "within": "90d"}
    fields = form(brand, {"all": [rule]})
    node = fields["node"][1]

    def act(query: str, given: dict[str, Any]) -> dict[str, Any]:
        drawn = sent(signed_in.post(f"/segments/rule/row/?node={node}&{query}", given))
        return {**fields, **drawn, "node": fields["node"]}

    # when
    more = act(f"act=test&at={node}.q", fields)
    more[f"{node}.q.{more[f'{node}.q.t'][1]}.v"] = ["5"]
    narrowed = act("act=where", more)
    (token,) = narrowed[f"{node}.w"]
    narrowed[f"{node}.w{token}.f"] = ["category"]
    asked = act("", narrowed)
    value = asked[f"{node}.w{token}.t"][0]
    asked[f"{node}.w{token}.{value}.v"] = ["茶具"]

    # then
    assert saved(signed_in, asked).status_code == 302
    whole = {**rule, "count": {"gte": 2, "lte": 5}, "where": {"category": {"in": ["茶具"]}}}
    assert SegmentVersion.objects.get().rule == whole

    # when they go again
    less = act(f"act=unwhere&token={token}", asked)
    last = less[f"{node}.q.t"][1]
    less = act(f"act=untest&at={node}.q&token={last}", less)

    # then
    saved(signed_in, less, own_slug="big", seen_version="1")
    assert SegmentVersion.objects.latest("number").rule == rule


def test_values_are_offered_from_what_happened(signed_in: Client, brand: Brand) -> None:
    rule = {"did": "order.paid", "where": {"category": {"in": ["茶具"]}, "province": {"eq": "x"}}}
    fields = form(brand, {"all": [rule]})

    drawn = signed_in.post(f"/segments/rule/row/?node={fields['node'][1]}", fields)

    page = drawn.content.decode()
    assert 'value="茶具" checked' in page
    assert '<option value="浙江省"' in page


def test_groups_and_conditions_have_their_limits(signed_in: Client, brand: Brand) -> None:
    # given
    many = form(brand, {"all": [BIG] * 60})
    deep = form(brand, {"all": [{"any": [{"all": [{"any": [BIG]}]}]}]})

    # when
    row = signed_in.post("/segments/rule/add/?parent=root&kind=row", many)
    group = signed_in.post(f"/segments/rule/add/?parent={deep['node'][3]}&kind=group", deep)

    # then
    assert "A rule has at most 60 conditions." in text_of(row)
    assert "Groups lie at most 4 deep." in text_of(group)
    assert signed_in.post("/segments/rule/add/?parent=x", many).status_code == 404
    assert signed_in.post("/segments/rule/row/?node=x", many).status_code == 404


def test_the_preview_counts_and_says_the_rule(signed_in: Client, brand: Brand) -> None:
    text = text_of(signed_in.post("/segments/rule/preview/", form(brand, BIG)))

    assert "1 members 33.3% of 3 members" in text
    assert "Amount spent ¥600.00 Share of amount 92.3% Average order ¥200.00" in text
    assert "Amount spent is at least ¥500.00" in text
    assert "Can be reached SMS 0" in text
    assert "沈知夏" in text


def test_what_is_wrong_is_said_at_its_row(signed_in: Client, brand: Brand) -> None:
    # given
    group = member_tags.create_tag_group(brand_id=brand.pk, name="习惯")
    member_tags.create_tag(brand_id=brand.pk, group_id=group, name="送礼")
    fields = form(brand, {"all": [{"tag": "送礼"}, {"tag": "没了"}]})
    fine, gone = fields["node"][1:]

    # when
    page = signed_in.post("/segments/rule/preview/", fields).content.decode()

    # then
    marks = dict(re.findall(r'id="err-(\w+)"[^>]*>(.*?)</p>', page))
    assert marks[fine] == ""
    assert "This names something that no longer exists." in html.unescape(marks[gone])
    assert "data-found" not in page


def test_rows_and_text_say_the_same(signed_in: Client, brand: Brand) -> None:
    # given
    fields = form(brand, {"all": [BIG, {"did": "order.paid", "within": "90d"}]})

    # when
    text = signed_in.post("/segments/rule/panel/?as=text", {**fields, "mode": "form"})
    written = re.search(r"<textarea[^>]*>(.*?)</textarea>", text.content.decode(), re.S)
    assert written is not None
    rule = html.unescape(written.group(1))
    rows = signed_in.post("/segments/rule/panel/?as=form", {"mode": "text", "text": rule})

    # then
    assert "- trait: monetary_minor\n  gte: 50000" in rule
    assert saved(signed_in, sent(rows)).status_code == 302
    assert SegmentVersion.objects.get().rule == {
        "all": [BIG, {"did": "order.paid", "within": "90d"}]
    }


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("all: [", "line 1"),
        ("all: [{trait: gone, lte: 1}]", "all[0]: there is no trait 'gone'"),
        ("a: &a {tag: x}\nb: *a", "aliases"),
        ("- 1", "a condition is a mapping"),
        ("", "a condition is a mapping"),
    ],
    ids=["yaml", "trait", "alias", "list", "empty"],
)
def test_a_text_that_is_no_rule_says_where(
    signed_in: Client, brand: Brand, text: str, word: str
) -> None:
    given = {"mode": "text", "text": text}

    preview = text_of(signed_in.post("/segments/rule/preview/", given))
    back = signed_in.post("/segments/rule/panel/?as=form", given)

    assert word in preview
    assert word in text_of(back)
    assert saved(signed_in, given).status_code == 422
    assert not Segment.objects.exists()


def test_a_segment_is_made_with_name_and_description(
    signed_in: Client, brand: Brand, staff: Staff
) -> None:
    response = saved(signed_in, form(brand, BIG), description=" spends much ")

    assert response.headers["Location"] == "/segment/big/"
    made = Segment.objects.get()
    assert (made.slug, made.name, made.description) == ("big", "Big spenders", "spends much")
    assert (SegmentVersion.objects.get().staff, SegmentVersion.objects.get().rule) == (staff, BIG)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"slug": "Not a slug"}, "lower-case letters"),
        ({"name": " "}, "Give a name"),
        ({"description": "x" * 201}, "at most 200"),
        ({"slug": "taken"}, "choose another"),
    ],
    ids=["slug", "name", "description", "taken"],
)
def test_what_cannot_be_kept_comes_back_with_a_reason(
    signed_in: Client, brand: Brand, given: dict[str, str], word: str
) -> None:
    # given
    services.put_segment(brand=brand, slug="taken", name="x", rule=BIG, now=NOW)

    # when
    response = saved(signed_in, form(brand, {"all": [BIG, BIG]}), **given)

    # then the rule is still there
    assert response.status_code == 422
    assert word in text_of(response)
    assert response.content.decode().count('value="500"') == 2
    assert Segment.objects.count() == 1


def test_an_unfinished_row_is_left_out_of_the_preview_and_refused_on_saving(
    signed_in: Client, brand: Brand
) -> None:
    # given
    fields = form(brand, {"all": [BIG, {"trait": "rfm_group", "in": ["no_value"]}]})
    blank = fields["node"][2]
    del fields[f"{blank}.v.0.v"]

    # when
    preview = text_of(signed_in.post("/segments/rule/preview/", fields))
    response = saved(signed_in, fields)

    # then
    assert "1 members" in preview
    assert "Conditions that are not finished are not counted yet." in preview
    assert response.status_code == 422
    assert "Fill in this condition, or remove it." in text_of(response)


def test_somebody_elses_change_is_told_before_it_is_overwritten(
    signed_in: Client, brand: Brand
) -> None:
    # given a page opened before another saved
    services.put_segment(brand=brand, slug="big", name="Big", rule=BIG, now=NOW)
    services.put_segment(brand=brand, slug="big", name="Big", rule={"all": []}, now=NOW)
    mine = form(brand, {"trait": "frequency", "gte": 9})

    # when
    first = saved(signed_in, mine, own_slug="big", seen_version="1")
    again = saved(signed_in, mine, own_slug="big", seen_version="2")

    # then
    assert first.status_code == 422
    assert "Somebody else saved this segment meanwhile." in text_of(first)
    assert 'name="seen_version" value="2"' in first.content.decode()
    assert again.status_code == 302
    assert SegmentVersion.objects.latest("number").rule == {"trait": "frequency", "gte": 9}


def test_a_rule_that_leads_back_to_itself_is_marked(signed_in: Client, brand: Brand) -> None:
    # given
    services.put_segment(brand=brand, slug="big", name="Big", rule=BIG, now=NOW)
    services.put_segment(brand=brand, slug="of-big", name="Of", rule={"segment": "big"}, now=NOW)
    mine = form(brand, {"all": [BIG, {"segment": "of-big"}]})

    # when
    page = signed_in.post("/segments/rule/preview/", {**mine, "own_slug": "big"}).content.decode()

    # then
    marks = dict(re.findall(r'id="err-(\w+)"[^>]*>(.*?)</p>', page))
    assert "in a circle" in marks[mine["node"][2]]


def test_an_old_rule_opens_with_what_is_gone_marked(signed_in: Client, brand: Brand) -> None:
    # given
    services.put_segment(brand=brand, slug="a", name="A", rule=BIG, now=NOW)
    services.put_segment(brand=brand, slug="b", name="B", rule={"segment": "a"}, now=NOW)
    services.archive_segment(brand=brand, slug="a", now=NOW)

    # when
    response = signed_in.get("/segment/b/edit/")

    # then
    assert "This names something that no longer exists." in text_of(response)
    assert '<option value="a" selected>' in response.content.decode()


def test_a_frozen_segment_gets_another_name_and_no_other_rule(
    signed_in: Client, brand: Brand
) -> None:
    # given a rule that names what is no more
    services.put_segment(brand=brand, slug="b", name="B", rule=BIG, now=NOW)
    services.put_segment(brand=brand, slug="a", name="A", rule={"segment": "b"}, now=NOW)
    Segment.objects.filter(slug="a").update(keeping="frozen")
    services.archive_segment(brand=brand, slug="b", now=NOW)

    # when
    page = signed_in.get("/segment/a/edit/").content.decode()
    named = saved(signed_in, {}, own_slug="a", seen_version="1", name="Kept", description="why")
    refused = saved(signed_in, form(brand, {"all": []}), own_slug="a", seen_version="1")

    # then
    assert 'name="name"' in page
    assert 'id="rule-panel"' not in page
    assert named.headers["Location"] == "/segment/a/"
    assert "The segment is frozen" in text_of(refused)
    assert refused.status_code == 422
    assert Segment.objects.values_list("name", "description").get(slug="a") == ("Kept", "why")
    assert SegmentVersion.objects.filter(segment__slug="a").count() == 1


def test_an_analyst_builds_nothing(client: Client, brand: Brand, home: Path) -> None:
    client.force_login(make_staff(brand, role=Role.ANALYST))

    assert client.get("/segments/new/").status_code == 403
    assert client.post("/segments/save/", {"slug": "x", "name": "x"}).status_code == 403
    assert not Segment.objects.exists()
