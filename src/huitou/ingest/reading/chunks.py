"""From raw rows to records: cutting chunks, cleaning them, and setting broken rows aside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading import limits
from huitou.ingest.reading.binding import TIMES, Binding, Cleaners, bind
from huitou.ingest.reading.cells import shown
from huitou.ingest.reading.columns import Cleaned
from huitou.ingest.reading.formats import Column, Format
from huitou.ingest.reading.identity import nameless_rows
from huitou.ingest.reading.opening import open_source
from huitou.ingest.reading.rows import CleanRows, joined_numbers, joined_times, split_addresses
from huitou.ingest.reading.shaping import shape
from huitou.ingest.reading.source import LINE, ORIGINAL, ROW, RawRows, Source, raw_schema
from huitou.ingest.reading.text import TextSource
from huitou.ingest.records import Chunk, ReadContext, Reject

_TOTALS_ROW = (
    r"(?i)^\s*(=\")?\s*(合\s*计|总\s*计|小\s*计|汇\s*总|总\s*数|(grand |sub)?total|sum)"
    r"[\s:：\"]*(\d.*)?$"
)
# What is found wrong with a totals row whose words stand outside the key column.
_MAY_BE_TOTALS = frozenset({"BAD_DATE", "MISSING_VALUE", "NO_IDENTIFIER", "SHORT_ROW"})


def read_chunks(
    source: Source,
    format_: Format,
    *,
    context: ReadContext,
    skip_rows: int = 0,
    chunk_rows: int = 20_000,
    fast: bool = True,
) -> Iterator[Chunk]:
    """The records of ``source``, read as ``format_``, in chunks of about ``chunk_rows`` rows.

    The header is checked at once: a missing or doubled column raises ``RefusedInputError`` before
    the first chunk is asked for. ``skip_rows`` input rows are passed over, to go on where an
    earlier reading ended; it must be the end of a chunk. With ``fast`` off every value goes
    through the per-value cleaners; the result is the same.
    """
    if (format_.header_row or source.header_row, format_.encoding or source.encoding) != (
        source.header_row,
        source.encoding,
    ):
        source = open_source(source.path, header_row=format_.header_row, encoding=format_.encoding)
    if isinstance(source, TextSource) and source.fast != fast:
        source = replace(source, fast=fast)
    binding = bind(format_, source.header, context)
    return _chunks(source, binding, context, skip_rows, chunk_rows, fast)


def _chunks(
    source: Source,
    binding: Binding,
    context: ReadContext,
    skip_rows: int,
    chunk_rows: int,
    fast: bool,
) -> Iterator[Chunk]:
    cleaners = Cleaners(binding, context)
    # What is odd about the file as a whole is told once, with its first rows.
    warnings = Counter() if skip_rows else source.warnings + binding.warnings
    chunk = None
    for raw, first_row in _cut(source, binding, skip_rows, chunk_rows):
        chunk = _chunk(source, cleaners, raw, first_row, Counter() if chunk else warnings, fast)
        yield chunk
    if chunk is None and not skip_rows:
        yield Chunk(1, 0, warnings=Counter({"HEADER_ONLY": 1}) + warnings)


def _cut(
    source: Source, binding: Binding, skip_rows: int, chunk_rows: int
) -> Iterator[tuple[RawRows, int]]:
    """Raw rows in runs of about ``chunk_rows``, with the number of the first row of each."""
    wanted = binding.wanted
    order = binding.positions.get("order_no")
    # Of a joined number the last part changes with every order.
    joined = order and binding.format.columns["order_no"].joined
    order_column = str(order[-1 if joined else 0]) if order else None
    table = raw_schema(wanted).empty_table()
    rejects: list[Reject] = []
    first = skip_rows + 1
    upto = 0
    for raw in source.raw_rows(wanted):
        upto = raw.upto
        if upto < first:
            continue
        part = raw.table
        if part.num_rows and part[ROW][0].as_py() < first:
            part = part.filter(pc.greater_equal(part[ROW], first))
        table = pa.concat_tables([table, part]) if table.num_rows else part
        rejects += [reject for reject in raw.rejects if reject.row_no >= first]
        while upto - first + 1 > chunk_rows:
            end = _end_of_chunk(table, first + chunk_rows - 1, order_column)
            if end is None:
                break
            inside = int(np.searchsorted(np.asarray(table[ROW]), end, side="right"))
            head = table.slice(0, inside).combine_chunks()
            yield RawRows(head, [r for r in rejects if r.row_no <= end], end), first
            table = table.slice(inside)
            rejects = [r for r in rejects if r.row_no > end]
            first = end + 1
    if upto >= first:
        yield RawRows(table.combine_chunks(), rejects, upto), first


def _end_of_chunk(table: pa.Table, end: int, order_column: str | None) -> int | None:
    """The last row of a chunk that would end at row ``end``, moved to the end of an order.

    None when the order may go on beyond the rows read so far.
    """
    rows = np.asarray(table[ROW])
    at = int(np.searchsorted(rows, end, side="right"))
    if order_column is None or at == 0:
        return end
    orders = table[order_column]
    last = orders[at - 1].as_py()
    for after in range(at, min(at + limits.ORDER_ROWS_MAX, len(rows))):
        if orders[after].as_py() != last:
            return int(rows[after]) - 1 if after > at else end
    return None if len(rows) - at < limits.ORDER_ROWS_MAX else end


def _chunk(
    source: Source,
    cleaners: Cleaners,
    raw: RawRows,
    first_row: int,
    warnings: Counter[str],
    fast: bool,
) -> Chunk:
    rows, problems = _clean(cleaners, raw.table, fast)
    rejects = raw.rejects
    if problems:
        kept = np.ones(raw.table.num_rows, bool)
        kept[list(problems)] = False
        rejects = sorted(
            [*rejects, *_rejected(source, cleaners.binding, raw.table, problems)],
            key=lambda reject: reject.row_no,
        )
        rows = rows.filter(kept)
    rejects = [_named(reject) for reject in rejects]
    chunk = Chunk(first_row, raw.upto - first_row + 1, rejects=rejects)
    chunk.warnings.update(warnings)
    chunk.warnings.update(rows.warning_counts())
    return replace(chunk, **shape(cleaners.binding, rows, chunk.warnings))


def _clean(
    cleaners: Cleaners, table: pa.Table, fast: bool
) -> tuple[CleanRows, dict[int, tuple[str, str, str]]]:
    """The cleaned columns, and for each broken row its code, field and value."""
    binding = cleaners.binding
    problems: dict[int, tuple[str, str, str]] = {}
    cleaned: dict[str, Cleaned] = {}
    raw_columns = {
        field: [_array(table[str(at)]) for at in positions]
        for field, positions in binding.positions.items()
    }
    for field, column in binding.format.columns.items():
        if column.constant is not None:
            raw_columns[field] = [pa.repeat(column.constant, table.num_rows)]
    if binding.format.address_style:
        raw_columns = split_addresses(raw_columns, binding.format.address_style)
    for field, column in binding.format.columns.items():
        if column.joined and (field in TIMES or field == "birthday"):
            raw_columns[field] = [joined_times(raw_columns[field])]
    for field, columns in raw_columns.items():
        parts = [cleaners.clean(field, column, fast=fast) for column in columns]
        for part, column in zip(parts, columns, strict=True):
            for at, code in part.problems.items():
                problems.setdefault(at, (code, field, column[at].as_py()))
        cleaned[field] = _joined(parts, binding.format.columns.get(field, Column()))
        for at, code in cleaned[field].problems.items():
            problems.setdefault(at, (code, field, columns[0][at].as_py()))
    rows = CleanRows(binding, np.asarray(table[ROW]), cleaned)
    for at, code, field in rows.broken_rules():
        problems.setdefault(at, (code, field, ""))
    for at in nameless_rows(rows):
        field = next((name for _, name in binding.format.identifiers), "")
        problems.setdefault(at, ("NO_IDENTIFIER", field, ""))
    for at in _totals_rows(binding, raw_columns):
        problems[at] = ("TOTALS_ROW", next(iter(raw_columns)), "")
    return rows, problems


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks == 1:
            return column.chunk(0)
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def _joined(parts: list[Cleaned], how: Column) -> Cleaned:
    """Several columns as one: joined, their sum (null where all are), or the first value."""
    total = parts[0].values
    if len(parts) == 1:
        return parts[0]
    if how.joined:
        return joined_numbers(parts, limits.ID_CHARS_MAX)
    if not how.sum:
        filled = [
            pc.replace_with_mask(
                part.values, pc.equal(part.values, ""), pa.scalar(None, pa.string())
            )
            if pa.types.is_string(part.values.type)
            else part.values
            for part in parts
        ]
        return Cleaned(pc.coalesce(*filled))
    for part in parts[1:]:
        both = pc.add(pc.fill_null(total, 0), pc.fill_null(part.values, 0))
        silent = pc.and_(pc.is_null(total), pc.is_null(part.values))
        total = pc.if_else(silent, pa.scalar(None, pa.int64()), both)
    return Cleaned(total)


def _totals_rows(binding: Binding, raw_columns: dict[str, list[pa.Array]]) -> list[int]:
    """Rows that sum up the file instead of stating a record."""
    key = next((raw_columns[f] for f in ("order_no", "refund_no") if f in raw_columns), None)
    if key is None:
        return []
    found = pc.match_substring_regex(key[0], _TOTALS_ROW)
    return [int(at) for at in pc.indices_nonzero(found).to_pylist()]


def _named(reject: Reject) -> Reject:
    """``reject``, called a totals row if its first word says so."""
    if reject.code not in _MAY_BE_TOTALS:
        return reject
    first = next((cell for cell in reject.original if cell.strip()), "")
    return replace(reject, code="TOTALS_ROW") if re.match(_TOTALS_ROW, first) else reject


def _rejected(
    source: Source, binding: Binding, table: pa.Table, problems: dict[int, tuple[str, str, str]]
) -> Iterator[Reject]:
    for at, (code, field, value) in problems.items():
        cells = [shown(cell) for cell in source.original_cells(table[ORIGINAL][at].as_py())]
        yield Reject(
            table[ROW][at].as_py(),
            table[LINE][at].as_py(),
            code,
            binding.column_name(field),
            shown(value or "")[:400],
            cells,
        )
