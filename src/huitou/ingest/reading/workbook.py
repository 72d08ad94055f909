"""Reading workbooks: the archive is looked over before it is opened, and cell types count.

Values come from calamine. What it hides (error cells, formulas without a stored value) is found in
the sheet's own XML, so that such cells are set aside instead of read as empty.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import python_calamine

from huitou.ingest.reading import limits
from huitou.ingest.reading.cells import MARK, marked
from huitou.ingest.reading.source import CELL_SEPARATOR, RawRows, Source, raw_schema
from huitou.kernel.errors import RefusedInputError

_ROWS_PER_BLOCK = 20_000
_HEAD_ROWS = 30
# Excel counts a 29 February 1900 that never was; earlier serials are one day off.
_FIRST_DAY = dt.date(1900, 3, 1)
# Day number one is what an empty date becomes; the reader of dates knows it as unknown.
_DEFAULT_DAY = dt.date(1900, 1, 1)
_NESTED = (".zip", ".xlsx", ".xlsm", ".gz", ".rar", ".7z")


@dataclass(kw_only=True)
class WorkbookSource(Source):
    """The first visible sheet of an xlsx workbook."""

    sheet: Any = field(repr=False)
    first_line: int = 1
    # Cells that calamine would show as empty, by (sheet row, column), both from 0.
    broken: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)

    def raw_rows(self, wanted: Sequence[int]) -> Iterator[RawRows]:
        """All rows under the header; see ``Source``."""
        width = len(self.header)
        block: list[tuple[int, int, list[str]]] = []
        row_no = 0
        for at, cells in enumerate(_text_rows(self)):
            if at < self.header_row or not any(cells):
                continue
            row_no += 1
            cells = (cells + [""] * width)[:width]
            block.append((row_no, at + self.first_line, cells))
            if len(block) == _ROWS_PER_BLOCK:
                yield _raw(block, wanted)
                block = []
        if block:
            yield _raw(block, wanted)


def _raw(block: list[tuple[int, int, list[str]]], wanted: Sequence[int]) -> RawRows:
    arrays = [pa.array([cells[at] for _, _, cells in block], pa.string()) for at in wanted]
    rows = pa.array([row for row, _, _ in block], pa.int64())
    lines = pa.array([line for _, line, _ in block], pa.int64())
    originals = pa.array([CELL_SEPARATOR.join(cells) for _, _, cells in block], pa.string())
    table = pa.Table.from_arrays([*arrays, rows, lines, originals], schema=raw_schema(wanted))
    return RawRows(table, [], block[-1][0])


def _text_rows(source: WorkbookSource) -> Iterator[list[str]]:
    start = source.sheet.start or (0, 0)
    for at, row in enumerate(source.sheet.iter_rows()):
        cells = [_as_text(value) for value in row]
        for column in range(len(cells)):
            found = source.broken.get((at + start[0], column + start[1]))
            if found is not None:
                cells[column] = found
        yield cells


def _as_text(value: object) -> str:
    """A cell's value as text; what text cannot carry safely is marked."""
    if isinstance(value, str):
        return value if MARK not in value else marked("nul", value)
    if isinstance(value, bool):
        return marked("bool", str(value).upper())
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dt.datetime):
        if value.date() < _FIRST_DAY:
            return marked("date", value.isoformat(" "))
        return value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, dt.date):
        if value < _FIRST_DAY and value != _DEFAULT_DAY:
            return marked("date", value.isoformat())
        return value.isoformat()
    return str(value)


def _number(value: float) -> str:
    if abs(value) >= 10**limits.EXACT_FLOAT_DIGITS or value != value:
        return marked("number", repr(value))
    if value == int(value):
        return str(int(value))
    # Excel itself keeps and shows 15 digits; more are the noise of binary fractions.
    return format(value, f".{limits.EXACT_FLOAT_DIGITS}g")


