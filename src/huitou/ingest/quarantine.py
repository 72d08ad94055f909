"""Refused rows: out as a table a person can correct, and settled when they come back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO

from huitou.ingest.models import Batch, QuarantinedRow
from huitou.ingest.reading.codes import QUARANTINE

# Columns put before the file's own; a corrected table may carry them back.
MARKS = ("_row", "_code", "_reason")


def open_rows(batch_id: int) -> Iterator[QuarantinedRow]:
    """Rows of the batch still refused, in file order."""
    return (
        QuarantinedRow.objects.filter(batch_id=batch_id, resolved_by=None)
        .order_by("row_no")
        .iterator(chunk_size=2000)
    )


def write_quarantine(batch: Batch, target: IO[str], *, language: str = "zh") -> int:
    """Write the refused rows as CSV: row number, code, reason, then the file's own columns.

    Returns the number of rows. Write it as UTF-8 with BOM, so that Excel reads the Chinese.
    """
    writer = csv.writer(target)
    writer.writerow([*MARKS, *batch.header])
    count = 0
    for row in open_rows(batch.pk):
        reason = getattr(QUARANTINE[row.code], language)
        writer.writerow([row.row_no, row.code, reason, *row.original])
        count += 1
    return count


def settle_retry(batch: Batch) -> int:
    """Mark the rows that ``batch`` brought back and that were not refused again."""
    refused = set(QuarantinedRow.objects.filter(batch=batch).values_list("row_no", flat=True))
    accepted = [
        original
        for position, original in enumerate(batch.retry_rows or [], start=1)
        if position not in refused
    ]
    return QuarantinedRow.objects.filter(
        batch=batch.retries, row_no__in=accepted, resolved_by=None
    ).update(resolved_by=batch)
