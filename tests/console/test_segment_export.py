"""A segment's members as a file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from huitou.brands.models import Brand, Shop
from huitou.console.segment_export import export_segment
from huitou.eventlog.models import AuditEntry
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Member
from huitou.segments import refreshing, services
from tests.console import people

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)


@pytest.fixture
def buyers(home: Path, brand: Brand, shop: Shop) -> Brand:
    """A brand of three members with the two who bought as a segment; one's name is a formula."""
    people.fill(brand, shop)
    Member.objects.filter(name="顾岚").update(name="=1+1")
    rule = {"trait": "frequency", "gte": 1}
    services.put_segment(brand=brand, slug="buyers", name="客", rule=rule, now=NOW)
    refreshing.refresh(brand)
    return brand


def test_a_table_has_the_members_masked_and_no_formula(buyers: Brand, tmp_path: Path) -> None:
    # when
    written = export_segment(brand=buyers, slug="buyers", target=tmp_path / "b.csv")

    # then
    text = (tmp_path / "b.csv").read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert written == 2
    record = AuditEntry.objects.get(table_name="members.export")
    assert (record.operation, record.row_count, record.reason) == ("access", 2, "segment=buyers")
    assert record.brand_id == buyers.pk
    assert sorted(row[1] for row in rows[1:]) == ["'=1+1", "沈知夏"]
    assert "19900000001" not in text


def test_a_workbook_keeps_member_numbers_as_text(buyers: Brand, tmp_path: Path) -> None:
    # when
    export_segment(brand=buyers, slug="buyers", target=tmp_path / "b.xlsx")

    # then
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    cells = [(row[0].value, row[1].value, row[1].data_type) for row in sheet.iter_rows(min_row=2)]
    assert sorted(cells) == [("ABCD0000", "=1+1", "s"), ("ABCD0000", "沈知夏", "s")]


@pytest.mark.parametrize(
    ("slug", "name", "code"), [("none", "b.csv", "SEGMENT"), ("buyers", "b.txt", "FORMAT")]
)
def test_what_cannot_be_written_is_refused(
    buyers: Brand, tmp_path: Path, slug: str, name: str, code: str
) -> None:
    with pytest.raises(RefusedInputError) as refused:
        export_segment(brand=buyers, slug=slug, target=tmp_path / name)

    assert refused.value.code == code
    assert not (tmp_path / name).exists()
    assert not AuditEntry.objects.filter(table_name="members.export").exists()
