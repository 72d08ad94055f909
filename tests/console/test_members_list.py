"""The member list: conditions, totals, order, export, and who may see it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.eventlog.models import AuditEntry
from huitou.members import tags as member_tags
from huitou.members.models import Member
from tests.console import people
from tests.factories import make_brand, make_staff

HTMX = {"HX-Request": "true", "HX-Target": "members-results"}


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff) -> Client:
    """An operator reading English, with three members in the brand."""
    people.fill(brand, shop)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def names(page: str) -> list[str]:
    """The members listed, in order."""
    return re.findall(r">(沈知夏|顾岚|林予安)</a>", page)


def text_of(page: str) -> str:
    """The page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_list_shows_everybody_with_totals(signed_in: Client) -> None:
    page = signed_in.get("/members/").content.decode()

    assert names(page) == ["沈知夏", "顾岚", "林予安"]
    assert "3 members · spent ¥650.00" in text_of(page)
    assert "phone ends 0001" in page
    assert "19900000001" not in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=沈", ["沈知夏"]),
        ("q=nick1", ["顾岚"]),
        ("q=0002", ["顾岚"]),
        ("q=abcd0000", ["沈知夏", "顾岚", "林予安"]),
        ("q=nobody", []),
        ("monetary_min=600", ["沈知夏"]),
        ("monetary_max=50", ["顾岚"]),
        ("frequency_min=1&frequency_max=1", ["顾岚"]),
        ("frequency_min=2", ["沈知夏"]),
        ("recency_days_min=5&recency_days_max=5", ["沈知夏", "顾岚"]),
        ("recency_days_min=6", []),
        ("buyer_type=new", ["顾岚"]),
        ("province=浙江省", ["沈知夏", "顾岚"]),
        ("province=广东省", []),
        ("rfm_group=privileged", ["沈知夏"]),
        ("rfm_group=nonsense&frequency_min=x&monetary_min=-1&page=zzz&sort=;drop", None),
        ("q=沈&frequency_min=2", ["沈知夏"]),
        ("sort=monetary_minor&frequency_min=1", ["顾岚", "沈知夏"]),
    ],
)
def test_conditions_narrow_the_list(
    signed_in: Client, query: str, expected: list[str] | None
) -> None:
    page = signed_in.get(f"/members/?{query}").content.decode()

    # Whatever is not understood is left out.
    assert names(page) == (["沈知夏", "顾岚", "林予安"] if expected is None else expected)


def test_each_condition_is_a_chip_that_lifts_it_alone(signed_in: Client) -> None:
    page = signed_in.get("/members/?frequency_min=2&monetary_min=100&page=1").content.decode()

    chips = re.findall(r'class="ec-chip" href="([^"]+)"[^>]*aria-label="([^"]+)"', page)
    assert chips == [
        ("/members/?monetary_min=100", "Remove: Purchases ≥ 2"),
        ("/members/?frequency_min=2", "Remove: Amount spent ≥ ¥100.00"),
    ]


def test_a_fragment_holds_the_results_alone(signed_in: Client) -> None:
    part = signed_in.get("/members/?frequency_min=2", headers=HTMX).content.decode()
    back = signed_in.get(
        "/members/", headers={**HTMX, "HX-History-Restore-Request": "true"}
    ).content.decode()

    assert part.lstrip().startswith('<div id="members-results">')
    assert names(part) == ["沈知夏"]
    assert "<html" in back


def test_the_list_asks_few_questions(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    signed_in.get("/members/")  # the first visit notes itself in the session

    # Session, staff, two for roles, brands, shops, profiles, tags,
    # groups: however many members there are.
    with django_assert_num_queries(9):
        signed_in.get("/members/")


def test_the_export_is_masked_and_complete(signed_in: Client) -> None:
    response = signed_in.get("/members/export.csv?frequency_min=1")

    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["Name"], r["Phone"], r["Amount spent"], r["Purchases"]) for r in rows] == [
        ("沈知夏", "*******0001", "600.00", "3"),
        ("顾岚", "*******0002", "50.00", "1"),
    ]
    assert rows[0]["RFM group"] == "Privileged"
    assert rows[0]["Last purchase"] == "2026-06-25"


def test_the_workbook_holds_the_same_members(signed_in: Client) -> None:
    response = signed_in.get("/members/export.xlsx?q=顾岚")

    book = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "顾岚" in sheet
    assert "沈知夏" not in sheet
    assert signed_in.get("/members/export.pdf").status_code == 404


def test_a_name_cannot_become_a_formula(
    client: Client, home: Path, brand: Brand, shop: Shop, staff: Staff
) -> None:
    # given
    people.fill(brand, shop, people=(("=1+2", "", (100,)),))
    client.force_login(staff)

    # when
    response = client.get("/members/export.csv")

    # then
    assert "'=1+2" in b"".join(response.streaming_content).decode()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.DEVELOPER])
def test_some_roles_may_not_see_members(client: Client, brand: Brand, role: Role) -> None:
    client.force_login(make_staff(brand, role=role))

    assert client.get("/members/").status_code == 403
    assert client.get("/members/export.csv").status_code == 403


def test_strangers_are_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/members/").headers["Location"] == "/login/?next=/members/"


def test_another_brand_sees_its_own_members_only(signed_in: Client, home: Path) -> None:
    signed_in.force_login(make_staff(make_brand()))

    page = signed_in.get("/members/").content.decode()

    assert names(page) == []
    assert "No members yet" in page


