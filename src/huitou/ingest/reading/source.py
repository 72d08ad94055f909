"""A file as a table of text: what every kind of file has in common once it is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from huitou.ingest.records import Reject

# Between the cells of a row kept as one text when the file itself is not text.
CELL_SEPARATOR = "\x1f"

ROW = "row_no"
LINE = "line_no"
ORIGINAL = "original"


@dataclass
class RawRows:
    """Rows as read: string columns named by their position, plus row, line and original text.

    ``rejects`` are the rows among them that are no rows at all; ``upto`` is the number of the last
    row read so far, refused ones included.
    """

    table: pa.Table
    rejects: list[Reject]
    upto: int


def raw_schema(wanted: Sequence[int]) -> pa.Schema:
    """The columns of ``RawRows.table`` when the columns at ``wanted`` are read."""
    cells = [(str(position), pa.string()) for position in wanted]
    return pa.schema([*cells, (ROW, pa.int64()), (LINE, pa.int64()), (ORIGINAL, pa.string())])


@dataclass(kw_only=True)
class Source:
    """An opened file: its header, and its rows as text.

    ``kind`` is ``csv``, ``xlsx`` or ``parquet``; ``encoding`` and ``separator`` are '' unless it is
    text. ``warnings`` count what is odd about the file as a whole.
    """

    path: Path
    kind: str
    header: list[str]
    encoding: str = ""
    separator: str = ""
    header_row: int = 1
    warnings: Counter[str] = field(default_factory=Counter)
    # The first rows as read, header candidates included: material for detection and proposals.
    head: list[list[str]] = field(default_factory=list)

    @property
    def sample(self) -> list[list[str]]:
        """The first few rows under the header."""
        return self.head[self.header_row :]

    def raw_rows(self, wanted: Sequence[int]) -> Iterator[RawRows]:
        """All rows under the header, in order, reading only the columns at ``wanted``."""
        raise NotImplementedError

    def original_cells(self, original: str) -> list[str]:
        """The cells of a row kept as one text."""
        return original.split(CELL_SEPARATOR)
