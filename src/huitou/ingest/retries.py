"""Bring refused rows back: corrected on the page or in the downloaded table."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from huitou.ingest.models import Batch, QuarantinedRow
from huitou.ingest.quarantine import MARKS
from huitou.ingest.reading import Source, open_source
from huitou.ingest.services import create_batch
from huitou.kernel.errors import RefusedInputError


def retry_rows(
    batch: Batch, corrected: Mapping[int, Sequence[str]], *, created_by_id: int | None = None
) -> Batch:
    """A new batch of ``corrected`` cells by original row number; run it like any other.

    Raises ``RefusedInputError``: ``NOTHING_TO_RETRY``, or ``NOT_QUARANTINED`` for a row that is
    not waiting in this batch's quarantine.
    """
    if not corrected:
        raise RefusedInputError("NOTHING_TO_RETRY", "no corrected rows were given")
    waiting = set(
        QuarantinedRow.objects.filter(batch=batch, resolved_by=None).values_list(
            "row_no", flat=True
        )
    )
    strangers = sorted(set(corrected) - waiting)
    if strangers:
        raise RefusedInputError(
            "NOT_QUARANTINED", f"row {strangers[0]} is not waiting in the quarantine of this import"
        )
    numbers = sorted(corrected)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "retry.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(batch.header)
            writer.writerows(corrected[number] for number in numbers)
        return create_batch(
            shop=batch.shop,
            path=path,
            file_name=f"{batch.file_name} ↻",
            format_name=batch.format if batch.mapping is None else "auto",
            mapping=batch.mapping,
            created_by_id=created_by_id,
            retries=batch,
            retry_rows=numbers,
        )


def retry_file(batch: Batch, path: Path, *, created_by_id: int | None = None) -> Batch:
    """A new batch from the downloaded quarantine table, corrected by hand.

    Raises ``RefusedInputError("NOT_A_QUARANTINE_FILE")`` when the marking columns are gone.
    """
    source = open_source(path)
    expected = [*MARKS, *batch.header]
    # A spreadsheet writes all rows as wide as the longest, which may be a refused one.
    extra = source.header[len(expected) :]
    if source.header[: len(expected)] != expected or any(extra):
        raise RefusedInputError(
            "NOT_A_QUARANTINE_FILE",
            "this is not the table downloaded from this import's quarantine: "
            "keep its first three columns and its headers as they are",
        )
    corrected = {}
    for row in _cells(source):
        if not re.fullmatch(r"[0-9]{1,18}", row[0]):
            raise RefusedInputError("NOT_A_QUARANTINE_FILE", f"_row is not a number: {row[0]!r}")
        corrected[int(row[0])] = _without_padding(row, len(expected))[len(MARKS) :]
    return retry_rows(batch, corrected, created_by_id=created_by_id)


def _without_padding(row: list[str], width: int) -> list[str]:
    """``row`` without empty cells beyond ``width``.

    >>> _without_padding(["a", "b", ""], 2), _without_padding(["a", "b", "c"], 2)
    (['a', 'b'], ['a', 'b', 'c'])
    """
    return row if any(row[width:]) else row[:width]


def _cells(source: Source) -> Iterator[list[str]]:
    """All rows as text, those still too short or too long as well: they will be refused again.

    Raises ``RefusedInputError`` for a row that cannot be told apart.
    """
    columns = range(len(source.header))
    for raw in source.raw_rows(list(columns)):
        for reject in raw.rejects:
            if reject.code not in ("SHORT_ROW", "LONG_ROW"):
                raise RefusedInputError(reject.code, f"line {reject.line_no}: {reject.code}")
            yield reject.original
        yield from (
            list(row)
            for row in zip(*(raw.table[str(at)].to_pylist() for at in columns), strict=True)
        )
