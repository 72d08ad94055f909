"""The member list as a file: CSV in a stream, XLSX in constant memory."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from huitou.brands.models import Brand
from huitou.console.member_rows import ListRow
from huitou.console.member_traits import shown
from huitou.eventlog.audit import Actor, record_access
from huitou.insight.traits import TRAITS, Trait
from huitou.kernel.money import from_minor, minor_digits

# Rows a sheet holds besides its heading.
SHEET_ROWS_MAX = 1_048_575
# Members fetched at a time.
_BATCH_ROWS = 1_000
# A spreadsheet runs a cell that begins so as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Batch = Callable[[int, int], list[ListRow]]


def csv_response(batch: Batch, *, brand: Brand, total: int, name: str) -> HttpResponseBase:
    """The list as UTF-8 CSV with a byte order mark, which Excel needs for Chinese."""
    lines = _csv_lines(batch, brand, total, _headings())
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(batch: Batch, *, brand: Brand, total: int, name: str) -> HttpResponseBase:
    """The list as a workbook with real numbers and dates."""
    target = tempfile.TemporaryFile()
    write_workbook(target, batch, brand, total)
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=f"{name}.xlsx")


EXPORTS: dict[str, Callable[..., HttpResponseBase]] = {"xlsx": xlsx_response, "csv": csv_response}


# What an export is called in the audit log.
EXPORTED = "members.export"


def record_export(actor: Actor, members: int, conditions: str, *, brand_id: int) -> None:
    """Put on record that ``members`` members were written to a file, and which; call it before."""
    record_access(actor, EXPORTED, [], conditions, brand_id=brand_id, count=members)


def sheet_csv(rows: Sequence[Sequence[Any]], *, name: str) -> HttpResponseBase:
    """A small table, its heading first, as UTF-8 CSV with a byte order mark."""
    writer = csv.writer(_Echo())
    lines = ["\ufeff", *(writer.writerow([_safe(value) for value in row]) for row in rows)]
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def sheet_xlsx(rows: Sequence[Sequence[Any]], *, name: str) -> HttpResponseBase:
    """A small table, its heading first, as a workbook with real numbers."""
    import xlsxwriter

    target = tempfile.TemporaryFile()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row, None if number else bold)
    target.seek(0)
    return FileResponse(target, as_attachment=True, filename=f"{name}.xlsx")


SHEETS: dict[str, Callable[..., HttpResponseBase]] = {"xlsx": sheet_xlsx, "csv": sheet_csv}


class _Echo:
    """A file whose writes come straight back: the csv module's line as a value."""

    def write(self, text: str) -> str:
        return text


def _csv_lines(batch: Batch, brand: Brand, total: int, headings: list[str]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(headings)
    for row in _all_rows(batch, total):
        yield writer.writerow([_safe(value) for value in _cells(row, brand)])


def write_csv(target: IO[bytes], batch: Batch, brand: Brand, total: int) -> None:
    """The list as CSV into a file."""
    for line in _csv_lines(batch, brand, total, _headings()):
        target.write(line.encode())


def write_workbook(target: IO[bytes], batch: Batch, brand: Brand, total: int) -> None:
    """The list as a workbook into a file."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(_("Member list"))
        sheet.freeze_panes(1, 0)
        decimals = "." + "0" * minor_digits(brand.currency) if minor_digits(brand.currency) else ""
        money = book.add_format({"num_format": f"#,##0{decimals}"})
        percent = book.add_format({"num_format": "0.0%"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, _headings(), book.add_format({"bold": True}))
        kinds = [None] * len(_OWN_HEADINGS) + [trait.kind for trait in TRAITS]
        for number, row in enumerate(_all_rows(batch, total), start=1):
            for column, (kind, value) in enumerate(zip(kinds, _cells(row, brand), strict=True)):
                if value is None:
                    continue
                if kind in ("date", "time"):
                    sheet.write_datetime(number, column, value, day)
                elif kind == "money":
                    sheet.write_number(number, column, value, money)
                elif kind == "ratio":
                    sheet.write_number(number, column, value, percent)
                else:
                    sheet.write(number, column, value)


# Headings of what members and shops say themselves; the traits follow.
_OWN_HEADINGS = (
    gettext_lazy("Member number"),
    gettext_lazy("Name"),
    gettext_lazy("Phone"),
    gettext_lazy("First shop"),
)


def _headings() -> list[str]:
    english = (get_language() or "").startswith("en")
    return [
        *map(str, _OWN_HEADINGS),
        *(trait.label_en if english else trait.label_zh for trait in TRAITS),
    ]


def _all_rows(batch: Batch, total: int) -> Iterator[ListRow]:
    for offset in range(0, total, _BATCH_ROWS):
        yield from batch(offset, _BATCH_ROWS)


def _cells(row: ListRow, brand: Brand) -> list[Any]:
    profile = row.profile
    own = [profile.number, profile.name, profile.phone, row.shop.name if row.shop else ""]
    return [*own, *(_cell(trait, row.traits.get(trait.name), brand) for trait in TRAITS)]


def _cell(trait: Trait, value: Any, brand: Brand) -> Any:
    """A trait as a table states it: amounts in whole currency, codes in words, local dates."""
    if value is None:
        return None
    if trait.kind == "money":
        return from_minor(value, brand.currency)
    return shown(trait, value, brand)


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
