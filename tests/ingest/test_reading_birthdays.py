"""Birthdays by both calendars, as exports and tills write them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.ingest.reading_helpers import codes, read, table, warnings

MAPPING = {
    "kind": "customers",
    "columns": {"name": "姓名", "birthday": "生日", "phone": "手机"},
}
BESIDE = {
    "kind": "customers",
    "columns": {"name": "姓名", "birthday": {"joined": ["生日类型", "生日"]}, "phone": "手机"},
}


def birthdays(chunks: list[Any]) -> list[tuple[str, str | None]]:
    """(solar, lunar) of each customer."""
    rows = [row for chunk in chunks for row in chunk.customers.to_pylist()]
    return [(str(row["birthday"]), row["lunar_birthday"]) for row in rows]


@pytest.mark.parametrize(
    ("cell", "solar", "lunar", "warning"),
    [
        ("1988-07-01", "1988-07-01", None, ""),
        ("公历1988年7月1日", "1988-07-01", None, ""),
        ("阳历 1988/7/1", "1988-07-01", None, ""),
        ("农历八月十五", "None", "08-15", ""),
        ("阴历1990-08-15", "None", "1990-08-15", ""),
        ("农历 1990年闰五月初三", "None", "1990-05L-03", ""),
        ("1990年腊月廿三", "None", "1990-12-23", ""),
        ("'农历08-15", "None", "08-15", ""),
        ("农历2015年八月十五", "None", "2015-08-15", "MINOR"),
        ("农历", "None", None, ""),
        ("农历 -", "None", None, ""),
        ("", "None", None, ""),
    ],
    ids=str,
)
def test_a_birthday_by_either_calendar(
    tmp_path: Path, cell: str, solar: str, lunar: str | None, warning: str
) -> None:
    path = table(tmp_path / "a.csv", f"沈知夏,{cell},19900000001", header="姓名,生日,手机")

    chunks = read(path, MAPPING)

    assert birthdays(chunks) == [(solar, lunar)]
    assert warnings(chunks) == ({warning: 1} if warning else {})


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("农历二月三十一", "BAD_LUNAR_DATE"),
        ("农历1990年闰六月初三", "BAD_LUNAR_DATE"),
        ("农历中秋节", "BAD_LUNAR_DATE"),
        ("农历2099-08-15", "DATE_OUT_OF_RANGE"),
        ("八月十五", "BAD_DATE"),  # of which calendar nobody said
    ],
    ids=str,
)
def test_impossible_days_are_set_aside_with_their_row(tmp_path: Path, cell: str, code: str) -> None:
    path = table(
        tmp_path / "a.csv",
        f"沈知夏,{cell},19900000001",
        "顾岚,农历八月十五,19900000002",
        header="姓名,生日,手机",
    )

    chunks = read(path, MAPPING)

    assert codes(chunks) == [code]
    assert birthdays(chunks) == [("None", "08-15")]


def test_a_column_beside_names_the_calendar(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        "沈知夏,农历,1990-08-15,19900000001",
        "顾岚,公历,1990-08-15,19900000002",
        "何一舟,,1990-08-15,19900000003",
        "林溪,阴历,,19900000004",
        "江南,公历,农历八月十五,19900000005",
        "白露,农历,1990-02-30,19900000006",
        header="姓名,生日类型,生日,手机",
    )

    chunks = read(path, BESIDE)

    assert birthdays(chunks) == [
        ("None", "1990-08-15"),
        ("1990-08-15", None),
        ("1990-08-15", None),
        ("None", None),
        ("None", "08-15"),
        ("None", "1990-02-30"),
    ]


def test_a_workbooks_date_beside_a_lunar_calendar_is_a_lunar_day(tmp_path: Path) -> None:
    # given: the cell holds a date of Excel
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "生日类型", "生日", "手机"])
        for at, calendar in enumerate(("农历", "公历"), start=1):
            sheet.write_row(at, 0, ["沈知夏", calendar])
            sheet.write_datetime(at, 2, datetime(1990, 8, 15), day)
            sheet.write_string(at, 3, f"1990000000{at}")

    # when
    chunks = read(path, BESIDE)

    # then
    assert birthdays(chunks) == [("None", "1990-08-15"), ("1990-08-15", None)]