def test_the_list_is_in_chinese(signed_in: Client) -> None:
    signed_in.cookies["django_language"] = "zh-hans"

    page = signed_in.get("/members/?rfm_group=privileged").content.decode()

    assert "会员列表" in page
    assert "1 位会员 · 累计消费 ¥600.00 · 客单价 ¥200.00" in text_of(page)


@pytest.fixture
def tags(signed_in: Client, brand: Brand) -> dict[str, int]:
    """Tags by name: tea on the first and second member, cake on the second, vip on the first."""
    likes = member_tags.create_tag_group(brand_id=brand.pk, name="Likes")
    value = member_tags.create_tag_group(brand_id=brand.pk, name="Value")
    first, second = list(Member.objects.order_by("id"))[:2]
    found = {}
    for group, name, carriers in (
        (likes, "tea", [first, second]),
        (likes, "cake", [second]),
        (value, "vip", [first]),
        (value, "new", []),
    ):
        found[name] = member_tags.create_tag(brand_id=brand.pk, group_id=group, name=name)
        if carriers:
            member_tags.put_tag(
                brand_id=brand.pk,
                tag_id=found[name],
                member_ids=[member.pk for member in carriers],
                act=member_tags.Act("staff", people.NOW),
            )
    return found


def test_an_export_is_on_record_without_what_was_searched_for(
    signed_in: Client, brand: Brand, staff: Staff
) -> None:
    # when
    signed_in.get("/members/export.csv?q=顾岚&frequency_min=1")

    # then
    (record,) = AuditEntry.objects.filter(table_name="members.export")
    assert (record.actor_id, record.brand_id, record.row_count) == (staff.pk, brand.pk, 1)
    assert record.reason == "q=***&frequency_min=1"


@pytest.mark.parametrize(
    ("asked", "listed", "total"),
    [
        (["tea"], ["沈知夏", "顾岚"], "2 members · spent ¥650.00 · average order ¥162.50"),
        (["cake"], ["顾岚"], "1 member · spent ¥50.00 · average order ¥50.00"),
        (["cake", "vip"], [], "0 members · spent ¥0.00 · average order –"),
        (["tea", "cake", "vip"], ["沈知夏"], "1 member · spent ¥600.00 · average order ¥200.00"),
        (["new"], [], "0 members · spent ¥0.00 · average order –"),
    ],
)
def test_tags_narrow_list_totals_and_export(
    signed_in: Client, tags: dict[str, int], asked: list[str], listed: list[str], total: str
) -> None:
    # when
    query = {"tag": [tags[name] for name in asked]}
    page = signed_in.get("/members/", query).content.decode()
    exported = b"".join(signed_in.get("/members/export.csv", query).streaming_content)

    # then
    assert names(page) == listed
    assert total in text_of(page)
    assert [row[1] for row in csv.reader(io.StringIO(exported.decode("utf-8-sig")))][1:] == listed


def test_each_tag_is_a_chip_that_lifts_it_alone(signed_in: Client, tags: dict[str, int]) -> None:
    # given
    tea, cake, vip = (tags[name] for name in ("tea", "cake", "vip"))

    # when
    page = signed_in.get(
        f"/members/?tag={tea}&tag={cake}&tag={vip}&province=浙江省"
    ).content.decode()

    # then
    chips = re.findall(r'class="ec-chip" href="([^"]*)"[^>]*>([^<]*)', page)
    words = {text: href.replace("&amp;", "&") for href, text in chips}
    zhejiang = "province=%E6%B5%99%E6%B1%9F%E7%9C%81"
    assert words == {
        "Province 浙江省": f"/members/?tag={tea}&tag={cake}&tag={vip}",
        "Tag Likes · cake": f"/members/?{zhejiang}&tag={tea}&tag={vip}",
        "or Likes · tea": f"/members/?{zhejiang}&tag={cake}&tag={vip}",
        "Tag Value · vip": f"/members/?{zhejiang}&tag={tea}&tag={cake}",
    }
    assert page.count("checked>") == 4  # and the ticks below on whom a tag is put
    assert "3 chosen" in text_of(page)


def test_a_tag_narrows_a_search_too(signed_in: Client, tags: dict[str, int]) -> None:
    assert names(signed_in.get(f"/members/?q=顾&tag={tags['tea']}").content.decode()) == ["顾岚"]
    assert names(signed_in.get(f"/members/?q=顾&tag={tags['vip']}").content.decode()) == []


def test_a_tag_of_another_brand_is_no_condition(signed_in: Client) -> None:
    elsewhere = make_brand()
    group = member_tags.create_tag_group(brand_id=elsewhere.pk, name="Secret")
    foreign = member_tags.create_tag(brand_id=elsewhere.pk, group_id=group, name="secret")

    page = signed_in.get(f"/members/?tag={foreign}&tag=x&tag=").content.decode()

    assert len(names(page)) == 3
    assert "ec-chip" not in page.split("ec-totals")[1].split("</a>")[0].replace("ec-chips", "")
    assert "secret" not in text_of(page).lower()


def test_all_that_match_a_tag_get_another(signed_in: Client, tags: dict[str, int]) -> None:
    signed_in.post(
        "/members/tag/",
        {"filters": f"tag={tags['tea']}", "scope": "all", "act": "put", "tag": tags["new"]},
    )

    page = signed_in.get(f"/members/?tag={tags['new']}").content.decode()

    assert names(page) == ["沈知夏", "顾岚"]
