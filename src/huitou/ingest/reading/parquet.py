"""Reading Parquet: typed columns become the text that the cleaners understand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from huitou.ingest.reading import limits
from huitou.ingest.reading.cells import marked
from huitou.ingest.reading.source import (
    CELL_SEPARATOR,
    LINE,
    ORIGINAL,
    ROW,
    RawRows,
    Source,
    raw_schema,
)
from huitou.kernel.errors import RefusedInputError

_ROWS_PER_BLOCK = 20_000


@dataclass(kw_only=True)
class ParquetSource(Source):
    """A Parquet file."""

    def raw_rows(self, wanted: Sequence[int]) -> Iterator[RawRows]:
        """All rows; see ``Source``."""
        upto = 0
        with _opened(self.path) as file:
            for batch in file.iter_batches(_ROWS_PER_BLOCK):
                texts = [_as_text(column) for column in batch.columns]
                rows = pa.array(range(upto + 1, upto + len(batch) + 1), pa.int64())
                originals = pc.binary_join_element_wise(*texts, CELL_SEPARATOR)
                table = pa.Table.from_arrays(
                    [*(texts[at] for at in wanted), rows, rows, originals],
                    schema=raw_schema(wanted),
                )
                upto += len(batch)
                yield RawRows(table.select([*map(str, wanted), ROW, LINE, ORIGINAL]), [], upto)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The file; what cannot be read of it raises ``RefusedInputError`` DAMAGED_FILE."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise RefusedInputError("DAMAGED_FILE", f"{path.name} cannot be read: {error}") from error


def open_parquet(path: Path) -> ParquetSource:
    """The Parquet file at ``path``. Raises ``RefusedInputError`` DAMAGED_FILE."""
    with _opened(path) as file:
        header = list(file.schema_arrow.names)
        # A table too wide is refused by its header, before gigabytes are read.
        head = next(file.iter_batches(30), None) if len(header) <= limits.COLUMNS_MAX else None
    rows = [header]
    if head is not None:
        texts = [_as_text(column).to_pylist() for column in head.columns]
        rows += [[text.replace("\x00", "") for text in row] for row in zip(*texts, strict=True)]
    return ParquetSource(path=path, kind="parquet", header=header, head=rows)


def _as_text(column: pa.Array) -> pa.Array:
    """``column`` as text, '' for null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.fill_null(_valid(column).cast(pa.string()), "")
    if pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        # Nanoseconds are cut off: no record keeps them.
        plain = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.timestamp("us"))
        return pc.fill_null(pc.binary_join_element_wise(plain.cast(pa.string()), zone, ""), "")
    if pa.types.is_date(kind):
        return pc.fill_null(column.cast(pa.date32()).cast(pa.string()), "")
    return pa.array([_value_as_text(value) for value in column.to_pylist()], pa.string())


def _valid(column: pa.Array) -> pa.Array:
    """``column``, its texts that are not UTF-8 marked: Parquet itself does not look."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = column.cast(pa.large_binary()).to_pylist()
        return pa.array([None if text is None else _decoded(text) for text in raw], pa.string())
    return column


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return marked("encoding", raw.decode("utf-8", "replace"))


def _value_as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return marked("bool", str(value).upper())
    if isinstance(value, float):
        if value != value:
            return ""
        if abs(value) >= 10**limits.EXACT_FLOAT_DIGITS:
            return marked("number", repr(value))
        return str(int(value)) if value == int(value) else format(value, ".15g")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return _decoded(value)
    return str(value)