def open_workbook(path: Path) -> WorkbookSource:
    """The workbook at ``path``, once its archive has been found safe.

    Raises ``RefusedInputError``: UNSAFE_ARCHIVE, FILE_TOO_LARGE, ENCRYPTED_FILE, MACROS,
    DAMAGED_FILE or COMPRESSED_FILE.
    """
    names = _check_archive(path)
    if "xl/workbook.xml" not in names:
        raise RefusedInputError("COMPRESSED_FILE", f"{path.name} is an archive; unpack it first")
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        visible = [
            at
            for at, sheet in enumerate(workbook.sheets_metadata)
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        if not visible:
            raise RefusedInputError("EMPTY_FILE", f"{path.name} has no visible sheet")
        sheet = workbook.get_sheet_by_index(visible[0])
    except python_calamine.CalamineError as error:
        raise RefusedInputError("DAMAGED_FILE", f"{path.name} cannot be read: {error}") from error
    warnings = Counter({"OTHER_SHEETS": len(workbook.sheet_names) - 1})
    source = WorkbookSource(path=path, kind="xlsx", header=[], sheet=sheet, warnings=+warnings)
    _look_into_sheet(source, _part_of_sheet(path, visible[0]))
    if sheet.height == 0:
        raise RefusedInputError("EMPTY_FILE", f"{path.name} has an empty sheet")
    source.first_line = (sheet.start or (0, 0))[0] + 1
    if source.first_line - 1 + sheet.height >= limits.SHEET_ROWS_MAX:
        source.warnings["MAY_BE_CUT"] = 1
    for row in _text_rows(source):
        source.head.append([cell.replace(MARK, "") for cell in row])
        if len(source.head) >= _HEAD_ROWS:
            break
    return source


def _check_archive(path: Path) -> set[str]:
    """The names of the parts, after looking at what the archive declares."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_parts(path.name, parts)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _check_markup(path.name, archive, part)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, ValueError) as error:
        raise RefusedInputError("DAMAGED_FILE", f"{path.name} is damaged: {error}") from error
    except (NotImplementedError, RuntimeError, zipfile.zlib.error) as error:  # type: ignore[attr-defined]
        raise RefusedInputError("DAMAGED_FILE", f"{path.name} is damaged: {error}") from error
    return {part.filename for part in parts}


def _check_parts(name: str, parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > limits.WORKBOOK_PARTS_MAX:
        raise RefusedInputError("UNSAFE_ARCHIVE", f"{name} has {len(parts)} parts")
    if sum(part.file_size for part in parts) > limits.WORKBOOK_BYTES_MAX:
        raise RefusedInputError(
            "FILE_TOO_LARGE",
            f"{name} unpacks to more than {limits.WORKBOOK_BYTES_MAX >> 20} MiB; save it as CSV",
        )
    for part in parts:
        where = part.filename.replace("\\", "/")
        if where.startswith("/") or ".." in where.split("/") or re.match(r"[A-Za-z]:", where):
            raise RefusedInputError("UNSAFE_ARCHIVE", f"{name} holds the path {part.filename!r}")
        if (part.external_attr >> 16) & 0o170000 == 0o120000:
            raise RefusedInputError("UNSAFE_ARCHIVE", f"{name} holds a symbolic link")
        if part.flag_bits & 1:
            raise RefusedInputError("ENCRYPTED_FILE", f"{name} is encrypted; save it without one")
        if where.lower().endswith("vbaproject.bin"):
            raise RefusedInputError("MACROS", f"{name} holds macros; save it as .xlsx")
        if where.lower().endswith(_NESTED):
            raise RefusedInputError("UNSAFE_ARCHIVE", f"{name} holds another archive")
        if part.file_size > max(
            limits.WORKBOOK_RATIO_FLOOR_BYTES, part.compress_size * limits.WORKBOOK_RATIO_MAX
        ):
            raise RefusedInputError("FILE_TOO_LARGE", f"{name} is packed too tightly to be a table")


def _check_markup(name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuses document type definitions, and parts larger than they declare."""
    read = 0
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(1024 * 1024):
            read += len(block)
            if read > part.file_size:
                raise RefusedInputError("DAMAGED_FILE", f"{name} is larger than it declares")
            text = tail + block
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise RefusedInputError("UNSAFE_ARCHIVE", f"{name} defines XML entities")
            tail = block[-16:]


_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")


def _attribute(tag: bytes, name: bytes) -> bytes:
    found = re.search(rb"\b" + name + rb"=[\"']([^\"']*)[\"']", tag)
    return found[1] if found else b""


def _part_of_sheet(path: Path, index: int) -> bytes:
    """The XML of sheet ``index``, in workbook order."""
    with zipfile.ZipFile(path) as archive:
        sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
        wanted = _attribute(sheets[index], rb"r:id") or _attribute(sheets[index], rb"id")
        for relation in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels")):
            if _attribute(relation, b"Id") == wanted:
                target = _attribute(relation, b"Target").decode().lstrip("/")
                name = target if target.startswith("xl/") else f"xl/{target}"
                return archive.read(name) if name in archive.namelist() else b""
    return b""


# Some programs write every name with a prefix: <x:c>.
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v>(.*?)</(?:\w+:)?v>", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_ODD_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*\bt=[\"']e[\"']|<(?:\w+:)?f\b")
_HIDDEN = re.compile(rb"<(?:\w+:)?(?:row|col)\b[^>]*\bhidden=[\"'](?:1|true)[\"']")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell ")


def _look_into_sheet(source: WorkbookSource, xml: bytes) -> None:
    """Notes hidden and merged cells, errors, and formulas whose result was never stored."""
    if _HIDDEN.search(xml):
        source.warnings["HIDDEN_CELLS"] = 1
    if _MERGED.search(xml):
        source.warnings["MERGED_CELLS"] = 1
    if not _ODD_CELL.search(xml):
        return
    for found in _CELL.finditer(xml):
        attributes, content = found[1], found[2] or b""
        kind = _attribute(attributes, b"t")
        value = _VALUE.search(content)
        formula = _FORMULA.search(content)
        if kind == b"e":
            text = value[1].decode("utf-8", "replace") if value else "#ERROR"
            source.broken[_place(source.path, attributes)] = marked("error", text)
        elif formula and (value is None or not value[1]) and kind != b"str":
            text = (formula[1] or b"").decode("utf-8", "replace")
            source.broken[_place(source.path, attributes)] = marked("formula", f"={text}")


def _place(path: Path, attributes: bytes) -> tuple[int, int]:
    """Row and column, both from 0, of a cell with a reference such as ``B12``."""
    found = re.fullmatch(rb"([A-Z]{1,3})(\d{1,7})", _attribute(attributes, b"r"))
    if not found:
        raise RefusedInputError("DAMAGED_FILE", f"{path.name} has a cell without a place")
    letters, digits = found[1].decode(), found[2]
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1
