"""Bring refused rows back: corrected on the page or in the downloaded table."""

from __future__ import annotations

import csv
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
    if tuple(source.header[: len(MARKS)]) != MARKS or source.header[len(MARKS) :] != batch.header:
        raise RefusedInputError(
            "NOT_A_QUARANTINE_FILE",
            "this is not the table downloaded from this import's quarantine: "
            "keep its first three columns and its headers as they are",
        )
    corrected = {}
    for row in _cells(source):
        if not row[0].isdigit():
            raise RefusedInputError("NOT_A_QUARANTINE_FILE", f"_row is not a number: {row[0]!r}")
        corrected[int(row[0])] = row[len(MARKS) :]
    return retry_rows(batch, corrected, created_by_id=created_by_id)


def _cells(source: Source) -> Iterator[list[str]]:
    """All rows as text. Raises ``RefusedInputError`` for a row that is none."""
    columns = range(len(source.header))
    for raw in source.raw_rows(list(columns)):
        if raw.rejects:
            first = raw.rejects[0]
            raise RefusedInputError(first.code, f"line {first.line_no}: {first.code}")
        yield from (
            list(row)
            for row in zip(*(raw.table[str(at)].to_pylist() for at in columns), strict=True)
        )
