"""Opening a file: what it really is, whatever its name says, and its header."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from huitou.ingest.reading import limits
from huitou.ingest.reading.encoding import choose_encoding, mark_length
from huitou.ingest.reading.source import Source
from huitou.ingest.reading.text import TextSource
from huitou.kernel.errors import RefusedInputError

_SEPARATORS = ",;\t|"
_HEAD_ROWS = 30
_WORKBOOK_NAMES = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb"})


def open_source(
    path: Path | str, *, header_row: int | None = None, encoding: str | None = None
) -> Source:
    """The file at ``path`` as a source of text rows.

    The kind is told by the content; a name that says otherwise is refused, for such a file is
    usually not what its owner believes. ``header_row`` is the number of the row holding the column
    names; without it the first row, unless a known format's header stands a few rows lower.
    ``encoding`` is one of ``NAMED_ENCODINGS``, for text that does not tell its own.
    Raises ``RefusedInputError`` with a code of ``codes.REFUSALS`` before any effect.
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise RefusedInputError("EMPTY_FILE", f"{path.name} is empty")
    source = _opened(path, start, encoding)
    if path.stat().st_size != size:
        raise RefusedInputError("FILE_CHANGED", f"{path.name} is still being written; try later")
    if source.kind != "parquet":
        _choose_header(source, header_row)
    _check_header(source)
    return source


def _opened(path: Path, start: bytes, encoding: str | None) -> Source:
    named = path.suffix.lower()
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        if named not in (".xlsx", ".xlsm", ""):
            raise RefusedInputError(
                "LOOKS_LIKE_WORKBOOK" if named != ".zip" else "COMPRESSED_FILE",
                f"{path.name} is a workbook or archive; unpack it, or rename a workbook to .xlsx",
            )
        from huitou.ingest.reading.workbook import open_workbook

        return open_workbook(path)
    if start[:4] == b"PAR1":
        from huitou.ingest.reading.parquet import open_parquet

        return open_parquet(path)
    _refuse_foreign(path, start, named)
    return _open_text(path, encoding or choose_encoding(path))


def _refuse_foreign(path: Path, start: bytes, named: str) -> None:
    """Raises for content that is neither a workbook, nor Parquet, nor plausible text."""
    if start[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise RefusedInputError(
            "LEGACY_WORKBOOK",
            f"{path.name} is an old Excel file or has a password; save it as .xlsx without one",
        )
    if start[:2] == b"\x1f\x8b" or start[:4] in (b"Rar!", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd"):
        raise RefusedInputError("COMPRESSED_FILE", f"{path.name} is compressed; unpack it first")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<table", b"<head", b"<?xml")):
        raise RefusedInputError(
            "LOOKS_LIKE_HTML", f"{path.name} looks like HTML, not a table; export it again as CSV"
        )
    if named in _WORKBOOK_NAMES:
        raise RefusedInputError(
            "LOOKS_LIKE_TEXT",
            f"{path.name} looks like CSV text and not a workbook; rename it to .csv",
        )
    if named == ".parquet" or text.startswith((b"%pdf", b"\x89png", b"{\\rtf")):
        raise RefusedInputError("UNKNOWN_FILE_KIND", f"{path.name} is not a table")


def _open_text(path: Path, encoding: str) -> TextSource:
    raw = _head_bytes(path)
    head = raw[mark_length(raw, encoding) :].decode(encoding, "replace")
    if len(head.splitlines()[0] if head.strip() else "") >= limits.LINE_BYTES_MAX // 4:
        raise RefusedInputError("LINE_TOO_LONG", f"{path.name}: the first line is too long")
    separator = _separator_of(head)
    rows = _rows_of(io.StringIO(head, newline=""), separator, _HEAD_ROWS)
    return TextSource(
        path=path,
        kind="csv",
        header=[],
        encoding=encoding,
        separator=separator,
        head=[[cell.replace("\x00", "") for cell in row] for row in rows],
    )


def _rows_of(lines: Iterable[str], separator: str, rows_max: int) -> list[list[str]]:
    """The first rows, up to one that is damaged: that is set aside when it is read."""
    rows: list[list[str]] = []
    try:
        for row in islice(csv.reader(lines, delimiter=separator), rows_max):
            rows.append(row)
    except csv.Error:
        pass
    return rows


def _head_bytes(path: Path) -> bytes:
    """Enough whole lines for the header and a sample; the start of one endless line."""
    with path.open("rb") as file:
        raw = file.read(256 * 1024)
        if b"\n" not in raw and b"\r" not in raw:
            raw += file.read(limits.LINE_BYTES_MAX)
        else:
            raw = raw[: max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 2] if len(raw) == 262_144 else raw
    return raw


def _separator_of(head: str) -> str:
    """The separator that splits the earliest row, and among those the one that splits it most.

    Commas come first; the header decides, for Pinduoduo ends every cell below it with a tab.
    """
    lines = [line for line in io.StringIO(head, newline="") if line.strip()]

    def rank(separator: str) -> tuple[int, int, int]:
        for at, row in enumerate(_rows_of(lines, separator, limits.TITLE_ROWS_MAX)):
            if sum(bool(cell.strip()) for cell in row) > 1:
                return -at, len(row), -_SEPARATORS.index(separator)
        return -len(lines), 0, -_SEPARATORS.index(separator)

    return max(_SEPARATORS, key=rank)


def _choose_header(source: Source, header_row: int | None) -> None:
    from huitou.ingest.reading.formats import detect

    row = header_row
    if row is None:
        candidates = range(min(limits.TITLE_ROWS_MAX, len(source.head)))
        known = [at + 1 for at in candidates if detect(source.head[at])]
        filled = [at + 1 for at in candidates if any(cell.strip() for cell in source.head[at])]
        row = next(iter(known or filled), 1)
        if row > 1:
            source.warnings["TITLE_ROWS_SKIPPED"] = row - 1
    if not 1 <= row <= len(source.head):
        raise RefusedInputError(
            "MISSING_KEY_COLUMN", f"{source.path.name} has no row {row} to hold the column names"
        )
    source.header_row = row
    source.header = [cell.lstrip("\ufeff") for cell in source.head[row - 1]]


def _check_header(source: Source) -> None:
    if len(source.header) > limits.COLUMNS_MAX:
        raise RefusedInputError(
            "TOO_MANY_COLUMNS",
            f"{source.path.name} has {len(source.header)} columns; at most {limits.COLUMNS_MAX}",
        )
    if not any(name.strip() for name in source.header):
        raise RefusedInputError("EMPTY_FILE", f"{source.path.name} has no column names")
    repeated = Counter(name.strip() for name in source.header if name.strip())
    count = sum(n > 1 for n in repeated.values())
    if count:
        source.warnings["DUPLICATE_COLUMN"] = count
