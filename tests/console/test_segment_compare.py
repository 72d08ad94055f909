"""The comparison page and its files: key figures, every trait, and what differs most."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from django.test import Client
from django.utils.translation import override

from huitou.brands.models import Brand, Staff
from huitou.console.comparison_rows import effect_of, value_text
from huitou.insight.traits import BY_NAME, TRAITS
from huitou.segments import refreshing
from huitou.segments.comparing import compare
from huitou.segments.profiles import UNKNOWN
from huitou.segments.services import put_segment
from tests.console.sales import sell
from tests.insight.histories import NOW
from tests.insight.plain import VALUE_TRAITS

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {
    "recent": {"trait": "recency_days", "lt": 200},
    "zhejiang": {"trait": "province", "eq": "浙江省"},
}
ASKED = "?segment=recent&segment=zhejiang"


@pytest.fixture
def signed_in(client: Client, home: Path, brand: Brand, staff: Staff) -> Client:
    """An operator reading English, in a brand with figures and two refreshed segments."""
    sell(brand)
    for slug, rule in RULES.items():
        put_segment(brand=brand, slug=slug, name=f"={slug}", rule=rule, now=NOW)
    refreshing.refresh(brand)
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def _row(page: str, heading: str) -> list[str]:
    row = re.findall(rf"<tr><th scope=\"row\">{re.escape(heading)}</th>.*?</tr>", page, re.S)[0]
    cells = re.findall(r"<td.*?</td>", row, re.S)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def test_key_figures_stand_beside_everybody(signed_in: Client, brand: Brand) -> None:
    page = signed_in.get(f"/segments/compare/{ASKED}").content.decode()

    kpis = compare(brand, list(RULES)).kpis
    assert _row(page, "Members") == [f"{k.members}" for k in kpis]
    assert _row(page, "Repurchase rate") == [f"{k.repurchase_rate:.1%}" for k in kpis]
    assert _row(page, "Average order") == [f"¥{(k.aov_minor or 0) / 100:,.2f}" for k in kpis]


def test_traits_stand_by_difference_or_as_declared(signed_in: Client) -> None:
    def labels(query: str) -> list[str]:
        page = signed_in.get(f"/segments/compare/{ASKED}{query}").content.decode()
        return re.findall(
            r'<section class="card ec-trait">\s*<div class="card-header"><h2>(.*?)<', page
        )

    # What is known of nobody is left out.
    unknown = {
        "first_shop", "first_channel", "birthday_month", "next_birthday", "days_to_birthday",
        "is_birthday_month", *VALUE_TRAITS,
    }  # fmt: skip
    told = [trait.label_en for trait in TRAITS if trait.name not in unknown]
    assert {t.name for t in TRAITS if t.label_en not in labels("&sort=declared")} == unknown
    assert labels("&sort=declared") == told
    assert labels("")[0] == "Province"
    assert sorted(labels("")) == sorted(labels("&sort=declared"))


@pytest.mark.parametrize(
    ("value", "tone"), [(0.19, ""), (-0.2, "blue"), (0.5, "orange"), (-0.81, "red"), (None, "")]
)
def test_effects_are_called_by_the_usual_lines(value: float | None, tone: str) -> None:
    assert effect_of(value).tone == tone


def test_yes_and_no_are_words(brand: Brand) -> None:
    trait = BY_NAME["promotion_only"]

    with override("zh-hans"):
        told = [value_text(brand, trait, value) for value in ("true", "false", UNKNOWN)]

    assert told == ["是", "否", "未知"]


def test_the_files_hold_every_figure(signed_in: Client, brand: Brand) -> None:
    # when
    answer = signed_in.get(f"/segments/compare.csv{ASKED}")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    # then
    found = compare(brand, list(RULES))
    assert rows[0] == ["What", "Figure", "Everybody", "'=recent", "'=zhejiang",
                       "Effect: =recent", "Effect: =zhejiang"]  # fmt: skip
    assert rows[1][:5] == ["Members", "", *(str(k.members) for k in found.kpis)]
    assert {row[0] for row in rows} >= {trait.label_en for trait in TRAITS}
    provinces = next(r for r in found.rows if r.trait.name == "province")
    zhejiang = next(r for r in rows if r[:2] == ["Province", "浙江省"])
    assert zhejiang[2:5] == [str(counts.get("浙江省", 0)) for counts in provinces.counts]

    # and as a workbook
    answer = signed_in.get(f"/segments/compare.xlsx{ASKED}")
    book = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert "浙江省" in book.read("xl/sharedStrings.xml").decode()


def test_a_file_of_nothing_leads_back_to_the_choice(signed_in: Client) -> None:
    assert signed_in.get("/segments/compare.csv").headers["Location"] == "/segments/compare/"
    assert signed_in.get(f"/segments/compare.pdf{ASKED}").status_code == 404
    assert "Choose at least two" in signed_in.get("/segments/compare/").content.decode()
