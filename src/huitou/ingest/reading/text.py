"""Reading delimited text strictly: every physical line is counted, none is dropped silently.

A block of whole lines takes the fast way, one pass of Arrow's CSV parser that builds only the
wanted columns, if numpy can show that each line is one well-formed row; else each line goes
through the strict ``csv`` module. Both ways give the same rows.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv

from huitou.ingest.reading import limits
from huitou.ingest.reading.cells import shown
from huitou.ingest.reading.encoding import is_misplaced_utf8, mark_length
from huitou.ingest.reading.source import LINE, ORIGINAL, ROW, RawRows, Source, raw_schema
from huitou.ingest.records import Reject

_NEWLINE, _RETURN, _QUOTE, _EQUALS = 10, 13, 34, 61
# `="…"` around an identifier: the longest that the fast way checks.
_EQUALS_QUOTE_MAX = 64
# Physical lines one quoted cell may span; beyond, the quote was never closed.
_LINES_PER_ROW_MAX = 500
# What stands for the end of a UTF-16 file cut inside a character: no UTF-8 text holds it.
_HALF_A_CHARACTER = b"\xff"


@dataclass(kw_only=True)
class TextSource(Source):
    """A delimited text file."""

    # Off only in tests, which compare the two ways.
    fast: bool = field(default=True, repr=False)

    def original_cells(self, original: str) -> list[str]:
        """The cells of a row as far as they can be told apart."""
        try:
            rows = list(csv.reader(io.StringIO(original, newline=""), delimiter=self.separator))
        except csv.Error:
            return [original[: limits.FIELD_CHARS_MAX]]
        return [cell for row in rows for cell in row]

    def raw_rows(self, wanted: Sequence[int]) -> Iterator[RawRows]:
        """All rows under the header; see ``Source``."""
        parser = _BlockParser(self, list(wanted))
        for lines, is_last in self._blocks():
            rows = parser.parse(lines, is_last)
            if rows is not None:
                yield rows

    def _blocks(self) -> Iterator[tuple[bytes, bool]]:
        """The file's bytes cut after line ends, with whether the block is the last one."""
        decoder = None
        if self.encoding.startswith("utf-16"):
            # Half a pair stays what UTF-8 refuses, so that its line is set aside.
            decoder = codecs.getincrementaldecoder(self.encoding)("surrogatepass")
        with self.path.open("rb") as file:
            file.seek(mark_length(file.read(3), self.encoding))
            carry = b""
            while block := file.read(limits.BLOCK_BYTES):
                if decoder:
                    block = decoder.decode(block).encode("utf-8", "surrogatepass")
                carry += block
                cut = carry.rfind(b"\n") + 1 or carry.rfind(b"\r", 0, len(carry) - 1) + 1
                if cut:
                    yield carry[:cut], False
                    carry = carry[cut:]
                elif len(carry) > limits.LINE_BYTES_MAX:
                    # Keep the head of an endless line for its reject, not the rest of it.
                    carry = carry[: limits.LINE_BYTES_MAX]
            if decoder and decoder.getstate()[0]:
                carry += _HALF_A_CHARACTER
            yield carry, True


class _BlockParser:
    """Turns blocks of lines into rows, carrying numbers and unfinished rows from block to block."""

    def __init__(self, source: TextSource, wanted: list[int]) -> None:
        self.source = source
        self.wanted = wanted
        self.width = len(source.header)
        # UTF-16 arrives here as UTF-8.
        self.charset = "utf-8" if source.encoding.startswith("utf") else source.encoding
        self.skip_lines = source.header_row
        self.line_no = 1
        self.row_no = 0
        self.pending = b""

    def parse(self, block: bytes, is_last: bool) -> RawRows | None:
        """The rows of ``block``; None when the title lines swallow it."""
        block = self.pending + block
        self.pending = b""
        while self.skip_lines and block:
            head, block = self._header_line(block)
            self.line_no += head
            self.skip_lines -= 1
        if not block:
            return RawRows(raw_schema(self.wanted).empty_table(), [], self.row_no)
        fast = self._fast(block) if self.source.fast else None
        return fast if fast is not None else self._slow(block, is_last)

    def _header_line(self, block: bytes) -> tuple[int, bytes]:
        """The number of physical lines of the first row, and the bytes after it."""
        text = block[: limits.LINE_BYTES_MAX].decode(self.charset, "surrogateescape")
        lines = 0
        used = 0
        for line in io.StringIO(text, newline=""):
            lines += 1
            used += len(line.encode(self.charset, "surrogateescape"))
            if block[:used].count(b'"') % 2 == 0:
                break
        return lines, block[used:]

    # --- the fast way

    def _fast(self, block: bytes) -> RawRows | None:
        """The rows, or None when some line needs a closer look."""
        if block.count(b"\r") != block.count(b"\r\n") or b"\x00" in block:
            return None
        if not block.endswith(b"\n"):
            return None
        text = self._as_utf8(block)
        if text is None:
            return None
        codes = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(codes == _NEWLINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        if int((ends - starts).max()) > limits.FIELD_CHARS_MAX:
            return None
        if not _quotes_are_plain(codes, ends, ord(self.source.separator)):
            return None
        return self._parse_fast(text, starts, ends)

    def _as_utf8(self, block: bytes) -> bytes | None:
        try:
            text = block.decode(self.charset)
        except UnicodeDecodeError:
            return None
        if self.charset == "utf-8":
            return block
        if self.charset != "gb18030":
            return text.encode()
        codes = np.frombuffer(block, np.uint8)
        # Bytes that GB2312 never uses, but that every other UTF-8 character holds.
        odd = np.flatnonzero((codes >= 0x80) & (codes <= 0xA0))
        if len(odd):
            ends = np.flatnonzero(codes == _NEWLINE)
            for line in np.unique(np.searchsorted(ends, odd)):
                start = 0 if line == 0 else int(ends[line - 1]) + 1
                if is_misplaced_utf8(block[start : int(ends[line])]):
                    return None
        return text.encode()

    def _parse_fast(self, text: bytes, starts: np.ndarray, ends: np.ndarray) -> RawRows | None:
        names = [str(position) for position in range(self.width)]
        bad: dict[int, str] = {}

        def keep_bad(row: pa.csv.InvalidRow) -> str:
            bad[row.number - 1] = (
                "SHORT_ROW" if row.actual_columns < row.expected_columns else "LONG_ROW"
            )
            return "skip"

        table = pa.csv.read_csv(
            pa.BufferReader(text),
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, column_names=names
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.source.separator, invalid_row_handler=keep_bad
            ),
            convert_options=pa.csv.ConvertOptions(
                check_utf8=False,
                include_columns=[str(position) for position in self.wanted],
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
        lines = len(ends)
        if table.num_rows + len(bad) != lines:  # blank lines
            return None
        originals = _lines_as_strings(text, starts, ends)
        rows = np.arange(self.row_no + 1, self.row_no + lines + 1)
        line_nos = np.arange(self.line_no, self.line_no + lines)
        rejects = [
            self._reject(int(rows[i]), int(line_nos[i]), code, originals[i].as_py())
            for i, code in sorted(bad.items())
        ]
        if bad:
            kept = np.ones(lines, bool)
            kept[list(bad)] = False
            rows, line_nos = rows[kept], line_nos[kept]
            originals = originals.filter(pa.array(kept))
        self.row_no += lines
        self.line_no += lines
        table = table.append_column(ROW, pa.array(rows, pa.int64()))
        table = table.append_column(LINE, pa.array(line_nos, pa.int64()))
        table = table.append_column(ORIGINAL, originals)
        return RawRows(table, rejects, self.row_no)

    # --- the slow way

    def _slow(self, block: bytes, is_last: bool) -> RawRows:
        """The rows of ``block``, line by line through the strict reader."""
        lines = self._decoded_lines(block)
        columns: list[list[str]] = [[] for _ in self.wanted]
        rows: list[int] = []
        line_nos: list[int] = []
        originals: list[str] = []
        rejects: list[Reject] = []
        at = 0
        while at < len(lines):
            cells, used, code = self._row_at(lines, at, is_last)
            if used == 0:
                self.pending = b"".join(
                    line.encode(self.charset) if isinstance(line, str) else line
                    for line in lines[at:]
                )
                break
            original = "".join(_as_text(line, self.charset) for line in lines[at : at + used])
            if code or cells:
                self.row_no += 1
            if code:
                rejects.append(self._reject(self.row_no, self.line_no, code, original))
            elif cells:
                for column, position in zip(columns, self.wanted, strict=True):
                    column.append(cells[position])
                rows.append(self.row_no)
                line_nos.append(self.line_no)
                originals.append(original.rstrip("\r\n"))
            at += used
            self.line_no += used
        table = pa.Table.from_arrays(
            [
                *(pa.array(column, pa.string()) for column in columns),
                pa.array(rows, pa.int64()),
                pa.array(line_nos, pa.int64()),
                pa.array(originals, pa.string()),
            ],
            schema=raw_schema(self.wanted),
        )
        return RawRows(table, rejects, self.row_no)

    def _decoded_lines(self, block: bytes) -> list[str | bytes]:
        """The physical lines with their ends; bytes where one is endless or does not decode."""
        lines: list[str | bytes] = []
        for raw in block.splitlines(keepends=True):  # bytes split at \n, \r\n and \r only
            endless = len(raw) >= limits.LINE_BYTES_MAX
            if endless or (self.charset == "gb18030" and is_misplaced_utf8(raw)):
                lines.append(raw)
                continue
            try:
                lines.append(raw.decode(self.charset))
            except UnicodeDecodeError:
                lines.append(raw)
        return lines

    def _row_at(
        self, lines: list[str | bytes], at: int, is_last: bool
    ) -> tuple[list[str], int, str]:
        """The row starting at line ``at``: its cells, the lines it uses, and a code if refused.

        No lines used means that the row goes on in the next block.
        """
        first = lines[at]
        if isinstance(first, bytes):
            # The middle of an endless line may be gone, so that its cells mean nothing.
            endless = len(first) >= limits.LINE_BYTES_MAX
            return [], 1, "FIELD_TOO_LONG" if endless else "BAD_ENCODING"
        if "\x00" in first:
            return [], 1, "NUL_CHARACTER"
        if not first.strip("\r\n"):
            return [], 1, ""
        joined = first
        for used in range(1, _LINES_PER_ROW_MAX + 1):
            cells, code = self._strict_cells(joined)
            if code != "UNCLOSED_QUOTE":
                # A row of several lines that is malformed was opened by a stray quote.
                if code:
                    return [], 1, code if used == 1 else "UNCLOSED_QUOTE"
                return cells, used, ""
            if at + used >= len(lines):
                return [], 1 if is_last else 0, "UNCLOSED_QUOTE"
            following = lines[at + used]
            if isinstance(following, bytes) or len(joined) > limits.FIELD_CHARS_MAX:
                break
            joined += following
        return [], 1, "UNCLOSED_QUOTE"

    def _strict_cells(self, text: str) -> tuple[list[str], str]:
        """The cells of one logical row, or the code of what is wrong with it."""
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=self.source.separator, strict=True
        )
        try:
            cells = next(reader, [])
        except csv.Error as error:
            if "unexpected end" in str(error):
                return [], "UNCLOSED_QUOTE"
            return [], "FIELD_TOO_LONG" if "field limit" in str(error) else "BAD_QUOTE"
        if len(text) > limits.FIELD_CHARS_MAX and any(
            len(cell) > limits.FIELD_CHARS_MAX for cell in cells
        ):
            return [], "FIELD_TOO_LONG"
        if len(cells) == self.width:
            return cells, ""
        return [], "SHORT_ROW" if len(cells) < self.width else "LONG_ROW"

    def _reject(self, row_no: int, line_no: int, code: str, original: str) -> Reject:
        kept = original.rstrip("\r\n")[: limits.FIELD_CHARS_MAX]
        cells = [shown(cell) for cell in self.source.original_cells(kept)]
        return Reject(row_no, line_no, code, "", shown(kept[:200]), cells)


def _quotes_are_plain(codes: np.ndarray, ends: np.ndarray, separator: int) -> bool:
    """Whether every quote opens or closes a whole cell, escapes, or is part of ``="…"``.

    Then quotes read by pairs, as Arrow does, mean what the strict reader says. ``codes`` end in a
    newline.
    """
    quotes = np.flatnonzero(codes == _QUOTE)
    if not len(quotes):
        return True
    if len(quotes) % 2 or (np.searchsorted(quotes, ends) % 2).any():
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, codes[opening - 1], _NEWLINE)
    after = codes[closing + 1]
    starts_cell = (before == separator) | (before == _NEWLINE)
    ends_cell = (after == separator) | (after == _NEWLINE) | (after == _RETURN)
    # An escaped quote closes and opens at once: its two halves must touch.
    reopens = np.zeros(len(opening), bool)
    reopens[1:] = opening[1:] == closing[:-1] + 1
    continues = np.zeros(len(opening), bool)
    continues[:-1] = reopens[1:]
    equals = (before == _EQUALS) & ~reopens
    if not ((starts_cell | reopens | equals) & (ends_cell | continues)).all():
        return False
    return _equals_cells_are_plain(
        codes, opening[equals], closing[equals], continues[equals], separator
    )


def _equals_cells_are_plain(
    codes: np.ndarray,
    opening: np.ndarray,
    closing: np.ndarray,
    continues: np.ndarray,
    separator: int,
) -> bool:
    """Whether ``="…"`` starts its cell and holds no separator: quotes are plain text there."""
    if not len(opening):
        return True
    lengths = closing - opening - 1
    if continues.any() or int(lengths.max()) > _EQUALS_QUOTE_MAX:
        return False
    before = np.where(opening > 1, codes[opening - 2], _NEWLINE)
    if not ((before == separator) | (before == _NEWLINE)).all():
        return False
    reach = np.arange(int(lengths.max()))
    inside = codes[np.minimum(opening[:, None] + 1 + reach, len(codes) - 1)]
    return not ((inside == separator) & (reach < lengths[:, None])).any()


def _lines_as_strings(text: bytes, starts: np.ndarray, ends: np.ndarray) -> pa.Array:
    """The lines with their ends, as a string array over ``text`` itself."""
    offsets = np.concatenate((starts, [ends[-1] + 1])).astype(np.int32)
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(text))


def _as_text(line: str | bytes, charset: str) -> str:
    return line if isinstance(line, str) else line.decode(charset, "replace")
